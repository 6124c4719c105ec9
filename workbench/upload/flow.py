"""The flow: which step works on which state."""

from __future__ import annotations

from datetime import timedelta

from workbench.engine.flow import Flow, Step
from workbench.engine.retry import RetryPolicy
from workbench.upload import archive, identify, reconcile, record, send, verify
from workbench.upload.model import UploadState

_ALIKE = ("account_id", "looks")
_READ_AT_ONCE = 200  # uploads looked for in one visit
_WRITTEN_AT_ONCE = 200


def flow(*, retry: RetryPolicy, batch_size: int, look_every: timedelta, longest_act: timedelta) -> Flow:
    """`batch_size`: files that are attached in one gesture, at most."""
    looks = retry.looks(look_every)
    return Flow(
        kind="upload",
        steps={
            UploadState.PLANNED: Step(verify.look, retry),
            UploadState.CHECKED: Step(
                send.send, retry, max_items=batch_size, group_by=("account_id", "tab"), on_page=True, is_act=True
            ),
            UploadState.SENT: Step(identify.find, looks, max_items=_READ_AT_ONCE, group_by=_ALIKE, on_page=True),
            UploadState.UNSURE: Step(reconcile.look, looks, max_items=_READ_AT_ONCE, group_by=_ALIKE, on_page=True),
            UploadState.IDENTIFIED: Step(record.write, retry, max_items=_WRITTEN_AT_ONCE),
            UploadState.RECORDED: Step(archive.move, retry),
        },
        failed=UploadState.FAILED,
        unsure=UploadState.UNSURE,
        quarantined=UploadState.QUARANTINED,
        longest_act=longest_act,
    )
