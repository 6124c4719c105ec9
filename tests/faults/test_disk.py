"""A full disk and a read-only one: clear words, nothing half-written, and it goes on when they are mended."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Home
from tests.house import MINUTE, House, check_every_row_once, check_triggers, snapshots, states
from workbench.errors import Transient, WorkbenchError
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

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
            workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/patchy.tea/")
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
            workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/tea/")
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
    from workbench.workbench import open_workbench

    words = r"cannot create the folder .*Read-only file system.*WORKBENCH_HOME"
    with open_workbench(tmp_path / "disk/home") as workbench, pytest.raises(WorkbenchError, match=words):
        workbench.collect.sources()


# PostgreSQL --------------------------------------------------------------------------------------------


@pytest.fixture
def small_server(postgres: str, mount: Mount) -> Iterator[tuple[str, Callable[[], None]]]:
    """A migrated database of the session's server on a disk of some megabytes, and how to make that disk larger."""
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as server:
        (data,) = server.execute("SHOW data_directory").fetchone() or ("",)
        owner = Path(data).stat().st_uid
        disk = Path(data).parent / "small_disk"
        mount(disk, f"size=24m,mode=700,uid={owner}")
        (disk / "files").mkdir()
        os.chown(disk / "files", owner, -1)
        server.execute(f"CREATE TABLESPACE small LOCATION '{disk / 'files'}'".encode())
        server.execute(b"CREATE DATABASE small TEMPLATE template TABLESPACE small")
        try:
            yield f"{postgres}/small", lambda: mount(disk, "remount,size=60m")
        finally:
            mount(disk, "remount,size=60m")  # to drop it takes room, too
            server.execute(b"DROP DATABASE small WITH (FORCE)")
            server.execute(b"DROP TABLESPACE small")


def fill_database(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE ballast (filler text)")
        for rows in (1000, 50, 1):
            with contextlib.suppress(psycopg.errors.DiskFull):
                while True:
                    connection.execute(
                        "INSERT INTO ballast SELECT repeat('x', 1900) FROM generate_series(1, %s)", (rows,)
                    )


def test_a_full_disk_under_a_database_server(tmp_path: Path, small_server: tuple[str, Callable[[], None]]) -> None:
    """Whoever is at work and whoever comes is told what it is and what to do; with room again it goes on."""
    url, give_room = small_server
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        home = Home(tmp_path / "home", WORKBENCH_LEDGER_URL=url, WORKBENCH_BRIGHTDATA_URL=sandbox.url)
        home.folder.mkdir()
        home.sources("tea.club")
        begun = home.here("collect", "run", "--sources", "sources.csv", "--num-posts", "3", "--name", "Tea", "--json")
        assert begun.code == 0, begun.err
        home.sources(*(f"tea{number}.club" for number in range(3000)))
        house = House(home.folder, sandbox)
        with house.open(ledger_url=url) as workbench:
            assert states(workbench) == {"planned": 1}
            fill_database(url)
            with pytest.raises(WorkbenchError, match=r"(?s)disk of the ledger .* is full .*Free space") as caught:
                workbench.collect.import_sources("sources.csv")
            assert isinstance(caught.value, Transient)
        asked = ("sources import sources.csv", "work --until-idle", "status --json", "doctor")
        told = {words: home.here(*words.split()) for words in asked}
        give_room()
        done = home.here("work", "--until-idle")

        # The server may still let some in, who then find their room in pages that it has already.
        said = {words: one.out + one.err for words, one in told.items() if one.code}
        assert "sources import sources.csv" in said
        assert {words for words, one in said.items() if "No space left" not in one or "ree space" not in one} == set()
        wrong = ("bug of ours", "Traceback", "heck WORKBENCH_LEDGER_URL")
        assert {words: one for words, one in said.items() if any(word in one for word in wrong)} == {}
        assert done.code == 0, done.err
        with house.open(ledger_url=url) as workbench:
            assert states(workbench) == {"published": 1}
            check_triggers(house, workbench)
            check_every_row_once(house, workbench)
