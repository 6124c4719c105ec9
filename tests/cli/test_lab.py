"""`workbench lab`: JupyterLab for this machine alone, and notebooks that are never overwritten."""

from __future__ import annotations

from workbench.home import lab


def test_shipped_notebooks_are_copied_once_and_a_changed_one_is_its_owners(tmp_path, monkeypatch):
    shipped, folder = tmp_path / "shipped", tmp_path / "notebooks"
    shipped.mkdir()
    for name in ("runs.ipynb", "more.ipynb"):
        (shipped / name).write_text("as shipped")
    monkeypatch.setattr(lab, "SHIPPED", shipped)
    lab.bring_notebooks(folder)
    (folder / "runs.ipynb").write_text("mine")
    (folder / "more.ipynb").unlink()

    lab.bring_notebooks(folder)

    assert (folder / "runs.ipynb").read_text() == "mine"
    assert (folder / "more.ipynb").read_text() == "as shipped"


def test_a_home_that_is_the_checkout_uses_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "SHIPPED", tmp_path)
    (tmp_path / "runs.ipynb").write_text("as shipped")

    lab.bring_notebooks(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["runs.ipynb"]
