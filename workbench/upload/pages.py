"""TrafficJunky's media library: its tabs, its cards over all pages, and its upload panel."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Error, Locator, Page, Request

from workbench.browser.account_page import AccountPage
from workbench.browser.page_requests import ASKS, PageRequests, is_page
from workbench.browser.page_state import PageState
from workbench.errors import BadInput, Fault, UiChanged
from workbench.upload.site_answers import LONGEST_WORDS, CreativeCard, SendOutcome, SendResult, TabListing, judge

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
_LATE: Final = 10.0  # seconds until a panel shows what it was given
# What a panel says of itself, without asking the site: the file was never sent.
_NEVER_SENT: Final = ("you can't upload files of this type", "file is too big", "you can not upload any more files")
_PREVIEWS: Final = """all => all.map(one => ({
    name: (one.querySelector('[data-dz-name], .dz-filename')?.textContent || '').trim(),
    text: one.textContent || '',
    is_done: one.classList.contains('dz-success') || one.classList.contains('dz-error'),
    is_good: one.classList.contains('dz-success') && !one.classList.contains('dz-error'),
    words: (one.querySelector('.dz-error-message')?.textContent || '').trim(),
}))"""
# Tells us of each file that begins its way, and of the answer: which one it was is known here alone.
_LISTEN: Final = """() => {
    if (window.__workbenchListens) return;
    window.__workbenchListens = true;
    const tell = (...words) => window.__workbenchUpload(JSON.stringify(words));
    const names = body => (body instanceof FormData ? [...body.values()] : [body])
        .filter(one => one instanceof File).map(one => one.name);
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (body) {
        const found = names(body);
        for (const name of found) {
            tell('begun', name);
            this.addEventListener('loadend', () => tell('ended', name, this.status, this.responseType === '' ||
                this.responseType === 'text' ? this.responseText : JSON.stringify(this.response),
                this.status === 429 ? this.getResponseHeader('Retry-After') : null, found.length));
        }
        return send.apply(this, arguments);
    };
    const ask = window.fetch;
    window.fetch = function (to, how) {
        const found = names(how && how.body);
        found.forEach(name => tell('begun', name));
        const answer = ask.apply(this, arguments);
        if (found.length) answer.then(
            got => got.clone().text().then(text => found.forEach(name => tell('ended', name, got.status, text,
                got.headers.get('Retry-After'), found.length))),
            () => found.forEach(name => tell('ended', name, 0, '', null, found.length)));
        return answer;
    };
}"""

# Of a tab that says nothing of it, nothing is known.
_IS_CHOSEN: Final = """e => {
    const said = e.getAttribute('aria-selected'), item = e.closest('li');
    if (said) return said === 'true';
    return !item || item.classList.contains('active') || !item.parentElement.querySelector('li.active');
}"""


class MediaLibrary:
    """The media library, open in a visit."""

    def __init__(self, visit: AccountPage, patience: timedelta) -> None:
        self._visit = visit
        self._page: Page = visit.page
        self._proved = False
        self._at: str | None = None  # the tab that is shown
        self._requests = PageRequests(self._page, visit.pack, self._counts)
        self._patience = patience.total_seconds()
        self._panel: SiteUploadPanel | None = None
        self._page.expose_function("__workbenchUpload", self._note_upload)  # a page takes a name once

    # going there ----------------------------------------------------------------------------------

    def open(self, tab: str) -> None:
        """The library with the tab, its first page loaded. Raises what keeps us out."""
        if tab not in TABS:
            raise BadInput(f"the media library has no tab {tab!r}; it has {', '.join(TABS)}.")
        self._at = None
        self._requests.forget()
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
            except _MissingCards as error:
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
        if said := self._requests.failure_words(is_shown=bool(self._glance())):
            self._visit.check("media_library")
            raise _MissingCards(said)
        raw = self._visit.pack.many(self._page, "card").evaluate_all(_CARDS)
        cards = []
        for one in raw:
            if one["shown"] and one["shown"] != one["id"]:
                raise _MissingCards(f"a creative is called {one['id']} and {one['shown']}")
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
        self._requests.note_gesture()
        cards.last.evaluate("e => { e.scrollIntoView(); scrollTo(0, document.documentElement.scrollHeight); }")
        self._settle(unlike=here)
        return bool(self._requests.failure_words(is_shown=True)) or self._glance() != here

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
        self._requests.note_gesture()
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
            rests = time.monotonic() - max(since, self._requests.rested_at)
            is_other = unlike is not None and bool(here) and here != unlike
            waits = self._requests.is_waiting(is_shown=bool(here), is_other=is_other, rests=rests, longest=_SLUGGISH)
            if here is None or waits:
                continue
            if is_other or rests >= (_SLUGGISH if here == unlike else _QUIET):
                return
        if self._requests.stop_waiting() or self._glance() is None:
            self._requests.fail("the site did not answer")

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

    def _note_upload(self, words: str) -> None:
        if self._panel is not None:
            self._panel.note(words)


class _MissingCards(Exception):
    """A page of the list that cannot be relied on."""


# the upload panel -----------------------------------------------------------------------------------


class SiteUploadPanel:
    """The upload panel, open.

    Attaching a file is the upload: nothing can be taken back from there on. What the network said of each file is noted
    by its name the moment it is said, because the page may lead elsewhere the next moment; what the panel shows comes
    second.
    """

    def __init__(self, visit: AccountPage, taker: Locator) -> None:
        self._visit = visit
        self._page = visit.page
        self._taker = taker
        self._begun: set[str] = set()
        self._answers: dict[str, tuple[int, str, timedelta | None, bool]] = {}
        self._has_shown = False  # a preview of a file
        self._attached_at = 0.0
        self._page.evaluate(_LISTEN)

    @property
    def takes_several(self) -> bool:
        return bool(self._taker.evaluate("e => e.multiple"))

    def note(self, words: str) -> None:
        what, name, *more = json.loads(words)
        if what == "begun":
            self._begun.add(str(name))
        else:
            status, text, wait, number = more
            after = timedelta(seconds=min(int(wait), 7 * 86_400)) if wait and str(wait).isdecimal() else None
            self._answers[str(name)] = (int(status), str(text)[:100_000], after, int(number) > 1)

    def send(self, paths: Sequence[Path], limit: timedelta) -> Iterator[SendResult]:
        """Attach the files, once, and tell of each as soon as something is known of it.

        What is not told of when this ends may be there, or may not.
        """
        waiting = {path.name for path in paths}
        self._attached_at = time.monotonic()
        self._taker.set_input_files([str(path) for path in paths])
        fresh: list[SendResult] = []

        def is_over() -> bool:
            fresh.extend(one for name in sorted(waiting) if (one := self._result(name)) is not None)
            return bool(fresh) or self._is_gone()

        last = time.monotonic() + limit.total_seconds()
        while waiting:
            left = timedelta(seconds=max(last - time.monotonic(), 0))
            in_time = self._visit.wait(is_over, limit=left, every=timedelta(milliseconds=150))
            for one in fresh:
                waiting.discard(one.name)
                yield one
            fresh.clear()
            if waiting and (not in_time or self._is_gone()):
                break
        for name in sorted(waiting - self._begun if self._begun or self._answers else ()):
            # Others were on their way and this one was not: the panel had not come to it.
            yield SendResult(name, SendOutcome.TURNED_AWAY, words="the page went away before the file was sent")

    def _is_gone(self) -> bool:
        """The panel is no longer there: a late redirect, a challenge over it. One that shows nothing may be at it."""
        try:
            is_other = not self._page.evaluate("() => Boolean(window.__workbenchListens)")
            is_shown = self._page.locator("div.dz-preview").count() > 0 or bool(self._previews())
        except Error:
            return True
        self._has_shown = self._has_shown or is_shown
        is_busy = bool(self._begun - self._answers.keys())
        is_late = time.monotonic() - self._attached_at > _LATE
        return is_other or (not is_shown and not is_busy and (self._has_shown or is_late))

    def _previews(self) -> list[Mapping[str, Any]]:
        with contextlib.suppress(Error):
            return list(self._visit.pack.many(self._page, "preview").evaluate_all(_PREVIEWS))
        return []

    def _preview(self, name: str) -> Mapping[str, Any] | None:
        """The last of that name; one that does not set its name apart has it somewhere in its text."""
        all_of_them = self._previews()
        named = [one for one in all_of_them if one["name"] == name]
        told = named or [one for one in all_of_them if not one["name"] and name in one["text"]]
        return told[-1] if told else None

    def _result(self, name: str) -> SendResult | None:
        """None while nothing is sure to be over."""
        shown = self._preview(name)
        if name in self._answers:
            status, text, wait, is_shared = self._answers[name]
            return judge(name, status, text, wait, shown, is_shared=is_shared)
        if shown is None or not shown["is_done"] or (name in self._begun):
            return None
        if shown["is_good"]:
            return SendResult(name, SendOutcome.SENT)
        words = str(shown["words"])[:LONGEST_WORDS]
        never = any(text in words.lower().replace("’", "'") for text in _NEVER_SENT)
        return SendResult(name, SendOutcome.REJECTED if never else SendOutcome.LOST, words=words)
