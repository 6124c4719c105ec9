"""db/ledger.py, connect.py, migrate.py: opening a ledger, and refusing to."""

import os
import sqlite3
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from tests.children import Child, all_at_once, children
from tests.engine.world import add, story
from workbench.db import event_log, migrate
from workbench.db.columns import metadata
from workbench.db.connect import file_system_of, refuse_network_file_system
from workbench.db.ledger import is_away, open_ledger
from workbench.db.schema import meta
from workbench.errors import BadInput, Misconfigured, Refused, Transient


def open_again(url, tmp_path, mode="practice"):
    return open_ledger(url, mode=mode, locks=tmp_path / "locks")


def test_a_new_ledger_is_empty_and_durable(empty_url, tmp_path):
    ledger = open_again(empty_url, tmp_path)

    assert ledger.head() == (0, event_log.GENESIS)
    if empty_url.startswith("sqlite"):
        with ledger.read() as connection:
            pragmas = {
                p: connection.exec_driver_sql(f"PRAGMA {p}").scalar()
                for p in ("journal_mode", "synchronous", "foreign_keys")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    ledger.close()


def test_reopening_needs_no_alembic_and_finds_everything(ledger, url, tmp_path):
    add(ledger)

    with children(1, "open_it", url, tmp_path / "locks") as (child,):
        child.tell()

        assert child.hear() == {"head": list(ledger.head()), "alembic": False}


def test_four_processes_open_a_new_ledger_at_once(empty_url, tmp_path):
    said = all_at_once(4, "open_it", empty_url, tmp_path / "locks")

    assert [one["head"] for one in said] == [[0, event_log.GENESIS]] * 4


def test_the_other_mode_is_refused_and_nothing_is_touched(url, tmp_path):
    before = contents(url, tmp_path)

    with pytest.raises(Refused, match=r"belongs to practice mode, WORKBENCH_MODE says live.*nothing was touched"):
        open_again(url, tmp_path, "live")
    assert contents(url, tmp_path) == before


def test_a_restored_backup_of_the_other_mode_is_not_touched_either(url, tmp_path, ledger, kind):
    """``VACUUM INTO`` leaves a file that is not in WAL; changing that would be a touch."""
    if kind != "sqlite":
        pytest.skip("SQLite's backup")
    add(ledger)
    with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.cursor().execute(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    before = contents(copy, tmp_path)

    with pytest.raises(Refused):
        open_again(copy, tmp_path, "live")
    assert contents(copy, tmp_path) == before
    restored = open_again(copy, tmp_path)
    assert restored.head() == ledger.head()
    with restored.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    restored.close()


def test_a_newer_schema_is_refused_and_nothing_is_touched(url, tmp_path):
    with beside(url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    before = contents(url, tmp_path)

    with pytest.raises(Refused, match=r"schema 0999.*written by a newer one.*git pull"):
        open_again(url, tmp_path)
    assert contents(url, tmp_path) == before


def test_an_older_schema_is_migrated(empty_url, tmp_path):
    """Alembic's table without a version is as old as a ledger can be."""
    with beside(empty_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))

    ledger = open_again(empty_url, tmp_path)

    with ledger.read() as connection:
        assert migrate.version_of(connection) == migrate.HEAD
    ledger.close()


def test_a_migration_that_fails_leaves_nothing(empty_url, tmp_path, monkeypatch):
    monkeypatch.setattr(migrate, "_SCRIPTS", broken_migrations(tmp_path / "migrations"))

    with pytest.raises(ZeroDivisionError):
        open_again(empty_url, tmp_path)
    with beside(empty_url) as engine:
        assert inspect(engine).get_table_names() == []


def test_head_is_the_newest_migration():
    files = sorted((Path(migrate.__file__).parent / "migrations/versions").glob("*.py"))

    assert files[-1].name.split("_")[0] == migrate.HEAD


def test_a_fresh_and_a_migrated_database_are_equal(empty_url, tmp_path):
    with beside(empty_url) as engine:
        metadata.create_all(engine)
        fresh = shape(engine)
        metadata.drop_all(engine)
    open_again(empty_url, tmp_path).close()

    with beside(empty_url) as engine:
        assert shape(engine) == fresh


def test_a_ledger_of_the_first_schema_keeps_what_it_has(empty_url, tmp_path, monkeypatch):
    old = only_the_first_migration(tmp_path / "migrations")
    with monkeypatch.context() as then:
        then.setattr(migrate, "_SCRIPTS", old)
        then.setattr(migrate, "HEAD", "0001")
        open_again(empty_url, tmp_path).close()
    with beside(empty_url) as engine, engine.begin() as connection:
        connection.execute(text("INSERT INTO execution VALUES ('e1', 'n', '{}', 'ok', 'me', 'f', 't', NULL, NULL)"))

    open_again(empty_url, tmp_path).close()

    with beside(empty_url) as engine, engine.connect() as connection:
        assert migrate.version_of(connection) == migrate.HEAD
        assert connection.execute(text("SELECT id FROM execution")).scalars().all() == ["e1"]
        migrated = shape(engine)
    with beside(empty_url) as engine:
        metadata.drop_all(engine)
        metadata.create_all(engine)
        assert shape(engine) == migrated


def test_the_address_of_a_ledger_says_no_password():
    with pytest.raises(BadInput) as refused:
        open_ledger("postgresql://me:geheim@127.0.0.1:1/nothing", mode="practice", locks=Path(os.devnull), opening=0.1)

    assert "me:***@127.0.0.1" in refused.value.message
    assert "geheim" not in refused.value.message
    assert "could not be reached" in refused.value.message
    assert "Start the database, or check WORKBENCH_LEDGER_URL" in refused.value.message


@pytest.mark.parametrize(
    ("address", "words"),
    [
        pytest.param("nonsense", "not an address", id="no address"),
        pytest.param("mysql://host/db", "'mysql'; the ledger is kept in sqlite or postgresql", id="another database"),
        pytest.param("sqlite://", "names no file", id="no file"),
        pytest.param("sqlite:///:memory:", "names no file", id="in memory"),
    ],
)
def test_an_address_that_is_no_ledger_is_refused(address, words):
    with pytest.raises(Misconfigured, match=words):
        open_ledger(address, mode="practice", locks=Path(os.devnull))


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    file = tmp_path / "ledger.db"
    file.write_text("dear diary, " * 500)

    with pytest.raises(BadInput, match=r"not a database.*workbench restore.*Nothing was changed"):
        open_again(f"sqlite:///{file}", tmp_path)
    assert file.read_text() == "dear diary, " * 500


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "existing"])
def test_a_read_only_folder_is_said(is_new, migrated):
    """Root may write everywhere, so the one who opens it is not root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not is_new:
            (folder / "ledger.db").write_bytes(migrated.read_bytes())
        folder.chmod(0o555)
        said = Child("open_as_nobody", f"sqlite:///{folder}/ledger.db", folder / "locks").end()
        folder.chmod(0o755)

    assert "Make the folder and the file writable" in said


DISK = "1 0 8:1 / / rw - ext4 /dev/a rw"


@pytest.mark.parametrize(
    ("mounts", "is_remote"),
    [
        pytest.param(DISK, False, id="local disk"),
        pytest.param(f"{DISK}\n2 1 0:9 / /home rw - nfs4 server:/home rw", True, id="NFS home"),
        pytest.param("1 0 8:1 / / rw - nfs a rw\n2 1 0:9 / /home/me rw - ext4 b rw", False, id="a disk on an NFS root"),
        pytest.param(f"{DISK}\n2 1 0:9 / /home/me/my\\040data rw - cifs b rw", True, id="a share with a blank"),
        pytest.param(f"{DISK}\n2 1 0:9 / /home/me/my rw - cifs b rw", False, id="a share of a similar name"),
        pytest.param(f"{DISK}\n2 1 0:9 / / rw - fuse.sshfs b rw", True, id="the later mount hides the earlier"),
    ],
)
def test_network_file_systems_are_refused(mounts, is_remote):
    database = Path("/home/me/my data/ledger.db")
    if not is_remote:
        return refuse_network_file_system(database, mounts)

    with pytest.raises(Misconfigured, match=r"network file system.*local disk.*WORKBENCH_LEDGER_URL"):
        refuse_network_file_system(database, mounts)
    return None


def test_the_real_file_system_is_known(tmp_path):
    assert file_system_of(tmp_path) != "" or not Path("/proc/self/mountinfo").exists()


def test_a_full_disk_is_said_and_passes(small_disk):
    url = f"sqlite:///{small_disk}/ledger.db"
    filler = small_disk / "filler"
    fill(filler)
    with pytest.raises(BadInput, match="Free space"):
        open_again(url, small_disk.parent)

    filler.unlink()
    ledger = open_again(url, small_disk.parent)
    (item,) = add(ledger)
    fill(filler)
    with pytest.raises(Exception, match=r"disk of the ledger .* is full .*; nothing was written"):
        fill_with_runs(ledger)
    filler.unlink()
    add(ledger)

    with ledger.read() as connection:
        assert event_log.broken_at(connection) is None
    assert story(ledger, item) == []
    ledger.close()


@pytest.fixture
def small_disk(tmp_path):
    """Two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def fill_with_runs(ledger):
    for _ in range(1000):
        add(ledger)


