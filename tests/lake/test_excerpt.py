"""lake/excerpt.py through wb.browse: a page, all pages, the file and the copied query are the same rows."""

from __future__ import annotations

import csv
import json

import duckdb
import pyarrow.parquet as pq
import pytest

from workbench.collect.browsing import narrowed
from workbench.errors import BadInput
from workbench.lake import excerpt as excerpts
from workbench.lake.show import rows as plain_rows


def keys(rows) -> list[tuple[str, int]]:
    return [(one["snapshot_id"], one["row_no"]) for one in rows]


def all_pages(workbench, chosen, size: int = 3) -> list[tuple[str, int]]:
    found: list = []
    while rows := workbench.browse.page(chosen, offset=len(found), limit=size).rows:
        found += keys(rows)
    return found


@pytest.fixture
def run(workbench) -> tuple[str, ...]:
    return (workbench.browse.runs()[0][0].path[0],)


WAYS = [
    {},
    {"sort": "like_count"},
    {"sort": "like_count", "descending": True},
    {"sort": "text", "descending": True},
    {"sort": "published_at"},
    {"sort": "nonsense; drop table posts"},
    {"text": "THE"},
    {"text": "a e", "sort": "author"},
    {"text": "' OR 1=1 --"},
    {"text": "%"},
]


@pytest.mark.parametrize("wanted", WAYS, ids=str)
@pytest.mark.parametrize("is_compacted", [False, True])
def test_pages_are_the_copied_query_cut_in_pieces(workbench, run, wanted, is_compacted, monkeypatch):
    if is_compacted:
        workbench.keeping.compact()
        monkeypatch.setattr(excerpts, "_MANY", 0)
    for path in (run, ()):
        chosen = narrowed(workbench.browse.excerpt(path, "posts"), **wanted)
        whole = keys(workbench.lake.rows(workbench.browse.sql(chosen)))

        assert all_pages(workbench, chosen) == whole
        assert workbench.browse.page(chosen).total == len(whole)
        assert len(set(whole)) == len(whole)


def test_a_folder_has_the_rows_of_its_snapshots_alone(workbench, run):
    for folder in workbench.browse.within(run):
        (service,) = [one for one in workbench.browse.within(folder.path) if one.label == "posts"]
        (job,) = workbench.browse.within(service.path)
        chosen = workbench.browse.excerpt(job.path, "posts")

        assert len(all_pages(workbench, chosen)) == job.rows == chosen.total
        assert {one["platform"] for one in workbench.browse.page(chosen).rows} == {folder.path[1]}


def test_a_row_is_shown_as_it_was_sent(workbench, run):
    row = workbench.browse.page(workbench.browse.excerpt(run, "posts")).rows[0]
    query = "SELECT record::VARCHAR FROM records WHERE snapshot_id = ? AND row_no = ?"
    with workbench.lake.refreshed("FROM records").connection.cursor() as cursor:
        ((sent,),) = cursor.execute(query, keys([row])[0]).fetchall()

    assert workbench.browse.record(*keys([row])[0]) == json.loads(sent)
    with pytest.raises(BadInput, match="recover reprocess"):
        workbench.browse.record(row["snapshot_id"], 10_000)


def test_what_is_taken_away_is_what_is_shown(workbench, run):
    chosen = narrowed(workbench.browse.excerpt(run, "posts"), sort="like_count", descending=True)
    whole = keys(workbench.lake.rows(workbench.browse.sql(chosen)))
    files = [workbench.browse.take(chosen, form, label="a/../b: c") for form in ("csv", "parquet", "csv")]

    with files[0].open(newline="", encoding="utf-8") as file:
        assert [(one["snapshot_id"], int(one["row_no"])) for one in csv.DictReader(file)] == whole
    assert keys(pq.read_table(files[1]).to_pylist()) == whole
    assert len({file.name for file in files}) == 3
    assert {file.parent for file in files} == {workbench.settings.data / "exports"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    with pytest.raises(BadInput, match="csv, parquet, xlsx"):
        workbench.browse.take(chosen, "exe")


def test_the_lines_of_python_give_the_same_rows(workbench, run):
    chosen = narrowed(workbench.browse.excerpt(run, "posts"), text='"""', sort="text")
    for one in (chosen, narrowed(chosen, text="")):
        names: dict = {}
        exec(workbench.browse.pandas(one), names)
        names["wb"].close()
        assert len(names["df"]) == len(all_pages(workbench, one))


def test_a_file_that_is_gone_is_told_and_the_others_are_shown(workbench, run):
    chosen = workbench.browse.excerpt(run, "posts")
    lost = chosen.listed[0].file
    (workbench.settings.lake / lost.path).unlink()

    came, found = workbench.browse.page(chosen), workbench.browse.page(narrowed(chosen, sort="text"))

    assert came.missing == found.missing == (lost.path,)
    assert sorted(keys(came.rows)) == sorted(keys(found.rows))
    assert len(came.rows) == chosen.total - lost.rows
    assert any("GONE" in one["what"] for one in workbench.browse.files(run))


def test_a_search_stops_counting(workbench, run, monkeypatch):
    monkeypatch.setattr(excerpts, "MOST_FOUND", 2)
    found = workbench.browse.page(narrowed(workbench.browse.excerpt(run, "posts"), text="e"), limit=2)

    assert (found.total, found.is_more) == (2, True)
    for sort in ("", "author"):
        chosen = narrowed(workbench.browse.excerpt((), "posts"), text="e", sort=sort)
        assert all_pages(workbench, chosen) == keys(workbench.lake.rows(workbench.browse.sql(chosen)))


def test_the_query_runs_in_the_serving_copy_too(workbench, run):
    workbench.tending.serve_copy()
    chosen = narrowed(workbench.browse.excerpt(run, "posts"), text="e", sort="author")
    with duckdb.connect(workbench.settings.data / "workbench.duckdb", read_only=True) as copy:
        found = keys(plain_rows(copy.sql(workbench.browse.sql(chosen))))

    assert found == all_pages(workbench, chosen)
