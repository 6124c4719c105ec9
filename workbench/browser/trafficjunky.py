"""TrafficJunky's media library: its tabs, its cards over all pages, its upload panel.

Attaching a file is the upload: nothing can be taken back from there on. What the network said of each file is noted by
its name the moment it is said, because the page may lead elsewhere the next moment; the panel is the second witness.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Error, Locator, Page, Request, Response

from workbench.browser.pagestate import PageState
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
_MOST_BANNERS: Final = 10
_LOOK_MS: Final = 60
_LOADED: Final = frozenset({"xhr", "fetch"})
_OF: Final = re.compile(r"\bof\s+([\d.,]+)\b", re.IGNORECASE)
_IDS: Final = ("id", "creative_id", "creativeId", "banner_id", "bannerId")
_NUMBER: Final = re.compile(r"\d{4,20}")
_WORDS: Final = 300  # of what a site says about a file


@dataclass(frozen=True)
class Card:
    """One creative as the library shows it; what a tab does not show is empty."""

    id: str
    name: str
    dimensions: str
    file_type: str
    review: str


@dataclass
class Listing:
    """Cards of one tab. `gap` says why some may be missing; empty: these are all."""

    tab: str
    cards: list[Card] = field(default_factory=list)
    pages: int = 0
    gap: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.gap


class Outcome(StrEnum):
    SENT = "sent"  # the site says that it has the file
    REJECTED = "rejected"  # the site says that it does not take this file
    TURNED_AWAY = "turned_away"  # not asked at all, or not allowed to ask: login, challenge, limit
    LOST = "lost"  # nobody knows


@dataclass(frozen=True)
class Result:
    """What became of one file."""

    name: str
    outcome: Outcome
    remote_id: str | None = None
    words: str = ""
    status: int | None = None
    retry_after: timedelta | None = None


# What a panel says of itself, without asking the site: the file was never sent.
_NEVER_SENT: Final = ("you can't upload files of this type", "file is too big", "you can not upload any more files")
_TURNED_AWAY: Final = frozenset({401, 403, 419, 429})
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
        for (const name of names(body)) {
            tell('begun', name);
            this.addEventListener('loadend', () => tell('ended', name, this.status, this.responseType === '' ||
                this.responseType === 'text' ? this.responseText : JSON.stringify(this.response),
                this.status === 429 ? this.getResponseHeader('Retry-After') : null));
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
                got.headers.get('Retry-After')))),
            () => found.forEach(name => tell('ended', name, 0, '', null)));
        return answer;
    };
}"""


