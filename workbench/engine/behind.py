"""A ledger that is older than the world: found out by the journal, remembered per dataset and account until compared.

The journal's last line names an event of a ledger by number and hash. A ledger that has no such event was put back, or
is new; one that a backup brought says so itself; one whose file is another than before was moved, or is a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from workbench.db.clock import now
from workbench.db.columns import from_text, storable, to_text
from workbench.db.journal import UNDONE, Entry, Journal
from workbench.db.ledger import Ledger, read_meta, set_meta
from workbench.db.schema import (
    ITEMS,
    account,
    behind,
    chain_head,
    event,
    lost_act,
)
from workbench.engine.flow import Intent
from workbench.engine.item import Item, Lease, to_record

ALL: Final = "*"
# How the reason begins of what waits because the ledger may be older than the world.
WAITS: Final = "nothing was sent: this ledger may not know all that was done"
WHY: Final[Mapping[str, str]] = {
    "restored": "it was brought back from a backup",
    "rolled_back": "an older file was put back",
    "new": "it is new beside an old journal",
    "moved": "its home was moved, or is a copy",
}
_READ: Final = "journal_read"
_PLACE: Final = "place"


@dataclass(frozen=True, kw_only=True)
class LostAct:
    """An act that the journal knows and the ledger does not."""

    intent_id: str
    at: datetime
    mark: str | None = None  # by which the other side shows it as ours


# what is written into the journal ---------------------------------------------------------------------


def entries(ledger: Ledger, connection: Connection, leases: Sequence[Lease], order: Intent) -> list[Entry]:
    """What the journal is to say of an act, in the transaction that commits its intent."""
    head = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
    told = [_told(connection, lease) for lease in leases]
    reserve = sum(one.reserved_micro_usd() for one in order.writes)
    return [
        Entry(
            ledger_id=ledger.ledger_id, mode=ledger.mode, seq=head.seq, hash=head.hash, intent_id=order.intent_id,
            reserve=reserve, at=to_text(now()), **one,
        )
        for one in told
    ]  # fmt: skip


def undone(ledger: Ledger, connection: Connection, leases: Sequence[Lease]) -> list[Entry]:
    """The proof that the latest act of `leases` did not happen."""
    head = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
    found = []
    for lease in leases:
        item = ITEMS[lease.kind].c
        intent_id = connection.execute(select(item.intent_id).where(item.id == lease.item_id)).scalar_one()
        told = {**_told(connection, lease), "kind": UNDONE}
        stamp = {"ledger_id": ledger.ledger_id, "mode": ledger.mode, "seq": head.seq, "hash": head.hash}
        found.append(Entry(**stamp, **told, intent_id=intent_id, at=to_text(now())))
    return found


def adopted(connection: Connection, lease: Lease, name: str) -> None:
    """What the journal alone knew is known again: the item has it, as `name` at the other side."""
    told = _told(connection, lease)
    found(connection, told["scope"], told["key"], name)


def _told(connection: Connection, lease: Lease) -> dict[str, Any]:
    """Kind, scope, key and mark of an item."""
    table = ITEMS[lease.kind]
    row = connection.execute(select(table).where(table.c.id == lease.item_id)).mappings().one()
    item = to_record(lease.kind, row)
    mark = {"mark": item.act_mark} if item.act_mark is not None else {}
    return {"kind": lease.kind, "scope": scope_of_item(connection, item), "key": item.act_key, **mark}


def scope_of_item(connection: Connection, item: Item) -> str:
    """Where at the other side its act is done: a dataset, an account."""
    return item.act_scope or scope_of_account(connection, item.account_id)


def scope_of_account(connection: Connection, account_id: int | None) -> str:
    query = select(account.c.channel, account.c.label).where(account.c.id == account_id)
    return scope_of(connection.execute(query).one())


def scope_of(row: Any) -> str:
    """Of an account: by channel and label, since another ledger may number it otherwise."""
    return f"{row.channel}:{row.label}"[:200]


# finding out ------------------------------------------------------------------------------------------


def find_out(ledger: Ledger, journal: Journal, file: Path | None) -> bool:
    """Compare the ledger with the journal beside it, and with where its `file` lay; whether it fell behind since."""
    _mind_place(ledger, file)
    return mind_journal(ledger, journal)


def mind_journal(ledger: Ledger, journal: Journal) -> bool:
    """Whether the journal has acts that nobody had noticed as lost; they are kept, and their scopes are behind."""
    last = journal.last()
    if last is None or _knows(ledger, last):
        return False
    size = journal.size()
    read = int(read_meta(ledger, _READ) or 0)
    if read == size:
        return False
    lost: dict[tuple[str, str], Entry] = {}
    over: set[tuple[str, str]] = set()
    for one in journal.entries(read if read < size else 0):
        if one.mode != ledger.mode or _knows(ledger, one):
            continue
        if one.kind == UNDONE:
            over.add((one.intent_id, one.key))
        else:
            lost[one.intent_id, one.key] = one
    found = [one for name, one in lost.items() if name not in over]

    def change(connection: Connection) -> None:
        for intent_id, key in over:
            mine = (lost_act.c.intent_id == intent_id) & (lost_act.c.key == key)
            connection.execute(delete(lost_act).where(mine))
        known = {tuple(row) for row in connection.execute(select(lost_act.c.intent_id, lost_act.c.key))}
        rows = [_row(one) for one in found if (one.intent_id, one.key) not in known]
        if rows:
            connection.execute(insert(lost_act), rows)
        for scope, is_ours in {one.scope: one.ledger_id == ledger.ledger_id for one in found}.items():
            _mark(connection, scope, "rolled_back" if is_ours else "new")
        set_meta(connection, _READ, str(size))

    ledger.write(change)
    return bool(found)


def _row(one: Entry) -> dict[str, Any]:
    return {
        "intent_id": one.intent_id[:64], "key": one.key[:64], "item_kind": one.kind, "scope": one.scope[:200],
        "mark": one.mark, "micro_usd": one.reserve, "at": from_text(one.at),
    }  # fmt: skip


def _knows(ledger: Ledger, one: Entry) -> bool:
    if one.ledger_id != ledger.ledger_id:
        return False
    with ledger.read() as connection:
        found = connection.execute(select(event.c.hash).where(event.c.seq == one.seq)).scalar_one_or_none()
    return found == one.hash


def _mind_place(ledger: Ledger, file: Path | None) -> None:
    """A copy cannot tell itself from the original. What was planned before is looked for with more care."""
    if file is None:
        return
    status = file.stat()
    place = f"{status.st_dev}:{status.st_ino}"
    before = read_meta(ledger, _PLACE)
    if before == place:
        return

    def change(connection: Connection) -> None:
        if before is not None:
            _mark(connection, ALL, "moved")
        set_meta(connection, _PLACE, place)

    ledger.write(change)


def mark(ledger: Ledger, why: str, scope: str = ALL) -> None:
    """Remember that the ledger may not know what happened since."""
    ledger.write(lambda connection: _mark(connection, scope, why))


def _mark(connection: Connection, scope: str, why: str) -> None:
    found = connection.execute(select(behind.c.why).where(behind.c.scope == scope)).first()
    if found is None:
        connection.execute(insert(behind), {"scope": scope, "why": why, "since": now()})
        return
    # Moved is the least of it: what was found out before is not forgotten for it.
    stays = why == "moved" and found.why not in (None, "moved")
    values = {"since": now(), "compared_at": None, **({} if stays else {"why": why})}
    connection.execute(update(behind).where(behind.c.scope == scope).values(values))


# asking -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Behind:
    """Since when, and why, the ledger may not know what is at the other side of `scope`."""

    scope: str
    why: str
    since: datetime
    waits: str | None = None

    @property
    def words(self) -> str:
        return f"{WHY.get(self.why, self.why)} at {self.since:%Y-%m-%d %H:%M} UTC"


def of(connection: Connection, scope: str, *, before_compared: bool = True) -> Behind | None:
    """Why the ledger is behind in `scope`; None once it was compared (or, without `before_compared`, ever since)."""
    query = select(behind).where(behind.c.scope.in_([scope, ALL]))
    rows = {row.scope: row for row in connection.execute(query)}
    causes = [row for row in rows.values() if row.why is not None and row.since is not None]
    if not causes:
        return None
    worst = max(causes, key=lambda row: (row.why != "moved", row.since))
    latest = max(row.since for row in causes)
    own = rows.get(scope)
    if before_compared and own is not None and own.compared_at is not None and own.compared_at >= latest:
        return None
    return Behind(scope, worst.why, latest, own.waits if own is not None else None)


def compared(ledger: Ledger, scope: str, *, at: datetime | None = None) -> None:
    """The other side of `scope` was read whole, and nothing of it is in doubt any more."""
    values = {"compared_at": at or now(), "waits": None}

    def change(connection: Connection) -> None:
        if connection.execute(update(behind).where(behind.c.scope == scope).values(values)).rowcount == 0:
            connection.execute(insert(behind), {"scope": scope, **values})

    ledger.write(change)


def wait_for_person(ledger: Ledger, scope: str, why: str) -> None:
    """Only a person can say what is at the other side of `scope`."""
    values = {"waits": storable(why)}

    def change(connection: Connection) -> None:
        if connection.execute(update(behind).where(behind.c.scope == scope).values(values)).rowcount == 0:
            connection.execute(insert(behind), {"scope": scope, **values})

    ledger.write(change)


def scopes(ledger: Ledger) -> list[Behind]:
    """Every dataset and account that is behind; `*` for all others, until everything was compared by hand.

    A ledger that was moved alone is not told: it compares without a word.
    """
    with ledger.read() as connection:
        names = [str(one) for one in connection.execute(select(behind.c.scope).order_by(behind.c.scope)).scalars()]
        found = [one for name in names if (one := of(connection, name)) is not None]
    return [one for one in found if one.why != "moved" or one.waits]


def lost(connection: Connection, scope: str, key: str) -> list[LostAct]:
    """Acts with this key that the journal knows and nothing at the other side was found for yet; newest first."""
    mine = and_(lost_act.c.scope == scope, lost_act.c.key == key, lost_act.c.found_as.is_(None))
    rows = connection.execute(select(lost_act).where(mine).order_by(lost_act.c.at.desc())).all()
    return [LostAct(intent_id=row.intent_id, at=row.at, mark=row.mark) for row in rows]


def lost_scopes(ledger: Ledger) -> set[str]:
    """Datasets and accounts of acts that the journal knows and the ledger does not."""
    with ledger.read() as connection:
        return set(connection.execute(select(lost_act.c.scope).distinct()).scalars())


def found(connection: Connection, scope: str, key: str, name: str) -> None:
    """One lost act is no longer: the other side has it as `name`, and so has the ledger."""
    for one in lost(connection, scope, key)[-1:]:
        mine = (lost_act.c.intent_id == one.intent_id) & (lost_act.c.key == key)
        connection.execute(update(lost_act).where(mine).values(found_as=name[:200]))


def lost_spend(connection: Connection, *, since: datetime | None = None, dataset_id: str | None = None) -> int:
    """Micro-dollars that the journal has reserved and no ledger accounts for: they count as spent."""
    query = select(func.coalesce(func.sum(lost_act.c.micro_usd), 0)).where(
        lost_act.c.item_kind == "snapshot", lost_act.c.found_as.is_(None)
    )
    if since is not None:
        query = query.where(lost_act.c.at >= since)
    if dataset_id is not None:
        query = query.where(lost_act.c.scope == dataset_id)
    return int(connection.execute(query).scalar_one())


def was_decided(connection: Connection, kind: str, item_id: int, states: Iterable[str]) -> bool:
    """Whether a person said that the item is not at the other side, and is to be sent."""
    decided = and_(event.c.item_kind == kind, event.c.item_id == str(item_id), event.c.what == "decided")
    to = or_(*(event.c.to_state == state for state in states))
    return connection.execute(select(event.c.seq).where(decided, to).limit(1)).first() is not None
