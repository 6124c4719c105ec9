"""Every notebook stays thin: parameters, imports, one call a cell; no logic, no outputs, ids that do not change."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent.parent / "notebooks").glob("*.ipynb"))
MOST_CODE_CELLS = 10
IMPORTS = {"workbench", "pandas", "matplotlib"}
LOGIC = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.AsyncFor, ast.While, ast.If),
    *(
        ast.Try,
        ast.With,
        ast.AsyncWith,
        ast.Match,
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
        ast.IfExp,
    ),
)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def cells(request) -> list[dict]:
    return json.loads(request.param.read_text("utf-8"))["cells"]


@pytest.fixture
def code(cells) -> list[dict]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def is_parameters(cell: dict) -> bool:
    return "parameters" in cell["metadata"].get("tags", [])


def test_there_are_notebooks():
    assert "runs" in [notebook.stem for notebook in NOTEBOOKS]


def test_it_is_short(code):
    assert len(code) <= MOST_CODE_CELLS


def test_its_first_code_cell_alone_has_the_parameters(code):
    assert [is_parameters(cell) for cell in code] == [True] + [False] * (len(code) - 1)


def test_every_parameter_has_a_type_a_default_and_words(code):
    for line in source(code[0]).splitlines():
        (statement,) = ast.parse(line).body
        assert isinstance(statement, ast.AnnAssign), line
        assert isinstance(statement.value, ast.Constant), line
        assert "  # " in line, line


def test_it_holds_no_logic(code):
    for cell in code:
        found = [type(node).__name__ for node in ast.walk(ast.parse(source(cell))) if isinstance(node, LOGIC)]
        assert found == [], source(cell)


def test_its_code_is_folded(code):
    """A person who opens a page sees the page."""
    assert all(cell["metadata"]["jupyter"]["source_hidden"] for cell in code)


def test_a_cell_makes_one_call(code):
    for cell in code[1:]:
        calls = [node for node in ast.walk(ast.parse(source(cell))) if isinstance(node, ast.Call)]
        assert len(calls) == 1, source(cell)


def test_it_imports_what_its_reader_knows(code):
    found = set()
    for cell in code:
        for node in ast.walk(ast.parse(source(cell))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {name.split(".")[0] for name in names}

    assert found <= IMPORTS


def test_it_was_saved_without_outputs(cells):
    for cell in cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_its_cells_are_named_by_us(cells):
    ids = [cell["id"] for cell in cells]

    assert len(set(ids)) == len(ids)
    assert all(name.replace("-", "").isalpha() for name in ids), "an id that an editor made: name the cell"


def test_it_names_no_machine(cells):
    assert not [cell for cell in cells if "/home/" in source(cell) or "/Users/" in source(cell)]
