"""The verbs of upload: creatives come in, a batch is made of them, and a person decides what no step may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event, lock
from workbench.db.ledger import Ledger, number_of
from workbench.db.redaction import Texts
from workbench.db.schema import act, batch, creative, upload
from workbench.engine.moving import is_held, let_go_on, move
from workbench.errors import BadInput, Refused
from workbench.upload.model import UPLOAD_IN_DOUBT, UPLOAD_UNFINISHED, UploadState

U = UploadState

OVER: Final = frozenset({U.FAILED, U.SKIPPED, U.CANCELED})  # nothing of it is at the platform
THERE: Final = frozenset({U.IDENTIFIED, U.RECORDED, U.ARCHIVED})
_TRIED_AGAIN: Final = frozenset({U.FAILED, U.CANCELED})
# A half whose other half is not there yet.
_RESTS: Final = (upload.c.state == str(U.RECORDED)) & upload.c.next_at.is_(None) & upload.c.attention.is_(None)


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """One creative of a new batch; `state` is `checked`, or `failed` or `skipped` with the reason."""

    unique_id: str
    part: str
    native_pair_id: str | None
    path: str
    name: str
    columns: Mapping[str, str]
    slot: str
    tab: str
    state: UploadState
    sha256: str | None = None
    media: Mapping[str, Any] | None = None
    remote_id: str | None = None  # of one that is skipped because it is there
    reason: str | None = None
    error_type: str | None = None
    force_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewBatch:
    platform: str
    account_id: int
    campaign_id: str | None
    uploads: Sequence[NewUpload]
    beyond: int = 0  # the greatest number of a batch in the archive


def make_batch(ledger: Ledger, new: NewBatch) -> str:
    """Enter a batch with its uploads, all at once; its id."""

    def change(connection: Connection) -> str:
        lock(connection)  # two at once would take the same number, and the same creatives
        batch_id = f"batch_{_next_number(connection, new.beyond):03d}"
        at = _own_second(connection)
        connection.execute(
            insert(batch).values(
                id=batch_id,
                platform=new.platform,
                account_id=new.account_id,
                campaign_id=new.campaign_id,
                created_at=at,
                execution_id=ledger.execution_id,
            )
        )
        events = [Event("batch", batch_id, "made", facts={"account_id": new.account_id, "files": len(new.uploads)})]
        taken = _remote_ids(connection, new.account_id)
        for one in new.uploads:
            row = _upload_row(connection, new, one, batch_id, at)
            if row["remote_id"] and taken.setdefault(row["remote_id"], row["creative_id"]) != row["creative_id"]:
                row |= {"remote_id": None, "reason": f"{one.reason}; but another creative claims that id too"}
            key = number_of(connection.execute(insert(upload).values(row)).inserted_primary_key)
            facts = {"reason": row["reason"], "generation": row["generation"]}
            events.append(Event("upload", str(key), "added", None, row["state"], facts))
        ledger.append(connection, *events)
        return batch_id

    return ledger.write(change)


def _own_second(connection: Connection) -> datetime:
    """Now, or the next second in which no batch began: a batch's reports are named by it."""
    at = now()
    recent = select(batch.c.created_at).where(batch.c.created_at >= at - timedelta(seconds=1))
    taken = {begun.replace(microsecond=0) for begun in connection.execute(recent).scalars()}
    while at.replace(microsecond=0) in taken:
        at += timedelta(seconds=1)
    return at


def _remote_ids(connection: Connection, account_id: int) -> dict[str, int]:
    """Ids of the platform, each with the creative that has it."""
    query = select(upload.c.remote_id, upload.c.creative_id).where(
        upload.c.account_id == account_id, upload.c.remote_id.is_not(None)
    )
    return {row.remote_id: row.creative_id for row in connection.execute(query)}


