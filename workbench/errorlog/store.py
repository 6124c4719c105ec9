"""Trouble as one list: faults at the pages of sites, and snapshots that failed or wait for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from workbench.collect.model import SNAPSHOT_GOOD, SnapshotState
from workbench.db.ledger import Ledger
from workbench.db.schema import account, error_log, job, posting, snapshot, upload
from workbench.errorlog.model import ErrorFilter, ErrorPage
from workbench.errors import BadInput
from workbench.post.model import POSTING_GOOD, PostingState
from workbench.upload.model import UploadState

_CHANNEL: Final = {"posting": "marketplace", "upload": "trafficjunky", "snapshot": "brightdata"}
_DONE: Final = {
    "posting": [str(one) for one in (*POSTING_GOOD, PostingState.CANCELED)],
    "upload": [str(one) for one in (*UploadState.having("is_good"), UploadState.CANCELED, UploadState.SKIPPED)],
}
_KEYS: Final = {"log": "log_id", "snapshot": "snapshot_id"}  # how a key begins, and the column that it numbers
_IS_KEY: Final = re.compile(r"(log|snapshot)-\d{1,18}")
_READ: Final = [str(one) for one in SNAPSHOT_GOOD]
_TROUBLED: Final = [
    str(one)
    for one in (
        SnapshotState.FAILED, SnapshotState.EXPIRED, SnapshotState.STALLED, SnapshotState.QUARANTINED,
        SnapshotState.UNSURE,
    )
]  # fmt: skip


def found(ledger: Ledger, asked: ErrorFilter, cut: ErrorPage) -> tuple[list[dict[str, Any]], int]:
    """The asked part of the list, and how many there are in all."""
    with ledger.read() as connection:
        rows = _listed(connection, is_whole=asked.is_open or cut.sort == "tries")
        wanted = _wanted(rows, asked)
        total = int(connection.execute(select(func.count()).select_from(rows).where(*wanted)).scalar_one())
        by = rows.c["state" if cut.sort == "status" else cut.sort]
        if cut.sort in ("what", "account", "sentence"):
            by = func.lower(by)
        order = (by.desc() if cut.descending else by, rows.c.at.desc(), rows.c.key.desc())
        query = select(rows.c.key).where(*wanted).order_by(*order).limit(cut.limit).offset(cut.offset)
        keys = list(connection.execute(query).scalars())
        by_key = _whole(connection, keys)
    return [by_key[key] for key in keys], total


def _whole(connection: Connection, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What takes a look at other rows for each is asked for those alone that are shown."""
    rows = _listed(connection)
    numbers = {kind: [int(key.rpartition("-")[2]) for key in keys if key.startswith(kind)] for kind in _KEYS}
    found: dict[str, dict[str, Any]] = {}
    for kind, column in _KEYS.items():
        if numbers[kind]:
            query = select(rows).where(rows.c[column].in_(numbers[kind]))
            found |= {row["key"]: dict(row) for row in connection.execute(query).mappings()}
    return {key: found[key] for key in keys if key in found}


def one(ledger: Ledger, key: str) -> dict[str, Any]:
    """One of the list by its key, with its trace and its evidence; BadInput for one that nobody has."""
    with ledger.read() as connection:
        row = _whole(connection, [key]).get(key) if _IS_KEY.fullmatch(key) else None
        if row is None:
            raise BadInput(f"there is no error {key!r}; it went on since, or was never there.")
        logged = None
        if row["log_id"] is not None:
            columns = (error_log.c.stack_trace, error_log.c.evidence, error_log.c.certain)
            logged = connection.execute(select(*columns).where(error_log.c.id == row["log_id"])).mappings().one()
    return {**row, **(logged or {"stack_trace": None, "evidence": None, "certain": True})}


