"""The verbs of audit: what ran, with what, how it comes along, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.schema import execution, named_lock

RUNNING: Final = "running"
UNSEALED: Final = "unsealed"  # it ended, and its report could not be written; the next process that looks tries again
_FORGOTTEN: Final = timedelta(days=1)  # of one that names no owner: a process older than owners began it


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


def left_behind(ledger: Ledger) -> Sequence[Row[Any]]:
    """What is called running and whose process is gone, and what could not be sealed."""
    query = select(execution).where(execution.c.outcome.in_([RUNNING, UNSEALED])).order_by(execution.c.started_at)
    with ledger.read() as connection:
        return [row for row in connection.execute(query).all() if _is_left(ledger, connection, row)]


def _is_left(ledger: Ledger, connection: Connection, row: Row[Any]) -> bool:
    if row.outcome == UNSEALED:
        return True
    if row.owner is None:
        return bool(now() - row.started_at > _FORGOTTEN)
    return ledger.liveness.is_dead(row.owner, connection)


def executed_under(ledger: Ledger, lock: str) -> Row[Any] | None:
    """The execution that holds the lock: its id is the lock's note."""
    query = select(execution).join(named_lock, named_lock.c.note == execution.c.id).where(named_lock.c.name == lock)
    with ledger.read() as connection:
        return connection.execute(query).first()
