"""Named leases for what only one may do at a time: a browser account, a compactor, the serving copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.errors import Fenced
from workbench.ledger.clock import boot_id, boot_time, now
from workbench.ledger.owners import boot_of
from workbench.ledger.store import Ledger
from workbench.ledger.tables import lease

LANE: Final = "account:"


def lane_of(account_id: int) -> str:
    """The name of the lease on an account while its page is open."""
    return f"{LANE}{account_id}"


class Lanes:
    """The lanes of one process, for all its threads."""

    def __init__(self, ledger: Ledger, *, lease_time: timedelta) -> None:
        self._ledger = ledger
        self._lease_time = lease_time

    def take(self, name: str, note: str = "") -> int | None:
        """The fencing token of the lane `name`, or None while somebody living holds it."""
        try:
            return self._ledger.write(lambda connection: self._take(connection, name, note))
        except IntegrityError:  # somebody else made the lane at the same moment
            return self._ledger.write(lambda connection: self._take(connection, name, note))

    def _take(self, connection: Connection, name: str, note: str) -> int | None:
        row = connection.execute(select(lease).where(lease.c.name == name).with_for_update()).first()
        values = {"owner": self._ledger.liveness.me, "note": note, **self._until()}
        if row is None:
            connection.execute(insert(lease), {"name": name, "token": 1, **values})
            return 1
        if is_lane_held(connection, self._ledger, row):
            return None
        connection.execute(update(lease).where(lease.c.name == name).values(token=row.token + 1, **values))
        return int(row.token) + 1

    def _until(self) -> dict[str, Any]:
        return {"until": now() + self._lease_time, "until_boot": boot_time() + self._lease_time.total_seconds()}

    def renew(self, name: str, token: int) -> None:
        """Keep the lane for another lease, or raise Fenced when it is no longer ours."""
        query = (
            update(lease)
            .where(lease.c.name == name, lease.c.token == token, lease.c.owner == self._ledger.liveness.me)
            .values(**self._until())
        )
        if self._ledger.write(lambda connection: connection.execute(query).rowcount) != 1:
            raise Fenced(f"the lane {name} was taken over by another worker.")

    def release(self, name: str, token: int) -> None:
        query = update(lease).where(lease.c.name == name, lease.c.token == token).values(owner=None)
        self._ledger.write(lambda connection: connection.execute(query))

    # who is at work -----------------------------------------------------------------------------

    def announce(self, kind: str) -> str:
        """Say that this process is at work as a `kind`; the name to `withdraw` at the end."""
        name = f"{kind}:{self._ledger.liveness.me}"

        def change(connection: Connection) -> None:
            gone = [row.name for row in self._announced(connection, kind) if self._is_gone(connection, row)]
            connection.execute(delete(lease).where(lease.c.name.in_([*gone, name])))
            values = {"owner": self._ledger.liveness.me, **self._until()}
            connection.execute(insert(lease), {"name": name, "token": 1, **values})

        self._ledger.write(change)
        return name

    def withdraw(self, name: str) -> None:
        self._ledger.write(lambda connection: connection.execute(delete(lease).where(lease.c.name == name)))

    def living(self, kind: str) -> list[str]:
        """Names of the processes that are at work as a `kind` and alive."""
        with self._ledger.read() as connection:
            return [row.name for row in self._announced(connection, kind) if not self._is_gone(connection, row)]

    @staticmethod
    def _announced(connection: Connection, kind: str) -> Sequence[Row[Any]]:
        names = lease.c.name.startswith(f"{kind}:", autoescape=True)
        return connection.execute(select(lease).where(names)).all()

    def _is_gone(self, connection: Connection, row: Row[Any]) -> bool:
        return row.owner is None or self._ledger.liveness.is_dead(row.owner, connection)


def is_lane_held(connection: Connection, ledger: Ledger, row: Row[Any]) -> bool:
    """Whether the holder of a lease lives, and its time is not over."""
    if row.owner is None or ledger.liveness.is_dead(row.owner, connection):
        return False
    return bool(row.until_boot > boot_time() if boot_of(row.owner) == boot_id() else row.until > now())
