"""How a posting job or a batch comes along: a bar on a terminal, one plain line per change everywhere else.

Always on stderr.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from workbench.cli.console import clean, err, say

if TYPE_CHECKING:
    from workbench.workbench import Workbench

Bar = tuple[int, int, str]  # how many items are over, of how many, and what is at work this moment
Line = tuple[int, str, str, str | None]  # an item's key, its name, its state, and what was said about it
Watch = contextlib.AbstractContextManager[Callable[[], None]]


def following_job(workbench: Workbench, job_id: str) -> Watch:
    def look() -> Bar:
        seen = workbench.postings.job(job_id)
        return seen["completed_posts"] + seen["failed_posts"], seen["total_posts"], seen["current_post_title"] or ""

    def lines() -> Iterable[Line]:
        for one in workbench.postings.listings(job=job_id):
            key = one["listing_id"]
            yield key, f"listing {key} {one['title']}", str(one["state"]), one["error_message"]

    return _following("posting", look, lines, workbench.settings.zone, begins="queued")


def following_batch(workbench: Workbench, batch_id: str) -> Watch:
    def look() -> Bar:
        items = workbench.uploads.batch(batch_id)["items"]
        now = next((one["file_name"] for one in items if one["is_worked"]), "")
        return sum(not one["is_due"] for one in items), len(items), now

    def lines() -> Iterable[Line]:
        for one in workbench.uploads.batch(batch_id)["items"]:
            yield one["upload_id"], one["file_name"], str(one["state"]), one["error_message"]

    return _following("uploading", look, lines, workbench.settings.zone)


@contextlib.contextmanager
def _following(
    what: str, look: Callable[[], Bar], lines: Callable[[], Iterable[Line]], zone: tzinfo, *, begins: str = ""
) -> Iterator[Callable[[], None]]:
    """A function to call now and then while work goes on; it shows what changed since it was last called.

    The state in which every item `begins` is not told.
    """
    if err().is_terminal:
        # The names of outside are never markup.
        words = TextColumn("{task.description}", markup=False)
        with Progress(words, BarColumn(), console=err(), transient=True) as bar:
            task = bar.add_task(what)

            def draw() -> None:
                over, total, now = look()
                said = f"{over} of {total}" + (f" · {clean(now)}" if now else "")
                bar.update(task, total=total, completed=over, description=said)

            yield draw
        return
    known: dict[int, str] = {}

    def tell() -> None:
        for key, name, state, why in lines():
            before = known.get(key, begins)
            if before != state:
                at = f"{datetime.now(zone):%H:%M:%S %Z}"
                say("  ".join([at, name, f"{before} → {state}" if before else state, *filter(None, [why])]))
            known[key] = state

    yield tell
    tell()
