"""What a person asks of schedules, and the work of one tick."""

from __future__ import annotations

import logging
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from workbench.db import clock
from workbench.errors import BadInput, Refused, WorkbenchError
from workbench.feature import Feature
from workbench.files import safe_name
from workbench.schedule import store, timers
from workbench.schedule.command import forget_old, run_command
from workbench.schedule.cron import ticks
from workbench.schedule.model import (
    NEEDED_FOR_CAP,
    ON_TIME,
    Schedule,
    Tick,
    TickEnd,
    TickOutcome,
    WrongSchedule,
    read_schedules,
)
from workbench.schedule.notify import tell
from workbench.schedule.scheduler import Scheduler

if TYPE_CHECKING:
    from workbench.container import Container

log = logging.getLogger(__name__)

SCHEDULER: Final = "scheduler"  # how one that runs is announced
_LIMIT: Final = timedelta(hours=6)  # the longest that a tick's work may take
_AHEAD: Final = timedelta(hours=1)  # clocks of several hosts differ by less
_CAP: Final = "WORKBENCH_CAP_RUN_USD"


class Schedules(Feature):
    """What a person asks of schedules."""

    def __init__(
        self,
        parts: Container,
        *,
        entries: Callable[[], Sequence[tuple[object, str]]],
        environment: Callable[[], Mapping[str, str]],
        why_no_command: Callable[[Sequence[str]], str | None],
    ) -> None:
        """`entries`: those of workbench.toml as it is now, each with its place; `environment`: of a process of ours."""
        super().__init__(parts)
        self._entries, self._environment, self._why_no_command = entries, environment, why_no_command
        self._announced = ""
        self.now: Callable[[], datetime] = clock.now

    # the entries ----------------------------------------------------------------------------------

    def entries(self) -> tuple[list[Schedule], list[WrongSchedule]]:
        """Those that can be run and those that cannot, each with its place and cure; asks notebooks and commands."""
        right, wrong = self._read()
        places = {one.name: where for one, where in right}
        found = [(one, self._why(one)) for one, _ in right]
        wrong += [WrongSchedule(one.name, places[one.name], why) for one, why in found if why]
        return [one for one, why in found if not why], wrong

    def _read(self) -> tuple[list[tuple[Schedule, str]], list[WrongSchedule]]:
        """As far as it can be told without looking elsewhere."""
        listed = self._entries()
        right, wrong = read_schedules(
            [one for one, _ in listed], [where for _, where in listed], zone=str(self.settings.zone)
        )
        places = {one["name"]: where for one, where in listed if isinstance(one, Mapping) and "name" in one}
        return [(one, places[one.name]) for one in right], wrong

    def _why(self, one: Schedule) -> str | None:
        day = one.local_day(self.now())
        if one.command:
            why = self._why_no_command(one.words_on(day))
            return why and f"has a command that is none: {why}"
        if one.cap_usd is not None and NEEDED_FOR_CAP in one.parameters:
            return f"has cap_usd and the parameter {NEEDED_FOR_CAP}, which are the same; take one of them out"
        notebook, audit = one.notebook or "", self._parts.audit
        try:
            if one.cap_usd is not None and NEEDED_FOR_CAP not in [
                field["name"] for field in audit.parameters(notebook)
            ]:
                return (
                    f"has cap_usd, and {notebook} declares no {NEEDED_FOR_CAP} that would hold it; take it out, or set "
                    "WORKBENCH_CAP_DAY_USD, which bounds everything"
                )
            audit.check(notebook, self._parameters(one, self.now()))
        except BadInput as error:
            return f"cannot run its notebook: {error.message.rstrip('.')}"
        return None

    def _parameters(self, one: Schedule, at: datetime) -> dict[str, Any]:
        cap = {} if one.cap_usd is None else {NEEDED_FOR_CAP: one.cap_usd}
        return {**one.parameters_on(one.local_day(at)), **cap}

    def entry(self, name: str) -> Schedule:
        """The entry of that name; BadInput where it is wrong, or none."""
        right, wrong = self.entries()
        for one in right:
            if one.name == name:
                return one
        for bad in wrong:
            if bad.name == name:
                raise BadInput(bad.said)
        known = ", ".join(repr(one.name) for one in right) or "none"
        raise BadInput(f"there is no schedule {name!r} in workbench.toml. There are: {known}.")

    # looking --------------------------------------------------------------------------------------

    def listed(self) -> list[dict[str, Any]]:
        """{name, notebook or command, cron, zone, next_at, paused, last, wrong} of each entry."""
        right, wrong = self.entries()
        standing, last, at = store.standing(self.ledger), store.last_ticks(self.ledger), self.now()
        found = []
        for one in right:
            paused = one.paused or bool(standing.get(one.name, {}).get("paused"))
            newest = last.get(one.name)
            what = {"notebook": one.notebook} if one.notebook is not None else {"command": list(one.command)}
            found.append({
                "name": one.name, **what, "cron": one.cron, "zone": one.zone,
                "next_at": None if paused else self._next(one, at)[0], "paused": paused,
                "last": None if newest is None else self._short(newest), "wrong": None,
            })  # fmt: skip
        nothing = dict.fromkeys(("notebook", "cron", "zone", "next_at", "last"))
        found += [{"name": bad.name, **nothing, "paused": False, "wrong": bad.said} for bad in wrong]
        return found

    def _next(self, one: Schedule, at: datetime, count: int = 1) -> list[datetime]:
        return list(islice(ticks(one.cron, ZoneInfo(one.zone), at), count))

    def next_ticks(self, name: str | None = None, count: int = 5) -> list[dict[str, Any]]:
        """{name, at, zone} of what comes next, soonest first; paused ones have nothing to come."""
        chosen = [self.entry(name)] if name else self.entries()[0]
        paused = {key for key, one in store.standing(self.ledger).items() if one["paused"]}
        at = self.now()
        found = [
            {"name": one.name, "at": each, "zone": one.zone}
            for one in chosen
            if not one.paused and one.name not in paused
            for each in self._next(one, at, count)
        ]
        return sorted(found, key=lambda one: (one["at"], one["name"]))[:count]

    def history(self, name: str, limit: int | None = None) -> list[dict[str, Any]]:
        """{tick, outcome, execution_id, started_at, ended_at, reason, log, by_hand}: one entry for each tick."""
        found = store.history(self.ledger, name, limit)
        if not found:
            self.entry(name)  # an entry that never ran has no history; a name that is none is told
        more = ("started_at", "ended_at", "reason", "log", "by_hand")
        return [{**self._short(one), **{each: getattr(one, each) for each in more}} for one in found]

    def _short(self, one: Tick) -> dict[str, Any]:
        return {"tick": one.at, "outcome": self._outcome(one), "execution_id": one.execution_id}

    def _outcome(self, one: Tick) -> str:
        """What was left at work by somebody who was killed is not at work."""
        if one.outcome != TickOutcome.RUNNING or one.owner is None:
            return one.outcome
        with self.ledger.read() as connection:
            is_dead = self.ledger.liveness.is_dead(one.owner, connection)
        return TickOutcome.CRASHED if is_dead else one.outcome

    def is_run(self) -> bool:
        """Whether a living process runs the schedules of this ledger."""
        return bool(self._parts.locks.living(SCHEDULER))

    def todo(self) -> list[dict[str, Any]]:
        """Entries that are wrong, whose last tick failed, or that nobody runs."""
        if not self._entries():
            return []
        right, wrong = self._read()
        standing = store.standing(self.ledger)
        # What nobody has looked at yet may be wrong in a way that only its notebook or command knows.
        new = {one.name: self._why(one) for one, _ in right if one.name not in standing}
        wrong += [WrongSchedule(one.name, where, why) for one, where in right if (why := new.get(one.name))]
        found = [_todo("schedule", bad.name, bad.said, "workbench schedule list") for bad in wrong]
        fine = [one for one, _ in right if not new.get(one.name)]
        for one in fine:
            row = standing.get(one.name, {})
            last = store.last_ended(self.ledger, one.name)
            untold = f"; nobody could be told: {row['notify_error']}" if row.get("notify_error") else ""
            if last is not None and last.is_bad:
                why = f"its run of {last.at:%Y-%m-%d %H:%M} UTC is {last.outcome}: {last.reason or 'no reason'}{untold}"
                found.append(_todo("schedule", one.name, why, f"workbench schedule history {shlex.quote(one.name)}"))
            elif row and row["through"] > self.now() + _AHEAD:
                name = shlex.quote(one.name)
                why = (
                    f"a clock that was ahead decided it until {row['through']:%Y-%m-%d %H:%M} UTC; pause and resume it"
                )
                found.append(_todo("schedule", one.name, why, f"workbench schedule pause {name}"))
            elif untold:
                why = f"it is well{untold}; mend that, then let it run once"
                found.append(_todo("schedule", one.name, why, f"workbench schedule run-now {shlex.quote(one.name)}"))
        return [*found, *self._unrun(fine, standing)]

    def _unrun(self, entries: Sequence[Schedule], standing: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What passes by because nobody runs it."""
        active = [one for one in entries if not one.paused and not standing.get(one.name, {}).get("paused")]
        never = [one.name for one in active if one.name not in standing]
        late = [
            one.name
            for one in active
            if one.name in standing and self._next(one, standing[one.name]["through"])[0] + ON_TIME < self.now()
        ]
        if not (never or late) or self.is_run():
            return []
        said = [f"{', '.join(late)}: ticks pass and nobody runs them"] if late else []
        said += [f"{', '.join(never)}: never looked at by anybody"] if never else []
        return [_todo("scheduler", "schedules", "; ".join(said), "workbench schedule run")]

    # doing ----------------------------------------------------------------------------------------

    def scheduler(self) -> Scheduler:
        """What looks and runs, until it is asked to stop."""
        return Scheduler(self)

    def run(self, stop: threading.Event, *, once: bool = False) -> list[Tick]:
        """Run what is due until `stop` is set, or (`once`) what is due now; the ticks that were run here."""
        self._parts.working.log_here()
        try:
            return self.scheduler().run(stop, once=once)
        finally:
            if self._announced:
                self._parts.locks.withdraw(self._announced)

    def announce(self) -> None:
        """Say that this process runs the schedules."""
        self._announced = self._parts.locks.announce(SCHEDULER)

    def run_now(self, name: str, cancel: threading.Event) -> Tick:
        """Run an entry at once, whatever its cron says; it stands in its history as done by hand."""
        one = self.entry(name)
        begun = store.begin_by_hand(self.ledger, one, self.now())
        return self.scheduler().finished(one, begun, cancel)

    def pause(self, name: str) -> bool:
        """Let nothing of it run until `resume`; False when it was paused already."""
        return store.set_paused(self.ledger, self.entry(name), self.now(), paused=True)

    def resume(self, name: str) -> bool:
        """Let it run again from now on; False when it was not paused."""
        one = self.entry(name)
        if one.paused:
            raise Refused(f"schedule {name!r} is paused in workbench.toml; take out `paused = true` there.")
        return store.set_paused(self.ledger, one, self.now(), paused=False)

    def crontab(self) -> str:
        return timers.crontab(self.entries()[0], home=self.home)

    def systemd(self) -> str:
        return timers.systemd(home=self.home)

    # one tick -------------------------------------------------------------------------------------

    def take(self, one: Schedule) -> Tick | None:
        """The tick that is due of an entry, ours alone to run; what was missed is recorded."""
        return store.look(self.ledger, one, self.now())

    def finish(self, tick: Tick, end: TickEnd) -> bool:
        """Keep how a tick ended; False when another process took us for dead, and closed it."""
        return store.finish(self.ledger, tick, end, self.now())

    def perform(self, one: Schedule, tick: Tick, cancel: threading.Event) -> TickEnd:
        """Do the work of a tick that is ours; how it ended."""
        return self._run_command(one, tick, cancel) if one.command else self._run_notebook(one, tick, cancel)

    def _run_command(self, one: Schedule, tick: Tick, cancel: threading.Event) -> TickEnd:
        folder = self.settings.data / "logs" / "schedule" / safe_name(one.name)
        path = folder / f"{tick.at:%Y%m%dT%H%M%S}{'-by-hand' if tick.by_hand else ''}.log"
        store.note(self.ledger, tick, log=path.relative_to(self.settings.home).as_posix())
        environment = dict(self._environment())
        if one.cap_usd is not None:
            of_all = self.settings.cap_run_usd
            environment[_CAP] = str(one.cap_usd if of_all is None else min(one.cap_usd, of_all))
        try:
            return run_command(
                one.words_on(one.local_day(tick.at)), log=path, home=self.settings.home, env=environment,
                limit=_LIMIT, cancel=cancel, redact=self._parts.redactor,
            )  # fmt: skip
        finally:
            forget_old(folder)

    def _run_notebook(self, one: Schedule, tick: Tick, cancel: threading.Event) -> TickEnd:
        begun: list[str] = []

        def begins(execution_id: str) -> None:
            begun.append(execution_id)
            store.note(self.ledger, tick, execution_id=execution_id)

        try:
            done = self._parts.audit.run(
                one.notebook or "", self._parameters(one, tick.at), limit=_LIMIT, cancel=cancel, on_begin=begins
            )
        except WorkbenchError as error:
            # What the ledger keeps of a refusal has no value of a parameter in it.
            kept = store.error_of(self.ledger, begun[0]) if begun else None
            refused = isinstance(error, BadInput)
            return TickEnd(TickOutcome.REFUSED if refused else TickOutcome.FAILED, kept or self._cause(error))
        said = f"{done.error_name}: {done.error_value}" if done.error_name else None
        return TickEnd(str(done.outcome), said and self._parts.redactor(said))

    def _cause(self, error: WorkbenchError) -> str:
        return self._parts.redactor(error.message)

    def tell_owner(self, one: Schedule) -> None:
        """Tell that it fails, or is well again, where the owner asked for it and does not know yet."""
        chosen = self.settings
        if not one.notify or not (chosen.notify_command or chosen.notify_url):
            return
        news = store.take_news(self.ledger, one.name)
        if news is None:
            return
        what, last = news
        said = {
            "kind": "schedule", "what": what, "schedule": one.name, "mode": chosen.mode, "tick": last.at.isoformat(),
            "outcome": last.outcome, "execution_id": last.execution_id, "reason": last.reason,
            "started_at": last.started_at and last.started_at.isoformat(),
            "ended_at": last.ended_at and last.ended_at.isoformat(),
            "command": f"workbench schedule history {shlex.quote(one.name)}",
        }  # fmt: skip
        error = tell(said, command=chosen.notify_command, url=chosen.notify_url)
        if error:
            log.warning("schedule %s: nobody could be told that it %s: %s", one.name, what, error)
        store.note_told(self.ledger, one.name, what, error)


def _todo(kind: str, name: str, why: str, command: str) -> dict[str, Any]:
    return {"kind": kind, "id": name, "why": why, "command": command}
