"""The flow: which step works on which state."""

from __future__ import annotations

from datetime import timedelta

from workbench.engine.records import Flow, Step
from workbench.engine.states import UploadState
from workbench.upload import archive, identify, reconcile, record, send, verify

_ALIKE = ("account_id", "looks")
_READ_AT_ONCE = 200  # uploads looked for in one visit
_WRITTEN_AT_ONCE = 200


def flow(*, group: int, look_every: timedelta, longest_act: timedelta) -> Flow:
    """`group`: files that are attached in one gesture, at most."""
    return Flow(
        kind="upload",
        steps={
            UploadState.PLANNED: Step(verify.look),
            UploadState.CHECKED: Step(send.send, together=group, by=("account_id", "tab"), in_lane=True, is_act=True),
            UploadState.SENT: Step(
                identify.find, together=_READ_AT_ONCE, by=_ALIKE, counts=False, every=look_every, in_lane=True
            ),
            UploadState.UNSURE: Step(
                reconcile.look, together=_READ_AT_ONCE, by=_ALIKE, counts=False, every=look_every, in_lane=True
            ),
            UploadState.IDENTIFIED: Step(record.write, together=_WRITTEN_AT_ONCE),
            UploadState.RECORDED: Step(archive.move),
        },
        failed=UploadState.FAILED,
        unsure=UploadState.UNSURE,
        quarantined=UploadState.QUARANTINED,
        longest_act=longest_act,
    )
