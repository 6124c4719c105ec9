"""How an order ended: one rule for commands, panels and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final

from workbench.engine.item import FOR_A_PERSON, KINDS
from workbench.errors import FAULTS


class OrderOutcome(IntEnum):
    """Its number is the exit code of a command."""

    DONE = 0
    FAILED = 1  # something failed or is partial
    PERSON = 3  # a person is needed
    UNSURE = 4  # it may have happened, or time ran out


_RISING: Final = (OrderOutcome.DONE, OrderOutcome.FAILED, OrderOutcome.UNSURE, OrderOutcome.PERSON)
_PEOPLE: Final = frozenset(name for name, one in FAULTS.items() if one.needs_person)


def worst(outcomes: Iterable[OrderOutcome]) -> OrderOutcome:
    return max(outcomes, key=_RISING.index, default=OrderOutcome.DONE)


def of_item(kind: str, row: Mapping[str, Any]) -> OrderOutcome:
    """By its state, unless it waits for a person; one that is not finished is unsure."""
    if row.get("attention") in FOR_A_PERSON:
        return OrderOutcome.PERSON
    return OrderOutcome(KINDS[kind].states(row["state"]).info.exit)


def of_rehearsed(row: Mapping[str, Any]) -> OrderOutcome:
    """What was only rehearsed has no state; what would stop its whole account needs a person first of all."""
    if row["status"] not in ("failed", "file_not_found"):
        return OrderOutcome.DONE
    return OrderOutcome.PERSON if row.get("error_class") in _PEOPLE else OrderOutcome.FAILED
