"""Which of the account's listings is ours: new since the act, and with our token, or else with our title and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.engine.behind import WAITS
from workbench.post.model import Posting
from workbench.post.site_listings import ListingCard, listing_id_in
from workbench.post.tools import PostTools, for_person

if TYPE_CHECKING:
    from workbench.post.selling_page import SellingPage


@dataclass(frozen=True)
class FoundListing:
    remote_id: str
    url: str
    state: str  # live | under_review | draft


def find(posting: Posting, baseline: Mapping[str, Any], selling: SellingPage) -> list[FoundListing]:
    """Everything that may be ours. Raises where the list could not be read to its end."""
    said = posting.content
    before = set(baseline.get("ids", ()))
    cards = [card for card in selling.cards(title=str(said["title"])) if card.remote_id not in before]
    if posting.remote_id is not None:
        ours = [card for card in cards if card.remote_id == posting.remote_id]
    else:
        ours = [card for card in cards if card.is_of(str(said["title"]), int(said["price"]))]
        if ours and (baseline.get("has_sku") or len(ours) > 1):
            ours = _by_token(posting, selling, ours)
    return [_found(posting, selling, one) for one in ours]


def already_there(
    posting: Posting, cards: list[ListingCard], tools: PostTools, selling: SellingPage
) -> FoundListing | None:
    """What another copy of this ledger, or a later one, has posted of it already: by our token in the seller's field.

    A listing that says the same without a token that can be read is asked about, where the ledger may not know it.
    """
    said, known = posting.content, tools.acts.known(posting.account_id)
    alike = [
        card
        for card in cards
        if card.remote_id not in known and card.is_of(str(said["title"]), int(said["price"]))
    ]  # fmt: skip
    doubt = tools.acts.doubt(posting)
    marks = [posting.token, *(one.mark for one in tools.acts.lost(posting) if one.mark)]
    ours = [card for card in alike if any(_shows(card, str(said["title"]), mark, selling) for mark in marks)]
    if len(ours) == 1:
        tools.acts.found(posting, ours[0].remote_id)
        tools.acts.compared(posting.account_id)
        return _found(posting, selling, ours[0])
    if ours or (alike and doubt is not None):
        names = ", ".join(card.remote_id for card in ours or alike)
        why = doubt or "it bears our token"
        raise for_person(posting, f"{WAITS}, as {why}, and the account shows the same already: {names}.")
    if doubt is not None and tools.acts.lost(posting):
        raise for_person(posting, f"{WAITS}, as {doubt}, and the account's list does not show it.")
    tools.acts.compared(posting.account_id)
    return None


def _shows(card: ListingCard, title: str, mark: str, selling: SellingPage) -> bool:
    """Whether the listing bears our mark, on its page or in the seller's form."""
    page = selling.listing(card.remote_id, title, mark)
    return (page is not None and page.has_token) or bool(selling.has_token(card.remote_id, mark))


def _found(posting: Posting, selling: SellingPage, card: ListingCard) -> FoundListing:
    """A card may link to the seller's form alone, as a draft does: then the listing's own page tells."""
    if listing_id_in(card.url):
        return FoundListing(card.remote_id, card.url, card.state)
    page = selling.listing(card.remote_id, str(posting.content["title"]), posting.token)
    if page is None:
        return FoundListing(card.remote_id, selling.address_of(card.remote_id), card.state)
    return FoundListing(card.remote_id, page.url, page.state)


def _by_token(posting: Posting, selling: SellingPage, cards: list[ListingCard]) -> list[ListingCard]:
    """The seller alone sees the SKU: on the listing's page, or in its form. Where neither shows it, nothing speaks
    against a new listing with our title and price.
    """
    title = str(posting.content["title"])
    ours, silent = [], []
    for card in cards:
        page = selling.listing(card.remote_id, title, posting.token)
        told = (page is not None and page.has_token) or selling.has_token(card.remote_id, posting.token)
        if told:
            ours.append(card)
        elif told is None:
            silent.append(card)
    return ours or silent