def _next_number(connection: Connection, beyond: int) -> int:
    ids = connection.execute(select(batch.c.id)).scalars()
    numbers = [int(found[1]) for one in ids if (found := re.fullmatch(r"batch_(\d+)", one))]
    return max([*numbers, beyond]) + 1


def _upload_row(connection: Connection, new: NewBatch, one: NewUpload, batch_id: str, at: datetime) -> dict[str, Any]:
    creative_id = _creative(connection, one)
    state, reason, generation = _generation(connection, new.account_id, creative_id, one)
    return {
        "state": str(state), "state_at": at, "next_at": at if state in UPLOAD_UNFINISHED else None, "created_at": at,
        "reason": None if reason is None else storable(reason), "batch_id": batch_id, "account_id": new.account_id,
        "creative_id": creative_id, "unique_id": one.unique_id, "part": one.part,
        "native_pair_id": one.native_pair_id, "path": one.path, "name": one.name, "platform": new.platform,
        "slot": one.slot, "tab": one.tab, "generation": generation, "force_reason": one.force_reason,
        "campaign_id": new.campaign_id, "sha256": one.sha256, "media": one.media,
        "remote_id": one.remote_id if state is U.SKIPPED else None,
        "error_type": one.error_type if state is U.FAILED else None,
    }  # fmt: skip


def _creative(connection: Connection, one: NewUpload) -> int:
    mine = (creative.c.unique_id == one.unique_id) & (creative.c.part == one.part)
    values = {
        "native_pair_id": one.native_pair_id, "path": one.path, "name": one.name, "columns": dict(one.columns),
        **({"sha256": one.sha256} if one.sha256 else {}),
    }  # fmt: skip
    known = connection.execute(select(creative.c.id).where(mine)).scalar_one_or_none()
    if known is not None:
        connection.execute(update(creative).where(creative.c.id == known).values(values))
        return int(known)
    new = {"unique_id": one.unique_id, "part": one.part, **values}
    return number_of(connection.execute(insert(creative).values(new)).inserted_primary_key)


def _generation(
    connection: Connection, account_id: int, creative_id: int, one: NewUpload
) -> tuple[UploadState, str | None, int]:
    """What of the creative is there already, or on its way, decides; the look at the plan may be old by now."""
    mine = (upload.c.account_id == account_id) & (upload.c.creative_id == creative_id)
    rows = connection.execute(select(upload).where(mine).order_by(upload.c.id.desc())).mappings().all()
    generation = 1 + max((row["generation"] for row in rows), default=0)
    live = next((row for row in rows if U(row["state"]) not in OVER), None)
    if live is None and one.state is U.CHECKED and not one.force_reason:
        twin = _same_file(connection, account_id, creative_id, one)
        if twin is not None:
            known = f"{twin['unique_id']}, which is {twin['state']} in {twin['batch_id']}"
            return U.SKIPPED, f"the same file under the same name is {known}", generation
    if live is None or one.state is not U.CHECKED:
        return one.state, one.reason, generation
    if U(live["state"]) in THERE and one.force_reason:
        return one.state, one.reason, generation
    if one.force_reason:
        raise Refused(
            f"{one.name} is {live['state']} in {live['batch_id']}; while that is open it is not sent again, forced or "
            "not. workbench todo shows what is to be decided; nothing was started."
        )
    return U.SKIPPED, f"it is {live['state']} already, in {live['batch_id']}", generation


def _same_file(connection: Connection, account_id: int, creative_id: int, one: NewUpload) -> RowMapping | None:
    """The same file under another id: named by hand at first, say, and later by the inventory."""
    query = select(upload.c.unique_id, upload.c.state, upload.c.batch_id).where(
        upload.c.account_id == account_id, upload.c.tab == one.tab, upload.c.name == one.name,
        upload.c.sha256 == one.sha256, upload.c.creative_id != creative_id,
        upload.c.state.not_in([str(state) for state in OVER]),
    )  # fmt: skip
    return connection.execute(query).mappings().first()


