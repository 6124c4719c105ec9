"""Ledger: open it, read it, write it. One short transaction a call; busy databases are waited for with jitter."""

from __future__ import annotations

import contextlib
import getpass
import os
import random
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import Connection, Engine, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from workbench.errors import BadInput, Refused, Transient
from workbench.ledger import chain
from workbench.ledger.engine import explain, open_engine, reading, writing
from workbench.ledger.migrate import bring_up_to_date
from workbench.ledger.owners import AdvisoryLiveness, FileLiveness, Liveness
from workbench.ledger.tables import chain_head, meta

T = TypeVar("T")
Mode = Literal["practice", "live"]
_PATIENCE: Final = 60.0  # seconds that a write waits for other writers, all tries together
# PostgreSQL: serialization failure, deadlock. SQLite says it in words.
_PASSING: Final = ("40001", "40P01", "database is locked", "database is busy")


_LEDGER_ID: Final = "ledger_id"

# Kept in a forked child, where closing them would be the harm.
_of_the_parent: Final[list[Liveness]] = []


class Ledger:
    """The one file (or database) that knows the truth about work."""

    def __init__(self, engine: Engine, *, mode: Mode, locks: Path, actor: str) -> None:
        self.engine = engine
        self.actor = actor
        self.mode = mode
        self.ledger_id = ""  # of this ledger wherever it lies; a copy has it too
        self._locks = locks
        self._mutex = threading.Lock()
        # SQLite has one writer, and those who wait for it nap: our own threads pass the turn on without a nap.
        self._turn = _turn_for(engine)
        self._alive: Liveness | None = None
        self._reads = reading(engine)
        self._writes = writing(engine)
        self._begin_anew_after_fork()
        try:
            self._refuse_other_mode(mode)  # before a migration could touch it
            bring_up_to_date(engine)
            self._stamp(mode)
        except SQLAlchemyError as error:
            engine.dispose()
            raise BadInput(explain(self.address, getattr(error, "orig", None) or error)) from error
        except BaseException:
            engine.dispose()
            raise

    @property
    def address(self) -> str:
        """Where the ledger is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def liveness(self) -> Liveness:
        """Our place among the owners; taken when something is first claimed."""
        with self._mutex:
            if self._alive is None:
                is_file = self.engine.dialect.name == "sqlite"
                self._alive = FileLiveness(self._locks) if is_file else AdvisoryLiveness(self.engine)
            return self._alive

    def is_still_alive(self) -> bool:
        """Whether others see us alive; if not, we begin anew under another name, and what we held is fenced."""
        with self._mutex:
            if self._alive is None or not self._alive.is_lost():
                return True
            self._alive.close()
            self._alive = None
            return False

    def _begin_anew_after_fork(self) -> None:
        """A forked child is another owner than its parent: it may not write under the parent's name."""
        ours = weakref.ref(self)

        def begin_anew() -> None:
            if (ledger := ours()) is not None:
                ledger._begin_anew()  # noqa: SLF001

        os.register_at_fork(after_in_child=begin_anew)

    def _begin_anew(self) -> None:
        self._mutex = threading.Lock()  # another thread may have held it at the fork
        self._turn = _turn_for(self.engine)
        if self._alive is not None:
            self._alive.abandon()
            _of_the_parent.append(self._alive)
            self._alive = None

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One moment of the ledger; nothing can be written. Keep it short: an open read lets the WAL grow."""
        with self._reads.connect() as connection:
            yield connection

    def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` in one write transaction; again, with jitter, when other writers were in the way."""
        deadline = time.monotonic() + _PATIENCE
        pause = 0.005
        while True:
            try:
                with self._turn, self._writes.begin() as connection:
                    return change(connection)
            except DBAPIError as error:
                if not _is_passing(error):
                    if (told := _explained(error, self.address)) is not None:
                        raise told from error
                    raise
                if time.monotonic() > deadline:
                    raise Transient(
                        f"the ledger {self.address} was busy for {_PATIENCE:.0f} s; another process holds it."
                    ) from error
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, 0.5)

    def append(self, connection: Connection, *events: chain.Event) -> None:
        chain.append(connection, self.actor, events)

    def head(self) -> tuple[int, str]:
        """Number and hash of the last event: changes whenever the truth does."""
        with self.read() as connection:
            row = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
        return row.seq, row.hash

    def _stamp(self, mode: Mode) -> None:
        if _LEDGER_ID not in (found := self._meta()):
            with contextlib.suppress(IntegrityError):  # another process opened it at the same moment
                self.write(lambda connection: _found(connection, mode, found))
            self._refuse_other_mode(mode)
            found = self._meta()
        self.ledger_id = found[_LEDGER_ID]

    def _meta(self) -> dict[str, str]:
        with self.read() as connection:
            rows = connection.execute(select(meta).where(meta.c.key.in_(["mode", _LEDGER_ID]))).all()
        return {row.key: row.value for row in rows}

    def _refuse_other_mode(self, mode: Mode) -> None:
        with self.read() as connection:
            if not inspect(connection).has_table(meta.name):
                return
            found = connection.execute(select(meta.c.value).where(meta.c.key == "mode")).scalar_one_or_none()
        if found not in (None, mode):
            raise Refused(
                f"the ledger {self.address} belongs to {found} mode, WORKBENCH_MODE says {mode}. Use another "
                f"WORKBENCH_HOME for {mode} mode, or set WORKBENCH_MODE={found}; nothing was touched."
            )

    def close(self) -> None:
        with self._mutex:
            if self._alive is not None:
                self._alive.close()
                self._alive = None
        self.engine.dispose()


def _found(connection: Connection, mode: Mode, known: dict[str, str]) -> None:
    if "mode" not in known:
        connection.execute(insert(meta), {"key": "mode", "value": mode})
        connection.execute(insert(chain_head), {"id": 1, "seq": 0, "hash": chain.GENESIS})
    connection.execute(insert(meta), {"key": _LEDGER_ID, "value": uuid.uuid4().hex})


def set_meta(connection: Connection, key: str, value: str) -> None:
    if connection.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount == 0:
        connection.execute(insert(meta), {"key": key, "value": value})


def read_meta(ledger: Ledger, key: str) -> str | None:
    with ledger.read() as connection:
        found: str | None = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()
    return found


def _turn_for(engine: Engine) -> contextlib.AbstractContextManager[Any]:
    return threading.RLock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()


def _is_passing(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlstate", None) or ""
    return code in _PASSING or any(word in str(error.orig) for word in _PASSING[2:])


def _explained(error: DBAPIError, address: str) -> Exception | None:
    text = str(error.orig) if isinstance(error, OperationalError) else ""
    if "full" in text or "disk I/O" in text or "No space left" in text:
        return Transient(f"the disk of the ledger {address} is full ({text}); nothing was written. Free space on it.")
    if "readonly" in text:
        return BadInput(f"the ledger {address} may not be written; make it and its folder writable for you.")
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers that have no name
        return f"uid{os.getuid()}"


def open_ledger(url: str, *, mode: Mode, locks: Path, actor: str | None = None) -> Ledger:
    """Open (and when new, make) the ledger at `url`; refuses one that belongs to the other mode."""
    who = actor or f"{_user()}:{os.getpid()}"
    return Ledger(open_engine(url), mode=mode, locks=locks, actor=who)
