"""Every state of every kind of item, the moves between them, and the words people use for them.

A state is named for the step that reached it: `triggered` was last touched by ``collect/trigger.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


class Attention(StrEnum):
    """Why an item does not move by itself."""

    RECONCILE = "reconcile"  # look at the other side
    PERSON = "person"  # somebody has to do something
    REVIEW = "review"  # somebody has to decide something


S = SnapshotState

SNAPSHOT_MOVES: Final[dict[SnapshotState, frozenset[SnapshotState]]] = {
    S.PLANNED: frozenset({S.TRIGGERED, S.UNSURE, S.FAILED, S.CANCELED, S.REUSED, S.QUARANTINED}),
    S.TRIGGERED: frozenset({S.READY, S.EMPTY, S.FAILED, S.CANCELED, S.EXPIRED, S.STALLED, S.QUARANTINED}),
    S.READY: frozenset({S.DOWNLOADED, S.TRIGGERED, S.EMPTY, S.FAILED, S.CANCELED, S.EXPIRED, S.QUARANTINED}),
    S.DOWNLOADED: frozenset({S.STAGED, S.READY, S.FAILED, S.QUARANTINED}),
    S.STAGED: frozenset({S.PUBLISHED, S.EMPTY, S.DOWNLOADED, S.FAILED, S.QUARANTINED}),
    S.UNSURE: frozenset({S.TRIGGERED, S.PLANNED, S.FAILED, S.CANCELED, S.QUARANTINED}),
    S.STALLED: frozenset({S.TRIGGERED, S.FAILED, S.CANCELED, S.EXPIRED, S.QUARANTINED}),
    S.QUARANTINED: frozenset({S.PLANNED, S.TRIGGERED, S.READY, S.DOWNLOADED, S.STAGED, S.FAILED, S.CANCELED}),
    S.PUBLISHED: frozenset({S.DOWNLOADED}),  # reprocess
    S.EMPTY: frozenset({S.DOWNLOADED, S.READY}),
    S.FAILED: frozenset({S.PLANNED, S.TRIGGERED, S.DOWNLOADED}),  # the last where the raw bytes are ours
    S.EXPIRED: frozenset({S.TRIGGERED, S.DOWNLOADED}),  # found again; or staged from a kept delivery
    S.CANCELED: frozenset(),
    S.REUSED: frozenset(),
}

MOVES: Final[dict[str, Mapping[Any, frozenset[Any]]]] = {"snapshot": SNAPSHOT_MOVES}
STATES: Final[dict[str, type[StrEnum]]] = {"snapshot": SnapshotState}

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
