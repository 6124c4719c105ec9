"""One thread per run that is looked at: it reads the ledger and tells the views, which write traits and no more.

Rules of the thread (facts: ipykernel loses what threads print; where callbacks run depends on its version): no Output,
no print, no connection kept; at most two looks a second, so views are never written more often than that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.collect.run_summary import RunStanding, standing
from workbench.collect.stages import Pace
from workbench.panels.markup import Html
from workbench.panels.page import handled, in_background

if TYPE_CHECKING:
    from workbench.workbench import Workbench

EVERY: Final = 0.5  # seconds between looks while things move
RESTING: Final = 5.0  # while the run waits for a person

View = Callable[[RunStanding], None]


class Watcher:
    """Reads one run until it is over; views that come later get what is known at once."""

    def __init__(self, wb: Workbench, run_id: str) -> None:
        self._wb = wb
        self._run_id = run_id
        self._views: list[tuple[View, Callable[[Html], None]]] = []
        self._lock = threading.Lock()
        self._soon = threading.Event()
        self.pace = Pace()
        self._thread: threading.Thread | None = None

    def add(self, view: View, show_error: Callable[[Html], None]) -> None:
        """`show_error` gets what went wrong in a look or in `view`, and an empty text when it is well again."""
        with self._lock:
            self._views.append((view, show_error))
            if self._thread is None or not self._thread.is_alive():
                self._thread = in_background(self._watch, f"watch-{self._run_id}")
            self.look_soon()  # inside the lock: the thread must not end between the two

    def look_soon(self) -> None:
        self._soon.set()

    def _watch(self) -> None:
        while True:
            self._soon.clear()
            seen, is_shown = self._look()
            with self._lock:
                if seen is not None and seen.is_over and is_shown and not self._soon.is_set():
                    self._views.clear()  # nothing will change any more; a later add() looks once again
                    self._thread = None
                    return
            self._soon.wait(RESTING if seen is not None and seen.waiting else EVERY)

    def _look(self) -> tuple[RunStanding | None, bool]:
        """How the run stands, and whether every view could show it."""
        found: list[RunStanding] = []
        with self._lock:
            views = tuple(self._views)
        if not handled(
            lambda: found.append(look(self._wb, self._run_id)),
            lambda error: _tell(views, error),
            self._wb.parts.redactor,
        ):
            return None, False
        self.pace.see(found[0].stages)
        shown = [self._show(view, found[0]) for view in views]
        return found[0], all(shown)

    def _show(self, view: tuple[View, Callable[[Html], None]], seen: RunStanding) -> bool:
        show, show_error = view
        is_shown = handled(lambda: show(seen), show_error, self._wb.parts.redactor)
        if is_shown:
            show_error(Html())
        return is_shown


def _tell(views: tuple[tuple[View, Callable[[Html], None]], ...], error: Html) -> None:
    for _, show_error in views:
        show_error(error)


def look(wb: Workbench, run: str) -> RunStanding:
    """How the run stands now; short-lived connections of the calling thread only."""
    return standing(wb.status(run))


_WATCHERS: Final[dict[tuple[Path, str], Watcher]] = {}
_WATCHERS_LOCK: Final = threading.Lock()


def watcher_of(wb: Workbench, run_id: str) -> Watcher:
    """The one of this run in this process, whoever asks for it."""
    with _WATCHERS_LOCK:
        return _WATCHERS.setdefault((wb.settings.home, run_id), Watcher(wb, run_id))
