"""What the worker does in idle moments: compaction after so many snapshots, and the serving copy when it is due."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.house import MINUTE, House, states
from tests.lake.test_compact import answers
from workbench.db.ledger import set_meta
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

SERVED = "serving_copy"


def compacted(workbench: Workbench) -> set[str]:
    return {path.name for path in (workbench.settings.lake / ".compact").glob("*/*.parquet")}


def copy_of(workbench: Workbench) -> tuple[int, int]:
    """Changes with every copy that is made."""
    status = (workbench.settings.data / "workbench.duckdb").stat()
    return status.st_ino, status.st_mtime_ns


def note(workbench: Workbench, **facts: Any) -> None:
    """Change what is known of the last copy."""
    made = json.loads(
        workbench.parts.ledger.write(
            lambda c: c.exec_driver_sql("SELECT value FROM meta WHERE key = 'serving_copy'").scalar_one()
        )
    )
    workbench.parts.ledger.write(lambda connection: set_meta(connection, SERVED, json.dumps(made | facts)))


@pytest.mark.parametrize(("every", "is_done"), [(6, True), (7, False), (0, False)])
def test_compaction_comes_after_so_many_snapshots(house: House, every: int, is_done: bool) -> None:
    house.start(["tea"])
    house.start(["rain"])  # six files with posts

    with house.open(compact_after_snapshots=every) as workbench:
        workbench.work()

        assert bool(compacted(workbench)) is is_done
        assert workbench.sql("SELECT count(*) > 0 FROM posts").fetchone() == (True,)


def test_the_views_answer_the_same_afterwards(house: House) -> None:
    for names in (["tea"], ["rain"]):
        house.start(names)
    with house.open(compact_after_snapshots=0) as workbench:
        workbench.work()
        before = answers(workbench)

    house.start(["fog"])
    with house.open(compact_after_snapshots=2) as workbench:
        workbench.work()
        found = answers(workbench)

    assert compacted(workbench)
    assert len(before["posts"]) < len(found["posts"])
    assert all(row in found["posts"] for row in before["posts"])


def test_publishing_goes_on_while_a_compaction_takes_its_time(tmp_path: Path, monkeypatch: Any) -> None:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(tmp_path / "home", sandbox)
        house.start(["tea", "rain"])
        with house.open(compact_after_snapshots=0) as workbench:
            workbench.work()
        sandbox.switch(ready_after_seconds=15)  # a collection with idle moments
        run = house.start(["fog"])
        with house.open(compact_after_snapshots=1, poll_seconds=2) as workbench:
            begun, goes_on = threading.Event(), threading.Event()
            real = workbench.keeping.compact

            def slow() -> list[dict[str, Any]]:
                begun.set()
                goes_on.wait(60)
                return real()

            monkeypatch.setattr(workbench.keeping, "compact", slow)
            finished: list[bool] = []

            def watch() -> None:
                over = workbench.status(run)["runs"][0]["status"] == "completed"
                if begun.is_set() and over:
                    finished.append(True)
                    goes_on.set()

            workbench.work(watch=watch, limit=5 * MINUTE)  # it ends by itself much sooner

            assert finished, "the run was published while the compaction was still at work"
            assert compacted(workbench)


def test_another_compactor_is_left_alone(house: House) -> None:
    house.start(["tea"])
    house.start(["rain"])
    with (
        house.open() as other,
        other.parts.locks.holding("compact") as is_ours,
        house.open(compact_after_snapshots=1) as workbench,
    ):
        workbench.work()

        assert is_ours
        assert not compacted(workbench)
        assert states(workbench).keys() == {"published"}


def test_a_compaction_that_fails_is_logged_and_nothing_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.start(["tea"])
    house.start(["rain"])
    with house.open(compact_after_snapshots=1) as workbench:
        workbench.settings.lake.mkdir(parents=True, exist_ok=True)
        (workbench.settings.lake / ".compact").write_text("in the way")

        assert workbench.work().idle
        assert states(workbench).keys() == {"published"}
        assert "cannot create the folder" in caplog.text


def test_a_lane_outlasts_its_lease_while_it_is_held(house: House) -> None:
    with house.open(lease_seconds=0.4) as workbench, workbench.parts.locks.holding("compact") as is_ours:
        until = "SELECT until_boot FROM lease WHERE name = 'compact'"

        def read() -> float:
            with workbench.parts.ledger.read() as connection:
                return float(connection.exec_driver_sql(until).scalar_one())

        first, deadline = read(), time.monotonic() + 30
        while read() == first:
            assert time.monotonic() < deadline, "never renewed"
            time.sleep(0.05)
        assert is_ours


def test_superseded_files_go_once_nobody_can_read_them(house: House, workbench: Workbench) -> None:
    workbench.keeping.compact()
    old = compacted(workbench)
    house.start(["fog"])
    workbench.work()
    workbench.keeping.compact()
    assert old < compacted(workbench), "a question that has begun reads on"
    for path in (workbench.settings.lake / ".compact").glob("*/*.parquet"):
        os.utime(path, (0, 0))

    before = answers(workbench)
    workbench.keeping.compact()

    assert not old & compacted(workbench)
    assert answers(workbench) == before


# the serving copy ---------------------------------------------------------------------------------


def test_the_copy_is_made_once_for_one_truth(house: House, workbench: Workbench) -> None:
    made = copy_of(workbench)

    with house.open() as another:  # as another process: what it knows, it has from the ledger
        another.tending.finish_tending(has_worked=True)
        assert copy_of(workbench) == made

    house.start(["fog"])
    with house.open() as another:
        another.work()
    assert copy_of(workbench) != made
    with duckdb.connect(str(workbench.settings.data / "workbench.duckdb"), read_only=True) as copy:
        assert copy.execute("SELECT count(*) FROM runs").fetchone() == (3,)


def test_a_copy_that_takes_long_is_not_made_after_every_run(house: House, workbench: Workbench) -> None:
    note(workbench, seconds=1_000)
    made = copy_of(workbench)
    house.start(["fog"])

    workbench.work()
    assert copy_of(workbench) == made

    note(workbench, at="2020-01-01T00:00:00+00:00")
    workbench.tending.finish_tending(has_worked=True)
    assert copy_of(workbench) != made


def test_a_copy_that_somebody_removed_is_made_again(workbench: Workbench) -> None:
    (workbench.settings.data / "workbench.duckdb").unlink()

    workbench.tending.finish_tending(has_worked=True)

    assert copy_of(workbench)
