"""Ledgers for every test that wants one: real SQLite files, and a real PostgreSQL where its server is installed."""

import contextlib
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import NoServer, private_postgres
from workbench.ledger.store import Ledger, open_ledger

# Optional to jsonschema, which checks notebooks, and seconds of every test process that imports that: the grammar of
# international addresses.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# A busy machine is no failure, and what was found once belongs into the test that it taught us.
settings.register_profile("workbench", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workbench")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the session's PostgreSQL server, with a migrated database `template`."""
    try:
        with private_postgres() as server:
            _say(server, "CREATE DATABASE template")
            open_ledger(f"{server}/template", mode="practice", locks=Path(os.devnull)).close()
            yield server
    except NoServer as reason:
        if os.environ.get("WORKBENCH_TEST_POSTGRES") == "required":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


def _say(server: str, statement: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    open_ledger(f"sqlite:///{path}", mode="practice", locks=path.parent).close()
    return path


_numbers = itertools.count()


@contextlib.contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"t{next(_numbers)}"
    _say(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"{server}/{name}"
    _say(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database; ask for it to run a test over both."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a ledger that is not there yet."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with _database(request.getfixturevalue("postgres"), "template0") as address:
        yield address


@pytest.fixture
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a new ledger in practice mode."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "ledger.db")
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with _database(request.getfixturevalue("postgres"), "template") as address:
        yield address


@pytest.fixture
def open_another(url: str, tmp_path: Path) -> Iterator[Callable[[], Ledger]]:
    """Open the ledger once more: another owner, as another process would be."""
    opened = []

    def another() -> Ledger:
        opened.append(open_ledger(url, mode="practice", locks=tmp_path / "locks", actor="tester"))
        return opened[-1]

    yield another
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_another: Callable[[], Ledger]) -> Ledger:
    return open_another()
