"""What a page asks its site for: what its content still waits for, and what of it went wrong.

Pages ask for much beside what they show: who is logged in, counters, news, streams without an end. Which call brings
the list that is read is not written on it. So a call is judged by when it was asked, by its address, and by what is
shown: what follows a gesture of ours, and what goes to an address that the pack knows as the list's, is waited for as
long as a page may take; what a page asks by itself is, once a list is shown, waited for only a moment.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, Request, Response

from workbench.browser.page_state import is_below
from workbench.browser.selectors import SelectorPack

_LONGEST_PATH: Final = 100
_LONGEST_BODY: Final = 20_000
ASKS: Final = frozenset({"xhr", "fetch"})
# Of an answer that has begun it means that the page leaves the rest unread, as of an empty one to a counter.
ABORTED: Final = "net::ERR_ABORTED"
STREAM: Final = "text/event-stream"
_HABIT: Final = 3  # times that the same was asked: the page does so all the time
_TIMES: Final = re.compile(r"\d{9,}")  # what a call carries so that no two are alike


def is_page(request: Request) -> bool:
    """A page of the window itself: a tab or a next page may be a document of its own."""
    with contextlib.suppress(Error):  # its frame is gone
        return request.resource_type == "document" and request.frame == request.frame.page.main_frame
    return False


def is_aside(address: str, pack: SelectorPack) -> bool:
    """Whether an address is known to be no part of what a page shows: its last word is a counter's or a poll's."""
    words = re.split(r"[./_-]", urlsplit(address).path.rstrip("/").rpartition("/")[2].casefold())
    return not set(pack.rules["urls"].get("aside", ())).isdisjoint(words)


@dataclass
class _Call:
    """One request that is on its way."""

    key: str
    is_near: bool  # to an address that is known as the list's, or the page itself
    is_ours: bool  # it followed a gesture of ours, not the page's own loading
    act: int
    is_answered: bool = False


@dataclass(frozen=True)
class _Failure:
    words: str
    key: str
    is_near: bool
    is_ours: bool
    act: int


class PageRequests:
    """Of the requests that `counts`. Watches from the start, until it is closed or the page is."""

    def __init__(self, page: Page, pack: SelectorPack, counts: Callable[[Request], bool]) -> None:
        self.rested_at = time.monotonic()  # when the last call that is waited for came to its end
        self._page = page
        self._pack = pack
        self._counts = counts
        self._open: dict[Request, _Call] = {}
        self._failures: list[_Failure] = []  # oldest first
        self._act = 0
        self._is_ours = False
        self._habits: dict[str, tuple[int, bool]] = {}  # how often it was asked since the page came; first by itself
        self._outlasted: set[str] = set()  # that a page asks by itself, and shows its list long before the answer
        self._is_proved = False  # a call for the list was answered well since the page came
        self._listeners: list[tuple[Any, Any]] = [
            ("request", self._has_begun), ("response", self._has_answer),
            ("requestfinished", self._is_over), ("requestfailed", self._is_lost),
        ]  # fmt: skip
        for name, listener in self._listeners:
            self._page.on(name, listener)

    def close(self) -> None:
        for name, listener in self._listeners:
            self._page.remove_listener(name, listener)

    def forget(self) -> None:
        """What was asked so far is over and done, whatever becomes of it: the page is left on purpose."""
        self._open.clear()
        self._failures.clear()
        self._habits.clear()
        self._is_proved = self._is_ours = False

    def note_gesture(self) -> None:
        """Say that a gesture follows: what is asked from now on is asked because of it."""
        self._act += 1
        self._is_ours = True

    # what the list waits for ----------------------------------------------------------------------

    def is_waiting(self, *, is_shown: bool, is_other: bool, rests: float, longest: float) -> bool:
        """Whether something on its way may still bring the list.

        `is_shown`: there is a list; `is_other`: another than before our gesture; `rests`: seconds since anything
        changed; `longest`: seconds that what is most likely none of the list's is given.
        """
        is_late = is_shown and rests >= longest
        for call in self._open.values():
            if self._holds(call, is_shown=is_shown, is_other=is_other, is_late=is_late):
                return True
        return False

    def _holds(self, call: _Call, *, is_shown: bool, is_other: bool, is_late: bool) -> bool:
        if self._is_habit(call.key):
            return False
        is_current = call.is_ours and call.act == self._act
        if call.is_near or (is_current and not (is_shown and is_other)):
            return True
        if not is_current and (call.key in self._outlasted or (self._is_proved and not is_shown)):
            return False  # what has brought an empty list was another
        if is_late:
            self._outlasted.add(call.key)
        return not is_late

    def stop_waiting(self) -> bool:
        """No longer wait for anything; whether something was not answered at all."""
        unanswered = any(not one.is_answered for one in self._open.values())
        self._outlasted |= {one.key for one in self._open.values()}
        self._open = {request: one for request, one in self._open.items() if not one.is_answered}
        return unanswered

    def _is_habit(self, key: str) -> bool:
        return self._habits.get(key, (0, True))[0] >= _HABIT

    def failure_words(self, *, is_shown: bool) -> str:
        """What went wrong with the list, in words; "" where nothing did that may concern it."""
        return next((one.words for one in self._failures if self._concerns(one, is_shown=is_shown)), "")

    def fail(self, words: str) -> None:
        """Note that the list did not come, since the last gesture or since the page did."""
        self._failures.append(_Failure(words, "", is_near=False, is_ours=self._is_ours, act=self._act))

    def _concerns(self, failure: _Failure, *, is_shown: bool) -> bool:
        is_by_itself = self._is_habit(failure.key) and self._habits[failure.key][1]
        is_current = failure.is_ours and failure.act == self._act and not is_by_itself
        return failure.is_near or is_current or not (is_shown or self._is_proved)

    # what is told by the browser ------------------------------------------------------------------

    def _has_begun(self, request: Request) -> None:
        if not self._counts(request):
            return
        is_document = is_page(request)
        with contextlib.suppress(Error):
            if not is_document and (is_aside(request.url, self._pack) or STREAM in request.headers.get("accept", "")):
                return
        key = _key(request)
        asked, is_by_itself = self._habits.get(key, (0, not self._is_ours))
        self._habits[key] = asked + 1, is_by_itself
        is_near = is_document or is_below(urlsplit(request.url).path, self._pack.rules["urls"].get("list", ()))
        self._open[request] = _Call(key, is_near and request.resource_type != "script", self._is_ours, self._act)

    def _has_answer(self, answer: Response) -> None:
        request = answer.request
        call = self._open.get(request)
        if is_page(request):
            self.forget()  # what the page before it asked
            call = self._open[request] = call or _Call(_key(request), True, self._is_ours, self._act)
        if call is None:
            return
        call.is_answered = True
        if STREAM in answer.headers.get("content-type", ""):  # it may never end
            self._is_over(request)
        elif answer.status >= 400 and request.resource_type != "script":  # noqa: PLR2004 - HTTP
            self._has_failed(call, f"the site answered {answer.status} to {_path(request)}")
        elif call.is_near and not is_page(request):
            self._is_proved = True

    def _is_over(self, request: Request) -> None:
        call = self._open.pop(request, None)
        if call is not None and not self._is_habit(call.key):
            self.rested_at = time.monotonic()

    def _is_lost(self, request: Request) -> None:
        call = self._open.get(request)
        is_answered = call is not None and call.is_answered
        is_redirect = request.redirected_from is not None  # a page may ask where it leads, and not go there
        is_left = request.failure == ABORTED and (is_answered or is_redirect or request.resource_type not in ASKS)
        if call is not None and request.resource_type != "script" and not is_left:
            said = f"a request of the page to {_path(request)} failed: {request.failure or 'unexplained'}"
            self._has_failed(call, said)
        self._is_over(request)

    def _has_failed(self, call: _Call, words: str) -> None:
        self._failures.append(_Failure(words, call.key, call.is_near, call.is_ours, call.act))


def _path(request: Request) -> str:
    return urlsplit(request.url).path[:_LONGEST_PATH]


def _key(request: Request) -> str:
    """The same for two calls that ask for the same."""
    sent = b""
    with contextlib.suppress(Error):
        sent = request.post_data_buffer or b""
    return _TIMES.sub("#", f"{request.method} {request.url} {sent[:_LONGEST_BODY]!r}")