# what a person decides -------------------------------------------------------------------------------


def resolve(
    ledger: Ledger, upload_ids: Sequence[int], to: UploadState, reason: str, *, remote_id: str | None = None
) -> None:
    """Say what became of uploads that nobody can tell: all of those given, or none. Kept with who and when."""

    def change(connection: Connection) -> None:
        for upload_id in upload_ids:
            row = _free_row(ledger, connection, upload_id)
            if row["state"] not in UPLOAD_IN_DOUBT:
                raise BadInput(f"upload {upload_id} ({row['name']}) is {row['state']}: nothing about it is in doubt.")
            values: dict[str, Any] = {"error_type": None}
            if to is U.IDENTIFIED:
                values |= {"remote_id": remote_id, "uploaded_at": row["uploaded_at"] or row["armed_at"] or now()}
            else:
                values |= {"remote_id": None, "acts": 0}
            move(ledger, connection, "upload", row, to, reason=reason, what="decided", values=values)
            _wake_other_half(connection, row)

    try:
        ledger.write(change)
    except IntegrityError as error:
        raise BadInput(f"{remote_id} is another file's already; nothing was done.") from error


def retry(ledger: Ledger, upload_ids: Sequence[int]) -> int:
    """Try again what failed, and let go on what waits for a person where it is; how many."""

    def change(connection: Connection) -> int:
        return sum(_retry(ledger, connection, upload_id) for upload_id in upload_ids)

    return ledger.write(change)


def _retry(ledger: Ledger, connection: Connection, upload_id: int) -> int:
    row = _free_row(ledger, connection, upload_id)
    state = U(row["state"])
    if state in _TRIED_AGAIN:
        if (other := _live(connection, row)) is not None:
            raise BadInput(f"{row['name']} is {other['state']} in {other['batch_id']} already; nothing was done.")
        values = {"retries": row["retries"] + 1, "error_type": None, "cancel_requested": False, "remote_id": None}
        move(ledger, connection, "upload", row, U.PLANNED, reason="tried again", values=values)
        connection.execute(update(batch).where(batch.c.id == row["batch_id"]).values(cancelled_at=None))
    elif state is U.QUARANTINED:
        to = U.IDENTIFIED if row["remote_id"] else U.UNSURE if row["acts"] else U.PLANNED
        move(ledger, connection, "upload", row, to, reason="tried again after quarantine")
    elif row["next_at"] is None and state in UPLOAD_UNFINISHED:
        let_go_on(ledger, connection, "upload", row, looks=0, error_type=None)
    elif state is U.UNKNOWN_ID:
        raise BadInput(f"{row['name']} was uploaded, its id is not known: workbench upload resolve {upload_id} --id ID")
    else:
        raise BadInput(f"upload {upload_id} ({row['name']}) is {state}: there is nothing to try again.")
    _wake_other_half(connection, row)
    return 1


def _live(connection: Connection, row: RowMapping) -> RowMapping | None:
    mine = (upload.c.account_id == row["account_id"]) & (upload.c.creative_id == row["creative_id"])
    over = upload.c.state.in_([str(one) for one in OVER])
    return connection.execute(select(upload).where(mine, ~over).limit(1)).mappings().first()


def _wake_other_half(connection: Connection, row: RowMapping) -> None:
    """The half that rests because of this one looks again how it stands."""
    if row["native_pair_id"] is None:
        return
    pair = (upload.c.batch_id == row["batch_id"]) & (upload.c.native_pair_id == row["native_pair_id"])
    connection.execute(update(upload).where(pair, _RESTS).values(next_at=now()))


def wake(ledger: Ledger, upload_id: int) -> None:
    """Make a half due that rests because of its other half; any other one is left as it is."""
    mine = update(upload).where(upload.c.id == upload_id, _RESTS)
    ledger.write(lambda connection: connection.execute(mine.values(next_at=now())))


