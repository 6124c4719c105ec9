const SILENT = 7000; // milliseconds without a sign of life before the page is told to be lost
const HERE = 20000; // between two words to the kernel that somebody has this page open

function render({ model, el }) {
  begin(el, "wb-strip");
  const line = make("div", el, { class: "wb-strip-line", role: "group", "aria-label": "What this page is connected to" });
  const mode = make("strong", line, { class: "wb-strip-mode" });
  const said = make("span", line, { class: "wb-strip-said" });
  const worker = make("span", line, { class: "wb-strip-worker" });
  const asOf = make("span", line, { class: "wb-strip-as-of" });
  const trouble = make("div", el, { class: "wb-strip-trouble", role: "alert" });
  const veil = make("div", el, { class: "wb-strip-gone", role: "alert" });
  let heard = Date.now();
  let isGone = false;

  const draw = () => {
    el.dataset.mode = model.get("mode");
    say(mode, model.get("mode") === "live" ? "LIVE" : "PRACTICE");
    say(said, model.get("said"));
    say(worker, model.get("worker"));
    say(asOf, model.get("as_of"));
    say(trouble, model.get("trouble"));
  };
  // Everything of this notebook that was drawn by the kernel that is gone.
  const rest = () => {
    const page = el.closest(".jp-Notebook") || el.closest(".wb-page");
    return page ? [...page.querySelectorAll(".wb-page > :not(.wb-strip), .jp-OutputArea-output")]
      .filter((one) => !one.contains(el)) : [];
  };
  const cover = (is) => {
    isGone = is;
    for (const one of rest()) {
      one.classList.toggle("wb-lost", is);
      one.inert = is;
    }
    el.toggleAttribute("data-gone", is);
    veil.replaceChildren();
    if (!is) return;
    make("strong", veil, {}, "Not connected. ");
    veil.append("What is shown here stands still; work that was started goes on by itself. "
      + "To connect again: menu Run, then Run All Cells.");
    if (document.documentElement.dataset.workbench) {
      const again = make("button", veil, { type: "button" }, "Run all cells");
      again.addEventListener("click", () => el.dispatchEvent(new CustomEvent("workbench:run", { bubbles: true })));
    }
  };
  const here = () => {
    try {
      if (!isGone) model.send({ here: true });
    } catch {
      cover(true); // there is no way to the kernel any more
    }
  };
  const check = () => {
    if (Date.now() - heard > SILENT && !isGone) cover(true);
  };
  const live = () => {
    heard = Date.now();
    if (isGone) cover(false);
  };
  const shown = () => {
    if (document.visibilityState === "visible") here();
  };
  const stop = follow(model, { "change": draw });
  model.on("change:beat", live);
  const timers = [setInterval(check, 1000), setInterval(here, HERE)];
  document.addEventListener("visibilitychange", shown);
  here();
  return () => {
    timers.forEach(clearInterval);
    document.removeEventListener("visibilitychange", shown);
    model.off("change:beat", live);
    stop();
    if (isGone) cover(false);
  };
}
export default { render };
