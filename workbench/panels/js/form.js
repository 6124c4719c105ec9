function render({ model, el }) {
  begin(el, "wb-form");
  el.toggleAttribute("data-inline", model.get("is_inline"));
  const id = unique();
  const summary = make("div", el, { class: "wb-form-summary", role: "alert" });
  const form = make("form", el, { novalidate: "" });
  const place = new Map(); // field → { read, write, control, mistake }

  const read = () => Object.fromEntries([...place].map(([name, one]) => [name, one.read()]));
  const keep = () => {
    model.set("typed", read());
    model.save_changes();
  };

  const controls = {
    choice(field, at) {
      const control = make("select", at, { id: field.id });
      for (const [value, words] of field.choices) make("option", control, { value }, words);
      return { control, read: () => control.value, write: (value) => { control.value = value; } };
    },
    lines(field, at) {
      const control = make("textarea", at, { id: field.id, rows: "5", spellcheck: "false" });
      return { control, read: () => control.value, write: (value) => { control.value = value; } };
    },
    toggle(field, at) {
      const control = make("input", at, { id: field.id, type: "checkbox" });
      return { control, read: () => control.checked, write: (value) => { control.checked = Boolean(value); } };
    },
    ticks(field, at) {
      const control = make("div", at, { class: "wb-form-ticks" });
      const ticks = field.choices.map(([value, words]) => {
        const label = make("label", control);
        const tick = make("input", label, { type: "checkbox", value });
        label.append(` ${words}`);
        return tick;
      });
      return {
        control: ticks[0] || control,
        read: () => ticks.filter((one) => one.checked).map((one) => one.value),
        write: (value) => ticks.forEach((one) => { one.checked = (value || []).includes(one.value); }),
      };
    },
    plain(field, at) {
      const type = { number: "text", date: "date" }[field.kind] || "text";
      const control = make("input", at,
        { id: field.id, type, inputmode: field.kind === "number" ? "decimal" : null, autocomplete: "off" });
      return { control, read: () => control.value, write: (value) => { control.value = value; } };
    },
  };

  const drawFields = () => {
    form.replaceChildren();
    place.clear();
    for (const given of model.get("fields")) {
      const field = { ...given, id: `${id}-${given.name}` };
      const group = field.kind === "ticks";
      const at = make(group ? "fieldset" : "div", form, { class: "wb-form-field", "data-kind": field.kind, "data-name": field.name });
      if (group) make("legend", at, {}, field.label);
      else make("label", at, { for: field.id }, field.label);
      const one = (controls[field.kind] || controls.plain)(field, at);
      if (field.hint) make("p", at, { id: `${field.id}-hint`, class: "wb-form-hint" }, field.hint);
      one.mistake = make("p", at, { id: `${field.id}-mistake`, class: "wb-form-mistake" });
      one.told = group ? at : one.control;
      one.about = field.hint ? `${field.id}-hint` : "";
      one.label = field.label;
      one.write(model.get("typed")[field.name]);
      at.addEventListener("change", keep);
      place.set(field.name, one);
    }
    const actions = model.get("actions");
    if (actions.length) {
      const at = make("div", form, { class: "wb-form-actions" });
      for (const [name, words] of actions) {
        make("button", at, { type: "submit", value: name, class: `wb-form-${name}` }, words);
      }
    }
    drawMistakes();
    drawBusy();
  };
  const drawTyped = () => {
    const typed = model.get("typed");
    for (const [name, one] of place) {
      if (!form.contains(document.activeElement) || JSON.stringify(one.read()) !== JSON.stringify(typed[name])) {
        one.write(typed[name]);
      }
    }
  };
  const drawMistakes = () => {
    const mistakes = model.get("wrong");
    for (const [name, one] of place) {
      const words = mistakes[name] || "";
      say(one.mistake, words);
      const about = [one.about, words ? one.mistake.id : ""].filter(Boolean).join(" ");
      if (about) one.told.setAttribute("aria-describedby", about);
      else one.told.removeAttribute("aria-describedby");
      if (words) one.told.setAttribute("aria-invalid", "true");
      else one.told.removeAttribute("aria-invalid");
    }
    summary.replaceChildren();
    const names = Object.keys(mistakes);
    if (!names.length) return;
    make("strong", summary, {}, names.length === 1 ? "One thing has to be put right:"
      : `${names.length} things have to be put right:`);
    const list = make("ul", summary);
    for (const name of names) {
      const item = make("li", list);
      const one = place.get(name);
      if (!one) {
        item.textContent = mistakes[name];
        continue;
      }
      const go = make("button", item, { type: "button" }, `${one.label}: ${mistakes[name]}`);
      go.addEventListener("click", () => one.control.focus());
    }
  };
  const drawBusy = () => {
    for (const one of form.querySelectorAll("button[type=submit]")) one.disabled = model.get("is_busy");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (model.get("is_busy")) return;
    const by = event.submitter ? event.submitter.value : (model.get("actions")[0] || [""])[0];
    model.send({ submit: by, typed: read() }); // with it, what was typed a moment ago
  });
  return follow(model, {
    "change:fields": drawFields, "change:actions": drawFields, "change:typed": drawTyped,
    "change:wrong": drawMistakes, "change:is_busy": drawBusy,
  });
}
export default { render };
