"""The verbs of post: listings come and are edited, a job is made of them, and a person decides what no step may."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.db.clock import now
from workbench.db.event_log import Event, lock
from workbench.db.ledger import Ledger, number_of
from workbench.db.redaction import Texts
from workbench.db.schema import account, listing, posting, posting_job
from workbench.engine.moving import is_held, let_go_on, move
from workbench.errors import BadInput, Refused
from workbench.post.model import POSTING_GONE, POSTING_IN_DOUBT, POSTING_UNFINISHED, NewListing, PostingState

P = PostingState

_GONE: Final = tuple(str(one) for one in POSTING_GONE)
_OF_THE_JOB: Final = ("groups", "hide_from_friends")  # of a posting's content what its listing does not say
_GOES_ON: Final = (str(P.QUEUED), str(P.SUBMITTED))  # where nothing is in doubt


@dataclass(frozen=True)
class ImportedListings:
    """Ids of the listings in the order given, and how many of them were new or changed."""

    listing_ids: tuple[int, ...]
    added: int
    changed: int


def add_listings(ledger: Ledger, new: Sequence[NewListing]) -> ImportedListings:
    """Add `new`, all or none. What is known stays one listing: by its content, or by its sku on the same account."""

    def change(connection: Connection) -> ImportedListings:
        lock(connection)  # two imports at once would both find nothing
        ids, added, changed = [], 0, 0
        for one in new:
            row = _known(connection, one)
            if row is None:
                ids.append(_add(ledger, connection, one))
                added += 1
                continue
            ids.append(row["id"])
            changed += _bring_up(ledger, connection, row, one)
        return ImportedListings(tuple(ids), added, changed)

    return ledger.write(change)


def _known(connection: Connection, one: NewListing) -> RowMapping | None:
    """The same content on the same account; where the row names no account, on whichever took it before.

    The same sku too: on the same account, or where neither names one.
    """
    there = select(listing).order_by(listing.c.id)
    same = there.where(listing.c.sha == one.sha)
    if one.account_id is None:
        tries = [same]
    else:
        tries = [same.where(listing.c.account_id == one.account_id), same.where(listing.c.account_id.is_(None))]
    if one.sku:
        is_mine = listing.c.account_id.is_(None) if one.account_id is None else listing.c.account_id == one.account_id
        tries.append(there.where(is_mine, listing.c.sku == one.sku))
    return next((row for query in tries if (row := connection.execute(query).mappings().first())), None)


def known_as(ledger: Ledger, one: NewListing) -> int | None:
    """The id of the listing that an import of `one` would find."""
    with ledger.read() as connection:
        row = _known(connection, one)
    return None if row is None else int(row["id"])


def _add(ledger: Ledger, connection: Connection, one: NewListing) -> int:
    values = {"account_id": one.account_id, "content": dict(one.content), "sha": one.sha, "sku": one.sku}
    listing_id = number_of(connection.execute(insert(listing).values(values)).inserted_primary_key)
    facts = {"account_id": one.account_id, "sha": one.sha, "title": one.content.get("title")}
    ledger.append(connection, Event("listing", str(listing_id), "added", facts=facts))
    return listing_id


def _bring_up(ledger: Ledger, connection: Connection, row: RowMapping, one: NewListing) -> bool:
    """Whether the known listing had to be changed; refused while what it says is on its way or at the site."""
    values: dict[str, Any] = {}
    if row["account_id"] is None and one.account_id is not None:
        values["account_id"] = one.account_id
    if row["sha"] != one.sha:
        _refuse_live(connection, row["id"], f"listing {row['id']} with the sku {one.sku!r}")
        values |= {"content": dict(one.content), "sha": one.sha, "sku": one.sku}
    elif row["content"] != one.content:
        values["content"] = dict(one.content)  # the same photos in another folder
    if values:
        _edit(ledger, connection, row["id"], values)
    return bool(values)


def edit_listing(ledger: Ledger, listing_id: int, new: NewListing) -> None:
    """Give a listing other content, or another account; refused while it is on its way or at the site."""

    def change(connection: Connection) -> None:
        lock(connection)
        get(connection, listing_id)
        _refuse_live(connection, listing_id, f"listing {listing_id}")
        twin = select(listing.c.id).where(
            listing.c.sha == new.sha, listing.c.account_id == new.account_id, listing.c.id != listing_id
        )
        if (other := connection.execute(twin).scalar()) is not None:
            raise BadInput(f"listing {other} says exactly that already; nothing was changed.")
        values = {"account_id": new.account_id, "content": dict(new.content), "sha": new.sha, "sku": new.sku}
        _edit(ledger, connection, listing_id, values)

    ledger.write(change)


def _edit(ledger: Ledger, connection: Connection, listing_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(listing).where(listing.c.id == listing_id).values(values))
    facts = {name: value for name, value in values.items() if name != "content"}
    ledger.append(connection, Event("listing", str(listing_id), "edited", facts=facts))


def _refuse_live(connection: Connection, listing_id: int, what: str) -> None:
    live = _live(connection, listing_id)
    if live is not None:
        raise BadInput(
            f"{what} is {live['state']} already (job {live['job_id']}), so what it says cannot be changed. Give a new "
            "listing another sku, or cancel its posting first."
        )


def get(connection: Connection, listing_id: int) -> RowMapping:
    row = connection.execute(select(listing).where(listing.c.id == listing_id)).mappings().first()
    if row is None:
        raise BadInput(f"there is no listing {listing_id}; workbench listings list shows the ids.")
    return row


def _live(connection: Connection, listing_id: int) -> RowMapping | None:
    """The posting of a listing that is on its way, at the site, or in doubt."""
    query = select(posting).where(posting.c.listing_id == listing_id, posting.c.state.not_in(_GONE))
    return connection.execute(query.order_by(posting.c.id.desc())).mappings().first()


# jobs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MadeJob:
    """`already`: listings that are posted, or on their way, and were not ordered again."""

    job_id: str
    listing_ids: tuple[int, ...]
    already: tuple[int, ...]


def make_job(
    ledger: Ledger,
    listing_ids: Sequence[int],
    *,
    accounts: Sequence[int] = (),
    end: str = "publish",
    settings: Mapping[str, Any] = MappingProxyType({}),
    params: Mapping[str, Any] = MappingProxyType({}),
) -> MadeJob:
    """One press of "post". `accounts`: only theirs, and who takes the listings that name none, in turn.

    `settings` of the form that are no content of a listing, such as its groups, go with every posting.
    """

    def change(connection: Connection) -> MadeJob:
        lock(connection)
        chosen, already = _choose(connection, listing_ids, accounts)
        if not chosen:
            raise Refused(_nothing_to_do(connection, already))
        at, job_id = now(), str(uuid.uuid4())
        new = {"id": job_id, "params": dict(params), "created_at": at, "execution_id": ledger.execution_id}
        connection.execute(insert(posting_job), new)
        for row, account_id in chosen:
            _queue(connection, job_id, {**row, "content": {**row["content"], **settings}}, account_id, end)
        facts = {"listings": [row["id"] for row, _ in chosen], "already": already, "end": end}
        ledger.append(connection, Event("posting_job", job_id, "started", facts=facts))
        return MadeJob(job_id, tuple(row["id"] for row, _ in chosen), tuple(already))

    try:
        return ledger.write(change)
    except IntegrityError as error:
        raise Refused("one of these listings says exactly what another one says that is being posted.") from error


def _choose(
    connection: Connection, listing_ids: Sequence[int], accounts: Sequence[int]
) -> tuple[list[tuple[RowMapping, int]], list[int]]:
    chosen, already, dealt = list[tuple[RowMapping, int]](), list[int](), 0
    for listing_id in dict.fromkeys(listing_ids):
        row = get(connection, listing_id)
        account_id = row["account_id"]
        if account_id is None and not accounts:
            raise BadInput(f"listing {listing_id} names no account; fill its cell, or choose with --account ID.")
        if account_id is None:
            account_id, dealt = accounts[dealt % len(accounts)], dealt + 1
        elif accounts and account_id not in accounts:
            continue
        _refuse_account(connection, account_id)
        if _live(connection, listing_id) is None:
            _refuse_twin(connection, row, account_id, [one for one, owner in chosen if owner == account_id])
            chosen.append((row, account_id))
        else:
            already.append(listing_id)
    return chosen, already


def _refuse_twin(connection: Connection, row: RowMapping, account_id: int, beside: Iterable[RowMapping]) -> None:
    """A sku is one listing on its account, whatever else was corrected since it was sent; also within one order."""
    if not row["sku"]:
        return
    for one in beside:
        if one["sku"] == row["sku"]:
            raise BadInput(f"listings {one['id']} and {row['id']} have the sku {row['sku']!r} both; post one of them.")
    twin = (
        select(listing.c.id, posting.c.state, posting.c.job_id)
        .join(posting, posting.c.listing_id == listing.c.id)
        .where(posting.c.account_id == account_id, posting.c.state.not_in(_GONE))
        .where(listing.c.sku == row["sku"], listing.c.id != row["id"])
    )
    live = connection.execute(twin).mappings().first()
    if live is not None:
        raise BadInput(
            f"listing {row['id']} has the sku {row['sku']!r} of listing {live['id']}, which is {live['state']} on "
            f"account {account_id} already (job {live['job_id']}). Give a new listing another sku, or cancel that "
            "posting first."
        )


def _refuse_account(connection: Connection, account_id: int) -> None:
    row = connection.execute(select(account).where(account.c.id == account_id)).mappings().first()
    if row is None or row["removed_at"] is not None or row["channel"] != "marketplace":
        raise BadInput(f"there is no account {account_id} for Marketplace; workbench accounts list shows them.")
    if not row["enabled"]:
        raise Refused(f"account {account_id} ({row['label']}) is switched off; workbench accounts resume {account_id}")


def _nothing_to_do(connection: Connection, already: Sequence[int]) -> str:
    if not already:
        return "no listing is of the chosen accounts; nothing was started."
    states = [(one, live) for one in already if (live := _live(connection, one))]
    said = ", ".join(f"listing {one} is {live['state']} (job {live['job_id'][:8]})" for one, live in states[:5])
    more = f" and {len(states) - 5} more" if len(states) > 5 else ""  # noqa: PLR2004 - as many as are listed
    return f"nothing is left to post: {said}{more}. workbench post status shows them; nothing was started twice."


def _queue(connection: Connection, job_id: str, row: Mapping[str, Any], account_id: int, end: str) -> None:
    if row["account_id"] is None:
        connection.execute(update(listing).where(listing.c.id == row["id"]).values(account_id=account_id))
    at = now()
    before = connection.execute(select(posting.c.retries).where(posting.c.listing_id == row["id"])).scalars().all()
    connection.execute(
        insert(posting),
        {
            "job_id": job_id, "listing_id": row["id"], "account_id": account_id,
            "content": row["content"], "content_sha": row["sha"], "token": new_token(), "end": end,
            "state": str(P.QUEUED), "state_at": at, "next_at": at, "created_at": at,
            "retries": max(before) + 1 if before else 0,
        },
    )  # fmt: skip


def new_token() -> str:
    """What finds this one posting again at the site, where the seller's SKU field is offered."""
    return "WB-" + "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(10))


