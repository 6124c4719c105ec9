"""What a person at a terminal gets: a question before money, a live table, help for every command."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import pytest

from workbench.cli.commands import WORDS, app, load


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


def _commands():
    for word in WORDS:
        group = getattr(load(word), "commands", None)
        yield from [(word,)] if group is None else ((word, name) for name in group)


@pytest.mark.parametrize("words", list(_commands()), ids=" ".join)
def test_every_command_explains_itself(words, capsys):
    code = app([*words, "--help"], standalone_mode=False)

    out = capsys.readouterr().out
    assert not code
    assert f"workbench {' '.join(words)}" in out or "Usage:" in out
    assert len(out.splitlines()) > 4


@pytest.mark.parametrize("word", WORDS)
def test_the_map_says_of_a_word_what_its_module_says(word):
    """It is written beside the words, so that nothing is imported to show it."""
    listed, itself = app.commands[word], load(word)

    assert itself.name == word
    for room in (20, 45, 64, 200):
        assert listed.get_short_help_str(room) == itself.get_short_help_str(room)


def test_the_map_is_shown_without_what_commands_stand_on(home):
    done = home("--help", PYTHONPROFILEIMPORTTIME="1")

    assert done.code == 0
    imported = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert "typer" in imported
    assert not imported & {"rich", "pydantic", "sqlalchemy", "duckdb", "workbench.cli.work", "workbench.app"}


def test_a_look_imports_no_more_than_it_needs(home):
    done = home("status", PYTHONPROFILEIMPORTTIME="1")

    assert done.code == 0
    imported = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert "sqlalchemy" in imported
    others = {"alembic", "sqlalchemy.dialects.postgresql", "duckdb", "pyarrow", "httpx", "playwright", "urllib.request"}
    assert not imported & others


def test_no_words_show_the_map(home):
    done = home.here()

    assert "Commands:" in done.out + done.err
