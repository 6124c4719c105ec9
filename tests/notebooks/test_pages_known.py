"""What JupyterLab is told of our pages: all that ship, and of each the code that may run when it is opened."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from tests.notebooks.conftest import NOTEBOOKS
from workbench.home.lab import EXTENSIONS
from workbench.home.labserver import pages


def test_every_notebook_that_ships_is_a_page_with_a_name_for_people():
    known = pages()

    assert set(known) == {f"notebooks/{path.name}" for path in NOTEBOOKS.glob("*.ipynb")}
    assert known["notebooks/start.ipynb"]["rank"] == 0
    assert [one["title"] for one in known.values() if len(str(one["title"])) > 30] == []
    assert len({one["title"] for one in known.values()}) == len(known)


def test_other_code_is_no_code_of_ours(tmp_path: Path):
    shutil.copy(NOTEBOOKS / "start.ipynb", tmp_path)
    (before,) = pages(tmp_path).values()
    book = json.loads((tmp_path / "start.ipynb").read_text())
    code = ["".join(one["source"]) for one in book["cells"] if one["cell_type"] == "code"]
    assert before["code"] == hashlib.sha256("\n\f\n".join(code).encode()).hexdigest()  # as pages.js puts it together

    book["cells"][0]["source"] = ["# Other words\n"]
    (tmp_path / "start.ipynb").write_text(json.dumps(book))
    assert pages(tmp_path)["notebooks/start.ipynb"]["code"] == before["code"]
    book["cells"][-1]["source"] = ["import os\n"]
    (tmp_path / "start.ipynb").write_text(json.dumps(book))
    assert pages(tmp_path)["notebooks/start.ipynb"]["code"] != before["code"]


def test_the_extension_is_where_jupyterlab_is_told_to_look():
    for package in EXTENSIONS.glob("*/package.json"):
        build = json.loads(package.read_text())["jupyterlab"]["_build"]
        source = (package.parent / build["load"]).read_text()
        assert f'window._JUPYTERLAB["{package.parent.name}"]' in source
        assert "http:" not in source
        assert "https:" not in source
    assert list(EXTENSIONS.glob("*/package.json"))
