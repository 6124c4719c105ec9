"""Every command that a message, a help text or a page of the docs names is one that exists, with those options."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import workbench
from workbench.cli.commands import WORDS, app, load

PACKAGE = Path(workbench.__file__).parent
ROOT = PACKAGE.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?<![\w./-])workbench((?: +[^\s`]+)+)")
QUOTED = re.compile(r"`(?P<words>[a-z][a-z-]* [^`]+)`")
PLAIN = re.compile(r"[a-z][a-z-]*")
ENDS = ".,;:)’'\""
# What follows where the word is no command: "the workbench of this home".
PROSE = {"of", "share", "as", "without", "knows"}


def _tree() -> Iterator[tuple[tuple[str, ...], object]]:
    yield (), app
    for word in WORDS:
        found = load(word)
        yield (word,), found
        yield from (((word, name), one) for name, one in getattr(found, "commands", {}).items())


TREE = dict(_tree())
GROUPS = {words[0] for words in TREE if len(words) == 2}
OPTIONS = {words: {each for one in command.params for each in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
           for words, command in TREE.items()}  # fmt: skip


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a module, f-strings whole, with {} for what is only known later."""
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def _offence(words: list[str]) -> str | None:
    """What is wrong with the words that follow `workbench`; None where there is such a command."""
    first = words[0].rstrip(ENDS)
    if first.startswith("--"):
        return None if first in OPTIONS[()] else f"no option {first}"
    if (first,) not in TREE:
        return f"no command {first}"
    path, rest = (first,), words[1:]
    if first in GROUPS and rest and words[0] == first:
        path, rest = (first, rest[0].rstrip(ENDS)), rest[1:]
        if wrong := [one for one in re.split(r"\\?\|", path[1]) if (first, one) not in TREE]:
            return f"{first} has no {wrong[0]}"
        if path not in TREE:
            return None  # several with | between
    for one in rest:
        option = one.lstrip("[(").rstrip(ENDS + "])")
        if option.startswith("--") and PLAIN.fullmatch(option[2:]) and option not in OPTIONS[path]:
            return f"{' '.join(path)} has no {option}"
        if one[-1] in ".;:)":
            break
    return None


def _offences(text: str) -> Iterator[str]:
    for match in COMMAND.finditer(text):
        words = match[1].split()
        if words[0].rstrip(ENDS) in PROSE or not re.match(r"[a-z{-]", words[0]):
            continue
        if found := _offence(words):
            yield f"workbench{match[1][:50]}: {found}"
    for match in QUOTED.finditer(text):
        words = match["words"].split()
        if words[0] in GROUPS and PLAIN.match(words[1]) and (found := _offence(words)):
            yield f"`{match['words']}`: {found}"


def test_the_walk_finds_what_is_wrong():
    wrong = [
        "workbench accounts enable 3", "workbench accounts {} 3", "workbench fly.", "workbench work --until-done",
        "Go on: `accounts enable ID`.", "workbench upload run --colour red",
    ]  # fmt: skip

    assert [text for text in wrong if not list(_offences(text))] == []


def test_every_command_that_a_message_names_exists():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {offence}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in _texts(ast.parse(path.read_text()))
        for offence in _offences(text)
    ]

    assert found == []


def test_every_command_that_the_docs_or_a_notebook_name_exists():
    texts = [(path.name, path.read_text()) for path in PAGES]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        texts += [(path.name, "".join(cell["source"])) for cell in json.loads(path.read_text())["cells"]]

    assert [f"{name}: {offence}" for name, text in texts for offence in _offences(text)] == []
