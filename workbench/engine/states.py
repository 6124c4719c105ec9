"""Every state of every kind of item, the moves between them, and the words people use for them.

A state is named for the step that reached it: `triggered` was last touched by ``collect/trigger.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final


class SnapshotState(StrEnum):
    PLANNED = "planned"  # the intent exists; nothing was sent → triggered, unsure, failed, canceled
    TRIGGERED = "triggered"  # Bright Data is collecting → ready, empty, failed, canceled, expired, stalled
    READY = "ready"  # rows can be fetched → downloaded, empty, expired, or back to triggered ("building")
    DOWNLOADED = "downloaded"  # the raw bytes are ours, whole → staged
    STAGED = "staged"  # Parquet under final names, not yet visible → published, empty
    PUBLISHED = "published"  # in the manifest, so in every table
    EMPTY = "empty"  # delivered without a single data row; rejects may say why
    FAILED = "failed"  # refused, or failed at the vendor
    CANCELED = "canceled"  # by a person
    EXPIRED = "expired"  # the vendor no longer has it
    STALLED = "stalled"  # the vendor did not finish by our deadline → triggered, canceled
    UNSURE = (
        "unsure"  # the trigger's answer was lost: it may be running and paid → triggered, planned, failed, canceled
    )
    QUARANTINED = "quarantined"  # it crashed us, or surprised us; a person looks at its story
    REUSED = "reused"  # an older snapshot answered; nothing was paid


class UploadState(StrEnum):
    """Of one creative on its way to one account of a platform."""

    PLANNED = "planned"  # in a batch; nothing was looked at → checked, skipped, failed, canceled
    CHECKED = "checked"  # the file is what the slot takes → sent, identified, failed, unsure, ...
    SENT = "sent"  # the platform has it, its id is not read yet → identified, unknown_id
    IDENTIFIED = "identified"  # the platform's id is ours → recorded
    RECORDED = "recorded"  # the id stands in the CSVs → archived
    ARCHIVED = "archived"  # the file lies in the archive, verified
    FAILED = "failed"  # refused by our check, or by the platform with its own words
    SKIPPED = "skipped"  # an original, or known at the platform already
    UNKNOWN_ID = "unknown_id"  # uploaded, but nobody could read its id: a person enters it
    UNSURE = "unsure"  # the answer was lost: it may be there → identified, checked, ...
    CANCELED = "canceled"  # by a person
    QUARANTINED = "quarantined"  # it crashed us, or surprised us; a person looks at its story


class PostingState(StrEnum):
    """Of one listing on its way to one account."""

    QUEUED = "queued"  # ordered; nothing was sent → submitted, posted, drafted, failed, unsure, canceled
    SUBMITTED = "submitted"  # the site took it and gave its id → posted, drafted
    POSTED = "posted"  # live, or under the site's review, with its id
    DRAFTED = "drafted"  # kept at the site as a draft, as was asked
    FAILED = "failed"  # refused: by our check, by a field's error, by the site
    UNSURE = "unsure"  # the click's answer was lost: it may be live → posted, queued, ...
    CANCELED = "canceled"  # by a person
    QUARANTINED = "quarantined"  # it crashed us, or surprised us; a person looks at its story


class Attention(StrEnum):
    """Why an item does not move by itself."""

    RECONCILE = "reconcile"  # look at the other side
    PERSON = "person"  # somebody has to do something
    REVIEW = "review"  # somebody has to decide something


# What a worker cannot see to.
FOR_A_PERSON: Final = frozenset({Attention.PERSON, Attention.REVIEW})


S = SnapshotState

SNAPSHOT_MOVES: Final[dict[SnapshotState, frozenset[SnapshotState]]] = {
    S.PLANNED: frozenset({S.TRIGGERED, S.UNSURE, S.FAILED, S.CANCELED, S.REUSED, S.QUARANTINED}),
    # published: it was before, was asked for once more, and the vendor has it no longer.
    S.TRIGGERED: frozenset({S.READY, S.PUBLISHED, S.EMPTY, S.FAILED, S.CANCELED, S.EXPIRED, S.STALLED, S.QUARANTINED}),
    S.READY: frozenset(
        {S.DOWNLOADED, S.TRIGGERED, S.PUBLISHED, S.EMPTY, S.FAILED, S.CANCELED, S.EXPIRED, S.QUARANTINED}
    ),
    S.DOWNLOADED: frozenset({S.STAGED, S.READY, S.FAILED, S.QUARANTINED}),
    S.STAGED: frozenset({S.PUBLISHED, S.EMPTY, S.DOWNLOADED, S.FAILED, S.QUARANTINED}),
    S.UNSURE: frozenset({S.TRIGGERED, S.PLANNED, S.FAILED, S.CANCELED, S.QUARANTINED}),
    S.STALLED: frozenset({S.TRIGGERED, S.FAILED, S.CANCELED, S.EXPIRED, S.QUARANTINED}),
    S.QUARANTINED: frozenset({S.PLANNED, S.TRIGGERED, S.READY, S.DOWNLOADED, S.STAGED, S.FAILED, S.CANCELED}),
    S.PUBLISHED: frozenset({S.DOWNLOADED, S.READY}),  # reprocess; fetch again
    S.EMPTY: frozenset({S.DOWNLOADED, S.READY}),
    S.FAILED: frozenset({S.PLANNED, S.TRIGGERED, S.DOWNLOADED}),  # the last where the raw bytes are ours
    S.EXPIRED: frozenset({S.TRIGGERED, S.DOWNLOADED}),  # found again; or staged from a kept delivery
    S.CANCELED: frozenset(),
    S.REUSED: frozenset(),
}

U = UploadState

UPLOAD_MOVES: Final[dict[UploadState, frozenset[UploadState]]] = {
    U.PLANNED: frozenset({U.CHECKED, U.IDENTIFIED, U.SKIPPED, U.FAILED, U.CANCELED, U.QUARANTINED}),
    U.CHECKED: frozenset(
        {U.SENT, U.IDENTIFIED, U.SKIPPED, U.FAILED, U.UNSURE, U.UNKNOWN_ID, U.CANCELED, U.PLANNED, U.QUARANTINED}
    ),
    U.SENT: frozenset({U.IDENTIFIED, U.UNKNOWN_ID, U.UNSURE, U.QUARANTINED}),
    U.UNSURE: frozenset({U.IDENTIFIED, U.SENT, U.CHECKED, U.UNKNOWN_ID, U.FAILED, U.CANCELED, U.QUARANTINED}),
    U.UNKNOWN_ID: frozenset({U.IDENTIFIED, U.SENT, U.CHECKED, U.FAILED, U.CANCELED}),
    U.IDENTIFIED: frozenset({U.RECORDED, U.QUARANTINED}),
    U.RECORDED: frozenset({U.ARCHIVED, U.RECORDED, U.IDENTIFIED, U.QUARANTINED}),  # itself: half of a pair rests
    U.ARCHIVED: frozenset({U.RECORDED}),  # brought back from the archive
    U.FAILED: frozenset({U.PLANNED, U.CANCELED}),
    U.SKIPPED: frozenset({U.PLANNED}),
    U.CANCELED: frozenset({U.PLANNED}),
    U.QUARANTINED: frozenset(
        {U.PLANNED, U.CHECKED, U.SENT, U.IDENTIFIED, U.RECORDED, U.UNKNOWN_ID, U.UNSURE, U.FAILED, U.CANCELED}
    ),
}

P = PostingState

POSTING_MOVES: Final[dict[PostingState, frozenset[PostingState]]] = {
    P.QUEUED: frozenset({P.SUBMITTED, P.POSTED, P.DRAFTED, P.FAILED, P.UNSURE, P.CANCELED, P.QUARANTINED}),
    P.SUBMITTED: frozenset({P.POSTED, P.DRAFTED, P.FAILED, P.UNSURE, P.QUARANTINED}),
    P.UNSURE: frozenset({P.POSTED, P.DRAFTED, P.SUBMITTED, P.QUEUED, P.FAILED, P.CANCELED, P.QUARANTINED}),
    P.FAILED: frozenset({P.QUEUED, P.CANCELED}),
    P.CANCELED: frozenset({P.QUEUED}),
    P.QUARANTINED: frozenset({P.QUEUED, P.SUBMITTED, P.UNSURE, P.POSTED, P.FAILED, P.CANCELED}),
    P.POSTED: frozenset(),
    P.DRAFTED: frozenset(),
}

MOVES: Final[dict[str, Mapping[Any, frozenset[Any]]]] = {
    "snapshot": SNAPSHOT_MOVES,
    "upload": UPLOAD_MOVES,
    "posting": POSTING_MOVES,
}
STATES: Final[dict[str, type[StrEnum]]] = {
    "snapshot": SnapshotState,
    "upload": UploadState,
    "posting": PostingState,
}

# The words that the team's sheets and scripts already use.
SNAPSHOT_STATUS: Final[dict[SnapshotState, str]] = {
    S.PLANNED: "pending",
    S.TRIGGERED: "pending",
    S.UNSURE: "pending",
    S.READY: "ready",
    S.DOWNLOADED: "processing",
    S.STAGED: "processing",
    S.PUBLISHED: "processed",
    S.EMPTY: "processed",
    S.REUSED: "processed",
    S.FAILED: "failed",
    S.CANCELED: "failed",
    S.EXPIRED: "failed",
    S.STALLED: "failed",
    S.QUARANTINED: "failed",
}

UPLOAD_STATUS: Final[dict[UploadState, str]] = {
    U.PLANNED: "pending",
    U.CHECKED: "pending",
    U.SENT: "pending",
    U.UNSURE: "pending",
    U.IDENTIFIED: "success",
    U.RECORDED: "success",
    U.ARCHIVED: "success",
    U.FAILED: "failed",  # or file_not_found, where that is why
    U.SKIPPED: "skipped",
    U.CANCELED: "skipped",
    U.UNKNOWN_ID: "unknown_id",
    U.QUARANTINED: "failed",
}

PLATFORMS: Final = {"tj": "TrafficJunky", "exo": "ExoClick"}

POSTING_STATUS: Final[dict[PostingState, str]] = {
    P.QUEUED: "pending",
    P.SUBMITTED: "posting",
    P.UNSURE: "posting",
    P.POSTED: "posted",
    P.DRAFTED: "posted",
    P.FAILED: "failed",
    P.CANCELED: "failed",
    P.QUARANTINED: "failed",
}

# "Is there anything left that this snapshot could still become by itself?"
SNAPSHOT_UNFINISHED: Final = frozenset({S.PLANNED, S.TRIGGERED, S.UNSURE, S.READY, S.DOWNLOADED, S.STAGED})
SNAPSHOT_GOOD: Final = frozenset({S.PUBLISHED, S.EMPTY, S.REUSED})


class Status(StrEnum):
    """Of a job and of a run."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


