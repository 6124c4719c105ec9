"""A mask in the place of a person, in whatever texts of the ledger may name one; and no trace in its free pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from sqlalchemy import Connection, Table, select, update

from workbench.db.ledger import Ledger
from workbench.db.schema import behind, error_log, meta, named_lock, vendor_list

Texts = Mapping[Table, Sequence[str]]  # columns that hold what people or the other side wrote; no keys, no paths

COMMON: Final[Texts] = {
    behind: ("waits",),
    error_log: ("message", "stack_trace"),
    meta: ("value",),
    named_lock: ("note",),
    vendor_list: ("refused",),
}


# Of `meta`, by which a home knows what it is: no text of anybody, whatever they are called.
_IDENTITY: Final = ("mode", "ledger_id", "lake_id")


def mask_texts(connection: Connection, texts: Texts, masked: Callable[[Any], Any], *, dry: bool) -> dict[str, int]:
    """Mask these columns; {table: rows that changed}, or would change where it is `dry`."""
    found: dict[str, int] = {}
    for table, columns in texts.items():
        keys = list(table.primary_key.columns)
        query = select(*keys, *(table.c[name] for name in columns))
        query = query.where(meta.c.key.not_in(_IDENTITY)) if table is meta else query
        for row in connection.execute(query).mappings().all():
            new = {name: masked(row[name]) for name in columns if row[name] is not None}
            new = {name: value for name, value in new.items() if value != row[name]}
            if not new:
                continue
            found[table.name] = found.get(table.name, 0) + 1
            if not dry:
                mine = (one == row[one.name] for one in keys)
                connection.execute(update(table).where(*mine).values(new))
    return found


def wipe_free_pages(ledger: Ledger) -> bool:
    """Write the file of the ledger anew, so that nothing of what was deleted is in it; False while others keep it open.

    PostgreSQL does this by itself, with time.
    """
    if ledger.engine.dialect.name != "sqlite":
        return True
    with closing(ledger.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute("VACUUM")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return False
            raise
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (is_busy, *_), *_ = cursor.fetchall()
        return not is_busy
