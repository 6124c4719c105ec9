// One of several: the kernel shows what belongs to the chosen one below.
function render({ model, el }) {
  begin(el, "wb-tabs");
  const bar = make("div", el, { role: "tablist", "aria-label": model.get("label") });
  const choose = (name) => {
    model.set("chosen", name);
    model.save_changes();
  };
  const draw = () => {
    const had = bar.contains(document.activeElement);
    bar.replaceChildren();
    for (const [name, words] of model.get("tabs")) {
      const is = name === model.get("chosen");
      const one = make("button", bar, { type: "button", role: "tab", "aria-selected": String(is) }, words);
      one.tabIndex = is ? 0 : -1;
      one.addEventListener("click", () => choose(name));
      if (is && had) one.focus();
    }
  };
  bar.addEventListener("keydown", (event) => {
    const names = model.get("tabs").map(([name]) => name);
    const now = names.indexOf(model.get("chosen"));
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1 + names.length, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(names[to % names.length]);
  });
  return follow(model, { "change:tabs": draw, "change:chosen": draw });
}
export default { render };
