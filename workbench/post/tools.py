"""What the steps of post work with, and the listing as the form of the site wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from workbench.engine.behind import LostAct
from workbench.errors import AccountWaits, Fault, NeedsPerson, Permanent
from workbench.files import sha256_of
from workbench.post.known import Known
from workbench.post.model import LISTING_CONTENT, Posting

if TYPE_CHECKING:  # Playwright costs every command a tenth of a second
    from workbench.browser.account_page import AccountPage
    from workbench.post.pages import ItemForm
    from workbench.post.selling_page import SellingPage

DRAFT: Final = "draft"


class PostView(Protocol):
    """What a step of post may ask the ledger."""

    def baseline(self, one: Posting) -> Mapping[str, Any] | None: ...  # what was at the site before its act
    def remote_ids(self, account_id: int) -> set[str]: ...  # listings at the site that came from here


class PostingActs(Protocol):
    """What the ledger may not know of an account, because it is older than the world."""

    def known(self, account_id: int) -> frozenset[str]: ...  # ids at the site of everything in the ledger
    def lost(self, item: Posting) -> list[LostAct]: ...
    def doubt(self, item: Posting) -> str | None: ...
    def found(self, item: Posting, remote_id: str) -> None: ...
    def compared(self, account_id: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class ItemContent:
    """What the item form is to say."""

    texts: Mapping[str, str]  # by the name of the field, in the order in which they are filled; none is empty
    heading: str  # above the category, where the menu is a hierarchy
    photos: tuple[Path, ...]
    hide_from_friends: bool = False
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class PostTools:
    visit: Callable[[int], AbstractContextManager[AccountPage]]
    item_form: Callable[[AccountPage, ItemContent], ItemForm]
    selling_page: Callable[[AccountPage], SellingPage]
    view: PostView
    home: Path  # what kept paths of photos are relative to
    form: Known
    now: Callable[[], datetime]
    may_act_from: Callable[[int], datetime | None]  # the owner's daily cap and quiet hours of an account
    look_gaps: tuple[timedelta, ...]  # between looks for a listing whose answer was lost
    acts: PostingActs
    patience: timedelta  # how long the site may take to answer the click


def item_of(posting: Posting, tools: PostTools) -> ItemContent:
    """What the form is to say; Permanent where a photo is gone, or is no longer the one that was checked."""
    said = posting.content
    category = tools.form.category(str(said["category"]))
    names = (name for name in LISTING_CONTENT if name not in {"photos", "location"} and said.get(name) is not None)
    texts = {
        **{name: str(said[name]) for name in names},
        "category": category.name,
        "sku": f"{said['sku']} {posting.token}" if said.get("sku") else posting.token,
        "location": str(said["location"]),
    }
    return ItemContent(
        texts={name: text for name, text in texts.items() if text},
        heading=category.heading,
        photos=tuple(_photo(tools.home / one["path"], one["sha256"]) for one in said["photos"]),
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
        raise AccountWaits(
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
