"""The strip on top of every page: whether it is real, today's money, whether somebody works, and as of when.

It has a pulse: where none comes, its kernel is gone, and the browser greys the page and says what to do.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from workbench.db.clock import now
from workbench.panels.assets import script, style
from workbench.panels.markup import Html, dollars, join, note, tag

if TYPE_CHECKING:
    from workbench.workbench import Workbench

UNSEEN: Final = (
    150.0  # seconds without a word from a browser until a page counts as closed: one in the back says it late
)


class ModeStrip(anywidget.AnyWidget):
    """What is true of the whole page, since the last `look`; its owner calls that, and `pulse` from a thread."""

    _esm = script("strip")
    _css = style("strip")
    mode = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    worker = traitlets.Unicode().tag(sync=True)
    as_of = traitlets.Unicode().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)
    beat = traitlets.Int(0).tag(sync=True)

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._seen_at = time.monotonic()
        super().__init__(mode=wb.settings.mode)
        self.on_msg(self._heard)

    @property
    def is_seen(self) -> bool:
        """Whether a browser has this page open; for a while after it was drawn it is taken to be so."""
        return time.monotonic() - self._seen_at < UNSEEN

    def look(self) -> None:
        wb = self._wb
        said = _money(wb) if wb.settings.mode == "live" else "made up: nothing real is asked, paid or published"
        with self.hold_sync():
            self.said = said
            self.worker = "a worker is at work" if wb.working.is_worked() else "no worker is at work"
            self.as_of = f"as of {now().astimezone(wb.settings.zone):%H:%M:%S %Z}"

    def tell(self, trouble: str) -> None:
        """Say why what is on the page may be old; empty: it is not."""
        self.trouble = trouble

    def pulse(self) -> None:
        self.beat += 1

    def markup(self) -> Html:
        words = tag("strong", "LIVE" if self.mode == "live" else "PRACTICE")
        said = join([words, *filter(None, (self.said, self.worker, self.as_of))], " · ")
        return note("error" if self.mode == "live" else "practice", said)

    def _heard(self, widget: Any, content: Any, buffers: Any) -> None:
        self._seen_at = time.monotonic()
        self.pulse()  # at once: a page that was just opened need not wait for its first


def _money(wb: Workbench) -> str:
    today = wb.budget.today()
    cap = "no cap for a day" if today["cap"] is None else f"of {dollars(today['cap'])}"
    stopped = f"; spending is stopped: {today['stopped'] or 'no reason given'}" if today["stopped"] is not None else ""
    return f"money is real: {dollars(today['spent'])} today, {cap}{stopped}"
