"""Which snapshot a delivery is for, and what that does: one transaction, with its events.

A matched delivery says "look now" to its snapshot and does nothing else, except where it proves what we could not
know: that a trigger whose answer was lost was accepted, under this id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, func, or_, select, update

from workbench.collect.model import SNAPSHOT_GOOD, SnapshotState
from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.schema import delivery, snapshot, spend
from workbench.engine.item import Attention
from workbench.engine.leases import NO_PROGRESS
from workbench.engine.moving import move
from workbench.errors import BadInput, Refused

OPEN: Final = ("received", "test_webhook", "unmatched")
_OF_BODY: Final = ("json_error", "file_url_error")
_OVER: Final = frozenset({*SNAPSHOT_GOOD, SnapshotState.FAILED, SnapshotState.CANCELED})
_LOST: Final = (SnapshotState.UNSURE, SnapshotState.PLANNED)
# A delivery can beat our own commit by moments, and an adoption of old snapshots by hours.
_LOOK_FOR: Final = timedelta(hours=24)
_LONGEST_GAP: Final = timedelta(minutes=15)

Verdict = Literal["processed", "test_processed", "json_error", "file_url_error"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the body turned out to be; `verdict` is the delivery's status once its snapshot is found."""

    verdict: Verdict
    error_message: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)  # place → candidate
    vouched: tuple[str, ...] = ()  # ids that Bright Data itself gives, well-formed
    hint: str | None = None


def match(ledger: Ledger, delivery_id: int, reading: Reading) -> str:
    """Find the snapshot of an open delivery and tell it; the delivery's status afterwards."""

    def change(connection: Connection) -> str:
        row = connection.execute(select(delivery).where(delivery.c.id == delivery_id).with_for_update()).first()
        if row is None:
            raise BadInput(f"there is no delivery {delivery_id}; workbench deliveries list shows the ids.")
        return _Matching(ledger, connection, row, reading).run() if is_open(row) else str(row.status)

    return ledger.write(change)


def is_open(row: Any) -> bool:
    """Whether its snapshot is still to be found or told; a broken body is called so from the first look on."""
    return row.status in OPEN or row.next_at is not None


@dataclass(frozen=True)
class _Found:
    """The snapshot that a delivery is for, or why nobody can say so."""

    snapshot: Row[Any] | None = None
    by_token: bool = False
    problem: str | None = None


