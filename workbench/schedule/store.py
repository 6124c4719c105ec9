"""Ticks in the ledger: each is decided once, whoever looks; who wrote its row does its work.

A tick's row, unique by schedule and time, is committed before the work begins. What a killed scheduler left is closed
by the next that looks. All that was due until `through` is decided, and a clock that goes back before it runs nothing
again; one that was ahead, and is right again, finds what it called missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice, takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.redaction import Texts
from workbench.db.schema import execution, schedule, tick
from workbench.errors import Refused
from workbench.schedule.cron import ticks
from workbench.schedule.model import NEUTRAL, ON_TIME, Schedule, Tick, TickEnd, TickOutcome, chosen_of

TEXTS: Final[Texts] = {tick: ("reason",), schedule: ("notify_error",)}
_AT_ONCE: Final = 2_000  # ticks that one look decides; what nobody ran for a year is many
_KIND: Final = "schedule"
_ORDER: Final = tick.c.at.desc()
_COLUMNS: Final = tuple(one.name for one in tick.c if one.name != "actor")
_FAILED: Final = "failed"
_RECOVERED: Final = "recovered"
NOBODY: Final = "nobody ran the schedules at that time"
BUSY: Final = "the one before it was still at work"
KILLED: Final = "the process that ran it was killed; what it had begun outside may have gone on by itself"


# Deciding -------------------------------------------------------------------------------------------


def look(ledger: Ledger, one: Schedule, at: datetime) -> Tick | None:
    """Decide what is due of `one` at `at`; the tick that the caller has to run now, and nobody else will."""
    while _is_anything(ledger, one, at):
        found: Tick | None = _written(ledger, lambda connection: _decide(connection, ledger, one, at))
        if found is not None:
            return found
    return None


def _written(ledger: Ledger, change: Any) -> Any:
    try:
        return ledger.write(change)
    except IntegrityError:  # somebody else wrote the same row at the same moment
        return ledger.write(change)


def _is_anything(ledger: Ledger, one: Schedule, at: datetime) -> bool:
    """Most times nothing is due, and nobody waits for the one who writes."""
    with ledger.read() as connection:
        row = _row(connection, one.name)
        if row is None:
            return True
        running = _running(connection, one.name)
        if running is not None:
            return _is_dead(connection, ledger, running)
        if row.spec != one.spec:
            return True
        if one.paused or row.paused:
            return False
        if at < row.through:
            return _on_time(connection, one, at) is not None
    return next(ticks(one.cron, ZoneInfo(one.zone), row.through)) <= at


def _decide(connection: Connection, ledger: Ledger, one: Schedule, at: datetime) -> Tick | None:
    row = _row(connection, one.name, lock=True)
    if row is None:
        connection.execute(insert(schedule), {"name": one.name, "spec": one.spec, "through": at})
        return None
    running = _running(connection, one.name)
    if running is not None:
        if not _is_dead(connection, ledger, running):
            return None
        _close_killed(connection, ledger, running, at)
    if row.spec != one.spec:
        _miss_of_before(connection, ledger, row, at)
        _set(connection, one.name, spec=one.spec, through=at)
        return None
    if one.paused or row.paused:
        return None
    if at < row.through:
        chosen = _on_time(connection, one, at)
        return None if chosen is None else _begin(connection, ledger, _tick_of(ledger, one, chosen, at))
    return _next_tick(connection, ledger, one, row.through, at)


def _next_tick(connection: Connection, ledger: Ledger, one: Schedule, through: datetime, at: datetime) -> Tick | None:
    due, is_all = _due(one.cron, one.zone, through, at)
    if not due:
        return None
    known = _known(connection, one.name, due)
    fresh = [each for each in due if each not in known]
    chosen = chosen_of(fresh, at, one, is_all=is_all)
    missed = [each for each in fresh if chosen is None or each < chosen]
    events = _miss(connection, ledger, one.name, missed, at)
    _set(connection, one.name, through=chosen or due[-1])
    if chosen is None:
        ledger.append(connection, *events)
        return None
    return _begin(connection, ledger, _tick_of(ledger, one, chosen, at), events)


def _tick_of(ledger: Ledger, one: Schedule, chosen: datetime, at: datetime) -> Tick:
    return Tick(one.name, chosen, TickOutcome.RUNNING, owner=ledger.liveness.me, started_at=at)


def _begin(connection: Connection, ledger: Ledger, begun: Tick, events: Sequence[Event] = ()) -> Tick:
    """Write the row of a tick, with the `events` that came before it: from now on it is ours alone."""
    values = {name: getattr(begun, name) for name in ("outcome", "reason", "owner", "started_at", "ended_at")}
    here = (tick.c.schedule == begun.schedule) & (tick.c.at == begun.at)
    if connection.execute(update(tick).where(here).values(**values)).rowcount == 0:
        _insert(connection, ledger, [begun])
    facts = {"tick": begun.at.isoformat(), **({"by_hand": True} if begun.by_hand else {})}
    ledger.append(connection, *events, Event(_KIND, begun.schedule, "started", facts=facts))
    return begun


def _on_time(connection: Connection, one: Schedule, at: datetime) -> datetime | None:
    """The tick of this moment, where it was called missed before its time had come, by a clock that was ahead."""
    found = list(takewhile(lambda each: each <= at, ticks(one.cron, ZoneInfo(one.zone), at - ON_TIME)))
    known = _known(connection, one.name, found[-1:])
    return next((each for each in known if known[each] == TickOutcome.MISSED), None)


def _due(cron: str, zone: str, through: datetime, at: datetime) -> tuple[list[datetime], bool]:
    """The ticks until `at`, as many as one look decides, and whether they are all."""
    until = takewhile(lambda each: each <= at, ticks(cron, ZoneInfo(zone), through))
    found = list(islice(until, _AT_ONCE + 1))
    return found[:_AT_ONCE], len(found) <= _AT_ONCE


def _miss_of_before(connection: Connection, ledger: Ledger, row: Row[Any], at: datetime) -> None:
    """What nobody ran of an entry before it was changed; of a long time, what is youngest cannot be told."""
    if row.paused or row.spec["paused"]:
        return
    due, _ = _due(row.spec["cron"], row.spec["zone"], row.through, at)
    known = _known(connection, row.name, due)
    ledger.append(connection, *_miss(connection, ledger, row.name, [one for one in due if one not in known], at))


def _miss(connection: Connection, ledger: Ledger, name: str, missed: Sequence[datetime], at: datetime) -> list[Event]:
    if not missed:
        return []
    busy = connection.execute(
        select(tick.c.started_at, tick.c.ended_at)
        .where(tick.c.schedule == name, tick.c.started_at.is_not(None), tick.c.ended_at >= missed[0])
        .order_by(tick.c.started_at)
    ).all()
    was_busy = {one for one in missed if any(row.started_at <= one <= row.ended_at for row in busy)}
    rows = [Tick(name, one, TickOutcome.MISSED, BUSY if one in was_busy else NOBODY, ended_at=at) for one in missed]
    _insert(connection, ledger, rows)
    facts = {"first": missed[0].isoformat(), "last": missed[-1].isoformat(), "count": len(missed)}
    return [Event(_KIND, name, "missed", facts=facts)]


def _insert(connection: Connection, ledger: Ledger, rows: Sequence[Tick]) -> None:
    values = [{**{name: getattr(one, name) for name in _COLUMNS}, "actor": ledger.actor} for one in rows]
    connection.execute(insert(tick), values)


def _set(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(schedule).where(schedule.c.name == name).values(**values))


def _row(connection: Connection, name: str, *, lock: bool = False) -> Row[Any] | None:
    query = select(schedule).where(schedule.c.name == name)
    return connection.execute(query.with_for_update() if lock else query).first()


def _running(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(tick).where(tick.c.schedule == name, tick.c.outcome == "running")).first()


def _known(connection: Connection, name: str, due: Sequence[datetime]) -> dict[datetime, str]:
    if not due:
        return {}
    query = select(tick.c.at, tick.c.outcome).where(tick.c.schedule == name, tick.c.at.between(due[0], due[-1]))
    return {row.at: row.outcome for row in connection.execute(query)}


def _is_dead(connection: Connection, ledger: Ledger, running: Row[Any]) -> bool:
    return running.owner is None or ledger.liveness.is_dead(running.owner, connection)


def _close_killed(connection: Connection, ledger: Ledger, running: Row[Any], at: datetime) -> None:
    here = (tick.c.schedule == running.schedule) & (tick.c.at == running.at)
    ended = update(tick).where(here).values(outcome=TickOutcome.CRASHED, reason=KILLED, ended_at=at)
    connection.execute(ended)
    facts = {"tick": running.at.isoformat(), "outcome": TickOutcome.CRASHED}
    ledger.append(connection, Event(_KIND, running.schedule, "ended", facts=facts))


# Running --------------------------------------------------------------------------------------------


def begin_by_hand(ledger: Ledger, one: Schedule, at: datetime) -> Tick:
    """A tick of this moment, because a person says so; Refused while another one is at work."""

    def change(connection: Connection) -> Tick:
        if _row(connection, one.name, lock=True) is None:
            connection.execute(insert(schedule), {"name": one.name, "spec": one.spec, "through": at})
        running = _running(connection, one.name)
        if running is not None:
            if not _is_dead(connection, ledger, running):
                raise Refused(
                    f"schedule {one.name!r} is at work since {running.started_at:%Y-%m-%d %H:%M:%S} UTC, begun by "
                    f"{running.actor} ({running.owner.partition(':')[0]}); wait for it: workbench schedule history"
                )
            _close_killed(connection, ledger, running, at)
        begun = replace(_tick_of(ledger, one, at, at), by_hand=True)
        return _begin(connection, ledger, begun)

    found: Tick = _written(ledger, change)
    return found


def note(ledger: Ledger, one: Tick, *, execution_id: str | None = None, log: str | None = None) -> Tick:
    """Keep what the tick's work can be found by, while it is at work."""
    noted = replace(one, execution_id=execution_id or one.execution_id, log=log or one.log)
    values = {"execution_id": noted.execution_id, "log": noted.log}
    ledger.write(lambda connection: connection.execute(update(tick).where(_ours(one)).values(**values)))
    return noted


