"""planned → checked: the file is looked into once more, for uploads that are tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from workbench.engine.flow import Move
from workbench.errors import Fault
from workbench.upload.check import check
from workbench.upload.gather import Candidate
from workbench.upload.model import Upload, UploadState
from workbench.upload.tools import UploadTools

_GATHER: Final = timedelta(seconds=0.5)  # so that those tried again together are attached together


def look(upload: Upload, tools: UploadTools) -> Move:
    candidate = Candidate(
        unique_id=upload.unique_id, part=upload.part, pair_id=None, name=upload.name, path=upload.path
    )
    (found,) = check(tools.creatives, [candidate], platform=upload.platform, slot=upload.slot, force=True)
    if found.is_blocked:
        fault = Fault(kind="file_missing" if found.is_missing else "validation_error")
        return Move(to=UploadState.FAILED, reason=found.words, fault=fault)
    values = {"sha256": found.media["sha256"], "media": dict(found.media), "error_type": None}
    return Move(to=UploadState.CHECKED, values=values, after=_GATHER)
