"""TrafficJunky's media library: its tabs, and its cards over all pages."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from playwright.sync_api import Error, Locator, Page, Request

from workbench.browser.pagestate import PageState
from workbench.browser.traffic import ASKS, Traffic, is_page
from workbench.browser.uploadpanel import SiteUploadPanel
from workbench.browser.visit import Visit
from workbench.errors import BadInput, Fault, UiChanged

TABS: Final = {
    "static": ("tab_static", None),
    "video": ("tab_video", None),
    "in_stream": ("tab_in_stream", None),
    "native_static": ("tab_native", "native_static"),
    "native_rollover": ("tab_native", "native_rollover"),
}
_MOST_PAGES: Final = 3000
_QUIET: Final = 0.25  # seconds without a request and without a change: the list has settled
_SLUGGISH: Final = 2.0  # as long, where the list was asked for and is still the one before
_LOOK_MS: Final = 60
_OF: Final = re.compile(r"\bof\s+([\d.,]+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class CreativeCard:
    """One creative as the library shows it; what a tab does not show is empty."""

    id: str
    name: str
    dimensions: str
    file_type: str
    review: str


@dataclass
class TabListing:
    """Cards of one tab. `gap` says why some may be missing; empty: these are all."""

    tab: str
    cards: list[CreativeCard] = field(default_factory=list)
    pages: int = 0
    gap: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.gap


_CARDS: Final = """cards => cards.map(card => {
    const said = css => (card.querySelector(css)?.textContent || '').trim();
    const label = card.querySelector('label.creativeName, .creativeName');
    const review = card.querySelector('.reviewStatus[data-review-status]') || card;
    return {
        id: card.dataset.id || '', shown: said('span.bannerId, .bannerId'),
        name: (label?.getAttribute('title') || label?.textContent || '').trim(),
        dimensions: said('.dimensions'), file_type: said('.fileType'),
        review: (review.dataset.reviewStatus || said('.reviewStatus')).toLowerCase(),
    };
})"""


# Of a tab that says nothing of it, nothing is known.
_IS_CHOSEN: Final = """e => {
    const said = e.getAttribute('aria-selected'), item = e.closest('li');
    if (said) return said === 'true';
    return !item || item.classList.contains('active') || !item.parentElement.querySelector('li.active');
}"""


class Library:
    """The media library, open in a visit."""

    def __init__(self, visit: Visit, patience: timedelta) -> None:
        self._visit = visit
        self._page: Page = visit.page
        self._proved = False
        self._at: str | None = None  # the tab that is shown
        self._traffic = Traffic(self._page, visit.pack, self._counts)
        self._patience = patience.total_seconds()
        self._panel: SiteUploadPanel | None = None
        self._page.expose_function("__workbenchUpload", self._told)  # a page takes a name once

    # going there ----------------------------------------------------------------------------------

    def open(self, tab: str) -> None:
        """The library with the tab, its first page loaded. Raises what keeps us out."""
        if tab not in TABS:
            raise BadInput(f"the media library has no tab {tab!r}; it has {', '.join(TABS)}.")
        self._at = None
        self._traffic.forget()
        self._visit.goto(self._visit.site.start, expect="media_library")
        self._settle()
        self._prove()
        main, radio = TABS[tab]
        self._click(self._visit.pack.one(self._page, main))
        is_there = bool(self._visit.pack.one(self._page, main).evaluate(_IS_CHOSEN))
        if is_there and radio is not None and not self._visit.pack.one(self._page, radio).is_checked():
            self._click(self._visit.pack.one(self._page, f"{radio}_label"))
            is_there = self._visit.pack.one(self._page, radio).is_checked()
        if not is_there:
            raise UiChanged(f"the media library did not go to {tab}.", fault=Fault(kind="ui_changed"))
        self._at = tab

    def _prove(self) -> None:
        """The frame of the application is shown to everybody; the login page may follow late."""
        self._proved = self._proved or self._visit.is_signed_in()
        if not self._proved:
            self._visit.check("media_library")

    # cards ----------------------------------------------------------------------------------------

    def cards(self, tab: str, *, enough: Callable[[Sequence[CreativeCard]], bool] = lambda _: False) -> TabListing:
        """All cards of a tab, newest first, or those until `enough` of them; never silently some of them."""
        self.open(tab)
        found, known, full = TabListing(tab), set[str](), 0
        while found.pages < _MOST_PAGES:
            try:
                page = self._cards_here()
            except _Missing as error:
                found.gap = f"page {found.pages + 1} of {tab}: {error}"
                return found
            found.pages += 1
            fresh = [one for one in page if one.id not in known]
            if page and not fresh:
                found.gap = f"page {found.pages} of {tab} shows what the one before it showed"
                return found
            known |= {one.id for one in fresh}
            found.cards += fresh
            full = max(full, len(page))
            if enough(found.cards):
                found.gap = "no more was needed"
                return found
            following = self._next(found.pages)
            if following is None and self._grows():
                continue
            if following is None:
                found.gap = self._short_of(found)
                return found
            if len(page) < full:
                found.gap = f"page {found.pages} of {tab} has {len(page)} creatives and others {full}, yet more follow"
                return found
            self._click(following)
        found.gap = f"{tab} has more than {_MOST_PAGES} pages"
        return found

    def _cards_here(self) -> list[CreativeCard]:
        if said := self._traffic.spoilt(is_shown=bool(self._glance())):
            self._visit.check("media_library")
            raise _Missing(said)
        raw = self._visit.pack.many(self._page, "card").evaluate_all(_CARDS)
        cards = []
        for one in raw:
            if one["shown"] and one["shown"] != one["id"]:
                raise _Missing(f"a creative is called {one['id']} and {one['shown']}")
            cards.append(CreativeCard(one["id"], one["name"], one["dimensions"], one["file_type"], one["review"]))
        return cards

    def _short_of(self, found: TabListing) -> str:
        """By the page's own count, and by the numbers of its pages where nothing else leads on."""
        numbers = [] if self._onward().count() else self._numbers().all_inner_texts()
        last = max(map(int, numbers), default=0)
        if last > found.pages:
            return f"{found.tab} has a page {last}, and page {found.pages} shows no way to the next"
        shown = self._visit.pack.maybe(self._page, "list_count")
        told = _OF.search(shown.inner_text()) if shown is not None and shown.is_visible() else None
        here = len(found.cards)
        total = int(re.sub(r"\D", "", told[1])) if told else here
        return "" if total <= here else f"the list counts {total} creatives, and {here} were shown"

    def _grows(self) -> bool:
        """Whether a list without pages shows more once its end is in view."""
        cards = self._visit.pack.many(self._page, "card")
        if self._onward().count() or self._numbers().count() or not cards.count():
            return False
        here = self._glance()
        self._traffic.acted()
        cards.last.evaluate("e => { e.scrollIntoView(); scrollTo(0, document.documentElement.scrollHeight); }")
        self._settle(unlike=here)
        return bool(self._traffic.spoilt(is_shown=True)) or self._glance() != here

    def _onward(self) -> Locator:
        return self._visit.pack.many(self._page, "next_page").filter(visible=True)

    def _numbers(self) -> Locator:
        return self._visit.pack.many(self._page, "page_numbers").filter(visible=True)

    def _next(self, page: int) -> Locator | None:
        """The way on from that page."""
        found = self._onward().first  # above the list, and below
        if not found.count():
            numbered = self._numbers().filter(has_text=re.compile(rf"^\s*{page + 1}\s*$")).first
            return numbered if numbered.count() else None
        is_over = found.evaluate(
            "e => [e, e.closest('li'), e.querySelector('a, button')].some(one => one && "
            "(one.classList.contains('disabled') || one.getAttribute('aria-disabled') === 'true' || one.disabled))"
        )
        if is_over:
            return None
        inner = found.locator("a, button")
        return inner if inner.count() == 1 else found

    # settling -------------------------------------------------------------------------------------

    def _click(self, control: Locator) -> None:
        here = self._glance()
        self._traffic.acted()
        control.click()
        self._settle(unlike=here)

    def _settle(self, *, unlike: Any = None) -> None:
        """Wait until nothing changes and nothing is asked that may bring the list, as long as a page may take.

        A list `unlike` the one that was there is the one that was asked for, and need not be waited for longer; while
        it is the same, the page may not have asked yet.
        """
        last = time.monotonic() + self._patience
        since, seen = time.monotonic(), None
        while time.monotonic() < last:
            self._page.wait_for_timeout(_LOOK_MS)
            here = self._glance()
            if here is None or here != seen:
                since, seen = time.monotonic(), here
            rests = time.monotonic() - max(since, self._traffic.rested_at)
            is_other = unlike is not None and bool(here) and here != unlike
            waits = self._traffic.waits(is_shown=bool(here), is_other=is_other, rests=rests, longest=_SLUGGISH)
            if here is None or waits:
                continue
            if is_other or rests >= (_SLUGGISH if here == unlike else _QUIET):
                return
        if self._traffic.gives_up() or self._glance() is None:
            self._traffic.fail("the site did not answer")

    def _glance(self) -> Any:
        with contextlib.suppress(Error):  # the page is on its way elsewhere
            return self._visit.pack.many(self._page, "card").evaluate_all("all => all.map(one => one.dataset.id)")
        return None

    def _counts(self, request: Request) -> bool:
        return is_page(request) or (request.resource_type in ASKS and self._visit.site.serves(request.url))

    # the upload panel -----------------------------------------------------------------------------

    def panel(self, tab: str) -> SiteUploadPanel:
        """The panel of the tab, ready to take files: the last page before the act."""
        if self._at != tab:
            self.open(tab)
        self._visit.pack.one(self._page, "open_upload").click()
        self._visit.pack.require(self._page, "upload_panel")
        taker = self._visit.pack.one(self._page, "file_input")
        verdict = self._visit.look()
        if verdict.state not in (PageState.OK, PageState.UPLOAD_ERROR, PageState.FIELD_ERROR):
            self._visit.check("media_library")
        self._panel = SiteUploadPanel(self._visit, taker)
        return self._panel

    def _told(self, words: str) -> None:
        if self._panel is not None:
            self._panel.told(words)


class _Missing(Exception):
    """A page of the list that cannot be relied on."""
