"""Your listings: which of the account's listings exist, over all pages; and the page of one of them.

A card may carry no link at all until it is opened, and while the site reviews a listing its only address is
`/commerce/listing/…`. A list that could not be read to its end is an error, never a shorter list.
"""

from __future__ import annotations

import contextlib
import re
import time
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Error, Locator, Request

from workbench.browser.account_page import AccountPage
from workbench.browser.page_requests import ASKS, PageRequests, is_page
from workbench.browser.page_state import PageFacts, PageState, PageVerdict
from workbench.browser.page_text import folded
from workbench.errors import AccountStops, Fault, NeedsPerson, Transient
from workbench.post.site_listings import UNDER_REVIEW, ListingCard, SeenListing, item_path, listing_id_in

SELLING: Final = "/marketplace/you/selling"

_DRAFT_ADDRESS: Final = re.compile(r"[?&]listing_id=(\d+)")
_CONTINUE: Final = re.compile(r"^(?:continue|edit|edit draft)$", re.IGNORECASE)
_BY_ITSELF_MS: Final = 400  # in which a page begins to ask what it asks by itself: after our gesture it seems ours
_MOST_PAGES: Final = 500
_QUIET: Final = 1.5  # seconds without anything new, and with nothing on its way: that was the last page
_SLUGGISH: Final = 4.0  # as long beside what a page asks by itself, and is most likely not about the list
_SLOWEST: Final = timedelta(seconds=30)  # of one page
_LOOK_MS: Final = 150
_IS_OVER: Final = "(one) => Boolean(one.closest(':disabled, [aria-disabled=true], .disabled'))"
_MOST_OPENED: Final = 20  # cards without a link that are opened to learn which listing they are
_PAGE: Final = timedelta(seconds=5)  # a page may draw itself so long
_GONE: Final = frozenset({404, 410})
_SAYS_NOTHING: Final = frozenset({PageState.OK, PageState.SHELL, PageState.UNKNOWN})

# Everything that is a listing's, with the largest piece of the page that is about it alone.
_CARDS: Final = """
(title) => {
  const id = (link) => {
    const found = /\\/(?:marketplace\\/item|commerce\\/listing)\\/(\\d+)|[?&]listing_id=(\\d+)/.exec(link.href);
    return found && (found[1] || found[2]);
  };
  const links = [...document.querySelectorAll(
    'a[href*="/marketplace/item/"], a[href*="/commerce/listing/"], a[href*="listing_id="]')].filter(id);
  const ids = (one) => new Set(links.filter((link) => one.contains(link)).map(id));
  const price = /^(free|[^\\w\\s]{0,3}\\s?\\d[\\d.,\\s]*(\\s?[^\\w\\s]{1,3}|\\s?[A-Z]{3})?)$/i;
  const prices = (one) => one.innerText.split("\\n").filter((line) => price.test(line.trim())).length;
  const edge = 'li, article, [role=listitem], [role=article], [role=row], [role=gridcell]';
  const card = (one) => {
    const marked = one.closest(edge);
    if (marked && ids(marked).size <= 1 && prices(marked) <= 1) return marked;
    let found = one;
    while (found.parentElement && !found.parentElement.matches("[role=main], main, body") &&
           ids(found.parentElement).size <= 1 && prices(found.parentElement) <= 1) found = found.parentElement;
    return found;
  };
  const found = [];
  for (const link of links) {
    if (found.some((one) => one.id === id(link))) continue;
    found.push({id: id(link), url: link.href, text: card(link).innerText.slice(0, 2000)});
  }
  const room = document.querySelector("[role=main], main") || document.body;
  const plain = (text) => text.replace(/\\s+/g, " ").trim();
  const bare = [];
  for (const one of title ? room.querySelectorAll("*") : []) {
    const isTitle = (it) => plain(it.textContent) === title;
    if (isTitle(one) && ![...one.children].some(isTitle) && ids(card(one)).size === 0 &&
        one.getBoundingClientRect().height > 0) bare.push(card(one).innerText.slice(0, 2000));
  }
  const shown = room.innerText.slice(0, 50000);
  return {found, bare, shown, height: document.documentElement.scrollHeight};
}
"""


