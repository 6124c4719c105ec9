"""A fresh home in practice mode for every test; its sandbox and its workers end with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import open_workbench
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = ROOT / "notebooks"
SOURCES = """\
name,platform,service,url,creator,project,options
Tea Club,instagram,posts,https://www.instagram.com/tea.club/,Tea Club,spring,
Bike Lane,instagram,posts,https://www.instagram.com/bike.lane/,Bike Lane,spring,
Tea Club page,facebook,posts,https://www.facebook.com/teaclub/,Tea Club,spring,
Ada,linkedin,posts,https://www.linkedin.com/in/ada-example/,Ada,spring,
"""


def clean_environment(home: Path) -> dict[str, str]:
    """Of what is pointed to a home: nothing of who is logged in, and the commands of this checkout."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WORKBENCH_", "BRIGHTDATA"))},
        "WORKBENCH_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "JUPYTER_DATA_DIR": str(home / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter-runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }


def wait_for_workers(wb: Workbench) -> None:
    last = time.monotonic() + 90
    while wb.working.is_worked() and time.monotonic() < last:
        time.sleep(0.1)


class Home:
    """A folder that commands, kernels and servers are pointed to."""

    def __init__(self, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._patch = patch
        self.env = clean_environment(path) | {"WORKBENCH_POLL_SECONDS": "0.3"}

    def set(self, **settings: Any) -> None:
        """Settings of whatever is pointed here from now on."""
        for name, value in settings.items():
            variable = "BRIGHTDATA_API_KEY" if name == "brightdata_api_key" else f"WORKBENCH_{name.upper()}"
            self.env[variable] = str(value)
            self._patch.setenv(variable, str(value))

    def sandbox(self) -> dict[str, Any] | None:
        with contextlib.suppress(OSError, ValueError):
            address: dict[str, Any] = json.loads((self.path / "data" / "sandbox" / "address.json").read_text())
            return address
        return None

    def triggers_accepted(self) -> int:
        """What the vendor was made to do, by its own count."""
        sandbox = self.sandbox()
        if sandbox is None:
            return 0
        with urllib.request.urlopen(f"{sandbox['brightdata_url']}/sandbox/count", timeout=60) as answer:
            return int(json.load(answer)["triggers_accepted"])

    def end(self) -> None:
        with open_workbench(self.path) as wb:
            wait_for_workers(wb)
        if sandbox := self.sandbox():
            with contextlib.suppress(ProcessLookupError):
                os.kill(sandbox["pid"], signal.SIGTERM)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    home = Home(tmp_path / "home", monkeypatch)
    (home.path / "data" / "inputs").mkdir(parents=True)
    (home.path / "data" / "inputs" / "sources.csv").write_text(SOURCES)
    for name in [name for name in os.environ if name.startswith(("WORKBENCH_", "BRIGHTDATA"))]:
        monkeypatch.delenv(name)
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    yield home
    home.end()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7) as sandbox:
        yield sandbox
