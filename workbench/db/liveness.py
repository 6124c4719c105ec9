"""Who is alive: an owner holds a lock that the system takes away the moment its process dies.

SQLite: a file locked by ``flock`` (owners share this machine). PostgreSQL: a session advisory lock, which works
across machines. An owner that neither can tell about keeps its leases until their time runs out.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import threading
import uuid
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, text

from workbench.db.clock import boot_id
from workbench.files import make_folder

# The server ends the session of a machine that lost its power or its network after two minutes, and not after two
# hours as systems do by themselves.
_KEEP_ASKING: Final = "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 15; SET tcp_keepalives_count = 4"


class Liveness(Protocol):
    """One process's place among the owners."""

    me: str

    def is_dead(self, owner: str, connection: Connection) -> bool: ...
    def is_here(self, owner: str) -> bool:
        """Whether `owner` works, or worked, on this machine; what it left on a disk is left here then."""

    def is_lost(self) -> bool:
        """Others would take us for dead: our sign of life was removed from outside."""

    def abandon(self) -> None:
        """In a forked child: let go of the parent's sign of life without ending it."""

    def close(self) -> None: ...


def _name() -> str:
    return f"{platform.node()}:{os.getpid()}:{boot_id()}:{uuid.uuid4().hex}"


def host_of(owner: str) -> str:
    """The machine that `owner` is of."""
    return owner.split(":", maxsplit=1)[0]


def boot_of(owner: str) -> str:
    """The boot that `owner` lived in."""
    return owner.rsplit(":", 2)[1]


class FileLiveness:
    """Liveness by a locked file per owner, in a folder that all owners of this ledger share."""

    def __init__(self, folder: Path) -> None:
        self.me = _name()
        self._folder = make_folder(folder, mode=0o700)
        self._sweep()
        # Locked before it gets its name: nobody ever sees a living owner's file unlocked.
        beside = self._folder / f".{uuid.uuid4().hex}.new"
        self._fd: int | None = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        beside.rename(self._path(self.me))

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner.rsplit(':', 1)[-1]}.lock"

    def _sweep(self) -> None:
        """Remove what killed owners left; a missing file says just as well that its owner is dead."""
        for path in self._folder.glob("*.lock"):
            if _is_unlocked(path):
                path.unlink(missing_ok=True)

    def is_dead(self, owner: str, connection: Connection) -> bool:  # noqa: ARG002 - a Liveness
        if owner == self.me:
            return False
        # The folder is local, so an owner of another boot was of this machine, before it started anew.
        return boot_of(owner) != boot_id() or _is_unlocked(self._path(owner))

    def is_here(self, owner: str) -> bool:  # noqa: ARG002 - a Liveness
        return True  # also one whose machine had another name: a container's, or that of the laptop before

    def is_lost(self) -> bool:
        return not self._path(self.me).exists()

    def abandon(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def close(self) -> None:
        if self._fd is not None:
            self._path(self.me).unlink(missing_ok=True)
        self.abandon()


def _is_unlocked(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        # Shared, so that two who ask at the same moment do not take each other for the owner.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


class AdvisoryLiveness:
    """Liveness by a PostgreSQL advisory lock held by a session of its own, outside the pool."""

    def __init__(self, engine: Engine) -> None:
        self.me = _name()
        self._mutex = threading.Lock()
        args, options = engine.dialect.create_connect_args(engine.url)
        self._session: Any = engine.dialect.connect(*args, **options)
        self._session.autocommit = True
        self._session.execute(_KEEP_ASKING)
        self._session.execute("SELECT pg_advisory_lock(%s)", [_key(self.me)])

    def is_dead(self, owner: str, connection: Connection) -> bool:
        if owner == self.me:
            return False
        # Shared and until the end of the transaction: whoever asks never looks like the owner to another who asks.
        ask = text("SELECT pg_try_advisory_xact_lock_shared(:key)")
        return bool(connection.execute(ask, {"key": _key(owner)}).scalar_one())

    def is_here(self, owner: str) -> bool:
        return host_of(owner) == host_of(self.me)

    def is_lost(self) -> bool:
        import psycopg

        try:
            with self._mutex:
                self._session.execute("SELECT 1")
        except psycopg.Error:
            return True
        return False

    def abandon(self) -> None:
        # The child's copy of the socket would keep the session, and with it the lock, of a dead parent alive.
        with contextlib.suppress(Exception):  # it may be closed already
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, self._session.fileno(), inheritable=False)
            os.close(nothing)

    def close(self) -> None:
        import psycopg

        with self._mutex:
            try:
                # Said, too: the server notices the end of a session a moment later.
                self._session.execute("SELECT pg_advisory_unlock(%s)", [_key(self.me)])
            except psycopg.Error:
                pass  # lost with its session
            finally:
                self._session.close()


def _key(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big", signed=True)
