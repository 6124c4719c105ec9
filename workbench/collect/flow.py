"""The flow: which step works on which state, and how long each waits before it is tried again."""

from __future__ import annotations

from datetime import timedelta

from workbench.budget.model import Release
from workbench.collect import download, poll, publish, reconcile, stage, trigger
from workbench.collect.model import SnapshotState
from workbench.engine.flow import Flow, Step
from workbench.engine.retry import RetryPolicy


def reading(*, retry: RetryPolicy) -> Flow:
    """The two steps that need nothing but what is here."""
    return Flow(
        kind="snapshot",
        steps={
            SnapshotState.DOWNLOADED: Step(stage.read, retry),
            SnapshotState.STAGED: Step(publish.publish, retry),
        },
        failed=SnapshotState.FAILED,
        unsure=SnapshotState.UNSURE,
        quarantined=SnapshotState.QUARANTINED,
    )


def flow(*, retry: RetryPolicy, poll_every: timedelta, longest_trigger: timedelta) -> Flow:
    """`retry`: the owner's (`backoff_seconds`); `poll_every`: between looks at Bright Data."""
    looks = retry.looks(poll_every)
    return Flow(
        kind="snapshot",
        steps={
            SnapshotState.PLANNED: Step(trigger.send, retry),
            SnapshotState.TRIGGERED: Step(poll.check, looks),
            SnapshotState.READY: Step(download.fetch, retry),
            **reading(retry=retry).steps,
            SnapshotState.UNSURE: Step(reconcile.look, looks),
        },
        failed=SnapshotState.FAILED,
        unsure=SnapshotState.UNSURE,
        quarantined=SnapshotState.QUARANTINED,
        writes_on_failure=(Release(),),
        longest_act=longest_trigger,
    )