def counts(ledger: Ledger, asked: ErrorFilter) -> dict[str, dict[Any, int]]:
    """How many there are of each channel, account and class; of each by what the other filters let through."""
    told: dict[str, dict[Any, int]] = {}
    with ledger.read() as connection:
        rows = _listed(connection, is_whole=asked.is_open)
        for name, column in (("channel", "channel"), ("account_id", "account_id"), ("error_class", "class")):
            wanted = _wanted(rows, asked, but=name)
            query = select(rows.c[column], func.count()).where(*wanted).group_by(rows.c[column])
            told[name] = {value: int(number) for value, number in connection.execute(query).all() if value is not None}
    return told


def mark(ledger: Ledger) -> tuple[int, int]:
    """Changes whenever the list may: with a recorded move, and with a fault of what stays where it is."""
    with ledger.read() as connection:
        newest = connection.execute(select(func.coalesce(func.max(error_log.c.id), 0))).scalar_one()
    return ledger.head()[0], int(newest)


def accounts_of(ledger: Ledger, account_ids: list[int]) -> dict[int, str]:
    """Label of each account, those that were removed too."""
    with ledger.read() as connection:
        query = select(account.c.id, account.c.label).where(account.c.id.in_(account_ids))
        return {int(row.id): str(row.label) for row in connection.execute(query)}


def estimates(ledger: Ledger, snapshot_ids: list[int]) -> int:
    """Micro-dollars that these snapshots are estimated to cost."""
    query = select(func.coalesce(func.sum(snapshot.c.estimate_records * snapshot.c.price_micro_usd), 0))
    with ledger.read() as connection:
        return int(connection.execute(query.where(snapshot.c.id.in_(snapshot_ids))).scalar_one())


def _wanted(rows: Any, asked: ErrorFilter, *, but: str = "") -> list[ColumnElement[bool]]:
    """`but`: this filter is not asked, so that its own choices can be counted."""
    wanted: list[ColumnElement[bool]] = []
    for name, column in (("channel", "channel"), ("account_id", "account_id"), ("error_class", "class")):
        value = getattr(asked, name)
        if value is not None and name != but:
            wanted.append(rows.c[column] == value)
    if asked.since is not None:
        wanted.append(rows.c.at >= asked.since)
    if asked.is_open:
        wanted.append(rows.c.is_open == 1)
    for word in asked.text.lower().split():
        said = [func.lower(rows.c[name]).contains(word, autoescape=True) for name in ("what", "sentence", "account")]
        wanted.append(or_(*said))
    return wanted


def _listed(connection: Connection, *, is_whole: bool = True) -> Any:
    """`is_whole`: with what takes a look at other rows for each (`tries`, `is_open`); 0 otherwise."""
    title = _text_of(connection.dialect.name)(posting.c.content, "title")
    postings = _of_pages(
        "posting", posting, title, ("listing_id",), thing="listing_id", order="job_id", is_whole=is_whole
    )
    uploads = _of_pages(
        "upload", upload, upload.c.name, ("creative_id", "account_id"), thing="id", order="batch_id", is_whole=is_whole
    )
    return union_all(postings, uploads, _snapshots()).subquery()


def _text_of(dialect: str) -> Callable[[Any, str], ColumnElement[Any]]:
    """A field of what the ledger keeps as JSON text: each database has a function of its own."""
    if dialect == "sqlite":
        return lambda column, name: func.json_extract(type_coerce(column, Text), f"$.{name}")
    return lambda column, name: func.json_extract_path_text(cast(type_coerce(column, Text), JSON), name)


