"""Commands as people run them, against the stand-ins that practice mode starts by itself.

`home(…)` is a process, for what only a process has: its exit, its signals, its terminal, its imports. `home.here(…)`
goes through the same door in this process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench import practice
from workbench.cli import main

ROOT = Path(__file__).parents[2]
QUICK = {"WORKBENCH_POLL_SECONDS": "0.2", "WORKBENCH_BACKOFF_SECONDS": "0.05"}
HEADER = "name,platform,service,url,creator,project,options\n"
POSTS = HEADER + "Tea,instagram,posts,https://www.instagram.com/tea.club/,Tea Club,Drinks,\n"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Home:
    """A WORKBENCH_HOME of its own; `home("status", "--json")` runs `workbench status --json` there."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.settings = {**QUICK, **settings}

    def environment(self, **more: str) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WORKBENCH_", "BRIGHTDATA"))}
        # Also from a folder of its own, and where the package is not installed, commands are those of this checkout.
        return {**clean, "PYTHONPATH": str(ROOT), **self.settings, "WORKBENCH_HOME": str(self.folder), **more}

    def __call__(self, *words: str, **more: str) -> Done:
        """In a process, as a person would."""
        done = subprocess.run(
            [sys.executable, "-m", "workbench.cli", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, env=self.environment(**more),
            cwd=self.folder,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def here(self, *words: str, **more: str) -> Done:
        """The same through the same door, without the second that a process takes to import everything."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(os, "environ", self.environment(**more))
            patch.setattr(sys, "argv", ["workbench", *words])
            code = main()
        return Done(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "workbench.cli", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment(), cwd=self.folder,
        )  # fmt: skip

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def sources(self, *handles: str, service: str = "posts") -> str:
        lines = [f"{each},instagram,{service},https://www.instagram.com/{each}/,{each},Test,\n" for each in handles]
        return self.write("sources.csv", HEADER + "".join(lines))

    def sandbox_url(self) -> str:
        """The stand-in's own address; started where none is there yet, as commands do."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(("WORKBENCH_", "BRIGHTDATA"))]:
                patch.delenv(name)
            return practice.address(self.folder / "data" / "sandbox", "brightdata")

    def sandbox(self, path: str, **values: Any) -> Any:
        """Ask the stand-in, or (with values) tell it."""
        body = json.dumps(values).encode() if values else None
        headers = {"Authorization": f"Bearer {practice.KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.sandbox_url()}/sandbox/{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def stop(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            address = self.folder / "data" / "sandbox" / "address.json"
            os.kill(json.loads(address.read_text())["pid"], signal.SIGTERM)
            deadline = time.monotonic() + 30
            while address.exists() and time.monotonic() < deadline:
                time.sleep(0.02)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ledger exists; copied, because to migrate a new one takes half a second."""
    made = Home(tmp_path_factory.mktemp("founded"))
    assert made.here("recover", "reconcile").code == 0
    return made.folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing was ever done: for what is refused before, and for live mode."""
    made = Home(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def home(founded: Path, empty: Home) -> Home:
    shutil.copytree(founded, empty.folder, dirs_exist_ok=True)
    return empty


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Done]]:
    """A home with one finished run, and what `collect run --wait --json` said about it. Only for looking."""
    made = Home(tmp_path_factory.mktemp("finished"))
    made.write("sources.csv", POSTS + "Nobody,instagram,posts,https://www.instagram.com/nothing.here/,Nobody,Drinks,\n")
    started = made.here(
        "collect", "run", "--sources", "sources.csv", "--num-posts", "3", "--name", "First", "--wait", "--json"
    )
    yield made, started
    made.stop()


@pytest.fixture(scope="module")
def tea(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with one source; for what is refused."""
    made = Home(tmp_path_factory.mktemp("tea"))
    shutil.copytree(founded, made.folder, dirs_exist_ok=True)
    assert made.here("sources", "add", "instagram", "posts", "https://www.instagram.com/tea.club/").code == 0
    yield made
    made.stop()
