"""What a command's exit code says; which outcome of the work leads to which is `engine/outcome.py`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    DONE = 0
    FAILED = 1  # something failed or is partial
    REFUSED = 2  # wrong use, or refused
    PERSON = 3  # a person is needed
    UNSURE = 4  # it may have happened, or time ran out


_RISING: Final = (Exit.DONE, Exit.FAILED, Exit.UNSURE, Exit.PERSON, Exit.REFUSED)


def worst(codes: Iterable[Exit]) -> Exit:
    return max(codes, key=_RISING.index, default=Exit.DONE)


def of_execution(outcome: str, error: str | None = None) -> Exit:
    """By its outcome, and where a cell raised one of our errors, by what that asks for."""
    if outcome == "timed_out":
        return Exit.UNSURE
    if outcome == "failed":
        return {"NeedsPerson": Exit.PERSON, "Unanswered": Exit.UNSURE}.get(str(error), Exit.FAILED)
    return Exit.DONE if outcome == "succeeded" else Exit.FAILED


def of_tick(outcome: str) -> Exit:
    """Of a schedule's notebook or command."""
    known = {"refused": Exit.REFUSED, "person": Exit.PERSON, "unsure": Exit.UNSURE, "timed_out": Exit.UNSURE}
    return known.get(outcome, of_execution(outcome))
