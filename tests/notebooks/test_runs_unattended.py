"""notebooks/runs.ipynb without a person: through nbmake and through audit, and never anything twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.conftest import NOTEBOOKS, Home
from tests.notebooks.here import run_here
from workbench import open_workbench
from workbench.audit.notebook import load
from workbench.errors import BadInput


def nbmake(home: Home) -> subprocess.CompletedProcess[str]:
    # Without what takes seconds of an import and serves nothing here (tests/conftest.py).
    program = "import sys; sys.modules['rfc3987_syntax'] = None; import pytest; sys.exit(pytest.console_main())"
    command = [
        sys.executable,
        "-c",
        program,
        "-p",
        "nbmake",
        "--nbmake",
        "--nbmake-timeout=60",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, str(NOTEBOOKS / "runs.ipynb")],
        cwd=NOTEBOOKS.parent,
        env=home.env,
        capture_output=True,
        text=True,
    )


def output_words(path: Path, cell_id: str) -> str:
    (cell,) = [cell for cell in load(path.read_bytes(), path.name)["cells"] if cell.get("id") == cell_id]
    return "\n".join(str(output["data"]["text/plain"]) for output in cell["outputs"])


@pytest.mark.slow
def test_nbmake_runs_it_to_the_end(home):
    done = nbmake(home)

    assert done.returncode == 0, done.stdout[-3000:]
    assert home.triggers_accepted() == 3


@pytest.mark.slow
def test_audited_twice_it_collects_once_and_keeps_its_words(home):
    given = {"name": "Nightly", "num_posts": 3}
    with open_workbench(home.path) as wb:
        first = wb.audit.run("runs", given)
        assert str(first.outcome) == "succeeded", first.error_value
        triggers = home.triggers_accepted()
        second = run_here("runs", **given)
        browsed = run_here("browse", run="Nightly", rows=5)["browse"]
        (run,) = wb.status()["runs"]

    assert triggers == home.triggers_accepted() == 3
    assert "Started: run " + run["run_id"] in output_words(first.output, "start")
    assert f"as run {run['run_id']}. Running these cells again only shows it." in second["start"]
    for watched in (output_words(first.output, "watch"), second["watch"]):
        assert "100 %, 3 of 3 snapshots" in watched
        assert "The run is complete: 12 rows." in watched
    assert "Most liked posts" in second["tables"]
    assert "Posts by week and platform: 12 posts in all" in second["chart"]
    assert second["board"] == "", "a table for a person, who clicks"
    for words in ("Folders of Nightly", "Posts of Nightly (1 to 5 of 12)", "What happened: Nightly"):
        assert words in browsed
    report = first.report.read_text("utf-8")
    assert "100 %, 3 of 3 snapshots" in report
    assert 'role="progressbar"' in report
    assert "The run is complete: 12 rows." in report
    assert "Most liked posts" in report
    assert 'alt="Bar chart, Posts by week and platform' in report
    assert "PRACTICE" in report


def test_a_home_in_which_nothing_came_says_so(home):
    assert run_here("browse")["browse"].endswith("Nothing was collected yet.")


def test_a_missing_file_of_sources_is_named_and_nothing_is_started(home):
    with pytest.raises(BadInput, match=r"data/inputs/nothing\.csv"):
        run_here("runs", sources="data/inputs/nothing.csv")

    assert home.sandbox() is None


def test_a_parameter_that_it_does_not_have_is_refused_before_it_starts(home):
    with open_workbench(home.path) as wb, pytest.raises(BadInput, match="num_post"):
        wb.audit.run("runs", {"num_post": 3})
