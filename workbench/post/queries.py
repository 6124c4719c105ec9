"""How listings, posting jobs and their errors stand: questions, and the tables that views are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, case, func, select

from workbench.db.columns import TableRows, by_column
from workbench.db.ledger import Ledger
from workbench.db.schema import account, act, error_log, event, listing, posting, posting_job
from workbench.engine.item import Attention
from workbench.engine.stuck import is_stuck
from workbench.errors import FAULTS, BadInput
from workbench.feature import Effect
from workbench.post.model import LISTING_CONTENT, POSTING_GONE, Posting, PostingState, posting_told

P = PostingState

_AT_PAGES: Final = frozenset({P.QUEUED, P.SUBMITTED, P.UNSURE})  # what a paused account holds up
_FAILED: Final = frozenset({P.FAILED, P.UNSURE, P.QUARANTINED})
_OF_POSTING: Final = (
    "job_id", "state", "attention", "reason", "error_type", "retries", "remote_id", "remote_url", "remote_state",
    "posted_at", "screenshot", "lease_owner", "next_at", "state_at", "progress_text", "progress_at", "begun_at", "end",
    "armed",
)  # fmt: skip


def listings(
    ledger: Ledger, *, listing_ids: Iterable[int] | None = None, job_id: str | None = None
) -> list[dict[str, Any]]:
    """Listings with their newest posting (of the job, where one is named), as the team reads them."""
    with ledger.read() as connection:
        rows = _listings(connection, listing_ids=listing_ids, job_id=job_id)
    return [_listing(row, is_of_job=job_id is not None) for row in rows]


def _listings(
    connection: Connection,
    *,
    listing_ids: Iterable[int] | None = None,
    job_id: str | None = None,
    of_each_job: bool = False,
) -> Sequence[RowMapping]:
    """With the newest posting of each; of each job, where it is asked, so that one may come several times."""
    newest = select(func.max(posting.c.id)).group_by(posting.c.listing_id, *([posting.c.job_id] if of_each_job else []))
    is_outer = job_id is None and not of_each_job  # what was never ordered too
    if job_id is not None:
        newest = newest.where(posting.c.job_id == job_id)
    query = (
        select(
            listing.c.id.label("listing_id"), listing.c.account_id, listing.c.content, posting.c.id.label("posting_id"),
            posting.c.content.label("posted_content"), account.c.label.label("account"), account.c.paused_kind,
            account.c.paused_reason, account.c.wait_reason, account.c.not_before,
            *(posting.c[name] for name in _OF_POSTING),
        )
        .join(posting, (posting.c.listing_id == listing.c.id) & posting.c.id.in_(newest), isouter=is_outer)
        .join(account, listing.c.account_id == account.c.id, isouter=True)
        .order_by(listing.c.id)
    )  # fmt: skip
    if listing_ids is not None:
        query = query.where(listing.c.id.in_(list(listing_ids)))
    return connection.execute(query).mappings().all()


def _listing(row: RowMapping, *, is_of_job: bool = False) -> dict[str, Any]:
    """What it says: of a job as it was sent, else as it would be sent now, where nothing of it is on its way."""
    state = None if row["state"] is None else P(row["state"])
    is_as_sent = state is not None and (is_of_job or state not in POSTING_GONE)
    content = row["posted_content"] if is_as_sent else row["content"]
    is_held_up = state in _AT_PAGES and row["paused_kind"] is not None
    kind = row["paused_kind"] if is_held_up else row["error_type"]
    failed = state in _FAILED or kind is not None or row["attention"] is not None
    return {
        "listing_id": row["listing_id"],
        "account_id": row["account_id"],
        "account": row["account"],
        **{name: content.get(name) for name in LISTING_CONTENT},
        "status": _status(state, row),
        "state": None if state is None else str(state),
        "attention": str(Attention.PERSON) if is_held_up else row["attention"],
        "error_type": FAULTS[kind].error_type if kind in FAULTS else None,
        "error_class": kind,
        "error_message": (row["paused_reason"] if is_held_up else row["reason"]) if failed else None,
        "retry_count": row["retries"] or 0,
        "posting_id": row["posting_id"],
        **{name: row[name] for name in ("job_id", "remote_id", "remote_url", "remote_state", "posted_at")},
        "screenshot": row["screenshot"],
        "is_due": row["next_at"] is not None and not is_held_up,
        "next_at": row["next_at"],
        "not_before": row["not_before"],
        "wait_reason": row["wait_reason"],
        "is_worked": row["lease_owner"] is not None,
        "doing": row["progress_text"],
        "state_at": row["state_at"],
        "changed_at": max((one for one in (row["state_at"], row["progress_at"]) if one), default=None),
        "begun_at": row["begun_at"],
    }  # fmt: skip


def _status(state: PostingState | None, row: RowMapping) -> str:
    if state is None:
        return "pending"
    if state is P.QUEUED and row["lease_owner"] is not None:
        return "posting"
    return state.info.word


def jobs(ledger: Ledger, job_id: str | None = None) -> list[dict[str, Any]]:
    """Posting jobs, newest first, each with its listings."""
    query = select(posting_job).order_by(posting_job.c.created_at.desc(), posting_job.c.id)
    if job_id is not None:
        query = query.where(posting_job.c.id == job_id)
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
        found = _by_job(_listings(connection, job_id=job_id, of_each_job=True))
        return [{**row, "items": found.get(row["id"], [])} for row in rows]


def job_list(ledger: Ledger, limit: int) -> list[dict[str, Any]]:
    """The newest jobs, each with how many listings are in it and how many of them may still move by themselves."""
    moves = func.count(case((posting.c.next_at.is_not(None) | posting.c.lease_owner.is_not(None), 1)))
    query = (
        select(
            posting_job.c.id.label("job_id"), posting_job.c.created_at, func.count(posting.c.id).label("listings"),
            moves.label("moving"),
        )
        .join(posting, posting.c.job_id == posting_job.c.id)
        .group_by(posting_job.c.id, posting_job.c.created_at)
        .order_by(posting_job.c.created_at.desc())
        .limit(limit)
    )  # fmt: skip
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def last_change(ledger: Ledger) -> tuple[Any, ...]:
    """Differs as soon as a listing was added or changed, or its posting went on."""
    edited = select(func.max(event.c.seq)).where(event.c.item_kind == "listing")
    query = select(
        select(func.count(listing.c.id)).scalar_subquery(), edited.scalar_subquery(), func.count(posting.c.id),
        func.max(posting.c.state_at), func.count(posting.c.lease_owner), func.count(posting.c.attention),
        func.sum(posting.c.retries),
    )  # fmt: skip
    with ledger.read() as connection:
        return tuple(connection.execute(query).one())


def trouble(ledger: Ledger, posting_ids: Sequence[int]) -> dict[int, str]:
    """The picture of the newest trouble of each of these, below data/; of those without one nothing."""
    newest = (
        select(func.max(error_log.c.id))
        .where(
            error_log.c.item_kind == "posting", error_log.c.item_id.in_(posting_ids), error_log.c.evidence.is_not(None)
        )
        .group_by(error_log.c.item_id)
    )
    with ledger.read() as connection:
        rows = connection.execute(select(error_log.c.item_id, error_log.c.evidence).where(error_log.c.id.in_(newest)))
        return {int(row.item_id): f"{row.evidence}/screen.png" for row in rows}


def effects_of(ledger: Ledger, execution_id: str) -> list[Effect]:
    """Listings of posting jobs that the execution ordered."""
    query = (
        select(posting)
        .join(posting_job, posting.c.job_id == posting_job.c.id)
        .where(posting_job.c.execution_id == execution_id)
        .order_by(posting.c.id)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return [
        Effect(
            kind="posting",
            id=one.remote_id or str(one.listing_id),
            what=f"{'posted' if one.posted_at else 'ordered the posting of'} {one.content.get('title')}",
            state=one.state,
            url=one.remote_url,
            evidence=one.screenshot,
        )
        for one in rows
    ]


def _by_job(rows: Iterable[RowMapping]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["job_id"], []).append(_listing(row, is_of_job=True))
    return found


def find_job(ledger: Ledger, text: str | None) -> str:
    """The id of the posting job that begins with `text`; the newest one without."""
    query = select(posting_job.c.id).order_by(posting_job.c.created_at.desc()).limit(2)
    if text:
        query = query.where(posting_job.c.id.startswith(text, autoescape=True))
    with ledger.read() as connection:
        found = connection.execute(query).scalars().all()
    if not found:
        raise BadInput(
            f"no posting job begins with {text!r}; workbench post status shows them."
            if text
            else "nothing was posted yet; workbench post run --listings FILE --live posts."
        )
    if text and len(found) > 1:
        raise BadInput(f"several posting jobs begin with {text!r}; give more of its id.")
    return str(found[0])


def latest_posting(ledger: Ledger, listing_id: int) -> RowMapping:
    query = select(posting).where(posting.c.listing_id == listing_id).order_by(posting.c.id.desc()).limit(1)
    with ledger.read() as connection:
        found = connection.execute(query).mappings().first()
    if found is None:
        raise BadInput(f"listing {listing_id} was never ordered to be posted; workbench post status shows what was.")
    return found


def waiting(ledger: Ledger) -> list[dict[str, Any]]:
    """Postings that do not move by themselves or are long in doubt, apart from those whose whole account waits."""
    waits = posting.c.attention.is_not(None) & posting.c.next_at.is_(None)
    waits |= is_stuck(posting, (P.SUBMITTED, P.UNSURE))
    names = ("id", "listing_id", "state", "attention", "reason", "error_type", "job_id")
    query = select(*(posting.c[name] for name in names)).where(waits).order_by(posting.c.id)
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


# errors ----------------------------------------------------------------------------------------------


def error_logs(
    ledger: Ledger,
    *,
    listing_id: int | None = None,
    account_id: int | None = None,
    error_type: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = 50,
) -> list[dict[str, Any]]:
    """Trouble with listings, newest first. `error_type`: one of the six words, or a class."""
    query = _errors()
    if listing_id is not None:
        query = query.where(posting.c.listing_id == listing_id)
    if account_id is not None:
        query = query.where(error_log.c.account_id == account_id)
    if error_type is not None:
        _refuse_type(error_type)
        query = query.where((error_log.c.error_type == error_type) | (error_log.c.error_class == error_type))
    if since is not None:
        query = query.where(error_log.c.created_at >= since)
    if until is not None:
        query = query.where(error_log.c.created_at < until)
    with ledger.read() as connection:
        rows = connection.execute(query.order_by(error_log.c.id.desc()).limit(limit)).mappings().all()
    return [_error(row) for row in rows]


def _refuse_type(error_type: str) -> None:
    known = sorted({*FAULTS, *(one.error_type for one in FAULTS.values())})
    if error_type not in known:
        raise BadInput(f"there is no type of error {error_type!r}; give one of {', '.join(known)}.")


def _errors() -> Select[Any]:
    return (
        select(error_log, posting.c.listing_id, posting.c.content, posting.c.job_id)
        .join(posting, posting.c.id == error_log.c.item_id)
        .where(error_log.c.item_kind == "posting")
    )


_OF_ERROR: Final = (
    "account_id", "error_type", "error_class", "certain", "retryable", "needs_person", "stack_trace", "evidence",
    "created_at",
)  # fmt: skip


def _error(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "post": row["listing_id"],
        "post_title": row["content"].get("title"),
        "job_id": row["job_id"],
        "error_message": row["message"],
        "screenshot": None if row["evidence"] is None else f"{row['evidence']}/screen.png",
        **{name: row[name] for name in _OF_ERROR},
    }


# tables that views are made of -----------------------------------------------------------------------

_VIEW: Final = {
    "listing_id": "int", "account_id": "int", "title": "text", "price": "int", "category": "text",
    "condition": "text", "status": "text", "state": "text", "attention": "text", "error_type": "text",
    "error_class": "text", "error_message": "text", "retry_count": "int", "remote_id": "text", "remote_url": "text",
    "posted_at": "time", "remote_state": "text", "account": "text", "location": "text", "sku": "text",
    "job_id": "text", "screenshot": "text",
}  # fmt: skip
_ERRORS: Final = {
    "id": "int", "listing_id": "int", "title": "text", "job_id": "text", "account_id": "int", "error_type": "text",
    "error_class": "text", "error_message": "text", "certain": "bool", "retryable": "bool", "needs_person": "bool",
    "stack_trace": "text", "screenshot": "text", "evidence": "text", "created_at": "time",
}  # fmt: skip
_JOBS: Final = {
    "job_id": "text", "status": "text", "total_posts": "int", "completed_posts": "int", "failed_posts": "int",
    "current_post_id": "int", "current_post_title": "text", "progress_percentage": "float", "attention": "text",
    "error_message": "text", "params": "json", "created_at": "time", "started_at": "time", "completed_at": "time",
    "cancelled_at": "time",
}  # fmt: skip


def view_tables(connection: Connection) -> dict[str, TableRows]:
    """`listings`, `posting_jobs` and `error_logs`, column by column."""
    errors = connection.execute(_errors().order_by(error_log.c.id)).mappings().all()
    told = [{**_error(row), "listing_id": row["listing_id"], "title": row["content"].get("title")} for row in errors]
    return {
        "listings": by_column([_listing(row) for row in _listings(connection)], _VIEW),
        "posting_jobs": by_column(_job_rows(connection), _JOBS),
        "error_logs": by_column(told, _ERRORS),
    }


def _job_rows(connection: Connection) -> list[dict[str, Any]]:
    found = _by_job(_listings(connection, of_each_job=True))
    rows = connection.execute(select(posting_job).order_by(posting_job.c.created_at)).mappings().all()
    return [_job_row(row, found.get(row["id"], [])) for row in rows]


def _job_row(row: RowMapping, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = posting_told(items, is_cancelled=row["cancelled_at"] is not None)
    return {"job_id": row["id"], **told, **{name: row[name] for name in ("params", "created_at", "cancelled_at")}}


class PostingQueries:
    """What a step may ask (`tools.PostView`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def baseline(self, one: Posting) -> Mapping[str, Any] | None:
        """What was at the site before the act of `one`; None where no act of it is open."""
        with self._ledger.read() as connection:
            return connection.execute(select(act.c.baseline).where(act.c.id == one.act_id)).scalar_one_or_none()

    def remote_ids(self, account_id: int) -> set[str]:
        """The listings of the account at the site that were put there, or adopted, from here."""
        query = select(posting.c.remote_id).where(posting.c.account_id == account_id, posting.c.remote_id.is_not(None))
        with self._ledger.read() as connection:
            return set(connection.execute(query).scalars())
