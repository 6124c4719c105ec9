"""What posting and uploading share by hand: a click that asks twice, and the work as it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import ipywidgets

from workbench.errors import BadInput
from workbench.panels.markup import Html, esc, note
from workbench.panels.page import handled, in_background
from workbench.panels.widgets import AskTwice, Bar, LiveRegion, Panel, Region, button, question, show

if TYPE_CHECKING:
    from workbench.workbench import Workbench

NOT_AT_WORK: Final = "nothing is at work this moment"
_ALONE_SECONDS: Final = 10.0  # without a worker before a person is told: a new one takes a second to say it is there
DEPTHS: Final = ("plan", "rehearse", "real")


def check_depth(depth: str) -> None:
    if depth not in DEPTHS:
        raise BadInput(f"depth is {depth!r}; give one of {', '.join(DEPTHS)}.")


class SendPanel(Panel):
    """Rehearse as often as you like; sending asks twice, as nobody can take it back.

    `rehearsed` rehearses and gives what came of it; `started` gives the order, and what it is called; `what` says
    what would be sent, how many, and as whom; `after` is called when something was ordered.
    """

    def __init__(
        self, wb: Workbench, name: str, rehearsed: Callable[[], Html], started: Callable[[], str],
        *, rehearse: str, send: str, sure: str, what: Callable[[], str], after: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._wb = wb
        self._rehearsed, self._started, self._after = rehearsed, started, after
        self._lock = threading.Lock()
        self.said = LiveRegion()
        self.alert = Region()
        self.rehearse = button(rehearse, f"{name}-rehearse")
        self.rehearse.on_click(lambda _: self._begin(self._rehearse))
        self.twice = AskTwice(
            name, (send, sure, "No"), lambda: self._begin(self._start), style="primary",
            question=lambda: question(wb.settings.mode, what()),
        )  # fmt: skip
        wrap = ipywidgets.Layout(flex_flow="row wrap", align_items="flex-start")
        super().__init__([ipywidgets.HBox([self.rehearse, self.twice], layout=wrap), self.said, self.alert])
        self.add_class(f"{name}-panel")

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _begin(self, work: Callable[[], None]) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.rehearse.disabled:
                return
            self.rehearse.disabled = True
            self.twice.hold()
        self.said.html, self.alert.html = esc("At work…"), ""
        in_background(lambda: self._run(work), "send")

    def _run(self, work: Callable[[], None]) -> None:
        if not handled(work, self._show_error, self._wb.parts.redactor):
            self.said.html = ""
        self.rehearse.disabled = False
        self.twice.free()

    def _rehearse(self) -> None:
        self.said.html = self._rehearsed()

    def _start(self) -> None:
        started = self._started()
        self._wb.working.start_worker()
        self.said.html = note("plain", f"Started: {started}. It goes on when this page is closed.")
        self._after()


class Look(NamedTuple):
    """How the work stands at one moment."""

    percent: int
    text: str
    now: str
    tone: str
    is_over: bool
    body: Html


class WorkPanel(Panel):
    """The newest work of its kind; everything in it comes from the ledger.

    `seen` looks at it, and gives None while there is no such work yet.
    """

    def __init__(
        self, wb: Workbench, name: str, seen: Callable[[], Look | None], cancelled: Callable[[], None],
        *, label: str, nothing: str, cancel: str, every: float,
    ) -> None:  # fmt: skip
        self._wb = wb
        self._seen, self._cancelled = seen, cancelled
        self._idle_since = time.monotonic()
        self.bar = Bar(label=label)
        self.body = Region(html=esc(nothing))
        self.alert = Region()
        self.cancel = button(cancel, f"{name}-cancel")
        self.cancel.on_click(lambda _: self.act(wb, self._cancelled, "cancel"))
        self.resume = button("Nobody works on it: start a worker", f"{name}-resume", style="warning")
        self.resume.on_click(lambda _: self.act(wb, self._resumed, "resume"))
        for one in (self.bar, self.cancel, self.resume):
            show(one, is_shown=False)
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        super().__init__([self.bar, self.body, ipywidgets.HBox([self.cancel, self.resume], layout=wrap), self.alert])
        self.add_class(f"{name}-panel")
        self.watch(wb, self._look, every=every)

    def markup(self) -> str:
        return self.body.html

    def _look(self) -> None:
        """In the page's watcher, until this panel is closed: more work may follow what is over."""
        seen = self._seen()
        if seen is None:
            return
        with self.bar.hold_sync():
            self.bar.percent, self.bar.text, self.bar.tone = seen.percent, seen.text, seen.tone
            self.bar.news = seen.now
        show(self.bar, is_shown=True)
        show(self.cancel, is_shown=not seen.is_over)
        if self.body.html != seen.body:
            self.body.html = seen.body
        if seen.is_over or self._wb.working.is_worked():
            self._idle_since = time.monotonic()
        show(self.resume, is_shown=time.monotonic() - self._idle_since > _ALONE_SECONDS)

    def _resumed(self) -> None:
        self._idle_since = time.monotonic()
        self._wb.working.start_worker()