def _of_pages(
    kind: str, item: Any, what: Any, same: Sequence[str], *, thing: str, order: str, is_whole: bool
) -> Select[Any]:
    """Faults that were logged at the pages of a site; only the last one of the newest order may still be open.

    `same`: the columns that two orders of the same thing share.
    """
    newer, later = error_log.alias(), item.alias()
    is_last = ~exists().where(
        newer.c.item_kind == error_log.c.item_kind, newer.c.item_id == error_log.c.item_id, newer.c.id > error_log.c.id
    )
    is_newest = ~exists().where(*(later.c[name] == item.c[name] for name in same), later.c.id > item.c.id)
    is_open = and_(item.c.state.not_in(_DONE[kind]), is_last, is_newest)
    before = error_log.alias()
    tries = select(func.count()).where(
        before.c.item_kind == error_log.c.item_kind, before.c.item_id == error_log.c.item_id,
        before.c.id <= error_log.c.id,
    )  # fmt: skip
    return (
        select(
            (literal("log-") + cast(error_log.c.id, Text)).label("key"),
            error_log.c.id.label("log_id"),
            literal(kind).label("kind"),
            error_log.c.item_id.label("item_id"),
            error_log.c.created_at.label("at"),
            literal(_CHANNEL[kind]).label("channel"),
            what.label("what"),
            error_log.c.account_id.label("account_id"),
            func.coalesce(account.c.label, "").label("account"),
            account.c.paused_kind.label("paused_kind"),
            error_log.c.error_class.label("class"),
            error_log.c.error_type.label("error_type"),
            error_log.c.message.label("sentence"),
            (tries.scalar_subquery() if is_whole else literal(0)).label("tries"),
            item.c.state.label("state"),
            (case((is_open, 1), else_=0) if is_whole else literal(0)).label("is_open"),
            case((item.c.attention.is_not(None) & item.c.next_at.is_(None), 1), else_=0).label("is_waiting"),
            literal(0).label("is_lost"),
            item.c[thing].label("thing_id"),
            item.c[order].label("order_id"),
            cast(null(), Text).label("provider_id"),
            cast(null(), snapshot.c.id.type).label("snapshot_id"),
        )
        .join(item, item.c.id == error_log.c.item_id)
        .join(account, account.c.id == error_log.c.account_id, isouter=True)
        .where(error_log.c.item_kind == kind)
    )  # fmt: skip


def _snapshots() -> Select[Any]:
    """Snapshots as they stand: one that went on since is in trouble no more."""
    waits = snapshot.c.attention.is_not(None) & snapshot.c.next_at.is_(None)
    is_lost = (snapshot.c.acts > 0) & snapshot.c.provider_id.is_(None) & (snapshot.c.state != SnapshotState.PLANNED)
    return (
        select(
            (literal("snapshot-") + cast(snapshot.c.id, Text)).label("key"),
            cast(null(), error_log.c.id.type).label("log_id"),
            literal("snapshot").label("kind"),
            snapshot.c.id.label("item_id"),
            snapshot.c.state_at.label("at"),
            literal(_CHANNEL["snapshot"]).label("channel"),
            (job.c.platform + literal(" ") + job.c.service).label("what"),
            cast(null(), error_log.c.account_id.type).label("account_id"),
            literal("").label("account"),
            cast(null(), Text).label("paused_kind"),
            case(
                (snapshot.c.state == SnapshotState.FAILED, func.coalesce(snapshot.c.error_code, snapshot.c.state)),
                else_=snapshot.c.state,
            ).label("class"),
            cast(null(), Text).label("error_type"),
            func.coalesce(snapshot.c.reason, "").label("sentence"),
            func.nullif(snapshot.c.attempts, 0).label("tries"),
            snapshot.c.state.label("state"),
            literal(1).label("is_open"),
            case((waits, 1), else_=0).label("is_waiting"),
            case((is_lost, 1), else_=0).label("is_lost"),
            snapshot.c.id.label("thing_id"),
            snapshot.c.run_id.label("order_id"),
            snapshot.c.provider_id.label("provider_id"),
            snapshot.c.id.label("snapshot_id"),
        )
        .join(job, job.c.id == snapshot.c.job_id)
        .where(or_(snapshot.c.state.in_(_TROUBLED), waits & snapshot.c.state.not_in(_READ)))
    )  # fmt: skip
