"""Lease an item, record what its step yields, let it go: the only way that work changes state.

Every write checks the fencing token and renews the lease. A lease found with an owner means that the owner died: if
it was armed, the act may have happened and the item is `unsure`; three crashes quarantine it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from workbench.db.clock import boot_id, boot_time, now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.liveness import boot_of
from workbench.db.schema import ITEMS, account, named_lock
from workbench.engine.flow import Flow, Move, Step
from workbench.engine.item import KINDS, Attention, Item, Lease, to_record
from workbench.engine.locks import ACCOUNT, is_lock_held, lease_end, lock_of_account, take_lock
from workbench.errors import Fenced

MOST_CRASHES: Final = 3
NO_PROGRESS: Final[Mapping[str, None]] = dict.fromkeys(
    ("progress_done", "progress_total", "progress_text", "progress_at")
)


@dataclass(frozen=True)
class LeasedItems:
    """Items alike, leased together for one step."""

    state: Any
    leases: tuple[Lease, ...]
    items: tuple[Item, ...]


class Leases:
    """Leases of one process, for all its threads."""

    def __init__(self, ledger: Ledger, *, lease_time: timedelta) -> None:
        self._ledger = ledger
        self.lease_time = lease_time
        self._flowing: set[str] = set()  # kinds whose last look found an item: the next is taken without asking first

    # leasing -----------------------------------------------------------------------------------

    def take(self, flow: Flow) -> LeasedItems | None:
        """The oldest due item of `flow` (and up to `Step.max_items` alike), or None when nothing is due now."""
        if flow.kind not in self._flowing and self.oldest_free(flow) is None:
            return None  # a read: idle workers do not queue up for the write lock
        leased = self._ledger.write(lambda connection: self._take(connection, flow))
        (self._flowing.add if leased else self._flowing.discard)(flow.kind)
        return leased

    def oldest_free(self, flow: Flow) -> datetime | None:
        """Since when the oldest item of `flow` is due that nobody living works on."""
        with self._ledger.read() as connection:
            first = connection.execute(_oldest_due(*_of(flow)), self._who_and_when(connection, flow)).first()
        return None if first is None else first.next_at

    def next_due(self, flow: Flow) -> float | None:
        """Seconds until the next item of `flow` is due (0 or less: now); None when everything rests.

        An item that somebody works on is due: it may come back. One whose account is paused rests.
        """
        with self._ledger.read() as connection:
            first = connection.execute(_next_due(*_of(flow))).scalar_one()
        return None if first is None else float((first - now()).total_seconds())

    def _who_and_when(self, connection: Connection, flow: Flow) -> dict[str, Any]:
        """What `_oldest_due` compares with: now, and which of those who hold items are dead, here, elsewhere."""
        is_dead = self._ledger.liveness.is_dead
        holders = connection.execute(_holders(flow.kind)).scalars().all()
        dead = {one for one in holders if is_dead(one, connection)}
        here = {one for one in holders if boot_of(one) == boot_id()} - dead
        away = {*holders} - dead - here
        found = {"at": now(), "boot": boot_time(), "dead": [*dead], "here": [*here], "away": [*away]}
        return {**found, "busy": [*self._busy(connection)]} if flow.page_states else found

    def _busy(self, connection: Connection) -> set[int]:
        """The accounts whose lock somebody living holds."""
        query = select(named_lock).where(named_lock.c.name.startswith(ACCOUNT), named_lock.c.owner.is_not(None))
        rows = connection.execute(query).all()
        return {int(row.name.removeprefix(ACCOUNT)) for row in rows if is_lock_held(connection, self._ledger, row)}

    def _take(self, connection: Connection, flow: Flow) -> LeasedItems | None:
        table = ITEMS[flow.kind]
        events: list[Event] = []
        leased = None
        while leased is None and (row := self._first_free(connection, flow)) is not None:
            if row.lease_owner is None or self._survives(connection, table, flow, row, events):
                leased = self._lease_alike(connection, flow, row)
                if leased is None:
                    break  # another process took the lock this moment
        self._ledger.append(connection, *events)
        return leased

    def _first_free(self, connection: Connection, flow: Flow) -> Row[Any] | None:
        query = _oldest_due(*_of(flow), lock=True)
        return connection.execute(query, self._who_and_when(connection, flow)).first()

    def _lease_alike(self, connection: Connection, flow: Flow, row: Row[Any]) -> LeasedItems | None:
        state = KINDS[flow.kind].states(row.state)
        step = flow.steps[state]
        lock = self._lock_account(connection, row.account_id) if step.on_page else 0
        if lock is None:
            return None
        whose = row.account_id if step.on_page else None
        rows = [row, *self._alike(connection, flow, row, step)]
        taken = (self._lease(connection, flow, step, one) for one in rows)
        leases = tuple(replace(one, account_id=whose, lock_token=lock) for one in taken)
        items = tuple(to_record(flow.kind, {**one._mapping, **_tries(step, one)}) for one in rows)  # noqa: SLF001 - public
        return LeasedItems(state, leases, items)

    def _lock_account(self, connection: Connection, account_id: int) -> int | None:
        """The token of the account's lock, which is free as far as we saw; None when it is not any more."""
        # The account's row is the lock: two who come at once would both find no lock yet.
        connection.execute(select(account.c.id).where(account.c.id == account_id).with_for_update()).one()
        return take_lock(connection, self._ledger, lock_of_account(account_id), note="work", lease_time=self.lease_time)

    def leave_page(self, leases: Sequence[Lease]) -> None:
        """The page is closed: others may open one of the same account."""
        if leases and leases[0].account_id is not None:
            mine = _lock(leases[0])
            self._ledger.write(lambda connection: connection.execute(update(named_lock).where(mine).values(owner=None)))

    @staticmethod
    def _alike(connection: Connection, flow: Flow, row: Row[Any], step: Step) -> Sequence[Row[Any]]:
        if not step.is_group or row.crashes or row.lease_owner is not None:
            return ()  # after a crash an item goes alone, so that a poisonous one shows itself
        table = ITEMS[flow.kind]
        same = [table.c[name].is_not_distinct_from(getattr(row, name)) for name in step.group_by]
        query = select(table).where(
            table.c.next_at <= now(),
            table.c.lease_owner.is_(None),
            table.c.state == row.state,
            table.c.crashes == 0,
            table.c.id != row.id,
            *same,
        )
        ordered = query.order_by(table.c.next_at, table.c.id).limit(step.max_items - 1)
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
                **({"error_type": "uncertain_submit"} if row.armed and "error_type" in table.c else {}),
                **NO_PROGRESS,
            )
        )  # fmt: skip
        facts = {"reason": end.reason} | ({"intent_id": row.intent_id} if row.armed else {})
        return Event(flow.kind, str(row.id), "moved", row.state, str(end.to), facts)

    def _lease(self, connection: Connection, flow: Flow, step: Step, row: Row[Any]) -> Lease:
        until = boot_time() + self.lease_time.total_seconds()
        values = {
            "lease_owner": self._ledger.liveness.me, "lease_token": row.lease_token + 1,
            "lease_until": now() + self.lease_time, "lease_until_boot": until, **_tries(step, row),
        }  # fmt: skip
        connection.execute(_numbered(flow.kind), {**values, "its_id": row.id})
        return Lease(flow.kind, row.id, row.lease_token + 1, until)

    # holding ------------------------------------------------------------------------------------

    def check(self, connection: Connection, lease: Lease, **values: Any) -> None:
        """Set `values` and renew the lease, or raise Fenced when the item is no longer ours."""
        plain: dict[str, Any] = {
            "lease_until": now() + self.lease_time,
            "lease_until_boot": boot_time() + self.lease_time.total_seconds(),
            **{name: storable(value) if isinstance(value, str) else value for name, value in values.items()},
        }
        computed = {name: plain.pop(name) for name, value in values.items() if isinstance(value, ColumnElement)}
        query = _held(lease.kind)
        holder = {"its_id": lease.item_id, "its_token": lease.token, "its_owner": self._ledger.liveness.me}
        changed = connection.execute(query.values(computed) if computed else query, plain | holder)
        if changed.rowcount != 1:
            raise Fenced(f"{lease.kind} {lease.item_id} was taken over by another worker; nothing was written.")
        if lease.account_id is not None:
            mine = (_lock(lease)) & (named_lock.c.owner == self._ledger.liveness.me)
            if connection.execute(update(named_lock).where(mine).values(**lease_end(self.lease_time))).rowcount != 1:
                raise Fenced(f"the lock of account {lease.account_id} was taken over; nothing was written.")

    def renew(self, leases: Sequence[Lease]) -> None:
        """The heartbeat: keeps leases that are still ours; a lost one shows at the next write."""

        def change(connection: Connection) -> None:
            for lease in leases:
                table = ITEMS[lease.kind]
                connection.execute(
                    update(table)
                    .where(table.c.id == lease.item_id, table.c.lease_token == lease.token)
                    .where(table.c.lease_until_boot > boot_time())  # an overslept lease is not revived
                    .values(
                        lease_until=now() + self.lease_time,
                        lease_until_boot=boot_time() + self.lease_time.total_seconds(),
                    )
                )
                if lease.account_id is not None:
                    awake = named_lock.c.until_boot > boot_time()
                    connection.execute(
                        update(named_lock).where(_lock(lease), awake).values(**lease_end(self.lease_time))
                    )

        if leases and self._ledger.is_still_alive():
            self._ledger.write(change)

    def remaining(self, lease: Lease) -> float:
        """Seconds of lease left by the boot-time clock; negative once it is over or no longer ours."""
        table = ITEMS[lease.kind]
        query = select(table.c.lease_until_boot).where(table.c.id == lease.item_id, table.c.lease_token == lease.token)
        with self._ledger.read() as connection:
            until = connection.execute(query).scalar_one_or_none()
            if until is not None and lease.account_id is not None:
                lock = connection.execute(select(named_lock.c.until_boot).where(_lock(lease))).scalar_one_or_none()
                until = None if lock is None else min(until, lock)
        return -1.0 if until is None else float(until) - boot_time()

    def release(self, leases: Sequence[Lease], *, after: timedelta | None = None, uncount: bool = False) -> None:
        """Let items go without a move; due `after` from now (or as they were), optionally not counting the try."""

        def change(connection: Connection) -> None:
            for lease in leases:
                table = ITEMS[lease.kind]
                values: dict[str, Any] = {"lease_owner": None}
                if after is not None:
                    values["next_at"] = now() + after
                if uncount:
                    values["attempts"] = table.c.attempts - 1
                connection.execute(
                    update(table)
                    .where(table.c.id == lease.item_id, table.c.lease_token == lease.token, table.c.armed.is_(False))
                    .values(values)
                )

        self._ledger.write(change)


