"""Write what a step yields: each thing one transaction, checked against the fencing token, with its events."""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.journal import Entry
from workbench.db.ledger import Ledger
from workbench.db.schema import ITEMS, account, act, error_log
from workbench.engine import behind
from workbench.engine.flow import Flow, Intent, Move, Progress, Revoked, Stay, Step, Write
from workbench.engine.item import KINDS, Attention, Lease
from workbench.engine.leases import NO_PROGRESS, Leases
from workbench.errors import Fault, Transient, WorkbenchError

_PROGRESS_EVERY: Final = 1.0  # seconds
GAP: Final = "the gap between two acts"  # why an account waits, when it is its owner's own pace

# How a feature writes its part of an intent or of a move: in the transaction of that, or not at all.
Writer = Callable[[Connection, Lease, Any], None]
Writers = Mapping[type[Write], Writer]


class IllegalMove(WorkbenchError):
    """A step asked for a move that the states do not allow."""


class Recorder:
    def __init__(self, ledger: Ledger, leases: Leases, writers: Writers) -> None:
        """`writers`: of every kind of `Write` that the steps yield."""
        self._ledger = ledger
        self._writers = writers
        self._leases = leases
        self._last_progress: dict[Lease, float] = {}

    def armed(self, leases: Sequence[Lease], order: Intent) -> list[Entry]:
        """Commit the intent of one act for all its items, with what else it writes; what the journal is to say."""
        act_id = uuid.uuid4().hex

        def change(connection: Connection) -> list[Entry]:
            events = []
            if order.baseline is not None:
                _keep_baseline(connection, act_id, leases, order)
            for lease in leases:
                begun = {**_begun(lease), "armed_at": now(), "acts": ITEMS[lease.kind].c.acts + 1, "looks": 0}
                self._leases.check(connection, lease, armed=True, intent_id=order.intent_id, act_id=act_id, **begun)
                self._also(connection, lease, order.writes)
                facts = {"intent_id": order.intent_id, **order.facts}
                events.append(Event(lease.kind, str(lease.item_id), "armed", None, None, facts))
            self._ledger.append(connection, *events)
            return behind.entries(self._ledger, connection, leases, order)

        return self._ledger.write(change)

    def disarmed(self, leases: Sequence[Lease], proof: Revoked, writes: Sequence[Write] = ()) -> list[Entry]:
        """Commit that the act did not happen; `writes` take back what its intent wrote."""

        def change(connection: Connection) -> list[Entry]:
            events = []
            undone = select(ITEMS[leases[0].kind].c.act_id).where(ITEMS[leases[0].kind].c.id == leases[0].item_id)
            connection.execute(update(act).where(act.c.id.in_(undone)).values(undone_at=now()))
            for lease in leases:
                self._leases.check(connection, lease, armed=False, act_id=None, acts=ITEMS[lease.kind].c.acts - 1)
                self._also(connection, lease, writes)
                events.append(Event(lease.kind, str(lease.item_id), "disarmed", facts={"reason": proof.reason}))
            self._ledger.append(connection, *events)
            return behind.undone(self._ledger, connection, leases)

        return self._ledger.write(change)

    def undone(self, lease: Lease) -> list[Entry]:
        """What the journal is to say of an act that was proved not to have happened for this item."""
        with self._ledger.read() as connection:
            return behind.undone(self._ledger, connection, [lease])

    def progress(self, leases: Sequence[Lease], step: Progress) -> None:
        """At most one commit a second; the rest is dropped, since the next one says more."""
        at = time.monotonic()
        last = self._last_progress.get(leases[0])
        if last is not None and at - last < _PROGRESS_EVERY:
            return
        self._last_progress[leases[0]] = at
        values = {
            "progress_done": step.done, "progress_total": step.total, "progress_text": step.text, "progress_at": now(),
        }  # fmt: skip

        def change(connection: Connection) -> None:
            for lease in leases:
                self._leases.check(connection, lease, **values, **_begun(lease))

        self._ledger.write(change)

    def stay(self, lease: Lease, stay: Stay, step: Step, *, due: datetime | None) -> None:
        """Look again later; at once when somebody said "look now" since the item was leased, which was `due` then."""
        after = step.retry.every if stay.after is None else stay.after
        at = ITEMS[lease.kind].c.next_at
        values = {**stay.values, "next_at": case((at != due, at), else_=literal(now() + after, at.type)), "crashes": 0}
        self._let_go(lease, values, uncount=step.retry.counts)

    def retry(
        self, lease: Lease, after: timedelta, reason: str, *, uncount: bool = False, fault: Fault | None = None
    ) -> None:
        """Try the step again `after` from now; the reason is shown meanwhile."""
        values = {"next_at": now() + after, "reason": reason, "crashes": 0}
        self._let_go(lease, values, uncount=uncount, fault=fault)

    def _let_go(self, lease: Lease, values: Mapping[str, Any], *, uncount: bool, fault: Fault | None = None) -> None:
        self._last_progress.pop(lease, None)
        tries = {"attempts": ITEMS[lease.kind].c.attempts - 1} if uncount else {}

        def change(connection: Connection) -> None:
            trouble = _error_type(lease, fault) if fault else {}
            self._leases.check(connection, lease, **values, **tries, **trouble, lease_owner=None)
            log_fault(connection, lease, fault, values.get("reason") or "")

        self._ledger.write(change)

    def move(self, lease: Lease, move: Move, *, due: bool) -> None:
        """Move one item and let it go; `due`: its new state has a step, which runs at once (or after `move.after`)."""
        self._last_progress.pop(lease, None)
        try:
            self._ledger.write(lambda connection: self._move(connection, lease, move, due=due))
        except IntegrityError as error:
            # Two items found the same thing at the other side, and the other one was first.
            raise Transient(f"{lease.kind} {lease.item_id}: what it found belongs to another by now") from error

    def _move(self, connection: Connection, lease: Lease, move: Move, *, due: bool, keep_act: bool = False) -> None:
        old = connection.execute(_state_of(lease.kind), {"its_id": lease.item_id}).scalar_one()
        at = now()
        self._leases.check(
            connection,
            lease,
            **{
                "state": str(move.to), "state_at": at, "reason": move.reason, "attention": move.attention,
                "next_at": (at + (move.after or timedelta())) if due else None, "attempts": 0, "crashes": 0,
                "armed": False, "lease_owner": None, **NO_PROGRESS, **({} if keep_act else {"act_id": None}),
                **_error_type(lease, move.fault), **_begun(lease), **move.values,
            },
        )  # fmt: skip
        check_legal(lease.kind, old, move.to)
        log_fault(connection, lease, move.fault, move.reason or "")
        self._also(connection, lease, move.writes)
        facts = {"reason": move.reason, **told(lease.kind, move.values)}
        self._ledger.append(connection, Event(lease.kind, str(lease.item_id), "moved", old, str(move.to), facts))

    def _also(self, connection: Connection, lease: Lease, writes: Iterable[Write]) -> None:
        for one in writes:
            self._writers[type(one)](connection, lease, one)

    def rest(self, lease: Lease, attention: Attention, reason: str, *, fault: Fault | None = None) -> None:
        """Leave the item in its state until a person has acted."""
        self._last_progress.pop(lease, None)

        def change(connection: Connection) -> None:
            values = {"attention": attention, "reason": reason, "next_at": None, **_error_type(lease, fault)}
            self._leases.check(connection, lease, **values, lease_owner=None)
            log_fault(connection, lease, fault, reason)
            facts = {"attention": str(attention), "reason": reason}
            self._ledger.append(connection, Event(lease.kind, str(lease.item_id), "attention", facts=facts))

        self._ledger.write(change)

    def stop_account(self, leases: Sequence[Lease], fault: Fault, reason: str) -> None:
        """The account waits for a person; its items stay as they are, and are due as soon as it goes on."""

        def change(connection: Connection) -> None:
            self._pause(connection, leases[0], fault.kind, reason)
            for lease in leases:
                values = {"reason": reason, "crashes": 0, "attempts": ITEMS[lease.kind].c.attempts - 1}
                self._leases.check(connection, lease, **values, **_error_type(lease, fault), lease_owner=None)
                log_fault(connection, lease, fault, reason)

        self._ledger.write(change)

    def hold_account(self, leases: Sequence[Lease], until: datetime, reason: str, fault: Fault | None) -> None:
        """The account acts no sooner than `until`; nor does the step that found this look again before."""

        def change(connection: Connection) -> None:
            self._wait(connection, leases[0], until, reason)
            for lease in leases:
                values = {
                    "reason": reason, "next_at": until, "crashes": 0, "attempts": ITEMS[lease.kind].c.attempts - 1,
                }  # fmt: skip
                self._leases.check(connection, lease, **values, **_error_type(lease, fault), lease_owner=None)
                log_fault(connection, lease, fault, reason)

        self._ledger.write(change)

    def _pause(self, connection: Connection, lease: Lease, kind: str, reason: str) -> None:
        values = {"paused_kind": kind, "paused_reason": storable(reason), "paused_at": now()}
        disproved = {"proof": None, "proof_reason": None, "proved_at": None} if kind in _DISPROVE else {}
        connection.execute(update(account).where(account.c.id == lease.account_id).values({**values, **disproved}))
        facts = {"kind": kind, "reason": reason}
        self._ledger.append(connection, Event("account", str(lease.account_id), "paused", facts=facts))

    def _wait(self, connection: Connection, lease: Lease, until: datetime, reason: str) -> None:
        later = or_(account.c.not_before.is_(None), account.c.not_before < until)
        values = {"not_before": until, "wait_reason": storable(reason)}
        connection.execute(update(account).where(account.c.id == lease.account_id, later).values(values))

    def give_up_act(
        self,
        leases: Sequence[Lease],
        flow: Flow,
        reason: str,
        *,
        fault: Fault | None = None,
        until: datetime | None = None,
    ) -> None:
        """After an act whose answer is lost: its items are unsure, together.

        What else it showed holds for the account: a `fault` that needs a person pauses it, `until` lets it wait.
        """

        def change(connection: Connection) -> None:
            lock = leases[0].account_id is not None
            if lock and until is not None:
                self._wait(connection, leases[0], until, reason)
            elif lock and fault is not None and fault.kind in _STOPPING:
                self._pause(connection, leases[0], fault.kind, reason)
            for lease in leases:
                self._move(
                    connection,
                    lease,
                    Move(to=flow.unsure, reason=reason, attention=Attention.RECONCILE, fault=fault),
                    due=flow.unsure in flow.steps,
                    keep_act=True,
                )

        self._ledger.write(change)


