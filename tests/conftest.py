"""Ledgers for every test that wants one: real SQLite files, and a real PostgreSQL where its server is installed."""

import contextlib
import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, event

from tests.children import dismiss_the_crew
from tests.postgres import NoServer, private_postgres
from workbench.db.ledger import Ledger, open_ledger

# Optional to jsonschema, which checks notebooks, and seconds of every test process that imports that: the grammar of
# international addresses.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# A busy machine is no failure, and what was found once belongs into the test that it taught us.
settings.register_profile("workbench", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workbench")

_MEMORY = Path("/dev/shm")


def pytest_configure(config: pytest.Config) -> None:
    """Where there is memory to spare, folders of tests lie in it: thousands of durable commits need no disk.

    Not with soak, which writes gigabytes and measures disks. Tests about a disk mount one.
    """
    is_soak = config.option.markexpr != "not soak"
    if not is_soak and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 << 30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    # Hundreds of visits start Playwright's driver, which is a megabyte of JavaScript to compile.
    os.environ.setdefault("NODE_COMPILE_CACHE", str(Path(sys.prefix) / "node-cache"))


@pytest.hookimpl(trylast=True)  # behind the choice by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each worker begin with its part of the long tests: it is given one run of the list, and others take from
    that run's end. What begins last would be waited for by all.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [one for one in items if one.get_closest_marker("long")]
    rest = [one for one in items if not one.get_closest_marker("long")]
    ordered: list[pytest.Item] = []
    for n in range(workers):
        share, end = long[n::workers], len(items) * (n + 1) // workers
        number = max(0, end - len(ordered) - len(share))
        ordered += share + rest[:number]
        del rest[:number]
    items[:] = [*ordered, *rest]


class _Compiled(dict[Any, Any]):
    """Compiled statements of all ledgers of one kind: SQLAlchemy's key begins with the dialect, one for each engine."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


_compiled = {"sqlite": _Compiled(), "postgresql": _Compiled()}


@event.listens_for(Engine, "engine_connect")
def _compile_once(connection: Connection) -> None:
    """Each test opens a ledger of its own; half its time would go into compiling the same statements once more."""
    connection.execution_options(compiled_cache=_compiled[connection.dialect.name])


@pytest.fixture(scope="session", autouse=True)
def _crew() -> Iterator[None]:
    """The processes that tests keep between them are dismissed at the end."""
    yield
    dismiss_the_crew()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the vendor's real rows."""
    folder = Path(__file__).parents[2] / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip(f"the vendor's sample rows are not here ({folder})")
    return folder


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


# The rows of a new ledger are kept beside it; to put them back costs a tenth of what another database costs.
_KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name);
    END LOOP;
END $$;
CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', name, name);
    END LOOP;
    PERFORM setval(format('public.%I', sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public';
END $$;
"""
_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.fixture(scope="session")
def _anew(postgres: str) -> Iterator[Callable[[], str]]:
    """Make the session's one database a new ledger again; its address. Whoever is still connected is cut off."""
    with _database(postgres, "template") as address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(_KEEP)

        def anew() -> str:
            end = time.monotonic() + 30
            # A session for each time: a test may have ended all there were.
            with psycopg.connect(address, autocommit=True) as connection:
                while connection.execute(_OTHERS).fetchone() != (0,):
                    assert time.monotonic() < end, "somebody stays connected to the ledger of the test before"
                    time.sleep(0.002)
                connection.execute("SELECT kept.put_back()")
            return address

        yield anew


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
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a new ledger in practice mode."""
    if kind == "postgresql":
        return str(request.getfixturevalue("_anew")())
    shutil.copy(request.getfixturevalue("migrated"), tmp_path / "ledger.db")
    return f"sqlite:///{tmp_path / 'ledger.db'}"


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
