"""What a command's exit code says, and which state of a snapshot leads to which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final

from workbench.ledger.states import SNAPSHOT_UNFINISHED, SnapshotState


class Exit(IntEnum):
    DONE = 0
    FAILED = 1  # something failed or is partial
    REFUSED = 2  # wrong use, or refused
    PERSON = 3  # a person is needed
    UNSURE = 4  # it may have happened, or time ran out


_RISING: Final = (Exit.DONE, Exit.FAILED, Exit.UNSURE, Exit.PERSON, Exit.REFUSED)
_OF_STATE: Final = {
    SnapshotState.FAILED: Exit.FAILED,
    SnapshotState.EXPIRED: Exit.FAILED,
    SnapshotState.CANCELED: Exit.FAILED,
    SnapshotState.UNSURE: Exit.UNSURE,
    SnapshotState.STALLED: Exit.PERSON,
    SnapshotState.QUARANTINED: Exit.PERSON,
}


def worst(codes: Iterable[Exit]) -> Exit:
    return max(codes, key=_RISING.index, default=Exit.DONE)


def of_snapshot(snapshot: Mapping[str, Any]) -> Exit:
    """By its state; one that a person has to look at, or that is not finished, says so."""
    state = SnapshotState(snapshot["state"])
    if state in _OF_STATE:
        return _OF_STATE[state]
    if snapshot["attention"] is not None:
        return Exit.PERSON
    return Exit.UNSURE if state in SNAPSHOT_UNFINISHED else Exit.DONE


def of_execution(outcome: str) -> Exit:
    return Exit.DONE if outcome == "succeeded" else Exit.FAILED
