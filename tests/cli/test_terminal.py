"""What a person at a terminal gets: a question before money, a live table, help for every command."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import pytest
from typer.main import get_command

from workbench.cli.commands import app


def _at_terminal(home, *words: str, typed: str = "") -> tuple[int, str]:
    """Run in a terminal of 120 columns; type when a question mark was shown."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench.cli", *words], stdin=follower, stdout=follower, stderr=follower,
        env=home.environment(COLUMNS="120", LINES="40", TERM="xterm-256color"), cwd=home.folder,
    )  # fmt: skip
    os.close(follower)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            seen += os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if typed and b"[y/N]" in seen:
            os.write(leader, typed.encode())
            typed = ""
    os.close(leader)
    return process.wait(timeout=60), seen.decode()


def test_a_terminal_is_asked_and_a_no_starts_nothing(home):
    home.sources("tea.club")

    code, seen = _at_terminal(home, "collect", "run", "--sources", "sources.csv", typed="n\n")

    assert code == 2
    assert "ESTIMATE" in seen
    assert "not started, as you said" in seen
    assert home.here("status", "--json").json["runs"] == []


def test_a_terminal_sees_the_run_come_along(home):
    home.sources("tea.club")

    code, seen = _at_terminal(home, "collect", "run", "--sources", "sources.csv", "--wait", typed="y\n")

    assert code == 0, seen
    assert "PRACTICE" in seen
    assert "\x1b[" in seen
    assert "0 of 1" in seen
    assert "1 of 1" in seen


def _commands(typer_app, *names):
    for one in typer_app.registered_commands:
        yield (*names, one.name or one.callback.__name__)
    for group in typer_app.registered_groups:
        yield from _commands(group.typer_instance, *names, group.name)


@pytest.fixture(scope="module")
def tree():
    """What typer makes of all commands at every call."""
    return get_command(app)


@pytest.mark.parametrize("words", list(_commands(app)), ids=" ".join)
def test_every_command_explains_itself(tree, words, capsys):
    code = tree([*words, "--help"], standalone_mode=False, prog_name="workbench")

    out = capsys.readouterr().out
    assert not code
    assert f"workbench {' '.join(words)}" in out or "Usage:" in out
    assert len(out.splitlines()) > 4


def test_no_words_show_the_map(home):
    done = home.here()

    assert "Commands:" in done.out + done.err
