"""The listing tells the truth: states, steps, names and sizes are what the docstrings say."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

import workbench
import workbench.collect
from workbench.collect.flow import flow
from workbench.ledger.states import MOVES, SNAPSHOT_MOVES, SNAPSHOT_STATUS, SnapshotState

ROOT = Path(workbench.__file__).parent
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
LONGEST = 600
COLLECT = flow(poll_every=timedelta(seconds=1), longest_trigger=timedelta(seconds=1))
# Who may catch everything, and why.
BOUNDARIES = {
    "cli/": "a person gets words and an exit code, never a traceback",
    "panels/": "an error is shown in the page",
    "server/": "an error is an answer",
    "sandbox/": "a stand-in answers 500, as the vendor would",
    "ledger/migrate.py": "an error of whichever driver, raised again unless it says that the file is locked",
    "upload/prob": "a decoder's refusal has many types, and a thread hands on whatever it was",
    "worker.py": "a surprise in one item is kept with its story and never stops the others",
}
BY_ITSELF = {SnapshotState.PUBLISHED, SnapshotState.EMPTY, SnapshotState.FAILED, SnapshotState.CANCELED,
             SnapshotState.EXPIRED, SnapshotState.REUSED}  # fmt: skip
BY_A_PERSON = {SnapshotState.STALLED, SnapshotState.QUARANTINED}


def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text())


def public_functions(module: str) -> list[ast.FunctionDef]:
    return [one for one in tree(module).body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]


def catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {one.id for one in ast.walk(handler.type) if isinstance(one, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def lets_it_pass(handler: ast.ExceptHandler) -> bool:
    """Cleans up and raises the same again: nothing is hidden."""
    return any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(handler))


@pytest.mark.parametrize("state", SnapshotState)
def test_every_state_has_a_step_or_rests(state: SnapshotState) -> None:
    assert (state in COLLECT.steps) != (state in BY_ITSELF | BY_A_PERSON)


@pytest.mark.parametrize("state", SnapshotState)
def test_every_state_has_its_moves_and_its_word(state: SnapshotState) -> None:
    assert state in SNAPSHOT_MOVES
    assert state in SNAPSHOT_STATUS


@pytest.mark.parametrize("state", COLLECT.steps)
def test_every_step_can_fail_and_be_quarantined(state: SnapshotState) -> None:
    assert {COLLECT.failed, COLLECT.quarantined} <= MOVES["snapshot"][state]


@pytest.mark.parametrize("state", SnapshotState)
def test_every_state_can_be_reached(state: SnapshotState) -> None:
    reached = {SnapshotState.PLANNED} | {target for targets in SNAPSHOT_MOVES.values() for target in targets}
    assert state in reached


def test_the_map_of_collect_names_its_steps_in_order() -> None:
    arrows = re.findall(r"^ *(\w+)\.py\s+\S+\s+→ (\w+)", workbench.collect.__doc__ or "", re.MULTILINE)
    steps = [step.run.__module__.rsplit(".", 1)[-1] for step in COLLECT.steps.values()]

    assert [name for name, _ in arrows if name in steps] == list(dict.fromkeys(steps))


def test_the_map_of_collect_names_every_file() -> None:
    known = set(re.findall(r"(\w+)\.py", workbench.collect.__doc__ or ""))
    files = {path.stem for path in (ROOT / "collect").glob("*.py")} - {"__init__"}

    assert known == files


@pytest.mark.parametrize(("state", "step"), COLLECT.steps.items(), ids=lambda one: str(one)[:20])
def test_a_step_begins_with_its_arrow_and_has_one_verb(state: SnapshotState, step: object) -> None:
    module = step.run.__module__.removeprefix("workbench.").replace(".", "/") + ".py"  # type: ignore[attr-defined]
    first = (ast.get_docstring(tree(module)) or "").splitlines()[0]

    assert first.startswith(f"{state} → ")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_in_one_sitting(module: str) -> None:
    lines = (ROOT / module).read_text().count("\n")
    if module != "brightdata/datasets.py":  # a catalogue, which is read by searching
        assert lines < LONGEST


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_for(module: str) -> None:
    if (ROOT / module).read_text().strip():
        assert ast.get_docstring(tree(module))


@pytest.mark.parametrize("module", MODULES)
def test_nobody_catches_everything_but_a_boundary(module: str) -> None:
    handlers = [one for one in ast.walk(tree(module)) if isinstance(one, ast.ExceptHandler)]
    hiding = [one.lineno for one in handlers if catches_everything(one) and not lets_it_pass(one)]
    if not module.startswith(tuple(BOUNDARIES)):
        assert hiding == []


@pytest.mark.parametrize("module", [one for one in MODULES if one.endswith("__init__.py")])
def test_an_init_is_a_map_and_no_code(module: str) -> None:
    if module in {"__init__.py", "app/__init__.py", "cli/__init__.py"}:
        return  # these also have the doors: of notebooks, of everybody, of the shell
    rest = [one for one in tree(module).body if not isinstance(one, ast.Expr)]
    assert rest == []


@pytest.mark.parametrize("word", ["v2", "utils", "helpers", "misc", "common", "temp", "old", "new", "fix"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    assert [one for one in MODULES if word in re.split(r"[/_.]", one)] == []
