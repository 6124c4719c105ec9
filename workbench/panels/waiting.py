"""What waits for a person, and how an outcome is told: in a page, and by the notebook that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.panels.markup import note, table, tag
from workbench.panels.page import is_headless, still

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
    if is_headless():
        raise error
    still(note("error", error.message, role="alert"))
