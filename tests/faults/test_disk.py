"""A full disk and a read-only one: clear words, nothing half-written, and it goes on when they are mended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.flows.house import MINUTE, House, check_every_row_once, check_triggers, snapshots, states
from workbench.app import Workbench
from workbench.errors import WorkbenchError
from workbench.sandbox.serve import Sandbox

Mount = Callable[[Path, str], None]
A_MOMENT = timedelta(seconds=1.5)
POSTS = 400  # about half a megabyte of rows


@pytest.fixture
def mount() -> Iterator[Mount]:
    """`mount(folder, "size=200k")`: a small disk there; again with "remount,size=9m" or "remount,ro"."""
    with ExitStack() as ending:

        def mount(folder: Path, options: str) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"a small disk needs the right to mount: {done.stderr.strip()}")
            if "remount" not in options:
                ending.callback(subprocess.run, ["umount", "-l", str(folder)], check=True)

        yield mount


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(tmp_path / "home", sandbox)
        with house.open() as workbench:
            workbench.add_source("instagram", "posts", "https://www.instagram.com/patchy.tea/")
            workbench.start(workbench.plan(num_posts=POSTS, start="2025-08-01", end="2025-10-01").hash)
        yield house


def is_stuck_or_over(workbench: Workbench) -> bool:
    (one,) = snapshots(workbench)
    return bool(one["reason"]) or one["state"] == "published"


def published_files(house: House) -> list[str]:
    return [path.name for path in (house.home / "data/lake").rglob("*.parquet")]


# From too small for the body to almost enough for the tables: each stops the run at another place.
SIZES = [pytest.param(f"size={kb}k", id=f"{kb} KB") for kb in (16, 120, 560)]


@pytest.mark.parametrize("size", SIZES)
def test_a_full_lake(house: House, mount: Mount, size: str) -> None:
    lake = house.home / "data/lake"
    mount(lake, size)
    with house.open() as workbench:
        workbench.work(over=lambda: is_stuck_or_over(workbench), limit=MINUTE)
        (stuck,) = snapshots(workbench)
        mount(lake, "remount,size=50m")
        workbench.work(limit=MINUTE)

        assert stuck["state"] in {"ready", "downloaded", "staged", "published"}, stuck
        if stuck["state"] != "published":
            said = (stuck["reason"] or "").lower()
            assert "no space left" in said or "full" in said or "could not write" in said
            assert str(lake) in (stuck["reason"] or "")
        assert states(workbench) == {"published": 1}
        check_every_row_once(house, workbench)
        check_triggers(house, workbench)
        assert not list(lake.rglob("*.tmp"))
        assert not any((lake / ".staging").iterdir())


def test_a_lake_that_may_not_be_written(house: House, mount: Mount) -> None:
    lake = house.home / "data/lake"
    mount(lake, "size=50m")
    mount(lake, "remount,ro")
    with house.open() as workbench:
        words = ""
        try:
            workbench.work(over=lambda: is_stuck_or_over(workbench), limit=MINUTE)
        except WorkbenchError as error:
            words = error.message
        (stuck,) = snapshots(workbench)
        mount(lake, "remount,rw,size=50m")
        workbench.work(limit=MINUTE)

        assert stuck["state"] in {"planned", "triggered", "ready"}, stuck
        assert "Read-only file system" in words + (stuck["reason"] or "")
        assert str(lake) in words + (stuck["reason"] or "")
        assert states(workbench) == {"published": 1}
        check_every_row_once(house, workbench)
        check_triggers(house, workbench)


@pytest.mark.parametrize("spare_kb", [0, 120])
def test_a_full_disk_under_the_ledger(tmp_path: Path, mount: Mount, spare_kb: int) -> None:
    home = tmp_path / "home"
    mount(home, "size=24m")
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(home, sandbox)
        with house.open() as workbench:
            workbench.add_source("instagram", "posts", "https://www.instagram.com/tea/")
            workbench.start(workbench.plan(num_posts=5).hash)
        free = os.statvfs(home)
        ballast = home / "ballast"
        ballast.write_bytes(b"x" * max(free.f_bavail * free.f_frsize - spare_kb * 1024, 0))
        words = ""
        try:
            with house.open() as workbench:
                workbench.work(limit=A_MOMENT)
                words = " ".join(one["reason"] or "" for one in snapshots(workbench))
        except (WorkbenchError, OSError) as error:
            words = str(error)
        ballast.unlink()
        with house.open() as workbench:
            workbench.work(limit=MINUTE)

            assert any(word in words.lower() for word in ("full", "no space left")), words
            assert "Traceback" not in words
            check_triggers(house, workbench)
            check_every_row_once(house, workbench)
            assert states(workbench).keys() <= {"published", "unsure"}


def test_no_right_to_make_a_home(tmp_path: Path, mount: Mount) -> None:
    mount(tmp_path / "disk", "size=1m")
    mount(tmp_path / "disk", "remount,ro")
    from workbench.app import open_workbench

    words = r"cannot create the folder .*Read-only file system.*WORKBENCH_HOME"
    with open_workbench(tmp_path / "disk/home") as workbench, pytest.raises(WorkbenchError, match=words):
        workbench.sources()