class Library:
    """The media library, open in a visit."""

    def __init__(self, visit: Visit, patience: timedelta) -> None:
        self._visit = visit
        self._page: Page = visit.page
        self._proved = False
        self._at: str | None = None  # the tab that is shown
        self._open: set[Request] = set()
        self._bad: list[int] = []  # answers without cards since the last page was read; 0: none came
        self._patience = patience.total_seconds()
        self._page.on("request", self._began)
        self._page.on("requestfinished", self._ended)
        self._page.on("requestfailed", self._failed)
        self._page.on("response", self._answered)
        self._panel: Panel | None = None
        self._page.expose_function("__workbenchUpload", self._told)  # a page takes a name once
        banner = visit.pack.many(self._page, "accept_cookies").first
        self._page.add_locator_handler(banner, lambda it: it.click(), no_wait_after=True, times=_MOST_BANNERS)

    # going there ----------------------------------------------------------------------------------

    def open(self, tab: str) -> None:
        """The library with the tab, its first page loaded. Raises what keeps us out."""
        if tab not in TABS:
            raise BadInput(f"the media library has no tab {tab!r}; it has {', '.join(TABS)}.")
        self._at = None
        self._visit.goto(self._visit.site.start, expect="media_library")
        self._settle()
        self._prove()
        main, radio = TABS[tab]
        self._visit.pack.one(self._page, main).click()
        self._settle()
        if radio is not None:
            self._visit.pack.one(self._page, f"{radio}_label").click()
            self._settle()
            if not self._visit.pack.one(self._page, radio).is_checked():
                raise UiChanged(f"the media library did not go to {tab}.", fault=Fault(kind="ui_changed"))
        self._at = tab

    def _prove(self) -> None:
        """The frame of the application is shown to everybody; the login page may follow late."""
        self._proved = self._proved or self._visit.is_signed_in()
        if not self._proved:
            self._visit.check("media_library")

    # cards ----------------------------------------------------------------------------------------

    def cards(self, tab: str, *, enough: Callable[[Sequence[Card]], bool] = lambda _: False) -> Listing:
        """All cards of a tab, newest first, or those until `enough` of them; never silently some of them."""
        self.open(tab)
        found, known, full = Listing(tab), set[str](), 0
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
            following = self._next()
            if following is None:
                found.gap = self._short_of(len(found.cards))
                return found
            if len(page) < full:
                found.gap = f"page {found.pages} of {tab} has {len(page)} creatives and others {full}, yet more follow"
                return found
            here = self._glance()
            following.click()
            self._settle(unlike=here)
        found.gap = f"{tab} has more than {_MOST_PAGES} pages"
        return found

    def _cards_here(self) -> list[Card]:
        if self._bad:
            said, self._bad = self._bad[0], []
            self._visit.check("media_library")
            raise _Missing(f"the site answered {said}" if said else "the site did not answer")
        raw = self._visit.pack.many(self._page, "card").evaluate_all(_CARDS)
        cards = []
        for one in raw:
            if one["shown"] and one["shown"] != one["id"]:
                raise _Missing(f"a creative is called {one['id']} and {one['shown']}")
            cards.append(Card(one["id"], one["name"], one["dimensions"], one["file_type"], one["review"]))
        return cards

    def _short_of(self, found: int) -> str:
        """The page's own count, where it shows one."""
        shown = self._visit.pack.maybe(self._page, "list_count")
        told = _OF.search(shown.inner_text()) if shown is not None and shown.is_visible() else None
        total = int(re.sub(r"\D", "", told[1])) if told else found
        return "" if total <= found else f"the list counts {total} creatives, and {found} were shown"

    def _next(self) -> Locator | None:
        found = self._visit.pack.many(self._page, "next_page").filter(visible=True).first  # above the list, and below
        if not found.count():
            return None
        is_over = found.evaluate(
            "e => [e, e.closest('li'), e.querySelector('a, button')].some(one => one && "
            "(one.classList.contains('disabled') || one.getAttribute('aria-disabled') === 'true' || one.disabled))"
        )
        if is_over:
            return None
        inner = found.locator("a, button")
        return inner if inner.count() == 1 else found

    # settling -------------------------------------------------------------------------------------

    def _settle(self, *, unlike: Any = None) -> None:
        """Wait until nothing is asked and nothing changes, as long as a page may take.

        A list `unlike` the one that was there is the one that was asked for, and need not be waited for longer.
        """
        last = time.monotonic() + self._patience
        since, seen = time.monotonic(), None
        while time.monotonic() < last:
            self._page.wait_for_timeout(_LOOK_MS)
            here = self._glance()
            if unlike and here and here != unlike and not self._open:
                return
            if self._open or here != seen or here is None:
                since, seen = time.monotonic(), here
            elif time.monotonic() - since >= (_SLUGGISH if unlike and here == unlike else _QUIET):
                return
        self._bad.append(0)

    def _glance(self) -> Any:
        with contextlib.suppress(Error):  # the page is on its way elsewhere
            return self._visit.pack.many(self._page, "card").evaluate_all("all => all.map(one => one.dataset.id)")
        return None

    def _began(self, request: Request) -> None:
        if request.resource_type in _LOADED or self._is_page(request):
            self._open.add(request)

    def _is_page(self, request: Request) -> bool:
        """A tab or a next page may be a document of its own."""
        with contextlib.suppress(Error):
            return request.resource_type == "document" and request.frame == self._page.main_frame
        return False

    def _ended(self, request: Request) -> None:
        self._open.discard(request)

    def _failed(self, request: Request) -> None:
        if request in self._open:
            self._open.discard(request)
            if request.resource_type in _LOADED or request.failure != "net::ERR_ABORTED":
                self._bad.append(0)

    def _answered(self, answer: Response) -> None:
        if answer.request in self._open and answer.status >= 400 and answer.request.method == "GET":  # noqa: PLR2004
            self._bad.append(answer.status)

    # the upload panel -----------------------------------------------------------------------------

    def panel(self, tab: str) -> Panel:
        """The panel of the tab, ready to take files: the last page before the act."""
        if self._at != tab:
            self.open(tab)
        self._visit.pack.one(self._page, "open_upload").click()
        self._visit.pack.require(self._page, "upload_panel")
        taker = self._visit.pack.one(self._page, "file_input")
        verdict = self._visit.look()
        if verdict.state not in (PageState.OK, PageState.UPLOAD_ERROR, PageState.FIELD_ERROR):
            self._visit.check("media_library")
        self._panel = Panel(self._visit, taker)
        return self._panel

    def _told(self, words: str) -> None:
        if self._panel is not None:
            self._panel.told(words)


