"""Write what a step yields: each thing one transaction, checked against the fencing token, with its events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.errors import Transient, WorkbenchError
from workbench.ledger.caps import NO_CAPS, Caps, check_trigger
from workbench.ledger.chain import Event, lock
from workbench.ledger.claims import NO_PROGRESS, Claims
from workbench.ledger.clock import now
from workbench.ledger.money import release_open, reserve, settle
from workbench.ledger.records import Armed, Claim, Disarmed, Flow, Move, Progress, Stay, Step
from workbench.ledger.states import MOVES, STATES, Attention
from workbench.ledger.store import Ledger
from workbench.ledger.tables import ITEMS, file, source_result

_PROGRESS_EVERY: Final = 1.0  # seconds


class IllegalMove(WorkbenchError):
    """A step asked for a move that the states do not allow."""


class Recorder:
    def __init__(self, ledger: Ledger, claims: Claims, *, caps: Caps = NO_CAPS) -> None:
        self._ledger = ledger
        self._caps = caps
        self._claims = claims
        self._last_progress: dict[Claim, float] = {}

    def armed(self, claims: Sequence[Claim], order: Armed) -> None:
        """Commit the intent of one act for all its items, with the money it may cost."""
        act = uuid.uuid4().hex

        def change(connection: Connection) -> None:
            events = []
            for claim in claims:
                begun = {"armed_at": now(), "acts": ITEMS[claim.kind].c.acts + 1, "looks": 0}
                self._claims.check(connection, claim, armed=True, intent_id=order.intent_id, act_id=act, **begun)
                if order.reserve is not None:
                    lock(connection)  # two who look at once would both find room below a cap
                    check_trigger(connection, self._caps, claim.item_id, order.reserve)
                    reserve(connection, claim, order.intent_id, order.reserve)
                facts = {"intent_id": order.intent_id, **order.facts}
                events.append(Event(claim.kind, str(claim.item_id), "armed", None, None, facts))
            self._ledger.append(connection, *events)

        self._ledger.write(change)

    def disarmed(self, claims: Sequence[Claim], proof: Disarmed) -> None:
        def change(connection: Connection) -> None:
            events = []
            for claim in claims:
                self._claims.check(connection, claim, armed=False, act_id=None, acts=ITEMS[claim.kind].c.acts - 1)
                release_open(connection, claim)
                events.append(Event(claim.kind, str(claim.item_id), "disarmed", facts={"reason": proof.reason}))
            self._ledger.append(connection, *events)

        self._ledger.write(change)

    def progress(self, claims: Sequence[Claim], step: Progress) -> None:
        """At most one commit a second; the rest is dropped, since the next one says more."""
        at = time.monotonic()
        last = self._last_progress.get(claims[0])
        if last is not None and at - last < _PROGRESS_EVERY:
            return
        self._last_progress[claims[0]] = at
        values = {
            "progress_done": step.done, "progress_total": step.total, "progress_text": step.text, "progress_at": now(),
        }  # fmt: skip

        def change(connection: Connection) -> None:
            for claim in claims:
                self._claims.check(connection, claim, **values)

        self._ledger.write(change)

    def stay(self, claim: Claim, stay: Stay, step: Step) -> None:
        after = step.every if stay.after is None else stay.after
        values = {**stay.values, "next_at": now() + after, "crashes": 0}
        self._let_go(claim, values, uncount=step.counts)

    def retry(self, claim: Claim, after: timedelta, reason: str, *, uncount: bool = False) -> None:
        """Try the step again `after` from now; the reason is shown meanwhile."""
        self._let_go(claim, {"next_at": now() + after, "reason": reason, "crashes": 0}, uncount=uncount)

    def _let_go(self, claim: Claim, values: Mapping[str, Any], *, uncount: bool) -> None:
        self._last_progress.pop(claim, None)
        tries = {"attempts": ITEMS[claim.kind].c.attempts - 1} if uncount else {}
        self._ledger.write(
            lambda connection: self._claims.check(connection, claim, **values, **tries, lease_owner=None)
        )

    def move(self, claim: Claim, move: Move, *, due: bool) -> None:
        """Move one item and let it go; `due`: its new state has a step, which runs at once (or after `move.after`)."""
        self._last_progress.pop(claim, None)
        try:
            self._ledger.write(lambda connection: self._move(connection, claim, move, due=due))
        except IntegrityError as error:
            # Two items found the same thing at the other side, and the other one was first.
            raise Transient(f"{claim.kind} {claim.item_id}: what it found belongs to another by now") from error

    def _move(self, connection: Connection, claim: Claim, move: Move, *, due: bool) -> None:
        table = ITEMS[claim.kind]
        old = connection.execute(
            select(table.c.state).where(table.c.id == claim.item_id).with_for_update(key_share=True)
        ).scalar_one()
        at = now()
        self._claims.check(
            connection,
            claim,
            **{
                "state": str(move.to), "state_at": at, "reason": move.reason, "attention": move.attention,
                "next_at": (at + (move.after or timedelta())) if due else None, "attempts": 0, "crashes": 0,
                "armed": False, "act_id": None, "lease_owner": None, **NO_PROGRESS, **move.values,
            },
        )  # fmt: skip
        check_legal(claim.kind, old, move.to)
        if move.files is not None:
            replace_files(connection, claim, move)
        for result in move.results:
            set_result(connection, claim, result)
        if move.settle is not None:
            settle(connection, claim, move.settle)
        if move.release:
            release_open(connection, claim)
        facts = {"reason": move.reason, **{name: move.values[name] for name in _TOLD if name in move.values}}
        self._ledger.append(connection, Event(claim.kind, str(claim.item_id), "moved", old, str(move.to), facts))

    def rest(self, claim: Claim, attention: Attention, reason: str) -> None:
        """Leave the item in its state until a person has acted."""
        self._last_progress.pop(claim, None)

        def change(connection: Connection) -> None:
            self._claims.check(connection, claim, attention=attention, reason=reason, next_at=None, lease_owner=None)
            facts = {"attention": str(attention), "reason": reason}
            self._ledger.append(connection, Event(claim.kind, str(claim.item_id), "attention", facts=facts))

        self._ledger.write(change)

    def give_up_act(self, claims: Sequence[Claim], flow: Flow, reason: str) -> None:
        """After an act whose answer is lost: its items are unsure, together."""

        def change(connection: Connection) -> None:
            for claim in claims:
                self._move(
                    connection,
                    claim,
                    Move(to=flow.unsure, reason=reason, attention=Attention.RECONCILE),
                    due=flow.unsure in flow.steps,
                )

        self._ledger.write(change)


# Facts of a move that its event repeats, because they can never be derived again.
_TOLD: Final = ("provider_id", "vendor_status", "row_count", "warning_count", "error_count", "malformed_count")


def check_legal(kind: str, old: str, new: str) -> None:
    if new not in MOVES[kind][STATES[kind](old)]:
        raise IllegalMove(f"a {kind} cannot move from {old} to {new}")


def replace_files(connection: Connection, claim: Claim, move: Move) -> None:
    mine = (file.c.item_kind == claim.kind) & (file.c.item_id == claim.item_id)
    undo_compaction(connection, mine)
    connection.execute(delete(file).where(mine))
    rows = [
        {
            "path": one.path, "kind": one.kind, "item_kind": claim.kind, "item_id": claim.item_id, "rows": one.rows,
            "bytes": one.bytes, "sha256": one.sha256, "created_at": now(),
        }
        for one in move.files or ()
    ]  # fmt: skip
    if rows:
        connection.execute(insert(file), rows)


def undo_compaction(connection: Connection, of: ColumnElement[bool]) -> None:
    """Rows of these files are about to change: what has a copy of them is no longer read, the small files are again."""
    into = connection.execute(select(file.c.compacted_into).where(of, file.c.compacted_into.is_not(None))).scalars()
    stale = set(into.all())
    if stale:
        latest = {f"{path.removesuffix('.parquet')}.latest.parquet" for path in stale}
        connection.execute(update(file).where(file.c.compacted_into.in_(stale)).values(compacted_into=None))
        connection.execute(delete(file).where(file.c.path.in_(stale | latest)))


def set_result(connection: Connection, claim: Claim, result: Any) -> None:
    values = {
        "row_count": result.row_count, "warning_count": result.warning_count, "error_count": result.error_count,
        "reason": result.reason,
    }  # fmt: skip
    known = (source_result.c.snapshot == claim.item_id) & (source_result.c.source_id == result.source_id)
    if connection.execute(update(source_result).where(known).values(values)).rowcount == 0:
        # Nobody knew that the source was in it: rows of an adopted snapshot tell.
        whose = {"snapshot": claim.item_id, "source_id": result.source_id}
        connection.execute(insert(source_result).values(**whose, **values))
