"""Every example that is marked `<!-- run -->` runs as it stands, in a fresh home in practice mode."""

from __future__ import annotations

import json
import re
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import POSTS, Home

ROOT = Path(__file__).parents[2]
MARKED = re.compile(r"<!-- run -->\n```bash\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What the scripts call `workbench`: hands its words to this process, prints what that answers, and exits as it says.
CALLER = """\
import json, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    line.sendall(json.dumps(sys.argv[1:]).encode())
    line.shutdown(socket.SHUT_WR)
    code, out, err = json.loads(b"".join(iter(lambda: line.recv(65536), b"")))
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


class Shell:
    """Runs a script in a fresh home where `workbench` is the one of this checkout.

    Its commands go through the door of every command, in this process: twenty starts would take most of the time.
    """

    def __init__(self, home: Home, commands: Path) -> None:
        self._home = home
        # A socket's address is short; the folder of a test need not be.
        self._folder = tempfile.TemporaryDirectory(prefix="wb-")
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(Path(self._folder.name) / "line"))
        self._server.listen()
        self._server.settimeout(0.05)
        caller = commands / "caller.py"
        caller.write_text(CALLER.format(address=self._server.getsockname()))
        for name, words in (("workbench", f'-I -S "{caller}"'), ("python3", "")):
            command = commands / name
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            command.chmod(command.stat().st_mode | stat.S_IXUSR)
        clean = home.environment()
        self._environment = {**clean, "PATH": f"{commands}:{clean['PATH']}"}

    def run(self, script: str) -> tuple[int, str]:
        """The exit code, and what was said on stderr."""
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, cwd=self._home.folder,
                env=self._environment,
            )  # fmt: skip
            try:
                while process.poll() is None:
                    self._answer()
            finally:
                process.kill()
                process.wait()
            said.seek(0)
            return process.returncode, said.read()

    def _answer(self) -> None:
        try:
            line, _ = self._server.accept()
        except TimeoutError:
            return
        with line:
            line.settimeout(60)
            words = json.loads(b"".join(iter(lambda: line.recv(65536), b"")))
            done = self._home.here(*words)
            line.sendall(json.dumps([done.code, done.out, done.err]).encode())

    def close(self) -> None:
        self._server.close()
        self._folder.cleanup()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    commands, folder = tmp_path / "bin", tmp_path / "home"
    for made in (commands, folder):
        made.mkdir()
    home = Home(folder, WORKBENCH_POLL_SECONDS="0.3")
    shell = Shell(home, commands)
    yield shell
    shell.close()
    home.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "page", [page for page in PAGES if MARKED.search(page.read_text())], ids=lambda page: page.name
)
def test_the_examples_of_a_page_run(page, shell):
    script = "\n".join(MARKED.findall(page.read_text()))

    code, said = shell.run(script)

    assert code == 0, said[-3000:]


def test_the_readme_and_operating_have_examples():
    assert {page.name for page in PAGES if MARKED.search(page.read_text())} >= {"README.md", "operating.md"}


def test_the_example_in_python_runs_as_it_stands(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write("sources.csv", POSTS)
    (code,) = re.findall(r"```python\n(from workbench.*?)```", (ROOT / "docs" / "operating.md").read_text(), re.DOTALL)
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"{code}\nprint(len(wb.posts()), wb.collect.sources()[0].name)"],
            env=home.environment(), cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        home.stop()

    assert (done.returncode, done.stdout.split()[-2:]) == (0, ["5", "Tea"]), done.stderr
