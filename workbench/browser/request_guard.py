"""What a click makes the page send to its site, and what came back of each call.

A visit keeps no connection, so the browser sends a call once (`account_page.py`). Here the answers are read before the
page gets them, since it may go on to another page and take them along; and after a call without an answer nothing more
is sent: a page may try again too.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote_plus

from playwright.sync_api import Error, Request

from workbench.browser.account_page import AccountPage
from workbench.browser.page_requests import ABORTED, STREAM, is_aside

_LONGEST: Final = 1 << 20
_OPEN: Final = frozenset({408, 409, 425, 429})
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class AnsweredCall:
    """One answered POST of the page."""

    status: int
    body: Any  # its JSON, or None
    sent: str = ""  # what the page had sent, where that can be read

    def may_be_about(self, words: str) -> bool:
        """Pages call their site for much else; one whose content is not to be read may be about anything."""
        plain = _letters if _letters(words) else str  # a title of signs alone has no other spelling
        return not self.sent or any(plain(words) in plain(one) for one in (self.sent, unquote_plus(self.sent)))

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


class RequestGuard:
    """While it is open, what came back of each POST of the page to its site is kept; after a lost one none is sent."""

    def __init__(self, visit: AccountPage) -> None:
        self._visit = visit
        self.answers: list[AnsweredCall] = []
        self.is_lost = False  # one of them was not answered
        self.unrefused = 0  # calls that were sent and are not known to be refused
        self._is_stopped = False
        self._read_whole: set[tuple[str, str]] = set()  # address and content of calls
        self._begun: set[str] = set()  # addresses that calls were sent to since

    def stop(self) -> None:
        """Nothing more is sent, also not when this is left: the page is taken to have sent nothing."""
        self.is_lost = self._is_stopped = True

    def __enter__(self) -> Self:
        self._cdp = self._visit.devtools()
        self._cdp.on("Fetch.requestPaused", self._paused)
        answers = [{"resourceType": kind, "requestStage": "Response"} for kind in ("XHR", "Fetch")]
        self._cdp.send("Fetch.enable", {"patterns": [{"requestStage": "Request"}, *answers]})
        self._visit.page.on("requestfailed", self._failed)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._visit.page.remove_listener("requestfailed", self._failed)
        if not self._is_stopped:
            with contextlib.suppress(Error):  # the page is gone
                self._cdp.detach()

    def _paused(self, event: dict[str, Any]) -> None:
        with contextlib.suppress(Error):  # the page is gone
            if "responseStatusCode" in event:
                self._read(event)
            elif "responseErrorReason" not in event:  # an error is told by `requestfailed`
                self._send(event)
                return
            self._cdp.send("Fetch.continueRequest", {"requestId": event["requestId"]})

    def _send(self, event: dict[str, Any]) -> None:
        """Let a request of the page go, unless an earlier call was lost."""
        asked = event["request"]
        if asked["method"] == "POST" and self.is_lost and self._visit.site.has(asked["url"]):
            self._cdp.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "Failed"})
            return
        if event["resourceType"] != "Ping" and asked["method"] not in _READS and self._counts(asked["url"]):
            self._begun.add(asked["url"])
            self.unrefused += 1
        self._cdp.send("Fetch.continueRequest", {"requestId": event["requestId"]})

    def _counts(self, address: str) -> bool:
        """Calls to the site, without counters, which say nothing of the listing whatever becomes of them."""
        return self._visit.site.has(address) and not is_aside(address, self._visit.pack)

    def _read(self, event: dict[str, Any]) -> None:
        asked = event["request"]
        if asked["method"] != "POST" or not self._counts(asked["url"]):
            return
        if any(STREAM in one["value"] for one in event["responseHeaders"] if one["name"].casefold() == "content-type"):
            return  # it would be read for ever
        body = b""
        with contextlib.suppress(Error):  # a redirect has none
            got = self._cdp.send("Fetch.getResponseBody", {"requestId": event["requestId"]})
            body = base64.b64decode(got["body"]) if got["base64Encoded"] else got["body"].encode()
            self._read_whole.add((asked["url"], asked.get("postData", "")))
        call = AnsweredCall(event["responseStatusCode"], _json(body), asked.get("postData", ""))
        self.answers.append(call)
        self.unrefused -= call.is_refusal

    def _failed(self, request: Request) -> None:
        """Of calls that were sent since the click: one that waited for news before it says nothing of it."""
        if request.method != "POST" or request.resource_type == "ping" or not self._counts(request.url):
            return
        sent = (request.post_data_buffer or b"").decode("utf-8", "replace")
        is_left = request.failure == ABORTED and (request.url, sent) in self._read_whole  # it came, and is not read
        if request.url in self._begun and not is_left:
            self.is_lost = True


def _json(body: bytes) -> Any:
    """Also behind a prefix that keeps other sites' scripts from reading it."""
    for line in body[:_LONGEST].decode("utf-8", "replace").splitlines():
        try:
            return json.loads(line.removeprefix("for (;;);"))
        except (ValueError, RecursionError):
            continue
    return None


def _letters(text: str) -> str:
    """Without what one encoding escapes and another does not."""
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return "".join(one for one in plain.casefold() if one.isalnum())
