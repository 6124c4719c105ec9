"""The flow: which step works on which state."""

from __future__ import annotations

from datetime import timedelta

from workbench.collect import download, poll, publish, reconcile, stage, trigger
from workbench.engine.records import Flow, Step
from workbench.engine.states import SnapshotState


def flow(*, poll_every: timedelta, longest_trigger: timedelta) -> Flow:
    return Flow(
        kind="snapshot",
        steps={
            SnapshotState.PLANNED: Step(trigger.send),
            SnapshotState.TRIGGERED: Step(poll.check, counts=False, every=poll_every),
            SnapshotState.READY: Step(download.fetch),
            SnapshotState.DOWNLOADED: Step(stage.read),
            SnapshotState.STAGED: Step(publish.publish),
            SnapshotState.UNSURE: Step(reconcile.look, counts=False, every=poll_every),
        },
        failed=SnapshotState.FAILED,
        unsure=SnapshotState.UNSURE,
        quarantined=SnapshotState.QUARANTINED,
        longest_act=longest_trigger,
    )
