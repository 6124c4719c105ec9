const SETTLED = 150; // milliseconds without a keystroke before a filter is asked for
const LONG = 48; // characters of what is not squeezed into a tower
const MOVES = [["First", "«"], ["Previous", "‹"], ["Next", "›"], ["Last", "»"]];

function render({ model, el }) {
  begin(el, "wb-paged");
  const id = unique();
  const tools = make("div", el, { class: "wb-paged-tools" });
  make("label", tools, { for: `${id}-find` }, "Find");
  const find = make("input", tools, { id: `${id}-find`, type: "search", autocomplete: "off", spellcheck: "false" });
  const picked = make("span", tools, { class: "wb-paged-picked", role: "status" });
  const none = make("button", tools, { type: "button", hidden: "" }, "Choose none");
  const box = make("div", el, { class: "wb-paged-box", role: "region", tabindex: "0" });
  const table = make("table", box);
  const caption = make("caption", table);
  const head = make("tr", make("thead", table));
  const body = make("tbody", table);
  const empty = make("p", el, { class: "wb-paged-empty", hidden: "" });
  const pager = make("div", el, { class: "wb-paged-pager", role: "group" });
  const move = MOVES.map(([words, sign]) => {
    const one = make("button", pager, { type: "button", "aria-label": `${words} page`, title: `${words} page` });
    make("span", one, { "aria-hidden": "true" }, sign);
    return one;
  });
  const where = make("span", pager, { class: "wb-paged-where", role: "status" });
  let drawn = -1;
  let timer = 0;
  let pressed = null; // the row that was under the finger, if another one has come there since

  const asked = () => model.get("ask");
  const ask = (more) => {
    const before = asked();
    model.set("ask", { ...before, ...more, serial: before.serial + 1 });
    model.save_changes();
    table.setAttribute("aria-busy", "true");
  };
  const choose = (keys) => {
    model.set("chosen", keys);
    model.save_changes();
    drawChosen();
  };
  const open = (key) => model.send({ open: key });

  find.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask({ text: find.value, offset: 0 }), SETTLED);
  });
  none.addEventListener("click", () => {
    choose([]);
    find.focus();
  });
  const targets = [
    () => 0,
    (page) => Math.max(0, page.offset - model.get("size")),
    (page) => page.offset + model.get("size"),
    (page) => Math.max(0, Math.ceil(page.total / model.get("size")) - 1) * model.get("size"),
  ];
  move.forEach((one, n) => one.addEventListener("click", () => {
    if (one.getAttribute("aria-disabled") !== "true") ask({ offset: targets[n](model.get("page")) });
  }));

  const heads = [];
  const drawHeads = () => {
    say(caption, model.get("caption"));
    box.setAttribute("aria-label", model.get("caption"));
    pager.setAttribute("aria-label", `Pages: ${model.get("caption")}`);
    head.replaceChildren();
    heads.length = 0;
    if (model.get("choose") !== "none") {
      const one = make("th", head, { scope: "col", class: "wb-paged-tick" });
      if (model.get("choose") === "many") {
        const all = make("input", one, { type: "checkbox", "aria-label": "Choose all of this page" });
        all.addEventListener("change", () => {
          const here = model.get("page").rows.map(([key]) => key);
          const rest = model.get("chosen").filter((key) => !here.includes(key));
          choose(all.checked ? [...rest, ...here] : rest);
        });
      } else {
        make("span", one, { class: "wb-unseen" }, "Chosen");
      }
    }
    for (const column of model.get("columns")) {
      const one = make("th", head, { scope: "col", "data-kind": column.kind });
      const sort = make("button", one, { type: "button" }, column.label);
      make("span", sort, { "aria-hidden": "true" });
      sort.addEventListener("click", () => {
        const now = asked();
        const again = now.sort === column.name;
        ask({ sort: column.name, descending: again ? !now.descending : false, offset: 0 });
      });
      heads.push([column.name, one, sort.lastChild]);
    }
  };

  const drawChosen = () => {
    const keys = new Set(model.get("chosen"));
    for (const tick of body.querySelectorAll(".wb-paged-tick input")) {
      tick.checked = keys.has(tick.closest("tr").dataset.key);
      tick.closest("tr").toggleAttribute("data-chosen", tick.checked);
    }
    const all = head.querySelector(".wb-paged-tick input");
    const here = model.get("page").rows.filter(([key]) => keys.has(key)).length;
    if (all) {
      all.checked = here > 0 && here === model.get("page").rows.length;
      all.indeterminate = here > 0 && !all.checked;
    }
    say(picked, keys.size ? `${keys.size.toLocaleString("en")} chosen` : "");
    none.hidden = !keys.size;
  };

  const fill = (cell, value, opens, name) => {
    cell.replaceChildren();
    const one = typeof value === "string" ? { words: value } : value;
    cell.toggleAttribute("data-long", one.words.length > LONG);
    if (one.whole) cell.title = one.whole;
    else cell.removeAttribute("title");
    if (one.address && /^https?:\/\//i.test(one.address)) {
      make("a", cell, { href: one.address, target: "_blank", rel: "noopener noreferrer" }, one.words);
    } else if (/^[a-z]+$/.test(one.page || "")) {
      make("a", cell, { href: `${one.page}.ipynb` }, one.words);
    } else if (one.bar !== undefined) {
      const bar = make("span", cell, { class: "wb-paged-bar", role: "progressbar", "aria-label": `${name}`,
        "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(one.bar) });
      make("span", bar, { style: `width: ${Math.max(0, Math.min(100, Number(one.bar)))}%` });
      make("span", cell, {}, ` ${one.words}`);
    } else if (one.tone) {
      const badge = make("span", cell, { class: "wb-badge", "data-tone": one.tone });
      make("span", badge, { "aria-hidden": "true" }, `${one.mark} `);
      badge.append(one.words);
    } else if (opens) {
      make("button", cell, { type: "button", class: "wb-paged-open" }, one.words || "Open");
    } else if (one.mono) {
      make("code", cell, {}, one.words);
    } else {
      cell.textContent = one.words;
    }
  };

  // Rows stay the elements that they are, and only cells that differ are written: a click that began on one of them
  // ends on it, and the keyboard keeps its place.
  const drawRows = (page) => {
    const columns = model.get("columns");
    const ticks = model.get("choose") !== "none";
    while (body.rows.length > page.rows.length) body.lastChild.remove();
    page.rows.forEach(([key, cells], n) => {
      const row = body.rows[n] || make("tr", body);
      if (row.dataset.key !== key) {
        row.dataset.key = key;
        row.said = [];
      }
      if (row.children.length !== columns.length + (ticks ? 1 : 0)) {
        row.replaceChildren();
        row.said = [];
        if (ticks) {
          const many = model.get("choose") === "many";
          make("input", make("td", row, { class: "wb-paged-tick" }),
            { type: many ? "checkbox" : "radio", name: `${id}-chosen` });
        }
        columns.forEach((column, c) => make(c ? "td" : "th", row,
          { scope: c ? null : "row", "data-kind": column.kind, dir: ["number", "money"].includes(column.kind) ? null : "auto" }));
      }
      cells.forEach((value, c) => {
        const now = JSON.stringify(value);
        if (row.said[c] === now) return;
        row.said[c] = now;
        fill(row.children[c + (ticks ? 1 : 0)], value, c === 0 && model.get("opens"), columns[c].label);
      });
      if (ticks) row.firstChild.firstChild.setAttribute("aria-label", `Choose ${row.children[1].textContent}`);
    });
  };

  const draw = () => {
    const page = model.get("page");
    if (page.serial < drawn) return; // a late answer to an older question
    drawn = page.serial;
    drawRows(page);
    for (const [name, one, sign] of heads) {
      const is = page.sort === name;
      if (is) one.setAttribute("aria-sort", page.descending ? "descending" : "ascending");
      else one.removeAttribute("aria-sort");
      say(sign, is ? (page.descending ? " ▼" : " ▲") : "");
    }
    if (page.serial === asked().serial) table.removeAttribute("aria-busy");
    if (document.activeElement !== find) find.value = asked().text;
    const last = page.offset + page.rows.length;
    const number = (one) => one.toLocaleString("en");
    const of = page.text ? `${number(page.total)} that fit` : number(page.total);
    say(where, page.rows.length ? `${number(page.offset + 1)} to ${number(last)} of ${of}` : "");
    say(empty, page.is_known ? (page.text ? "Nothing fits what you look for." : model.get("empty")) : "Looking…");
    empty.hidden = page.rows.length > 0;
    const still = [page.offset <= 0, page.offset <= 0, last >= page.total, last >= page.total];
    move.forEach((one, n) => one.setAttribute("aria-disabled", String(still[n])));
    pager.hidden = page.total <= model.get("size") && !page.offset && !page.text && page.total < 2;
    tools.hidden = page.total < 2 && !page.text && !model.get("chosen").length && document.activeElement !== find;
    drawChosen();
  };

  body.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("tr");
    pressed = row && { row, key: row.dataset.key };
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    const key = pressed && pressed.row === row && event.detail ? pressed.key : row.dataset.key;
    const tick = event.target.closest(".wb-paged-tick");
    if (tick) {
      const box = tick.querySelector("input");
      if (event.target !== box) box.checked = box.type === "radio" || !box.checked;
      const rest = box.type === "radio" ? [] : model.get("chosen").filter((one) => one !== key);
      choose(box.checked ? [...rest, key] : rest);
      return;
    }
    if (!model.get("opens") || event.target.closest("a") || String(window.getSelection())) return;
    open(key);
  });

  const stop = follow(model, {
    "change:columns": drawHeads, "change:caption": drawHeads, "change:page": draw, "change:chosen": drawChosen,
  });
  find.value = asked().text;
  return () => {
    clearTimeout(timer);
    stop();
  };
}
export default { render };
