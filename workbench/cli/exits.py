"""What a command's exit code says, and which state of a snapshot leads to which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final

from workbench.engine.item import FOR_A_PERSON, KINDS
from workbench.errors import FAULTS


class Exit(IntEnum):
    DONE = 0
    FAILED = 1  # something failed or is partial
    REFUSED = 2  # wrong use, or refused
    PERSON = 3  # a person is needed
    UNSURE = 4  # it may have happened, or time ran out


_RISING: Final = (Exit.DONE, Exit.FAILED, Exit.UNSURE, Exit.PERSON, Exit.REFUSED)
_PEOPLE: Final = frozenset(name for name, one in FAULTS.items() if one.needs_person)


def worst(codes: Iterable[Exit]) -> Exit:
    return max(codes, key=_RISING.index, default=Exit.DONE)


def of_snapshot(snapshot: Mapping[str, Any]) -> Exit:
    """By its state, unless it waits for a person; one that is not finished is unsure."""
    if snapshot["attention"] in FOR_A_PERSON:
        return Exit.PERSON
    return _of_state("snapshot", snapshot["state"])


def of_posting(listing: Mapping[str, Any]) -> Exit:
    """Of a listing that was posted, or only rehearsed; what stops its account needs a person first of all."""
    if listing["status"] == "rehearsed":
        return Exit.DONE
    if listing.get("attention") in FOR_A_PERSON:
        return Exit.PERSON
    if listing.get("state") is None:  # a rehearsal that was stopped
        return Exit.PERSON if listing["error_class"] in _PEOPLE else Exit.FAILED
    return _of_state("posting", listing["state"])


def of_upload(one: Mapping[str, Any]) -> Exit:
    """By its status; one whose answer is lost or awaited is unsure."""
    if one["attention"] in FOR_A_PERSON:
        return Exit.PERSON
    return {
        "failed": Exit.FAILED, "file_not_found": Exit.FAILED, "unknown_id": Exit.PERSON, "pending": Exit.UNSURE,
    }.get(one["status"], Exit.DONE)  # fmt: skip


def _of_state(kind: str, state: str) -> Exit:
    return Exit(KINDS[kind].states(state).info.exit)


def of_execution(outcome: str, error: str | None = None) -> Exit:
    """By its outcome, and where a cell raised one of our errors, by what that asks for."""
    if outcome == "timed_out":
        return Exit.UNSURE
    if outcome == "failed":
        return {"NeedsPerson": Exit.PERSON, "Unanswered": Exit.UNSURE}.get(str(error), Exit.FAILED)
    return Exit.DONE if outcome == "succeeded" else Exit.FAILED
