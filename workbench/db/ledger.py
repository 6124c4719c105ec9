"""Ledger: open it, read it, write it. One short transaction a call; busy databases are waited for with jitter."""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import random
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import Connection, Engine, Row, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from workbench.db import event_log
from workbench.db.connect import explain, first_line, is_full, open_engine, reading, writing
from workbench.db.liveness import AdvisoryLiveness, FileLiveness, Liveness
from workbench.db.migrate import bring_up_to_date
from workbench.db.schema import chain_head, meta
from workbench.errors import BadInput, Refused, Transient, Unanswered, WorkbenchError

T = TypeVar("T")

log = logging.getLogger(__name__)

Mode = Literal["practice", "live"]
_PATIENCE: Final = 60.0  # seconds that a write waits for other writers, all tries together
# PostgreSQL: serialization failure, deadlock. SQLite says it in words.
_PASSING: Final = ("40001", "40P01", "database is locked", "database is busy")


# A server that is started anew, or was not reachable this moment: its code, or (before there is a session) its words.
_AWAY: Final = ("57P01", "57P02", "57P03", "53300", "08000", "08001", "08003", "08004", "08006")
_AWAY_WORDS: Final = (
    "connection refused", "starting up", "shutting down", "recovery mode", "closed the connection",
    "connection is lost", "connection is closed", "connection reset", "terminating connection", "timeout expired",
    "timed out",
    "no such file or directory", "too many clients", "remaining connection slots", "broken pipe", "not yet accepting",
    "consuming input failed",
)  # fmt: skip
_ANYTHING: Final = text("SELECT 1")
_NUMBER: Final = text("SELECT txid_current_if_assigned()")
_BECAME: Final = text("SELECT txid_status(:number)")
_OPENING: Final = 15.0  # seconds for which one that was never reached is waited for: its address may be wrong
_SAID_AFTER: Final = 1.0  # seconds of waiting, before a person is told

_LEDGER_ID: Final = "ledger_id"

# Kept in a forked child, where closing them would be the harm.
_of_the_parent: Final[list[Liveness]] = []