class SellingPage:
    """The account's own list, and the page and form of each listing in it."""

    def __init__(self, visit: AccountPage) -> None:
        self._visit = visit

    def cards(self, *, title: str = "") -> list[ListingCard]:
        """Read all of the account's listings that a link names, and those called `title`, with a link or without.

        Raises Transient when the list could not be read to its end.
        """
        pages = _read(self._visit, title)
        cards = [ListingCard(one["id"], one["url"], one["text"]) for page in pages for one in page["found"]]
        if any(page["bare"] for page in pages):
            cards += _opened(self._visit, title, pages)
        known: dict[str, ListingCard] = {}
        for card in cards:  # a card may say its title twice
            known.setdefault(card.remote_id, card)
        return list(known.values())

    def address_of(self, remote_id: str) -> str:
        """Where the page of a listing is once it is public."""
        return self._visit.site.address(item_path(remote_id))

    def listing(self, remote_id: str, title: str, token: str) -> SeenListing | None:
        """Open the listing's page, at either of its addresses; None when none of them shows one of that title."""
        visit = self._visit
        for path in (item_path(remote_id), f"/commerce/listing/{remote_id}/"):
            facts = _facts_showing(visit, path, title)
            if facts is None or listing_id_in(visit.page.url) is None:
                continue
            is_review = "/commerce/listing/" in visit.page.url or bool(UNDER_REVIEW.search(facts.text))
            url = urlsplit(visit.page.url).path
            return SeenListing(visit.site.address(url), "under_review" if is_review else "live", token in facts.text)
        return None

    def has_token(self, remote_id: str, token: str) -> bool | None:
        """Say whether the seller's SKU field of the listing holds our token; None where the form does not show it."""
        visit = self._visit
        visit.open(f"/marketplace/edit/?listing_id={remote_id}")
        if visit.status in _GONE or visit.look().state in _SAYS_NOTHING - {PageState.OK}:
            return None
        visit.check()
        more = visit.pack.maybe(visit.page, "more_details")
        field = visit.pack.maybe(visit.page, "sku")
        if field is None and more is not None:
            try:
                more.click(timeout=3000)
            except Error:
                return None
            visit.wait(lambda: visit.pack.maybe(visit.page, "sku") is not None, limit=timedelta(seconds=2))
            field = visit.pack.maybe(visit.page, "sku")
        return None if field is None else token in field.input_value()


def _read(visit: AccountPage, title: str, *, most: int = _MOST_PAGES) -> list[dict[str, Any]]:
    """What the list shows, page by page where it has several; `most`: that many of them."""
    with _watching(visit) as requests:
        _open(visit, requests)
        pages = [_unrolled(visit, title, requests)]
        while len(pages) < most and _turned(visit, title, requests):
            pages.append(_unrolled(visit, title, requests))
        if len(pages) == _MOST_PAGES:
            raise _unread("it has no end")
        visit.check()
        return pages


def _unrolled(visit: AccountPage, title: str, requests: PageRequests) -> dict[str, Any]:
    """A list that grows as it is looked at, once it has come to its end."""
    for _ in range(_MOST_PAGES):
        before = _look(visit, title)
        requests.note_gesture()
        visit.page.mouse.move(640, 450)
        visit.page.mouse.wheel(0, 100_000)
        more = visit.pack.maybe(visit.page, "more_listings")
        if more is not None and more.is_enabled():
            more.click()
        if not _grew(visit, title, before, requests):
            break
    else:
        raise _unread("it has no end")
    seen = _look(visit, title)
    if said := requests.failure_words(is_shown=_is_shown(seen)):
        raise _unread(said)
    return seen


def _turned(visit: AccountPage, title: str, requests: PageRequests) -> bool:
    """Whether there is a page after this one, which is shown now."""
    following = visit.pack.maybe(visit.page, "next_listings")
    if following is None or following.evaluate(_IS_OVER):
        return False
    before = _look(visit, title)["shown"]

    def is_there() -> bool:
        with contextlib.suppress(Error):  # the next page may be a document of its own
            return bool(requests.failure_words(is_shown=True)) or _look(visit, title)["shown"] != before
        return False

    requests.note_gesture()
    following.click()
    if not visit.wait(is_there, limit=_SLOWEST):
        raise _unread("the site did not bring the next page")
    return True


def _open(visit: AccountPage, requests: PageRequests) -> None:
    """A list that fails while it is drawn says so on the page, which alone would stop the account."""
    try:
        visit.goto(SELLING)
        visit.page.wait_for_timeout(_BY_ITSELF_MS)
    except AccountStops as stop:
        said = requests.failure_words(is_shown=False)
        if said and stop.fault and stop.fault.kind == "unknown":
            raise _unread(said) from stop
        raise


