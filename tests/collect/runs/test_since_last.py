"""`--since last`: each source from the day of its newest published post."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.house import House, sources_csv
from workbench.workbench import Workbench


@pytest.fixture
def workbench(house: House) -> Iterator[Workbench]:
    """With a published run of the five datasets."""
    house.start()
    with house.open() as workbench:
        workbench.work()
        yield workbench


def test_each_source_starts_on_its_own_day(house: House, workbench: Workbench) -> None:
    newest = dict(workbench.sql("SELECT source_id, max(published_at)::date FROM posts GROUP BY ALL").fetchall())
    csv = sources_csv(
        house.home / "sources.csv", ["tea", "new"], [("instagram", "posts", "https://www.instagram.com/{}/")]
    )

    workbench.collect.import_sources(csv)  # until then a plan calls a new one -1
    plan = workbench.plan(csv, since_last=True, start="2025-01-02", end="2025-12-31", num_posts=3)

    asked = {
        source: one["start_date"]
        for job in plan.jobs
        for snapshot in job.snapshots
        for source, one in zip(snapshot.source_ids, snapshot.inputs, strict=True)
    }
    known, new = sorted(asked)
    assert asked == {known: newest[known].strftime("%m-%d-%Y"), new: "01-02-2025"}


def test_without_rows_nothing_is_known(house: House) -> None:
    with house.open() as workbench:
        assert workbench.collect.newest_days([1]) == {}


def test_the_day_is_the_posts_own_not_the_scrapes(workbench: Workbench) -> None:
    days = workbench.collect.newest_days([source.id for source in workbench.collect.sources()])

    assert days
    assert all(day <= date(2025, 10, 1) for day in days.values())
