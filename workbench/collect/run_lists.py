"""Runs, jobs, sources and what happened, a page at a time: sorted, filtered and cut where they lie. Never writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Label, Select, String, Subquery, and_, case, cast, func, literal, or_, select

from workbench.collect.model import SNAPSHOT_GOOD, SNAPSHOT_UNFINISHED, SnapshotState, Status
from workbench.db.ledger import Ledger
from workbench.db.schema import event, file, job, run, snapshot, snapshot_use, source, spend

PageOf = tuple[list[dict[str, Any]], int]  # the rows of the page, and how many there are in all
_ESCAPE: Final = "\\"
_OTHERWISE: Final = frozenset(SnapshotState) - SNAPSHOT_UNFINISHED  # these have come to an end, or wait for a person
_AT_ONCE: Final = 5_000  # values in one statement; SQLite takes some 32,000
_REJECTS: Final = ("warning_count", "error_count", "malformed_count")


def _count(states: Iterable[SnapshotState], name: str) -> Label[Any]:
    return func.sum(case((snapshot.c.state.in_([str(one) for one in states]), 1), else_=0)).label(name)


def _standing(by: ColumnElement[Any]) -> Subquery:
    """Of everything that `by` tells apart: its snapshots, counted by what their states mean."""
    rejects = sum((func.coalesce(snapshot.c[name], 0) for name in _REJECTS), literal(0))
    waits = snapshot.c.attention.is_not(None) & snapshot.c.next_at.is_(None)
    return (
        select(
            by.label("of"), func.count().label("snapshots"), _count(_OTHERWISE, "finished"),
            _count(SNAPSHOT_UNFINISHED, "moving"), _count({SnapshotState.PLANNED}, "planned"),
            _count(SNAPSHOT_GOOD, "good"), _count({SnapshotState.CANCELED}, "canceled"),
            func.sum(func.coalesce(snapshot.c.row_count, 0)).label("rows"), func.sum(rejects).label("rejects"),
            func.sum(case((waits, 1), else_=0)).label("waiting"),
        )
        .select_from(snapshot_use.join(snapshot, snapshot_use.c.snapshot == snapshot.c.id))
        .group_by(by)
        .subquery()
    )  # fmt: skip


def _status(of: Subquery) -> ColumnElement[str]:
    """The status of a run or job: what `model.roll_up` says, as SQL, so that it can be sorted and filtered by."""
    all_of = func.coalesce(of.c.snapshots, 0)
    return case(
        (or_(all_of == 0, of.c.planned == all_of), str(Status.PENDING)),
        (of.c.moving > 0, str(Status.PROCESSING)),
        (of.c.good == all_of, str(Status.COMPLETED)),
        (of.c.canceled == all_of, str(Status.CANCELLED)),
        (of.c.good > 0, str(Status.PARTIAL)),
        else_=str(Status.FAILED),
    )


def _cost(by: ColumnElement[Any]) -> Subquery:
    """What of the ledger's money belongs to each: reserved and settled, as `queries.spent` counts it."""
    of_snapshot = and_(spend.c.item_kind == "snapshot", spend.c.item_id == snapshot.c.id)
    return (
        select(by.label("of"), func.sum(spend.c.micro_usd).label("micro_usd"))
        .select_from(spend.join(snapshot, of_snapshot))
        .group_by(by)
        .subquery()
    )


def _counts(of: Subquery, cost: Subquery) -> list[ColumnElement[Any]]:
    counted = ("snapshots", "finished", "rows", "rejects", "waiting")
    return [
        _status(of).label("status"),
        *(func.coalesce(of.c[name], 0).label(name) for name in counted),
        func.coalesce(cost.c.micro_usd, 0).label("cost_micro_usd"),
    ]


def runs_table() -> Select[Any]:
    of, cost = _standing(snapshot_use.c.run_id), _cost(snapshot.c.run_id)
    kinds = (
        select(job.c.run_id, func.aggregate_strings(job.c.platform + " " + job.c.service, ", ").label("what"))
        .group_by(job.c.run_id)
        .subquery()
    )
    return (
        select(
            run.c.id.label("run_id"), run.c.name, run.c.project, run.c.created_at, run.c.cancelled_at,
            func.coalesce(kinds.c.what, "").label("what"), *_counts(of, cost),
        )
        .outerjoin(of, of.c.of == run.c.id)
        .outerjoin(cost, cost.c.of == run.c.id)
        .outerjoin(kinds, kinds.c.run_id == run.c.id)
    )  # fmt: skip


def jobs_table(run_ids: Sequence[str] | None = None) -> Select[Any]:
    of, cost = _standing(snapshot_use.c.job_id), _cost(snapshot.c.job_id)
    made = (
        select(
            job.c.id.label("job_id"), job.c.run_id, run.c.name.label("run_name"), run.c.created_at, job.c.platform,
            job.c.service, job.c.name, job.c.kind, job.c.folder, *_counts(of, cost),
        )
        .join(run, run.c.id == job.c.run_id)
        .outerjoin(of, of.c.of == job.c.id)
        .outerjoin(cost, cost.c.of == job.c.id)
    )  # fmt: skip
    return made if run_ids is None else made.where(job.c.run_id.in_(list(run_ids)))


