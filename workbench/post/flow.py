"""The flow: which step works on which state. Every step opens a page of the account, so all are in its lane."""

from __future__ import annotations

from datetime import timedelta

from workbench.engine.records import Flow, Step
from workbench.engine.states import PostingState
from workbench.post import confirm, reconcile, submit


def flow(*, look_every: timedelta, longest_act: timedelta) -> Flow:
    """`longest_act`: after which nobody can still be inside the click, so that looks begin."""
    return Flow(
        kind="posting",
        steps={
            PostingState.QUEUED: Step(submit.send, in_lane=True, is_act=True),
            PostingState.SUBMITTED: Step(confirm.look, in_lane=True, attempts=24),
            PostingState.UNSURE: Step(reconcile.look, counts=False, every=look_every, in_lane=True),
        },
        failed=PostingState.FAILED,
        unsure=PostingState.UNSURE,
        quarantined=PostingState.QUARANTINED,
        longest_act=longest_act,
    )