def roll_up(states: Iterable[SnapshotState]) -> Status:
    """The status of a job (or run) from its snapshots' states; their order does not matter."""
    seen = set(states)
    if not seen or seen <= {S.PLANNED}:
        return Status.PENDING
    if seen & SNAPSHOT_UNFINISHED:
        return Status.PROCESSING
    if seen <= SNAPSHOT_GOOD:
        return Status.COMPLETED
    if seen == {S.CANCELED}:
        return Status.CANCELLED
    return Status.PARTIAL if seen & SNAPSHOT_GOOD else Status.FAILED


UPLOAD_UNFINISHED: Final = frozenset({U.PLANNED, U.CHECKED, U.SENT, U.UNSURE, U.IDENTIFIED, U.RECORDED})

# "Is there anything left that this posting could still become by itself?" And the two ways of being over.
POSTING_UNFINISHED: Final = frozenset({P.QUEUED, P.SUBMITTED, P.UNSURE})
POSTING_GOOD: Final = frozenset({P.POSTED, P.DRAFTED})
POSTING_BAD: Final = frozenset({P.FAILED, P.CANCELED, P.QUARANTINED})


def posting_roll_up(states: Iterable[PostingState], *, is_begun: bool, is_cancelled: bool) -> str:
    """The status of a posting job from its postings' states, in the team's words."""
    seen = set(states)
    if seen & POSTING_UNFINISHED:
        return "running" if is_begun or seen - {P.QUEUED} else "queued"
    if is_cancelled:
        return "cancelled"
    return "completed" if seen & POSTING_GOOD or not seen else "failed"


