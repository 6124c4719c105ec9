"""What a person at a terminal gets: a question before money, a live table, help for every command."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console

from workbench.cli import console
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
    assert not imported & {"rich", "pydantic", "sqlalchemy", "duckdb", "workbench.home.work", "workbench.workbench"}


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


def test_a_group_without_a_word_shows_its_words(empty):
    """As click has it, exit 2: where a script's variable was empty, nothing was done."""
    groups = [word for word in WORDS if hasattr(load(word), "commands")]
    done = {words: empty.here(*words) for words in [(), *((name,) for name in groups)]}

    assert len(done) > 10
    wrong = {
        words: one
        for words, one in done.items()
        if (one.code, one.err) != (2, "")
        or not one.out.startswith(f"Usage: {' '.join(['workbench', *words])} ")
        or "Commands:\n" not in one.out
    }
    assert wrong == {}
    assert list(empty.folder.iterdir()) == []


def test_the_version_is_told_in_a_folder_that_is_no_home(empty):
    done = empty.here("--version")

    assert done.code == 0
    assert re.fullmatch(r"workbench \S+.*\n", done.out)
    assert list(empty.folder.iterdir()) == []


def test_the_package_itself_can_be_run(empty):
    ours, named = (
        subprocess.run([sys.executable, "-m", name, "spend", "-h"], capture_output=True, text=True, timeout=60,
                       env=empty.environment(), cwd=empty.folder)
        for name in ("workbench", "workbench.cli")
    )  # fmt: skip

    assert ours.returncode == 0
    assert ours.stdout == named.stdout


IDS = [
    ["sd_mh4k2f9q1x8b7c6d5e", "facebook_marketplace", "x" * 20, "workbench recover requeue 12 --json"],
    ["sd_short", "", "a sentence of words that may well be broken at any of its spaces", None],
]  # fmt: skip


@pytest.mark.parametrize("width", [30, 80, 120])
def test_no_id_and_no_command_is_broken_however_narrow_the_terminal(width, monkeypatch, capsys):
    drawn = Console(width=width, markup=False, highlight=False, file=None)
    monkeypatch.setattr(console, "out", lambda: drawn)
    title = "October · 3f1c7d52-7a51-4f0e-9a3b-0d6f2f5f8b11 · completed · 1,234,567 rows"

    console.table(title, ("id", "channel", "why", "command"), IDS)

    lines = capsys.readouterr().out.splitlines()
    wanted = [title, *(cell for cell in IDS[0])]
    assert [cell for cell in wanted if not any(cell in line for line in lines)] == []
    assert width < 120 or max(map(len, lines[1:])) <= width


@pytest.mark.parametrize("columns", [1, 2, 5, 9])
def test_a_table_that_just_fits_is_drawn_as_one(columns, monkeypatch, capsys):
    drawn = Console(width=80, markup=False, highlight=False, file=None)
    monkeypatch.setattr(console, "out", lambda: drawn)
    names = [f"c{n}" for n in range(columns)]

    console.table("", names, [["a b " * 40] * columns])

    lines = capsys.readouterr().out.splitlines()
    assert all(name in lines[1] for name in names)
    assert max(map(len, lines)) <= 80
