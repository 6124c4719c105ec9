"""A run as it goes: its bar, its jobs, the buttons that matter; without a person, the work itself with its words."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import ipywidgets

from workbench.collect.drawn import jobs_view, label, run_facts, run_view, silent_view, steps_view
from workbench.collect.order import Order
from workbench.collect.run_standing import RunStanding
from workbench.collect.stages import Pace
from workbench.collect.watcher import Watcher, look, watcher_of
from workbench.panels.facts import mode_note
from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import handled, in_background, show_while
from workbench.panels.widgets import AskTwice, Bar, Panel, Region, button, show

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_ALONE_SECONDS: Final = 10.0  # without a worker before a person is told: a new one takes a second to say it is there
TONES: Final = {"completed": "good", "partial": "bad", "failed": "bad", "cancelled": "bad"}


class WatchPanel(Panel):
    """Follows an order from before its start, or any run; everything in it comes from the ledger."""

    def __init__(self, wb: Workbench, run: Order | str) -> None:
        self._wb = wb
        self._run_id = ""
        self._watcher: Watcher | None = None
        self._worked_at = time.monotonic()
        self._still = esc("Nothing runs yet; this fills as soon as the run is started.")
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
        if isinstance(run, Order):
            run.when_started(self._follow)
        else:
            self._follow(run)

    def markup(self) -> str:
        return self._still

    # the watcher's thread -------------------------------------------------------------------------

    def _follow(self, run_id: str) -> None:
        self._run_id = run_id
        self._worked_at = time.monotonic()
        self._watcher = watcher_of(self._wb, run_id)
        self._watcher.add(self._see, self._show_error)

    def _see(self, seen: RunStanding) -> None:
        if seen.run_id != self._run_id:
            return  # the same plan was started once more: this panel follows the newer run
        zone = self._wb.settings.zone
        pace = self._watcher.pace if self._watcher and not seen.is_over else Pace()
        cost = self._wb.collect.spent_micro_usd(seen.run_id) if seen.is_over else None
        self._still = run_view(seen, zone, pace=pace, cost=cost)
        show(self.bar, is_shown=True)
        with self.bar.hold_sync():
            self.bar.label, self.bar.percent, self.bar.text = label(seen), seen.percent, seen.progress
            self.bar.news, self.bar.tone = seen.news, TONES.get(seen.status, "moving")
        head = [mode_note(seen.mode), run_facts(seen, zone, time_left=pace.time_left, cost=cost)]
        silent = silent_view(self._wb.collect.sources_without_rows(seen.run_id)) if seen.is_over else ""
        self.body.html = join([*head, _cancelling(seen), steps_view(seen, pace), jobs_view(seen), silent])
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


def work_and_show(wb: Workbench, run_id: str, wait: timedelta) -> None:
    """Work here until the run is over or the time is, and keep how it stands in the page."""
    pace = Pace()

    def view() -> Html:
        seen = look(wb, run_id)
        pace.see(seen.stages)
        return run_view(seen, wb.settings.zone, pace=pace)

    def work(redraw: Callable[[], None]) -> Html:
        wb.work(run=run_id, limit=wait, watch=redraw)
        seen = look(wb, run_id)
        told = run_view(seen, wb.settings.zone, cost=wb.collect.spent_micro_usd(run_id))
        return join([told, silent_view(wb.collect.sources_without_rows(run_id)), _why_stopped(seen, wait)])

    show_while(work, view)


def _why_stopped(seen: RunStanding, wait: timedelta) -> Html:
    if seen.is_over:
        return Html()
    if seen.waiting:
        return note("plain", "The run waits for a person; see above.")
    minutes = f"{wait.total_seconds() / 60:g}"
    return note("plain", f"Not finished within {minutes} min. It goes on whenever somebody works: workbench work")