def posting_told(items: Sequence[Mapping[str, Any]], *, is_cancelled: bool) -> dict[str, Any]:
    """How a posting job stands, by its listings as they are told: never a counter of its own."""
    states = [P(one["state"]) for one in items]
    done, failed = (sum(state in each for state in states) for each in (POSTING_GOOD, POSTING_BAD))
    begun = [one["begun_at"] for one in items if one["begun_at"]]
    status = posting_roll_up(states, is_begun=bool(begun), is_cancelled=is_cancelled)
    current = next((one for one in items if one["is_worked"]), None)
    is_over = not any(state in POSTING_UNFINISHED for state in states)
    waits = {one["attention"] for one in items}
    heaviest = (Attention.REVIEW, Attention.PERSON, Attention.RECONCILE)
    return {
        "status": status,
        "total_posts": len(items),
        "completed_posts": done,
        "failed_posts": failed,
        "current_post_id": current and current["listing_id"],
        "current_post_title": current and current["title"],
        "started_at": min(begun, default=None),
        "completed_at": max((one["changed_at"] for one in items), default=None) if is_over else None,
        "progress_percentage": round(100 * done / len(items), 1) if items else 0.0,
        "error_message": _why(items) if status == "failed" else None,
        "attention": next((str(one) for one in heaviest if one in waits), None),
    }


def _why(items: Iterable[Mapping[str, Any]]) -> str | None:
    return next((one["error_message"] for one in items if one["error_message"]), None)


UNFINISHED: Final[dict[str, frozenset[Any]]] = {
    "snapshot": SNAPSHOT_UNFINISHED,
    "upload": UPLOAD_UNFINISHED,
    "posting": POSTING_UNFINISHED,
}


def as_in_sheet(sheet: Mapping[str, Any], path: str) -> str:
    """A file's path as its inventory spells it, by which people join the two; ours where it lies elsewhere."""
    said = next((str(sheet[name]) for name in ("file_path", "path") if sheet.get(name)), "")
    return said if said.replace("\\", "/").endswith(path) else path
