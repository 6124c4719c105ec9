// Takes away what a table shows: as a file that the kernel writes, or as text on the clipboard.
function render({ model, el }) {
  begin(el, "wb-handout");
  const bar = make("div", el, { role: "group", "aria-label": model.get("label") });
  make("span", bar, {}, "Take away:");
  const buttons = model.get("files").map(([name, words]) => {
    const one = make("button", bar, { type: "button" }, words);
    one.addEventListener("click", () => {
      if (!model.get("is_busy")) model.send({ take: name });
    });
    return one;
  });
  const said = make("p", el, { role: "status" });
  const place = make("p", el, { class: "wb-handout-file", hidden: "" });
  let serial = 0;

  const copied = (words) => say(said, `${words}: on the clipboard.`);
  for (const [name, words] of model.get("copies")) {
    const one = make("button", bar, { type: "button" }, words);
    one.addEventListener("click", async () => {
      const text = model.get("texts")[name] || "";
      try {
        await navigator.clipboard.writeText(text);
        copied(words);
      } catch {
        shown.open = true; // the browser does not allow it: to be marked and copied by hand
        drawText(name);
        whole.focus();
        whole.select();
        say(said, "This page may not write to the clipboard; the text is marked below: Ctrl+C.");
      }
    });
  }
  const shown = make("details", el);
  make("summary", shown, {}, "The query");
  const whole = make("textarea", shown, { readonly: "", rows: "6", "aria-label": "The query", spellcheck: "false" });
  const drawText = (name) => {
    whole.value = model.get("texts")[name || model.get("copies")[0][0]] || "";
  };

  const root = () => {
    try {
      return JSON.parse(document.getElementById("jupyter-config-data").textContent).baseUrl || "/";
    } catch {
      return null; // no page of Jupyter's: the place is told in words
    }
  };
  const drawFile = async () => {
    const path = model.get("path");
    const mine = ++serial;
    place.replaceChildren();
    place.hidden = !path;
    if (!path) return;
    place.append("In the home: ");
    make("code", place, {}, path);
    const base = root();
    if (base === null) return;
    const address = `${base}files/${path.split("/").map(encodeURIComponent).join("/")}`;
    const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
    if (mine !== serial || !answer || !answer.ok) return;
    place.append(" ");
    make("a", place, { href: `${address}?download=1`, download: path.split("/").pop() }, "Download");
  };
  const drawBusy = () => {
    for (const one of buttons) one.setAttribute("aria-disabled", String(model.get("is_busy")));
  };
  const drawSaid = () => say(said, model.get("said"));
  return follow(model, {
    "change:texts": () => drawText(), "change:path": drawFile, "change:is_busy": drawBusy, "change:said": drawSaid,
  });
}
export default { render };
