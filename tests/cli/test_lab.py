"""`workbench lab`: JupyterLab for this machine alone, and notebooks that are never overwritten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workbench.errors import BadInput
from workbench.home.notebooks import bring_notebooks, offered_notebooks, take_notebook


def test_shipped_notebooks_are_copied_once_and_a_changed_one_is_its_owners(tmp_path):
    shipped, folder = tmp_path / "shipped", tmp_path / "notebooks"
    shipped.mkdir()
    for name in ("runs.ipynb", "more.ipynb"):
        (shipped / name).write_text("as shipped")
    assert bring_notebooks(folder, shipped) == ["more.ipynb", "runs.ipynb"]
    (folder / "runs.ipynb").write_text("mine")
    (folder / "more.ipynb").unlink()

    assert bring_notebooks(folder, shipped) == ["more.ipynb"]
    assert (folder / "runs.ipynb").read_text() == "mine"
    assert (folder / "more.ipynb").read_text() == "as shipped"


def test_a_newer_version_is_offered_and_taken_with_the_owners_kept(tmp_path):
    shipped, folder = tmp_path / "shipped", tmp_path / "notebooks"
    shipped.mkdir()
    for name in ("runs.ipynb", "more.ipynb", "less.ipynb"):
        (shipped / name).write_text("as shipped")
    bring_notebooks(folder, shipped)
    (folder / "runs.ipynb").write_text("mine")
    assert offered_notebooks(folder, shipped) == []  # the owner's change, and nothing new ships
    for name in ("runs.ipynb", "more.ipynb"):
        (shipped / name).write_text("newer")

    assert offered_notebooks(folder, shipped) == ["more.ipynb", "runs.ipynb"]
    kept = take_notebook("runs", folder, datetime(2026, 11, 30, 7, 0, 1, tzinfo=UTC), shipped)

    assert (kept.name, kept.read_text()) == ("runs until 2026-11-30 070001.ipynb", "mine")
    assert (folder / "runs.ipynb").read_text() == "newer"
    assert offered_notebooks(folder, shipped) == ["more.ipynb"]
    with pytest.raises(BadInput, match="there are less, more, runs"):
        take_notebook("../runs2", folder, datetime(2026, 11, 30, tzinfo=UTC), shipped)


def test_a_home_that_is_the_checkout_uses_its_own(tmp_path):
    (tmp_path / "runs.ipynb").write_text("as shipped")

    assert bring_notebooks(tmp_path, tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["runs.ipynb"]
