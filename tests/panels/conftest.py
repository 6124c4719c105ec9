"""A workbench against a sandbox in this process; its worker is called by the tests, or is a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.app import Workbench
from workbench.sandbox.serve import Sandbox
from workbench.settings import load

SOURCES = """\
name,platform,service,url,creator,project,options
Tea Club,instagram,posts,https://www.instagram.com/tea.club/,Tea Club,spring,
Bike Lane,instagram,posts,https://www.instagram.com/bike.lane/,Bike Lane,spring,
Ada,linkedin,posts,https://www.linkedin.com/in/ada-example/,Ada,spring,
"""


class Bench(Workbench):
    """Works in a thread of this process instead of a process of its own; counts how often it was asked to."""

    asked_to_work = 0
    is_idle = False

    def start_worker(self) -> bool:
        self.asked_to_work += 1
        if not self.is_idle:
            threading.Thread(target=self.work, name="bench", daemon=True).start()
        return not self.is_idle

    def is_worked(self) -> bool:
        return not self.is_idle


def eventually(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    last = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < last:
        time.sleep(0.02)
    assert found, "it did not come to be"
    return found


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Any]:
    return eventually


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0.2}) as sandbox:
        yield sandbox


@pytest.fixture
def wb(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.delenv("WORKBENCH_HEADLESS_NOTEBOOK", raising=False)
    home = tmp_path / "home"
    (home / "data" / "inputs").mkdir(parents=True)
    (home / "data" / "inputs" / "sources.csv").write_text(SOURCES)
    bench = Bench(*load(home, environ={}, brightdata_url=sandbox.url, poll_seconds=0.1))
    with bench:
        yield bench
        # Watchers end when their run is over.
        for run in bench.status()["runs"]:
            bench.cancel(run["run_id"])
        bench.work()
        eventually(lambda: not [one for one in threading.enumerate() if one.name.startswith(("watch-", "bench"))])


@pytest.fixture
def plan() -> dict[str, Any]:
    return {"sources": "data/inputs/sources.csv", "num_posts": 5, "name": "Tuesday"}


def words(html: str) -> str:
    from workbench.panels.markup import plain

    return plain(html)