def fill(file):
    with file.open("wb", buffering=0) as out:
        for size in (65536, 4096, 512, 1):
            try:
                while out.write(b"x" * size):
                    pass
            except OSError:
                continue


def test_a_forked_child_is_another_owner_with_connections_of_its_own(url, tmp_path, ledger):
    add(ledger, 2)
    child = Child("fork_and_work", url, tmp_path / "locks")

    assert child.end() == {"child": 0, "parent": 2, "alive": True}


def test_a_read_cannot_write(ledger):
    """What a step may ask can never change the truth, on neither database."""
    with pytest.raises(DBAPIError, match=r"read-?only"), ledger.read() as connection:
        connection.execute(text("UPDATE meta SET value = 'live'"))


def test_a_read_sees_one_moment(ledger, open_another):
    other = open_another()
    with ledger.read() as connection:
        count = text("SELECT count(*) FROM run")
        before = connection.execute(count).scalar_one()
        add(other)
        assert connection.execute(count).scalar_one() == before


def test_a_failed_change_writes_nothing(ledger):
    def change(connection):
        connection.execute(text("UPDATE meta SET value = 'live'"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.write(change)
    with ledger.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'mode'")).scalar_one() == "practice"


def test_a_folder_with_signs_of_addresses_is_a_folder(tmp_path):
    folder = tmp_path / "50% off 100%41 &"
    folder.mkdir()

    open_again(f"sqlite:///{quote(str(folder))}/ledger.db", tmp_path).close()
    assert (folder / "ledger.db").exists()


# helpers -----------------------------------------------------------------------------------------


@contextmanager
def beside(url):
    """The database without our ledger."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def contents(url, tmp_path):
    """Everything that could have been touched: the files' bytes, or the database's tables and rows."""
    if url.startswith("sqlite"):
        return {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with beside(url) as engine, engine.connect() as connection:
        names = inspect(connection).get_table_names()
        tables = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names}
        return tables, names


def shape(engine):
    """Everything that a database says about its tables."""
    seen = inspect(engine)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(table)],
            "key": seen.get_pk_constraint(table),
            "unique": sorted(map(str, seen.get_unique_constraints(table))),
            "foreign": sorted(map(str, seen.get_foreign_keys(table))),
            "checks": sorted(map(str, seen.get_check_constraints(table))),
            "indexes": sorted(
                f"{i['name']} {i['column_names']} {i['unique']} {where(i)}" for i in seen.get_indexes(table)
            ),
        }
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def where(index):
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def broken_migrations(folder):
    """Our own migration, followed by one that fails."""
    source = Path(migrate.__file__).parent / "migrations"
    (folder / "versions").mkdir(parents=True)
    for file in (source / "env.py", *(source / "versions").glob("*.py")):
        (folder / file.relative_to(source)).write_text(file.read_text())
    (folder / "versions/9999_fails.py").write_text(
        f"revision = '9999'\ndown_revision = '{migrate.HEAD}'\ndef upgrade():\n    1 / 0\n"
    )
    return folder


def only_the_first_migration(folder):
    source = Path(migrate.__file__).parent / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_first_schema.py"):
        (folder / name).write_text((source / name).read_text())
    return folder


def _end_all_sessions(server: str, database: str) -> None:
    """As a server does that is started anew."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_server_that_is_started_anew_is_waited_for_and_nothing_is_written_twice(url, postgres, tmp_path):
    ledger, database = open_again(url, tmp_path), url.rsplit("/", 1)[-1]
    with ledger.read() as connection:
        connection.execute(text("SELECT 1"))
    _end_all_sessions(postgres, database)
    assert ledger.head()[0] == 0  # what was idle is reached anew

    tries = []

    def change(connection):
        connection.execute(insert(meta).values(key=f"k{len(tries)}", value="v"))
        tries.append(connection.execute(text("SELECT txid_current()")).scalar_one())
        if len(tries) == 1:
            _end_all_sessions(postgres, database)
        connection.execute(text("SELECT 1"))
        return len(tries)

    assert ledger.write(change) == 2
    assert [ledger._was_kept(number) for number in tries] == [False, True]
    with ledger.read() as connection:
        assert connection.execute(select(meta.c.key).where(meta.c.key.like("k%"))).scalars().all() == ["k1"]
    with pytest.raises(Transient, match=r"went away .*ask again"), ledger.read() as connection:  # noqa: PT012 - in the middle
        _end_all_sessions(postgres, database)
        connection.execute(text("SELECT 1"))
    ledger.close()


@pytest.mark.parametrize(
    ("error", "away"),
    [
        ("connection failed: connection to server at x, port 1 failed: Connection refused", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  terminating connection due to administrator command", True),
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  password authentication failed for user", False),
        ('FATAL:  database "x" does not exist', False),
        ("could not translate host name", False),
    ],
)
def test_only_a_server_that_is_away_is_waited_for(error, away):
    assert is_away(psycopg.OperationalError(error)) is away
    assert not is_away(sqlite3.OperationalError(error))
