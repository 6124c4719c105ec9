"""The flow: which step works on which state. Every step opens a page of the account, one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from workbench.engine.flow import Flow, Step
from workbench.engine.retry import RetryPolicy
from workbench.post import confirm, reconcile, submit
from workbench.post.model import PostingState


def flow(*, retry: RetryPolicy, look_every: timedelta, longest_act: timedelta) -> Flow:
    """`longest_act`: after which nobody can still be inside the click, so that looks begin."""
    return Flow(
        kind="posting",
        steps={
            PostingState.QUEUED: Step(submit.send, retry, on_page=True, is_act=True),
            PostingState.SUBMITTED: Step(confirm.look, replace(retry, attempts=24), on_page=True),
            PostingState.UNSURE: Step(reconcile.look, retry.looks(look_every), on_page=True),
        },
        failed=PostingState.FAILED,
        unsure=PostingState.UNSURE,
        quarantined=PostingState.QUARANTINED,
        longest_act=longest_act,
    )
