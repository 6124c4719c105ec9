"""The ledger as the tables that analysts ask: each feature's, by the names of the views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from sqlalchemy import Column, Connection, String, Table, Text, cast, func, select, type_coerce

from workbench.accounts import store as accounts
from workbench.collect.model import SnapshotState, roll_up
from workbench.db.columns import TableRows
from workbench.db.ledger import Ledger
from workbench.db.schema import (
    account,
    delivery,
    event,
    execution,
    job,
    run,
    snapshot,
    snapshot_use,
    source,
    source_result,
    spend,
)
from workbench.post import queries as post_queries
from workbench.upload import queries as upload_queries


def table_rows(ledger: Ledger) -> dict[str, TableRows]:
    """The ledger's tables as analysts see them (DESIGN's views), column by column, all of one moment."""
    with ledger.read() as connection:
        return _table_rows(connection, ledger.zone)


def _table_rows(connection: Connection, zone: tzinfo) -> dict[str, TableRows]:
    return {
        "runs": _with_status(connection, run, "run_id", _RUN),
        "jobs": _with_status(connection, job, "job_id", {}),
        "brightdata_snapshots": _snapshots(connection),
        "source_results": _source_results(connection),
        "spend": _columns(connection, _spend(), {}),
        "webhook_events": _columns(connection, _webhook_events(), {}),
        "sources": _columns(
            connection, select(source.c.id.label("source_id"), *_but(source, "id")), {"options": "json"}
        ),
        "executions": _columns(
            connection, select(execution.c.id.label("execution_id"), *_but(execution, "id")), {"params": "json"}
        ),
        "events": _columns(connection, _events(), {"facts": "json_text"}),
        **post_queries.view_tables(connection),
        **upload_queries.view_tables(connection, zone),
        "accounts": _accounts(connection),
    }


_RUN: Final = {"params": "json"}


def _with_status(connection: Connection, table: Table, name: str, types: Mapping[str, str]) -> TableRows:
    """Runs or jobs, each with the status that its snapshots come to, as `status` tells it."""
    rows = dict(_columns(connection, select(table.c.id.label(name), *_but(table, "id")), types))
    used = select(snapshot_use.c[name], snapshot.c.state).join(snapshot, snapshot_use.c.snapshot == snapshot.c.id)
    states: dict[str, list[SnapshotState]] = {}
    for item_id, state in connection.execute(used.distinct()):
        states.setdefault(item_id, []).append(SnapshotState(state))
    return {**rows, "status": ("text", [str(roll_up(states.get(one, ()))) for one in rows[name][1]])}


def _accounts(connection: Connection) -> TableRows:
    """Those that were removed too: what they did is in the other tables."""
    rows = dict(_columns(connection, select(account.c.id.label("account_id"), *_but(account, "id")), {}))
    done = accounts.totals_of(connection)
    counts = [done.get(one, (0, 0, 0)) for one in rows["account_id"][1]]
    for place, name in enumerate(("total", "succeeded", "failed")):
        rows[name] = ("int", [one[place] for one in counts])
    return rows


def _events() -> Any:
    """Their facts as they lie there: there are many, and nobody reads them on the way."""
    return select(*(type_coerce(c, Text).label("facts") if c.name == "facts" else c for c in event.c))


def _but(table: Table, *names: str) -> list[Column[Any]]:
    return [column for column in table.c if column.name not in names]


def _spend() -> Any:
    return select(
        spend.c.id.label("spend_id"), spend.c.kind, spend.c.micro_usd, spend.c.records, spend.c.at, spend.c.intent_id,
        snapshot.c.provider_id.label("snapshot_id"), snapshot.c.run_id, snapshot.c.job_id, snapshot.c.dataset_id,
    ).join(snapshot, (spend.c.item_kind == "snapshot") & (spend.c.item_id == snapshot.c.id))  # fmt: skip


def _webhook_events() -> Any:
    columns = ("status", "error_message", "copies", "received_at", "processed_at")
    return (
        select(
            delivery.c.id.label("delivery_id"),
            func.coalesce(snapshot.c.provider_id, delivery.c.provider_id).label("snapshot_id"),
            *(delivery.c[name] for name in columns),
        )
        .join(snapshot, delivery.c.snapshot == snapshot.c.id, isouter=True)
        .order_by(delivery.c.id)
    )


def _snapshots(connection: Connection) -> TableRows:
    cost = select(func.sum(spend.c.micro_usd)).where(spend.c.item_kind == "snapshot", spend.c.item_id == snapshot.c.id)
    query = select(
        snapshot.c.provider_id.label("snapshot_id"), snapshot.c.id.label("snapshot_key"), snapshot.c.dataset_id,
        snapshot.c.run_id, snapshot.c.job_id, snapshot.c.state.label("status"), snapshot.c.state,
        snapshot.c.attention, snapshot.c.inputs.label("creator_urls"), snapshot.c.row_count.label("posts_retrieved"),
        snapshot.c.warning_count, snapshot.c.error_count, snapshot.c.malformed_count, snapshot.c.misfits,
        snapshot.c.reason.label("error"), snapshot.c.error_code, cost.scalar_subquery().label("cost_micro_usd"),
        snapshot.c.created_at, snapshot.c.last_checked_at, snapshot.c.processed_at, snapshot.c.expires_at,
    ).order_by(snapshot.c.id)  # fmt: skip
    rows = dict(_columns(connection, query, {"creator_urls": "json", "cost_micro_usd": "int"}))
    rows["status"] = ("text", [SnapshotState(state).info.word for state in rows["status"][1]])
    # Of one that went on since, the code of its last trouble says nothing any more.
    codes = zip(rows["status"][1], rows["error_code"][1], strict=True)
    rows["error_code"] = ("text", [code if status == "failed" else None for status, code in codes])
    urls = [[_asked_for(one) for one in inputs] for inputs in rows["creator_urls"][1]]
    rows["creator_urls"] = ("json", urls)
    return rows


def _asked_for(inputs: Mapping[str, Any]) -> Any:
    return inputs.get("url") or inputs.get("URL") or next(iter(inputs.values()), None)


def _source_results(connection: Connection) -> TableRows:
    query = (
        select(
            snapshot_use.c.run_id, snapshot_use.c.job_id, source_result.c.source_id, source.c.url, source.c.creator,
            snapshot.c.provider_id.label("snapshot_id"), snapshot.c.state, source_result.c.row_count,
            source_result.c.warning_count, source_result.c.error_count, source_result.c.misfits,
            func.coalesce(source_result.c.reason, cast(snapshot.c.reason, String)).label("reason"),
        )
        .join(snapshot, source_result.c.snapshot == snapshot.c.id)
        .join(snapshot_use, snapshot_use.c.snapshot == snapshot.c.id)
        .join(source, source_result.c.source_id == source.c.id)
        .order_by(snapshot_use.c.run_id, source_result.c.source_id)
    )  # fmt: skip
    return _columns(connection, query, {})


_TYPES: Final = (("UtcText", "time"), ("Json", "json"), ("Bool", "bool"), ("Float", "float"), ("Integer", "int"))


def _columns(connection: Connection, query: Any, types: Mapping[str, str]) -> TableRows:
    result = connection.execute(query)
    names = list(result.keys())
    rows: Sequence[Any] = result.all()
    kinds = {column.name: types.get(column.name) or _type_name(column) for column in query.selected_columns}
    values = list(zip(*rows, strict=True)) or [() for _ in names]
    return {name: (kinds[name], list(column)) for name, column in zip(names, values, strict=True)}


def _type_name(column: Any) -> str:
    name = type(column.type).__name__
    return next((ours for theirs, ours in _TYPES if theirs in name), "text")
