"""guard.py: what may be asked, and how far a locked connection reaches."""

from __future__ import annotations

import duckdb
import pytest

from workbench.errors import BadInput
from workbench.lake.catalog import Catalog, TableFile
from workbench.lake.guard import select_only


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  select 1 ; ",
        "-- a remark\nselect 1 /* ; drop table x */",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "(select 1)",
        "FROM posts",
        "VALUES (1)",
        "TABLE posts",
        "DESCRIBE posts",
        "SHOW TABLES",
        "SUMMARIZE posts",
        "EXPLAIN SELECT 1",
        "/* x */ explain -- y\n analyze select 1",
        "explain (format json) select 1",
        "select ';' as semicolon",
    ],
)
def test_questions_are_answered(sql):
    assert select_only(sql) == sql


@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE runs",
        "INSERT INTO runs VALUES (1)",
        "WITH a AS (SELECT 1) INSERT INTO runs FROM a",
        "UPDATE runs SET n = 1",
        "DELETE FROM runs",
        "CREATE TABLE x (a INT)",
        "DROP VIEW posts",
        "COPY (SELECT 1) TO 'x.csv'",
        "COPY runs FROM 'x.csv'",
        "ATTACH 'x.db'",
        "DETACH memory",
        "USE memory",
        "SET threads = 1",
        "RESET threads",
        "PRAGMA threads = 1",
        "CALL pragma_version()",
        "LOAD httpfs",
        "INSTALL httpfs",
        "EXPORT DATABASE 'x'",
        "IMPORT DATABASE 'x'",
        "BEGIN",
        "CHECKPOINT",
        "VACUUM",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'",
        "EXPLAIN ANALYZE INSERT INTO runs VALUES (1)",
        "explain/**/analyze(format json)create table x as select 1",
        "SELECT",
        "no sql at all",
        "SELECT '\ud800'",
    ],
)
def test_everything_else_is_refused(sql):
    with pytest.raises(BadInput):
        select_only(sql)


@pytest.fixture(params=["lake", "la'ke [1]*"])
def locked(tmp_path, request):
    lake = tmp_path / request.param
    lake.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (lake / "link.txt").symlink_to(tmp_path / "secret.txt")
    target = str(lake / "posts.parquet").replace("'", "''")
    duckdb.execute(f"copy (select 'x' as post_id) to '{target}'")
    catalog = Catalog(lake)
    catalog.refresh([], {"runs": {"run_id": ("text", ["r1"])}})
    catalog.lock_down()
    yield catalog
    catalog.close()


HOSTILE = [
    "from read_text('{root}/secret.txt')",
    "from read_text('{lake}/../secret.txt')",
    "from read_text('{lake}/link.txt')",
    "from read_csv('/etc/passwd')",
    "from glob('/etc/*')",
    "from '/etc/passwd'",
    "copy (select 1) to '{root}/out.csv'",
    "attach '{root}/x.db'",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "set enable_external_access = true",
    "set allowed_directories = ['/']",
    "reset lock_configuration",
    "from some_frame",
    "export database '{root}/out'",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_locked_connection_reaches_nothing_else(locked, tmp_path, sql):
    import pyarrow as pa

    some_frame = pa.table({"secret": ["of the program"]})  # noqa: F841  a replacement scan would find it
    quoted = {key: str(path).replace("'", "''") for key, path in (("root", tmp_path), ("lake", locked.lake))}

    with pytest.raises(duckdb.Error):
        locked.connection.execute(sql.format(**quoted)).fetchall()


def test_a_locked_connection_goes_on_answering_and_refreshing(locked):
    assert locked.connection.execute("from runs").fetchall() == [("r1",)]

    locked.refresh([], {"runs": {"run_id": ("text", ["r2"])}})

    assert locked.connection.execute("from runs").fetchall() == [("r2",)]


def test_a_locked_connection_reads_the_lake(tmp_path, order):
    from workbench.lake.raw import store_raw
    from workbench.lake.transform import transform

    lake = tmp_path / "la'ke [1]*"
    (lake / "job [2]").mkdir(parents=True)
    (tmp_path / "part").write_bytes(b'{"post_id": "1"}\n')
    raw = store_raw([tmp_path / "part"], lake / "job [2]" / "raw.zst")
    staged = transform(raw.path, order(), lake / "job [2]")
    catalog = Catalog(lake)
    catalog.lock_down()
    catalog.refresh(
        [TableFile("posts", f"job [2]/{staged.files[0].path.name}", "sd_1", None, 1),
         TableFile("raw", "job [2]/raw.zst", "sd_1", None, 1)],
        {},
    )  # fmt: skip

    assert catalog.connection.execute("select post_id from posts").fetchall() == [("1",)]
    assert catalog.connection.execute("select row_no from records").fetchall() == [(1,)]
    catalog.close()
