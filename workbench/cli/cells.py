"""How a notebook comes along on a terminal: cell by cell."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from workbench.cli.console import err, say

if TYPE_CHECKING:
    from workbench.audit.watch import CellProgress

Tree = list[dict[str, Any]]


@contextlib.contextmanager
def cells() -> Iterator[Callable[[CellProgress], None]]:
    """The same for the cells of a notebook."""
    if not err().is_terminal:
        yield _cell_line
        return
    with err().status("notebook") as status:
        yield lambda seen: status.update(f"notebook: cell {seen.number} of {seen.total}")


def _cell_line(seen: CellProgress) -> None:
    if seen.state != "running":
        say(f"cell {seen.number} of {seen.total}: {seen.state}")