class _Matching:
    """One look at one delivery."""

    def __init__(self, ledger: Ledger, connection: Connection, row: Row[Any], reading: Reading) -> None:
        self._ledger, self._connection, self._row, self._reading = ledger, connection, row, reading
        self._named = {**row.named, **reading.named}
        known = [row.provider_id] if row.provider_id else []
        self._vouched = tuple(dict.fromkeys([*known, *reading.vouched]))
        self._told: dict[str, Any] = {"named": self._named, "hint": reading.hint, "looks": row.looks + 1}

    def run(self) -> str:
        if self._reading.verdict == "test_processed":
            return self._end("test_processed", None)
        found = self._find()
        self._told["provider_id"] = self._vouched[0] if len(self._vouched) == 1 else self._row.provider_id
        self._told["snapshot"] = found.snapshot.id if found.snapshot is not None else None
        if found.problem:
            return self._review(self._own_word or "unmatched", found.problem)
        if found.snapshot is None:
            return self._look_again("no snapshot that we know is named in it")
        return self._tell(found.snapshot, by_token=found.by_token)

    # which --------------------------------------------------------------------------------------

    def _find(self) -> _Found:
        token = self._row.intent_id
        values = {one for one in (token, *self._named.values(), *self._vouched) if one}
        query = select(snapshot).where(or_(snapshot.c.provider_id.in_(values), snapshot.c.intent_id.in_(values)))
        rows = self._connection.execute(query.with_for_update()).all() if values else []
        ours = next((one for one in rows if token and one.intent_id == token), None)
        if len(rows) > 1:
            names = ", ".join(_name(one) for one in rows)
            return _Found(ours, problem=f"its places name different snapshots: {names}")
        if ours is not None:
            return _Found(ours, by_token=True, problem=self._contradiction(ours))
        if rows:
            return _Found(rows[0])
        return _Found(problem=self._earlier_order(token)) if token else _Found()

    def _contradiction(self, ours: Row[Any]) -> str | None:
        """Our token, but Bright Data's own name for it is another than the one that we know."""
        others = [one for one in self._vouched if ours.provider_id not in (None, one)]
        if not others and (ours.provider_id is not None or len(self._vouched) < 2):  # noqa: PLR2004 - "several"
            return None
        theirs = " and ".join(others or self._vouched)
        return f"Bright Data calls it {theirs}, by our token it is {_name(ours)}: maybe paid twice"

    def _earlier_order(self, token: str) -> str | None:
        """A token that a snapshot had before it was sent again: then two collections of it were accepted."""
        query = select(spend.c.item_id).where(spend.c.intent_id == token, spend.c.item_kind == "snapshot").limit(1)
        item_id = self._connection.execute(query).scalar_one_or_none()
        return None if item_id is None else f"it is for an earlier order of snapshot {item_id}: maybe paid twice"

    # what that does -----------------------------------------------------------------------------

    def _tell(self, item: Row[Any], *, by_token: bool) -> str:
        """Wake the snapshot, and end the delivery with what that came to."""
        state = SnapshotState(item.state)
        if state is SnapshotState.TRIGGERED:
            look_now(self._connection, item.id)
        elif state is SnapshotState.EXPIRED:
            command = f"workbench deliveries replay {self._row.id}"
            return self._review("processing_error", f"Bright Data no longer has the rows; take these: {command}")
        elif state is SnapshotState.STALLED:
            if item.lease_owner is not None:
                return self._look_again("a worker is at its snapshot")
            self._move(item, f"delivery {self._row.id} came: it is finished at Bright Data", {})
        elif item.provider_id is None and state not in _OVER:
            if not self._adopted(item, by_token=by_token):
                return self._look_again("its snapshot has no id at Bright Data yet")
        elif state in _OVER and self._reading.verdict == "processed" and self._has_other(item):
            return self._end("duplicate", f"the snapshot is {state} already")
        return self._end(self._reading.verdict, self._reading.error_message)

    def _adopted(self, item: Row[Any], *, by_token: bool) -> bool:
        """Adopt the id that a delivery under our token brings; False while that is not ours to write, or not proved."""
        provider_id = self._told["provider_id"]
        is_held = item.armed or item.lease_owner is not None
        if is_held or not by_token or not provider_id or item.state not in _LOST:
            return False
        reason = f"delivery {self._row.id} came under its token: the trigger was accepted"
        self._move(item, reason, {"provider_id": provider_id, "triggered_at": now()})
        return True

    def _move(self, item: Row[Any], reason: str, values: Mapping[str, Any]) -> None:
        move_snapshot(
            self._ledger, self._connection, item, SnapshotState.TRIGGERED,
            reason=reason, delivery_id=self._row.id, values=values,
        )  # fmt: skip

    def _has_other(self, item: Row[Any]) -> bool:
        query = select(func.count()).where(
            delivery.c.snapshot == item.id, delivery.c.id != self._row.id, delivery.c.processed_at.is_not(None)
        )
        return bool(self._connection.execute(query).scalar_one())

    # the delivery's own row ---------------------------------------------------------------------

    def _look_again(self, why: str) -> str:
        """Later, for a day; then a person decides."""
        at = now()
        own, is_over = self._own_word, at - self._row.received_at > _LOOK_FOR
        told = f"{why}, for {_LOOK_FOR.total_seconds() / 3600:.0f} hours" if is_over else why
        said = "; ".join(one for one in (self._reading.error_message if own or is_over else None, told) if one)
        if is_over:
            return self._review(own or "unmatched", said)
        status = own or ("unmatched" if self._told["snapshot"] is None else "received")
        gap = min(_LONGEST_GAP, timedelta(seconds=2 ** min(self._row.looks, 20)))
        self._write(status, {"error_message": said, "next_at": at + gap})
        return status

    @property
    def _own_word(self) -> str | None:
        """What its body is called, whoever it is for; None of one that is as it should be."""
        return self._reading.verdict if self._reading.verdict in _OF_BODY else None

    def _review(self, status: str, why: str) -> str:
        self._write(status, for_review(why))
        return status

    def _end(self, status: str, why: str | None) -> str:
        self._write(status, ended(why))
        return status

    def _write(self, status: str, values: Mapping[str, Any]) -> None:
        write_status(self._ledger, self._connection, self._row, status, {**self._told, **values})


def _name(row: Row[Any]) -> str:
    return str(row.provider_id or f"our number {row.id}")


def for_review(why: str) -> dict[str, Any]:
    return {"error_message": why, "attention": str(Attention.REVIEW), "next_at": None}


def ended(why: str | None) -> dict[str, Any]:
    return {"error_message": why, "attention": None, "next_at": None, "processed_at": now()}


def write_status(ledger: Ledger, connection: Connection, row: Row[Any], status: str, values: Mapping[str, Any]) -> None:
    plain = {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
    connection.execute(update(delivery).where(delivery.c.id == row.id).values(**plain, status=status))
    if status != row.status or plain.get("attention") != row.attention:
        facts = {"reason": plain.get("error_message"), "snapshot": plain.get("snapshot", row.snapshot)}
        ledger.append(connection, Event("delivery", str(row.id), "judged", row.status, status, facts))


def look_now(connection: Connection, snapshot_id: int) -> None:
    """Due at once; while a worker looks this moment, once more after that: it may have asked too early."""
    at = now()
    waits = (snapshot.c.next_at > at) | (snapshot.c.next_at.is_not(None) & snapshot.c.lease_owner.is_not(None))
    connection.execute(update(snapshot).where(snapshot.c.id == snapshot_id, waits).values(next_at=at))


def move_snapshot(
    ledger: Ledger,
    connection: Connection,
    item: Row[Any],
    to: SnapshotState,
    *,
    reason: str,
    delivery_id: int,
    values: Mapping[str, Any],
) -> None:
    """Move a snapshot that nobody holds, for what a delivery proves."""
    if item.lease_owner is not None:
        raise Refused(f"a worker is at snapshot {item.id} right now; try again in a moment.")
    values, facts = {**NO_PROGRESS, **values}, {"delivery_id": delivery_id}
    move(ledger, connection, "snapshot", item._asdict(), to, reason=reason, values=values, facts=facts)
