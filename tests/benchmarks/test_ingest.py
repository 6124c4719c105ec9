"""benchmarks/ingest.py: the contenders do the same work, and every figure has its numbers. Never how fast."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks import contenders, ingest, measured, peers, rows
from workbench.lake.schema import COLUMNS

COUNT = 400


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bench") / "body.ndjson"
    rows.write(target, COUNT)
    return target


@pytest.fixture(scope="module")
def table(body: Path) -> str:
    folder = body.parent / "ours"
    folder.mkdir()
    contenders.ours(body, folder)
    return str(folder / "tables" / "posts.parquet")


def _rows_of(table: str) -> list[dict]:
    found = pq.read_table(table)
    return found.select([name for name in COLUMNS["posts"] if name in found.column_names]).sort_by("row_no").to_pylist()


def test_the_bare_copy_makes_the_same_table(body, table, tmp_path):
    """Otherwise it would be beside the point that we take little longer."""
    contenders.bare_copy(body, tmp_path)

    bare = f"{tmp_path}/posts.parquet"
    with duckdb.connect() as connection:
        ours_is, bare_is = (connection.sql(f"describe from '{one}'").fetchall() for one in (table, bare))
    names = [one[0] for one in bare_is]  # a column that came later is no part of the comparison
    assert [one[:2] for one in bare_is] == [one[:2] for one in ours_is if one[0] in names]
    assert _rows_of(bare) == [{name: row[name] for name in names} for row in _rows_of(table)]
    assert 0 < len(_rows_of(table)) < COUNT  # rows of errors are there, and left out


def test_the_array_has_the_same_rows(body, table, tmp_path):
    array = tmp_path / "body.json"
    rows.as_array(body, array)
    contenders.ours(array, tmp_path)

    assert _rows_of(str(tmp_path / "tables" / "posts.parquet")) == _rows_of(table)


def test_the_bare_custody_keeps_every_byte(body, tmp_path):
    contenders.bare_custody(body, tmp_path)

    with duckdb.connect() as connection:
        query = f"select count(*) from read_json('{tmp_path}/raw.zst', compression = 'zstd', columns = {{url: 'text'}})"
        assert connection.sql(query).fetchall() == [(COUNT,)]


@pytest.mark.skipif(not measured.PEERS.exists(), reason="python3 bootstrap.py bench makes .venv-peers")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["polars", "pandas"])
def test_a_peer_makes_the_same_table(body, table, tmp_path, name):
    begin = f"from benchmarks import peers; from pathlib import Path; peers.{name}(Path({str(body)!r}), "
    measured.once([str(measured.PEERS), "-c", f"{begin}Path({str(tmp_path)!r}), None)"])

    theirs = _rows_of(f"{tmp_path}/posts.parquet")
    assert theirs == [{name: row[name] for name in theirs[0]} for row in _rows_of(table)]


@pytest.mark.slow
@pytest.mark.timeout(600)  # ten processes
def test_the_figures_have_their_numbers(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(ingest._ROWS, "full", COUNT)
    monkeypatch.setattr(ingest, "PEERS", tmp_path / "no such environment")

    made = {figure.name: figure for figure in ingest.run("full")}

    assert list(made) == ["ingest", "ingest-array", "ingest-large"]
    for figure in made.values():
        assert {head for one in figure.contenders for head in one.values} == {
            "wall s", "CPU s", "peak MB", "CPU µs a row",
        }  # fmt: skip
        assert all(value > 0 for one in figure.contenders for value in one.values.values())
        assert all(ratio.value > 0 for ratio in figure.ratios)
    assert [ratio.aim for ratio in made["ingest"].ratios] == [1.5, 1.5, None, 600]
    assert not list(tmp_path.iterdir())  # gigabytes would stay


def test_every_peer_has_a_name_and_a_part():
    assert set(peers.PEERS) | {"ours", "bare_copy", "bare_copy_cores", "bare_copy_array", "bare_custody"} == set(
        ingest._NAMES
    )


def test_without_room_nothing_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(ingest.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 10**6})())

    with pytest.raises(SystemExit, match=r"needs 4 GB in .*, which has 0 GB free. Make room"):
        next(ingest.run("usual"))
