"""Every dataset, and every way to ask it, through a whole practice run: what was delivered is in the tables, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.collect.datasets.conftest import FAST
from workbench.brightdata.datasets import DATASETS, inputs_for, way_for
from workbench.lake.schema import OWN_COLUMNS
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench, open_workbench

MINUTE = timedelta(minutes=1)
# dataset, source, options: every way that there is, and now and then a second source, so that rows must find theirs.
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("instagram/profiles", "https://www.instagram.com/tea.club/", {}),
    ("instagram/profiles", "coffee.club", {"discover_by": "user_name"}),
    ("instagram/posts", "https://www.instagram.com/tea.club/", {}),
    ("instagram/posts", "https://www.instagram.com/patchy.club/", {"post_type": "Reel"}),
    ("instagram/posts", "https://www.instagram.com/p/Dtea123/", {}),
    ("instagram/reels", "https://www.instagram.com/tea.club/", {}),
    ("instagram/reels", "https://www.instagram.com/coffee.club/", {"discover_by": "url_all_reels"}),
    ("instagram/reels", "https://www.instagram.com/reel/Dtea123/", {}),
    ("instagram/comments", "https://www.instagram.com/p/Dtea123/", {}),
    ("facebook/posts", "https://www.facebook.com/tea.club", {"include_profile_data": True}),
    ("facebook/posts", "https://www.facebook.com/nothing.club", {}),
    ("facebook/group_posts", "https://www.facebook.com/groups/tea.lovers/", {}),
    ("facebook/posts_by_url", "https://www.facebook.com/tea.club/posts/1234567890", {}),
    ("facebook/reels", "https://www.facebook.com/tea.club", {}),
    ("facebook/comments", "https://www.facebook.com/tea.club/posts/1234567890", {"num_of_comments": 5}),
    ("tiktok/profiles", "https://www.tiktok.com/@tea.club", {"country": "LV"}),
    ("tiktok/profiles", "https://www.tiktok.com/search?q=tea", {}),
    ("tiktok/posts", "https://www.tiktok.com/@tea.club", {}),
    ("tiktok/posts", "https://www.tiktok.com/@tea.club/video/7123456789012345678", {}),
    ("tiktok/posts", "https://www.tiktok.com/tag/tea", {}),
    ("tiktok/posts", "iced tea", {"discover_by": "keyword"}),
    ("tiktok/posts_by_profile_fast", "https://www.tiktok.com/@tea.club", {}),
    ("tiktok/posts_by_url_fast", "https://www.tiktok.com/music/tea-123", {}),
    ("tiktok/posts_by_search_fast", "https://www.tiktok.com/search?q=tea", {"num_of_posts": 3}),
    ("tiktok/comments", "https://www.tiktok.com/@tea.club/video/7123456789012345678", {}),
    ("linkedin/profiles", "https://www.linkedin.com/in/maple-kettleby", {}),
    ("linkedin/profiles", "Otto Ferrow", {"discover_by": "name", "first_name": "Otto", "last_name": "Ferrow"}),
    ("linkedin/profiles", "Otto Okonjo", {"discover_by": "name", "first_name": "Otto", "last_name": "Okonjo"}),
    ("linkedin/companies", "https://www.linkedin.com/company/tea-club/", {}),
    ("linkedin/posts", "https://www.linkedin.com/in/maple-kettleby", {}),
    ("linkedin/posts", "https://www.linkedin.com/company/tea-club/", {}),
    ("linkedin/posts", "https://www.linkedin.com/today/author/maple-kettleby", {"discover_by": "url", "limit": 2}),
    ("linkedin/posts", "https://www.linkedin.com/posts/maple_tea-activity-7123", {}),
    ("linkedin/jobs", "https://www.linkedin.com/jobs/view/kettle-tester-at-tea-4123456789", {}),
    ("linkedin/jobs", "https://www.linkedin.com/jobs/search?keywords=tea", {}),
    ("linkedin/jobs", "testers in Riga", {"discover_by": "keyword", "keyword": "tester", "location": "Riga"}),
    ("linkedin/jobs", "testers in Oslo", {"discover_by": "keyword", "keyword": "tester", "location": "Oslo"}),
    ("youtube/videos", "https://www.youtube.com/@teaclub", {}),
    ("youtube/videos", "https://www.youtube.com/watch?v=abcdefghijk", {}),
    ("youtube/videos", "iced tea", {"discover_by": "keyword"}),
    ("youtube/videos", "#tea", {"discover_by": "hashtag", "hashtag": "tea"}),
    ("youtube/videos", "tea of today", {"discover_by": "search_filters", "upload_date": "Today"}),
    ("youtube/videos", "https://www.youtube.com/gaming", {"discover_by": "explore", "all_tabs": False}),
    ("youtube/videos", "https://www.youtube.com/playlist?list=tea", {"discover_by": "podcast_url"}),
    ("youtube/channels", "https://www.youtube.com/@teaclub", {}),
    ("youtube/channels", "tea", {"discover_by": "keyword"}),
    ("youtube/comments", "https://www.youtube.com/watch?v=abcdefghijk", {"num_of_comments": 4}),
    ("x/posts", "https://x.com/teaclub", {}),
    ("x/posts", "https://x.com/teaclub/status/1812345678901234567", {}),
    ("x/posts", "https://x.com/teaclub https://x.com/coffeeclub", {"discover_by": "profiles_array"}),
    ("x/posts", "https://x.com/milkclub https://x.com/sugarclub", {"discover_by": "profiles_array"}),
    ("x/profiles", "https://x.com/teaclub", {"max_number_of_posts": 2}),
    ("x/profiles", "@coffeeclub", {"discover_by": "user_name"}),
]
TABLES = tuple(OWN_COLUMNS)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    home = tmp_path_factory.mktemp("sandbox")
    with Sandbox(home, seed=7, switches={"ready_after_seconds": 0.1}) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Workbench]:
    """One run of everything. Only for looking."""
    home = tmp_path_factory.mktemp("everything")
    with open_workbench(home, brightdata_url=sandbox.url, **FAST) as workbench:
        for dataset, url, options in ASKED:
            platform, service = dataset.split("/")
            workbench.collect.add_source(platform, service, url, options=options, creator=f"{dataset} {url}")
        plan = workbench.plan(start="2025-09-01", end="2025-10-01", num_posts=4)
        workbench.start(plan.hash)
        assert workbench.work(limit=MINUTE).idle
        yield workbench


def ask(sandbox: Sandbox, path: str) -> Any:
    return httpx.get(f"{sandbox.url}/sandbox/{path}", timeout=30).json()


def test_every_way_of_every_dataset_is_asked_here() -> None:
    asked = set()
    for dataset in DATASETS:
        for name, url, options in ASKED:
            if name == f"{dataset.platform}/{dataset.service}":
                inputs_for(dataset, url, options)
                asked.add((dataset.dataset_id, way_for(dataset, url, options).discover_by))

    assert asked == {(one.dataset_id, way.discover_by) for one in DATASETS for way in one.ways.values()}


def test_nothing_was_refused_and_everything_ended_well(collected: Workbench, sandbox: Sandbox) -> None:
    states = collected.sql("SELECT state, any_value(error) FROM brightdata_snapshots GROUP BY state").fetchall()

    assert {state for state, _ in states} <= {"published", "empty"}, states
    assert ask(sandbox, "count")["answers"].keys() == {"200"}


def test_every_delivered_row_is_there_once_word_for_word(collected: Workbench, sandbox: Sandbox) -> None:
    delivered = {
        (key, number): json.loads(row["line"])
        for key in ask(sandbox, "count")["rows_delivered"]
        for number, row in enumerate(ask(sandbox, f"rows/{key}"), start=1)
    }
    parts = (f"SELECT snapshot_id, row_no FROM {table}" for table in (*TABLES, "rejects"))
    kept = collected.sql(" UNION ALL ".join(parts)).fetchall()
    found = collected.sql("SELECT snapshot_id, row_no, record::VARCHAR FROM records").fetchall()

    assert len(delivered) > 150
    assert sorted(kept) == sorted(delivered)
    assert {(key, number): json.loads(text) for key, number, text in found} == delivered


def test_every_row_found_the_source_that_asked_for_it(collected: Workbench) -> None:
    """Also where two sources of one dataset were asked for together, and where the author is somebody else."""
    parts = (f"SELECT platform || '/' || service AS dataset, creator, source_url FROM {table}" for table in TABLES)
    found = collected.sql(" UNION ".join(parts)).fetchall()

    with_rows = [one for one in collected.collect.sources() if "nothing" not in one.url]
    assert {(dataset, url) for dataset, _, url in found} == {(f"{s.platform}/{s.service}", s.url) for s in with_rows}
    assert {creator for _, creator, _ in found} == {one.creator for one in with_rows}


# Null in many rows, so perhaps in the few that are looked at here.
RARE = {
    "external_urls", "hashtags", "salary_min", "salary_max", "salary_currency", "salary_period", "is_private",
    "founded_year", "view_count",
}  # fmt: skip
# What the stand-in's rows never have, as nobody has seen it in real ones.
NEVER = {("youtube comments", "url")}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda one: one.name)
def test_every_column_that_the_vendor_has_is_filled(collected: Workbench, dataset: Any) -> None:
    """A mapping to keys that the rows do not have would be a column that is always empty."""
    rows = collected.sql(f"FROM {dataset.kind} WHERE dataset_id = '{dataset.dataset_id}'").to_arrow_table().to_pylist()
    mapped = {column for column, places in dataset.columns.items() if places}

    assert rows
    empty = {(dataset.name, column) for column in mapped - RARE if all(row[column] is None for row in rows)}
    assert empty <= NEVER
    assert not [column for column in dataset.columns if column not in mapped and any(row[column] for row in rows)]
    assert all(row[next(iter(dataset.columns))] for row in rows)
