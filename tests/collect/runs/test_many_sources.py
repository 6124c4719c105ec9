"""A run of many sources is ordinary: everything published, every source answered for, and every face quick."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.house import DATES, House, check_every_row_once, sources_csv, states
from workbench.collect.run_summary import standing
from workbench.sandbox.serve import Sandbox

DATASETS = (
    ("instagram", "posts", "https://www.instagram.com/{}/"),
    ("facebook", "posts", "https://www.facebook.com/{}"),
    ("tiktok", "posts", "https://www.tiktok.com/@{}"),
    ("instagram", "profiles", "https://www.instagram.com/{}/"),
)
LONGEST_LOOK = 5.0  # seconds: a person would think that it hangs


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "count", [120, pytest.param(1_000, marks=[pytest.mark.soak, pytest.mark.timeout(1_800)])], ids=str
)
def test_a_run_of_many_sources(tmp_path: Path, count: int) -> None:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0.5}) as sandbox:
        house = House(tmp_path / "home", sandbox)
        names = [f"creator.{n:04}" for n in range(count // len(DATASETS))]
        csv = sources_csv(house.home / "sources.csv", names, DATASETS)

        dates = ("--start", DATES["start"], "--end", DATES["end"], "--num-posts", "3")
        words = ("collect", "run", "--sources", str(csv), *dates, "--yes", "--wait", "--json")
        with house.command(*words, poll_seconds=0.5) as done:
            try:
                answer, told = done.communicate(timeout=1_700)
            finally:
                done.kill()

        assert done.returncode == 0, told
        assert json.loads(answer)["status"] == "completed"
        with house.open() as workbench:
            assert states(workbench).keys() == {"published"}
            check_source_results(workbench, count)
            check_every_row_once(house, workbench)
            check_faces(workbench)


def check_source_results(workbench, count: int) -> None:
    """One line for every source, and what it says adds up to the tables."""
    results = workbench.sql(
        "SELECT count(*), count(DISTINCT source_id), count(row_count) FROM source_results"
    ).fetchone()
    assert results == (count, count, count)
    tables = " UNION ALL ".join(f"SELECT source_id FROM {name}" for name in ("posts", "profiles"))
    differs = workbench.sql(f"""
        SELECT source_id, row_count, coalesce(rows, 0) AS rows, reason FROM source_results
        LEFT JOIN (SELECT source_id, count(*) AS rows FROM ({tables}) GROUP BY ALL) USING (source_id)
        WHERE row_count <> coalesce(rows, 0) OR (row_count = 0 AND reason IS NULL)
    """).fetchall()
    assert differs == []


def check_faces(workbench) -> None:
    for name, ask in (
        ("status", workbench.status),
        ("the panel", lambda: standing(workbench.status(None))),
        ("folders", workbench.collect.folders),
        ("todo", workbench.todo),
        ("a question", lambda: workbench.sql("SELECT count(*) FROM source_results").fetchone()),
    ):
        begun = time.monotonic()
        ask()
        assert time.monotonic() - begun < LONGEST_LOOK, name
