"""How a run comes along, live: its bar, its steps, its jobs, and the button that cancels it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import ipywidgets

from workbench.collect import markup
from workbench.collect.order import Order
from workbench.collect.stages import Pace
from workbench.collect.watcher import Watcher, watcher_of
from workbench.panels.facts import mode_note
from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import handled, in_background
from workbench.panels.widgets import AskTwice, Bar, Panel, Region, button, show

if TYPE_CHECKING:
    from workbench.collect.run_summary import RunStanding
    from workbench.workbench import Workbench

_ALONE_SECONDS: Final = 10.0  # without a worker before a person is told: a new one takes a second to say it is there
_NOTHING_YET: Final = "Nothing runs yet; this fills as soon as the run is started."
TONES: Final = {"completed": "good", "partial": "bad", "failed": "bad", "cancelled": "bad"}


class WatchPanel(Panel):
    """Follows an order from before its start, or any run; everything in it comes from the ledger."""

    def __init__(self, wb: Workbench, run: Order | str) -> None:
        self._wb = wb
        self._run_id = ""
        self._watcher: Watcher | None = None
        self._worked_at = time.monotonic()
        self._still = esc(_NOTHING_YET if isinstance(run, Order) else "Looking…")
        self.bar = Bar(label="Run")
        self.body = Region(html=self._still)
        self.alert = Region()
        words = ("Cancel the run…", "Yes, cancel it", "No, let it go on")
        self.cancel = AskTwice("wb-cancel", words, lambda: self._clicked(self._cancel), rest=0)
        self.resume = button("Nobody works on it: start a worker", "wb-resume", style="warning")
        self.resume.on_click(lambda _: self._clicked(self._resume))
        for one in (self.bar, self.cancel, self.resume):
            show(one, is_shown=False)
        super().__init__([self.bar, self.body, ipywidgets.HBox([self.cancel, self.resume]), self.alert])
        self.add_class("wb-watch-panel")
        when_started(run, self._follow)
        if isinstance(run, Order):
            run.when_planned(lambda: self._forget(run))

    def markup(self) -> str:
        return self._still

    # the watcher's thread -------------------------------------------------------------------------

    def _forget(self, order: Order) -> None:
        """Something else is planned: what was followed goes on, and stands on the board of all runs."""
        if order.run_id is None:
            self._run_id = ""
            self._still = self.body.html = esc(_NOTHING_YET)
            self.cancel.ask(is_asked=False)
            for one in (self.bar, self.cancel, self.resume):
                show(one, is_shown=False)

    def _follow(self, run_id: str) -> None:
        self._run_id = run_id
        self._worked_at = time.monotonic()
        self._watcher = watcher_of(self._wb, run_id)
        self._watcher.add(self._see, self._show_error)

    def _see(self, seen: RunStanding) -> None:
        if seen.run_id != self._run_id or not self.is_open:
            return  # the same plan was started once more: this panel follows the newer run
        zone = self._wb.settings.zone
        pace = self._watcher.pace if self._watcher and not seen.is_over else Pace()
        cost = self._wb.collect.spent_micro_usd(seen.run_id) if seen.is_over else None
        self._still = markup.run_view(seen, zone, pace=pace, cost=cost)
        show(self.bar, is_shown=True)
        with self.bar.hold_sync():
            self.bar.label, self.bar.percent, self.bar.text = markup.label(seen), seen.percent, seen.progress
            self.bar.news, self.bar.tone = seen.news, TONES.get(seen.status, "moving")
        head = [mode_note(seen.mode), markup.run_facts(seen, zone, time_left=pace.time_left, cost=cost)]
        silent = markup.silent_view(self._wb.collect.sources_without_rows(seen.run_id)) if seen.is_over else ""
        self.body.html = join([*head, _cancelling(seen), markup.steps_view(seen, pace), markup.jobs_view(seen), silent])
        self._show_buttons(seen)

    def _show_buttons(self, seen: RunStanding) -> None:
        if seen.is_over or seen.is_cancelled:
            self.cancel.ask(is_asked=False)
        show(self.cancel, is_shown=not (seen.is_over or seen.is_cancelled))
        if seen.is_over or self._wb.working.is_worked():
            self._worked_at = time.monotonic()
        show(self.resume, is_shown=time.monotonic() - self._worked_at > _ALONE_SECONDS)

    # clicks ---------------------------------------------------------------------------------------

    def _clicked(self, work: Callable[[], None]) -> None:
        self.alert.html = ""
        in_background(lambda: handled(work, self._show_error, self._wb.parts.redactor), "clicked")

    def _cancel(self) -> None:
        show(self.cancel, is_shown=False)
        self._wb.collect.cancel(self._run_id)
        self._resume()

    def _resume(self) -> None:
        self._worked_at = time.monotonic()
        show(self.resume, is_shown=False)
        self._wb.working.start_worker()
        if self._watcher:
            self._watcher.look_soon()


def _cancelling(seen: RunStanding) -> Html:
    if not seen.is_cancelled or seen.is_over:
        return Html()
    return note(
        "plain", "Cancelling: nothing more is sent; what Bright Data has collected already is still brought in."
    )


def when_started(run: Order | str, follow: Callable[[str], None]) -> None:
    """Follow a run that is known by its id now, and that of an order as soon as it is started."""
    if isinstance(run, Order):
        run.when_started(follow)
    else:
        follow(run)
