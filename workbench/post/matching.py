"""Which of the account's listings is ours: new since the act, and with our token, or else with our title and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.engine.behind import WAITS
from workbench.post.model import Posting
from workbench.post.tools import PostTools, for_person

if TYPE_CHECKING:
    from workbench.browser.selling import ListingCard
    from workbench.browser.visit import Visit


@dataclass(frozen=True)
class FoundListing:
    remote_id: str
    url: str
    state: str  # live | under_review | draft


def find(posting: Posting, baseline: Mapping[str, Any], visit: Visit) -> list[FoundListing]:
    """Everything that may be ours. Raises where the list could not be read to its end."""
    from workbench.browser.selling import listed

    said = posting.content
    before = set(baseline.get("ids", ()))
    cards = [card for card in listed(visit, title=str(said["title"])) if card.remote_id not in before]
    if posting.remote_id is not None:
        ours = [card for card in cards if card.remote_id == posting.remote_id]
    else:
        ours = [card for card in cards if card.is_of(str(said["title"]), int(said["price"]))]
        if ours and (baseline.get("has_sku") or len(ours) > 1):
            ours = _by_token(posting, visit, ours)
    return [_found(posting, visit, one) for one in ours]


def already_there(posting: Posting, cards: list[ListingCard], tools: PostTools, visit: Visit) -> FoundListing | None:
    """What another copy of this ledger, or a later one, has posted of it already: by our token in the seller's field.

    A listing that says the same without a token that can be read is asked about, where the ledger may not know it.
    """
    said, known = posting.content, tools.elsewhere.known(posting.account_id)
    alike = [
        card
        for card in cards
        if card.remote_id not in known and card.is_of(str(said["title"]), int(said["price"]))
    ]  # fmt: skip
    doubt = tools.elsewhere.doubt(posting)
    marks = [posting.token, *(one.mark for one in tools.elsewhere.lost(posting) if one.mark)]
    ours = [card for card in alike if any(_shows(card, str(said["title"]), mark, visit) for mark in marks)]
    if len(ours) == 1:
        tools.elsewhere.found(posting, ours[0].remote_id)
        tools.elsewhere.compared(posting.account_id)
        return _found(posting, visit, ours[0])
    if ours or (alike and doubt is not None):
        names = ", ".join(card.remote_id for card in ours or alike)
        why = doubt or "it bears our token"
        raise for_person(posting, f"{WAITS}, as {why}, and the account shows the same already: {names}.")
    if doubt is not None and tools.elsewhere.lost(posting):
        raise for_person(posting, f"{WAITS}, as {doubt}, and the account's list does not show it.")
    tools.elsewhere.compared(posting.account_id)
    return None


def _shows(card: ListingCard, title: str, mark: str, visit: Visit) -> bool:
    """Whether the listing bears our mark, on its page or in the seller's form."""
    from workbench.browser.selling import has_token, page_of

    page = page_of(visit, card.remote_id, title, mark)
    return (page is not None and page.has_token) or bool(has_token(visit, card.remote_id, mark))


def _found(posting: Posting, visit: Visit, card: ListingCard) -> FoundListing:
    """A card may link to the seller's form alone, as a draft does: then the listing's own page tells."""
    from workbench.browser.selling import ADDRESS, page_of

    if ADDRESS.search(card.url):
        return FoundListing(card.remote_id, card.url, card.state)
    page = page_of(visit, card.remote_id, str(posting.content["title"]), posting.token)
    if page is None:
        return FoundListing(card.remote_id, visit.site.address(f"/marketplace/item/{card.remote_id}/"), card.state)
    return FoundListing(card.remote_id, page.url, page.state)


def _by_token(posting: Posting, visit: Visit, cards: list[ListingCard]) -> list[ListingCard]:
    """The seller alone sees the SKU: on the listing's page, or in its form. Where neither shows it, nothing speaks
    against a new listing with our title and price.
    """
    from workbench.browser.selling import has_token, page_of

    title = str(posting.content["title"])
    ours, silent = [], []
    for card in cards:
        page = page_of(visit, card.remote_id, title, posting.token)
        told = (page is not None and page.has_token) or has_token(visit, card.remote_id, posting.token)
        if told:
            ours.append(card)
        elif told is None:
            silent.append(card)
    return ours or silent
