"""A worker that kills itself where it is told to: `python child.py JSON`. Its points are what leaves a trace."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from workbench.app import open_workbench
from workbench.browser.marketplace import ItemForm
from workbench.browser.once import SentOnce
from workbench.browser.press import Press
from workbench.ledger.store import Ledger


class Points:
    """Counts what passes; kills the process at the one it was given, and writes all of them down where asked."""

    def __init__(self, at: list[Any] | None, record: str | None) -> None:
        self.at = tuple(at) if at else None
        self.record = Path(record).open("a", buffering=1) if record else None  # noqa: SIM115 - ends with the process
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self.lock:
            self.seen[name] += 1
            if self.record:
                self.record.write(json.dumps([name, self.seen[name]]) + "\n")
            if (name, self.seen[name]) == self.at:
                signal.raise_signal(signal.SIGKILL)

    def around(self, owner: Any, method: str, word: Any) -> None:
        run = getattr(owner, method)

        def watched(*args: Any, **more: Any) -> Any:
            name = word() if callable(word) else word
            self(f"before {name}")
            result = run(*args, **more)
            self(f"after {name}")
            return result

        setattr(owner, method, watched)


def writer() -> str:
    """Who writes: the first frame outside this file and the ledger's own `write`."""
    frame = sys._getframe(1)
    while frame.f_back and (frame.f_code.co_filename == __file__ or frame.f_code.co_name in {"write", "<lambda>"}):
        frame = frame.f_back
    return f"write {frame.f_code.co_qualname}"


def main() -> None:
    job = json.loads(sys.argv[1])
    points = Points(job.get("at"), job.get("record"))
    points.around(Ledger, "write", writer)
    points.around(ItemForm, "fill", "filling")
    points.around(Press, "once", "the click")
    points.around(SentOnce, "_send", "the call")
    with open_workbench(job["home"], **job["settings"]) as wb:
        wb.work(limit=timedelta(seconds=job.get("limit", 120)), threads=job.get("threads", 1))


if __name__ == "__main__":
    main()