class _Missing(Exception):
    """A page of the list that cannot be relied on."""


class Panel:
    """The upload panel, open; what it takes is sent at once."""

    def __init__(self, visit: Visit, taker: Locator) -> None:
        self._visit = visit
        self._page = visit.page
        self._taker = taker
        self._begun: set[str] = set()
        self._answers: dict[str, tuple[int, str, timedelta | None]] = {}
        self._page.evaluate(_LISTEN)

    @property
    def takes_several(self) -> bool:
        return bool(self._taker.evaluate("e => e.multiple"))

    def told(self, words: str) -> None:
        what, name, *more = json.loads(words)
        if what == "begun":
            self._begun.add(str(name))
        else:
            status, text, wait = more
            after = timedelta(seconds=min(int(wait), 7 * 86_400)) if wait and str(wait).isdecimal() else None
            self._answers[str(name)] = (int(status), str(text)[:100_000], after)

    def send(self, paths: Sequence[Path], limit: timedelta) -> Iterator[Result]:
        """Attach the files, once, and tell of each as soon as something is known of it.

        What is not told of when this ends may be there, or may not.
        """
        waiting = {path.name for path in paths}
        self._taker.set_input_files([str(path) for path in paths])
        fresh: list[Result] = []

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
            yield Result(name, Outcome.TURNED_AWAY, words="the page went away before the file was sent")

    def _is_gone(self) -> bool:
        """The panel is no longer there: a late redirect, a challenge over it."""
        try:
            return self._page.locator("div.dz-preview").count() == 0 and not self._previews()
        except Error:
            return True

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

    def _result(self, name: str) -> Result | None:
        """None while nothing is sure to be over."""
        shown = self._preview(name)
        if name in self._answers:
            status, text, wait = self._answers[name]
            return _by_answer(name, status, text, wait, shown)
        if shown is None or not shown["is_done"] or (name in self._begun):
            return None
        if shown["is_good"]:
            return Result(name, Outcome.SENT)
        words = str(shown["words"])[:_WORDS]
        never = any(text in words.lower().replace("’", "'") for text in _NEVER_SENT)
        return Result(name, Outcome.REJECTED if never else Outcome.LOST, words=words)


def _by_answer(
    name: str, status: int, text: str, wait: timedelta | None, shown: Mapping[str, Any] | None
) -> Result | None:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's
        return _by_good_answer(name, status, text, shown)
    if status in _TURNED_AWAY:
        return Result(name, Outcome.TURNED_AWAY, words=_words(_json(text), shown), status=status, retry_after=wait)
    if 400 <= status < 500 and status not in (408, 409, 425):  # noqa: PLR2004
        return Result(name, Outcome.REJECTED, words=_words(_json(text), shown), status=status)
    words = f"the site answered {status}" if status else "the answer was lost"
    return Result(name, Outcome.LOST, words=words, status=status)


def _by_good_answer(name: str, status: int, text: str, shown: Mapping[str, Any] | None) -> Result | None:
    said = _json(text)
    is_no = said.get("success") is False or bool(said.get("error"))
    if not is_no and shown is not None and not shown["is_done"]:
        return None  # the panel has not read it yet
    if is_no or shown is None or shown["is_good"]:
        words = _words(said, shown) if is_no else ""
        return Result(name, Outcome.REJECTED if is_no else Outcome.SENT, _id_in(said), words=words, status=status)
    # The site's own words are a no; the panel's own, of an answer that it could not read, are none.
    is_quoted = bool(shown["words"]) and shown["words"] in " ".join([text, *map(str, said.values())])
    outcome = Outcome.REJECTED if is_quoted else Outcome.LOST
    return Result(name, outcome, words=_words(said, shown), status=status)


def _json(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(text)
        while isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, dict):
            inner: dict[str, Any] = next(
                (found[key] for key in ("data", "creative", "file") if isinstance(found.get(key), dict)), {}
            )
            return {**inner, **found}
    return {}


def _id_in(said: Mapping[str, Any]) -> str | None:
    found = (str(said[key]) for key in _IDS if isinstance(said.get(key), int | str))
    return next((one for one in found if _NUMBER.fullmatch(one)), None)


def _words(said: Mapping[str, Any], shown: Mapping[str, Any] | None) -> str:
    """The site's own, as it shows them or as it answered."""
    error = said.get("error") or said.get("message")
    told = error if isinstance(error, str) else (shown or {}).get("words") or error
    return " ".join(str(told or "refused without a word").split())[:_WORDS]
