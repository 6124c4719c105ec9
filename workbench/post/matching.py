"""Which of the account's listings is ours: new since the act, and with our token, or else with our title and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.ledger.records import Posting

if TYPE_CHECKING:
    from workbench.browser.selling import Card
    from workbench.browser.visit import Visit


@dataclass(frozen=True)
class Found:
    remote_id: str
    url: str
    state: str  # live | under_review | draft


def find(posting: Posting, baseline: Mapping[str, Any], visit: Visit) -> list[Found]:
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


def _found(posting: Posting, visit: Visit, card: Card) -> Found:
    """A card may link to the seller's form alone, as a draft does: then the listing's own page tells."""
    from workbench.browser.selling import ADDRESS, page_of

    if ADDRESS.search(card.url):
        return Found(card.remote_id, card.url, card.state)
    page = page_of(visit, card.remote_id, str(posting.content["title"]), posting.token)
    if page is None:
        return Found(card.remote_id, visit.site.address(f"/marketplace/item/{card.remote_id}/"), card.state)
    return Found(card.remote_id, page.url, page.state)


def _by_token(posting: Posting, visit: Visit, cards: list[Card]) -> list[Card]:
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
