"""Compaction changes how fast the tables answer, never what they answer."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from tests.house import House, sources_csv
from workbench import view_tables
from workbench.lake import compacted, compaction, raw, transform
from workbench.lake import store as lake_store
from workbench.workbench import Workbench

WHOLE = "SELECT * FROM {} ORDER BY snapshot_id, row_no"
VIEWS = ("posts", "posts_latest", "comments", "comments_latest", "profiles", "profiles_latest", "rejects")


def answers(workbench: Workbench) -> dict[str, list[Any]]:
    return {view: workbench.sql(WHOLE.format(view)).fetchall() for view in VIEWS}


def again(house: House, workbench: Workbench, **dates: str) -> None:
    """The same sources once more, paid again: newer scrapes of the same posts."""
    plan = workbench.plan(sources_csv(house.home / "sources.csv", ["tea"]), num_posts=6, **dates)
    workbench.start(plan.hash, fresh=True)
    workbench.work()


def test_every_view_answers_the_same_before_and_after(workbench: Workbench) -> None:
    before = answers(workbench)

    done = workbench.keeping.compact()

    assert {one["kind"] for one in done} >= {"posts", "comments"}
    assert answers(workbench) == before
    assert not workbench.lake.refreshed().missing


def test_the_latest_is_the_same_found_at_once_or_share_by_share(
    house: House, workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(house, workbench, start="2025-09-01", end="2025-10-01")
    before = answers(workbench)
    monkeypatch.setattr(compaction, "_SHARE", 5)

    workbench.keeping.compact()

    assert 5 < len(before["posts_latest"]) < len(before["posts"])
    assert answers(workbench) == before


def test_a_large_snapshot_has_several_files_and_is_one_to_every_question(
    house: House, workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "CHUNK", 1 << 9)
    monkeypatch.setattr(transform, "LARGEST", 1 << 11)
    again(house, workbench, start="2025-09-01", end="2025-10-01")
    in_pieces = [
        one
        for one in lake_store.manifest(workbench.parts.ledger)
        if re.search(r"\.0*1of\d+\.posts\.parquet$", one["path"])
    ]
    before = answers(workbench)
    of_one = f"SELECT snapshot_id, row_no FROM {{}} WHERE snapshot_id = '{in_pieces[0]['provider_id']}'"
    rows = workbench.sql(of_one.format("posts") + " UNION ALL " + of_one.format("rejects")).fetchall()

    assert sorted(rows) == sorted(workbench.sql(of_one.format("records")).fetchall())
    workbench.recover.reprocess([in_pieces[0]["provider_id"]])
    workbench.work()
    assert answers(workbench) == before
    assert in_pieces[0] in lake_store.manifest(workbench.parts.ledger)
    monkeypatch.setattr(transform, "LARGEST", 1 << 20)
    workbench.recover.reprocess([in_pieces[0]["provider_id"]])
    workbench.work()
    assert answers(workbench) == before
    # Until the other files were published these were read, and whoever is killed in between leaves them as they are.
    assert (workbench.settings.lake / in_pieces[0]["path"]).is_file()
    assert in_pieces[0]["path"] not in [one["path"] for one in lake_store.manifest(workbench.parts.ledger)]
    workbench.keeping.compact()
    assert answers(workbench) == before
    assert not workbench.lake.refreshed().missing


def test_questions_about_posts_do_not_wait_for_copies_of_the_ledger(
    house: House, workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, copied = view_tables.table_rows, list[int]()
    monkeypatch.setattr(view_tables, "table_rows", lambda ledger: copied.append(1) or read(ledger))
    posts, runs = "SELECT count(*) FROM posts", "SELECT count(*) FROM runs"
    before = [workbench.sql(query).fetchone()[0] for query in (runs, posts)]
    again(house, workbench, start="2025-09-01", end="2025-10-01")
    copied.clear()

    assert workbench.sql(posts).fetchone()[0] > before[1]
    assert workbench.sql(posts).fetchone()[0] > before[1]
    assert not copied
    assert workbench.sql(runs).fetchone()[0] == before[0] + 1
    assert workbench.sql(f"{runs} WHERE run_id IN (SELECT run_id FROM posts)").fetchone()[0] == before[0] + 1
    assert len(copied) == 1


def test_nothing_to_compact_is_no_work(workbench: Workbench) -> None:
    workbench.keeping.compact()

    assert workbench.keeping.compact() == []


def test_rows_that_come_later_are_beside_the_compacted_ones(house: House, workbench: Workbench) -> None:
    workbench.keeping.compact()
    compacted = workbench.sql("SELECT count(*) FROM posts").fetchone()[0]
    again(house, workbench, start="2025-09-01", end="2025-10-01")
    late = answers(workbench)

    workbench.keeping.compact()

    assert len(late["posts"]) > compacted
    assert answers(workbench) == late


def test_a_newer_scrape_wins_over_the_compacted_latest(house: House, workbench: Workbench) -> None:
    """Both before and after the next compaction, exactly one row a post, with the newest scrape."""
    workbench.keeping.compact()
    again(house, workbench, start="2025-09-01", end="2025-10-01")
    query = "SELECT count(*) - count(DISTINCT (platform, post_id)), min(scraped_at) FROM posts_latest"
    newest = "SELECT min(t) FROM (SELECT max(scraped_at) t FROM posts GROUP BY platform, post_id)"

    expected = workbench.sql(newest).fetchone()[0]

    assert workbench.sql(query).fetchone() == (0, expected)
    workbench.keeping.compact()
    assert workbench.sql(query).fetchone() == (0, expected)


def test_reprocessing_a_compacted_snapshot_doubles_no_row(workbench: Workbench) -> None:
    before = answers(workbench)
    workbench.keeping.compact()
    one = before["posts"][0]
    snapshot = workbench.sql("SELECT min(snapshot_id) FROM posts").fetchone()[0]

    workbench.recover.reprocess([snapshot])
    workbench.work()

    assert one in answers(workbench)["posts"]
    assert answers(workbench) == before


def test_a_snapshot_reprocessed_meanwhile_wins_over_the_swap(workbench: Workbench, monkeypatch: Any) -> None:
    """The files that were read are no longer those of the manifest: the swap is refused, nothing is lost."""
    before = answers(workbench)
    real = compacted.swap
    snapshot = workbench.sql("SELECT min(snapshot_id) FROM posts").fetchone()[0]

    def late(*given: Any) -> bool:
        monkeypatch.undo()
        workbench.keeping.compact()  # another compactor, in between
        workbench.recover.reprocess([snapshot])
        workbench.work()
        return real(*given)

    monkeypatch.setattr(compacted, "swap", late)
    monkeypatch.setattr(workbench.parts.locks, "take", lambda *_: 1)
    monkeypatch.setattr(workbench.parts.locks, "release", lambda *_: None)

    workbench.keeping.compact()

    assert answers(workbench) == before


def test_one_compactor_at_a_time(house: House, workbench: Workbench) -> None:
    token = workbench.parts.locks.take("compact")
    assert token is not None
    with house.open() as other:
        assert other.keeping.compact() == []
    workbench.parts.locks.release("compact", token)

    with house.open() as other:
        assert other.keeping.compact()


def test_a_reader_never_waits_nor_sees_half(workbench: Workbench) -> None:
    expected = workbench.sql("SELECT count(*) FROM posts").fetchone()
    seen, over = set(), threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add(workbench.lake.refreshed().connection.cursor().sql("SELECT count(*) FROM posts").fetchone())

    reader = threading.Thread(target=read)
    reader.start()
    workbench.keeping.compact()
    over.set()
    reader.join()

    assert seen == {expected}


@pytest.mark.parametrize("kind", ["posts", "posts_latest"])
def test_a_compacted_file_that_is_gone_says_how_to_make_it_again(workbench: Workbench, kind: str) -> None:
    done = {one["kind"]: one for one in workbench.keeping.compact()}
    path = done["posts"]["path"]
    if kind == "posts_latest":
        path = path.replace(".parquet", ".latest.parquet")

    rows = workbench.sql(f"FROM {kind} ORDER BY ALL").fetchall()
    (workbench.settings.lake / path).unlink()

    # Its parts are there still, and answer for it.
    assert workbench.sql(f"FROM {kind} ORDER BY ALL").fetchall() == rows
    assert [one["path"] for one in workbench.lost_files.listed()] == [path]
    assert [one["command"] for one in workbench.todo()] == ["workbench compact"]
