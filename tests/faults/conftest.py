"""Lanes: a sandbox, and a process that forks workers which stop where they are told to."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.house import FAST, House
from workbench.sandbox.serve import Sandbox

ZYGOTE = Path(__file__).parent / "zygote.py"


class Zygote:
    """One worker at a time, in a process of its own."""

    def __init__(self, house: House) -> None:
        with (house.home.parent / "zygote.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ZYGOTE), str(house.home.parent)], env=house.environment(), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def begin(self, house: House, **job: Any) -> int:
        """Fork a worker for the house; its pid."""
        settings = {**FAST, **job.pop("settings", {})}
        line = {"home": str(house.home), "url": house.sandbox.url, "settings": settings, **job}
        assert self.process.stdin
        self.process.stdin.write(json.dumps(line) + "\n")
        return int(self._answer()["pid"])

    def end(self) -> int:
        """Wait for the worker; its exit code, negative for a signal."""
        return int(self._answer()["status"])

    def work(self, house: House, **job: Any) -> int:
        self.begin(house, **job)
        return self.end()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the zygote is gone; see zygote.log"
        return json.loads(line)  # type: ignore[no-any-return]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Lane:
    """A house that begins anew as often as needed, and a zygote for its workers."""

    def __init__(self, folder: Path, sandbox: Sandbox, template: Path | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.sandbox, self.folder, self.template = sandbox, folder, template
        self.house = House(folder / "home", sandbox)
        self.zygote = Zygote(self.house)

    def anew(self, template: Path) -> House:
        """The template's home once more, and a vendor that has forgotten everything."""
        shutil.rmtree(self.house.home, ignore_errors=True)
        shutil.copytree(template, self.house.home)
        world = self.sandbox.brightdata.world
        with world.store.db.writing():
            world.store.reset()
            world.switches.set(world.initial)
        return self.house


@pytest.fixture
def make_lock(tmp_path: Path) -> Iterator[Callable[..., Lane]]:
    with ExitStack() as ending:

        def make(name: str = "lane", **switches: Any) -> Lane:
            wanted = {"ready_after_seconds": 0, **switches}
            sandbox = ending.enter_context(Sandbox(tmp_path / f"{name}-sandbox", seed=7, switches=wanted))
            lock = Lane(tmp_path / name, sandbox)
            ending.callback(lock.zygote.close)
            return lock

        yield make


@pytest.fixture
def lock(make_lock: Callable[..., Lane]) -> Lane:
    return make_lock()


def wait_until_stopped(pid: int, seconds: float = 20) -> None:
    """Until the process lies in SIGSTOP."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
            return
        time.sleep(0.01)
    raise AssertionError(f"{pid} did not stop")


def wait_until_over(pid: int, seconds: float) -> None:
    """Until the process has ended, or the time is up."""
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """SIGSTOP and /proc are what these tests stand on."""
    if not Path("/proc/self/stat").exists() or not hasattr(signal, "SIGSTOP"):
        for item in items:
            if "faults" in item.nodeid:
                item.add_marker(pytest.mark.skip(reason="needs Linux: /proc and SIGSTOP"))
