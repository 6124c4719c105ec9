"""The verbs of deliveries: kept once, looked at again, staged when Bright Data no longer has the rows, retired.

`matching.py` finds the snapshot of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, case, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from workbench.collect.model import SNAPSHOT_GOOD, Snapshot, SnapshotState
from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.redaction import Texts
from workbench.db.schema import delivery, snapshot
from workbench.deliveries.matching import OPEN, ended, for_review, look_now, move_snapshot, write_status
from workbench.engine.item import to_record
from workbench.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One body that came, authenticated and stored."""

    digest: str
    intent_id: str | None
    provider_id: str | None
    sent: Mapping[str, Any]
    named: Mapping[str, str]
    status: Literal["received", "test_webhook", "error"]
    error_message: str | None = None
    file: str | None
    bytes: int
    unpacked_bytes: int


# ---- receive


def receive(ledger: Ledger, new: Arrival) -> int:
    """The delivery's id: a new one, or that of the same body again, which is only counted."""
    try:
        return ledger.write(lambda connection: _receive(ledger, connection, new))
    except IntegrityError:  # another receiver stored the same body at the same moment
        return ledger.write(lambda connection: _receive(ledger, connection, new))


def _receive(ledger: Ledger, connection: Connection, new: Arrival) -> int:
    at = now()
    known = connection.execute(select(delivery.c.id).where(delivery.c.digest == new.digest)).scalar_one_or_none()
    if known is not None:
        # The same body again is not kept again where somebody was taken out of it.
        is_whole = or_(delivery.c.file.is_(None), delivery.c.file.not_like(f"%{REST}"))
        file = case((is_whole, literal(new.file, delivery.c.file.type)), else_=delivery.c.file)
        again = {"copies": delivery.c.copies + 1, "last_at": at, "file": file}
        connection.execute(update(delivery).where(delivery.c.id == known).values(again))
        return int(known)
    is_open = new.status in OPEN
    values = {
        **asdict(new), "received_at": at, "last_at": at, "next_at": at if is_open else None,
        "processed_at": None if is_open else at,
    }  # fmt: skip
    key = connection.execute(insert(delivery).values(values)).inserted_primary_key
    delivery_id = int(key[0]) if key else 0
    facts = {"digest": new.digest, "bytes": new.bytes, "named": dict(new.named)}
    ledger.append(connection, Event("delivery", str(delivery_id), "received", None, new.status, facts))
    return delivery_id


# ---- by hand


def reopen(ledger: Ledger, delivery_id: int) -> None:
    """Judge it again, as if it had just come; a test or one that is processed stays what it is."""

    def change(connection: Connection) -> None:
        again = update(delivery).where(
            delivery.c.id == delivery_id,
            or_(delivery.c.attention.is_not(None), delivery.c.status == "unmatched", delivery.c.next_at.is_not(None)),
        )
        connection.execute(again.values(status="unmatched", attention=None, looks=0, next_at=now()))

    ledger.write(change)


def wake(ledger: Ledger, delivery_id: int) -> None:
    """Say "look now" once more to the snapshot of a matched delivery."""

    def change(connection: Connection) -> None:
        matched = select(delivery.c.snapshot).where(delivery.c.id == delivery_id)
        item = connection.execute(select(snapshot.c.id, snapshot.c.state).where(snapshot.c.id.in_(matched))).first()
        if item is not None and item.state == SnapshotState.TRIGGERED:
            look_now(connection, item.id)

    ledger.write(change)


# ---- staged from the kept body, and retired


def take_body(ledger: Ledger, delivery_id: int, raw: Mapping[str, Any]) -> None:
    """Expired → downloaded: the raw file was made from the kept body of this delivery."""

    def change(connection: Connection) -> None:
        row = connection.execute(select(delivery).where(delivery.c.id == delivery_id).with_for_update()).one()
        item = connection.execute(select(snapshot).where(snapshot.c.id == row.snapshot).with_for_update()).one()
        reason = f"Bright Data no longer has it; the rows are those of delivery {delivery_id}"
        to, values = SnapshotState.DOWNLOADED, {"raw": dict(raw)}
        move_snapshot(ledger, connection, item, to, reason=reason, delivery_id=delivery_id, values=values)
        write_status(ledger, connection, row, "processed", ended(reason))

    ledger.write(change)


