"""collect/stage.py: downloaded → staged: rows and rejects under final names, the same every time."""

from __future__ import annotations

import pytest

from tests.collect.conftest import ID, Desk, Vendor, a_post, a_source, lines
from workbench.collect import queries


def test_staged_under_final_names(downloaded: Desk) -> None:
    snapshot = downloaded.advance()
    suffixes = sorted(name.split(".", 1)[1] for name in downloaded.files())
    folder = queries.LedgerQueries(downloaded.ledger).job(snapshot.job_id).folder

    assert snapshot.state == "staged"
    assert suffixes == ["posts.parquet", "raw.ndjson.zst", "rejects.parquet"]
    assert {path.parent for path in downloaded.lake.rglob(f"{ID}*")} == {downloaded.lake / folder}
    assert not any((downloaded.lake / ".staging").iterdir())


def test_every_line_is_a_row_or_a_reject(downloaded: Desk) -> None:
    downloaded.advance()

    assert [row["row_no"] for row in downloaded.table()] == [1, 2]
    assert [(row["row_no"], row["kind"], row["code"]) for row in downloaded.table("rejects")] == [
        (3, "error", "dead_page")
    ]


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_raw_bytes_that_are_gone_or_changed_are_fetched_again(downloaded: Desk, damage: str) -> None:
    (path,) = downloaded.lake.rglob("*.raw.ndjson.zst")
    whole = path.read_bytes()
    path.unlink() if damage == "gone" else path.write_bytes(whole[:-5])
    back = downloaded.advance()
    snapshot = downloaded.advance(until="published")

    assert back.state == "ready"
    assert str(path) in (back.reason or "")
    assert (snapshot.row_count, path.read_bytes()) == (2, whole)


def test_staging_again_gives_the_same_bytes(downloaded: Desk) -> None:
    downloaded.advance()
    before = downloaded.files()
    (path,) = downloaded.lake.rglob("*.posts.parquet")
    path.unlink()
    downloaded.advance(until="downloaded")
    downloaded.advance(until="staged")

    assert downloaded.files() == before


def test_rows_belong_to_the_source_that_asked(desk: Desk, vendor: Vendor) -> None:
    sources = [
        a_source(f"https://www.instagram.com/{name}/", creator=name.upper(), project="tea") for name in ("one", "two")
    ]
    desk.start(*sources)
    # the author is another's: attribution goes by what was asked for
    vendor.answers["download"] = lines(a_post(1, "two", user_posted="one"), a_post(2, "one"), a_post(3, "three"))
    desk.advance(until="staged")
    columns = ("post_id", "source_url", "creator", "project")

    assert [tuple(row[name] for name in columns) for row in desk.table()] == [
        ("1", "https://www.instagram.com/two/", "TWO", "tea"),
        ("2", "https://www.instagram.com/one/", "ONE", "tea"),
        ("3", None, None, None),
    ]


def test_every_row_says_where_it_comes_from(downloaded: Desk) -> None:
    snapshot = downloaded.advance()
    job = queries.LedgerQueries(downloaded.ledger).job(snapshot.job_id)
    where = {
        (row["platform"], row["service"], row["run_id"], row["job_id"], row["snapshot_id"], row["dataset_id"])
        for row in downloaded.table()
    }

    assert where == {("instagram", "posts", job.run_id, job.id, ID, job.dataset_id)}


def test_counts_wait_for_publishing(downloaded: Desk) -> None:
    snapshot = downloaded.advance()

    assert snapshot.row_count is None
    assert {name: (snapshot.staged or {})[name] for name in ("rows", "warnings", "errors", "malformed")} == {
        "rows": 2, "warnings": 0, "errors": 1, "malformed": 0,
    }  # fmt: skip


def test_broken_lines_are_kept_with_their_text(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(a_post(1), '{"post_id": "2", oops', a_post(3))
    ready.advance(until="staged")
    (reject,) = ready.table("rejects")

    assert [row["post_id"] for row in ready.table()] == ["1", "3"]
    assert (reject["row_no"], reject["kind"], reject["raw"]) == (2, "malformed", '{"post_id": "2", oops')


def test_a_living_owners_workspace_is_left_alone(downloaded: Desk) -> None:
    """One that slept past its lease finishes beside the one that took over."""
    corner = downloaded.lake / ".staging" / ID
    living, dead = corner / "work-1-1", corner / "work-999999999-1"
    for folder in (living, dead):
        folder.mkdir(parents=True)
    (corner / "part-00001.ndjson").touch()
    downloaded.advance()

    assert list(corner.iterdir()) == [living]
