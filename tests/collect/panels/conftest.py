"""A workbench against a sandbox in this process; its worker is called by the tests, or is a thread."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.panels.conftest import _eventually, at_the_page, eventually
from workbench.collect.order import Order
from workbench.sandbox.serve import Sandbox
from workbench.settings import load
from workbench.workbench import Workbench
from workbench.working import Working

__all__ = ["_eventually"]

SOURCES = """\
name,platform,service,url,creator,project,options
Tea Club,instagram,posts,https://www.instagram.com/tea.club/,Tea Club,spring,
Bike Lane,instagram,posts,https://www.instagram.com/bike.lane/,Bike Lane,spring,
Ada,linkedin,posts,https://www.linkedin.com/in/ada-example/,Ada,spring,
"""
PLAN = {"sources": "data/inputs/sources.csv", "num_posts": 5, "name": "Tuesday"}
OVER = {"completed", "partial", "failed", "cancelled"}


class OpenedHome(Workbench):
    """Works in a thread of this process instead of a process of its own; counts how often it was asked to."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked_to_work, self.is_idle = 0, False
        self.parts.working = _Here(self)


class _Here(Working):
    def __init__(self, bench: OpenedHome) -> None:
        super().__init__(bench.parts)
        self._bench = bench

    def start_worker(self) -> bool:
        self._bench.asked_to_work += 1
        if not self._bench.is_idle:
            threading.Thread(target=self.work, name="bench", daemon=True).start()
        return not self._bench.is_idle

    def is_worked(self) -> bool:
        return not self._bench.is_idle


def at_work(*names: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(names)]


@contextlib.contextmanager
def opened_bench(folder: Path, migrated: Path) -> Iterator[tuple[OpenedHome, Sandbox]]:
    """A bench in a home below `folder`, with a sandbox of its own; everything of it is over at the end."""
    home = folder / "home"
    (home / "data" / "inputs").mkdir(parents=True)
    (home / "data" / "inputs" / "sources.csv").write_text(SOURCES)
    shutil.copy(migrated, home / "data" / "ledger.db")
    with (
        Sandbox(folder / "sandbox", seed=7, switches={"ready_after_seconds": 0.2}) as sandbox,
        OpenedHome(*load(home, environ={}, brightdata_url=sandbox.url, poll_seconds=0.1)) as bench,
    ):
        yield bench, sandbox
        eventually(lambda: not at_work("start-run", "clicked"))  # what a click began may begin a run yet
        # Watchers end when their run is over.
        runs = bench.status()["runs"]
        for run in runs:
            bench.collect.cancel(run["run_id"])
        if any(run["status"] not in OVER for run in runs):
            bench.work()
        eventually(lambda: not at_work("watch-", "bench"))


@pytest.fixture
def opened(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[OpenedHome, Sandbox]]:
    at_the_page(monkeypatch)
    with opened_bench(tmp_path, migrated) as opened:
        yield opened


@pytest.fixture
def wb(opened: tuple[OpenedHome, Sandbox]) -> OpenedHome:
    return opened[0]


@pytest.fixture
def sandbox(opened: tuple[OpenedHome, Sandbox]) -> Sandbox:
    return opened[1]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[OpenedHome]:
    """A bench for looking: the runs Tuesday (5 posts a source) and Wednesday (4), begun without a person, are over."""
    with opened_bench(tmp_path_factory.mktemp("worked"), migrated) as (bench, _):
        for asked in (PLAN, {**PLAN, "name": "Wednesday", "num_posts": 4}):
            Order(bench, asked).start()
        bench.work()
        yield bench


@pytest.fixture
def plan() -> dict[str, Any]:
    return dict(PLAN)
