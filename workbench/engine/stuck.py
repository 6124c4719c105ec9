"""What is looked for at a site and found neither there nor absent, for longer than its looks should take."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Table, select

from workbench.db.clock import now
from workbench.db.schema import account

_LONG: Final = timedelta(hours=6)


def is_stuck(item: Table, states: Iterable[str]) -> ColumnElement[bool]:
    """The looks go on, as a page that cannot be read proves nothing; a person should know of it all the same."""
    stopped = select(account.c.id).where(account.c.paused_kind.is_not(None))
    return (
        item.c.state.in_([str(one) for one in states])
        & (item.c.state_at <= now() - _LONG)
        & item.c.next_at.is_not(None)
        & item.c.account_id.not_in(stopped)
    )
