"""A copy of the ledger that is whole: made by SQLite itself, never by reading the file beside it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from workbench.db.event_log import broken_at
from workbench.db.ledger import Ledger
from workbench.db.schema import file, snapshot
from workbench.errors import BadInput


def copy_to(ledger: Ledger, target: Path) -> None:
    """Write the ledger as it is now to `target`, while others go on writing."""
    if ledger.engine.dialect.name != "sqlite":
        raise BadInput(f"the ledger {ledger.address} is not SQLite; back it up with pg_dump, and the lake with this.")
    with closing(ledger.engine.raw_connection()) as connection:
        connection.cursor().execute("VACUUM INTO ?", (str(target),))


def figures(ledger: Ledger) -> dict[str, object]:
    """What a restored ledger must answer too: head of the chain, snapshots by state, files, rows."""
    seq, digest = ledger.head()
    with ledger.read() as connection:
        states = connection.execute(select(snapshot.c.state, func.count()).group_by(snapshot.c.state)).all()
        files, rows = connection.execute(select(func.count(), func.coalesce(func.sum(file.c.rows), 0))).one()
        broken = broken_at(connection)
    return {
        "events": seq,
        "head": digest,
        "snapshots": {row[0]: row[1] for row in sorted(states)},
        "files": files,
        "rows": int(rows),
        "chain_broken_at": broken,
    }


def all_files(ledger: Ledger) -> list[tuple[str, str]]:
    """Path and sha256 of every file that the manifest knows, compacted ones too."""
    with ledger.read() as connection:
        return [(row.path, row.sha256) for row in connection.execute(select(file.c.path, file.c.sha256)).all()]


def raw_files(ledger: Ledger) -> list[str]:
    """Paths of raw and staged files of snapshots that are on their way and in no manifest yet."""
    query = select(snapshot.c.raw, snapshot.c.staged)
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    found = {str(row.raw["path"]) for row in rows if row.raw}
    return sorted(found | {str(one["path"]) for row in rows if row.staged for one in row.staged["files"]})
