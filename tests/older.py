"""Four ways in which a ledger comes to be older than the world, at a random moment of any kind of work.

The other side runs outside of the homes, so that none of it is copied along.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

from workbench.workbench import Workbench

WAYS: Final = ("restore", "copy", "put back", "delete")
Ended = Counter[str]  # how everything stands that was begun at this moment


class Doing(Protocol):
    """One kind of work, begun anew for each moment."""

    longest: float  # seconds until all that was begun is surely over

    def open(self, home: Path) -> Workbench: ...
    def begin(self, home: Path) -> None: ...
    def go_on(self, home: Path, seconds: float | None = None) -> Ended: ...
    def bring(self, home: Path, other: Path) -> None:
        """Copy what no backup has."""


def one_moment(doing: Doing, way: str, home: Path, name: str, dice: random.Random) -> list[Ended]:
    """Work a while, let it happen, work to the end; how everything stands in the homes that are left."""
    other, kept = home.parent / f"{way}-{name}", home.parent / f"kept-{name}"
    ledger = home / "data" / "ledger.db"
    doing.begin(home)
    if way in ("restore", "put back"):
        doing.bring(home, other)
        with ThreadPoolExecutor(1) as aside:
            working = aside.submit(doing.go_on, home)
            time.sleep(dice.uniform(0, doing.longest))
            with doing.open(home) as workbench:
                workbench.keeping.backup(kept)  # in the midst of whatever is at work
            first = working.result()
    else:
        doing.go_on(home, dice.uniform(0, doing.longest))
    if way == "restore":
        with doing.open(other) as workbench:
            workbench.keeping.restore(kept)
        return [first, doing.go_on(other)]
    if way == "copy":
        shutil.copytree(home, other)
        return [doing.go_on(one) for one in dice.sample([home, other], 2)]
    for path in ledger.parent.glob("ledger.db*"):
        path.unlink()
    if way == "put back":
        shutil.copy(kept / "ledger.db", ledger)
    else:
        doing.begin(home)
    return [doing.go_on(home)]
