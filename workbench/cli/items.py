"""How the items of one order come along: a bar on a terminal, one plain line per change everywhere else.

Always on stderr.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo

from rich.progress import BarColumn, Progress, TextColumn

from workbench.cli.console import clean, err, say

Bar = tuple[int, int, str]  # how many items are over, of how many, and what is at work this moment
Line = tuple[int, str, str, str | None]  # an item's key, its name, its state, and what was said about it
Watch = contextlib.AbstractContextManager[Callable[[], None]]


@contextlib.contextmanager
def following(
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
