"""Notebooks of a few cells, and the one call that executes them."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from functools import partial

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workbench.audit.execute import execute
from workbench.secret import Redactor, Secret

CANARY = "sk-canary/7f3a+\"&<Zürich>'99"


def make_notebook(path, *cells, parameters=None, metadata=None):
    """Write a notebook; a cell is source, or a node made already. It asks for a kernel that nobody has."""
    head = [] if parameters is None else [new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    body = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    spec = {"name": "nobody-has-this", "display_name": "Elsewhere", "language": "python"}
    nb = new_notebook(cells=head + body, metadata={"kernelspec": spec, **(metadata or {})})
    nbformat.write(nb, path)
    return path


@pytest.fixture(scope="session")
def canary():
    return CANARY


@pytest.fixture
def notebook(tmp_path):
    return partial(make_notebook, tmp_path / "daily report.ipynb")


@pytest.fixture
def markdown():
    return new_markdown_cell


@pytest.fixture(scope="session")
def run_in():
    """Execute the cells in a folder of their own below the folder that is passed."""

    def run(root, *cells, given=None, parameters=None, limit=60.0, env=None, folder=None, **options):
        root.mkdir(parents=True, exist_ok=True)
        return execute(
            make_notebook(root / "daily report.ipynb", *cells, parameters=parameters),
            given or {},
            folder=folder or root / "reports" / uuid.uuid4().hex[:8],
            home=root,
            redactor=Redactor([Secret(CANARY)]),
            limit=timedelta(seconds=limit),
            env={**os.environ, **(env or {})},
            grace=timedelta(seconds=1),
            **options,
        )

    return run


@pytest.fixture
def run(run_in, tmp_path):
    return partial(run_in, tmp_path)
