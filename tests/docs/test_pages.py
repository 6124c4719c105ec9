"""The pages tell the truth: states, commands, words, links, and the test command that CI calls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.cli.commands import WORDS, load
from workbench.cli.exits import Exit
from workbench.collect.model import SnapshotState
from workbench.engine.item import Attention
from workbench.errors import FAULTS
from workbench.post.model import PostingState
from workbench.settings import Settings, variable
from workbench.upload.model import UploadState

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
BROWSER = (ROOT / "docs" / "uploading-and-posting.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
DECISIONS = (ROOT / "docs" / "decisions.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def _row(page: str, first: str) -> list[str]:
    """The cells of the table line that begins with `first`."""
    found = re.search(rf"^\| {re.escape(first)} \|(.*)\|$", page, re.MULTILINE)
    return [cell.strip() for cell in found[1].split(" | ")] if found else []


@pytest.mark.parametrize("state", SnapshotState)
def test_every_state_says_its_status_its_meaning_and_what_to_do(state):
    status, means, do = _row(OPERATING, f"`{state}`")

    assert status == state.info.word
    assert means
    assert do


def _section(title):
    return BROWSER.partition(f"## States of {title}")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("section", "state", "words"),
    [("an upload", state, state.info.word) for state in UploadState]
    + [("a posting", state, state.info.word) for state in PostingState],
)
def test_every_state_of_the_browser_flows_is_told(section, state, words):
    status, means, do = _row(_section(section), f"`{state}`")

    assert words in status
    assert means
    assert do


@pytest.mark.parametrize("kind", FAULTS)
def test_every_class_of_trouble_is_told_with_its_old_word(kind):
    (line,) = [line for line in BROWSER.splitlines() if line.startswith("| `") and f"`{kind}`" in line.split(" | ")[0]]

    assert line.split(" | ")[1] == FAULTS[kind].error_type


@pytest.mark.parametrize("attention", Attention)
def test_every_attention_is_told(attention):
    assert _row(OPERATING, f"`{attention}`")


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_told(code):
    assert _row(OPERATING, str(int(code)))


def _commands():
    for word in WORDS:
        found = load(word)
        for name, one in getattr(found, "commands", {"": found}).items():
            yield (word, *filter(None, [name])), one


COMMANDS = [pytest.param(words, one, id=" ".join(words)) for words, one in _commands()]


@pytest.mark.parametrize(("words", "command"), COMMANDS)
def test_every_command_has_help_and_is_in_the_readme(words, command):
    group, *rest = words
    cells = [line.split(" | ")[0] for line in README.splitlines() if line.startswith("| `")]
    (line,) = [cell for cell in cells if re.search(rf"`{group}[` ]", cell)]

    assert command.help
    assert not rest or re.search(rf"[ |\\]{rest[0]}\b", line)


def _glossary():
    for line in GLOSSARY.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[2].startswith("`"):
            path, *names = re.findall(r"`([^`]+)`", cells[2])
            yield pytest.param(path, names, id=cells[0])


@pytest.mark.parametrize(("path", "names"), list(_glossary()))
def test_every_word_that_names_code_exists(path, names):
    code = (ROOT / "workbench" / path).read_text()

    assert all(re.search(rf"\b{re.escape(name)}\b", code) for name in names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.name)
def test_files_of_ours_that_are_named_exist(page):
    named = re.findall(r"\b(?:tests|workbench|docs|benchmarks)/[\w./-]*\w", page.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_are_named_exist(page):
    known = {variable(field) for field in Settings.model_fields} | {"WORKBENCH_DEBUG"}

    assert set(re.findall(r"WORKBENCH_[A-Z_]+[A-Z]", page.read_text())) <= known


def test_every_decision_has_its_choice_its_reason_and_what_would_change_it():
    decisions = DECISIONS.split("\n## ")[1:]

    for decision in decisions:
        assert re.match(r"\d{4}-\d\d-\d\d · .+\?\n", decision), decision
        assert all(f"- **{word}**: " in decision for word in ("Choice", "Why", "Changes it")), decision
    days = [decision[:10] for decision in decisions]
    assert days == sorted(days, reverse=True)


def test_ci_runs_the_test_command_of_the_readme():
    assert "    python3 bootstrap.py test\n" in README
    assert "python3 bootstrap.py test" in (ROOT / ".ci" / "run").read_text()


def test_the_changelog_has_the_version_that_is_installed():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
