"""Claim an item, record what its step yields, let it go: the only way that work changes state.

Every write checks the fencing token and renews the lease. A claim found with an owner means that the owner died: if
it was armed, the act may have happened and the item is `unsure`; three crashes quarantine it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Table, and_, bindparam, func, or_, select, update

from workbench.errors import Fenced
from workbench.ledger.chain import Event
from workbench.ledger.clock import boot_id, boot_time, now
from workbench.ledger.owners import boot_of
from workbench.ledger.records import Claim, Flow, Item, Move, Snapshot, Step
from workbench.ledger.states import STATES, Attention
from workbench.ledger.store import Ledger
from workbench.ledger.tables import ITEMS, storable

MOST_CRASHES: Final = 3
NO_PROGRESS: Final[Mapping[str, None]] = dict.fromkeys(
    ("progress_done", "progress_total", "progress_text", "progress_at")
)
RECORDS: Final[dict[str, type[Item]]] = {"snapshot": Snapshot}


@dataclass(frozen=True)
class Claimed:
    """Items alike, claimed together for one step."""

    state: Any
    claims: tuple[Claim, ...]
    items: tuple[Item, ...]


def to_record(kind: str, row: Mapping[Any, Any]) -> Item:
    record = RECORDS[kind]
    states = {"state": _state_of(kind, row["state"])}
    if row.get("attention"):
        states["attention"] = Attention(row["attention"])
    values = {f.name: row[f.name] for f in fields(record) if f.name in row} | states
    for name in ("inputs", "source_ids"):
        if name in values:
            values[name] = tuple(values[name])
    return record(**values)


def _state_of(kind: str, text: str) -> Any:
    return STATES[kind](text)


class Claims:
    """Claims of one process, for all its threads."""

    def __init__(self, ledger: Ledger, *, lease_time: timedelta) -> None:
        self._ledger = ledger
        self.lease_time = lease_time

    # claiming -----------------------------------------------------------------------------------

    def take(self, flow: Flow) -> Claimed | None:
        """The oldest due item of `flow` (and up to `Step.together` alike), or None when nothing is due now."""
        if self.oldest_free(flow) is None:
            return None  # a read: idle workers do not queue up for the write lock
        return self._ledger.write(lambda connection: self._take(connection, flow))

    def oldest_free(self, flow: Flow) -> datetime | None:
        """Since when the oldest item of `flow` is due that nobody living works on."""
        with self._ledger.read() as connection:
            row = connection.execute(_oldest_due(flow.kind, tuple(flow.steps)), self._who_and_when(connection, flow))
            first = row.first()
        return None if first is None else first.next_at

    def next_due(self, flow: Flow) -> float | None:
        """Seconds until the next item of `flow` is due (0 or less: now); None when everything rests.

        An item that somebody works on is due: it may come back.
        """
        table = ITEMS[flow.kind]
        query = select(func.min(table.c.next_at)).where(
            table.c.state.in_([str(state) for state in flow.steps]), table.c.next_at.is_not(None)
        )
        with self._ledger.read() as connection:
            first = connection.execute(query).scalar_one()
        return None if first is None else float((first - now()).total_seconds())

    def _who_and_when(self, connection: Connection, flow: Flow) -> dict[str, Any]:
        """What `_oldest_due` compares with: now, and which of those who hold items are dead, here, elsewhere."""
        is_dead = self._ledger.liveness.is_dead
        holders = connection.execute(_holders(flow.kind)).scalars().all()
        dead = {one for one in holders if is_dead(one, connection)}
        here = {one for one in holders if boot_of(one) == boot_id()} - dead
        away = {*holders} - dead - here
        return {"at": now(), "boot": boot_time(), "dead": [*dead], "here": [*here], "away": [*away]}

    def _take(self, connection: Connection, flow: Flow) -> Claimed | None:
        table = ITEMS[flow.kind]
        events: list[Event] = []
        claimed = None
        while claimed is None and (row := self._first_free(connection, flow)) is not None:
            if row.lease_owner is None or self._survives(connection, table, flow, row, events):
                claimed = self._claim_alike(connection, flow, row)
        self._ledger.append(connection, *events)
        return claimed

    def _first_free(self, connection: Connection, flow: Flow) -> Row[Any] | None:
        query = _oldest_due(flow.kind, tuple(flow.steps), lock=True)
        return connection.execute(query, self._who_and_when(connection, flow)).first()

    def _claim_alike(self, connection: Connection, flow: Flow, row: Row[Any]) -> Claimed:
        state = _state_of(flow.kind, row.state)
        step = flow.steps[state]
        rows = [row, *self._alike(connection, flow, row, step)]
        claims = tuple(self._claim(connection, flow, step, one) for one in rows)
        items = tuple(to_record(flow.kind, {**one._mapping, **_tries(step, one)}) for one in rows)  # noqa: SLF001 - public
        return Claimed(state, claims, items)

    @staticmethod
    def _alike(connection: Connection, flow: Flow, row: Row[Any], step: Step) -> Sequence[Row[Any]]:
        if not step.is_group or row.crashes or row.lease_owner is not None:
            return ()  # after a crash an item goes alone, so that a poisonous one shows itself
        table = ITEMS[flow.kind]
        same = [table.c[name].is_not_distinct_from(getattr(row, name)) for name in step.by]
        query = select(table).where(
            table.c.next_at <= now(),
            table.c.lease_owner.is_(None),
            table.c.state == row.state,
            table.c.crashes == 0,
            table.c.id != row.id,
            *same,
        )
        ordered = query.order_by(table.c.next_at, table.c.id).limit(step.together - 1)
        return connection.execute(ordered.with_for_update(skip_locked=True, key_share=True)).all()

    def _survives(self, connection: Connection, table: Table, flow: Flow, row: Row[Any], events: list[Event]) -> bool:
        """Deal with an owner that died holding `row`; False when the item is not to be worked on now."""
        crashes = row.crashes + 1
        events.append(Event(flow.kind, str(row.id), "crashed", row.state, row.state, {"owner": row.lease_owner}))
        if row.armed:
            is_over = self._ledger.liveness.is_dead(row.lease_owner, connection)
            events.extend(self._give_up_act(connection, table, flow, row, timedelta() if is_over else flow.longest_act))
            return False
        if crashes >= MOST_CRASHES:
            reason = f"the worker died {crashes} times while working on it in state {row.state}"
            end = Move(to=flow.quarantined, reason=reason, attention=Attention.REVIEW)
            events.append(self._give_up(connection, table, flow, row, end))
            return False
        return True

    def _give_up_act(
        self, connection: Connection, table: Table, flow: Flow, row: Row[Any], after: timedelta
    ) -> list[Event]:
        """All items of an act that nobody can answer for become unsure together."""
        reason = "the worker stopped between the order and its answer: it may have happened"
        end = Move(to=flow.unsure, reason=reason, attention=Attention.RECONCILE, after=after)
        act = table.c.act_id == row.act_id if row.act_id else table.c.id == row.id
        query = select(table).where(act, table.c.armed.is_(True)).order_by(table.c.id).with_for_update(key_share=True)
        return [self._give_up(connection, table, flow, one, end) for one in connection.execute(query).all()]

    @staticmethod
    def _give_up(connection: Connection, table: Table, flow: Flow, row: Row[Any], end: Move) -> Event:
        """Move an item whose owner died, and the event that says so."""
        at = now()
        connection.execute(
            update(table)
            .where(table.c.id == row.id)
            .values(
                state=str(end.to), attention=end.attention, reason=end.reason, state_at=at, attempts=0, armed=False,
                next_at=at + (end.after or timedelta()) if end.to in flow.steps else None, lease_owner=None,
                lease_token=table.c.lease_token + 1,
                crashes=table.c.crashes + 1,
                **NO_PROGRESS,
            )
        )  # fmt: skip
        facts = {"reason": end.reason} | ({"intent_id": row.intent_id} if row.armed else {})
        return Event(flow.kind, str(row.id), "moved", row.state, str(end.to), facts)

    def _claim(self, connection: Connection, flow: Flow, step: Step, row: Row[Any]) -> Claim:
        table = ITEMS[flow.kind]
        until = boot_time() + self.lease_time.total_seconds()
        values = {
            "lease_owner": self._ledger.liveness.me, "lease_token": row.lease_token + 1,
            "lease_until": now() + self.lease_time, "lease_until_boot": until, **_tries(step, row),
        }  # fmt: skip
        connection.execute(update(table).where(table.c.id == row.id).values(values))
        return Claim(flow.kind, row.id, row.lease_token + 1, until)

    # holding ------------------------------------------------------------------------------------

    def check(self, connection: Connection, claim: Claim, **values: Any) -> None:
        """Set `values` and renew the lease, or raise Fenced when the item is no longer ours."""
        table = ITEMS[claim.kind]
        values = {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
        changed = connection.execute(
            update(table)
            .where(
                table.c.id == claim.item_id,
                table.c.lease_token == claim.token,
                table.c.lease_owner == self._ledger.liveness.me,
            )
            .values(
                {
                    "lease_until": now() + self.lease_time,
                    "lease_until_boot": boot_time() + self.lease_time.total_seconds(),
                    **values,
                }
            )
        )
        if changed.rowcount != 1:
            raise Fenced(f"{claim.kind} {claim.item_id} was taken over by another worker; nothing was written.")

    def renew(self, claims: Sequence[Claim]) -> None:
        """The heartbeat: keeps leases that are still ours; a lost one shows at the next write."""

        def change(connection: Connection) -> None:
            for claim in claims:
                table = ITEMS[claim.kind]
                connection.execute(
                    update(table)
                    .where(table.c.id == claim.item_id, table.c.lease_token == claim.token)
                    .where(table.c.lease_until_boot > boot_time())  # an overslept lease is not revived
                    .values(
                        lease_until=now() + self.lease_time,
                        lease_until_boot=boot_time() + self.lease_time.total_seconds(),
                    )
                )

        if claims and self._ledger.is_still_alive():
            self._ledger.write(change)

    def remaining(self, claim: Claim) -> float:
        """Seconds of lease left by the boot-time clock; negative once it is over or no longer ours."""
        table = ITEMS[claim.kind]
        query = select(table.c.lease_until_boot).where(table.c.id == claim.item_id, table.c.lease_token == claim.token)
        with self._ledger.read() as connection:
            until = connection.execute(query).scalar_one_or_none()
        return -1.0 if until is None else float(until) - boot_time()

    def release(self, claims: Sequence[Claim], *, after: timedelta | None = None, uncount: bool = False) -> None:
        """Let items go without a move; due `after` from now (or as they were), optionally not counting the try."""

        def change(connection: Connection) -> None:
            for claim in claims:
                table = ITEMS[claim.kind]
                values: dict[str, Any] = {"lease_owner": None}
                if after is not None:
                    values["next_at"] = now() + after
                if uncount:
                    values["attempts"] = table.c.attempts - 1
                connection.execute(
                    update(table)
                    .where(table.c.id == claim.item_id, table.c.lease_token == claim.token, table.c.armed.is_(False))
                    .values(values)
                )

        self._ledger.write(change)


def _tries(step: Step, row: Row[Any]) -> dict[str, int]:
    """Counted at the claim, so that a step that kills its process is counted too."""
    return {
        "attempts": row.attempts + (1 if step.counts else 0),
        "crashes": row.crashes + (1 if row.lease_owner is not None else 0),
    }


# Made once, since making a statement costs more than running it.


@functools.cache
def _holders(kind: str) -> Select[Any]:
    owner = ITEMS[kind].c.lease_owner
    return select(owner).where(owner.is_not(None)).distinct()


@functools.cache
def _oldest_due(kind: str, states: tuple[StrEnum, ...], *, lock: bool = False) -> Select[Any]:
    """The oldest due item held by nobody, by a dead owner, or by one who slept past the end of the lease."""
    item = ITEMS[kind].c
    free = or_(
        item.lease_owner.is_(None),
        item.lease_owner.in_(bindparam("dead", expanding=True)),
        and_(item.lease_owner.in_(bindparam("here", expanding=True)), item.lease_until_boot <= bindparam("boot")),
        # The boot clock of another machine says nothing here.
        and_(item.lease_owner.in_(bindparam("away", expanding=True)), item.lease_until <= bindparam("at")),
    )
    due = and_(item.state.in_([str(state) for state in states]), item.next_at <= bindparam("at"))
    query = select(ITEMS[kind] if lock else item.next_at).where(due, free).order_by(item.next_at, item.id).limit(1)
    return query.with_for_update(skip_locked=True, key_share=True) if lock else query
