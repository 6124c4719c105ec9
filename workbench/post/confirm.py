"""submitted → posted | drafted: the site itself shows the listing. Looks are spaced, as after a lost answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.engine.flow import Move, Stay, Yielded
from workbench.errors import NeedsPerson
from workbench.post.matching import FoundListing, find
from workbench.post.model import Posting, PostingState
from workbench.post.tools import DRAFT, PostTools, for_person

if TYPE_CHECKING:
    from workbench.browser.account_page import AccountPage
    from workbench.post.selling_page import SellingPage


def look(posting: Posting, tools: PostTools) -> Iterator[Yielded]:
    with tools.visit(posting.account_id) as visit:
        found = looked_for(posting, tools, tools.selling_page(visit))
        if len(found) == 1:
            yield proved(posting, tools, visit, found[0])
        elif posting.looks < len(tools.look_gaps) and not found:
            yield Stay(after=tools.look_gaps[posting.looks], values={"looks": posting.looks + 1})
        else:
            seen = f"{len(found)} listings look like it" if found else "it is nowhere to be seen"
            raise for_person(posting, f"the site took the listing, and {seen}.")


def looked_for(posting: Posting, tools: PostTools, selling: SellingPage) -> list[FoundListing]:
    """Everything that may be ours; a list that only a person can read is for the person who decides."""
    try:
        return shown(posting, selling) or find(posting, tools.view.baseline(posting) or {}, selling)
    except NeedsPerson as error:
        raise for_person(posting, error.message) from error


def shown(posting: Posting, selling: SellingPage) -> list[FoundListing]:
    """By the id that the site answered with: its page is the best proof, and quicker than the whole list."""
    if posting.remote_id is None or posting.end == DRAFT:
        return []
    page = selling.listing(posting.remote_id, str(posting.content["title"]), posting.token)
    return [FoundListing(posting.remote_id, page.url, page.state)] if page else []


def proved(posting: Posting, tools: PostTools, visit: AccountPage, found: FoundListing) -> Move:
    drafted = found.state == DRAFT
    words = {"live": "live", "under_review": "the site reviews it", DRAFT: "kept at the site as a draft"}
    return Move(
        to=PostingState.DRAFTED if drafted else PostingState.POSTED,
        reason=words[found.state],
        values={
            "remote_id": found.remote_id, "remote_url": found.url, "remote_state": found.state,
            "posted_at": posting.armed_at or tools.now(), "screenshot": visit.shot("posted"), "error_type": None,
        },
    )  # fmt: skip
