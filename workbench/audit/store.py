"""The verbs of audit: what ran, with what, how it came along and ended; the chain of seals; what is looked through."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Text, delete, insert, or_, select, type_coerce, update

from workbench.audit.verify_archive import Events
from workbench.db import event_log
from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.redaction import Texts
from workbench.db.schema import chain_head, event, execution, execution_text, named_lock, seal
from workbench.files import canonical

RUNNING: Final = "running"
UNSEALED: Final = "unsealed"  # it ended, and its report could not be written; the next process that looks tries again
_FORGOTTEN: Final = timedelta(days=1)  # of one that names no owner: a process older than owners began it


TEXTS: Final[Texts] = {
    execution: ("params", "error", "key", "cell", "effects"),
    execution_text: ("parameters", "text"),
}


def begin_execution(
    ledger: Ledger,
    execution_id: str,
    *,
    notebook: str,
    params: Mapping[str, Any],
    folder: str,
    key: str | None = None,
    cells_total: int | None = None,
) -> None:
    """Enter it as running, owned by this process."""

    def change(connection: Connection) -> None:
        at = now()
        connection.execute(
            insert(execution),
            {
                "id": execution_id, "notebook": notebook, "params": dict(params), "outcome": RUNNING,
                "actor": ledger.actor, "folder": folder, "started_at": at, "key": key,
                "owner": ledger.liveness.me, "heartbeat_at": at, "cells_run": 0, "cells_total": cells_total,
            },
        )  # fmt: skip
        facts = {"notebook": notebook, "params": dict(params)}
        ledger.append(connection, Event("execution", execution_id, "started", facts=facts))

    ledger.write(change)


def end_execution(
    ledger: Ledger, execution_id: str, *, outcome: str, error: str | None, facts: Mapping[str, Any]
) -> None:
    counted = {name: facts[name] for name in ("cells_run", "cells_total") if name in facts}

    def change(connection: Connection) -> None:
        values = {"outcome": outcome, "error": error, "ended_at": now(), "cell": None, **counted}
        connection.execute(update(execution).where(execution.c.id == execution_id).values(**values))
        ledger.append(
            connection,
            Event("execution", execution_id, "ended", facts={"outcome": outcome, "error": error, **facts}),
        )

    ledger.write(change)


def beat(ledger: Ledger, execution_id: str, seen: Mapping[str, Any]) -> None:
    """A sign of life, with what is `seen` of its progress: cells_run, cells_total, cell."""
    query = update(execution).where(execution.c.id == execution_id, execution.c.outcome == RUNNING)
    ledger.write(lambda connection: connection.execute(query.values(heartbeat_at=now(), **seen)))


def is_to_stop(ledger: Ledger, execution_id: str) -> bool:
    """Whether somebody asked for its end, or took us for dead and closed it."""
    row = find_execution(ledger, execution_id)
    return row is None or row.cancel_asked_at is not None or row.outcome != RUNNING


def ask_to_stop(ledger: Ledger, execution_id: str) -> None:
    query = update(execution).where(
        execution.c.id == execution_id, execution.c.outcome == RUNNING, execution.c.cancel_asked_at.is_(None)
    )

    def change(connection: Connection) -> None:
        if connection.execute(query.values(cancel_asked_at=now())).rowcount:
            ledger.append(connection, Event("execution", execution_id, "cancel_asked"))

    ledger.write(change)


def find_execution(ledger: Ledger, execution_id: str) -> Row[Any] | None:
    with ledger.read() as connection:
        return connection.execute(select(execution).where(execution.c.id == execution_id)).first()


def left_behind(ledger: Ledger, lease: timedelta) -> Sequence[Row[Any]]:
    """What is called running and whose process is gone, and what could not be sealed.

    Of another machine that lost its power or its network, a database may take hours to notice; there the `lease` since
    the last heartbeat decides. Who lives after all finds the execution closed, ends it, and says how.
    """
    query = select(execution).where(execution.c.outcome.in_([RUNNING, UNSEALED])).order_by(execution.c.started_at)
    with ledger.read() as connection:
        return [row for row in connection.execute(query).all() if _is_left(ledger, connection, row, lease)]


def _is_left(ledger: Ledger, connection: Connection, row: Row[Any], lease: timedelta) -> bool:
    if row.outcome == UNSEALED:
        return True
    if row.owner is None:
        return bool(now() - row.started_at > _FORGOTTEN)
    if ledger.liveness.is_dead(row.owner, connection):
        return True
    is_silent = now() - (row.heartbeat_at or row.started_at) > lease
    return is_silent and not ledger.liveness.is_here(row.owner)


def executed_under(ledger: Ledger, lock: str) -> Row[Any] | None:
    """The execution that holds the lock: its id is the lock's note."""
    query = select(execution).join(named_lock, named_lock.c.note == execution.c.id).where(named_lock.c.name == lock)
    with ledger.read() as connection:
        return connection.execute(query).first()


