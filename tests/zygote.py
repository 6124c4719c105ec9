"""Workers of browser flows that stop at a chosen point: a process that has imported everything forks one per line.

Nothing of this is in the product; what leaves a trace is wrapped from the outside, as in tests/faults. A line is
{"home", "settings", "at": [name, n] or null, "record": path or null, "threads", "limit"}; the answers are {"pid"} and
{"status"}.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[1]


class Zygote:
    """The process, seen by a test: one worker at a time."""

    def __init__(self, log: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WORKBENCH_", "BRIGHTDATA_"))}
        self.log = log
        with log.open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.zygote"], env=kept | {"PYTHONPATH": str(REPO)}, text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
            )  # fmt: skip

    def begin(self, home: Path, settings: dict[str, Any], **job: Any) -> int:
        """Fork a worker; its pid."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"home": str(home), "settings": settings, **job}) + "\n")
        return int(self._answer()["pid"])

    def is_over(self, seconds: float) -> bool:
        """Whether the worker ends within so long."""
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def end(self) -> int:
        """Wait for the worker; its exit code, negative for a signal."""
        return int(self._answer()["status"])

    def work(self, home: Path, settings: dict[str, Any], **job: Any) -> int:
        self.begin(home, settings, **job)
        return self.end()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the zygote is gone; it said: {self.log.read_text()[-2000:]}"
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def main() -> None:
    # All that a child needs is imported before the first fork.
    import pandas as pd
    from playwright.sync_api import Locator

    from tests.faults.zygote import Impatient, Points, caller, open_workbench
    from workbench.browser.request_guard import RequestGuard
    from workbench.db.ledger import Ledger
    from workbench.post import flow as posting
    from workbench.post.pages import ItemForm, PublishClick
    from workbench.upload import flow as uploading
    from workbench.upload import inventory, pages

    assert all((pd, pages, posting, uploading))

    def run(job: dict[str, Any]) -> None:
        points = Points(job.get("at"), signal.SIGKILL, job.get("record"))
        points.around(Ledger, "write", lambda *_: f"write {caller()}", after=True)
        points.around(Locator, "set_input_files", lambda *_: "attach", after=True)
        points.around(ItemForm, "fill", lambda *_: "filling", after=True)
        points.around(PublishClick, "click_once", lambda *_, **__: "the click", after=True)
        points.around(RequestGuard, "_send", lambda *_, **__: "the call", after=True)
        points.around(os, "link", lambda *_, **__: "link", after=True)
        points.around(os, "unlink", lambda name, **_: "unlink" if not str(name).startswith(".") else "unlink beside")
        points.around(os, "replace", lambda _, target: f"replace {str(target).rsplit('.', 1)[-1]}")
        points.around(inventory, "_exchanged", lambda *_: "exchange inventory", after=True)
        with open_workbench(job["home"], **job["settings"]) as wb:
            wb.work(limit=timedelta(seconds=job.get("limit", 120)), stop=Impatient(), threads=job.get("threads", 2))

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                sys.stdin.close()
                run(json.loads(line))
                code = 0
            finally:
                if code:
                    import traceback

                    traceback.print_exc()
                sys.stderr.flush()
                os._exit(code)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
