"""Creatives on their way to a platform: the record of one, and the states of that way with what each means."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from workbench.engine.item import Item, Kind, State, StateInfo, register
from workbench.files import canonical

PLATFORMS: Final = {"tj": "TrafficJunky", "exo": "ExoClick"}


class UploadState(State):
    """Of one creative on its way to one account of a platform."""

    PLANNED = "planned", StateInfo(
        means="It is in a batch; nothing was looked at.", word="pending", goes_on=True, exit=4,
        to="checked identified skipped failed canceled quarantined",
    )  # fmt: skip
    CHECKED = "checked", StateInfo(
        means="The file is what the slot takes.", word="pending", goes_on=True, exit=4,
        to="sent identified skipped failed unsure unknown_id canceled planned quarantined",
    )  # fmt: skip
    SENT = "sent", StateInfo(
        means="The platform has it; its id is not read yet.", word="pending", goes_on=True, exit=4,
        to="identified unknown_id unsure quarantined",
    )  # fmt: skip
    IDENTIFIED = (
        "identified",
        StateInfo(
            means="The platform's id is ours.", word="success", goes_on=True, is_good=True, to="recorded quarantined"
        ),
    )
    RECORDED = "recorded", StateInfo(
        means="The id stands in the CSVs.", word="success", goes_on=True, is_good=True,
        to="archived recorded identified quarantined",  # itself: half of a pair rests
    )  # fmt: skip
    ARCHIVED = "archived", StateInfo(
        means="The file lies in the archive, verified.", word="success", is_good=True, is_over=True,
        to="recorded",  # brought back from the archive
    )  # fmt: skip
    FAILED = "failed", StateInfo(
        means="It was refused by our check, or by the platform with its own words.",
        word="failed",  # or file_not_found, where that is why
        is_bad=True, is_over=True, exit=1, to="planned canceled",
    )  # fmt: skip
    SKIPPED = (
        "skipped",
        StateInfo(
            means="It is an original, or known at the platform already.", word="skipped", is_over=True, to="planned"
        ),
    )
    UNKNOWN_ID = "unknown_id", StateInfo(
        means="It was uploaded, but nobody could read its id: a person enters it.", word="unknown_id", exit=3,
        to="identified sent checked failed canceled",
    )  # fmt: skip
    UNSURE = "unsure", StateInfo(
        means="The answer was lost: it may be there.", word="pending", goes_on=True, exit=4,
        to="identified sent checked unknown_id failed canceled quarantined",
    )  # fmt: skip
    CANCELED = "canceled", StateInfo(means="A person cancelled it.", word="skipped", is_over=True, to="planned")
    QUARANTINED = "quarantined", StateInfo(
        means="It crashed or surprised us; a person looks at its story.", word="failed", is_bad=True, exit=1,
        to="planned checked sent identified recorded unknown_id unsure failed canceled",
    )  # fmt: skip


UPLOAD_UNFINISHED: Final = UploadState.having("goes_on")
# Where a person may say what became of it.
UPLOAD_IN_DOUBT: Final = frozenset({UploadState.UNSURE, UploadState.UNKNOWN_ID, UploadState.QUARANTINED})


def as_in_sheet(sheet: Mapping[str, Any], path: str) -> str:
    """A file's path as its inventory spells it, by which people join the two; ours where it lies elsewhere."""
    said = next((str(sheet[name]) for name in ("file_path", "path") if sheet.get(name)), "")
    return said if said.replace("\\", "/").endswith(path) else path


@dataclass(frozen=True, kw_only=True)
class Upload(Item):
    """One creative on its way to one account of a platform."""

    state: UploadState
    batch_id: str
    account_id: int
    creative_id: int
    unique_id: str
    part: str  # "", VID or IMG
    native_pair_id: str | None
    path: str  # relative to the creatives' root
    name: str
    platform: str
    slot: str  # static | video | in_stream | native
    tab: str  # of the media library
    generation: int  # above 1: sent again on purpose
    force_reason: str | None = None
    campaign_id: str | None = None
    sha256: str | None = None
    media: Mapping[str, Any] | None = None  # what the check found: kind, container, bytes, width, height, seconds
    remote_id: str | None = None
    uploaded_at: datetime | None = None
    review_status: str | None = None
    review_history: tuple[Any, ...] | None = None
    recorded_at: datetime | None = None
    archived_at: datetime | None = None
    archive_path: str | None = None
    screenshot: str | None = None
    retries: int = 0
    error_type: str | None = None

    @property
    def act_key(self) -> str:
        said = [self.name, self.sha256, self.tab, self.generation]
        return hashlib.sha256(canonical(said).encode()).hexdigest()


register(
    Kind(
        name="upload",
        record=Upload,
        states=UploadState,
        sent=UploadState.CHECKED,
        facts=("remote_id", "archive_path", "sha256"),
        tuples=frozenset({"review_history"}),
    )
)
