"""The verbs of recover: a stranger is brought in, a person decides what no step may."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, String, cast, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from workbench.budget.model import Money
from workbench.budget.money import release_open, settle
from workbench.collect.model import SNAPSHOT_UNFINISHED, SnapshotState, is_waiting
from workbench.collect.queries import brought
from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger, number_of
from workbench.db.schema import event, job, meta, run, snapshot, snapshot_use, source_result
from workbench.engine.item import Lease
from workbench.engine.moving import is_held, let_go_on, move
from workbench.errors import BadInput
from workbench.feature import Effect

_AT_ONCE: Final = 5_000  # values in one statement
_LONGEST_KEY: Final = 19  # digits of a number that both databases take


def ensure_job(ledger: Ledger, run_row: Mapping[str, Any], job_row: Mapping[str, Any]) -> None:
    """Make the run and the job when they are not there yet; whoever is second finds them."""

    def change(connection: Connection) -> None:
        if connection.execute(select(run.c.id).where(run.c.id == run_row["id"])).first() is None:
            connection.execute(insert(run).values(**run_row, created_at=now()))
            ledger.append(connection, Event("run", run_row["id"], "started", facts={"name": run_row["name"]}))
        if connection.execute(select(job.c.id).where(job.c.id == job_row["id"])).first() is None:
            connection.execute(insert(job).values(**job_row))

    try:
        ledger.write(change)
    except IntegrityError:
        ledger.write(change)


_DONE: Final = {"adopted": "adopted", "decided": "decided about", "told": "told of", "woken": "sent back to work"}


def effects_of(ledger: Ledger, execution_id: str) -> list[Effect]:
    """What was adopted, decided or sent on by the execution itself: the actor of such an event names it."""
    began = (
        select(func.min(event.c.seq))
        .where(event.c.item_kind == "execution", event.c.item_id == execution_id)
        .scalar_subquery()
    )
    done = (
        select(event.c.what, event.c.to_state, event.c.item_id)
        .where(
            event.c.seq > began, event.c.item_kind == "snapshot", event.c.what.in_(_DONE),
            event.c.actor.endswith(f":{execution_id}", autoescape=True),
        )
        .order_by(event.c.seq)
    )  # fmt: skip
    with ledger.read() as connection:
        rows = connection.execute(done).all()
        found = []
        for row in rows:
            columns = (snapshot.c.provider_id, snapshot.c.state, snapshot.c.dataset_id, *brought())
            one = connection.execute(select(*columns).where(snapshot.c.id == int(row.item_id))).first()
            if one is not None:
                name = one.provider_id or row.item_id
                what = f"{_DONE[row.what]} {name} of dataset {one.dataset_id}"
                came = {"rows": one.rows_came, "rejects": one.rows_rejected} if row.what == "adopted" else {}
                found.append(Effect(kind=row.what, id=name, what=what, state=one.state, **came))
    return found


class Entered(StrEnum):
    """What became of a stranger."""

    ENTERED = "entered"
    KNOWN = "known"  # the ledger has it already
    CLAIMED = "claimed"  # perhaps a lost trigger's, whose look will adopt it; a second owner would have it paid twice


def adopt(
    ledger: Ledger,
    values: Mapping[str, Any],
    source_ids: Sequence[int | None],
    is_of: Callable[[Mapping[str, Any]], bool] = lambda _: False,
) -> Entered:
    """Enter one snapshot of the vendor's, to be worked on as ours, unless it `is_of` a trigger that lost its answer."""

    def change(connection: Connection) -> Entered:
        if any(map(is_of, _lost(connection, values["dataset_id"]))):
            return Entered.CLAIMED
        at = now()
        state = SnapshotState(values["state"])
        # Due as if it had waited since it was made: what is gone soonest is brought in before all else that is due.
        due = min(at, values["created_at"]) if state in SNAPSHOT_UNFINISHED else None
        row = {**values, "state": str(state), "state_at": at, "next_at": due}
        key = connection.execute(insert(snapshot).values(**row, source_ids=list(source_ids))).inserted_primary_key
        snapshot_id = number_of(key)
        used = {"snapshot": snapshot_id, "job_id": values["job_id"], "run_id": values["run_id"]}
        connection.execute(insert(snapshot_use), used)
        matched = [one for one in dict.fromkeys(source_ids) if one is not None]
        if matched:
            rows = [{"snapshot": snapshot_id, "source_id": one} for one in matched]
            connection.execute(insert(source_result), rows)
        facts = {"provider_id": values["provider_id"], "vendor_status": values["vendor_status"]}
        if values.get("reason"):
            facts["reason"] = values["reason"]
        ledger.append(connection, Event("snapshot", str(snapshot_id), "adopted", None, str(state), facts))
        return Entered.ENTERED

    try:
        return ledger.write(change)
    except IntegrityError:  # its provider_id is unique: somebody was first
        return Entered.KNOWN