def _grew(visit: AccountPage, title: str, before: dict[str, Any], requests: PageRequests) -> bool:
    """Whether the page brought more; it is asked until nothing is on its way any more."""
    began = time.monotonic()
    last = began + _SLOWEST.total_seconds()
    while time.monotonic() < last:
        seen = _look(visit, title)
        is_shown = _is_shown(seen)
        if requests.failure_words(is_shown=is_shown):
            return False
        if _size(seen) != _size(before):
            return True
        rests = time.monotonic() - max(began, requests.rested_at)
        if requests.is_waiting(is_shown=is_shown, is_other=False, rests=rests, longest=_SLUGGISH):
            pass
        elif (to_come := visit.pack.many(visit.page, "listings_to_come")).count():
            with contextlib.suppress(Error):  # it went at this moment
                to_come.last.scroll_into_view_if_needed(timeout=500)
        elif rests > _QUIET:
            return False
        visit.page.wait_for_timeout(_LOOK_MS)
    if not requests.stop_waiting() and not visit.pack.many(visit.page, "listings_to_come").count():
        return False
    raise _unread("the site did not bring the next page")


def _is_shown(seen: dict[str, Any]) -> bool:
    return bool(seen["found"] or seen["bare"])


def _size(seen: dict[str, Any]) -> tuple[int, int, int]:
    return len(seen["found"]), len(seen["bare"]), int(seen["height"])


def _look(visit: AccountPage, title: str) -> dict[str, Any]:
    found = visit.page.locator("html").evaluate("(_, title) => (" + _CARDS + ")(title)", " ".join(title.split()))
    return dict(found)


def _unread(why: str) -> Transient:
    return Transient(
        f"Your listings could not be read to the end ({why}); what is not seen there is not taken for absent.",
        fault=Fault(kind="network_error"),
    )


def _watching(visit: AccountPage) -> contextlib.closing[PageRequests]:
    """What the list asks its own site for, and every script that may ask for more."""

    def counts(request: Request) -> bool:
        kind = request.resource_type
        return kind == "script" or is_page(request) or (kind in ASKS and visit.site.has(request.url))

    return contextlib.closing(PageRequests(visit.page, visit.pack, counts))


# cards without a link --------------------------------------------------------------------------------


def _opened(visit: AccountPage, title: str, pages: list[dict[str, Any]]) -> list[ListingCard]:
    """Open each card of that title and read where it leads."""
    places = [(number, place) for number, page in enumerate(pages, 1) for place in range(len(page["bare"]))]
    if len(places) > _MOST_OPENED:
        raise NeedsPerson(
            f"{len(places)} of your listings are called {title!r} and carry no link; look through them by hand.",
            fault=Fault(kind="unknown"),
        )
    found = []
    for number, place in places:
        text = _read(visit, title, most=number)[-1]["bare"][place]
        main = visit.page.get_by_role("main")
        rows = (
            (main if main.count() else visit.page.locator("body")).get_by_text(title, exact=True).filter(visible=True)
        )
        linked = visit.page.locator('a[href*="/marketplace/item/"], a[href*="/commerce/listing/"]')
        bare = [one for one in rows.all() if not linked.filter(has=one).count()]
        _open_card(visit, bare[place])
        if not visit.wait(lambda: _address(visit) is not None, limit=_SLOWEST):
            visit.check()
            # Another look would bring no more.
            raise NeedsPerson(
                f"a card called {title!r} carries no link and does not open, so which listing it is cannot be read.",
                fault=Fault(kind="unknown"),
            )
        address = _address(visit) or ""
        found.append(ListingCard(_id_of(address), address, text))
    return found


def _open_card(visit: AccountPage, title: Locator) -> None:
    """A draft has a button instead: its title does nothing."""
    button = title.locator("xpath=ancestor::*[.//*[@role='button']][1]").get_by_role("button", name=_CONTINUE)
    (button if button.count() == 1 else title).click()
    visit.page.wait_for_timeout(50)


def _id_of(address: str) -> str:
    found = _DRAFT_ADDRESS.search(address)
    return listing_id_in(address) or (found[1] if found else "")


def _address(visit: AccountPage) -> str | None:
    """Of the listing that was opened: in the address, or as a link of the window that opened."""
    if _id_of(visit.page.url):
        return visit.page.url
    links = visit.page.locator(
        '[role="dialog"] a[href*="/marketplace/item/"], [role="dialog"] a[href*="/commerce/listing/"]'
    )
    return str(links.first.evaluate("(link) => link.href")) if links.count() else None


# one listing -----------------------------------------------------------------------------------------


def _facts_showing(visit: AccountPage, path: str, title: str) -> PageFacts | None:
    """What a page says that shows the title. It is everybody's, and may show no sign of a login, or not be there."""
    visit.open(path)
    seen: list[PageVerdict] = []

    def is_over() -> bool:
        seen[:] = [visit.look()]
        told = f"{seen[0].facts.title} {seen[0].facts.text}"
        return folded(title) in folded(told) or seen[0].state not in _SAYS_NOTHING

    found = visit.wait(is_over, limit=_PAGE)
    if visit.status in _GONE or not found:
        return None
    if seen[0].state not in _SAYS_NOTHING:
        visit.check()  # raises what the page means
    return seen[0].facts
