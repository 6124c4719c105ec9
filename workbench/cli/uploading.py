"""How a batch comes along: a bar on a terminal, one plain line per change everywhere else. Always on stderr."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn

from workbench.cli.console import clean, err, say

if TYPE_CHECKING:
    from workbench.app import Workbench


@contextlib.contextmanager
def following(workbench: Workbench, batch_id: str) -> Iterator[Callable[[], None]]:
    """A function to call now and then while work goes on; it shows what changed since it was last called."""
    if err.is_terminal:
        with Progress(TextColumn("{task.description}"), BarColumn(), console=err, transient=True) as bar:
            task = bar.add_task("uploading")
            yield lambda: _draw(bar, task, workbench.upload_batch(batch_id))
        return
    known: dict[int, str] = {}

    def look() -> None:
        for one in workbench.upload_batch(batch_id)["items"]:
            before, state = known.get(one["upload_id"]), str(one["state"])
            if before != state:
                at = f"{datetime.now(workbench.settings.zone):%H:%M:%S %Z}"
                why = f"  {one['error_message']}" if one["error_message"] else ""
                arrow = f"{before} → {state}" if before else state
                say(f"{at}  {clean(one['file_name'])}  {arrow}{why}")
            known[one["upload_id"]] = state

    yield look
    look()


def _draw(bar: Progress, task: Any, seen: dict[str, Any]) -> None:
    over = sum(not one["is_due"] for one in seen["items"])
    now = next((clean(one["file_name"]) for one in seen["items"] if one["is_worked"]), "")
    words = f"{over} of {len(seen['items'])}" + (f" · {now}" if now else "")
    bar.update(task, total=len(seen["items"]), completed=over, description=words)
