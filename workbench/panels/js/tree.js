const SETTLED = 200; // milliseconds without a keystroke before a filter is asked for

// The kernel has the tree and says which lines are open to the eye; here are the lines, the keyboard and the filter.
function render({ model, el }) {
  begin(el, "wb-tree");
  const id = unique();
  const tools = make("div", el, { class: "wb-tree-tools" });
  make("label", tools, { for: `${id}-find` }, "Find");
  const find = make("input", tools, { id: `${id}-find`, type: "search", autocomplete: "off", spellcheck: "false" });
  const only = make("label", tools, { class: "wb-tree-only" });
  const rejects = make("input", only, { type: "checkbox" });
  only.append(model.get("filter_words"));
  const list = make("div", el, { class: "wb-tree-lines", role: "tree", "aria-label": model.get("label") });
  const empty = make("p", el, { class: "wb-tree-empty", role: "status" });
  let timer = 0;
  let at = ""; // the line that the keyboard is on

  const ask = () => model.send({ find: find.value, only: rejects.checked });
  find.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SETTLED);
  });
  rejects.addEventListener("change", ask);

  const lines = () => [...list.children];
  const focus = (line) => {
    if (!line) return;
    at = line.dataset.id;
    for (const one of lines()) one.tabIndex = one === line ? 0 : -1;
    line.focus();
  };

  const fill = (line, one) => {
    line.replaceChildren();
    line.style.paddingInlineStart = `${(one.level - 1) * 16 + 4}px`;
    const sign = one.open === null ? "" : one.open ? "▾" : "▸";
    make("span", line, { class: "wb-tree-sign", "aria-hidden": "true" }, sign);
    make("span", line, { class: "wb-tree-label", dir: "auto" }, one.label);
    if (one.word) {
      const badge = make("span", line, { class: "wb-badge", "data-tone": one.tone });
      make("span", badge, { "aria-hidden": "true" }, `${one.mark} `);
      badge.append(one.word);
    }
    make("span", line, { class: "wb-tree-counts" }, one.counts);
  };

  const draw = () => {
    const wanted = model.get("lines");
    const had = list.contains(document.activeElement);
    while (list.children.length > wanted.length) list.lastChild.remove();
    wanted.forEach((one, n) => {
      const line = list.children[n] || make("div", list, { role: "treeitem" });
      const now = JSON.stringify(one);
      if (line.said !== now) {
        line.said = now;
        line.dataset.id = one.id;
        line.dataset.open = one.open === null ? "" : String(one.open);
        line.dataset.level = one.level;
        line.setAttribute("aria-level", one.level);
        line.setAttribute("aria-posinset", one.place);
        line.setAttribute("aria-setsize", one.of);
        if (one.open === null) line.removeAttribute("aria-expanded");
        else line.setAttribute("aria-expanded", String(one.open));
        fill(line, one);
      }
      line.setAttribute("aria-selected", String(one.id === model.get("chosen")));
    });
    if (!wanted.some((one) => one.id === at)) at = model.get("chosen");
    const now = lines().find((line) => line.dataset.id === at) || list.firstChild;
    for (const one of lines()) one.tabIndex = one === now ? 0 : -1;
    if (had && now && document.activeElement !== now) now.focus();
    say(empty, wanted.length ? "" : model.get("empty"));
  };

  const act = (line) => model.send({ [line.dataset.open === "true" ? "close" : "open"]: line.dataset.id });
  const choose = (line) => model.send({ choose: line.dataset.id });
  const above = (line) => {
    let one = line.previousElementSibling;
    while (one && Number(one.dataset.level) >= Number(line.dataset.level)) one = one.previousElementSibling;
    return one;
  };
  list.addEventListener("click", (event) => {
    const line = event.target.closest("[role=treeitem]");
    if (!line) return;
    focus(line);
    if (event.target.closest(".wb-tree-sign") && line.dataset.open) act(line);
    else choose(line);
  });
  list.addEventListener("keydown", (event) => {
    const line = event.target.closest("[role=treeitem]");
    if (!line || event.ctrlKey || event.altKey || event.metaKey) return;
    const open = line.dataset.open;
    const keys = {
      ArrowDown: () => focus(line.nextElementSibling),
      ArrowUp: () => focus(line.previousElementSibling),
      Home: () => focus(list.firstChild),
      End: () => focus(list.lastChild),
      ArrowRight: () => (open === "false" ? act(line) : open === "true" ? focus(line.nextElementSibling) : null),
      ArrowLeft: () => (open === "true" ? act(line) : focus(above(line))),
      Enter: () => choose(line),
      " ": () => choose(line),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });

  const stop = follow(model, { "change:lines": draw, "change:chosen": draw });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
export default { render };
