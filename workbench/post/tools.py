"""What the steps of post work with, and the listing as the form of the site wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from workbench.engine.behind import LostAct
from workbench.errors import Fault, LaneWaits, NeedsPerson, Permanent
from workbench.files import sha256_of
from workbench.post.known import Known
from workbench.post.model import Posting

if TYPE_CHECKING:  # playwright costs every command a tenth of a second
    from workbench.browser.marketplace import ItemContent
    from workbench.browser.visit import Visit

DRAFT: Final = "draft"


class PostView(Protocol):
    """What a step of post may ask the ledger."""

    def baseline(self, one: Posting) -> Mapping[str, Any] | None: ...  # what was at the site before its act
    def remote_ids(self, account_id: int) -> set[str]: ...  # listings at the site that came from here


class OtherSideOfPosting(Protocol):
    """What the ledger may not know of an account, because it is older than the world."""

    def known(self, account_id: int) -> frozenset[str]: ...  # ids at the site of everything in the ledger
    def lost(self, item: Posting) -> list[LostAct]: ...
    def doubt(self, item: Posting) -> str | None: ...
    def found(self, item: Posting, remote_id: str) -> None: ...
    def compared(self, account_id: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class PostTools:
    visit: Callable[[int], AbstractContextManager[Visit]]
    view: PostView
    home: Path  # what kept paths of photos are relative to
    form: Known
    now: Callable[[], datetime]
    may_act_from: Callable[[int], datetime | None]  # the owner's daily cap and quiet hours of an account
    look_gaps: tuple[timedelta, ...]  # between looks for a listing whose answer was lost
    elsewhere: OtherSideOfPosting
    patience: timedelta  # how long the site may take to answer the click


def item_of(posting: Posting, tools: PostTools) -> ItemContent:
    """What the form is to say; Permanent where a photo is gone, or is no longer the one that was checked."""
    from workbench.browser.marketplace import ItemContent

    said = posting.content
    category = tools.form.category(str(said["category"]))
    return ItemContent(
        title=said["title"],
        price=said["price"],
        category=category.name,
        heading=category.heading,
        condition=said["condition"],
        description=said["description"],
        location=said["location"],
        photos=tuple(_photo(tools.home / one["path"], one["sha256"]) for one in said["photos"]),
        sku=f"{said['sku']} {posting.token}" if said.get("sku") else posting.token,
        hide_from_friends=bool(said.get("hide_from_friends")),
        groups=frozenset(said.get("groups") or ()),
    )


def _photo(path: Path, sha256: str) -> Path:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise Permanent(
            f"the photo {path} is gone ({error.strerror}). Put it back, then: workbench post retry",
            fault=Fault(kind="file_missing"),
        ) from error
    if found != sha256:
        raise Permanent(
            f"the photo {path} is another picture than when the listing was checked. Import the listing again.",
            fault=Fault(kind="file_changed"),
        )
    return path


def wait_for_pace(posting: Posting, tools: PostTools) -> None:
    """The owner's daily cap and quiet hours: no trouble of a page, so without a fault."""
    until = tools.may_act_from(posting.account_id)
    if until is not None:
        raise LaneWaits(
            f"the daily cap or the quiet hours of account {posting.account_id}; it goes on at "
            f"{until:%Y-%m-%d %H:%M} UTC.",
            retry_after=until - tools.now(),
        )


def for_person(posting: Posting, why: str) -> NeedsPerson:
    """Nobody but a person can say what became of the click."""
    return NeedsPerson(
        f"{why} Look into Your listings by hand, then: workbench post resolve {posting.listing_id} --adopt ID, "
        "--absent or --abandon",
        fault=Fault(kind="uncertain_submit", certain=False),
    )
