"""Workers of uploads that stop at a chosen point: a process that has imported everything forks one for every line.

Nothing of this is in the product; what leaves a trace is wrapped from the outside, as in tests/faults. A line is
{"home", "settings", "at": [name, n] or null, "record": path or null}; the answers are {"pid"} and {"status"}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator

import workbench.browser.trafficjunky
import workbench.upload.flow
from tests.faults.zygote import Impatient, Points, caller
from workbench.app import open_workbench
from workbench.ledger.store import Ledger

assert workbench.browser.trafficjunky is not workbench.upload.flow  # imported before the first fork


def watch(points: Points) -> None:
    points.around(Ledger, "write", lambda *_: f"write {caller()}", after=True)
    points.around(Locator, "set_input_files", lambda *_: "attach", after=True)
    points.around(os, "link", lambda *_, **__: "link", after=True)
    points.around(os, "unlink", lambda name, **_: "unlink" if not str(name).startswith(".") else "unlink beside")
    points.around(os, "replace", lambda _, target: f"replace {str(target).rsplit('.', 1)[-1]}")
    from workbench.upload import inventory

    points.around(inventory, "_exchanged", lambda *_: "exchange inventory", after=True)


def run(job: dict[str, Any]) -> None:
    points = Points(job.get("at"), signal.SIGKILL, job.get("record"))
    watch(points)
    with open_workbench(job["home"], **job["settings"]) as wb:
        wb.work(limit=timedelta(seconds=job.get("limit", 120)), stop=Impatient(), threads=2)


def main() -> None:
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
