"""A notebook in the shell that kernels have, but in this process: a kernel and its runner take seconds to start."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from tests.notebooks.conftest import NOTEBOOKS
from tests.panels.conftest import nobody_there
from workbench.audit.notebook import load
from workbench.audit.parameters import assignments


def run_here(notebook: str, **given: Any) -> dict[str, str]:
    """Every cell of a shipped notebook as it is without a person; the words that each cell left, by its id.

    What a cell raises is raised.
    """
    path = NOTEBOOKS / f"{notebook}.ipynb"
    cells = [one for one in load(path.read_bytes(), path.name)["cells"] if one["cell_type"] == "code"]
    words: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        nobody_there(patch)
        shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
        try:
            for cell in cells:
                is_first = "parameters" in cell["metadata"].get("tags", [])
                source = cell["source"] + ("\n" + assignments(given) if is_first else "")
                with capture_output() as seen:
                    done = shell.run_cell(source)
                done.raise_error()
                words[cell["id"]] = "\n".join(str(one.data["text/plain"]) for one in seen.outputs)
        finally:
            if wb := shell.user_ns.get("wb"):
                wb.close()
            InteractiveShell.clear_instance()
    return words
