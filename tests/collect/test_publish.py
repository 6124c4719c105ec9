"""collect/publish.py: staged → published, in one transaction with counts, results and money."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.collect.conftest import ID, Desk, Vendor, a_post, a_source, lines
from workbench.db.schema import source_result
from workbench.lake import store as lake_store


def results(desk: Desk) -> list[tuple[int, int, int, int]]:
    columns = [source_result.c[name] for name in ("source_id", "row_count", "warning_count", "error_count")]
    with desk.ledger.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(source_result.c.source_id))]


def test_published_with_its_counts(staged: Desk) -> None:
    snapshot = staged.advance()

    assert snapshot.state == "published"
    assert (snapshot.row_count, snapshot.warning_count, snapshot.error_count, snapshot.malformed_count) == (2, 0, 1, 0)
    assert snapshot.processed_at is not None
    assert snapshot.next_at is None


def test_nothing_is_visible_before(staged: Desk) -> None:
    before = lake_store.manifest(staged.ledger)
    staged.advance()

    assert before == []
    assert sorted(row["kind"] for row in lake_store.manifest(staged.ledger)) == ["posts", "raw", "rejects"]


def test_the_manifest_names_files_that_are_there(staged: Desk) -> None:
    staged.advance()

    for row in lake_store.manifest(staged.ledger):
        assert (staged.lake / row["path"]).stat().st_size == row["bytes"]
        assert row["provider_id"] == ID


def test_data_rows_are_paid_errors_are_not(staged: Desk) -> None:
    staged.advance()

    assert staged.money() == {"reserve": 3 * 2000, "settle": -1 * 2000, "sum": 2 * 2000}


def test_more_rows_than_planned_cost_more_than_reserved(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(*(a_post(n) for n in range(5)))
    ready.advance(until="published")

    assert ready.money()["sum"] == 5 * 2000


def test_only_rejects_is_empty_and_free(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines({"warning": "no posts found", "warning_code": "dead_page"}, "not json")
    snapshot = ready.advance(until="empty")

    assert snapshot.reason == (
        "no data rows: 1 warnings, 0 errors, 1 malformed; Bright Data gives no count to compare with"
    )
    assert (snapshot.row_count, snapshot.warning_count, snapshot.malformed_count) == (0, 1, 1)
    assert ready.money()["sum"] == 0
    assert sorted(row["kind"] for row in lake_store.manifest(ready.ledger) if row["kind"] != "lines") == [
        "raw",
        "rejects",
    ]


def test_what_each_source_gave(desk: Desk, vendor: Vendor) -> None:
    names = ("one", "two", "none")
    desk.start(*(a_source(f"https://www.instagram.com/{name}/") for name in names))
    asked = {"discovery_input": {"url": "https://www.instagram.com/two/"}}
    vendor.answers["download"] = lines(
        a_post(1, "one"), a_post(2, "one"), a_post(3, "two"), {"error": "gone", "error_code": "dead_page", **asked}
    )
    desk.advance(until="published")

    assert results(desk) == [(1, 2, 0, 0), (2, 1, 0, 1), (3, 0, 0, 0)]


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_staged_file_that_is_gone_or_changed_is_made_again(staged: Desk, damage: str) -> None:
    (path,) = staged.lake.rglob("*.posts.parquet")
    whole = path.read_bytes()
    path.unlink() if damage == "gone" else path.write_bytes(whole + b"!")
    back = staged.advance()
    snapshot = staged.advance(until="published")

    assert back.state == "downloaded"
    assert str(path) in (back.reason or "")
    assert (snapshot.row_count, path.read_bytes()) == (2, whole)


def test_cancelled_after_it_was_paid_it_is_still_brought_in(staged: Desk) -> None:
    staged.cancel()

    assert staged.advance().state == "published"
