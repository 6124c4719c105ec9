"""Money in the ledger: reserve before an act, settle by what was delivered, release what did not happen.

Append-only, whole micro-dollars, unique per item, intent and kind: writing the same thing twice is refused by the
database, not by us.
"""

from __future__ import annotations

import json
import uuid
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from workbench.budget.model import Money, PaidBefore
from workbench.db.clock import now
from workbench.db.schema import ITEMS, meta, spend
from workbench.engine.behind import adopted
from workbench.engine.item import Lease

OVERRUN: Final = "overrun:"  # and the snapshot's number: it cost more than was reserved, and nobody has agreed to it


def _write(connection: Connection, lease: Lease, intent_id: str, kind: str, money: Money) -> None:
    connection.execute(
        insert(spend),
        {
            "item_kind": lease.kind, "item_id": lease.item_id, "intent_id": intent_id, "kind": kind,
            "micro_usd": money.micro_usd, "records": money.records, "at": now(),
        },
    )  # fmt: skip


def _intent(connection: Connection, lease: Lease) -> str | None:
    table = ITEMS[lease.kind]
    found: str | None = connection.execute(select(table.c.intent_id).where(table.c.id == lease.item_id)).scalar_one()
    return found


def _kinds(connection: Connection, lease: Lease, intent_id: str) -> dict[str, Money]:
    query = select(spend).where(
        spend.c.item_kind == lease.kind, spend.c.item_id == lease.item_id, spend.c.intent_id == intent_id
    )
    return {row.kind: Money(row.micro_usd, row.records) for row in connection.execute(query)}


def reserve(connection: Connection, lease: Lease, intent_id: str, money: Money) -> None:
    _write(connection, lease, intent_id, "reserve", money)


def adopt(connection: Connection, lease: Lease, paid: PaidBefore) -> None:
    """Money that another ledger's order has cost is held under a name of its own; the journal's line is answered."""
    table = ITEMS[lease.kind]
    intent_id = f"adopted:{uuid.uuid4().hex}"
    connection.execute(update(table).where(table.c.id == lease.item_id).values(intent_id=intent_id))
    reserve(connection, lease, intent_id, paid.money)
    adopted(connection, lease, paid.found_as)


def release_open(connection: Connection, lease: Lease) -> None:
    """Give back the reserve of the item's intent, once; nothing when there is none or it was settled."""
    intent_id = _intent(connection, lease)
    if intent_id is None:
        return
    kinds = _kinds(connection, lease, intent_id)
    if "reserve" in kinds and not kinds.keys() & {"settle", "release"}:
        held = kinds["reserve"]
        _write(connection, lease, intent_id, "release", Money(-held.micro_usd, -held.records))


def settle(connection: Connection, lease: Lease, actual: Money, *, corrects: bool = False) -> None:
    """What it really cost: the reserve is given back and the actual cost stands. Once; a reprocess changes nothing.

    `corrects`: the rows came once more from the vendor, and what was settled by those of before is set right.
    """
    intent_id = _intent(connection, lease)
    if intent_id is None:
        return
    kinds = _kinds(connection, lease, intent_id)
    if "settle" in kinds:
        so_far = sum(each.micro_usd for each in kinds.values()), sum(each.records for each in kinds.values())
        more = Money(actual.micro_usd - so_far[0], actual.records - so_far[1])
        if corrects and (more.micro_usd or more.records):
            number = sum(kind.startswith("correct") for kind in kinds) + 1
            _write(connection, lease, intent_id, f"correct{number}", more)
        return
    held = kinds.get("reserve", Money(0, 0)) if "release" not in kinds else Money(0, 0)
    change = Money(actual.micro_usd - held.micro_usd, actual.records - held.records)
    _write(connection, lease, intent_id, "settle", change)
    if change.micro_usd > 0 and "reserve" in kinds:
        said, key = {"reserved": held.micro_usd, "settled": actual.micro_usd}, f"{OVERRUN}{lease.item_id}"
        connection.execute(delete(meta).where(meta.c.key == key))  # of an earlier order of it
        connection.execute(insert(meta), {"key": key, "value": json.dumps(said)})


def balance(connection: Connection, kind: str, item_id: int) -> int:
    """Micro-dollars that the item has cost or may still cost."""
    query = select(func.coalesce(func.sum(spend.c.micro_usd), 0)).where(
        spend.c.item_kind == kind, spend.c.item_id == item_id
    )
    return int(connection.execute(query).scalar_one())
