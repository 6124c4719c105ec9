"""Which lake a ledger is about: an id in `meta`, written once."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from workbench.ledger.store import Ledger, read_meta
from workbench.ledger.tables import meta

_KEY: Final = "lake_id"


def known_lake(ledger: Ledger) -> str | None:
    return read_meta(ledger, _KEY)


def bind(ledger: Ledger, lake_id: str) -> str:
    """Write it down unless another id is there already; the one that is."""

    def change(connection: Connection) -> str:
        found: str | None = connection.execute(select(meta.c.value).where(meta.c.key == _KEY)).scalar_one_or_none()
        if found is None:
            connection.execute(insert(meta), {"key": _KEY, "value": lake_id})
        return found or lake_id

    try:
        return ledger.write(change)
    except IntegrityError:  # another home was first, at the same moment
        return ledger.write(change)
