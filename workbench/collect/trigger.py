"""planned → triggered: the one request that costs money. Written down first, sent once, never repeated blindly."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from workbench.brightdata.wire import boot_clock
from workbench.budget.model import Money, Reserve
from workbench.collect.adopt import look
from workbench.collect.model import Snapshot, SnapshotState
from workbench.collect.tools import CollectTools
from workbench.engine.flow import Intent, Move, Revoked, Yielded
from workbench.errors import Unanswered, WorkbenchError


def send(snapshot: Snapshot, tools: CollectTools) -> Iterator[Yielded]:
    if snapshot.cancel_requested:
        yield Move(to=SnapshotState.CANCELED, reason="cancelled before anything was sent")
        return
    found = look(snapshot, tools)
    if found is not None:
        yield found
        return
    trigger = tools.brightdata.trigger  # a key or an address that is missing is told before anything is written down
    intent_id = secrets.token_urlsafe(24)
    # Before the order is written down: a process that is suspended from here on may wake long after others have
    # looked for the snapshot and sent it again, and must then send nothing.
    ordered = boot_clock()
    yield Intent(
        intent_id=intent_id,
        facts={"dataset_id": snapshot.dataset_id, "input_hash": snapshot.input_hash, "inputs": len(snapshot.inputs)},
        writes=(Reserve(Money(snapshot.estimate_records * snapshot.price_micro_usd, snapshot.estimate_records)),),
    )
    try:
        webhook = tools.webhook.query(intent_id) if tools.webhook else None
        provider_id = trigger(
            snapshot.dataset_id, snapshot.inputs, **snapshot.query, extra_query=webhook, since=ordered
        )
    except Unanswered:
        raise
    except WorkbenchError as refusal:
        # Every other error of the edge is proof that the vendor did not start anything.
        yield Revoked(refusal.message)
        raise
    yield Move(
        to=SnapshotState.TRIGGERED,
        values={"provider_id": provider_id, "triggered_at": tools.now()},
        after=tools.poll,
    )
