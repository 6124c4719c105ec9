"""Every example that is marked `<!-- run -->` runs as it stands, in a fresh home in practice mode."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKED = re.compile(r"<!-- run -->\n```bash\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def shell(tmp_path):
    """Runs a script in a fresh home where `workbench` is the one of this checkout."""
    commands = tmp_path / "bin"
    home = tmp_path / "home"
    for folder in (commands, home):
        folder.mkdir()
    for name, words in (("workbench", "-m workbench.cli"), ("python3", "")):
        command = commands / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WORKBENCH_", "BRIGHTDATA"))}
    environment = {
        **kept, "PATH": f"{commands}:{kept['PATH']}", "PYTHONPATH": str(ROOT), "WORKBENCH_HOME": str(home),
        "WORKBENCH_POLL_SECONDS": "0.3",
    }  # fmt: skip

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110, cwd=home, env=environment,
        )  # fmt: skip

    yield run
    with contextlib.suppress(OSError, ValueError):
        os.kill(json.loads((home / "data" / "sandbox" / "address.json").read_text())["pid"], signal.SIGTERM)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if MARKED.search(page.read_text())], ids=lambda page: page.name
)
def test_the_examples_of_a_page_run(page, shell):
    script = "\n".join(MARKED.findall(page.read_text()))

    done = shell(script)

    assert done.returncode == 0, done.stderr[-3000:]


def test_the_readme_and_operating_have_examples():
    assert {page.name for page in PAGES if MARKED.search(page.read_text())} >= {"README.md", "operating.md"}
