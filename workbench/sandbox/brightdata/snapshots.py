"""Questions about snapshots: progress, list, log, parts and input; and cancel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from workbench.sandbox.brightdata.accept import invalid
from workbench.sandbox.brightdata.datasets import DATASETS
from workbench.sandbox.brightdata.download import LEAST_BATCH
from workbench.sandbox.brightdata.store import Snapshot
from workbench.sandbox.brightdata.world import BrightDataWorld
from workbench.sandbox.dice import iso
from workbench.sandbox.web import Answer, Request, as_json, as_text

NOT_FOUND: Final = {"error": "Snapshot not found"}
_MOST: Final = 5000
_USUAL: Final = 1000
_LARGEST: Final = 2**62  # what SQLite takes
_STATUSES: Final = ("starting", "running", "ready", "failed", "canceled")
# Words of the vendor's other family of snapshots; none is documented for this one.
_UNKNOWN: Final = ("digesting", "collating", "pending_pdp_input")
_BYTES_A_ROW: Final = 3000


def progress(world: BrightDataWorld, _request: Request, snapshot_id: str) -> Answer:
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_json(NOT_FOUND, 404)
    status = snapshot.status
    if struck := world.switches.strikes("unknown_status", on="progress"):
        status = _UNKNOWN[(struck["number"] - 1) % len(_UNKNOWN)]
    body = {"snapshot_id": snapshot.id, "dataset_id": snapshot.dataset_id, "status": status}
    if status == "failed":
        body["error_message"] = snapshot.error_message or ""
    return as_json(body)


def cancel(world: BrightDataWorld, _request: Request, snapshot_id: str) -> Answer:
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_json(NOT_FOUND, 404)
    if snapshot.status not in {"starting", "running"}:
        return as_text("Snapshot is not running", 400)
    world.store.cancel(snapshot.id)
    world.notes.bump("cancels")
    return as_text("OK")


def parts(world: BrightDataWorld, request: Request, snapshot_id: str) -> Answer:
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_json(NOT_FOUND, 404)
    if snapshot.status != "ready":
        return as_text("Snapshot is not ready", 400)
    batch = request.query.get("batch_size", "")
    if batch and (not batch.isdecimal() or int(batch) < LEAST_BATCH):
        return as_text(f"Batch size should be at least {LEAST_BATCH}", 400)
    return as_json({"parts": -(-snapshot.size // int(batch)) if batch else 1})


def inputs(world: BrightDataWorld, _request: Request, snapshot_id: str) -> Answer:
    if world.store.snapshot(snapshot_id) is None or world.switches.strikes("input_forgotten", on="input"):
        return as_text("Snapshot input does not exist", 400)
    return Answer(as_array(json.dumps(given) for given in world.store.inputs(snapshot_id)))


def as_array(items: Iterator[str]) -> Iterator[bytes]:
    opening = "["
    for item in items:
        yield f"{opening}{item}".encode()
        opening = ",\n"
    yield b"[]" if opening == "[" else b"]"


def listing(world: BrightDataWorld, request: Request) -> Answer:
    query = request.query
    where, values = _conditions(query)
    skip, limit = _number(query, "skip", 0, least=0), _number(query, "limit", _USUAL, least=1)
    if limit > _MOST:
        raise invalid(("limit", f"This field must be less than or equal to {_MOST}"))
    if query.get("trigger_type", "ALL") == "CP":
        where += " AND 0"  # all of ours came through the API
    values = {**values, "limit": limit, "skip": skip}
    found = world.store.snapshots(f"{where} ORDER BY number DESC LIMIT :limit OFFSET :skip", values)
    rows = [_row(snapshot) for snapshot in found]
    if query.get("with_total", "").lower() in {"true", "1"}:
        # The vendor does not document this shape.
        return as_json({"data": rows, "total": world.store.count_snapshots(where, values)})
    return as_json(rows)


def _conditions(query: dict[str, str]) -> tuple[str, dict[str, Any]]:
    if not query.get("dataset_id"):
        raise invalid(("dataset_id", "This field is required"))
    where, values = "WHERE dataset_id = :dataset_id", {"dataset_id": query["dataset_id"]}
    if status := query.get("status"):
        if status not in _STATUSES:
            raise invalid(("status", f"This field must be one of {', '.join(_STATUSES)}"))
        where, values["status"] = f"{where} AND status = :status", status
    if query.get("from_date"):
        where, values["from"] = f"{where} AND created >= :from", _day(query, "from_date")
    if query.get("to_date"):
        where, values["to"] = f"{where} AND created < :to", _day(query, "to_date", days=1)
    return where, values


def _day(query: dict[str, str], name: str, days: int = 0) -> Any:
    try:
        day = datetime.strptime(query[name], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise invalid((name, "This field must be a date, YYYY-MM-DD")) from error
    return (day + timedelta(days=days)).timestamp()


def _number(query: dict[str, str], name: str, usual: int, least: int) -> int:
    text = query.get(name, "")
    if text and (not text.isdecimal() or int(text) < least):
        raise invalid((name, f"This field must be a number greater than or equal to {least}"))
    return min(int(text), _LARGEST) if text else usual


def _row(snapshot: Snapshot) -> dict[str, Any]:
    over = snapshot.status == "ready" and not snapshot.emptied
    return {
        "id": snapshot.id,
        "dataset_id": snapshot.dataset_id,
        "status": snapshot.status,
        "dataset_size": snapshot.size if over else 0,
        "created": iso(snapshot.created),
        "trigger": {"type": "API"},
    }


def log(world: BrightDataWorld, _request: Request, snapshot_id: str) -> Answer:
    """Metadata, despite the name; capitals are mixed, as on the vendor's older page, for every second dataset."""
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_json(NOT_FOUND, 404)
    duration = max(round(snapshot.ends - snapshot.created, 3), 0)
    good = snapshot.data / max(snapshot.data + snapshot.warnings + snapshot.errors, 1)
    name = DATASETS[snapshot.dataset_id].name
    body = {
        **_row(snapshot),
        "dataset_name": name,
        "scraper_name": name,
        "inputs_count": snapshot.inputs,
        "discovery_collector_id": f"c_{snapshot.dataset_id[3:]}" if snapshot.method else None,
        "file_size": snapshot.size * _BYTES_A_ROW if snapshot.status == "ready" else 0,
        "trigger": {
            "type": "API",
            "user": "practice@sandbox.example",
            "ip": snapshot.caller,
            "trigger_url": f"/datasets/v3/trigger?{urlencode(snapshot.query)}",
            "ts": iso(snapshot.created),
        },
        "duration": duration,
        "duration_per_input": round(duration / max(snapshot.inputs, 1), 3),
        "success_rate": round(good, 3),
    }
    if list(DATASETS).index(snapshot.dataset_id) % 2:
        old = {
            "status": "Status",
            "dataset_size": "Dataset_size",
            "inputs_count": "Inputs_count",
            "dataset_id": "Dataset_id",
        }
        body = {old.get(key, key): value for key, value in body.items()}
    return as_json(body)
