"""What happened to an item, and whether the log holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from workbench.db import event_log
from workbench.db.ledger import Ledger
from workbench.db.schema import (
    event,
)


def broken_at(ledger: Ledger) -> int | None:
    with ledger.read() as connection:
        return event_log.broken_at(connection)


def story(ledger: Ledger, kind: str, item_id: str) -> list[dict[str, Any]]:
    """All recorded moves of one item, oldest first."""
    query = select(event).where(event.c.item_kind == kind, event.c.item_id == item_id).order_by(event.c.seq)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def has_happened(ledger: Ledger, kind: str, item_id: str, what: str) -> bool:
    """Whether the log says so of an item."""
    query = select(event.c.seq).where(event.c.item_kind == kind, event.c.item_id == item_id, event.c.what == what)
    with ledger.read() as connection:
        return connection.execute(query.limit(1)).first() is not None
