// A picture that can be looked at more closely, and long texts that are folded away until somebody wants them.
function drawPicture(model, el) {
  const figure = make("figure", el, { class: "wb-exhibit-picture" });
  const zoom = make("button", figure, { type: "button", "aria-expanded": "false" });
  const image = make("img", zoom, {});
  const words = make("span", zoom, { class: "wb-exhibit-zoom" }, "Larger");
  const caption = make("figcaption", figure);
  zoom.addEventListener("click", () => {
    const isLarge = zoom.getAttribute("aria-expanded") !== "true";
    zoom.setAttribute("aria-expanded", String(isLarge));
    el.toggleAttribute("data-large", isLarge);
    say(words, isLarge ? "Smaller" : "Larger");
  });
  return () => {
    const source = model.get("picture");
    figure.hidden = !source;
    if (source && image.src !== source) image.src = source;
    image.alt = model.get("alt");
    say(caption, model.get("caption"));
  };
}

function copied(text, status) {
  const told = (words) => {
    say(status, words);
    setTimeout(() => say(status, ""), 4000);
  };
  const byHand = () => {
    const box = make("textarea", document.body, { style: "position: fixed; opacity: 0;" });
    box.value = text;
    box.select();
    const isDone = document.execCommand("copy"); // where the page is not trusted with the clipboard
    box.remove();
    told(isDone ? "Copied." : "Your browser does not let us copy: mark the text, and copy it.");
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => told("Copied."), byHand);
  else byHand();
}

function drawFolded(model, el) {
  const box = make("div", el, { class: "wb-exhibit-folded" });
  let drawn = "";
  return () => {
    const parts = model.get("folded");
    const now = JSON.stringify(parts);
    if (now === drawn) return;
    drawn = now;
    box.replaceChildren();
    for (const [label, text] of parts) {
      const part = make("details", box);
      make("summary", part, {}, label);
      const tools = make("div", part, { class: "wb-exhibit-tools" });
      const copy = make("button", tools, { type: "button", "aria-label": `Copy: ${label}` }, "Copy");
      const status = make("span", tools, { role: "status" });
      make("pre", part, { tabindex: "0", role: "region", "aria-label": label, dir: "auto" }, text);
      copy.addEventListener("click", () => copied(text, status));
    }
  };
}

function render({ model, el }) {
  begin(el, "wb-exhibit");
  const picture = drawPicture(model, el);
  const folded = drawFolded(model, el);
  return follow(model, {
    "change:picture": picture, "change:alt": picture, "change:caption": picture, "change:folded": folded,
  });
}
export default { render };
