"""catalog.py: the views show what the manifest lists, whatever folders are called, and say what is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pytest

from workbench.errors import BadInput
from workbench.lake.catalog import Catalog, TableFile
from workbench.lake.raw import store_raw
from workbench.lake.schema import COLUMNS, REJECTS
from workbench.lake.transform import transform

EVIL = ["plain", "Batch [1]", "b*", "wh?t", 'it\'s "quoted"', "čšž 🏔️ {x}", "a,b;c $d %s \\n", "[!a-z]"]


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def publish(lake, order):
    """Rows → published files in a folder of the lake, and their manifest."""

    def publish(rows, folder="job", snapshot_id="sd_1", kind="posts"):
        place = lake / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "part").write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
        raw = store_raw([place / "part"], place / f"{snapshot_id}.raw.ndjson.zst")
        (place / "part").unlink()
        constants = {"platform": "instagram", "service": kind, "snapshot_id": snapshot_id}
        staged = transform(raw.path, order(kind, constants=constants), place / ".staging")
        files = [TableFile("raw", f"{folder}/{raw.path.name}", snapshot_id, "gd_1", raw.lines)]
        for one in staged.files:
            target = place / f"{snapshot_id}.{one.path.name}"
            one.path.rename(target)
            files.append(TableFile(one.kind, f"{folder}/{target.name}", snapshot_id, "gd_1", one.rows))
        return files

    return publish


@pytest.fixture
def catalog(lake):
    lake.mkdir(exist_ok=True)
    catalog = Catalog(lake)
    yield catalog
    catalog.close()


def _all(catalog, sql):
    return catalog.connection.execute(sql).fetchall()


def test_an_empty_lake_has_every_view_with_its_columns(catalog):
    catalog.refresh([], {})

    for view, pinned in (
        *COLUMNS.items(),
        *((f"{kind}_latest", c) for kind, c in COLUMNS.items()),
        ("rejects", REJECTS),
    ):
        columns = {name: kind for name, kind, *_ in _all(catalog, f"describe {view}")}
        assert {
            name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name, kind in columns.items()
        } == pinned
        assert _all(catalog, f"select count(*) from {view}") == [(0,)]
    assert _all(catalog, "select snapshot_id, row_no, record from records") == []


@pytest.mark.parametrize("folder", EVIL)
def test_folders_of_any_name(publish, catalog, folder):
    files = publish([{"post_id": "1"}, {"error": "e"}], folder=folder)

    catalog.refresh(files, {})

    assert catalog.missing == ()
    assert _all(catalog, "select post_id from posts") == [("1",)]
    assert _all(catalog, "select reason from rejects") == [("e",)]
    assert _all(catalog, "select row_no, record->>'$.post_id' from records") == [(1, "1"), (2, None)]


def test_brackets_in_a_name_match_no_other_file(publish, catalog):
    """A reader that globs takes `[1]` for `1`, and `*` for everything."""
    files = publish([{"post_id": "bracket"}], folder="Batch [1]") + publish([{"post_id": "star"}], folder="b*")
    publish([{"post_id": "unpublished"}], folder="Batch 1")
    publish([{"post_id": "unpublished"}], folder="bb")

    catalog.refresh(files, {})

    for view in ("posts", "records"):
        column = "post_id" if view == "posts" else "record->>'$.post_id'"
        assert sorted(_all(catalog, f"select {column} from {view}")) == [("bracket",), ("star",)]


def test_only_what_the_manifest_lists_is_read(publish, catalog):
    listed = publish([{"post_id": "1"}])
    publish([{"post_id": "2"}], snapshot_id="sd_2")

    catalog.refresh(listed, {})

    assert _all(catalog, "select post_id from posts") == [("1",)]


def test_a_file_that_is_gone_costs_its_rows_alone(publish, catalog, lake):
    files = publish([{"post_id": "1"}]) + publish([{"post_id": "2"}], snapshot_id="sd_2")
    gone = next(file for file in files if file.snapshot_id == "sd_2" and file.kind == "posts")
    (lake / gone.path).unlink()

    catalog.refresh(files, {})

    assert _all(catalog, "select post_id from posts") == [("1",)]
    [missing] = catalog.missing
    assert missing.file == gone
    assert gone.path in str(missing)
    assert "workbench recover reprocess sd_2" in str(missing)


def test_records_without_their_lines_are_left_out(lake, order, publish, catalog):
    """The raw file of such a body cannot be read straight, and would number its rows differently."""
    files = publish([{"post_id": "1"}])
    files += [TableFile("raw", files[0].path, "sd_2", None, 1), TableFile("lines", "gone.zst", "sd_2", None, 1)]

    catalog.refresh(files, {})

    assert _all(catalog, "select snapshot_id from records") == [("sd_1",)]
    assert [one.file.kind for one in catalog.missing] == ["lines"]


def test_latest_keeps_the_newest_scrape_of_each(publish, catalog):
    def row(at, **rest):
        return {"timestamp": f"2024-01-{at:02}T00:00:00Z", **rest}

    files = publish(
        [row(1, post_id="1", likes=1), row(2, post_id="1", likes=2), row(2, post_id="1", likes=3),
         row(9, url="https://x/1"), row(8, url="https://x/1", likes=8), row(1, description="no id"),
         row(1, description="no id")],
    )  # fmt: skip
    files += publish([row(2, post_id="1", likes=4), row(1, post_id="2", likes=5)], snapshot_id="sd_2")

    catalog.refresh(files, {})

    found = _all(catalog, "select post_id, url, like_count, text from posts_latest order by all")
    assert found == [
        ("1", None, 4, None),
        ("2", None, 5, None),
        (None, "https://x/1", None, None),
        (None, None, None, "no id"),
        (None, None, None, "no id"),
    ]


def test_records_are_the_whole_rows_as_they_were_sent(publish, catalog):
    rows = [
        {"post_id": "1", "extra": {"deep": [1, {"x": None}]}},
        {"warning": "w", "n": 12345678901234567890123},
    ]
    files = publish(rows) + publish([{"post_id": "3"}, {"post_id": "4"}], snapshot_id="sd_2")

    catalog.refresh(files, {})

    joined = "select record::varchar from records join posts using (snapshot_id, row_no) where post_id = '1'"
    assert [json.loads(text) for (text,) in _all(catalog, joined)] == rows[:1]
    every = "select record::varchar from records order by snapshot_id, row_no"
    assert [json.loads(text) for (text,) in _all(catalog, every)] == [
        *rows, {"post_id": "3"}, {"post_id": "4"},
    ]  # fmt: skip


def test_records_of_many_snapshots_are_numbered_each_from_one(publish, catalog, monkeypatch):
    monkeypatch.setattr("workbench.lake.catalog._BRANCHES", 2)
    files = [
        file
        for number, folder in enumerate(EVIL)
        for file in publish([{"post_id": f"{number} {row}"} for row in range(1, 4)], folder, f"sd_{number}")
    ]

    catalog.refresh(files, {})

    found = _all(catalog, "select snapshot_id, row_no, record->>'$.post_id' from records order by all")
    assert found == [(f"sd_{n}", row, f"{n} {row}") for n in range(len(EVIL)) for row in range(1, 4)]
    [(_, plan)] = _all(catalog, "explain select * from records where snapshot_id = 'sd_1'")
    assert plan.count("COLUMN_DATA_SCAN") == 1


def test_records_of_a_body_with_broken_lines_keep_their_numbers(lake, order, catalog):
    (lake / "part").write_bytes(b'\n{"post_id": "2"}\noops\n{"post_id": "4"}\n')
    raw = store_raw([lake / "part"], lake / "sd_1.raw.ndjson.zst")
    staged = transform(raw.path, order(), lake / "out")
    files = [TableFile("raw", raw.path.name, "sd_1", None, raw.lines)]
    files += [TableFile(one.kind, f"out/{one.path.name}", "sd_1", None, one.rows) for one in staged.files]

    catalog.refresh(files, {})

    assert _all(catalog, "select row_no, record->>'$.post_id' from records") == [(2, "2"), (4, "4")]
    assert _all(catalog, "select row_no, post_id from posts") == [(2, "2"), (4, "4")]


TABLES = {
    "runs": {
        "run_id": ("text", ["r1", None]),
        "n": ("int", [1, None]),
        "share": ("float", [0.5, 1]),
        "ok": ("bool", [True, 0]),
        "at": (
            "time",
            ["2024-01-12T12:00:00+00:00", datetime(2024, 1, 12, 14, tzinfo=UTC).replace(tzinfo=None)],
        ),
        "params": ("json", [{"a": [1]}, '{"b": 2}']),
        'we"ird': ("text", ["\ud800", "\x00"]),
    },
    "jobs": {"job_id": ("text", [])},
}


def test_tables_of_the_ledger_are_copied_in(catalog):
    catalog.refresh([], TABLES)

    assert _all(catalog, 'select run_id, n, share, ok, "at"::varchar, params->>\'$.b\', "we""ird" from runs') == [
        ("r1", 1, 0.5, True, "2024-01-12 12:00:00+00", None, "?"),
        (None, None, 1.0, False, "2024-01-12 14:00:00+00", "2", "\x00"),
    ]
    assert [row[:2] for row in _all(catalog, "describe runs")][4:6] == [
        ("at", "TIMESTAMP WITH TIME ZONE"),
        ("params", "JSON"),
    ]
    assert _all(catalog, "select count(*) from jobs") == [(0,)]


def test_json_that_duckdb_cannot_read_costs_its_own_value_alone(catalog):
    texts = ['{"a": "\\ud83d"}', '{"a": 1}']
    catalog.refresh([], {"runs": {"params": ("json_text", texts), "inputs": ("json", texts)}})

    assert _all(catalog, "select params->>'$.a', inputs->>'$.a' from runs") == [(None, None), ("1", "1")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("from posts", True),
        ("select * from Posts_Latest p join main.rejects r using (snapshot_id)", True),
        ("select count(*) from (from records) where row_no in (select row_no from comments)", True),
        ("from posts where run_id in (select run_id from runs)", False),
        ('select (select max(n) from "Runs") from posts', False),
        ("with posts as (from runs) from posts", False),
        ("from posts union all from query_table('runs')", False),
        ("from posts, unnest([1])", False),  # a function might be about any table
        ("describe posts", False),
        ("show tables", False),
        ("select 1", True),
        ("select (select 1) from (values (1))", True),
        ("pivot posts on author", False),
        ("explain from posts", False),
        ("from nowhere", False),
        ("selekt", False),
        ("from posts where " + "not " * 5000 + "true", False),
        ("from posts; from runs", False),
        ("from posts where '\ud800' = ''", False),
        ("from posts where '\x00' = ''", False),
        ("from mine.posts", False),
        ("from memory.mine.posts", False),
    ],
)
def test_which_queries_need_no_table_of_the_ledger(catalog, query, expected):
    assert catalog.asks_views_alone(query) is expected


@pytest.mark.parametrize(
    "made",
    [
        "create macro late() as (select count(*) from runs)",
        "create macro late() as table from runs",
        "create view mine as from runs",
    ],
)
def test_what_an_analyst_makes_may_be_about_any_table(catalog, made):
    catalog.refresh([], TABLES)
    assert catalog.asks_views_alone("from posts") is True
    catalog.connection.execute(made)

    assert catalog.asks_views_alone("from posts") is False


def test_tables_stay_while_only_files_are_refreshed(publish, catalog):
    catalog.refresh([], TABLES)
    catalog.refresh(publish([{"post_id": "1"}]), None)

    assert _all(catalog, "select (select count(*) from runs), (select count(*) from posts)") == [(2, 1)]
    assert {"runs", "posts"} <= set(catalog.names)


def test_a_table_that_is_no_longer_given_is_gone(catalog):
    catalog.refresh([], TABLES)
    catalog.refresh([], {"jobs": TABLES["jobs"]})

    with pytest.raises(duckdb.CatalogException):
        _all(catalog, "from runs")


def test_a_table_cannot_take_the_name_of_a_view(catalog):
    with pytest.raises(BadInput, match="posts: a table of the ledger"):
        catalog.refresh([], {"posts": TABLES["jobs"]})


def test_nothing_is_done_while_the_version_stays(catalog):
    asked = []

    def tables():
        asked.append(1)
        return TABLES

    for version in ("a", "a", "b"):
        catalog.refresh(list, tables, version=version)

    assert len(asked) == 2


def test_refreshing_leaves_open_results_alone(publish, catalog):
    first = publish([{"post_id": str(number)} for number in range(5000)])
    catalog.refresh(first, {})
    relation = catalog.connection.sql("select post_id from posts order by row_no")
    begun = relation.fetchmany(10)

    catalog.refresh([*first, *publish([{"post_id": "new"}], snapshot_id="sd_2")], TABLES)

    assert len(begun) + len(relation.fetchall()) == 5000
    assert _all(catalog, "select count(*) from posts") == [(5001,)]


def test_what_does_not_fit_into_memory_goes_to_disk_and_is_gone_afterwards(lake, tmp_path):
    spill = tmp_path / "not" / "yet"
    catalog = Catalog(lake, memory="90MB", spill=spill)

    rows = "select range, md5(range::varchar) as text from range(3000000)"
    catalog.connection.execute(f"create table sorted as {rows} order by text")
    spilled = list(spill.rglob("*.tmp"))
    catalog.close()

    assert spilled
    assert list(spill.iterdir()) == []


def test_a_refresh_that_fails_changes_nothing(publish, catalog, lake):
    catalog.refresh(publish([{"post_id": "1"}]), {})
    (lake / "broken.parquet").write_bytes(b"no parquet")

    with pytest.raises(duckdb.Error):
        catalog.refresh([TableFile("posts", "broken.parquet", "sd_9", None, 1)], {})

    assert _all(catalog, "select post_id from posts") == [("1",)]


def test_times_are_utc_for_everybody(publish, catalog):
    catalog.refresh(publish([{"post_id": "1", "date_posted": "2024-01-12T12:00:00Z"}]), {})

    [row] = catalog.connection.execute("select published_at from posts").to_arrow_table().to_pylist()

    assert row["published_at"] == datetime(2024, 1, 12, 12, tzinfo=UTC)
    assert _all(catalog, "select published_at::varchar from posts") == [("2024-01-12 12:00:00+00",)]
