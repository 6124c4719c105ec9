"""The verbs of audit: what ran, with what, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, update

from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.schema import execution


def begin_execution(
    ledger: Ledger, execution_id: str, *, notebook: str, params: Mapping[str, Any], folder: str
) -> None:
    def change(connection: Connection) -> None:
        connection.execute(
            insert(execution),
            {
                "id": execution_id, "notebook": notebook, "params": dict(params), "outcome": "running",
                "actor": ledger.actor, "folder": folder, "started_at": now(),
            },
        )  # fmt: skip
        facts = {"notebook": notebook, "params": dict(params)}
        ledger.append(connection, Event("execution", execution_id, "started", facts=facts))

    ledger.write(change)


def end_execution(
    ledger: Ledger, execution_id: str, *, outcome: str, error: str | None, facts: Mapping[str, Any]
) -> None:
    def change(connection: Connection) -> None:
        connection.execute(
            update(execution).where(execution.c.id == execution_id).values(outcome=outcome, error=error, ended_at=now())
        )
        ledger.append(
            connection,
            Event("execution", execution_id, "ended", facts={"outcome": outcome, "error": error, **facts}),
        )

    ledger.write(change)