def cancel_job(ledger: Ledger, job_id: str) -> int:
    """End a job after the listings that are being posted this moment; how many were taken out of it."""

    def change(connection: Connection) -> int:
        mine = posting.c.job_id == job_id
        asked = update(posting_job).where(posting_job.c.id == job_id, posting_job.c.cancelled_at.is_(None))
        if connection.execute(asked.values(cancelled_at=now())).rowcount == 0:
            return 0
        ledger.append(connection, Event("posting_job", job_id, "cancel_asked"))
        queued = select(posting).where(mine, posting.c.state == str(P.QUEUED)).with_for_update()
        rows = connection.execute(queued).mappings().all()
        free = [row for row in rows if not row["armed"] and not is_held(ledger, connection, row)]
        for row in free:
            _move(ledger, connection, row, P.CANCELED, "cancelled with its job")
        # Should it come back to the queue, it ends there instead of being sent.
        live = posting.c.state.in_([str(one) for one in POSTING_UNFINISHED])
        connection.execute(update(posting).where(mine, live).values(cancel_requested=True))
        return len(free)

    return ledger.write(change)


# what a person decides -------------------------------------------------------------------------------


def cancel(ledger: Ledger, posting_ids: Iterable[int]) -> int:
    """Take postings out of the queue; one that is being posted goes on. How many were taken out."""

    def change(connection: Connection) -> int:
        rows = [_held_row(ledger, connection, one) for one in posting_ids]
        waiting = [row for row in rows if row["state"] == P.QUEUED]
        for row in waiting:
            _move(ledger, connection, row, P.CANCELED, "cancelled")
        return len(waiting)

    return ledger.write(change)