# the chain ----------------------------------------------------------------------------------------


def begin_seal(ledger: Ledger, row: Mapping[str, Any]) -> None:
    """Say what is about to be sealed; one that is killed now is brought to its end by the next."""
    ledger.write(lambda connection: connection.execute(insert(seal), {**row, "begun_at": now()}))


def finish_seal(
    ledger: Ledger, row: Mapping[str, Any], *, found: Mapping[str, Any] | None, taken_over: bool = False
) -> None:
    """Say that it is sealed, in the log of events too; `found`: what a search and a reader ask of the execution."""
    facts = {name: row[name] for name in ("sequence", "kind", "place", "manifest", "previous")}

    def change(connection: Connection) -> None:
        connection.execute(update(seal).where(seal.c.sequence == row["sequence"]).values(sealed_at=now()))
        if found is not None:
            _note_found(connection, row["execution_id"], found)
        more = {"taken_over": True} if taken_over else {}
        ledger.append(connection, Event("seal", row["execution_id"], "sealed", facts={**facts, **more}))

    ledger.write(change)


def note_found(ledger: Ledger, execution_id: str, found: Mapping[str, Any]) -> None:
    ledger.write(lambda connection: _note_found(connection, execution_id, found))


def _note_found(connection: Connection, execution_id: str, found: Mapping[str, Any]) -> None:
    connection.execute(delete(execution_text).where(execution_text.c.execution_id == execution_id))
    text = {"parameters": found["parameters"], "text": storable(found["text"])}
    connection.execute(insert(execution_text), {"execution_id": execution_id, **text})
    values = {"effects": found["effects"], "cost_micro_usd": found["cost_micro_usd"]}
    connection.execute(update(execution).where(execution.c.id == execution_id).values(values))


def drop_seal(ledger: Ledger, sequence: int) -> None:
    """Take back what was about to be sealed and never was."""
    gone = delete(seal).where(seal.c.sequence == sequence, seal.c.sealed_at.is_(None))
    ledger.write(lambda connection: connection.execute(gone))


def seals(ledger: Ledger, *, execution_id: str | None = None) -> list[dict[str, Any]]:
    """The links of the chain, oldest first; all, or those of an execution."""
    query = select(seal).order_by(seal.c.sequence)
    if execution_id is not None:
        query = query.where(seal.c.execution_id == execution_id)
    return _rows(ledger, query)


def last_seal(ledger: Ledger) -> dict[str, Any] | None:
    return next(iter(_rows(ledger, select(seal).order_by(seal.c.sequence.desc()).limit(1))), None)


def unfinished_seals(ledger: Ledger) -> list[dict[str, Any]]:
    """Those of a sealer, or of a remover, that was killed."""
    is_open = or_(seal.c.sealed_at.is_(None), seal.c.removes.is_not(None) & seal.c.removed_at.is_(None))
    return _rows(ledger, select(seal).where(is_open).order_by(seal.c.sequence))


