"""What a page asks its site for: what is on its way, and what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, Request, Response

_LONGEST_PATH: Final = 100
ASKS: Final = frozenset({"xhr", "fetch"})
# Of an answer that has begun it means that the page leaves the rest unread, as of an empty one to a counter.
ABORTED: Final = "net::ERR_ABORTED"


def is_page(request: Request) -> bool:
    """A page of the window itself: a tab or a next page may be a document of its own."""
    with contextlib.suppress(Error):  # its frame is gone
        return request.resource_type == "document" and request.frame == request.frame.page.main_frame
    return False


class Traffic:
    """Of the requests that `counts`: what counters and chats ask of others is not the page's content.

    Watches from the start, until it is closed or the page is.
    """

    def __init__(self, page: Page, counts: Callable[[Request], bool]) -> None:
        self.open: set[Request] = set()
        self.failed: list[str] = []  # in words, oldest first
        self._counts = counts
        self._answered: set[Request] = set()
        self._page = page
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
        self.open.clear()
        self._answered.clear()
        self.failed.clear()

    def _has_begun(self, request: Request) -> None:
        if self._counts(request):
            self.open.add(request)

    def _has_answer(self, answer: Response) -> None:
        request = answer.request
        if is_page(request):
            self.forget()  # what the page before it asked
            self.open.add(request)
        if request in self.open:
            self._answered.add(request)
            if answer.status >= 400 and request.resource_type != "script":  # noqa: PLR2004 - HTTP
                self.failed.append(f"the site answered {answer.status} to {_path(request)}")

    def _is_over(self, request: Request) -> None:
        self.open.discard(request)
        self._answered.discard(request)

    def _is_lost(self, request: Request) -> None:
        is_asked = request in self.open and request.resource_type != "script"
        is_left = request.failure == ABORTED and (request in self._answered or request.resource_type not in ASKS)
        if is_asked and not is_left:
            self.failed.append(f"a request of the page to {_path(request)} failed: {request.failure or 'unexplained'}")
        self._is_over(request)


def _path(request: Request) -> str:
    return urlsplit(request.url).path[:_LONGEST_PATH]
