"""notebooks/recovery.ipynb without a person, twice: what is there comes in once, what cannot be had fails it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect.recover.conftest import DAY, collected
from tests.notebooks.conftest import Home
from tests.notebooks.here import run_here
from workbench import open_workbench
from workbench.audit.execute import Execution
from workbench.audit.notebook import load
from workbench.cli.exits import Exit, of_execution
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "vendor", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield sandbox


@pytest.fixture
def wb(home: Home, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setenv("WORKBENCH_BRIGHTDATA_URL", sandbox.url)
    with open_workbench(home.path) as wb:
        yield wb


def words_of(done: Execution, cell_id: str) -> str:
    (cell,) = [one for one in load(done.output.read_bytes(), done.output.name)["cells"] if one.get("id") == cell_id]
    return "\n".join(str(one["data"]["text/plain"]) for one in cell["outputs"] if "data" in one)


def rows(wb: Workbench) -> int:
    (found,) = wb.sql("SELECT count(*) FROM posts").fetchone()
    return int(found)


@pytest.mark.slow
def test_audited_twice_the_second_adopts_nothing_more(wb: Workbench, sandbox: Sandbox) -> None:
    names = [collected(sandbox, ago=n * DAY) for n in (1, 3, 13)]
    first = wb.audit.run("recovery", {"adopt": True})
    second = run_here("recovery", adopt=True)

    assert str(first.outcome) == "succeeded", first.error_value
    assert rows(wb) == 9
    report = first.report.read_text("utf-8")
    assert all(name in report for name in names)
    assert "1 expiring, 2 unknown" in report
    assert "1 of them are soon gone at Bright Data" in report
    assert "adopted: 3 · already known: 0" in words_of(first, "adopt")
    assert "Done: 3 adopted, 0 known already, nothing lost." in words_of(first, "outcome")
    assert "adopted: 0 · already known: 3" in second["adopt"]
    assert "3 known" in second["scan"]
    assert "PRACTICE" in report


@pytest.mark.slow
def test_what_cannot_be_had_fails_the_execution_once(wb: Workbench, sandbox: Sandbox) -> None:
    """It is told on the day it is found; a nightly schedule is not red for ever after."""
    collected(sandbox)
    name = collected(sandbox, expired=1)
    first = wb.audit.run("recovery", {"adopt": True})
    second = run_here("recovery", adopt=True)

    assert (str(first.outcome), of_execution(first.outcome)) == ("failed", Exit.FAILED)
    assert f"{name} (expired)" in (first.error_value or "")
    assert "Not to be had" in first.report.read_text("utf-8")
    assert "nothing lost" in second["outcome"]
    assert rows(wb) == 3


def test_told_not_to_it_only_looks(wb: Workbench, sandbox: Sandbox) -> None:
    collected(sandbox)
    collected(sandbox, ago=9 * DAY)
    words = run_here("recovery", since_days=5, datasets="instagram/posts")

    assert "1 unknown" in words["scan"]
    assert "1 snapshot not known here; nothing was adopted" in words["adopt"]
    assert wb.status()["runs"] == []
