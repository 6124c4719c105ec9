"""/sandbox/…: what the stand-in was made to do, and the exact lines of its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from workbench.sandbox.brightdata.deliver import as_delivery
from workbench.sandbox.brightdata.formats import line
from workbench.sandbox.brightdata.snapshots import NOT_FOUND, as_array
from workbench.sandbox.brightdata.trigger import as_trigger
from workbench.sandbox.brightdata.world import BrightDataWorld
from workbench.sandbox.control import COMMON
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.web import Answer, Request, as_json


def count(world: BrightDataWorld, _request: Request) -> Answer:
    store, tallies = world.store, world.notes.tallies
    snapshots = store.accepted()
    downloads = store.db.all(
        "SELECT snapshot_id, sum(whole) AS whole, sum(rows) AS rows, sum(broken) AS broken FROM download GROUP BY 1"
    )
    return as_json(
        {
            "trigger_requests": tallies().get("route:trigger", 0),
            "triggers_accepted": len(snapshots),
            "inputs": sum(snapshot.inputs for snapshot in snapshots),
            "records_billed": sum(snapshot.billed for snapshot in snapshots),
            "downloads": sum(row["whole"] for row in downloads),
            "rows_delivered": {row["snapshot_id"]: row["rows"] for row in downloads},
            "broken_lines": {row["snapshot_id"]: row["broken"] for row in downloads if row["broken"]},
            "cancels": tallies().get("cancels", 0),
            "requests": tallies("route:"),
            "answers": tallies("answer:"),
            "too_many_429": [row["at"] for row in store.db.all("SELECT at FROM throttle ORDER BY at")],
            "deliveries": [as_delivery(row) for row in store.db.all("SELECT * FROM delivery ORDER BY rowid")],
        }
    )


def triggers(world: BrightDataWorld, _request: Request) -> Answer:
    """Oldest first."""
    store = world.store
    return Answer(as_array(json.dumps(as_trigger(each, list(store.inputs(each.id)))) for each in store.accepted()))


def rows(world: BrightDataWorld, _request: Request, snapshot_id: str) -> Answer:
    """The exact lines of an NDJSON download, ready or not; bytes that are no UTF-8 are shown as surrogates."""
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_json(NOT_FOUND, 404)

    def items() -> Iterator[str]:
        for position, (kind, row) in enumerate(world.rows(snapshot)):
            text, broken = line(snapshot, position, row)
            yield json.dumps({"line": text.decode("utf-8", "surrogateescape"), "kind": kind, "broken": broken})

    return Answer(as_array(items()))


CONTROLS: Final = Routes(
    *COMMON,
    Route("GET", "/sandbox/count", count),
    Route("GET", "/sandbox/triggers", triggers),
    Route("GET", "/sandbox/rows/<snapshot_id>", rows),
)
