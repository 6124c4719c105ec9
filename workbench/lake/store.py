"""Which lake a ledger is about (an id in `meta`, written once), and what it knows to lie there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.db.clock import now
from workbench.db.ledger import Ledger, read_meta
from workbench.db.schema import file, meta, snapshot
from workbench.engine.item import Lease
from workbench.engine.transitions import Writers
from workbench.lake.model import ManifestFiles

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


def all_files(ledger: Ledger) -> list[dict[str, Any]]:
    """Every file that the manifest names, also those of which a compacted one is read: path, kind, and whose."""
    query = (
        select(
            file.c.path,
            file.c.kind,
            file.c.compacted_into,
            snapshot.c.provider_id,
            snapshot.c.dataset_id,
            snapshot.c.next_at.is_not(None).label("is_moving"),
        )
        .outerjoin(snapshot, (file.c.item_kind == "snapshot") & (file.c.item_id == snapshot.c.id))
        .order_by(file.c.path)
    )
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def made_before(ledger: Ledger, version: int) -> list[dict[str, Any]]:
    """Published snapshots whose tables an older transform made: snapshot_id, version, raw."""
    columns = (snapshot.c.provider_id.label("snapshot_id"), snapshot.c.staged, snapshot.c.raw)
    query = select(*columns).where(snapshot.c.state.in_(["published", "empty"])).order_by(snapshot.c.id)
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    found = ((row.snapshot_id, (row.staged or {}).get("version", version), row.raw) for row in rows)
    return [{"snapshot_id": name, "version": made, "raw": raw} for name, made, raw in found if made < version]


def manifest(ledger: Ledger, *, but: Collection[str] = ()) -> list[dict[str, Any]]:
    """Every file that tables are made of, with the snapshot it came from.

    `but`: compacted files that are lost; the small ones that they were made of are read in their place.
    """
    is_read = file.c.compacted_into.is_(None) & file.c.path.not_in(list(but))
    query = (
        select(
            file.c.path, file.c.kind, file.c.rows, file.c.bytes, file.c.sha256,
            snapshot.c.provider_id, snapshot.c.dataset_id, snapshot.c.run_id, snapshot.c.job_id,
        )
        .outerjoin(snapshot, (file.c.item_kind == "snapshot") & (file.c.item_id == snapshot.c.id))
        .where(is_read | file.c.compacted_into.in_(list(but)))
        .order_by(file.c.path)
    )  # fmt: skip
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def contents(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Kind of table → rows and a hash of all of them, the same wherever they lie and however they are compacted."""
    query = (
        select(file.c.kind, file.c.rows, file.c.sha256)
        .where(file.c.item_kind == "snapshot", file.c.kind.not_in(["raw", "lines"]))
        .order_by(file.c.kind, file.c.sha256)
    )
    found: dict[str, dict[str, Any]] = {}
    with ledger.read() as connection:
        for row in connection.execute(query):
            so_far = found.setdefault(row.kind, {"rows": 0, "sha256": hashlib.sha256()})
            so_far["rows"] += row.rows
            so_far["sha256"].update(row.sha256.encode())
    return {kind: {"rows": one["rows"], "sha256": one["sha256"].hexdigest()} for kind, one in found.items()}


def write_files(connection: Connection, lease: Lease, new: ManifestFiles) -> None:
    """What an item has in the manifest from now on, in the transaction of its move."""
    mine = (file.c.item_kind == lease.kind) & (file.c.item_id == lease.item_id)
    _undo_compaction(connection, mine)
    connection.execute(delete(file).where(mine))
    rows = [
        {
            "path": one.path, "kind": one.kind, "item_kind": lease.kind, "item_id": lease.item_id, "rows": one.rows,
            "bytes": one.bytes, "sha256": one.sha256, "created_at": now(),
        }
        for one in new.files
    ]  # fmt: skip
    if rows:
        connection.execute(insert(file), rows)


def _undo_compaction(connection: Connection, of: ColumnElement[bool]) -> None:
    """Rows of these files are about to change: what has a copy of them is no longer read, the small files are again."""
    into = connection.execute(select(file.c.compacted_into).where(of, file.c.compacted_into.is_not(None))).scalars()
    stale = set(into.all())
    if stale:
        latest = {f"{path.removesuffix('.parquet')}.latest.parquet" for path in stale}
        connection.execute(update(file).where(file.c.compacted_into.in_(stale)).values(compacted_into=None))
        connection.execute(delete(file).where(file.c.path.in_(stale | latest)))


WRITERS: Final[Writers] = {ManifestFiles: write_files}