def finish(ledger: Ledger, one: Tick, end: TickEnd, at: datetime) -> bool:
    """Close a tick that we began; False when another process took us for dead, and closed it."""

    def change(connection: Connection) -> bool:
        values = {"outcome": str(end.outcome), "reason": end.reason, "ended_at": at}
        if connection.execute(update(tick).where(_ours(one)).values(**values)).rowcount == 0:
            return False
        facts = {"tick": one.at.isoformat(), "outcome": str(end.outcome)}
        ledger.append(connection, Event(_KIND, one.schedule, "ended", facts=facts))
        return True

    return ledger.write(change)


def _ours(one: Tick) -> Any:
    is_at_work = (tick.c.outcome == "running") & (tick.c.owner == one.owner)
    return (tick.c.schedule == one.schedule) & (tick.c.at == one.at) & is_at_work


def error_of(ledger: Ledger, execution_id: str) -> str | None:
    """What the ledger says of a notebook's end: without a value that was refused, and without secrets."""
    with ledger.read() as connection:
        query = select(execution.c.error).where(execution.c.id == execution_id)
        found: str | None = connection.execute(query).scalar_one_or_none()
    return found


# Looking --------------------------------------------------------------------------------------------


def last_ticks(ledger: Ledger) -> dict[str, Tick]:
    """The newest tick of each schedule, by hand or not."""
    with ledger.read() as connection:
        names = connection.execute(select(schedule.c.name)).scalars().all()
        found = [_newest(connection, name) for name in names]
    return {one.schedule: one for one in found if one is not None}


