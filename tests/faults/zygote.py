"""Workers that stop at a chosen point: a process that has imported everything forks one for every line it is given.

Nothing of this is in the product. The child wraps, from the outside, whatever leaves a trace: writes to the ledger,
renames, removed trees, requests. Each passing is a point, named by what is about to happen, for example "send POST
trigger", "write Recorder.armed", "replace posts.parquet"; the child dies (or stops) at the n-th point of a name.

A line is {"home", "url", "settings", "threads", "limit", "at": [name, n] or null, "signal": 9, "record": path or null}.
Answers: {"pid": ...} at once, {"status": ...} when it has ended.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa

import workbench.brightdata.client
import workbench.lake.catalog
import workbench.lake.serving
import workbench.lake.transform
from workbench.brightdata.wire import _Watch
from workbench.db.ledger import Ledger
from workbench.workbench import open_workbench

assert duckdb is not pa is not workbench  # imported before the first fork, for all children


class Points:
    """Counts the points by name, notes them, and sends the signal at the chosen one."""

    def __init__(self, at: list[Any] | None, number: int, record: str | None) -> None:
        self.at = tuple(at) if at else None
        self.number = number
        self.record = Path(record).open("a", buffering=1) if record else None  # noqa: SIM115 - ends with the process
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self.lock:
            self.seen[name] += 1
            if self.record and not name.startswith("trace"):
                self.record.write(json.dumps([name, self.seen[name]]) + "\n")
            if (name, self.seen[name]) == self.at:
                signal.raise_signal(self.number)  # to this very thread: it does not run on for a moment

    def around(self, owner: Any, name: str, word: Callable[..., str], *, after: bool = False) -> None:
        """Make each call of `owner.name` a point before it (and one after it)."""
        run = getattr(owner, name)

        def watched(*args: Any, **more: Any) -> Any:
            point = word(*args, **more)
            self(point)
            result = run(*args, **more)
            if after:
                self(f"after {point}")
            return result

        setattr(owner, name, watched)


def watch(points: Points) -> None:
    points.around(Ledger, "write", lambda *_: f"write {caller()}", after=True)
    points.around(os, "replace", lambda _, target: f"replace {kind_of(target)}")
    points.around(shutil, "rmtree", lambda *_, **__: "remove a tree")
    points.around(_Watch, "trace", traced)
    points.around(httpx.Client, "send", lambda _, request, **__: f"send {named(request)}", after=True)


def traced(watch: _Watch, event: str, _: object) -> str:
    if event.endswith("send_request_headers.started") and os.environ.get("LATE_TIMER"):
        watch._timer.cancel()  # its thread gets its turn after ours, as a busy machine may have it
    return f"trace {event.split('.')[1]}"


def caller() -> str:
    """Who writes: the first frame outside this file and the ledger's own `write`."""
    frame = sys._getframe(1)
    while frame.f_back and (frame.f_code.co_filename == __file__ or frame.f_code.co_name in {"write", "<lambda>"}):
        frame = frame.f_back
    return frame.f_code.co_qualname


def kind_of(target: os.PathLike[str] | str) -> str:
    """posts.parquet of sd_1__v1_ab.posts.parquet."""
    name = Path(target).name
    return name.split(".", 1)[-1] if name.count(".") > 1 else name


def named(request: httpx.Request) -> str:
    last = request.url.path.rsplit("/", 1)[-1]
    known = "progress" if "/progress/" in request.url.path else "download"
    return f"{request.method} {last if last in {'trigger', 'parts', 'cancel'} else known}"


def run(job: dict[str, Any]) -> None:
    os.environ.update(job.get("environ", {}))
    points = Points(job.get("at"), job.get("signal", signal.SIGKILL), job.get("record"))
    watch(points)
    with open_workbench(job["home"], brightdata_url=job["url"], **job["settings"]) as workbench:
        limit = timedelta(seconds=job.get("limit", 60))
        workbench.work(limit=limit, threads=job.get("threads", 1), stop=Impatient())
        points("end")


class Impatient(threading.Event):
    """Looks ten times as often whether everything rests, so that hundreds of short runs fit into a minute."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout and timeout / 10)


def warm_up(folder: str) -> None:
    """Import what a first child needed, so that the others need not."""
    listed = Path(folder, "modules")
    if listed.exists():
        for name in listed.read_text().split():
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        listed.unlink()


def main() -> None:
    for line in sys.stdin:
        warm_up(sys.argv[1])
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                sys.stdin.close()
                run(json.loads(line))
                Path(sys.argv[1], "modules").write_text("\n".join(sorted(sys.modules)))
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
