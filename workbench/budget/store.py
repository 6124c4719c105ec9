"""What was spent: questions about money. Nothing here writes."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import case, func, select

from workbench.budget.caps import spent
from workbench.db.clock import now
from workbench.db.ledger import Ledger
from workbench.db.schema import job, run, snapshot, source_result, spend
from workbench.engine.behind import lost_spend

_RECENT: Final = 50  # runs that are listed
_OF_SNAPSHOT: Final = (spend.c.item_kind == "snapshot") & (spend.c.item_id == snapshot.c.id)
_AMOUNTS: Final = (
    func.coalesce(func.sum(spend.c.micro_usd), 0).label("micro_usd"),
    func.coalesce(func.sum(spend.c.records), 0).label("records"),
)


def totals(ledger: Ledger) -> dict[str, int]:
    """Micro-dollars of today and this month (UTC, by the day of the reserve), and ever; lost orders count too."""
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    with ledger.read() as connection:
        return {
            "today": spent(connection, since=day) + lost_spend(connection, since=day),
            "month": spent(connection, since=month) + lost_spend(connection, since=month),
            "total": spent(connection) + lost_spend(connection),
        }


def by_dataset(ledger: Ledger) -> list[dict[str, Any]]:
    """{id, name, micro_usd, records} of each dataset."""
    name = func.min(job.c.platform + " " + job.c.service).label("name")
    query = (
        select(snapshot.c.dataset_id.label("id"), name, *_AMOUNTS)
        .join(snapshot, _OF_SNAPSHOT)
        .join(job, snapshot.c.job_id == job.c.id)
        .group_by(snapshot.c.dataset_id)
        .order_by(snapshot.c.dataset_id)
    )
    return _rows(ledger, query)


def by_run(ledger: Ledger) -> list[dict[str, Any]]:
    """{id, name, micro_usd, records} of the latest runs, newest first."""
    query = (
        select(run.c.id, func.min(run.c.name).label("name"), *_AMOUNTS)
        .join(snapshot, _OF_SNAPSHOT)
        .join(run, snapshot.c.run_id == run.c.id)
        .group_by(run.c.id)
        .order_by(func.min(run.c.created_at).desc())
        .limit(_RECENT)
    )
    return _rows(ledger, query)


def most_rows(ledger: Ledger) -> dict[str, int]:
    """Dataset → the most rows that one source has brought in one snapshot."""
    most = func.max(source_result.c.row_count)
    query = (
        select(snapshot.c.dataset_id, most)
        .join(source_result, source_result.c.snapshot == snapshot.c.id)
        .where(source_result.c.row_count > 0)
        .group_by(snapshot.c.dataset_id)
    )
    with ledger.read() as connection:
        return {dataset_id: int(rows) for dataset_id, rows in connection.execute(query).all()}


def settled(ledger: Ledger) -> list[dict[str, Any]]:
    """{snapshot_id, reserved_records, settled_records, delivered_rows} of every snapshot that is settled.

    Delivered are warnings and errors too, which nobody bills.
    """
    is_settled = func.sum(case((spend.c.kind == "settle", 1), else_=0))
    reserved = func.sum(case((spend.c.kind == "reserve", spend.c.records), else_=0))
    counts = (snapshot.c[f"{name}_count"] for name in ("row", "warning", "error", "malformed"))
    query = (
        select(
            snapshot.c.provider_id.label("snapshot_id"),
            func.min(sum(func.coalesce(count, 0) for count in counts)).label("delivered_rows"),
            reserved.label("reserved_records"),
            func.sum(spend.c.records).label("settled_records"),
        )
        .join(snapshot, _OF_SNAPSHOT)
        .group_by(snapshot.c.id, snapshot.c.provider_id)
        .having(is_settled > 0)
        .order_by(snapshot.c.id)
    )
    return _rows(ledger, query)


def _rows(ledger: Ledger, query: Any) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    # PostgreSQL's sums are decimals.
    return [{key: value if isinstance(value, str | None) else int(value) for key, value in row.items()} for row in rows]
