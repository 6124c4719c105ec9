"""POST trigger, scrape and snapshot/{id}/rerun: work is accepted, written down, and then answered."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any, Final

from workbench.sandbox.brightdata.accept import Order, Refused, deadline_of, invalid, read_order
from workbench.sandbox.brightdata.deliver import order_deliveries
from workbench.sandbox.brightdata.download import body_of
from workbench.sandbox.brightdata.formats import FORMATS
from workbench.sandbox.brightdata.plan import Terms
from workbench.sandbox.brightdata.store import Snapshot
from workbench.sandbox.brightdata.world import BrightDataWorld, planned_sizes
from workbench.sandbox.web import Answer, HangUp, Request, as_json, as_text

_SYNC_MOST: Final = 20
_STARTING: Final = 0.2  # of the time until it is ready


def trigger(world: BrightDataWorld, request: Request) -> Answer:
    order = read_order(request)
    snapshot_id = _accept(world, order, request.query, request.remote_addr)
    if world.switches.strikes("drop_after_trigger", on="trigger"):
        world.store.flag(snapshot_id, "answered", "dropped")
        raise HangUp
    if world.switches.strikes("answer_without_id", on="trigger"):
        world.store.flag(snapshot_id, "answered", "without_id")
        return as_json({"message": "ok"})
    return as_json({"snapshot_id": snapshot_id})


def rerun(world: BrightDataWorld, request: Request, snapshot_id: str) -> Answer:
    """The same inputs once more, as a new snapshot (the vendor documents no body)."""
    old = world.store.snapshot(snapshot_id)
    if old is None:
        return as_json({"error": "Snapshot not found"}, 404)
    order = Order(old.dataset_id, old.method, list(world.store.inputs(snapshot_id)), old.options)
    again = _accept(world, order, old.query, request.remote_addr)
    return as_json({"snapshot_id": again})


def scrape(world: BrightDataWorld, request: Request) -> Answer:
    """Rows at once, or 202 and a snapshot to fetch later; no discovery, few inputs."""
    order = _sync_order(request)
    form = request.query.get("format", "json")
    snapshot_id = _accept(world, order, request.query, request.remote_addr)
    last = time.time() + world.switches.number("sync_seconds")
    while True:
        snapshot = world.look(snapshot_id)
        if snapshot is None or snapshot.status not in {"starting", "running"}:
            break
        if time.time() >= last or world.stopping.is_set():
            message = "The request is still in progress; fetch the data with the snapshot id"
            return as_json({"snapshot_id": snapshot_id, "message": message}, 202, retry_after="10")
        world.stopping.wait(min(0.05, max(snapshot.ends - time.time(), 0.001)))
    if snapshot is None or snapshot.status != "ready":
        return as_text("Internal server error", 500)
    return Answer(body_of(world, snapshot, form), content_type=FORMATS[form])


def _sync_order(request: Request) -> Order:
    if "type" in request.query or "discover_by" in request.query:
        raise invalid(("type", "Discovery is not supported by synchronous requests"))
    order = read_order(request)
    if len(order.inputs) > _SYNC_MOST:
        raise Refused(as_text(f"Too many inputs: {_SYNC_MOST} at most", 400))
    return order


def _accept(world: BrightDataWorld, order: Order, query: dict[str, str], caller: str | None) -> str:
    seconds = world.switches.number("ready_after_seconds")
    if (deadline := deadline_of(query)) is not None:
        seconds = min(seconds, deadline)
    now = time.time()
    terms = Terms(world.store.seed, order.dataset_id, order.method, order.options, now)
    sizes = planned_sizes(terms, order.inputs)
    fields = {
        "dataset_id": order.dataset_id,
        "method": order.method,
        "query": json.dumps(query),
        "options": json.dumps(asdict(order.options)),
        "caller": caller,
        "created": now,
        "begins": now + seconds * _STARTING,
        "ends": now + seconds,
        "inputs": len(order.inputs),
        "data": sizes["data"],
        "warnings": sizes["warning"],
        "errors": sizes["error"],
    }
    with world.store.db.writing():
        snapshot_id = world.store.add_snapshot(fields, order.inputs)
        order_deliveries(world, snapshot_id, query, due=now + seconds)
    world.look(snapshot_id)
    world.on_delivery()
    return snapshot_id


def as_trigger(snapshot: Snapshot, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """An accepted trigger, as `GET /sandbox/triggers` tells it."""
    return {
        "snapshot_id": snapshot.id,
        "dataset_id": snapshot.dataset_id,
        "method": snapshot.method,
        "inputs": inputs,
        "query": snapshot.query,
        "at": snapshot.created,
        "answered": snapshot.answered,
        "rows": {"data": snapshot.data, "warning": snapshot.warnings, "error": snapshot.errors},
    }
