"""benchmarks/queries.py and ledger.py: contenders answer the same, and every figure has its numbers. Never how fast."""

from __future__ import annotations

from pathlib import Path

from benchmarks import ledger, queries
from benchmarks.published import BATCH, publish
from workbench.workbench import open_workbench


def test_published_snapshots_are_like_those_of_daily_runs(tmp_path: Path) -> None:
    with open_workbench(tmp_path) as workbench:
        publish(workbench, 3, 40)
        publish(workbench, 2, 40, first=3)

        counts = "SELECT count(*), count(DISTINCT snapshot_id), count(DISTINCT run_id) FROM posts"
        assert workbench.sql(counts).fetchone()[:2] == (200, 5)
        assert workbench.sql("SELECT count(*) FROM brightdata_snapshots WHERE state = 'published'").fetchone() == (5,)
        assert workbench.sql("SELECT count(*), min(row_count) FROM source_results").fetchone() == (5 * BATCH, 2)
        again = workbench.sql("SELECT count(*) FROM posts_latest").fetchone()[0]
        assert 0 < 200 - again <= 200 * 0.2, "some posts come again"
        assert not workbench.lake.refreshed().missing
        assert workbench.overview.broken_at() is None


def test_questions_have_figures() -> None:
    many, latest = queries.run("small")

    for figure in (many, latest):
        assert [ratio.what for ratio in figure.ratios] == [f"{name}, ours ÷ bare" for name in queries.QUESTIONS]
        assert all(ratio.value > 0 for ratio in figure.ratios)
        assert all(one.values.keys() == figure.contenders[0].values.keys() for one in figure.contenders)


def test_moves_have_a_figure() -> None:
    figure = next(ledger.run("small"))

    assert [one.values.keys() for one in figure.contenders] == [{"moves/s"}] * 3
    assert figure.ratios[0].value > 0