class Ledger:
    """The one file (or database) that knows the truth about work."""

    def __init__(
        self,
        engine: Engine,
        *,
        mode: Mode,
        locks: Path,
        actor: str,
        zone: tzinfo = UTC,
        opening: float = _OPENING,
        execution_id: str | None = None,
    ) -> None:
        """`opening`: seconds for which a database that was never reached is waited for.

        `execution_id`: of the notebook that we work for; what it orders is its effect.
        """
        self.execution_id = execution_id
        self.engine = engine
        self.zone = zone  # of days and clock times as people's sheets have them
        self.actor = actor
        self.mode = mode
        self.ledger_id = ""  # of this ledger wherever it lies; a copy has it too
        self._locks = locks
        self._mutex = threading.Lock()
        # SQLite has one writer, and those who wait for it nap: our own threads pass the turn on without a nap.
        self._turn = _turn_for(engine)
        self._alive: Liveness | None = None
        self.patience = opening  # seconds with a database that is away
        # The driver's own, too: a session of ours beside the pool speaks without SQLAlchemy.
        self._errors = (DBAPIError, engine.dialect.loaded_dbapi.Error)
        self._reads = reading(engine)
        self._writes = writing(engine)
        self._begin_anew_after_fork()
        try:
            self._refuse_other_mode(mode)  # before a migration could touch it
            bring_up_to_date(engine)
            self._stamp(mode)
            self.patience = _PATIENCE
        except Transient as error:
            engine.dispose()
            is_there = error.__cause__ is not None and is_full(error.__cause__)
            cure = "" if is_there else "Start the database, or check WORKBENCH_LEDGER_URL. "
            raise BadInput(f"{error.message} {cure}Nothing was changed.") from error
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
        """Our place among the owners; taken when something is first leased."""
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
        """One moment of the ledger; nothing can be written. Keep it short: an open read lets the WAL grow.

        A database that is away is waited for; one that goes in the middle is Transient: what was read is no moment.
        """
        connection = self._reached(lambda: _begun(self._reads))
        try:
            with connection:
                yield connection
        except self._errors as error:
            if (short := _shortage(error, self.address)) is not None:
                raise short from error
            if not is_away(error):
                raise
            raise Transient(f"the ledger {self.address} went away ({_said(error)}); ask again.") from error

    def _reached(self, reach: Callable[[], T]) -> T:
        """What `reach` gives, as soon as the database answers; Transient where it does not in time."""
        waits = _Waits(self)
        while True:
            try:
                return reach()
            except self._errors as error:
                if (short := _shortage(error, self.address)) is not None:
                    raise short from error
                if not is_away(error):
                    raise
                waits.once_more(error)

    def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` in one write transaction; again, with jitter, when other writers were in the way.

        A database that went away is waited for. Where it went while it was told to keep the change, it is asked
        afterwards whether it did: nothing is written twice.
        """
        deadline = time.monotonic() + _PATIENCE
        pause, waits = 0.005, _Waits(self)
        while True:
            try:
                with self._turn:
                    return self._written(change)
            except self._errors as error:
                if is_away(error):
                    waits.once_more(error)
                    continue
                if not isinstance(error, DBAPIError) or not _is_passing(error):
                    told = _explained(error, self.address)
                    if told is not None:
                        raise told from error
                    raise
                if time.monotonic() > deadline:
                    raise Transient(
                        f"the ledger {self.address} was busy for {_PATIENCE:.0f} s; another process holds it."
                    ) from error
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, 0.5)

    def _written(self, change: Callable[[Connection], T]) -> T:
        with self._writes.connect() as connection:
            transaction = connection.begin()
            try:
                result = change(connection)
                # None where nothing was written: then it does not matter what became of it.
                number = None if self.engine.dialect.name == "sqlite" else connection.execute(_NUMBER).scalar_one()
            except BaseException:
                with contextlib.suppress(*self._errors):  # of one that is away, nothing is left to undo
                    transaction.rollback()
                raise
            try:
                transaction.commit()
            except self._errors as error:
                if number is None or not is_away(error) or not self._was_kept(number):
                    raise
            return result

    def _was_kept(self, number: int) -> bool:
        """Whether a transaction was committed whose answer was lost; the server knows, once it is back."""

        def ask() -> str:
            with _begun(self._reads) as connection:
                return str(connection.execute(_BECAME, {"number": number}).scalar_one())

        try:
            while (became := self._reached(ask)) == "in progress":  # its session has not noticed yet that we are gone
                time.sleep(0.1)
        except Transient as error:
            raise Unanswered(
                f"{error.message} Whether the last change was kept is not known; see workbench status once it is back."
            ) from error
        return became == "committed"

    def append(self, connection: Connection, *events: event_log.Event) -> None:
        event_log.append(connection, self.actor, events)

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
        connection.execute(insert(chain_head), {"id": 1, "seq": 0, "hash": event_log.GENESIS})
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


class _Waits:
    """Patience with a database that is away, and one clear word about it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._began = time.monotonic()
        self._is_said = False
        self._pause = 0.1

    def once_more(self, error: Exception) -> None:
        """Wait a little, or raise Transient: it was long enough."""
        waited, patience, address = time.monotonic() - self._began, self._ledger.patience, self._ledger.address
        if waited > patience:
            raise Transient(
                f"the ledger {address} could not be reached for {patience:.0f} s: {_said(error)}."
            ) from error
        if waited > _SAID_AFTER and not self._is_said:
            self._is_said = True
            log.warning("the ledger %s does not answer (%s); waiting for it", address, _said(error))
        time.sleep(self._pause)
        self._pause = min(self._pause * 2, 2.0)


def _begun(engine: Engine) -> Connection:
    """A connection; to a server, with its transaction open, so that it is known to answer."""
    connection = engine.connect()
    if engine.dialect.name == "sqlite":
        return connection
    try:
        connection.begin()
        connection.execute(_ANYTHING)
    except BaseException:
        connection.close()
        raise
    return connection


def is_away(error: BaseException) -> bool:
    """Whether a database could not be reached, or was left in the middle, rather than having said no."""
    ours = getattr(error, "orig", None) or error
    if type(ours).__module__.partition(".")[0] == "sqlite3":
        return False
    code, text = getattr(ours, "sqlstate", None), str(ours).casefold()
    return code in _AWAY or (code is None and any(word in text for word in _AWAY_WORDS))


def _said(error: BaseException) -> str:
    return first_line(getattr(error, "orig", None) or error).strip()


def _is_passing(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlstate", None) or ""
    return code in _PASSING or any(word in str(error.orig) for word in _PASSING[2:])


def _shortage(error: Exception, address: str) -> Transient | None:
    """What the database has no more of: also a question needs room, for a session or for what it sorts."""
    ours = getattr(error, "orig", None) or error
    if getattr(ours, "sqlstate", None) == "53200":
        return Transient(f"the database of the ledger {address} is out of memory ({_said(error)}); give it more.")
    if is_full(ours):
        return Transient(
            f"the disk of the ledger {address} is full ({_said(error)}); nothing was written. Free space on it."
        )
    return None


def _explained(error: Exception, address: str) -> WorkbenchError | None:
    if (short := _shortage(error, address)) is not None:
        return short
    ours = getattr(error, "orig", None) or error
    text = str(ours) if isinstance(error, OperationalError) or not isinstance(error, DBAPIError) else ""
    if "readonly" in text or getattr(ours, "sqlstate", None) == "25006":
        return BadInput(f"the ledger {address} may not be written; make it and its folder writable for you.")
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers that have no name
        return f"uid{os.getuid()}"


def open_ledger(
    url: str,
    *,
    mode: Mode,
    locks: Path,
    actor: str | None = None,
    zone: tzinfo = UTC,
    opening: float = _OPENING,
    execution_id: str | None = None,
) -> Ledger:
    """Open (and when new, make) the ledger at `url`; refuses one that belongs to the other mode."""
    who = actor or f"{_user()}:{os.getpid()}{f':{execution_id}' if execution_id else ''}"
    return Ledger(
        open_engine(url), mode=mode, locks=locks, actor=who, zone=zone, opening=opening, execution_id=execution_id
    )


def number_of(key: Row[Any] | None) -> int:
    """The number that the database gave a row just inserted."""
    if key is None:
        raise WorkbenchError("the database did not number a new row")
    return int(key[0])
