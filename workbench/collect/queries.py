"""Questions that people, views and steps ask the ledger. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, String, Table, case, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from workbench.collect.model import SNAPSHOT_UNFINISHED, Job, Run, Snapshot, SnapshotState, Source, roll_up, same_inputs
from workbench.db.ledger import Ledger
from workbench.db.schema import (
    file,
    job,
    run,
    snapshot,
    snapshot_use,
    source,
    source_result,
    spend,
)
from workbench.errors import BadInput
from workbench.feature import Effect

_AT_ONCE: Final = 5_000  # values in one statement; SQLite takes some 32,000
_RECENT: Final = 50  # collections that a dataset's usual duration is taken from
_COUNTS: Final = ("row", "warning", "error", "malformed")  # what a line of a snapshot became


def _record(kind: type[Any], row: RowMapping) -> Any:
    return kind(**{f.name: row[f.name] for f in fields(kind)})


class LedgerQueries:
    """What a step may ask (`model.LedgerView`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def job(self, job_id: str) -> Job:
        found: Job = self._one(Job, job, job.c.id == job_id)
        return found

    def run(self, run_id: str) -> Run:
        found: Run = self._one(Run, run, run.c.id == run_id)
        return found

    def _one(self, kind: type[Any], table: Table, where: ColumnElement[bool]) -> Any:
        with self._ledger.read() as connection:
            return _record(kind, connection.execute(select(table).where(where)).mappings().one())

    def sources(self, source_ids: Iterable[int]) -> list[Source]:
        return list_sources(self._ledger, ids=source_ids)

    def known_ids(self, provider_ids: Iterable[str]) -> set[str]:
        """Those of `provider_ids` that are in the ledger."""
        return set(states_of(self._ledger, provider_ids))

    def is_being_triggered(self, like: Snapshot) -> bool:
        """Whether another snapshot with the same inputs has been sent and waits for its answer right now."""
        return bool(self._alike(like, snapshot.c.armed.is_(True)))

    def unsure_alike(self, like: Snapshot) -> list[list[Mapping[str, Any]]]:
        """What each of the others was asked that lost its answer and has the same inputs, maybe with more keys."""
        return self._alike(like, snapshot.c.state == str(SnapshotState.UNSURE))

    def asked_elsewhere(self, but: Snapshot) -> list[tuple[str, list[Mapping[str, Any]]]]:
        """What every other snapshot of the dataset was asked, the youngest first."""
        query = (
            select(snapshot.c.id, snapshot.c.provider_id, snapshot.c.inputs)
            .where(snapshot.c.dataset_id == but.dataset_id, snapshot.c.id != but.id)
            .order_by(snapshot.c.id.desc())
        )
        with self._ledger.read() as connection:
            return [(row.provider_id or str(row.id), row.inputs) for row in connection.execute(query)]

    def _alike(self, like: Snapshot, which: ColumnElement[bool]) -> list[list[Mapping[str, Any]]]:
        """By inputs alone: the vendor tells what a collection was asked, not with which limit."""
        query = select(snapshot.c.inputs).where(
            which, snapshot.c.dataset_id == like.dataset_id, snapshot.c.id != like.id
        )
        with self._ledger.read() as connection:
            others = connection.execute(query).scalars().all()
        return [inputs for inputs in others if same_inputs(like.inputs, inputs)]

    def sources_of(self, platform: str, service: str) -> list[Source]:
        query = select(source).where(source.c.platform == platform, source.c.service == service).order_by(source.c.id)
        with self._ledger.read() as connection:
            return [_record(Source, row) for row in connection.execute(query).mappings()]

    def collection_seconds(self, dataset_id: str) -> list[float]:
        """How long the dataset's latest collections took, from trigger to ready."""
        query = (
            select(snapshot.c.triggered_at, snapshot.c.ready_at)
            .where(snapshot.c.dataset_id == dataset_id, snapshot.c.ready_at.is_not(None), snapshot.c.acts > 0)
            .order_by(snapshot.c.id.desc())
            .limit(_RECENT)
        )
        with self._ledger.read() as connection:
            rows = connection.execute(query).all()
        return [(row.ready_at - row.triggered_at).total_seconds() for row in rows if row.triggered_at]


def list_sources(ledger: Ledger, *, ids: Iterable[int] | None = None, project: str | None = None) -> list[Source]:
    query = select(source).order_by(source.c.id)
    if ids is not None:
        query = query.where(source.c.id.in_(list(ids)))
    if project is not None:
        query = query.where(source.c.project == project)
    with ledger.read() as connection:
        return [_record(Source, row) for row in connection.execute(query).mappings()]


def find_run(ledger: Ledger, text: str | None) -> str:
    """The id of the run whose id or name begins with `text`; the newest run without one."""
    query = select(run.c.id).order_by(run.c.created_at.desc()).limit(1)
    if text is not None:
        matches = run.c.id.startswith(text, autoescape=True) | run.c.name.startswith(text, autoescape=True)
        query = query.where(matches)
    with ledger.read() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise BadInput(
            "there are no runs yet; workbench collect run starts one."
            if text is None
            else f"no run begins with {text!r}; workbench status shows the runs."
        )
    return str(found)


def runs(ledger: Ledger, run_id: str | None = None) -> list[dict[str, Any]]:
    """Runs, newest first, each with its jobs, each with its snapshots, as plain rows of the tables.

    A snapshot that answers a later job too is in both; `home_folder` is the one with its rows.
    """
    wanted = select(run).order_by(run.c.created_at.desc(), run.c.id)
    if run_id is not None:
        wanted = wanted.where(run.c.id == run_id)
    snapshots = (
        select(snapshot, snapshot_use.c.job_id.label("used_by"), job.c.folder.label("home_folder"))
        .join(snapshot_use, snapshot_use.c.snapshot == snapshot.c.id)
        .join(job, snapshot.c.job_id == job.c.id)
        .order_by(snapshot.c.id)
    )
    jobs = select(job).order_by(job.c.id)
    if run_id is not None:
        jobs = jobs.where(job.c.run_id == run_id)
        snapshots = snapshots.where(snapshot_use.c.run_id == run_id)
    with ledger.read() as connection:
        tree = [{**row, "jobs": []} for row in connection.execute(wanted).mappings()]
        job_rows = [{**row, "snapshots": []} for row in connection.execute(jobs).mappings()]
        snapshot_rows = connection.execute(snapshots).mappings().all()
    by_run = {row["id"]: row for row in tree}
    by_job = {row["id"]: row for row in job_rows}
    for row in job_rows:
        by_run[row["run_id"]]["jobs"].append(row)
    for used in snapshot_rows:
        by_job[used["used_by"]]["snapshots"].append(dict(used))
    return tree


def effects_of(ledger: Ledger, execution_id: str) -> list[Effect]:
    """Runs that the execution ordered, and what was triggered for them with what it has cost by now."""
    cost = (
        select(func.sum(spend.c.micro_usd))
        .where(spend.c.item_kind == "snapshot", spend.c.item_id == snapshot.c.id)
        .scalar_subquery()
    )
    triggered = (
        select(
            snapshot.c.id, snapshot.c.provider_id, snapshot.c.state, snapshot.c.inputs, snapshot.c.triggered_at,
            job.c.platform, job.c.service, cost.label("cost"), file.c.path, file.c.sha256, *brought(),
        )
        .join(run, snapshot.c.run_id == run.c.id)
        .join(job, snapshot.c.job_id == job.c.id)
        .outerjoin(
            file, (file.c.item_kind == "snapshot") & (file.c.item_id == snapshot.c.id) & (file.c.kind == "raw")
        )
        .where(run.c.execution_id == execution_id)
        .order_by(snapshot.c.id)
    )  # fmt: skip
    ordered = select(run).where(run.c.execution_id == execution_id).order_by(run.c.created_at, run.c.id)
    used = (
        select(snapshot_use.c.run_id, snapshot.c.state)
        .join(snapshot, snapshot_use.c.snapshot == snapshot.c.id)
        .join(run, snapshot_use.c.run_id == run.c.id)
        .where(run.c.execution_id == execution_id)
    )
    with ledger.read() as connection:
        runs_ordered = connection.execute(ordered).all()
        snapshots = connection.execute(triggered).all()
        states: dict[str, list[SnapshotState]] = {}
        for run_id, state in connection.execute(used):
            states.setdefault(run_id, []).append(SnapshotState(state))
    found = [
        Effect(kind="run", id=one.id, what=f"ordered the run {one.name}", state=str(roll_up(states.get(one.id, ()))))
        for one in runs_ordered
    ]
    return found + [
        Effect(
            kind="snapshot",
            id=one.provider_id or str(one.id),
            what=f"{'triggered' if one.triggered_at else 'ordered'} {one.platform} {one.service}, "
            f"{len(one.inputs)} input{'' if len(one.inputs) == 1 else 's'}",
            state=one.state,
            evidence=one.path and f"lake/{one.path}",
            evidence_sha256=one.sha256,
            cost_micro_usd=one.cost or 0,
            rows=one.rows_came,
            rejects=one.rows_rejected,
        )
        for one in snapshots
    ]


def brought() -> tuple[ColumnElement[int], ...]:
    """`rows_came` and `rows_rejected` of a snapshot by now: none, until it is read."""
    rows, warnings, errors, malformed = (func.coalesce(snapshot.c[f"{name}_count"], 0) for name in _COUNTS)
    return rows.label("rows_came"), (warnings + errors + malformed).label("rows_rejected")


def states_of(ledger: Ledger, provider_ids: Iterable[str]) -> dict[str, str]:
    """Our states of those of `provider_ids` that we know."""
    wanted = list(provider_ids)
    found: dict[str, str] = {}
    with ledger.read() as connection:
        for first in range(0, len(wanted), _AT_ONCE):
            some = wanted[first : first + _AT_ONCE]
            query = select(snapshot.c.provider_id, snapshot.c.state).where(snapshot.c.provider_id.in_(some))
            found.update((row.provider_id, row.state) for row in connection.execute(query))
    return found


_ON_BOARD: Final = (
    "id", "provider_id", "state", "attention", "reason", "next_at", "acts", "lease_owner", "vendor_status", "row_count",
    "created_at", "expires_at", "estimate_records", "price_micro_usd",
)  # fmt: skip


def on_board(ledger: Ledger, dataset_ids: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Every snapshot with what tells how it stands; of some datasets, where they are named."""
    columns = (snapshot.c[name] for name in _ON_BOARD)
    query = select(*columns, job.c.platform, job.c.service).join(job, job.c.id == snapshot.c.job_id)
    if dataset_ids is not None:
        query = query.where(snapshot.c.dataset_id.in_(list(dataset_ids)))
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query.order_by(snapshot.c.id)).mappings()]


def short_of(ledger: Ledger, listed: Mapping[str, int]) -> set[str]:
    """Those of `listed` (id at the vendor → rows there) that are read here and brought fewer lines than that.

    What a person took as it is, is none.
    """
    counts = (snapshot.c[f"{name}_count"] for name in _COUNTS)
    columns = (snapshot.c.provider_id, snapshot.c.raw, *counts)
    is_read = snapshot.c.state.in_([str(SnapshotState.PUBLISHED), str(SnapshotState.EMPTY)])
    names, found = list(listed), set[str]()
    with ledger.read() as connection:
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            for row in connection.execute(select(*columns).where(is_read, snapshot.c.provider_id.in_(some))):
                came = sum(count or 0 for count in row[2:])
                if came < listed[row.provider_id] and not (row.raw or {}).get("accepted"):
                    found.add(row.provider_id)
    return found


def unmatched_rows(ledger: Ledger, provider_ids: Iterable[str]) -> dict[str, int]:
    """Data rows of each of `provider_ids` that belong to no source of ours."""
    wanted = list(provider_ids)
    matched = func.coalesce(func.sum(source_result.c.row_count), 0)
    query = (
        select(snapshot.c.provider_id, (func.coalesce(snapshot.c.row_count, 0) - matched).label("rows"))
        .outerjoin(source_result, source_result.c.snapshot == snapshot.c.id)
        .group_by(snapshot.c.id, snapshot.c.provider_id, snapshot.c.row_count)
    )
    found: dict[str, int] = {}
    with ledger.read() as connection:
        for first in range(0, len(wanted), _AT_ONCE):
            some = query.where(snapshot.c.provider_id.in_(wanted[first : first + _AT_ONCE]))
            found.update((row.provider_id, int(row.rows)) for row in connection.execute(some))
    return found


_WAITING: Final = ("id", "provider_id", "state", "attention", "reason", "run_id", "triggered_at", "expires_at")


def is_anything_due(ledger: Ledger, run_id: str) -> bool:
    """Whether a snapshot of the run, or one that answers it, goes on by itself."""
    query = (
        select(snapshot.c.id)
        .join(snapshot_use, snapshot_use.c.snapshot == snapshot.c.id)
        .where(snapshot_use.c.run_id == run_id, snapshot.c.next_at.is_not(None))
        .limit(1)
    )
    with ledger.read() as connection:
        return connection.execute(query).first() is not None


def without_rows(ledger: Ledger, run_id: str) -> list[dict[str, Any]]:
    """Sources of a run that nothing came of, now that their snapshot is over: source_id, name, url, reason."""
    still = [str(state) for state in SNAPSHOT_UNFINISHED]
    rows = func.coalesce(func.sum(source_result.c.row_count), 0)
    query = (
        select(
            source.c.id.label("source_id"), source.c.name, source.c.platform, source.c.service, source.c.url,
            func.max(func.coalesce(source_result.c.reason, cast(snapshot.c.reason, String))).label("reason"),
        )
        .join(source_result, source_result.c.source_id == source.c.id)
        .join(snapshot, source_result.c.snapshot == snapshot.c.id)
        .join(snapshot_use, snapshot_use.c.snapshot == snapshot.c.id)
        .where(snapshot_use.c.run_id == run_id)
        .group_by(source.c.id, source.c.name, source.c.platform, source.c.service, source.c.url)
        .having(rows == 0, func.max(case((snapshot.c.state.in_(still), 1), else_=0)) == 0)
        .order_by(source.c.id)
    )  # fmt: skip
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def waiting_for_person(ledger: Ledger) -> list[dict[str, Any]]:
    """Snapshots that do not move by themselves, with the columns `_WAITING`."""
    columns = [snapshot.c[name] for name in _WAITING]
    # What is still being looked for at the other side (due looks) waits for nobody yet.
    waits = snapshot.c.attention.is_not(None) & snapshot.c.next_at.is_(None)
    query = select(*columns).where(waits).order_by(snapshot.c.id)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def expiring(ledger: Ledger, until: datetime, retention: timedelta) -> list[dict[str, Any]]:
    """Snapshots that work would bring in and that the vendor has only `until` then, with the columns `_WAITING`."""
    unfetched = snapshot.c.state.in_([str(SnapshotState.TRIGGERED), str(SnapshotState.READY)])
    soon = (snapshot.c.expires_at <= until) | (
        snapshot.c.expires_at.is_(None) & (snapshot.c.triggered_at <= until - retention)
    )
    due = unfetched & soon & snapshot.c.next_at.is_not(None)
    query = select(*(snapshot.c[name] for name in _WAITING)).where(due).order_by(snapshot.c.triggered_at, snapshot.c.id)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def not_brought_in(ledger: Ledger, retention: timedelta) -> tuple[int, datetime | None]:
    """How many snapshots the vendor has and work has yet to bring in, and when the first of them is gone there."""
    at_vendor = snapshot.c.state.in_([str(SnapshotState.TRIGGERED), str(SnapshotState.READY)])
    there = select(snapshot.c.expires_at, snapshot.c.triggered_at).where(at_vendor)
    with ledger.read() as connection:
        rows = connection.execute(there).all()
    return len(rows), min((row.expires_at or row.triggered_at + retention for row in rows), default=None)


def owners(ledger: Ledger) -> list[str]:
    """Workers that hold an item right now."""
    query = select(snapshot.c.lease_owner).where(snapshot.c.lease_owner.is_not(None)).distinct()
    with ledger.read() as connection:
        return [str(owner) for owner in connection.execute(query).scalars()]


def spent(ledger: Ledger, run_id: str) -> int:
    """Micro-dollars that a run has cost or may still cost."""
    query = (
        select(func.coalesce(func.sum(spend.c.micro_usd), 0))
        .join(snapshot, (spend.c.item_kind == "snapshot") & (spend.c.item_id == snapshot.c.id))
        .where(snapshot.c.run_id == run_id)
    )
    with ledger.read() as connection:
        return int(connection.execute(query).scalar_one())


# Tables that views are made of --------------------------------------------------------------------
