"""What a click makes the page send to its site is sent once, and never again by anybody.

Chromium itself sends a POST once more when a kept connection breaks before an answer came: one click made three
listings that way. So the page's calls pass through Playwright's own client, which does not, and which still has the
answer when the page has gone on. After a call without an answer nothing more is sent: a page may try again too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from playwright.sync_api import Error, Request, Route

from workbench.browser.visit import Visit

_LONGEST: Final = 1 << 20
_OPEN: Final = frozenset({408, 409, 425, 429})
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CALLS: Final = frozenset({"xhr", "fetch"})


@dataclass(frozen=True)
class Call:
    """One answered POST of the page."""

    status: int
    body: Any  # its JSON, or None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    @property
    def is_refusal(self) -> bool:
        """The site answered that it did not do it; what it answers of itself (5xx) says nothing."""
        if isinstance(self.body, dict) and (self.body.get("success") is False or self.body.get("error")):
            return self.status < 500  # noqa: PLR2004
        has_errors = isinstance(self.body, dict) and bool(self.body.get("errors")) and not self.body.get("data")
        return has_errors if self.is_good else 400 <= self.status < 500 and self.status not in _OPEN  # noqa: PLR2004


class SentOnce:
    """While it is open, each POST of the page to its site is sent once; what came back is kept."""

    def __init__(self, visit: Visit, *, patience: timedelta) -> None:
        self._visit = visit
        self._milliseconds = patience.total_seconds() * 1000
        self.answers: list[Call] = []
        self.is_lost = False  # one of them was not answered
        self.refusals = 0  # of them that the site answered with a no
        self.others = 0  # of them that were sent and answered otherwise, or not yet
        self._is_stopped = False

    def stop(self) -> None:
        """Nothing more is sent, also not when this is left: the page is taken to have sent nothing."""
        self.is_lost = self._is_stopped = True

    def __enter__(self) -> Self:
        self._visit.page.route("**/*", self._send)
        self._visit.page.on("requestfailed", self._failed)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._visit.page.remove_listener("requestfailed", self._failed)
        if not self._is_stopped:
            self._visit.page.unroute_all(behavior="ignoreErrors")

    def _is_call(self, request: Request) -> bool:
        return request.method == "POST" and self._visit.site.has(request.url)

    def _send(self, route: Route) -> None:
        request = route.request
        self.others += self._visit.site.has(request.url) and request.method not in _READS
        if not self._is_call(request):
            route.continue_()
        elif self.is_lost:
            route.abort()
        elif request.resource_type not in _CALLS or _has_files(request):
            route.continue_()  # a form's own way to send, and files, which are not given to us
        else:
            self._send_once(route)

    def _send_once(self, route: Route) -> None:
        try:
            answer = route.fetch(max_redirects=0, max_retries=0, timeout=self._milliseconds)
        except Error:
            self.is_lost = True
            route.abort("connectionreset")
            return
        call = Call(answer.status, _json(answer.body()))
        self.answers.append(call)
        if call.is_refusal:
            self.refusals += 1
            self.others -= 1
        route.fulfill(response=answer)

    def _failed(self, request: Request) -> None:
        if self._is_call(request) and request.resource_type != "ping":
            self.is_lost = True


def _has_files(request: Request) -> bool:
    """A form may be sent in parts without any file; then all of it is given to us."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return False
    body = request.post_data_buffer
    return body is None or b'filename="' in body


def _json(body: bytes) -> Any:
    """Also behind a prefix that keeps other sites' scripts from reading it."""
    for line in body[:_LONGEST].decode("utf-8", "replace").splitlines():
        try:
            return json.loads(line.removeprefix("for (;;);"))
        except (ValueError, RecursionError):
            continue
    return None
