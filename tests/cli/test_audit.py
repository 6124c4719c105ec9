"""`workbench audit` as people run it: who else does, how it comes along, how it is stopped, what a kill leaves."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sqlalchemy import insert, select, update

from tests.cli.conftest import Home
from workbench import open_workbench
from workbench.audit.chain import Chain
from workbench.audit.store import begin_execution, is_to_stop
from workbench.db.clock import now
from workbench.db.schema import execution, named_lock
from workbench.errors import Refused, Transient
from workbench.workbench import Workbench

pytestmark = pytest.mark.timeout(300)


def slow_notebook(home: Home, *more: str) -> Path:
    path = home.folder / "daily.ipynb"
    head = new_code_cell("seconds: float = 600  # how long", metadata={"tags": ["parameters"]})
    body = [new_code_cell(one) for one in ("import time\nprint('begun')\ntime.sleep(seconds)", *more)]
    nbformat.write(new_notebook(cells=[head, new_markdown_cell("## Sleep"), *body]), path)
    return path


def listed(home: Home) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = home.here("audit", "list", "--json").json
    return found


def at_work(home: Home) -> dict[str, Any]:
    """The newest execution, as soon as its second cell runs."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found = listed(home)
        if found and found[0]["outcome"] == "running" and (found[0]["cells_run"] or 0) >= 2:
            return found[0]
        time.sleep(0.1)
    raise AssertionError("it does not come along")


def told(home: Home, execution_id: str) -> tuple[str, ...]:
    """The outcome by the index, the manifest and the notebook, and what became of its last cell."""
    (row,) = [one for one in listed(home) if one["execution_id"] == execution_id]
    folder = home.folder / row["folder"]
    nb = nbformat.read(folder / "output.ipynb", as_version=4)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert not list(folder.parent.glob(f".{execution_id}*"))
    return row["outcome"], manifest["outcome"], nb.metadata.workbench.outcome, nb.cells[-1].metadata.papermill.status


@pytest.mark.slow
def test_a_second_start_is_told_who_is_at_it_and_anybody_can_stop_it(home: Home) -> None:
    slow_notebook(home, "print('last')")
    first = home.start("audit", "run", "daily.ipynb", "--key", "daily")
    seen = at_work(home)
    second = home.here("audit", "run", "daily.ipynb", "--key", "daily")
    stopped = home.here("audit", "cancel", seen["execution_id"], "--json")

    assert (seen["cell"], seen["cells_total"], seen["key"]) == ("Sleep", 3, "daily")
    assert second.code == 2
    for words in (seen["execution_id"], f"process {first.pid} on", "since 20", "heartbeat", "workbench audit cancel"):
        assert words in second.err.replace("\n", " ")
    assert (stopped.code, stopped.json["outcome"]) == (0, "cancelled")
    first.communicate(timeout=60)
    assert first.returncode == 1
    assert told(home, seen["execution_id"]) == ("cancelled", "cancelled", "cancelled", "not_run")
    with open_workbench(home.folder) as wb, wb.parts.ledger.read() as connection:
        assert connection.execute(select(named_lock.c.name).where(named_lock.c.name.like("notebook:%"))).all() == []


@pytest.mark.slow
def test_what_is_killed_is_closed_by_the_next_that_looks(home: Home) -> None:
    slow_notebook(home, "print('last')")
    killed = home.start("audit", "run", "daily.ipynb", "--key", "daily")
    seen = at_work(home)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    assert told(home, seen["execution_id"]) == ("killed", "killed", "killed", "not_run")

    # Its lock is free at once; and a polite end is sealed by who was asked for it.
    ended = home.start("audit", "run", "daily.ipynb", "--key", "daily")
    seen = at_work(home)
    ended.send_signal(signal.SIGTERM)
    ended.communicate(timeout=60)
    assert ended.returncode == 1
    assert told(home, seen["execution_id"]) == ("cancelled", "cancelled", "cancelled", "not_run")


