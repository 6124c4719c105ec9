"""The listing tells the truth: states, steps, names and sizes are what the docstrings say."""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

import workbench
import workbench.collect
import workbench.panels
from workbench import processes
from workbench.collect.flow import flow
from workbench.collect.model import SnapshotState
from workbench.engine.item import KINDS
from workbench.engine.retry import RetryPolicy

ROOT = Path(workbench.__file__).parent
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
FOLDERS = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("__init__.py")
    if path.parent != ROOT and "sandbox" not in path.parts and "migrations" not in path.parts
)
COLLECT = flow(retry=RetryPolicy(), poll_every=timedelta(seconds=1), longest_trigger=timedelta(seconds=1))
# Who may catch everything, and why.
BOUNDARIES = {
    "cli/": "a person gets words and an exit code, never a traceback",
    "panels/": "an error is shown in the page",
    "home/": "a person gets words and an exit code, never a traceback",
    "deliveries/receiver.py": "an error is an answer",
    "sandbox/": "a stand-in answers 500, as the vendor would",
    "db/migrate.py": "an error of whichever driver, raised again unless it says that the file is locked",
    "upload/media": "a decoder's refusal has many types, and a thread hands on whatever it was",
    "schedule/scheduler.py": "a surprise in one tick is its outcome, and never stops the others",
    "engine/worker.py": "a surprise in one item is kept with its story and never stops the others",
}
# Who may import ours inside a function, and why: start-up stays cheap, and what is heavy waits until it is needed.
LATE = {
    "__init__.py": "the door of everybody costs nothing until it is opened",
    "container.py": "each part is built when it is first asked for",
    "commands.py": "handlers of commands: only the word that is used pays",
    "cli/": "a door too: the tree, a home and the code's version are looked up once a word asks for them",
    "home/": "handlers of commands, and processes",
    "audit/runner.py": "a process that shuts out what the notebook must not load, before it loads the rest",
}
BY_ITSELF = {SnapshotState.PUBLISHED, SnapshotState.EMPTY, SnapshotState.FAILED, SnapshotState.CANCELED,
             SnapshotState.EXPIRED, SnapshotState.REUSED}  # fmt: skip
BY_A_PERSON = {SnapshotState.STALLED, SnapshotState.QUARANTINED}


@functools.cache
def source(module: str) -> str:
    return (ROOT / module).read_text()


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse(source(module))


def catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {one.id for one in ast.walk(handler.type) if isinstance(one, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def lets_it_pass(handler: ast.ExceptHandler) -> bool:
    """Cleans up and raises the same again: nothing is hidden."""
    return any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(handler))


def test_every_state_has_a_step_or_rests() -> None:
    resting = BY_ITSELF | BY_A_PERSON
    assert [one for one in SnapshotState if (one in COLLECT.steps) == (one in resting)] == []


def test_every_state_has_its_moves_and_its_word() -> None:
    states = [state for kind in KINDS.values() for state in kind.states]
    assert [state for state in states if not (state.info.means and state.info.word)] == []
    assert [(one, to) for one in states for to in one.may_become() if to not in set(type(one))] == []


def test_every_step_can_fail_and_be_quarantined() -> None:
    ends = {COLLECT.failed, COLLECT.quarantined}
    assert [one for one in COLLECT.steps if not ends <= one.may_become()] == []


def test_every_state_can_be_reached() -> None:
    reached = {SnapshotState.PLANNED} | {target for one in SnapshotState for target in one.may_become()}
    assert [one for one in SnapshotState if one not in reached] == []


def test_the_map_of_collect_names_its_steps_in_order() -> None:
    arrows = re.findall(r"^ *(\w+)\.py\s+\S+\s+→ (\w+)", workbench.collect.__doc__ or "", re.MULTILINE)
    steps = [step.run.__module__.rsplit(".", 1)[-1] for step in COLLECT.steps.values()]

    assert [name for name, _ in arrows if name in steps] == list(dict.fromkeys(steps))


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_map_of_a_folder_names_every_file(folder: str) -> None:
    known = set(re.findall(r"^ *(\w+)\.py", ast.get_docstring(tree(f"{folder}/__init__.py")) or "", re.MULTILINE))
    files = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}

    assert known == files


