"""settings.py: where the home is when nobody says so."""

from workbench.settings import load


def test_of_the_folder_of_notebooks_the_home_is_above(tmp_path, monkeypatch):
    """There nbconvert and nbmake run a notebook; with a bench of its own in it, it is a home like any other."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    monkeypatch.chdir(notebooks)
    assert load(environ={})[0].home == notebooks
    (tmp_path / "data").mkdir()
    assert load(environ={})[0].home == tmp_path
    assert load(environ={"WORKBENCH_HOME": str(notebooks)})[0].home == notebooks
    (notebooks / "data").mkdir()
    assert load(environ={})[0].home == notebooks