def refuse_body(ledger: Ledger, delivery_id: int, why: str) -> None:
    """The kept body could not be staged."""

    def change(connection: Connection) -> None:
        row = connection.execute(select(delivery).where(delivery.c.id == delivery_id).with_for_update()).one()
        write_status(ledger, connection, row, "processing_error", for_review(why))

    ledger.write(change)


def retirable(ledger: Ledger, before: datetime) -> list[tuple[int, str]]:
    """(id, file) of the bodies that nobody needs any more: processed before then, their snapshot's rows in."""
    good = snapshot.c.state.in_([str(state) for state in SNAPSHOT_GOOD])
    query = (
        select(delivery.c.id, delivery.c.file)
        .join(snapshot, delivery.c.snapshot == snapshot.c.id, isouter=True)
        .where(delivery.c.file.is_not(None), delivery.c.attention.is_(None), delivery.c.processed_at < before)
        .where(or_(delivery.c.snapshot.is_(None), good))
    )
    with ledger.read() as connection:
        return [(int(row.id), str(row.file)) for row in connection.execute(query)]


def unclaimed(ledger: Ledger, before: datetime) -> list[tuple[int, str]]:
    """(id, file) of all other bodies that came last before then: unmatched, in review, of a snapshot without rows."""
    query = select(delivery.c.id, delivery.c.file).where(delivery.c.file.is_not(None), delivery.c.last_at < before)
    with ledger.read() as connection:
        return [(int(row.id), str(row.file)) for row in connection.execute(query)]


def retire(ledger: Ledger, delivery_ids: Iterable[int], *, why: str | None = None) -> None:
    """Their bodies are to be removed; what is known about them stays. With `why`, nobody needs to look at them."""
    ids = list(delivery_ids)
    over = {"error_message": why, "attention": None, "next_at": None} if why else {}

    def change(connection: Connection) -> None:
        connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(file=None, **over))
        ledger.append(connection, *(Event("delivery", str(one), "retired", facts={"reason": why}) for one in ids))

    if ids:
        ledger.write(change)


# ---- forgotten


REST: Final = ".rest.body"  # ends the name of what is left of a body
TEXTS: Final[Texts] = {delivery: ("sent", "named", "hint", "error_message")}


def keep_rest(ledger: Ledger, delivery_id: int, file: str) -> None:
    """What is left of a body out of which somebody was taken."""
    mine = update(delivery).where(delivery.c.id == delivery_id)
    ledger.write(lambda connection: connection.execute(mine.values(file=file)))


def kept_bodies(ledger: Ledger) -> list[dict[str, Any]]:
    """Deliveries whose bodies are kept, with the sources that their snapshots asked."""
    query = select(delivery.c.id, delivery.c.file, snapshot.c.source_ids)
    query = query.join(snapshot, delivery.c.snapshot == snapshot.c.id, isouter=True).where(delivery.c.file.is_not(None))
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query.order_by(delivery.c.id)).mappings()]


# ---- questions


