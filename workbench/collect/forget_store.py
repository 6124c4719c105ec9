"""The verbs of forgetting in collect: whose sources they are, what of them is at work, and what stays of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from workbench.collect.model import SNAPSHOT_UNFINISHED, Snapshot, Source
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger
from workbench.db.redaction import Texts
from workbench.db.schema import file, job, plan, run, snapshot, snapshot_input, source, source_result, stranger
from workbench.engine.item import to_record
from workbench.errors import BadInput, Refused
from workbench.person import Person

# Names of folders and of other people's sources stay: files and views go by them.
TEXTS: Final[Texts] = {
    run: ("name", "project", "params"),
    job: ("name",),
    snapshot: ("reason", "inputs", "query"),
    source_result: ("reason",),
    stranger: ("inputs", "query"),
}


def all_sources(ledger: Ledger) -> list[Source]:
    """Every source, also what was merged into another or is disabled."""
    with ledger.read() as connection:
        rows = connection.execute(select(source).order_by(source.c.id)).mappings().all()
    return [Source(**{each.name: row[each.name] for each in fields(Source)}) for row in rows]


def with_bodies(ledger: Ledger) -> list[Snapshot]:
    """Snapshots whose bytes are here."""
    query = select(snapshot).where(snapshot.c.raw.is_not(None)).order_by(snapshot.c.id)
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    found = (to_record("snapshot", row) for row in rows)
    return [one for one in found if isinstance(one, Snapshot)]


def at_work(ledger: Ledger, source_ids: Collection[int]) -> list[dict[str, Any]]:
    """Snapshots that ask these sources and are not over, and others whose rows are being read; the first columns."""
    names = ("id", "provider_id", "state", "run_id", "attention", "raw", "source_ids", "next_at")
    columns = [snapshot.c[name] for name in names]
    is_open = snapshot.c.state.in_([str(one) for one in SNAPSHOT_UNFINISHED]) | snapshot.c.lease_owner.is_not(None)
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(select(*columns).where(is_open)).mappings()]
    wanted = set(source_ids)
    return [row for row in rows if wanted & set(row["source_ids"]) or _is_being_read(row)]


def _is_being_read(row: Mapping[str, Any]) -> bool:
    """Its body may name somebody, and is in the hands of a worker."""
    return row["state"] == "staged" or (row["state"] in ("ready", "downloaded") and row["next_at"] is not None)


def being_read(ledger: Ledger) -> list[dict[str, Any]]:
    """Snapshots whose tables are made anew because somebody was forgotten."""
    columns = [snapshot.c[name] for name in ("id", "provider_id", "state", "reason", "raw")]
    query = select(*columns).where(snapshot.c.state.in_(["downloaded", "staged"]), snapshot.c.raw.is_not(None))
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [row for row in rows if row["raw"].get("forgotten")]


def replace_body(ledger: Ledger, snapshot_id: int, raw: Mapping[str, Any], reason: str) -> None:
    """Another body for a snapshot that is over and has no tables."""

    def change(connection: Connection) -> None:
        mine = snapshot.c.id == snapshot_id
        connection.execute(update(snapshot).where(mine).values(raw=dict(raw)))
        ledger.append(connection, Event("snapshot", str(snapshot_id), "told", facts={"reason": storable(reason)}))

    ledger.write(change)


def listed_files(ledger: Ledger) -> set[str]:
    """Paths of all files of the lake that the manifest or a snapshot names."""
    with ledger.read() as connection:
        found = set(connection.execute(select(file.c.path)).scalars())
        bodies = connection.execute(select(snapshot.c.raw, snapshot.c.staged)).all()
    for row in bodies:
        found |= {str(row.raw["path"])} if row.raw else set()
        found |= {str(one["path"]) for one in row.staged["files"]} if row.staged else set()
    return found


def forget_sources(
    connection: Connection,
    sources: Sequence[Source],
    gone: Mapping[int, str],
    person: Person,
) -> None:
    """Leave of `sources` a number that is asked no more; `gone`: what stands in the place of each address.

    Plans that name them are removed; what else names them is a mask by then (`TEXTS`).
    """
    ids = {one.id for one in sources}
    _refuse_begun(connection, ids)
    for one in sources:
        values: dict[str, Any] = {
            "name": "forgotten",
            "url": gone[one.id],
            "creator": None,
            "options": {},
            "enabled": False,
        }
        connection.execute(update(source).where(source.c.id == one.id).values(**values))
    for row in connection.execute(select(snapshot.c.id, snapshot.c.inputs, snapshot.c.source_ids)).all():
        places = [place for place, one in enumerate(row.source_ids) if one in ids]
        if not places:
            continue
        inputs = [{"url": gone[row.source_ids[n]]} if n in places else one for n, one in enumerate(row.inputs)]
        connection.execute(update(snapshot).where(snapshot.c.id == row.id).values(inputs=inputs))
        mine = (snapshot_input.c.snapshot == row.id) & snapshot_input.c.position.in_(places)
        connection.execute(delete(snapshot_input).where(mine))
    plans = [
        row.hash for row in connection.execute(select(plan.c.hash, plan.c.body)) if person.masked(row.body) != row.body
    ]
    connection.execute(delete(plan).where(plan.c.hash.in_(plans)))


def _refuse_begun(connection: Connection, ids: Collection[int]) -> None:
    """Refused where somebody began to ask for the person meanwhile: it is paid, and would bring them back."""
    is_open = snapshot.c.state.in_([str(one) for one in SNAPSHOT_UNFINISHED])
    for row in connection.execute(select(snapshot.c.run_id, snapshot.c.source_ids, snapshot.c.raw).where(is_open)):
        if set(ids) & set(row.source_ids) and not (row.raw or {}).get("forgotten"):
            raise Refused(
                f"run {row.run_id} began to ask for it meanwhile. What was there before is removed; let the run end "
                f"(workbench work --until-idle) or end it (workbench collect cancel {row.run_id}), and say the same "
                "order again."
            )


def refuse_unknown(text: str, near: Sequence[str]) -> BadInput:
    like = f" Like it: {', '.join(near)}." if near else ""
    return BadInput(f"nobody called {text!r} is tracked; nothing was done.{like} See: workbench sources list")