# Sent, perhaps, and known by no id.
_SENT: Final = (snapshot.c.acts > 0) & snapshot.c.provider_id.is_(None)
_LOOKED_FOR: Final = (SnapshotState.PLANNED, SnapshotState.UNSURE, SnapshotState.QUARANTINED)


def _lost(connection: Connection, dataset_id: str) -> list[Mapping[str, Any]]:
    columns = [snapshot.c[name] for name in ("id", "inputs", "armed_at", "acts")]
    states = snapshot.c.state.in_([str(one) for one in _LOOKED_FOR])
    query = select(*columns).where(_SENT, states, snapshot.c.dataset_id == dataset_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def lost_since(ledger: Ledger) -> dict[str, datetime]:
    """Dataset → when the first of its triggers was sent whose answer is still looked for."""
    states = snapshot.c.state.in_([str(one) for one in _LOOKED_FOR])
    began = func.min(snapshot.c.armed_at)
    query = select(snapshot.c.dataset_id, began).where(_SENT, states).group_by(snapshot.c.dataset_id)
    with ledger.read() as connection:
        return {dataset_id: at for dataset_id, at in connection.execute(query).all() if at is not None}


def knows_dataset(ledger: Ledger, dataset_id: str) -> bool:
    """Whether any snapshot is of this dataset, whatever the settings say of it by now."""
    query = select(snapshot.c.id).where(snapshot.c.dataset_id == dataset_id).limit(1)
    with ledger.read() as connection:
        return connection.execute(query).first() is not None


def own_inputs(ledger: Ledger, provider_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What each of `provider_ids` was asked that we triggered ourselves."""
    wanted, found = list(provider_ids), dict[str, list[dict[str, Any]]]()
    with ledger.read() as connection:
        for first in range(0, len(wanted), _AT_ONCE):
            some = snapshot.c.provider_id.in_(wanted[first : first + _AT_ONCE])
            query = select(snapshot.c.provider_id, snapshot.c.inputs).where(some, snapshot.c.acts > 0)
            found.update((row.provider_id, row.inputs) for row in connection.execute(query))
    return found


def decide(
    ledger: Ledger,
    snapshot_id: int,
    to: SnapshotState,
    reason: str,
    *,
    values: Mapping[str, Any] = MappingProxyType({}),
    release: bool = False,
    paid: Money | None = None,
) -> None:
    """Move a resting snapshot by a person's word. BadInput when it is being worked on, or may not go there.

    `release` gives its reserve back, `paid` settles it.
    """

    def change(connection: Connection) -> None:
        mine = select(snapshot).where(snapshot.c.id == snapshot_id).with_for_update()
        row = connection.execute(mine).mappings().first()
        if row is None:
            raise BadInput(f"there is no snapshot {snapshot_id}; workbench status shows them.")
        if is_held(ledger, connection, row):
            raise BadInput(f"snapshot {snapshot_id} is being worked on right now; try again in a moment.")
        if release:
            release_open(connection, Lease("snapshot", snapshot_id, 0, 0))
        if paid is not None:
            settle(connection, Lease("snapshot", snapshot_id, 0, 0), paid)
        move(ledger, connection, "snapshot", row, to, reason=reason, what="decided", values=values)

    try:
        ledger.write(change)
    except IntegrityError as error:
        raise BadInput(f"{values.get('provider_id')} belongs to another snapshot already; nothing was done.") from error


def doubles_among(ledger: Ledger, provider_ids: Sequence[str]) -> dict[str, str]:
    """Those of `provider_ids` that were entered as paid twice, with what was said."""
    is_double = (snapshot.c.state == str(SnapshotState.CANCELED)) & snapshot.c.reason.startswith("DUPLICATE SPEND")
    query = select(snapshot.c.provider_id, snapshot.c.reason).where(is_double).order_by(snapshot.c.id)
    wanted = set(provider_ids)
    with ledger.read() as connection:
        return {row.provider_id: row.reason for row in connection.execute(query) if row.provider_id in wanted}


def say(ledger: Ledger, provider_id: str, reason: str) -> None:
    """Set what is said about a snapshot that is over."""

    def change(connection: Connection) -> None:
        mine = snapshot.c.provider_id == provider_id
        key = connection.execute(select(snapshot.c.id).where(mine)).scalar_one()
        connection.execute(update(snapshot).where(mine).values(reason=reason))
        ledger.append(connection, Event("snapshot", str(key), "told", facts={"reason": reason}))

    ledger.write(change)


def wake(ledger: Ledger, snapshot_id: int) -> None:
    """Let a snapshot go on that waits for a person where it is (over a cap, spending stopped): same state, due now."""

    def change(connection: Connection) -> None:
        waits = snapshot.c.attention.is_not(None) & snapshot.c.next_at.is_(None) & snapshot.c.lease_owner.is_(None)
        states = snapshot.c.state.in_([str(one) for one in SNAPSHOT_UNFINISHED - {SnapshotState.UNSURE}])
        mine = snapshot.c.id == snapshot_id
        found = select(snapshot.c.id, snapshot.c.state).where(mine, waits, states).with_for_update()
        row = connection.execute(found).mappings().first()
        if row is None:
            raise BadInput(f"snapshot {snapshot_id} waits for nobody; a worker takes it: workbench work")
        let_go_on(ledger, connection, "snapshot", row, reason=None)

    ledger.write(change)


def go_on(ledger: Ledger, snapshot_id: int, reason: str, **values: Any) -> None:
    """Let a snapshot that waits for a person go on where it is, by this person's word."""

    def change(connection: Connection) -> None:
        mine = select(snapshot).where(snapshot.c.id == snapshot_id, snapshot.c.lease_owner.is_(None)).with_for_update()
        row = connection.execute(mine).mappings().first()
        if row is None or not is_waiting(row):
            raise BadInput(f"snapshot {snapshot_id} waits for nobody; workbench status shows it.")
        let_go_on(ledger, connection, "snapshot", row, reason=storable(reason), **values)
        told = Event("snapshot", str(snapshot_id), "decided", row["state"], row["state"], {"reason": reason})
        ledger.append(connection, told)

    ledger.write(change)


_TOLD: Final = "told:"


def newly_waiting(ledger: Ledger, names: Iterable[str]) -> set[str]:
    """Those of `names` that nobody was told of; they count as told now, and all that wait no longer are forgotten."""
    wanted = {f"{_TOLD}{hashlib.sha256(name.encode()).hexdigest()[:32]}": name for name in names}
    told = select(meta.c.key).where(meta.c.key.startswith(_TOLD, autoescape=True))
    with ledger.read() as connection:  # most times nothing changed, and nobody waits for the one who writes
        if set(connection.execute(told).scalars()) == wanted.keys():
            return set()

    def change(connection: Connection) -> set[str]:
        known = set(connection.execute(told).scalars())
        connection.execute(delete(meta).where(meta.c.key.in_(known - wanted.keys())))
        new = wanted.keys() - known
        if new:
            connection.execute(insert(meta), [{"key": key, "value": wanted[key]} for key in sorted(new)])
        return {wanted[key] for key in new}

    try:
        return ledger.write(change)
    except IntegrityError:  # another worker tells at the same moment
        return set()


def look_now(ledger: Ledger, snapshot_ids: Sequence[int] | None = None) -> int:
    """Make the looks for lost answers due now, instead of waiting for their time; how many there are."""
    chosen = update(snapshot).where(snapshot.c.state == str(SnapshotState.UNSURE), snapshot.c.lease_owner.is_(None))
    if snapshot_ids is not None:
        chosen = chosen.where(snapshot.c.id.in_(list(snapshot_ids)))
    return ledger.write(lambda connection: connection.execute(chosen.values(next_at=now())).rowcount)


def make_due(ledger: Ledger, snapshot_ids: Sequence[int]) -> int:
    """Make those due now that go on by themselves, instead of at their time; how many."""
    at = now()
    chosen = update(snapshot).where(
        snapshot.c.id.in_(list(snapshot_ids)), snapshot.c.next_at.is_not(None), snapshot.c.lease_owner.is_(None),
        snapshot.c.state.in_([str(one) for one in SNAPSHOT_UNFINISHED]),
    )  # fmt: skip
    return ledger.write(lambda connection: connection.execute(chosen.values(next_at=at)).rowcount)


# what was done by people -------------------------------------------------------------------------------


def acts(
    ledger: Ledger, *, after: int = 0, limit: int | None = 50, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """What people did about snapshots since the event `after`, newest first, and how many acts there are in all."""
    decided = event.alias()
    is_told = exists().where(
        decided.c.seq == event.c.seq + 1, decided.c.item_kind == event.c.item_kind,
        decided.c.item_id == event.c.item_id, decided.c.what == "decided",
    )  # fmt: skip
    mine = (
        event.c.seq > after, event.c.item_kind == "snapshot", event.c.what.in_(_DONE),
        ~((event.c.what == "woken") & is_told),
    )  # fmt: skip
    names = ("seq", "at", "what", "from_state", "to_state", "facts", "actor", "item_id")
    query = (
        select(*(event.c[name] for name in names), snapshot.c.provider_id, snapshot.c.state, snapshot.c.row_count)
        .join(snapshot, cast(snapshot.c.id, String) == event.c.item_id)
        .where(*mine)
        .order_by(event.c.seq.desc())
    )
    with ledger.read() as connection:
        total = int(connection.execute(select(func.count()).select_from(event).where(*mine)).scalar_one())
        rows = [dict(row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()]
    return rows, total


def find_snapshots(
    ledger: Ledger,
    *,
    names: Sequence[str] = (),
    states: Sequence[SnapshotState] = (),
    run_id: str | None = None,
    dataset_id: str | None = None,
) -> list[dict[str, Any]]:
    """Rows of snapshots by the vendor's id or our key, state, run, dataset; BadInput for a name that nobody has."""
    query = select(snapshot).order_by(snapshot.c.id)
    if states:
        query = query.where(snapshot.c.state.in_([str(one) for one in states]))
    if run_id is not None:
        query = query.where(snapshot.c.run_id == run_id)
    if dataset_id is not None:
        query = query.where(snapshot.c.dataset_id == dataset_id)
    keys = [int(name) for name in names if name.isdecimal() and len(name) < _LONGEST_KEY]
    if names:
        query = query.where(or_(snapshot.c.provider_id.in_(list(names)), snapshot.c.id.in_(keys)))
    with ledger.read() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    known = {text for row in found for text in (row["provider_id"], str(row["id"]))}
    if unknown := [name for name in names if name not in known]:
        raise BadInput(
            f"there is no such snapshot {unknown[0]!r}"
            + (f" in state {' or '.join(states)}" if states else "")
            + "; workbench status shows them."
        )
    return found
