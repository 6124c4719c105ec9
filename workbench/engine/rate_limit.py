"""One throttle of a vendor for all processes.

Bright Data blocks an address after 25 answers of 429 in five minutes, until its support lifts it. So at most ten
calls may be answered 429 in any five minutes: a call that waits for its answer counts as one that might be.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from workbench.db.clock import now
from workbench.db.ledger import Ledger
from workbench.db.schema import call, meta
from workbench.errors import Throttled

WINDOW: Final = timedelta(minutes=5)
MOST: Final = 10
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(seconds=32)


class Breaker:
    """The gate that every call to a vendor passes: `enter` before, `leave` when the answer's head is there."""

    def __init__(self, ledger: Ledger, vendor: str) -> None:
        self._ledger = ledger
        self._vendor = vendor

    def enter(self, call_limit: timedelta) -> str:
        """A ticket for one call, or Throttled with the time to wait. `call_limit`: when to stop counting it."""
        ticket = uuid.uuid4().hex
        wait = self._ledger.write(lambda connection: self._enter(connection, ticket, call_limit))
        if wait is not None:
            raise Throttled(
                f"{self._vendor} asked to slow down; all work waits {wait.total_seconds():.0f} s", retry_after=wait
            )
        return ticket

    def _enter(self, connection: Connection, ticket: str, call_limit: timedelta) -> timedelta | None:
        # One at a time, on PostgreSQL too: two who count nine would both go.
        connection.execute(select(meta.c.key).where(meta.c.key == "mode").with_for_update())
        at = now()
        mine = call.c.vendor == self._vendor
        connection.execute(delete(call).where(mine, call.c.until <= at))
        paused: datetime | None = connection.execute(select(func.max(call.c.pause_until)).where(mine)).scalar_one()
        if paused is not None and paused > at:
            return paused - at
        open_or_refused, first = connection.execute(select(func.count(), func.min(call.c.until)).where(mine)).one()
        if open_or_refused >= MOST:
            # The next place is free when the oldest refusal leaves the window, or a waiting call is answered.
            refusals = connection.execute(select(func.count()).where(mine, call.c.refused_at.is_not(None))).scalar_one()
            return timedelta(milliseconds=50) if refusals < MOST else max(first - at, timedelta(milliseconds=50))
        connection.execute(insert(call), {"ticket": ticket, "vendor": self._vendor, "until": at + call_limit})
        return None

    def leave(self, ticket: str, *, refused: bool = False, retry_after: timedelta | None = None) -> None:
        def change(connection: Connection) -> None:
            if not refused:
                connection.execute(delete(call).where(call.c.ticket == ticket))
                return
            at = now()
            before = connection.execute(
                select(func.count()).where(call.c.vendor == self._vendor, call.c.refused_at.is_not(None))
            ).scalar_one()
            pause = retry_after or min(_FIRST_PAUSE * 2 ** min(before, MOST), _LONGEST_PAUSE)
            # Kept for the window, and for as long as the vendor asked everybody to wait.
            values = {"until": at + max(WINDOW, pause), "refused_at": at, "pause_until": at + pause}
            mine = update(call).where(call.c.ticket == ticket).values(values)
            if connection.execute(mine).rowcount == 0:  # answered after its limit: refused all the same
                connection.execute(insert(call), {"ticket": ticket, "vendor": self._vendor, **values})

        self._ledger.write(change)