def places_since(ledger: Ledger, place: str) -> set[str]:
    with ledger.read() as connection:
        return set(connection.execute(select(seal.c.place).where(seal.c.place >= place)).scalars())


def finish_removal(ledger: Ledger, sequence: int, execution_id: str) -> None:
    """The report that a tombstone signs off is gone: nothing of what it said is kept."""

    def change(connection: Connection) -> None:
        connection.execute(update(seal).where(seal.c.sequence == sequence).values(removed_at=now()))
        connection.execute(delete(execution_text).where(execution_text.c.execution_id == execution_id))

    ledger.write(change)


def has_event(ledger: Ledger, seq: int, digest: str) -> bool:
    query = select(event.c.hash).where(event.c.seq == seq)
    with ledger.read() as connection:
        return connection.execute(query).scalar() == digest


def events(ledger: Ledger) -> Events:
    """The log of events for the verifier, of one moment, as it is stored."""
    with ledger.read() as connection:
        head = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
        waiting = connection.execute(select(seal.c.sequence, seal.c.manifest).where(seal.c.sealed_at.is_(None)))
        rows = event_log.as_stored(connection)
        return Events(ledger.ledger_id, rows, (head.seq, head.hash), {one.sequence: one.manifest for one in waiting})


def _spellings(value: str) -> set[str]:
    """What a value that a person wrote may be in the canonical JSON of the parameters."""
    found = {canonical(value), *({"null"} if value.lower() == "none" else ())}
    if value.lower() in ("true", "false"):
        found.add(value.lower())
    with contextlib.suppress(ValueError, RecursionError):
        found.add(canonical(json.loads(value)))
    return found


# questions ----------------------------------------------------------------------------------------


def _rows(ledger: Ledger, query: Any) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def kept_reports(ledger: Ledger) -> list[dict[str, Any]]:
    """Every execution: id, folder, outcome, params."""
    query = select(execution.c.id, execution.c.folder, execution.c.outcome, execution.c.params)
    return _rows(ledger, query.order_by(execution.c.started_at))


def execution_ids(ledger: Ledger, beginning: str) -> list[str]:
    """Ids of executions that begin so, newest first."""
    query = select(execution.c.id).where(execution.c.id.startswith(beginning, autoescape=True))
    with ledger.read() as connection:
        return list(connection.execute(query.order_by(execution.c.started_at.desc())).scalars())


def get_execution(ledger: Ledger, execution_id: str) -> dict[str, Any]:
    return _rows(ledger, select(execution).where(execution.c.id == execution_id))[0]


def find(
    ledger: Ledger,
    text: str = "",
    *,
    notebook: str = "",
    outcome: str = "",
    since: datetime | None = None,
    parameters: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Executions with what was kept of them, newest first; by parameters perhaps too many: the caller looks."""
    query = select(execution, execution_text.c.parameters, *([execution_text.c.text] if text else [])).outerjoin(
        execution_text, execution_text.c.execution_id == execution.c.id
    )
    is_file = ledger.engine.dialect.name == "sqlite"

    def has(column: Any, part: str) -> ColumnElement[bool]:
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"
        # SQLite's LIKE knows no case of A to Z; what SQLAlchemy spells ILIKE there would copy every text first.
        like = column.like if is_file else column.ilike
        found: ColumnElement[bool] = like(pattern, escape="\\")
        return found

    if text:
        query = query.where(
            or_(*(has(one, text) for one in (execution_text.c.text, execution.c.error, execution.c.id)))
        )
    if notebook:
        query = query.where(has(execution.c.notebook, notebook))
    if outcome:
        query = query.where(execution.c.outcome == outcome)
    if since is not None:
        query = query.where(execution.c.started_at >= since)
    for name, value in (parameters or {}).items():
        spelt = type_coerce(execution_text.c.parameters, Text)
        query = query.where(or_(*(has(spelt, f"{canonical(name)}:{one}") for one in _spellings(value))))
    return _rows(ledger, query.order_by(execution.c.started_at.desc(), execution.c.id.desc()))