@pytest.mark.slow
def test_a_report_that_finds_no_room_is_written_by_the_next_that_looks(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_notebook(home)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with open_workbench(home.folder) as wb:
        with monkeypatch.context() as short:
            short.setattr(Chain, "seal", full)
            with pytest.raises(Transient, match=r"could not be written: .*No space left on device"):
                wb.audit.run(home.folder / "daily.ipynb", {"seconds": "0"})
            (row,) = wb.lake.rows("FROM executions")
            assert row["outcome"] == "unsealed"
            assert wb.audit.close_killed() == []
        assert wb.audit.close_killed() == [row["execution_id"]]
    assert told(home, row["execution_id"])[:3] == ("succeeded", "succeeded", "succeeded")
    assert listed(home)[0]["params"] == {"seconds": 0.0}


def test_what_was_never_closed_by_an_older_version_is_closed(home: Home) -> None:
    with open_workbench(home.folder) as wb:
        for name, at in (("old", "2026-01-01T00:00:00Z"), ("young", None)):
            values = {"notebook": "n", "params": {}, "outcome": "running", "actor": "me", "folder": f"archive/{name}"}
            started = now() if at is None else now().fromisoformat(at)
            row = {**values, "id": name, "started_at": started}
            wb.parts.ledger.write(lambda connection, row=row: connection.execute(insert(execution), row))
    found = {one["execution_id"]: (one["outcome"], one["error"]) for one in listed(home)}

    assert found["young"] == ("running", None)
    assert found["old"][0] == "killed"
    assert "nothing of it is left" in found["old"][1]
    assert home.here("audit", "cancel", "nobody").code == 2


@pytest.mark.parametrize("kind", ["postgresql"])
def test_what_a_machine_left_that_is_gone_is_said_and_sealed_there(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session may live on for hours in the database; its heartbeat does not."""

    def opened(machine: str) -> Workbench:
        monkeypatch.setattr("platform.node", lambda: machine)
        wb = open_workbench(tmp_path / machine, ledger_url=url)
        assert wb.parts.ledger.liveness.me.startswith(machine)
        return wb

    with contextlib.ExitStack() as both:
        there = both.enter_context(opened("there"))
        lake = tmp_path / "here" / "data" / "lake"
        lake.mkdir(parents=True)
        shutil.copy(tmp_path / "there" / "data" / "lake" / ".lake_id", lake)  # as where both see one disk
        here = both.enter_context(opened("here"))
        for name in ("lost", "alive"):
            begin_execution(there.parts.ledger, name, notebook="n", params={}, folder=f"archive/{name}")
        old = update(execution).where(execution.c.id == "lost").values(heartbeat_at=now() - timedelta(minutes=5))
        there.parts.ledger.write(lambda connection: connection.execute(old))

        session = there.parts.ledger.liveness._session
        assert session.execute("SHOW tcp_keepalives_idle").fetchone() == ("60",)
        assert there.audit.close_killed() == []  # it lives, and nobody there takes it for dead
        assert here.audit.close_killed() == ["lost"]
        assert here.audit.close_killed() == []
        rows = {one["execution_id"]: one for one in here.lake.rows("FROM executions")}
        assert (rows["lost"]["outcome"], rows["alive"]["outcome"]) == ("unsealed", "running")
        assert "executed it on there is gone, its last heartbeat" in rows["lost"]["error"]
        assert is_to_stop(there.parts.ledger, "lost")
        assert there.audit.close_killed() == ["lost"]
        assert "nothing of it is left" in there.lake.rows("FROM executions WHERE execution_id = 'lost'")[0]["error"]


@pytest.mark.parametrize(
    ("text", "params", "words"),
    [
        pytest.param("", (), "is not a notebook", id="an empty file"),
        pytest.param('{"cells": 7}', (), "is not a notebook of format 4", id="something else"),
        pytest.param('{"nbformat": 4, "cells": [{}]}', (), "is damaged: cell 1", id="half a cell"),
        pytest.param('{"nbformat": 4, "cells": []}', ("-p", "n=1"), "Declared parameters: none", id="no parameters"),
    ],
)
def test_what_is_no_notebook_is_refused_and_kept_as_that(
    home: Home, text: str, params: tuple[str, ...], words: str
) -> None:
    home.write("bad.ipynb", text)
    done = home.here("audit", "run", "bad.ipynb", *params)

    assert done.code == 2
    assert words in done.err.replace("\n", " ")
    (row,) = listed(home)
    assert row["outcome"] == "refused"
    assert not (home.folder / "archive" / "reports").exists()


def test_of_a_refused_value_nothing_is_kept(home: Home) -> None:
    secret = "correct horse battery staple " * 5
    done = home.here("audit", "run", "runs", "-p", f"num_posts={secret}", "-p", f"sources={secret},b")

    assert (done.code, "num_posts must be int, not 'correct horse" in done.err.replace("\n", " ")) == (2, True), done
    (row,) = listed(home)
    assert row["error"].startswith("runs.ipynb: num_posts must be int. Declared parameters")
    kept = [path for path in home.folder.rglob("*") if path.is_file()]
    assert [path for path in kept if secret[:13].encode() in path.read_bytes()] == []


def test_an_archive_that_cannot_be_written_is_named_before_a_kernel_starts(home: Home) -> None:
    slow_notebook(home)
    home.write("archive/reports", "a file where the folder should be")
    done = home.here("audit", "run", "daily.ipynb")

    assert done.code == 2
    assert "cannot create the folder" in done.err.replace("\n", " ")
    assert listed(home)[0]["outcome"] == "refused"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("starts", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_of_many_that_begin_at_the_same_moment_one_does_and_the_others_name_it(home: Home, starts: int) -> None:
    """The one works until all others have been told."""
    path = home.folder / "daily.ipynb"
    wait = "import pathlib, time\nwhile not pathlib.Path('told').exists():\n    time.sleep(0.1)"
    nbformat.write(new_notebook(cells=[new_code_cell(wait)]), path)
    ready = threading.Barrier(starts)
    refused: list[str] = []

    def execute() -> str | None:
        with open_workbench(home.folder) as wb:
            ready.wait(300)
            try:
                return wb.audit.run(path, key="daily", limit=timedelta(minutes=9)).execution_id
            except Refused as error:
                refused.append(error.message)
                if len(refused) == starts - 1:
                    home.write("told", "")
                return None

    with ThreadPoolExecutor(starts) as pool:
        done = [one.result() for one in [pool.submit(execute) for _ in range(starts)]]

    (winner,) = filter(None, done)
    whose = f"with the key daily is being executed already: {winner} by "
    assert [one for one in refused if whose not in one or "last heartbeat" not in one] == []
    assert Counter(one["outcome"] for one in listed(home)) == {"succeeded": 1, "refused": starts - 1}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_of_two_that_begin_at_the_same_moment_one_does(home: Home) -> None:
    """50 times, each from a workbench of its own."""
    path = slow_notebook(home)

    def execute(_: int) -> str:
        with open_workbench(home.folder) as wb:
            try:
                return str(wb.audit.run(path, {"seconds": 1}, key="daily").outcome)
            except Refused as refused:
                return "refused" if "is being executed" in refused.message else refused.message

    with ThreadPoolExecutor(2) as pool:
        for _ in range(50):
            assert sorted(pool.map(execute, range(2))) == ["refused", "succeeded"]
