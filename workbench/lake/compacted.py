"""The verbs of the compactor: what it may read, and the swap in the manifest, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.schema import file
from workbench.lake.model import LakeFile

OF_COMPACTOR = "compaction"


def to_compact(ledger: Ledger, kind: str) -> list[str]:
    """Paths of the files of `kind` that are read now: small ones, and the compacted one of before."""
    query = select(file.c.path).where(file.c.kind == kind, file.c.compacted_into.is_(None)).order_by(file.c.path)
    with ledger.read() as connection:
        return [str(path) for path in connection.execute(query).scalars()]


def small_files(ledger: Ledger) -> int:
    """How many published files wait to be compacted, of the kind that has most."""
    query = (
        select(func.count())
        .where(file.c.compacted_into.is_(None), file.c.item_kind != OF_COMPACTOR)
        .where(file.c.kind.not_in(["raw", "lines", "rejects"]))
        .group_by(file.c.kind)
    )
    with ledger.read() as connection:
        return max((int(count) for count in connection.execute(query).scalars()), default=0)


def listed(ledger: Ledger, kind: str | None = None) -> list[str]:
    """Paths of the compacted files that are read now, of `kind` with its latest, or of all."""
    query = select(file.c.path).where(file.c.item_kind == OF_COMPACTOR)
    if kind is not None:
        query = query.where(file.c.kind.in_([kind, f"{kind}_latest"]))
    with ledger.read() as connection:
        return [str(path) for path in connection.execute(query).scalars()]


def undo(ledger: Ledger, lost: Sequence[str]) -> None:
    """Take compacted files out of the manifest; what they were made of is read again."""

    def change(connection: Connection) -> None:
        connection.execute(update(file).where(file.c.compacted_into.in_(list(lost))).values(compacted_into=None))
        gone = delete(file).where(file.c.item_kind == OF_COMPACTOR, file.c.path.in_(list(lost)))
        connection.execute(gone)
        ledger.append(connection, Event(OF_COMPACTOR, "lost", "undone", facts={"files": list(lost)}))

    ledger.write(change)


def swap(ledger: Ledger, read: Sequence[str], whole: LakeFile, latest: LakeFile) -> bool:
    """Put the two new files in the place of those that were read; False when one of them changed meanwhile."""
    wanted = set(read)

    def change(connection: Connection) -> bool:
        current_of_kind = select(file.c.path).where(file.c.kind == whole.kind, file.c.compacted_into.is_(None))
        current = set(connection.execute(current_of_kind.with_for_update()).scalars())
        if not wanted <= current or whole.path in current:
            return False
        before = select(file.c.path).where(file.c.item_kind == OF_COMPACTOR, file.c.kind == whole.kind)
        old = [str(path) for path in connection.execute(before).scalars() if path in wanted]
        connection.execute(update(file).where(file.c.compacted_into.in_(old)).values(compacted_into=whole.path))
        each = update(file).where(file.c.path == bindparam("its_path")).values(compacted_into=whole.path)
        connection.execute(each, [{"its_path": path} for path in read])
        connection.execute(delete(file).where(file.c.path.in_(old)))
        connection.execute(delete(file).where(file.c.kind == latest.kind))
        rows = [{**vars(one), "item_kind": OF_COMPACTOR, "item_id": 0, "created_at": now()} for one in (whole, latest)]
        connection.execute(insert(file), rows)
        facts = {"files": len(read), "rows": whole.rows, "path": whole.path}
        ledger.append(connection, Event(OF_COMPACTOR, whole.kind, "compacted", facts=facts))
        return True

    return ledger.write(change)
