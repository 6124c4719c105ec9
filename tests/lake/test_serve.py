"""serving.py: a serving copy that is swapped whole, under the hands of those who read it."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from workbench.lake import serving
from workbench.lake.catalog import Catalog, TableFile
from workbench.lake.raw import store_raw
from workbench.lake.transform import transform

READER = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(*held.execute("select count(*), min(runs.run_id) from posts, runs").fetchone(), flush=True)
"""


@pytest.fixture
def catalog(tmp_path, order):
    lake = tmp_path / "lake"
    lake.mkdir()
    catalog = Catalog(lake)
    files = []

    def publish(snapshot_id: str, rows: int) -> None:
        (lake / "part").write_bytes(
            b"".join(b'{"post_id": "%s %d"}\n' % (snapshot_id.encode(), n) for n in range(rows))
        )
        raw = store_raw([lake / "part"], lake / f"{snapshot_id}.raw.ndjson.zst")
        staged = transform(raw.path, order(constants={"snapshot_id": snapshot_id}), lake / snapshot_id)
        files.append(TableFile("raw", raw.path.name, snapshot_id, None, rows))
        files.extend(TableFile(f.kind, f"{snapshot_id}/{f.path.name}", snapshot_id, None, f.rows) for f in staged.files)
        catalog.refresh(files, {"runs": {"run_id": ("text", [snapshot_id]), "facts": ("json", [{"a": 1}])}})

    catalog.publish = publish
    yield catalog
    catalog.close()


def test_everything_of_the_catalog_is_in_the_copy(catalog, tmp_path):
    catalog.publish("sd_1", 3)

    serving.build(tmp_path / "workbench.duckdb", catalog)

    with duckdb.connect(str(tmp_path / "workbench.duckdb"), read_only=True) as copy:
        for name in catalog.names:
            assert (
                copy.execute(f"describe {name}").fetchall() == catalog.connection.execute(f"describe {name}").fetchall()
            )
        assert copy.execute("select count(*) from posts_latest").fetchone() == (3,)
        assert copy.execute("select facts->>'$.a' from runs").fetchone() == ("1",)
        assert copy.execute("select record->>'$.post_id' from records where row_no = 2").fetchone() == ("sd_1 1",)
        [(kind,)] = copy.execute(
            "select table_type from information_schema.tables where table_name = 'posts'"
        ).fetchall()
        assert kind == "BASE TABLE"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["workbench.duckdb"]


def test_readers_keep_the_old_copy_while_it_is_swapped(catalog, tmp_path):
    target = tmp_path / "workbench.duckdb"
    catalog.publish("sd_1", 2)
    serving.build(target, catalog)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        assert [_ask(reader) for reader in readers] == ["2 sd_1"] * 2
        for number in (2, 3):
            catalog.publish(f"sd_{number}", 2)
            serving.build(target, catalog)
            assert [_ask(reader) for reader in readers] == ["2 sd_1"] * 2
        with duckdb.connect(str(target), read_only=True) as new:
            assert new.execute("select count(*) from posts").fetchone() == (6,)
    finally:
        for reader in readers:
            reader.communicate()
            assert reader.returncode == 0


def test_a_build_that_fails_leaves_the_old_copy(catalog, tmp_path, monkeypatch):
    target = tmp_path / "workbench.duckdb"
    catalog.publish("sd_1", 2)
    serving.build(target, catalog)
    before = target.read_bytes()
    monkeypatch.setattr(catalog, "names", ("posts", "no_such_table"))

    with pytest.raises(duckdb.CatalogException):
        serving.build(target, catalog)

    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["workbench.duckdb"]


def _ask(reader: subprocess.Popen[str]) -> str:
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write("again\n")
    reader.stdin.flush()
    return reader.stdout.readline().strip()