def test_a_step_begins_with_its_arrow_and_has_one_verb() -> None:
    wrong = {}
    for state, step in COLLECT.steps.items():
        module = step.run.__module__.removeprefix("workbench.").replace(".", "/") + ".py"
        first = (ast.get_docstring(tree(module)) or "").partition("\n")[0]
        if not first.startswith(f"{state} → "):
            wrong[module] = first
    assert wrong == {}


def test_a_module_says_what_it_is_for() -> None:
    assert [one for one in MODULES if source(one).strip() and not ast.get_docstring(tree(one))] == []


def test_nobody_catches_everything_but_a_boundary() -> None:
    hiding = [
        f"{module}:{one.lineno}"
        for module in MODULES
        if not module.startswith(tuple(BOUNDARIES))
        for one in ast.walk(tree(module))
        if isinstance(one, ast.ExceptHandler) and catches_everything(one) and not lets_it_pass(one)
    ]
    assert hiding == []


def test_an_init_is_a_map_and_no_code() -> None:
    doors = {"__init__.py", "panels/__init__.py", "cli/__init__.py"}  # of everybody, of notebooks, of the shell
    maps = [one for one in MODULES if one.endswith("__init__.py") and one not in doors]
    assert [one for one in maps if any(not isinstance(part, ast.Expr) for part in tree(one).body)] == []


def imports_ours_late(module: str) -> bool:
    within = (one for function in ast.walk(tree(module)) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
              for one in ast.walk(function))  # fmt: skip
    names = [name for one in within if isinstance(one, ast.Import | ast.ImportFrom) for name in imported(one)]
    return any(name.partition(".")[0] in {"workbench", ""} for name in names)


def imported(one: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.name for alias in one.names] if isinstance(one, ast.Import) else [one.module or ""]


def test_imports_stand_at_the_top() -> None:
    """Of our own package: inside a function they hide what a module stands on, and circles."""
    late = {
        module
        for module in MODULES
        if not module.startswith("sandbox/") and imports_ours_late(module)
        if not any(module == one or module.startswith(one) or module.endswith(f"/{one}") for one in LATE)
        if not module.endswith("_commands.py")
    }
    assert late == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"v2", "utils", "helpers", "misc", "common", "temp", "old", "new", "fix"}
    assert [one for one in MODULES if nothing & set(re.split(r"[/_.]", one))] == []


def test_no_two_classes_have_one_name() -> None:
    """The stand-ins excepted: they share nothing with us, and are read by themselves."""
    found: dict[str, list[str]] = {}
    for module in MODULES:
        if not module.startswith("sandbox/"):
            for one in tree(module).body:
                if isinstance(one, ast.ClassDef):
                    found.setdefault(one.name, []).append(module)
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def test_every_process_of_ours_can_be_run_and_is_spelt_once() -> None:
    """As `python -m`: a name that moved would be found out by whoever starts it, at night."""
    names = [value for name, value in vars(processes).items() if name.isupper() and isinstance(value, str)]
    for name in names:
        found = importlib.util.find_spec(name)
        assert found is not None, name
        if found.submodule_search_locations:
            found = importlib.util.find_spec(f"{name}.__main__")
        assert found is not None, name
        assert 'if __name__ == "__main__":' in Path(str(found.origin)).read_text() or name.endswith(("cli", "sandbox"))
    spelt = [module for module in MODULES if re.search(r'"-m", *"workbench', source(module))]
    assert len(names) > 5
    assert spelt == []


@pytest.mark.parametrize("path", sorted((ROOT.parent / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_notebook_calls_exists(path: Path) -> None:
    """By the names that notebooks of before have for the panels, wherever these lie now."""
    cells = json.loads(path.read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (name,) = re.findall(r"^from workbench\.panels import (\w+)$", code, re.MULTILINE)
    called = set(re.findall(rf"\b{name}\.(\w+)\(", code))

    assert called
    assert [one for one in sorted(called) if not hasattr(getattr(workbench.panels, name), one)] == []
