"""The verbs of recover: a stranger is brought in, a person decides what no step may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.errors import BadInput
from workbench.ledger.chain import Event
from workbench.ledger.clock import now
from workbench.ledger.collecting import number_of
from workbench.ledger.money import release_open
from workbench.ledger.recorder import check_legal
from workbench.ledger.records import Claim
from workbench.ledger.states import SnapshotState
from workbench.ledger.store import Ledger
from workbench.ledger.tables import job, run, snapshot, snapshot_use, source_result

_DUE: Final = frozenset(
    {
        SnapshotState.PLANNED,
        SnapshotState.TRIGGERED,
        SnapshotState.READY,
        SnapshotState.DOWNLOADED,
        SnapshotState.STAGED,
        SnapshotState.UNSURE,
    }
)


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


def adopt(ledger: Ledger, values: Mapping[str, Any], source_ids: Sequence[int | None]) -> bool:
    """Enter one snapshot of the vendor's, to be worked on as ours; False when the ledger knows it already."""

    def change(connection: Connection) -> None:
        at = now()
        state = SnapshotState(values["state"])
        row = {**values, "state": str(state), "state_at": at, "next_at": at if state in _DUE else None}
        key = connection.execute(insert(snapshot).values(**row, source_ids=list(source_ids))).inserted_primary_key
        snapshot_id = number_of(key)
        used = {"snapshot": snapshot_id, "job_id": values["job_id"], "run_id": values["run_id"]}
        connection.execute(insert(snapshot_use), used)
        matched = [one for one in dict.fromkeys(source_ids) if one is not None]
        if matched:
            rows = [{"snapshot": snapshot_id, "source_id": one} for one in matched]
            connection.execute(insert(source_result), rows)
        facts = {"provider_id": values["provider_id"], "vendor_status": values["vendor_status"]}
        ledger.append(connection, Event("snapshot", str(snapshot_id), "adopted", None, str(state), facts))

    try:
        ledger.write(change)
    except IntegrityError:  # its provider_id is unique: somebody was first
        return False
    return True


def decide(
    ledger: Ledger,
    snapshot_id: int,
    to: SnapshotState,
    reason: str,
    *,
    values: Mapping[str, Any] = MappingProxyType({}),
    release: bool = False,
) -> None:
    """Move a resting snapshot by a person's word. BadInput when it is being worked on, or may not go there."""

    def change(connection: Connection) -> None:
        row = connection.execute(select(snapshot).where(snapshot.c.id == snapshot_id).with_for_update()).first()
        if row is None:
            raise BadInput(f"there is no snapshot {snapshot_id}; workbench status shows them.")
        if row.lease_owner is not None and not ledger.liveness.is_dead(row.lease_owner, connection):
            raise BadInput(f"snapshot {snapshot_id} is being worked on right now; try again in a moment.")
        check_legal("snapshot", row.state, to)
        at = now()
        connection.execute(
            update(snapshot)
            .where(snapshot.c.id == snapshot_id)
            .values(
                state=str(to), state_at=at, next_at=at if to in _DUE else None, reason=reason, attention=None,
                attempts=0, crashes=0, looks=0, armed=False, lease_owner=None,
                lease_token=snapshot.c.lease_token + 1, **values,
            )
        )  # fmt: skip
        if release:
            release_open(connection, Claim("snapshot", snapshot_id, 0, 0))
        ledger.append(
            connection, Event("snapshot", str(snapshot_id), "decided", row.state, str(to), {"reason": reason})
        )

    try:
        ledger.write(change)
    except IntegrityError as error:
        raise BadInput(f"{values.get('provider_id')} belongs to another snapshot already; nothing was done.") from error


def look_now(ledger: Ledger, snapshot_ids: Sequence[int] | None = None) -> int:
    """Make the looks for lost answers due now, instead of waiting for their time; how many there are."""
    chosen = update(snapshot).where(snapshot.c.state == str(SnapshotState.UNSURE), snapshot.c.lease_owner.is_(None))
    if snapshot_ids is not None:
        chosen = chosen.where(snapshot.c.id.in_(list(snapshot_ids)))
    return ledger.write(lambda connection: connection.execute(chosen.values(next_at=now())).rowcount)


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
    keys = [int(name) for name in names if name.isdecimal()]
    if names:
        query = query.where(snapshot.c.provider_id.in_(list(names)) | snapshot.c.id.in_(keys))
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
