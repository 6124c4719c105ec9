// The form's controls, in the markup that the account sees (the letters: __init__.py of this package).
import { clickable, config, el, say } from "/static/dom.js";

let ids = 0;

function associated(label, control, markup) {
  const text = () => el("span", {}, label);
  switch (markup) {
    case "A":
      return el("label", { "aria-label": label }, control);
    case "B":
      return el("label", {}, text(), control);
    case "C": {
      const span = text();
      span.id = `js_${(ids += 1)}`;
      control.setAttribute("aria-labelledby", span.id);
      return el("div", {}, span, control);
    }
    case "D":
      control.setAttribute("aria-label", label);
      return el("div", { class: "drawn", "data-label": label }, control);
    case "E":
      return el("div", {}, text(), control);
    default:
      control.setAttribute("placeholder", label);
      return el("div", {}, control);
  }
}

// Any control with room for the message about it; the message is outside the label, so it is no part of the name.
export function field(root, control) {
  const alert = el("div", { role: "alert", id: `js_${(ids += 1)}`, hidden: true });
  return {
    root: el("div", { class: "field" }, root, alert),
    control,
    complain(text) {
      alert.textContent = text;
      alert.hidden = !text;
      if (text) {
        control.setAttribute("aria-invalid", "true");
        control.setAttribute("aria-describedby", alert.id);
      } else {
        control.removeAttribute("aria-invalid");
        control.removeAttribute("aria-describedby");
      }
    },
  };
}

export function textField(label, value, { tag = "input", onchange, ...attributes }) {
  const control = el(tag, { ...(tag === "input" ? { type: "text", dir: "ltr" } : { rows: "4" }), ...attributes });
  control.value = value;
  control.addEventListener("input", () => onchange(control));
  return field(associated(say(label), control, config.markup), control);
}

const OPTIONS = { option: "listbox", menuitem: "menu", menuitemradio: "menu", button: "dialog" };

// `choices` is a list, or lists by heading; these are levels of their own where the account's form is a tree.
export function combobox(label, choices, value, onchange, named = config.markup) {
  const name = el("span", { id: `js_${(ids += 1)}` }, say(label));
  const shown = el("span", {}, value ? say(value) : "");
  const how = { A: { "aria-label": say(label) }, C: { "aria-labelledby": name.id }, D: { "aria-label": say(label) } };
  const root = el("label", { role: "combobox", tabindex: "0", "aria-expanded": "false", ...how[named] }, name, shown);
  root.setAttribute("aria-haspopup", OPTIONS[config.options]);
  const whole = field(root, root);
  let menu = null;
  const close = () => {
    menu?.remove();
    menu = null;
    root.setAttribute("aria-expanded", "false");
  };
  const choose = (choice) => {
    shown.textContent = say(choice);
    close();
    onchange(choice);
  };
  const open = () => {
    menu = el("div", { class: "menu", role: OPTIONS[config.options], "aria-label": "Dropdown menu" });
    fill(menu, choices, choose);
    root.setAttribute("aria-expanded", "true");
    root.after(menu);
  };
  clickable(root, (event) => {
    event.preventDefault();
    if (menu) close();
    else open();
  });
  document.addEventListener("click", (event) => {
    if (menu && !whole.root.contains(event.target)) close();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return { ...whole, choose };
}

function fill(menu, choices, choose) {
  const row = (text, act) => {
    const state = config.options === "menuitemradio" ? { "aria-checked": "false" } : {};
    return clickable(el("div", { role: config.options, tabindex: "0", ...state }, el("span", {}, say(text))), (event) => {
      event.stopPropagation(); // the row may be gone before the click reaches the document
      act();
    });
  };
  const leaves = (names) => names.map((each) => row(each, () => choose(each)));
  if (Array.isArray(choices)) {
    menu.replaceChildren(...leaves(choices));
  } else if (config.tree) {
    const branch = ([heading, names]) =>
      row(heading, () => menu.replaceChildren(row("Back", () => fill(menu, choices, choose)), ...leaves(names)));
    menu.replaceChildren(...Object.entries(choices).map(branch));
  } else {
    const section = ([heading, names]) => [el("span", { class: "heading" }, heading), ...leaves(names)];
    menu.replaceChildren(...Object.entries(choices).flatMap(section));
  }
}

// "Enabled"/"Disabled" is the name of the switch, as the site has it; what it is about stands beside it.
export function toggle(label, isOn, onchange) {
  const isBox = "AB".includes(config.markup);
  const role = "EF".includes(config.markup) ? {} : { role: "switch" };
  const control = el(isBox ? "input" : "div", { ...(isBox ? { type: "checkbox" } : { tabindex: "0" }), ...role });
  const show = () => {
    control.setAttribute("aria-label", say(isOn ? "Enabled" : "Disabled"));
    if (isBox) control.checked = isOn;
    else control.textContent = isOn ? "●" : "○";
    if (role.role) control.setAttribute("aria-checked", `${isOn}`);
  };
  const flip = () => {
    isOn = !isOn;
    show();
    onchange(isOn);
  };
  if (isBox) control.addEventListener("change", flip);
  else clickable(control, flip);
  show();
  return el("div", { class: "field" }, el("div", {}, el("span", {}, say(label)), control));
}

export function checkboxes(names, chosen, onchange) {
  return names.map((name) => {
    let isOn = chosen.includes(name);
    const box = el("div", { role: "checkbox", tabindex: "0", "aria-checked": `${isOn}` }, el("span", {}, say(name)));
    return clickable(box, () => {
      isOn = !isOn;
      box.setAttribute("aria-checked", `${isOn}`);
      onchange(name, isOn);
    });
  });
}