def retry(ledger: Ledger, posting_ids: Iterable[int]) -> int:
    """Queue failed and cancelled postings again, with what their listings say now; how many.

    What waits for a person before anything was sent just goes on.
    """

    def change(connection: Connection) -> int:
        number = 0
        for posting_id in posting_ids:
            row = _held_row(ledger, connection, posting_id)
            number += 1
            if row["state"] in _GOES_ON and row["attention"] is not None and row["next_at"] is None:
                let_go_on(ledger, connection, "posting", row, reason=None, error_type=None)
                continue
            if row["state"] not in _GONE:
                raise BadInput(
                    f"listing {row['listing_id']} is {row['state']}; only what failed or was cancelled is tried again."
                )
            if (live := _live(connection, row["listing_id"])) is not None:
                raise BadInput(f"listing {row['listing_id']} is {live['state']} in job {live['job_id']} already.")
            said = get(connection, row["listing_id"])
            ordered = {name: row["content"][name] for name in _OF_THE_JOB if name in row["content"]}
            values = {
                "content": {**said["content"], **ordered}, "content_sha": said["sha"], "retries": row["retries"] + 1,
                "cancel_requested": False,
            }  # fmt: skip
            _move(ledger, connection, row, P.QUEUED, "tried again", values=values)
            connection.execute(update(posting_job).where(posting_job.c.id == row["job_id"]).values(cancelled_at=None))
        return number

    try:
        return ledger.write(change)
    except IntegrityError as error:
        raise BadInput("another listing says exactly the same and is being posted; nothing was done.") from error


