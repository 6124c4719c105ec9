"""How a posting job comes along: a bar on a terminal, one plain line per change everywhere else. Always on stderr."""

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
def following(workbench: Workbench, job_id: str) -> Iterator[Callable[[], None]]:
    """A function to call now and then while work goes on; it shows what changed since it was last called."""
    if err.is_terminal:
        with Progress(TextColumn("{task.description}"), BarColumn(), console=err, transient=True) as bar:
            task = bar.add_task("posting")
            yield lambda: _draw(bar, task, workbench.posting_job(job_id))
        return
    known: dict[int, str] = {}

    def look() -> None:
        for one in workbench.listings(job=job_id):
            before, state = known.get(one["listing_id"], "queued"), str(one["state"])
            if before != state:
                at = f"{datetime.now(workbench.settings.zone):%H:%M:%S %Z}"
                why = f"  {one['error_message']}" if one["error_message"] else ""
                say(f"{at}  listing {one['listing_id']} {one['title']}  {before} → {state}{why}")
            known[one["listing_id"]] = state

    yield look
    look()


def _draw(bar: Progress, task: Any, seen: dict[str, Any]) -> None:
    over = seen["completed_posts"] + seen["failed_posts"]
    now = clean(seen["current_post_title"] or "")
    words = f"{over} of {seen['total_posts']}" + (f" · {now}" if now else "")
    bar.update(task, total=seen["total_posts"], completed=over, description=words)
