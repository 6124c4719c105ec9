"""The progress bar and the region, as anywidgets: labelled for screen readers, drawn without any outside address.

ipywidgets' own IntProgress is a plain box without role or value (ipywidgets #2650), and its HTML is not announced.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import anywidget
import ipywidgets
import traitlets

from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, dollars, esc, join, note, tag
from workbench.panels.page import WATCH, Face, handled, in_background

if TYPE_CHECKING:
    from workbench.workbench import Workbench

REST: Final = 5.0  # seconds after an act in which nothing that costs or publishes can be clicked
ASLEEP: Final = 1.0  # seconds after a question in which its yes cannot be clicked: it has to be read first
_NAMED: Final = 3  # of what is asked for, by name

_BAR_JS: Final = """
function element(name, parent, attributes) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}
function render({ model, el }) {
  el.classList.add("wb-progress");
  const line = element("div", el, { class: "wb-progress-line" });
  const label = element("span", line, { class: "wb-progress-label" });
  const text = element("span", line, { class: "wb-progress-text", "aria-hidden": "true" });
  const track = element("div", el, {
    class: "wb-progress-track", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100",
  });
  const fill = element("div", track, { class: "wb-progress-fill" });
  const status = element("p", el, { class: "wb-progress-status", role: "status", "aria-live": "polite" });
  const draw = () => {
    const percent = model.get("percent");
    label.textContent = model.get("label");
    text.textContent = model.get("text");
    track.setAttribute("aria-label", model.get("label"));
    track.setAttribute("aria-valuenow", String(percent));
    track.setAttribute("aria-valuetext", model.get("text"));
    track.dataset.tone = model.get("tone");
    fill.style.width = percent + "%";
    // Set only when it differs: writing the same words again would have them read aloud again.
    if (status.textContent !== model.get("news")) status.textContent = model.get("news");
  };
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}
export default { render };
"""

_BAR_CSS: Final = """
.wb-progress { max-width: 860px; padding: 2px 0; font-size: 14px; color: var(--jp-ui-font-color1, inherit); }
.wb-progress-line { display: flex; justify-content: space-between; gap: 16px; flex-wrap: wrap; }
.wb-progress-label { font-weight: 600; }
.wb-progress-text { font-variant-numeric: tabular-nums; }
.wb-progress-track { height: 14px; margin: 4px 0; border: 1px solid #8888; border-radius: 8px; overflow: hidden;
                     background: #8882; }
.wb-progress-fill { height: 100%; background: #1f6feb; transition: width .3s; }
.wb-progress-track[data-tone="good"] .wb-progress-fill { background: #1a7f37; }
.wb-progress-track[data-tone="bad"] .wb-progress-fill {
  background: repeating-linear-gradient(45deg, #bc4c00 0 8px, #8a3800 8px 16px); }
.wb-progress-status { margin: 0; min-height: 1.4em; line-height: 1.4; }
@media (prefers-reduced-motion: reduce) { .wb-progress-fill { transition: none; } }
@media (forced-colors: active) { .wb-progress-fill { background: Highlight !important; forced-color-adjust: none; } }
"""

_REGION_JS: Final = """
function render({ model, el }) {
  const box = document.createElement("div");
  el.append(box);
  const draw = () => {
    // An empty region stays in the page: a screen reader announces only what appears in a region it knows.
    if (model.get("live")) box.setAttribute("aria-live", model.get("live"));
    box.innerHTML = model.get("html");
  };
  const drawn = () => {
    draw();
    if (model.get("comes") && box.innerHTML) box.scrollIntoView({ block: "nearest" });
  };
  model.on("change", drawn);
  draw();
  return () => model.off("change", drawn);
}
export default { render };
"""


def question(mode: str, what: str) -> Html:
    """What a person is asked to agree to, beginning with whether it is real."""
    if mode == "live":
        return note("error", f"LIVE: {what}. This is real, and cannot be taken back.")
    return note("plain", f"PRACTICE: {what}. Nothing of it is real.")


def asking(
    mode: str,
    act: str,
    names: Sequence[str],
    thing: str,
    *,
    account: str = "",
    micro_usd: int | None = None,
    more: str = "",
) -> Html:
    """The question before what costs or publishes: how many, the first by name, as whom, for how much, whether real.

    `act` and `thing` as in "publish" and "listing"; `more` is one further sentence.
    """  # fmt: skip
    number = len(names)
    listed = ", ".join(names[:_NAMED]) + (f" and {number - _NAMED:,} more" if number > _NAMED else "")
    what = f"{act} {number:,} {thing}{'' if number == 1 else 's'}{f': {listed}' if listed else ''}"
    parts = [what, f"as {account}" if account else "", "" if micro_usd is None else f"for at most {dollars(micro_usd)}"]
    asked = question(mode, "; ".join(filter(None, parts)))
    return join([asked, note("plain", more) if more else ""])


class Bar(anywidget.AnyWidget):
    """A bar with its words: `text` beside it, `news` below it, read aloud when they change."""

    _esm = _BAR_JS
    _css = _BAR_CSS
    label = traitlets.Unicode().tag(sync=True)
    percent = traitlets.Int(0, min=0, max=100).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    news = traitlets.Unicode().tag(sync=True)
    tone = traitlets.Enum(["moving", "good", "bad"], "moving").tag(sync=True)


class Region(ipywidgets.HTML):  # type: ignore[misc]
    """A piece of the page. `html` is markup of `markup.py`, escaped there.

    No anywidget, of which a page has as few as it can: one whose script is not there within two seconds, as on a busy
    machine where forty begin at once, is never told again what changes (anywidget 0.11, `Runtime.ready`).
    """

    def __init__(self, html: str = "") -> None:
        super().__init__(value=_lines(html), layout=ipywidgets.Layout(width="100%", margin="0"))
        self._html = html

    @property
    def html(self) -> str:
        return self._html

    @html.setter
    def html(self, html: str) -> None:
        self._html = html
        self.value = _lines(html)


def _lines(html: str) -> str:
    """As text stands in a page: ipywidgets sets lines as far apart as its controls are high."""
    return f'<div style="line-height: 1.4;">{html}</div>' if html else ""


class LiveRegion(anywidget.AnyWidget):
    """A region whose changes are read aloud, or come into view."""

    _esm = _REGION_JS
    html = traitlets.Unicode().tag(sync=True)
    live = traitlets.Enum(["", "polite"], "polite").tag(sync=True)
    comes = traitlets.Bool(False).tag(sync=True)  # into view when it changes: what somebody asked for is below


class Panel(Face):
    """A face with a region for what goes wrong; its looks at the ledger are made by the page's one watcher."""

    alert: Region

    def watch(self, wb: Workbench, look: Callable[[], None], *, every: float = 1.0) -> None:
        """Call `look` in the page's watcher, at once and `every` so many seconds: it reads, and writes traits.

        What it raises is shown in the panel, and goes when a look is well again. Without a person it is called once.
        """
        is_well = True

        def looked() -> None:
            nonlocal is_well
            was_well, is_well = is_well, handled(look, self._show_error, wb.parts.redactor)
            if is_well and not was_well:
                self.alert.html = ""

        if is_by_hand():
            WATCH.add(self, looked, every=every)
        else:
            look()

    def look_soon(self) -> None:
        """Somebody has acted: what is watched is looked at now."""
        WATCH.soon(self)

    def act(self, wb: Workbench, work: Callable[[], None], name: str = "act") -> None:
        """Do what a click asked for, off the kernel's own thread; what goes wrong is shown in the panel."""
        self.alert.html = ""

        def acted() -> None:
            handled(work, self._show_error, wb.parts.redactor)
            self.look_soon()

        in_background(acted, name)

    def _show_error(self, error: Html) -> None:
        self.alert.html = error


def button(words: str, name: str, *, style: str = "", hint: str = "") -> Any:
    """A button of words; `name` is the class by which tests and style sheets find it."""
    # As wide as its words, also in a column.
    layout = ipywidgets.Layout(width="auto", height="34px", align_self="flex-start")
    made = ipywidgets.Button(description=words, button_style=style, tooltip=hint, layout=layout)
    made.add_class(name)
    return made


def show(widget: Any, *, is_shown: bool) -> None:
    widget.layout.display = None if is_shown else "none"


def slot(control: Any) -> Any:
    """Room that a control keeps when it is hidden: nothing moves to where it was, under a finger that clicks on."""
    return ipywidgets.Box([control], layout=ipywidgets.Layout(min_height="40px", min_width="300px"))


def in_line(*widgets: Any) -> Any:
    """Widgets side by side, in further lines where a page is narrow."""
    return ipywidgets.HBox(list(widgets), layout=ipywidgets.Layout(flex_flow="row wrap"))


class AskTwice(ipywidgets.VBox):  # type: ignore[misc]
    """A button that asks once more before it acts; what it does cannot be taken back.

    What is clicked a second time by an impatient hand never means something else: the question comes below, its yes
    is not where the button was, an act is begun once for each question, and the button rests after it.
    """

    def __init__(
        self,
        name: str,
        words: tuple[str, str, str],
        act: Callable[[], None],
        *,
        style: str = "",
        question: Callable[[], Html] = lambda: esc(""),
        rest: float = REST,
        asleep: float = ASLEEP,
        asks: bool | Callable[[], bool] = True,
    ) -> None:
        """`words` of the button, of yes and of no; `question`: what would be done, how much of it, as whom, for what.

        `asks`: false where nothing of it is real or costs anything. For `asleep` seconds the yes cannot be clicked.
        """
        first, sure, keep = words
        self._act, self._question, self._rest, self._asks = act, question, rest, asks
        self._asleep, self._asked_at = asleep, 0.0
        self._lock = threading.Lock()
        self._is_asked, self._is_held = False, False
        self.first = button(first, name, style=style)
        self.asked = Region()  # an alert in it is read aloud; it must never be late
        self.sure = button(sure, f"{name}-sure", style="danger")
        self.keep = button(keep, f"{name}-not")
        self.first.on_click(lambda _: self._clicked(is_asked=True))
        self.keep.on_click(lambda _: self._clicked(is_asked=False))
        self.sure.on_click(lambda _: self._agreed())
        super().__init__([slot(self.first), self.asked, ipywidgets.HBox([self.keep, self.sure])])
        self.ask(is_asked=False)

    def ask(self, *, is_asked: bool) -> None:
        self._is_asked = is_asked
        self.asked.html = tag("div", self._question(), role="alert") if is_asked else ""
        self.sure.disabled = is_asked and self._asleep > 0
        show(self.first, is_shown=not is_asked)
        show(self.sure, is_shown=is_asked)
        show(self.keep, is_shown=is_asked)

    def hold(self) -> None:
        """Nothing can be asked for until `free`: something is at work."""
        self._is_held = self.first.disabled = True

    def free(self) -> None:
        """It may be asked for again, though not by the hand that is clicking still."""
        self._is_held = False

        def later() -> None:
            time.sleep(self._rest)
            self.first.disabled = self._is_held

        if self._rest:
            in_background(later, "rest")
        else:
            self.first.disabled = False

    def _clicked(self, *, is_asked: bool) -> None:
        if is_asked and self.first.disabled:  # what was sent before the page knew
            return
        if is_asked and not (self._asks() if callable(self._asks) else self._asks):
            self._act()
            return
        self.ask(is_asked=is_asked)
        # What was clicked is gone: the keyboard goes on where nothing happens by mistake.
        (self.keep if is_asked else self.first).focus()
        if is_asked and self._asleep:
            self._asked_at = at = time.monotonic()
            in_background(lambda: self._wake(at), "wake")

    def _wake(self, asked_at: float) -> None:
        time.sleep(self._asleep)
        if self._asked_at == asked_at:  # otherwise it was asked once more, and sleeps anew
            self.sure.disabled = False

    def _agreed(self) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if not self._is_asked:
                return
            self.ask(is_asked=False)
            self.hold()
        self.free()
        self._act()
