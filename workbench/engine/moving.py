"""What people and apps do to an item outside of a lease, in their own transaction: move it, or let it go on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, update

from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.schema import ITEMS
from workbench.engine.item import KINDS
from workbench.engine.transitions import check_legal, told


def is_held(ledger: Ledger, connection: Connection, row: RowMapping) -> bool:
    """Whether a living worker is at it."""
    return row["lease_owner"] is not None and not ledger.liveness.is_dead(row["lease_owner"], connection)


def move(
    ledger: Ledger,
    connection: Connection,
    kind: str,
    row: Mapping[Any, Any],
    to: StrEnum,
    *,
    reason: str,
    what: str = "moved",
    values: Mapping[str, Any] = MappingProxyType({}),
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Move an item that nobody living holds; it begins there anew, and at once."""
    check_legal(kind, row["state"], to)
    item, at, goes_on = ITEMS[kind], now(), KINDS[kind].states(to).info.goes_on
    new = {
        "state": str(to), "state_at": at, "next_at": at if goes_on else None, "attention": None,
        "reason": storable(reason), "attempts": 0, "crashes": 0, "looks": 0, "armed": False, "act_id": None,
        "lease_owner": None, "lease_token": item.c.lease_token + 1, **values,
    }  # fmt: skip
    connection.execute(update(item).where(item.c.id == row["id"]).values(new))
    said = {"reason": reason, **told(kind, values), **facts}
    ledger.append(connection, Event(kind, str(row["id"]), what, row["state"], str(to), said))


def let_go_on(ledger: Ledger, connection: Connection, kind: str, row: RowMapping, **values: Any) -> None:
    """Make an item due where it is, which waits for a person there."""
    item = ITEMS[kind]
    new = {"attention": None, "next_at": now(), "attempts": 0, "crashes": 0, **values}
    connection.execute(update(item).where(item.c.id == row["id"]).values(new))
    ledger.append(connection, Event(kind, str(row["id"]), "woken", row["state"], row["state"]))