def sources_table(*, enabled_only: bool = False) -> Select[Any]:
    columns = [source.c[name] for name in ("name", "platform", "service", "url", "creator", "project", "enabled")]
    made = select(source.c.id.label("source_id"), *columns).where(source.c.merged_into.is_(None))
    return made.where(source.c.enabled.is_(True)) if enabled_only else made


def page(
    ledger: Ledger,
    table: Select[Any],
    *,
    key: str,
    text_in: Sequence[str],
    text: str = "",
    sort: str = "",
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
    where: Mapping[str, Any] | None = None,
    at_least: Mapping[str, int] | None = None,
) -> PageOf:
    """One page of `table`; every word of `text` is looked for in the columns `text_in`, whatever its case.

    `where`: columns that have exactly this value; `at_least`: numbers that are no smaller.
    """
    of = table.subquery()
    chosen = select(of)
    for word in text.split():
        wanted = word.replace(_ESCAPE, _ESCAPE * 2).replace("%", rf"{_ESCAPE}%").replace("_", rf"{_ESCAPE}_")
        like = f"%{wanted}%"
        chosen = chosen.where(or_(*(cast(of.c[name], String).ilike(like, escape=_ESCAPE) for name in text_in)))
    for name, value in (where or {}).items():
        chosen = chosen.where(of.c[name] == value)
    for name, least in (at_least or {}).items():
        chosen = chosen.where(of.c[name] >= least)
    by = of.c[sort if sort in of.c else key]
    # A value that is not there comes last, whichever way; equal ones stay in one order from page to page.
    order = (by.is_(None), by.desc() if descending else by.asc(), of.c[key].desc() if descending else of.c[key].asc())
    with ledger.read() as connection:
        total = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
        rows = connection.execute(chosen.order_by(*order).offset(offset).limit(limit)).mappings()
        return [dict(row) for row in rows], int(total)


# what lies in a folder of the tree ------------------------------------------------------------------


def snapshots_of(ledger: Ledger, job_ids: Iterable[str] | None) -> list[dict[str, Any]]:
    """Snapshots that answer any of the jobs (None: of all), each once: key, snapshot_id, state, counts, folder."""
    columns = [snapshot.c[name] for name in ("state", "row_count", *_REJECTS, "reason", "processed_at", "created_at")]
    named = (snapshot.c.id.label("key"), snapshot.c.provider_id.label("snapshot_id"), snapshot.c.job_id)
    query = select(*named, *columns).order_by(snapshot.c.id)
    wanted = None if job_ids is None else list(job_ids)
    found: dict[int, dict[str, Any]] = {}
    with ledger.read() as connection:
        for first in range(0, 1 if wanted is None else len(wanted), _AT_ONCE):
            some = query
            if wanted is not None:
                used = select(snapshot_use.c.snapshot).where(
                    snapshot_use.c.job_id.in_(wanted[first : first + _AT_ONCE])
                )
                some = query.where(snapshot.c.id.in_(used))
            found.update((row["key"], dict(row)) for row in connection.execute(some).mappings())
    return [found[key] for key in sorted(found)]


def files_of(ledger: Ledger, keys: Iterable[int]) -> list[dict[str, Any]]:
    """What the manifest names of snapshots: path, kind, rows, bytes, whose, and which compacted file has it too."""
    whose = snapshot.c.provider_id.label("snapshot_id")
    columns = (file.c.path, file.c.kind, file.c.rows, file.c.bytes, file.c.compacted_into, whose)
    query = select(*columns).join(snapshot, snapshot.c.id == file.c.item_id).where(file.c.item_kind == "snapshot")
    wanted, found = list(keys), list[dict[str, Any]]()
    with ledger.read() as connection:
        for first in range(0, len(wanted), _AT_ONCE):
            some = query.where(file.c.item_id.in_(wanted[first : first + _AT_ONCE]))
            found += [dict(row) for row in connection.execute(some).mappings()]
    return sorted(found, key=lambda one: str(one["path"]))


def events_of(ledger: Ledger, run_ids: Sequence[str], keys: Iterable[int]) -> list[dict[str, Any]]:
    """What happened to runs and snapshots, oldest first."""
    asked = [("run", list(run_ids)), ("snapshot", [str(key) for key in keys])]
    columns = [event.c[name] for name in ("seq", "at", "item_kind", "item_id", "what", "from_state", "to_state")]
    query = select(*columns, event.c.facts, event.c.actor)
    found: list[dict[str, Any]] = []
    with ledger.read() as connection:
        for kind, ids in asked:
            for first in range(0, len(ids), _AT_ONCE):
                mine = query.where(event.c.item_kind == kind, event.c.item_id.in_(ids[first : first + _AT_ONCE]))
                found += [dict(row) for row in connection.execute(mine).mappings()]
    return sorted(found, key=lambda one: int(one["seq"]))
