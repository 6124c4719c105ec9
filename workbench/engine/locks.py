"""Named leases for what only one may do at a time: a browser account, a compactor, the serving copy."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.db.clock import boot_id, boot_time, now
from workbench.db.ledger import Ledger
from workbench.db.liveness import boot_of
from workbench.db.schema import named_lock
from workbench.errors import Fenced, WorkbenchError

log = logging.getLogger(__name__)

ACCOUNT: Final = "account:"


def lock_of_account(account_id: int) -> str:
    """The name of the lease on an account while its page is open."""
    return f"{ACCOUNT}{account_id}"


class Locks:
    """The locks of one process, for all its threads."""

    def __init__(self, ledger: Ledger, *, lease_time: timedelta) -> None:
        self._ledger = ledger
        self._lease_time = lease_time

    def take(self, name: str, note: str = "") -> int | None:
        """The fencing token of the lock `name`, or None while somebody living holds it."""
        try:
            return self._ledger.write(lambda connection: self._take(connection, name, note))
        except IntegrityError:  # somebody else made the lock at the same moment
            return self._ledger.write(lambda connection: self._take(connection, name, note))

    def _take(self, connection: Connection, name: str, note: str) -> int | None:
        return take_lock(connection, self._ledger, name, note=note, lease_time=self._lease_time)

    @contextlib.contextmanager
    def holding(self, name: str, note: str = "", *, is_passing: bool = False) -> Iterator[bool]:
        """Hold the lock `name`, renewed however long the block takes; False while somebody living holds it.

        `is_passing`: nobody will want a lock of this name again, so that nothing of it is kept.
        """
        token = self.take(name, note)
        if token is None:
            yield False
            return
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(name, token, over), name=name, daemon=True)
        keeper.start()
        try:
            yield True
        finally:
            over.set()
            keeper.join()
            if is_passing:
                self._forget(name, token)
            else:
                self.release(name, token)

    def _keep(self, name: str, token: int, over: threading.Event) -> None:
        while not over.wait(self._lease_time.total_seconds() / 4):
            try:
                self.renew(name, token)
            except Fenced as error:
                log.warning("%s", error.message)
                return
            except WorkbenchError as error:  # a busy ledger: the next time may come through
                log.warning("the lock %s could not be renewed: %s", name, error.message)

    def renew(self, name: str, token: int) -> None:
        """Keep the lock for another lease, or raise Fenced when it is no longer ours."""
        query = (
            update(named_lock)
            .where(
                named_lock.c.name == name, named_lock.c.token == token, named_lock.c.owner == self._ledger.liveness.me
            )
            .values(**lease_end(self._lease_time))
        )
        if self._ledger.write(lambda connection: connection.execute(query).rowcount) != 1:
            raise Fenced(f"the lock {name} was taken over by another worker.")

    def release(self, name: str, token: int) -> None:
        query = update(named_lock).where(named_lock.c.name == name, named_lock.c.token == token).values(owner=None)
        self._ledger.write(lambda connection: connection.execute(query))

    def _forget(self, name: str, token: int) -> None:
        """Tokens of the name begin anew: only what is ours by owner, too, is removed."""
        mine = (named_lock.c.name == name, named_lock.c.token == token, named_lock.c.owner == self._ledger.liveness.me)
        self._ledger.write(lambda connection: connection.execute(delete(named_lock).where(*mine)))

    # who is at work -----------------------------------------------------------------------------

    def announce(self, kind: str) -> str:
        """Say that this process is at work as a `kind`; the name to `withdraw` at the end."""
        name = f"{kind}:{self._ledger.liveness.me}"

        def change(connection: Connection) -> None:
            gone = [row.name for row in self._announced(connection, kind) if self._is_gone(connection, row)]
            connection.execute(delete(named_lock).where(named_lock.c.name.in_([*gone, name])))
            values = {"owner": self._ledger.liveness.me, **lease_end(self._lease_time)}
            connection.execute(insert(named_lock), {"name": name, "token": 1, **values})

        self._ledger.write(change)
        return name

    def withdraw(self, name: str) -> None:
        self._ledger.write(lambda connection: connection.execute(delete(named_lock).where(named_lock.c.name == name)))

    def living(self, kind: str) -> list[str]:
        """Names of the processes that are at work as a `kind` and alive."""
        with self._ledger.read() as connection:
            return [row.name for row in self._announced(connection, kind) if not self._is_gone(connection, row)]

    @staticmethod
    def _announced(connection: Connection, kind: str) -> Sequence[Row[Any]]:
        names = named_lock.c.name.startswith(f"{kind}:", autoescape=True)
        return connection.execute(select(named_lock).where(names)).all()

    def _is_gone(self, connection: Connection, row: Row[Any]) -> bool:
        return row.owner is None or self._ledger.liveness.is_dead(row.owner, connection)


def take_lock(connection: Connection, ledger: Ledger, name: str, *, note: str, lease_time: timedelta) -> int | None:
    """The fencing token, within a transaction; IntegrityError when another one makes the lock at the same moment."""
    row = connection.execute(select(named_lock).where(named_lock.c.name == name).with_for_update()).first()
    values = {"owner": ledger.liveness.me, "note": note, **lease_end(lease_time)}
    if row is None:
        connection.execute(insert(named_lock), {"name": name, "token": 1, **values})
        return 1
    if is_lock_held(connection, ledger, row):
        return None
    connection.execute(update(named_lock).where(named_lock.c.name == name).values(token=row.token + 1, **values))
    return int(row.token) + 1


def lease_end(lease_time: timedelta) -> dict[str, Any]:
    """When a lease that begins now ends, by both clocks."""
    return {"until": now() + lease_time, "until_boot": boot_time() + lease_time.total_seconds()}


def is_lock_held(connection: Connection, ledger: Ledger, row: Row[Any]) -> bool:
    """Whether the holder of a lease lives, and its time is not over."""
    if row.owner is None or ledger.liveness.is_dead(row.owner, connection):
        return False
    return bool(row.until_boot > boot_time() if boot_of(row.owner) == boot_id() else row.until > now())
