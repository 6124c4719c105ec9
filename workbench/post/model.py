"""Listings: what one says, its way to an account, and the states of that way with what each means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from workbench.engine.item import Attention, Item, Kind, State, StateInfo, register
from workbench.files import canonical


class PostingState(State):
    """Of one listing on its way to one account."""

    QUEUED = "queued", StateInfo(
        means="It waits for a worker; nothing was sent.", word="pending", goes_on=True, exit=4,
        to="submitted posted drafted failed unsure canceled quarantined",
    )  # fmt: skip
    SUBMITTED = "submitted", StateInfo(
        means="The site took it and gave its id.", word="posting", goes_on=True, exit=4,
        to="posted drafted failed unsure quarantined",
    )  # fmt: skip
    POSTED = (
        "posted",
        StateInfo(means="It is live, or under the site's review.", word="posted", is_good=True, is_over=True),
    )
    DRAFTED = (
        "drafted",
        StateInfo(means="It is kept at the site as a draft, as was asked.", word="posted", is_good=True, is_over=True),
    )
    FAILED = "failed", StateInfo(
        means="It was refused: by our check, by a field's error, by the site.", word="failed", is_bad=True,
        is_over=True, exit=1, to="queued canceled",
    )  # fmt: skip
    UNSURE = "unsure", StateInfo(
        means="The answer to the click was lost: it may be live.", word="posting", goes_on=True, exit=4,
        to="posted drafted submitted queued failed canceled quarantined",
    )  # fmt: skip
    CANCELED = "canceled", StateInfo(means="A person cancelled it.", word="failed", is_over=True, exit=1, to="queued")
    QUARANTINED = "quarantined", StateInfo(
        means="It crashed or surprised us; a person looks at its story.", word="failed", is_bad=True, exit=3,
        to="queued submitted unsure posted failed canceled",
    )  # fmt: skip


POSTING_UNFINISHED: Final = PostingState.having("goes_on")
POSTING_GOOD: Final = PostingState.having("is_good")
POSTING_GONE: Final = frozenset(
    {PostingState.FAILED, PostingState.CANCELED}
)  # the same listing may be posted once more
# Where a person may say what became of the click.
POSTING_IN_DOUBT: Final = frozenset({PostingState.UNSURE, PostingState.SUBMITTED, PostingState.QUARANTINED})


def posting_roll_up(states: Iterable[PostingState], *, is_begun: bool, is_cancelled: bool) -> str:
    """The status of a posting job from its postings' states, in the team's words."""
    seen = set(states)
    if seen & POSTING_UNFINISHED:
        return "running" if is_begun or seen - {PostingState.QUEUED} else "queued"
    if is_cancelled:
        return "cancelled"
    return "completed" if seen & POSTING_GOOD or not seen else "failed"


_BAD: Final = frozenset(PostingState) - POSTING_UNFINISHED - POSTING_GOOD


def posting_told(items: Sequence[Mapping[str, Any]], *, is_cancelled: bool) -> dict[str, Any]:
    """How a posting job stands, by its listings as they are told: never a counter of its own."""
    states = [PostingState(one["state"]) for one in items]
    done, failed = (sum(state in each for state in states) for each in (POSTING_GOOD, _BAD))
    begun = [one["begun_at"] for one in items if one["begun_at"]]
    status = posting_roll_up(states, is_begun=bool(begun), is_cancelled=is_cancelled)
    current = next((one for one in items if one["is_worked"]), None)
    is_over = not any(state in POSTING_UNFINISHED for state in states)
    waits = {one["attention"] for one in items}
    heaviest = (Attention.REVIEW, Attention.PERSON, Attention.RECONCILE)
    return {
        "status": status,
        "total_posts": len(items),
        "completed_posts": done,
        "failed_posts": failed,
        "current_post_id": current and current["listing_id"],
        "current_post_title": current and current["title"],
        "started_at": min(begun, default=None),
        "completed_at": max((one["changed_at"] for one in items), default=None) if is_over else None,
        "progress_percentage": round(100 * done / len(items), 1) if items else 0.0,
        "error_message": _why(items) if status == "failed" else None,
        "attention": next((str(one) for one in heaviest if one in waits), None),
    }


def _why(items: Iterable[Mapping[str, Any]]) -> str | None:
    return next((one["error_message"] for one in items if one["error_message"]), None)


@dataclass(frozen=True, kw_only=True)
class Posting(Item):
    """One listing on its way to one account; the content is as it was when the job was made."""

    state: PostingState
    job_id: str
    listing_id: int
    account_id: int
    content: Mapping[str, Any]
    content_sha: str
    token: str  # ours, for the seller's SKU field
    end: str = "publish"  # or draft
    remote_id: str | None = None
    remote_url: str | None = None
    remote_state: str | None = None  # live | under_review | draft
    posted_at: datetime | None = None
    screenshot: str | None = None
    retries: int = 0
    error_type: str | None = None

    @property
    def act_key(self) -> str:
        return self.content_sha

    @property
    def act_mark(self) -> str:
        return self.token


register(
    Kind(
        name="posting",
        record=Posting,
        states=PostingState,
        sent=PostingState.QUEUED,
        facts=("remote_id", "remote_url", "remote_state"),
    )
)


@dataclass(frozen=True, kw_only=True)
class NewListing:
    """What to post; `sha` names the content, whoever posts it."""

    account_id: int | None
    content: Mapping[str, Any]  # title, price, category, condition, description, location, sku, photos (path, sha256)
    sha: str
    sku: str | None = None


@dataclass(frozen=True)
class ListingField:
    """One thing that a listing says. Sheet, form, command line, JSON, page and identity take it from here."""

    name: str
    is_needed: bool = True
    is_content: bool = True  # what is posted, whoever posts it
    since: int = 1  # the version of the identity that it came with; a new field takes the next number


LISTING_FIELDS: Final = (
    ListingField("title"),
    ListingField("price"),
    ListingField("category"),
    ListingField("condition"),
    ListingField("description"),
    ListingField("location"),
    ListingField("photos"),
    ListingField("account", is_needed=False, is_content=False),
    ListingField("sku", is_needed=False),
)


LISTING_CONTENT: Final = tuple(one.name for one in LISTING_FIELDS if one.is_content)


def listing_identity(said: Mapping[str, Any]) -> str:
    """Names what a listing says; a photo is its bytes, so the same one in another folder is no other listing.

    The fields of the first version always count. A later one counts where it says something: a listing that does not
    use it is the listing that it was, and is not posted again.
    """
    photos = [one["sha256"] for one in said["photos"]]
    counted = {
        one.name: said.get(one.name)
        for one in LISTING_FIELDS
        if one.is_content and (one.since == 1 or said.get(one.name) not in (None, "", [], (), {}, False))
    }
    return hashlib.sha256(canonical({**counted, "photos": photos}).encode()).hexdigest()
