"""The flow: which step works on which state."""

from __future__ import annotations

from datetime import timedelta

from workbench.collect import download, poll, publish, stage, trigger
from workbench.ledger.records import Flow, Step
from workbench.ledger.states import SnapshotState


def flow(poll_every: timedelta) -> Flow:
    return Flow(
        kind="snapshot",
        steps={
            SnapshotState.PLANNED: Step(trigger.send),
            SnapshotState.TRIGGERED: Step(poll.check, counts=False, every=poll_every),
            SnapshotState.READY: Step(download.fetch),
            SnapshotState.DOWNLOADED: Step(stage.read),
            SnapshotState.STAGED: Step(publish.publish),
        },
        failed=SnapshotState.FAILED,
        unsure=SnapshotState.UNSURE,
        quarantined=SnapshotState.QUARANTINED,
    )