def _newest(connection: Connection, name: str) -> Tick | None:
    row = connection.execute(select(tick).where(tick.c.schedule == name).order_by(_ORDER).limit(1)).first()
    return None if row is None else _tick(row)


def history(ledger: Ledger, name: str, limit: int | None = None) -> list[Tick]:
    """One entry for each tick, newest first."""
    query = select(tick).where(tick.c.schedule == name).order_by(_ORDER).limit(limit)
    with ledger.read() as connection:
        return [_tick(row) for row in connection.execute(query)]


def standing(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """{paused, through, told, notify_error} of each schedule that somebody has looked at."""
    with ledger.read() as connection:
        return {row.name: dict(row._mapping) for row in connection.execute(select(schedule))}  # noqa: SLF001


def last_ended(ledger: Ledger, name: str) -> Tick | None:
    """The newest tick that says whether it works."""
    with ledger.read() as connection:
        return _last_ended(connection, name)


def _last_ended(connection: Connection, name: str) -> Tick | None:
    said = tick.c.schedule == name, tick.c.outcome.not_in([str(one) for one in NEUTRAL])
    row = connection.execute(select(tick).where(*said).order_by(tick.c.ended_at.desc(), _ORDER).limit(1)).first()
    return None if row is None else _tick(row)


def _tick(row: Row[Any]) -> Tick:
    return Tick(**{name: getattr(row, name) for name in _COLUMNS})


# By a person's word ---------------------------------------------------------------------------------


def set_paused(ledger: Ledger, one: Schedule, at: datetime, *, paused: bool) -> bool:
    """Pause or resume; what was due meanwhile is nobody's miss. False when it was so already."""

    def change(connection: Connection) -> bool:
        row = _row(connection, one.name, lock=True)
        if row is None:
            connection.execute(insert(schedule), {"name": one.name, "spec": one.spec, "through": at, "paused": paused})
        elif row.paused == paused:
            return False
        else:
            _set(connection, one.name, paused=paused, through=at)
        ledger.append(connection, Event(_KIND, one.name, "paused" if paused else "resumed"))
        return True

    found: bool = _written(ledger, change)
    return found


# Telling --------------------------------------------------------------------------------------------


def take_news(ledger: Ledger, name: str) -> tuple[str, Tick] | None:
    """(`failed` or `recovered`, the tick) where the owner does not know it yet; it counts as told now."""

    def change(connection: Connection) -> tuple[str, Tick] | None:
        row, last = _row(connection, name, lock=True), _last_ended(connection, name)
        if row is None or last is None or last.is_bad == (row.told == _FAILED):
            return None
        _set(connection, name, told=_FAILED if last.is_bad else None)
        return (_FAILED if last.is_bad else _RECOVERED), last

    return ledger.write(change)


def note_told(ledger: Ledger, name: str, what: str, error: str | None) -> None:
    """Keep whether the owner could be told; what could not be told is tried again after the next tick."""
    undone = {} if error is None else {"told": None if what == _FAILED else _FAILED}
    ledger.write(lambda connection: _set(connection, name, notify_error=error, **undone))
