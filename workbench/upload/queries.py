"""How uploads, batches and creatives stand: questions, and the tables that views are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, String, case, cast, func, select

from workbench.db.columns import TableRows, by_column
from workbench.db.ledger import Ledger
from workbench.db.schema import account, act, batch, creative, error_log, event, upload
from workbench.engine.item import Attention, to_record
from workbench.engine.stuck import is_stuck
from workbench.errors import BadInput
from workbench.feature import Effect
from workbench.upload.model import PLATFORMS, Upload, UploadState, as_in_sheet
from workbench.upload.store import OVER, THERE

U = UploadState

_AT_PAGES: Final = frozenset({U.CHECKED, U.SENT, U.UNSURE})  # what a paused account holds up
_SAID: Final = frozenset({U.FAILED, U.SKIPPED, U.CANCELED, U.UNKNOWN_ID, U.UNSURE, U.QUARANTINED})
_PLAIN: Final = (
    "batch_id", "account_id", "creative_id", "unique_id", "part", "native_pair_id", "slot", "tab", "generation",
    "sha256", "screenshot", "review_status", "review_history", "archive_path", "error_type", "retries", "uploaded_at",
    "recorded_at", "archived_at", "created_at", "next_at", "state_at", "media", "path",
)  # fmt: skip


class LedgerUploads:
    """What a step of upload may ask (`upload.tools.UploadView`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def baseline_of(self, one: Upload) -> frozenset[str]:
        if one.intent_id is None:
            return frozenset()
        query = select(act.c.baseline).where(act.c.intent_id == one.intent_id, act.c.item_kind == "upload")
        with self._ledger.read() as connection:
            found = connection.execute(query).scalars().first() or {}
        return frozenset(str(each) for each in found.get("ids", ()))

    def batch_folder(self, batch_id: str) -> str:
        with self._ledger.read() as connection:
            created_at = connection.execute(select(batch.c.created_at).where(batch.c.id == batch_id)).scalar_one()
        return f"{batch_id}-{created_at:%Y-%m-%d}"

    def other_half(self, one: Upload) -> Upload | None:
        """The newest upload of the other half of a native pair, in the same account."""
        if one.native_pair_id is None or one.slot != "native" or not one.part:
            return None
        same = (upload.c.native_pair_id == one.native_pair_id) & (upload.c.account_id == one.account_id)
        query = select(upload).where(same, upload.c.part != one.part, upload.c.part != "", upload.c.state != U.SKIPPED)
        with self._ledger.read() as connection:
            row = connection.execute(query.order_by(upload.c.id.desc()).limit(1)).mappings().first()
        if row is None:
            return None
        found = to_record("upload", row)
        return found if isinstance(found, Upload) else None

    def remote_ids(self, account_id: int, *, but: int | None) -> frozenset[str]:
        """Ids of the platform that creatives have already, other than the creative `but`."""
        query = select(upload.c.remote_id).where(
            upload.c.account_id == account_id, upload.c.remote_id.is_not(None),
            upload.c.state.in_([str(one) for one in THERE]),
        )  # fmt: skip
        if but is not None:
            query = query.where(upload.c.creative_id != but)
        with self._ledger.read() as connection:
            return frozenset(connection.execute(query).scalars())


# how things stand ------------------------------------------------------------------------------------


def uploads(
    ledger: Ledger, *, batch_id: str | None = None, upload_ids: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        rows = _uploads(connection, batch_id=batch_id, upload_ids=upload_ids)
    return [_upload(row, ledger.zone) for row in rows]


def uploads_of(ledger: Ledger, unique_id: str, part: str) -> list[dict[str, Any]]:
    """Every upload of one creative, newest first."""
    mine = select(upload.c.id).where(upload.c.unique_id == unique_id, upload.c.part == part)
    with ledger.read() as connection:
        rows = _uploads(connection, upload_ids=list(connection.execute(mine).scalars()))
    return [_upload(row, ledger.zone) for row in reversed(rows)]


def _uploads(
    connection: Connection, *, batch_id: str | None = None, upload_ids: Sequence[int] | None = None
) -> Sequence[RowMapping]:
    paused = [account.c[name] for name in ("paused_kind", "paused_reason", "label", "not_before", "wait_reason")]
    query = (
        select(upload, *paused, creative.c.columns.label("sheet"))
        .join(account, upload.c.account_id == account.c.id)
        .join(creative, upload.c.creative_id == creative.c.id)
        .order_by(upload.c.id)
    )
    if batch_id is not None:
        query = query.where(upload.c.batch_id == batch_id)
    if upload_ids is not None:
        query = query.where(upload.c.id.in_(list(upload_ids)))
    return connection.execute(query).mappings().all()


def _upload(row: RowMapping, zone: tzinfo) -> dict[str, Any]:
    state = U(row["state"])
    is_held_up = state in _AT_PAGES and row["paused_kind"] is not None
    attention = str(Attention.PERSON) if is_held_up else row["attention"]
    said = row["paused_reason"] if is_held_up else row["reason"]
    at = row["uploaded_at"] and row["uploaded_at"].astimezone(zone)
    return {
        "upload_id": row["id"],
        **{name: row[name] for name in _PLAIN},
        "file_path": as_in_sheet(row["sheet"], row["path"]),
        "file_name": row["name"],
        "upload_date": f"{at:%Y-%m-%d}" if at else "",
        "upload_time": f"{at:%H:%M:%S}" if at else "",
        "platform": PLATFORMS[row["platform"]],
        "campaign_id": row["campaign_id"],
        "tj_creative_id": row["remote_id"],
        "status": _status(state, row["error_type"]),
        "error_message": said if state in _SAID or attention or row["error_type"] else None,
        "state": str(state),
        "attention": attention,
        "reason": row["reason"],
        "account": row["label"],
        "act_id": row["act_id"],
        "is_due": row["next_at"] is not None and not is_held_up,
        "is_worked": row["lease_owner"] is not None,
        "not_before": row["not_before"] if state is U.CHECKED else None,
        "wait_reason": row["wait_reason"] if state is U.CHECKED else None,
        "doing": row["progress_text"],
    }


def _status(state: UploadState, error_type: str | None) -> str:
    if state is U.FAILED and error_type == "file_missing":
        return "file_not_found"
    return state.info.word


def batches(ledger: Ledger, batch_id: str | None = None) -> list[dict[str, Any]]:
    """Batches, newest first, each with its uploads."""
    query = select(batch).order_by(batch.c.created_at.desc(), batch.c.id.desc())
    if batch_id is not None:
        query = query.where(batch.c.id == batch_id)
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
        items = [_upload(row, ledger.zone) for row in _uploads(connection, batch_id=batch_id)]
    by_batch: dict[str, list[dict[str, Any]]] = {}
    for one in items:
        by_batch.setdefault(one["batch_id"], []).append(one)
    return [
        {
            "batch_id": row["id"], "platform": PLATFORMS[row["platform"]], "account_id": row["account_id"],
            "campaign_id": row["campaign_id"], "created_at": row["created_at"], "items": by_batch.get(row["id"], []),
        }
        for row in rows
    ]  # fmt: skip


def batch_list(ledger: Ledger, limit: int) -> list[dict[str, Any]]:
    """The newest batches, each with how many files are in it and how many of them may still move by themselves."""
    moves = func.count(case((upload.c.next_at.is_not(None) | upload.c.lease_owner.is_not(None), 1)))
    query = (
        select(
            batch.c.id.label("batch_id"),
            batch.c.created_at,
            func.count(upload.c.id).label("files"),
            moves.label("moving"),
        )
        .join(upload, upload.c.batch_id == batch.c.id)
        .group_by(batch.c.id, batch.c.created_at)
        .order_by(batch.c.created_at.desc(), batch.c.id.desc())
        .limit(limit)
    )
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def batch_of(ledger: Ledger, names: Collection[str]) -> str | None:
    """The newest batch that any of these files is in."""
    newest = select(func.max(upload.c.id)).group_by(upload.c.name)
    query = select(upload.c.name, upload.c.batch_id).where(upload.c.id.in_(newest)).order_by(upload.c.id.desc())
    with ledger.read() as connection:
        return next((row.batch_id for row in connection.execute(query) if row.name in names), None)


def last_change(ledger: Ledger) -> tuple[Any, ...]:
    """Differs as soon as an upload was added or went on."""
    newest = select(func.max(event.c.seq)).where(event.c.item_kind == "upload").scalar_subquery()
    query = select(func.count(upload.c.id), func.max(upload.c.state_at), newest)
    with ledger.read() as connection:
        return tuple(connection.execute(query).one())


def trouble(ledger: Ledger, upload_ids: Sequence[int]) -> dict[int, str]:
    """The picture of the newest trouble of each of these, below data/; of those without one nothing."""
    newest = (
        select(func.max(error_log.c.id))
        .where(
            error_log.c.item_kind == "upload", error_log.c.item_id.in_(upload_ids), error_log.c.evidence.is_not(None)
        )
        .group_by(error_log.c.item_id)
    )
    with ledger.read() as connection:
        rows = connection.execute(select(error_log.c.item_id, error_log.c.evidence).where(error_log.c.id.in_(newest)))
        return {int(row.item_id): f"{row.evidence}/screen.png" for row in rows}


def effects_of(ledger: Ledger, execution_id: str) -> list[Effect]:
    """Creatives of batches that the execution ordered."""
    query = (
        select(upload)
        .join(batch, upload.c.batch_id == batch.c.id)
        .where(batch.c.execution_id == execution_id, upload.c.state != str(U.SKIPPED))
        .order_by(upload.c.id)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return [
        Effect(
            kind="upload",
            id=one.remote_id or str(one.id),
            what=f"{'uploaded' if one.uploaded_at else 'ordered the upload of'} {one.name} ({PLATFORMS[one.platform]})",
            state=one.state,
            evidence=one.screenshot,
        )
        for one in rows
    ]


def find_batch(ledger: Ledger, text: str | None) -> str:
    """The batch of that id (or number); the newest one without."""
    query = select(batch.c.id).order_by(batch.c.created_at.desc(), batch.c.id.desc()).limit(1)
    if text:
        wanted = f"batch_{int(text):03d}" if text.isdecimal() and len(text) < 9 else text  # noqa: PLR2004 - as numbers go
        query = query.where(batch.c.id == wanted)
    with ledger.read() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise BadInput(
            f"there is no batch {text!r}; workbench upload status shows them."
            if text
            else "nothing was uploaded yet; workbench upload run --session --live uploads."
        )
    return str(found)


def changed_since(ledger: Ledger, at: datetime) -> list[str]:
    """Batches of which an upload went on, or was decided about, since then."""
    query = (
        select(upload.c.batch_id)
        .join(event, (event.c.item_kind == "upload") & (event.c.item_id == cast(upload.c.id, String)))
        .where(event.c.at >= at)
        .distinct()
    )
    with ledger.read() as connection:
        return [str(one) for one in connection.execute(query).scalars()]


def waiting(ledger: Ledger) -> list[dict[str, Any]]:
    """Uploads that do not move by themselves or are long in doubt, apart from those whose whole account waits."""
    waits = upload.c.attention.is_not(None) & upload.c.next_at.is_(None)
    waits |= is_stuck(upload, (U.SENT, U.UNSURE))
    names = (
        "id",
        "account_id",
        "unique_id",
        "name",
        "state",
        "attention",
        "reason",
        "intent_id",
        "batch_id",
        "screenshot",
    )
    query = select(*(upload.c[name] for name in names)).where(waits).order_by(upload.c.id)
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            found = select(act.c.id).where(act.c.intent_id == row["intent_id"])
            row["act_id"] = connection.execute(found).scalars().first() if row["intent_id"] else None
    return rows


def batch_story(ledger: Ledger, upload_ids: Sequence[int]) -> list[dict[str, Any]]:
    """What happened to these uploads, oldest first."""
    mine = (event.c.item_kind == "upload") & event.c.item_id.in_([str(one) for one in upload_ids])
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(select(event).where(mine).order_by(event.c.seq)).mappings()]


def known_creatives(ledger: Ledger, account_id: int | None) -> dict[tuple[str, str], str]:
    """(id, part) of what is at the platform or on its way there, with the words for it."""
    live = upload.c.state.not_in([str(one) for one in OVER])
    query = select(upload).where(live).order_by(upload.c.id)
    if account_id is not None:
        query = query.where(upload.c.account_id == account_id)
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    return {(row["unique_id"], row["part"]): _known(row) for row in rows}


def unfinished_batch(ledger: Ledger, account_id: int, keys: Sequence[tuple[str, str]]) -> str | None:
    """The newest batch in which one of these creatives is on its way by itself."""
    moves = upload.c.next_at.is_not(None) & (upload.c.account_id == account_id)
    query = select(upload.c.batch_id, upload.c.unique_id, upload.c.part).where(moves).order_by(upload.c.id.desc())
    wanted = set(keys)
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return next((row.batch_id for row in rows if (row.unique_id, row.part) in wanted), None)


def _known(row: RowMapping) -> str:
    told = f"uploaded already: {row['remote_id']}" if U(row["state"]) in THERE else f"it is {row['state']} already"
    return f"{told} ({row['batch_id']})"


def inventory_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """What our columns of the inventory should say: of each creative the latest that was to be uploaded."""
    query = (
        select(upload, creative.c.columns)
        .join(creative, upload.c.creative_id == creative.c.id)
        .where(upload.c.state != str(U.SKIPPED))
        .order_by(upload.c.id)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        before = found.get(row["creative_id"], {})
        known = {*before.get("known", ()), row["columns"].get("tj_creative_id"), row["remote_id"]} - {None, ""}
        state = U(row["state"])
        told = {
            "unique_id": row["unique_id"], "part": row["part"], "status": _status(state, row["error_type"]),
            "remote_id": row["remote_id"] if state in THERE else None, "uploaded_at": row["uploaded_at"],
            "campaign_id": row["campaign_id"],
        }  # fmt: skip
        if state in OVER and before.get("remote_id"):  # what is there stays there
            told = before
        found[row["creative_id"]] = {**told, "known": known}
    return list(found.values())


def newest_uploads(ledger: Ledger) -> list[dict[str, Any]]:
    """Of every creative that was to be uploaded its newest upload, as the inventory's page shows it."""
    newest = select(func.max(upload.c.id)).where(upload.c.state != str(U.SKIPPED)).group_by(upload.c.creative_id)
    names = ("unique_id", "part", "name", "slot", "native_pair_id", "state", "error_type", "remote_id", "review_status",
             "uploaded_at", "batch_id")  # fmt: skip
    query = select(*(upload.c[name] for name in names)).where(upload.c.id.in_(newest))
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        {
            **row, "file_name": row["name"], "tj_creative_id": row["remote_id"], "state": str(row["state"]),
            "slot": None if row["slot"] == "none" else row["slot"],
        }
        for row in rows
    ]  # fmt: skip


def creatives(ledger: Ledger) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return _creatives(connection)


def _creatives(connection: Connection) -> list[dict[str, Any]]:
    newest = select(func.max(upload.c.id)).where(upload.c.state != str(U.SKIPPED)).group_by(upload.c.creative_id)
    query = (
        select(creative, upload.c.remote_id, upload.c.state, upload.c.error_type, upload.c.review_status,
               upload.c.batch_id, upload.c.account_id)
        .join(upload, (upload.c.creative_id == creative.c.id) & upload.c.id.in_(newest), isouter=True)
        .order_by(creative.c.id)
    )  # fmt: skip
    return [_creative(row) for row in connection.execute(query).mappings()]


def _creative(row: RowMapping) -> dict[str, Any]:
    plain = ("unique_id", "part", "native_pair_id", "sha256", "batch_id", "account_id", "review_status")
    state = None if row["state"] is None else U(row["state"])
    return {
        "creative_id": row["id"],
        **{name: row[name] for name in plain},
        "file_path": row["path"],
        "file_name": row["name"],
        "status": None if state is None else _status(state, row["error_type"]),
        "state": None if state is None else str(state),
        "tj_creative_id": row["remote_id"] or row["columns"].get("tj_creative_id") or None,
        "columns": row["columns"],
    }


# tables that views are made of -----------------------------------------------------------------------

_UPLOADS: Final = {
    "unique_id": "text", "file_path": "text", "file_name": "text", "upload_date": "text", "upload_time": "text",
    "platform": "text", "campaign_id": "text", "tj_creative_id": "text", "status": "text", "error_message": "text",
    "batch_id": "text", "native_pair_id": "text", "retries": "int", "state": "text", "attention": "text",
    "account_id": "int", "slot": "text", "sha256": "text", "screenshot": "text", "upload_id": "int",
    "creative_id": "int", "generation": "int", "review_status": "text", "review_history": "json",
    "archive_path": "text", "error_type": "text", "uploaded_at": "time", "archived_at": "time",
}  # fmt: skip
_CREATIVES: Final = {
    "creative_id": "int", "unique_id": "text", "part": "text", "native_pair_id": "text", "file_path": "text",
    "file_name": "text", "sha256": "text", "status": "text", "state": "text", "tj_creative_id": "text",
    "review_status": "text", "batch_id": "text", "account_id": "int", "columns": "json",
}  # fmt: skip


def view_tables(connection: Connection, zone: tzinfo) -> dict[str, TableRows]:
    """`uploads` and `creatives`, column by column; days and clock times are those of `zone`."""
    return {
        "uploads": by_column([_upload(row, zone) for row in _uploads(connection)], _UPLOADS),
        "creatives": by_column(_creatives(connection), _CREATIVES),
    }
