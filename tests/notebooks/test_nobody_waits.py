"""Two kernels hold tables open and a reader holds workbench.duckdb while a worker publishes: nobody waits."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from jupyter_client import KernelManager
from jupyter_client.blocking import BlockingKernelClient

from tests.notebooks.conftest import Home
from workbench import open_workbench

WORK = [sys.executable, "-m", "workbench.cli", "work", "--until-idle"]
SLOWEST = 5.0  # seconds of one question, on a machine that runs five processes on two cores

# A relation, and a result that is read a batch at a time: the rest of both comes after the worker has published. The
# result has a cursor of its own, as DuckDB ends a result that is open when its connection is asked again.
HOLD = """
from workbench import open_workbench
wb = open_workbench()
relation = wb.sql("FROM posts")
held = wb.lake.refreshed().connection.cursor().sql("FROM posts").fetch_arrow_reader(1)
first = held.read_next_batch().num_rows
"""
ASK = """
import time
def ask():
    began = time.monotonic()
    rows = wb.sql("SELECT count(*) FROM posts").fetchone()[0]
    return rows, time.monotonic() - began
"""
READER = """
import duckdb, sys, time
held = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
for line in sys.stdin:
    began = time.monotonic()
    rows = held.sql("SELECT count(*) FROM posts").fetchone()[0]
    print(rows, time.monotonic() - began, flush=True)
"""


class Kernel:
    def __init__(self, home: Home) -> None:
        self._manager = KernelManager(transport_encryption="auto")
        self._manager.start_kernel(env=home.env)
        self._client: BlockingKernelClient = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str, answer: str = "None"):
        """Run `code`; the value of the expression `answer`."""
        reply = self._client.execute(
            f"{code}\nimport json", user_expressions={"answer": f"json.dumps({answer})"}, reply=True, timeout=60
        )["content"]
        assert reply["status"] == "ok", reply
        found = reply["user_expressions"]["answer"]
        assert found["status"] == "ok", found
        return json.loads(found["data"]["text/plain"].strip("'"))

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture
def kernels(home: Home) -> Iterator[list[Kernel]]:
    found = [Kernel(home), Kernel(home)]
    yield found
    for kernel in found:
        kernel.close()


class Reader:
    """Some other program that has the serving copy open, as DuckDB's command line would."""

    def __init__(self, home: Home) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", READER, str(home.path / "data" / "workbench.duckdb")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=home.env,
        )  # fmt: skip
        assert self._line() == "open"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self) -> tuple[int, float]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        rows, seconds = self._line().split()
        return int(rows), float(seconds)

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture
def reader(home: Home) -> Iterator[Reader]:
    collect(home, "Monday")
    with contextlib.closing(Reader(home)) as reader:
        yield reader


def order(home: Home, name: str) -> None:
    with open_workbench(home.path) as wb:
        wb.start(wb.plan(home.path / "data" / "inputs" / "sources.csv", num_posts=5, name=name).hash, fresh=True)


def collect(home: Home, name: str) -> None:
    order(home, name)
    with open_workbench(home.path) as wb:
        assert wb.work().idle


@pytest.mark.slow
def test_nobody_waits_for_anybody(home, reader, kernels):
    for kernel in kernels:
        assert kernel.run(HOLD + ASK, "first") == 1
    order(home, "Tuesday")
    worker = subprocess.Popen(WORK, env=home.env)
    asked: list[float] = []

    while worker.poll() is None:
        asked += [kernel.run("", "ask()")[1] for kernel in kernels]
        asked.append(reader.ask()[1])
        time.sleep(0.05)  # as people ask: the worker is to have the processor

    assert worker.returncode == 0
    assert len(asked) > 3
    assert max(asked) < SLOWEST
    # What was being read stayed what it was; what is asked now has the new rows.
    assert [kernel.run("", "first + sum(batch.num_rows for batch in held)") for kernel in kernels] == [20, 20]
    assert [kernel.run("", "len(relation)") for kernel in kernels] == [40, 40]
    assert [kernel.run("", "ask()")[0] for kernel in kernels] == [40, 40]
    assert reader.ask()[0] == 20
    with contextlib.closing(Reader(home)) as later:
        assert later.ask()[0] == 40