def resolve(
    ledger: Ledger, posting_id: int, to: PostingState, reason: str, *, values: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Say what became of a click whose answer was lost; kept with who and when."""

    def change(connection: Connection) -> None:
        row = _held_row(ledger, connection, posting_id)
        is_asked = row["state"] == P.QUEUED and row["attention"] is not None and row["next_at"] is None
        if row["state"] not in POSTING_IN_DOUBT and not is_asked:
            raise BadInput(f"listing {row['listing_id']} is {row['state']}: nothing about it is in doubt.")
        if is_asked and to is P.QUEUED:
            let_go_on(ledger, connection, "posting", row, error_type=None, reason=reason)
            said = Event("posting", str(posting_id), "decided", row["state"], str(to), {"reason": reason})
            ledger.append(connection, said)
            return
        _move(ledger, connection, row, to, reason, what="decided", values=values)

    try:
        ledger.write(change)
    except IntegrityError as error:
        raise BadInput(f"{values.get('remote_id')} is another listing's already; nothing was done.") from error


def _held_row(ledger: Ledger, connection: Connection, posting_id: int) -> RowMapping:
    row = connection.execute(select(posting).where(posting.c.id == posting_id).with_for_update()).mappings().first()
    if row is None:
        raise BadInput(f"there is no posting {posting_id}; workbench post status shows them.")
    if is_held(ledger, connection, row):
        raise BadInput(f"listing {row['listing_id']} is being posted right now; try again in a moment.")
    return row


def _move(
    ledger: Ledger,
    connection: Connection,
    row: RowMapping,
    to: PostingState,
    reason: str,
    *,
    what: str = "moved",
    values: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    if row["armed"] and what != "decided":
        raise BadInput(f"listing {row['listing_id']} may be at the site already; a worker looks: workbench work")
    values = {"error_type": None, **values}
    move(ledger, connection, "posting", row, to, reason=reason, what=what, values=values)


# forgotten ----------------------------------------------------------------------------------------

TEXTS: Final[Texts] = {posting: ("reason",)}


def forget_account(connection: Connection, account_id: int) -> None:
    """Take where its listings are out of what was done at an account; what was done, and how it ended, stays."""
    mine = posting.c.account_id == account_id
    connection.execute(update(posting).where(mine).values(remote_url=None, screenshot=None))
