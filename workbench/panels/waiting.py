"""What waits for a person, and how an outcome is told: in a page, and by the notebook that fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.engine.outcome import OrderOutcome
from workbench.errors import NeedsPerson, Permanent, Unanswered, WorkbenchError
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import note, table, tag
from workbench.panels.page import still

if TYPE_CHECKING:
    from workbench.workbench import Workbench


def waiting(wb: Workbench) -> None:
    """What waits for a person, each with the command that resolves it."""
    entries = wb.todo()
    if not entries:
        still(note("plain", "Nothing waits for a person."))
        return
    rows = [(one["id"], one["why"], tag("code", one["command"])) for one in entries]
    still(table("Waits for a person", ("Which", "Why", "In a terminal"), rows))


def raise_or_show(error: WorkbenchError) -> None:
    """An execution's outcome is that of its cells; a person at the page just reads it."""
    if not is_by_hand():
        raise error
    still(note("error", error.message, role="alert"))


def tell_outcome(
    wb: Workbench, thing: str, outcome: OrderOutcome, *, total: int, failed: Sequence[str], done: str
) -> None:
    """Say how the items of one order went; `failed`: names of those that did."""
    said = f"{len(failed)} of {total} {thing}s failed: {', '.join(failed[:5])}" if failed else ""
    if outcome is OrderOutcome.PERSON:
        waiting(wb)
        raise_or_show(NeedsPerson(f"a person has to look at some of these {thing}s: workbench todo."))
    elif outcome is OrderOutcome.UNSURE:
        rest = f"not every {thing} is over; the rest goes on with: workbench work"
        raise_or_show(Unanswered(f"{said}; {rest}" if said else rest))
    elif outcome is OrderOutcome.FAILED:
        raise_or_show(Permanent(f"{said or f'not every {thing} came to its end'}."))
    else:
        still(note("plain", done))
