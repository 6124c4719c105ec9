"""Looks at the entries, and runs what is due, each in a thread of its own, until it is asked to stop.

Any number of these may run on one ledger: the row of a tick decides who runs it (store.py).
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from workbench.errors import WorkbenchError
from workbench.schedule.cron import ticks
from workbench.schedule.model import Schedule, Tick, TickEnd, TickOutcome

if TYPE_CHECKING:
    from workbench.schedule.service import Schedules

log = logging.getLogger(__name__)

_LOOK: Final = 15.0  # seconds between looks, at most: workbench.toml, the ledger and the clock may have changed
_STEP: Final = 0.2
_FINISH: Final = 60.0  # seconds that ticks at work have to finish once it is asked to stop; then they are cancelled
_AGAIN: Final = 5.0  # seconds until the end of a tick is kept once more, when the ledger is away


class Scheduler:
    """One look after the other; a schedule is at work at most once."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules
        self._working: dict[str, threading.Thread] = {}
        self._cancel = threading.Event()  # what is at work is to end
        self._wake = threading.Event()  # a tick ended: another one of its schedule may be due
        self._ended: list[Tick] = []
        self._told_wrong: set[str] = set()

    def run(self, stop: threading.Event, *, once: bool = False) -> list[Tick]:
        """Run what is due until `stop` is set; `once`: until nothing is due. The ticks that were run here."""
        is_first = True
        try:
            while not stop.is_set():
                self._wake.clear()
                entries = self._look(is_first=is_first)
                is_first = False
                if once and not self._working:
                    break
                self._rest(entries, stop)
        except KeyboardInterrupt:
            self._cancel.set()
        self._drain()
        return self._ended

    def _look(self, *, is_first: bool) -> list[Schedule]:
        self._working = {name: one for name, one in self._working.items() if one.is_alive()}
        try:
            if is_first or not self._schedules.ledger.is_still_alive():  # under a new name, if our sign of life is gone
                self._schedules.announce()
            entries, wrong = self._schedules.entries()
            for said in {one.said for one in wrong} - self._told_wrong:
                log.warning("%s", said)
            self._told_wrong = {one.said for one in wrong}
            for one in entries:
                if is_first:  # whoever ran it before may have been killed before it told
                    self._schedules.tell_owner(one)
                if one.name not in self._working and (tick := self._schedules.take(one)):
                    self._begin(one, tick)
        except WorkbenchError as error:  # the ledger is away, or workbench.toml is being edited
            log.warning("the schedules could not be looked at: %s", error.message)
            return []
        return entries

    def _begin(self, one: Schedule, tick: Tick) -> None:
        def work() -> None:
            try:
                self._ended.append(self.finished(one, tick, self._cancel))
            finally:
                self._wake.set()

        log.info("schedule %s: the tick of %s begins", one.name, tick.at.isoformat())
        thread = threading.Thread(target=work, name=f"schedule {one.name}")
        self._working[one.name] = thread
        thread.start()

    def finished(self, one: Schedule, tick: Tick, cancel: threading.Event) -> Tick:
        """Do the work of a tick that is ours, keep how it ended, and tell the owner; the tick as it ended."""
        try:
            end = self._schedules.perform(one, tick, cancel)
        except Exception as error:
            log.exception("schedule %s: the tick of %s met a bug of ours", one.name, tick.at.isoformat())
            why = f"this is a bug of ours: {type(error).__name__}; data/logs has its story"
            end = TickEnd(TickOutcome.FAILED, why)
        log.info("schedule %s: the tick of %s is %s", one.name, tick.at.isoformat(), end.outcome)
        self._keep(one, tick, end)
        try:
            self._schedules.tell_owner(one)
        except WorkbenchError as error:  # told by whoever begins to run schedules, or after the next tick
            log.warning("schedule %s: its owner is not told yet: %s", one.name, error.message)
        return replace(tick, outcome=str(end.outcome), reason=end.reason, ended_at=self._schedules.now())

    def _keep(self, one: Schedule, tick: Tick, end: TickEnd) -> None:
        """However long the ledger is away: what is not kept, the next scheduler would call killed."""
        while True:
            try:
                if not self._schedules.finish(tick, end):
                    log.warning("schedule %s: others took us for dead; its tick is closed already", one.name)
            except WorkbenchError as error:
                log.warning("schedule %s: the end of a tick is not kept yet: %s", one.name, error.message)
                if self._cancel.wait(_AGAIN):
                    return
            else:
                return

    def _rest(self, entries: list[Schedule], stop: threading.Event) -> None:
        """Until something may be due, a tick ended, or it is time to look again. By steps: clocks jump."""
        begun, soonest = time.monotonic(), self._soonest(entries)
        while not stop.is_set() and not self._wake.is_set() and time.monotonic() - begun < _LOOK:
            if soonest is not None and self._schedules.now() >= soonest:
                return
            stop.wait(_STEP)

    def _soonest(self, entries: list[Schedule]) -> datetime | None:
        at = self._schedules.now()
        waiting = [one for one in entries if one.name not in self._working]
        coming = [next(ticks(one.cron, ZoneInfo(one.zone), at)) for one in waiting]
        return min(coming, default=None)

    def _drain(self) -> None:
        """What is at work may finish; what takes longer, or is not waited for, is cancelled and says so."""
        deadline = time.monotonic() + _FINISH
        for thread in [*self._working.values()]:
            while thread.is_alive():
                try:
                    thread.join(_STEP)
                except KeyboardInterrupt:
                    self._cancel.set()
                if time.monotonic() > deadline:
                    self._cancel.set()


def stop_seconds() -> int:
    """How long a scheduler may take to stop: what systemd waits before it kills."""
    return int(timedelta(seconds=_FINISH + 30).total_seconds())