# Trouble that the whole account has, not the item.
_DISPROVE: Final = frozenset({"session_expired", "captcha", "checkpoint", "account_restricted"})
_STOPPING: Final = frozenset({"session_expired", "captcha", "checkpoint", "account_restricted", "ui_changed"})


def told(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a move that its event repeats, because they can never be derived again."""
    return {name: values[name] for name in KINDS[kind].facts if name in values}


def _keep_baseline(connection: Connection, act_id: str, leases: Sequence[Lease], order: Intent) -> None:
    at, first = now(), leases[0]
    row = {
        "id": act_id, "item_kind": first.kind, "items": [lease.item_id for lease in leases],
        "account_id": first.account_id, "intent_id": order.intent_id, "baseline": dict(order.baseline or {}),
        "armed_at": at,
    }  # fmt: skip
    connection.execute(insert(act), row)
    if first.account_id is not None:
        gap = connection.execute(select(account.c.gap_seconds).where(account.c.id == first.account_id)).scalar_one()
        values = {
            "last_act_at": at,
            "not_before": at + timedelta(seconds=gap),
            "wait_reason": GAP,
        }
        connection.execute(
            update(account).where(account.c.id == first.account_id).values(values if gap else {"last_act_at": at})
        )


def _error_type(lease: Lease, fault: Fault | None) -> dict[str, str | None]:
    """An item shows the class of its latest trouble until it goes on."""
    return {"error_type": fault.kind if fault else None} if "error_type" in ITEMS[lease.kind].c else {}


def _begun(lease: Lease) -> dict[str, Any]:
    """The moment at which an item was first worked on, where its kind keeps it."""
    item = ITEMS[lease.kind].c
    return {"begun_at": func.coalesce(item.begun_at, literal(now(), item.begun_at.type))} if "begun_at" in item else {}


def log_fault(connection: Connection, lease: Lease, fault: Fault | None, message: str) -> None:
    if fault is None:
        return
    row = {
        "item_kind": lease.kind, "item_id": lease.item_id, "account_id": lease.account_id,
        "error_type": fault.of.error_type, "error_class": fault.kind, "certain": fault.certain,
        "retryable": fault.of.is_retryable and fault.certain, "needs_person": fault.of.needs_person,
        "message": storable(message), "stack_trace": storable(fault.story), "evidence": fault.evidence,
        "created_at": now(),
    }  # fmt: skip
    connection.execute(insert(error_log), row)


@functools.cache
def _state_of(kind: str) -> Select[Any]:
    item = ITEMS[kind].c
    return select(item.state).where(item.id == bindparam("its_id")).with_for_update(key_share=True)


def check_legal(kind: str, old: str, new: str) -> None:
    if str(new) not in KINDS[kind].states(old).may_become():
        raise IllegalMove(f"a {kind} cannot move from {old} to {new}")