def _tries(step: Step, row: Row[Any]) -> dict[str, int]:
    """Counted at the lease, so that a step that kills its process is counted too."""
    return {
        "attempts": row.attempts + (1 if step.retry.counts else 0),
        "crashes": row.crashes + (1 if row.lease_owner is not None else 0),
    }


# Made once, since making a statement costs more than running it.


@functools.cache
def _numbered(kind: str) -> Update:
    """One item by its number; what is set comes with the execution."""
    return update(ITEMS[kind]).where(ITEMS[kind].c.id == bindparam("its_id"))


@functools.cache
def _held(kind: str) -> Update:
    """The same, while it is held under this token."""
    item = ITEMS[kind].c
    return _numbered(kind).where(item.lease_token == bindparam("its_token"), item.lease_owner == bindparam("its_owner"))


@functools.cache
def _holders(kind: str) -> Select[Any]:
    owner = ITEMS[kind].c.lease_owner
    return select(owner).where(owner.is_not(None)).distinct()


def _of(flow: Flow) -> tuple[str, tuple[StrEnum, ...], tuple[StrEnum, ...], tuple[StrEnum, ...]]:
    return flow.kind, tuple(flow.steps), flow.page_states, flow.act_states


@functools.cache
def _oldest_due(
    kind: str,
    states: tuple[StrEnum, ...],
    page_states: tuple[StrEnum, ...],
    act_states: tuple[StrEnum, ...],
    *,
    lock: bool = False,
) -> Select[Any]:
    """The oldest due item held by nobody, by a dead owner, or by one who slept past the end of the lease.

    Where its step works in a lock: of an account that may work now, and whose lock is free.
    """
    item = ITEMS[kind].c
    free = or_(
        item.lease_owner.is_(None),
        item.lease_owner.in_(bindparam("dead", expanding=True)),
        and_(item.lease_owner.in_(bindparam("here", expanding=True)), item.lease_until_boot <= bindparam("boot")),
        # The boot clock of another machine says nothing here.
        and_(item.lease_owner.in_(bindparam("away", expanding=True)), item.lease_until <= bindparam("at")),
    )
    due = and_(item.state.in_([str(state) for state in states]), item.next_at <= bindparam("at"))
    if page_states:
        works = select(account.c.id).where(_may_work(), account.c.id.not_in(bindparam("busy", expanding=True)))
        paced = works.where(or_(account.c.not_before.is_(None), account.c.not_before <= bindparam("at")))
        may_open_page = and_(
            or_(item.state.not_in([str(state) for state in page_states]), item.account_id.in_(works)),
            or_(item.state.not_in([str(state) for state in act_states]), item.account_id.in_(paced)),
        )
        # What a dead owner left armed is no work in a lock: it becomes unsure.
        due = and_(due, or_(item.armed.is_(True), may_open_page))
    query = select(ITEMS[kind] if lock else item.next_at).where(due, free).order_by(item.next_at, item.id).limit(1)
    return query.with_for_update(skip_locked=True, key_share=True) if lock else query


@functools.cache
def _next_due(
    kind: str, states: tuple[StrEnum, ...], page_states: tuple[StrEnum, ...], act_states: tuple[StrEnum, ...]
) -> Select[Any]:
    item = ITEMS[kind].c
    due = and_(item.state.in_([str(state) for state in states]), item.next_at.is_not(None))
    if not page_states:
        return select(func.min(item.next_at)).where(due)
    works = select(account.c.id).where(_may_work())
    waits = and_(item.state.in_([str(state) for state in act_states]), account.c.not_before > item.next_at)
    when = case((waits, account.c.not_before), else_=item.next_at)
    query = select(func.min(when, type_=item.next_at.type))
    return query.select_from(ITEMS[kind].join(account, item.account_id == account.c.id)).where(
        due, or_(item.state.not_in([str(state) for state in page_states]), item.account_id.in_(works))
    )


def _may_work() -> ColumnElement[bool]:
    return and_(account.c.enabled.is_(True), account.c.paused_kind.is_(None), account.c.removed_at.is_(None))


def _lock(lease: Lease) -> ColumnElement[bool]:
    return and_(named_lock.c.name == lock_of_account(lease.account_id or 0), named_lock.c.token == lease.lock_token)
