"""The schema's version: compared on every open, moved by Alembic only when it differs."""

from __future__ import annotations

import contextlib
import fcntl
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError

from workbench.db.connect import WRITE
from workbench.errors import Refused

HEAD: Final = "0006"  # a test proves that it is the newest file in migrations/versions
_LOCK_KEY: Final = 0x776F726B  # any number that only this lock uses
_SCRIPTS: Final = Path(__file__).parent / "migrations"
_PATIENCE: Final = 30.0  # seconds that the change to WAL waits for others to look away


def version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def bring_up_to_date(engine: Engine) -> None:
    """Create or migrate the schema, under a lock, so that several processes may open a new ledger at once."""
    with engine.connect() as connection:
        found = version_of(connection)
    _refuse_newer(found)
    if found == HEAD and _is_in_wal(engine):
        return
    with _one_at_a_time(engine):
        _change_to_wal(engine)
        with engine.connect() as connection:
            found = version_of(connection)
            _refuse_newer(found)
            if found != HEAD:
                _migrate(connection)


def _refuse_newer(found: str | None) -> None:
    known = {path.name.split("_")[0] for path in (_SCRIPTS / "versions").glob("*.py")}
    if found is not None and found != HEAD and found not in known:
        raise Refused(
            f"the ledger has schema {found}, this Workbench knows schemas up to {HEAD}: it was written by a newer one. "
            "Install that version (git pull, then python3 bootstrap.py setup); nothing was changed."
        )


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    connection.rollback()
    connection = connection.execution_options(**{WRITE: True})
    config.attributes["connection"] = connection
    with connection.begin():
        command.upgrade(config, "head")


def _is_in_wal(engine: Engine) -> bool:
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal")


def _change_to_wal(engine: Engine) -> None:
    """A new file, or a restored one: a backup made by ``VACUUM INTO`` is not in WAL. The file remembers it."""
    deadline = time.monotonic() + _PATIENCE
    while not _is_in_wal(engine):
        raw = engine.raw_connection()  # the change is not possible inside a transaction
        try:
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        except Exception as error:
            # SQLite does not wait here by itself when another process reads at this moment.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise OperationalError("PRAGMA journal_mode=WAL", {}, error) from error
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - jitter, not a secret
        finally:
            raw.close()


@contextlib.contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK_KEY})
        return
    with Path(f"{engine.url.database}.migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