def due(ledger: Ledger, limit: int = 200) -> list[dict[str, Any]]:
    """Open deliveries to be looked at now, oldest first."""
    query = select(delivery).where(delivery.c.next_at <= now()).order_by(delivery.c.next_at, delivery.c.id).limit(limit)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def deliveries(ledger: Ledger, *, status: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """Newest first, with what Bright Data and we call the snapshot of each."""
    query = _told().order_by(delivery.c.id.desc())
    if status is not None:
        query = query.where(delivery.c.status == status)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


SORTS: Final = ("delivery_id", "snapshot_id", "status", "bytes", "copies", "received_at")


def page(
    ledger: Ledger, *, status: str | None, text: str, sort: str, descending: bool, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """A part of what came, and how many there are of it."""
    query = _told()
    if status is not None:
        query = query.where(delivery.c.status == status)
    said = (
        delivery.c.provider_id,
        snapshot.c.provider_id,
        delivery.c.error_message,
        delivery.c.status,
        delivery.c.hint,
    )
    for word in text.lower().split():
        query = query.where(or_(*(func.lower(column).contains(word, autoescape=True) for column in said)))
    by = {
        "snapshot_id": func.coalesce(snapshot.c.provider_id, delivery.c.provider_id), "status": delivery.c.status,
        "bytes": delivery.c.bytes, "copies": delivery.c.copies, "received_at": delivery.c.received_at,
    }.get(sort, delivery.c.id)  # fmt: skip
    order = (by.desc() if descending else by, delivery.c.id.desc())
    with ledger.read() as connection:
        total = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
        rows = connection.execute(query.order_by(*order).limit(limit).offset(offset)).mappings().all()
    return [dict(row) for row in rows], total


def counts(ledger: Ledger) -> dict[str, int]:
    """How many came to each status."""
    query = select(delivery.c.status, func.count()).group_by(delivery.c.status).order_by(delivery.c.status)
    with ledger.read() as connection:
        return {str(status): int(number) for status, number in connection.execute(query).all()}


def mark(ledger: Ledger) -> tuple[int, int, str]:
    """Changes whenever the list may: also when the same body came again, or one was looked at."""
    told = (func.coalesce(func.max(delivery.c.id), 0), func.coalesce(func.sum(delivery.c.copies), 0))
    with ledger.read() as connection:
        newest, copies = connection.execute(select(*told)).one()
        states = connection.execute(select(delivery.c.status, func.count()).group_by(delivery.c.status)).all()
    return int(newest), int(copies), str(sorted((str(status), int(number)) for status, number in states))


def one_delivery(ledger: Ledger, delivery_id: int) -> dict[str, Any]:
    with ledger.read() as connection:
        row = connection.execute(_told().where(delivery.c.id == delivery_id)).mappings().first()
    if row is None:
        raise BadInput(f"there is no delivery {delivery_id}; workbench deliveries list shows the ids.")
    return dict(row)


def by_digest(ledger: Ledger, digest: str) -> int | None:
    with ledger.read() as connection:
        found = connection.execute(select(delivery.c.id).where(delivery.c.digest == digest)).scalar_one_or_none()
    return None if found is None else int(found)


def in_review(ledger: Ledger) -> list[dict[str, Any]]:
    """Deliveries that wait for a person, oldest first."""
    query = _told().where(delivery.c.attention.is_not(None)).order_by(delivery.c.id)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def snapshot_of(ledger: Ledger, delivery_id: int) -> Snapshot:
    """The snapshot of a matched delivery, as steps know it."""
    query = select(snapshot).join(delivery, delivery.c.snapshot == snapshot.c.id).where(delivery.c.id == delivery_id)
    with ledger.read() as connection:
        found = to_record("snapshot", connection.execute(query).mappings().one())
    assert isinstance(found, Snapshot)  # noqa: S101 - for the type checker
    return found


def unfinished(ledger: Ledger) -> list[str]:
    """Ids at Bright Data of the snapshots that are not at rest, the longest due first."""
    query = select(snapshot.c.provider_id).where(snapshot.c.next_at.is_not(None), snapshot.c.provider_id.is_not(None))
    with ledger.read() as connection:
        return [str(one) for one in connection.execute(query.order_by(snapshot.c.next_at, snapshot.c.id)).scalars()]


def has_work(ledger: Ledger) -> bool:
    query = select(snapshot.c.id).where(snapshot.c.next_at.is_not(None)).limit(1)
    with ledger.read() as connection:
        return connection.execute(query).first() is not None


def _told() -> Any:
    known_as = func.coalesce(snapshot.c.provider_id, delivery.c.provider_id).label("snapshot_id")
    return select(delivery, known_as, snapshot.c.state.label("snapshot_state")).join(
        snapshot, delivery.c.snapshot == snapshot.c.id, isouter=True
    )
