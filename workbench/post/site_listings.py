"""Listings as Marketplace shows them: their addresses, their cards in Your listings, their own pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from workbench.browser.page_text import digits, folded

_ADDRESS: Final = re.compile(r"/(?:marketplace/item|commerce/listing)/(\d+)")
UNDER_REVIEW: Final = re.compile(r"\b(?:in|under) review\b|\bbeing reviewed\b|\bpending review\b", re.IGNORECASE)
_DRAFT: Final = re.compile(r"(?:^|·)\s*draft\s*(?:·|$)", re.IGNORECASE | re.MULTILINE)


def item_path(remote_id: str) -> str:
    """The path of a public listing's page."""
    return f"/marketplace/item/{remote_id}/"


def listing_id_in(address: str) -> str | None:
    """The id in the address of a listing, public or under review; None for one of something else."""
    found = _ADDRESS.search(address)
    return found[1] if found else None


@dataclass(frozen=True)
class SeenListing:
    """What a listing's own page shows of it."""

    url: str
    state: str  # live | under_review
    has_token: bool


@dataclass(frozen=True)
class ListingCard:
    """One listing as "Your listings" shows it."""

    remote_id: str
    url: str
    text: str

    def is_of(self, title: str, price: int) -> bool:
        """Title and price each stand there as a line of their own, or together in one."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        has_price = any(_is_price(line, price) for line in lines)
        has_title = any(folded(line) == folded(title) for line in lines)
        return (has_price and has_title) or any(_is_both(line, title, price) for line in lines)

    def is_called(self, title: str) -> bool:
        """The title stands there, whatever the price beside it."""
        name, amount = re.escape(folded(title)), r"(?:[^\w\s]{0,3}\s?\d[\d.,]*|free)(?![\w.,])"
        between = r"[^\w$€£¥]*"
        whole = rf"{name}|{name}{between}{amount}.*|{amount}{between}{name}(?:\W.*)?"
        return any(re.fullmatch(whole, folded(line)) for line in self.text.splitlines())

    @property
    def state(self) -> str:
        if _DRAFT.search(self.text) or "listing_id=" in self.url:
            return "draft"
        return "under_review" if UNDER_REVIEW.search(self.text) or "/commerce/listing/" in self.url else "live"


def _is_price(line: str, price: int) -> bool:
    """As "$1,200" or "Free", also in front of more words: "$1,200 · Springfield"."""
    first = line.partition("·")[0].strip()
    if first.casefold() == "free":
        return price == 0
    return bool(re.fullmatch(r"[^\w\s]{0,3}\s?\d[\d.,\s]*(?:\s?[^\w\s]{1,3}|\s?[A-Z]{3})?", first)) and (
        digits(first) == str(price)
    )


def _is_both(line: str, title: str, price: int) -> bool:
    """As "Oak table $1,200 Active", or the price first; what stands between title and price is no word."""
    whole, name = folded(line), re.escape(folded(title))
    amount = r"(?P<price>[^\w\s]{0,3}\s?\d[\d.,]*|free)(?![\w.,])"
    between = r"[^\w$€£¥]*"
    found = re.match(rf"{name}{between}{amount}", whole) or re.match(rf"{amount}{between}{name}(?!\w)", whole)
    return found is not None and _is_price(found["price"], price)
