// The parts of the form that speak to the site while it is being filled: photos and the location.
import { Refused, button, call, config, el, read, say } from "/static/dom.js";
import { field } from "/static/fields.js";

export function photos(state, changed) {
  const list = el("div", { class: "thumbnails" });
  const told = el("span", {});
  const input = el("input", { type: "file", multiple: true, accept: config.accept, style: "display:none" });
  const add = button("Add photos", () => input.click());
  add.append(input);
  const part = field(el("div", {}, told, list, add), input);
  const show = () => {
    told.textContent = `${say("Photos")} · ${state.photos.length} / ${config.most_photos} – ${say("You can add up to 10 photos")}`;
    list.replaceChildren(...state.photos.map(thumbnail));
    changed();
  };
  const thumbnail = (photo) => {
    const remove = button("Remove photo", () => {
      state.photos = state.photos.filter((each) => each !== photo);
      show();
    });
    return el("div", {}, el("img", { alt: "", src: photo.address }), remove);
  };
  const send = async (file) => {
    const answer = await fetch("/ajax/marketplace/photo/", { method: "POST", body: file });
    const { photo } = await read(answer);
    state.photos.push({ id: photo.id, address: URL.createObjectURL(file) });
  };
  input.addEventListener("click", (event) => event.stopPropagation());
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    part.complain("");
    state.busy += 1;
    for (const file of files) {
      if (state.photos.length >= config.most_photos) {
        part.complain(say("You can add up to 10 photos"));
        break;
      }
      try {
        await send(file);
      } catch (error) {
        part.complain(error instanceof Refused ? error.message : say("Your photo couldn't be uploaded."));
      }
      show();
    }
    state.busy -= 1;
    show();
  });
  show();
  return part;
}

const TYPING = 150;

export function location(state, changed) {
  const input = el("input", { type: "text", role: "combobox", "aria-label": say("Location"), autocomplete: "off" });
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  const chip = el("span", {});
  const root = el("div", { class: "drawn", "data-label": say("Location") }, input, chip);
  const part = field(root, input);
  let list = null;
  let timer = 0;
  let asked = 0;
  const close = () => {
    list?.remove();
    list = null;
    input.setAttribute("aria-expanded", "false");
  };
  const choose = (name) => {
    state.location = name;
    input.value = name;
    chip.textContent = say("Input Location is valid.");
    part.complain("");
    close();
    changed();
  };
  const suggest = async () => {
    const mine = (asked += 1);
    const { places } = await call("MarketplaceLocationQuery", { query: input.value });
    if (mine !== asked) return; // typed on meanwhile
    close();
    if (!places.length) return;
    const option = ({ name }) => el("li", { role: "option", tabindex: "-1", onclick: () => choose(name) }, name);
    list = el("ul", { role: "listbox", "aria-label": "Suggestions" }, ...places.map(option));
    input.setAttribute("aria-expanded", "true");
    root.append(list);
  };
  input.addEventListener("input", () => {
    state.location = "";
    chip.textContent = "";
    asked += 1;
    clearTimeout(timer);
    timer = setTimeout(suggest, TYPING);
    changed();
  });
  input.addEventListener("blur", () => {
    if (input.value && !state.location && !list) part.complain(say("Please select a location from the list."));
  });
  if (state.location) choose(state.location);
  return part;
}