def set_review(ledger: Ledger, account_id: int, reviews: Mapping[str, str]) -> int:
    """Keep what the platform says of creatives now, with when it changed; how many changed."""

    def change(connection: Connection) -> int:
        mine = (upload.c.account_id == account_id) & upload.c.remote_id.is_not(None)
        rows = connection.execute(select(upload).where(mine).with_for_update()).mappings().all()
        events, at = [], now()
        for row in rows:
            review = reviews.get(row["remote_id"])
            if not review or review == row["review_status"]:
                continue
            history = [*(row["review_history"] or ()), [at.isoformat(), review]]
            values = {"review_status": storable(review), "review_history": history}
            connection.execute(update(upload).where(upload.c.id == row["id"]).values(values))
            facts = {"from": row["review_status"], "to": review, "remote_id": row["remote_id"]}
            events.append(Event("upload", str(row["id"]), "reviewed", facts=facts))
        ledger.append(connection, *events)
        return len(events)

    return ledger.write(change)


def cancel_batch(ledger: Ledger, batch_id: str) -> None:
    """What was not attached yet stays where it is; what was goes on to its end."""

    def change(connection: Connection) -> None:
        asked = update(batch).where(batch.c.id == batch_id, batch.c.cancelled_at.is_(None)).values(cancelled_at=now())
        if connection.execute(asked).rowcount:
            waiting = upload.c.state.in_([str(U.PLANNED), str(U.CHECKED)])
            mine = update(upload).where(upload.c.batch_id == batch_id, waiting)
            connection.execute(mine.values(cancel_requested=True))
            ledger.append(connection, Event("batch", batch_id, "cancel_asked"))

    ledger.write(change)


def of_act(ledger: Ledger, act_id: str) -> list[int]:
    """The uploads of one gesture that a person may decide about."""
    with ledger.read() as connection:
        query = select(act).where(act.c.item_kind == "upload", act.c.id.startswith(act_id, autoescape=True)).limit(2)
        found = connection.execute(query).mappings().all()
        if len(found) != 1 or not act_id:
            raise BadInput(f"there is no single act {act_id!r}; workbench todo shows the acts of what waits.")
        open_ = upload.c.id.in_(found[0]["items"]) & upload.c.state.in_([str(one) for one in UPLOAD_IN_DOUBT])
        return [int(one) for one in connection.execute(select(upload.c.id).where(open_)).scalars()]


def _free_row(ledger: Ledger, connection: Connection, upload_id: int) -> RowMapping:
    row = connection.execute(select(upload).where(upload.c.id == upload_id).with_for_update()).mappings().first()
    if row is None:
        raise BadInput(f"there is no upload {upload_id}; workbench upload status shows them.")
    if is_held(ledger, connection, row):
        raise BadInput(f"upload {upload_id} ({row['name']}) is being worked on right now; try again in a moment.")
    return row


def find_uploads(ledger: Ledger, names: Iterable[str]) -> list[int]:
    """Uploads by their number, or the newest of a creative by its id or file name; BadInput for one nobody has."""
    found = []
    with ledger.read() as connection:
        for name in names:
            same = or_(upload.c.unique_id == name, upload.c.name == name)
            if name.isdecimal() and len(name) < 19:  # noqa: PLR2004 - digits of a number that databases take
                same = upload.c.id == int(name)
            newest = connection.execute(select(func.max(upload.c.id)).where(same)).scalar_one()
            if newest is None:
                raise BadInput(f"there is no upload {name!r}; workbench upload status shows them.")
            found.append(int(newest))
    return found


# forgotten ----------------------------------------------------------------------------------------

TEXTS: Final[Texts] = {upload: ("reason", "force_reason")}


def forget_account(connection: Connection, account_id: int) -> None:
    """Take pictures of its pages out of what was done at an account; what was done, and how it ended, stays."""
    mine = upload.c.account_id == account_id
    connection.execute(update(upload).where(mine).values(screenshot=None))
