"""The one click that makes a listing public, by Playwright's own click, and what the site says to it.

It is read from the network first, from the address second, from the page last.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Error, Locator

from workbench.browser.once import SentOnce
from workbench.browser.pagestate import PageState
from workbench.browser.selling import ADDRESS, SELLING
from workbench.browser.visit import Visit
from workbench.errors import Transient

_LAST_LOOK: Final = 1.0  # seconds that a page may still change after its call was lost
_STAYS: Final = 2.0  # seconds that an alert stands there without anything being sent
_LOOK_MS: Final = 40
_PAGE_EVERY: Final = 0.2  # seconds between looks at the whole page, which cost it more than the look at its calls
_NAMES: Final = frozenset({"listing_id", "listingid", "marketplace_listing_id"})
_FORM: Final = ("publish", "title", "next")  # the site may go back to the page of the field
_SILENT: Final = frozenset({PageState.OK, PageState.SHELL})
_UNDECIDED: Final = frozenset({PageState.OK, PageState.SHELL, PageState.UNKNOWN})


@dataclass(frozen=True)
class ClickAnswer:
    """How the site took the click."""

    was_taken: bool
    remote_id: str | None = None
    why: str = ""


class Press:
    """Clicks once, and waits for what the site says to it."""

    def __init__(self, visit: Visit, *, patience: timedelta, title: str) -> None:
        self._visit = visit
        self._patience = patience
        self._title = title
        self._alerts: frozenset[str] = frozenset()  # that stood there before the click
        self._was_wrong = False  # a field was marked before the click: the mark says nothing of it
        self._refused_since: float | None = None

    def once(self, button: Locator, known: frozenset[str]) -> ClickAnswer | None:
        """Click; None when the site does not say what became of it. `known`: ids that are of earlier listings."""
        before = self._visit.look()
        self._alerts = frozenset(before.facts.alerts)
        self._was_wrong = before.state is PageState.FIELD_ERROR
        with SentOnce(self._visit) as sent:
            button.click(no_wait_after=True)
            return self._wait(sent, known)

    def _wait(self, sent: SentOnce, known: frozenset[str]) -> ClickAnswer | None:
        end = time.monotonic() + self._patience.total_seconds()
        was_lost, looked_at = False, -_PAGE_EVERY
        while True:
            answer = _by_network(sent, known, self._title) or self._by_address(known)
            if answer is None and time.monotonic() - looked_at >= _PAGE_EVERY:
                answer, looked_at = self._by_page(sent), time.monotonic()
            if answer is not None:
                return answer
            if sent.is_lost and not was_lost:
                was_lost, end = True, min(end, time.monotonic() + _LAST_LOOK)
            if time.monotonic() > end:
                return None
            self._visit.page.wait_for_timeout(_LOOK_MS)

    def _by_address(self, known: frozenset[str]) -> ClickAnswer | None:
        address = urlsplit(self._visit.page.url).path
        found = ADDRESS.search(address)
        if found and found[1] not in known:
            return ClickAnswer(was_taken=True, remote_id=found[1], why="the address of the listing")
        if address.startswith(SELLING):
            return ClickAnswer(was_taken=True, why="the site went on to Your listings")
        return None

    def _by_page(self, sent: SentOnce) -> ClickAnswer | None:
        """A field that is marked as wrong while the form is still there is proof that nothing was published. So is
        an alert that the click brought, where nothing was sent, or every answer was a no.
        """
        try:
            verdict = self._visit.look()
        except (Error, Transient):  # between two pages
            return None
        fresh = [one for one in verdict.facts.alerts if one not in self._alerts]
        is_quiet = not sent.others and not sent.is_lost
        is_alert = bool(fresh) and verdict.state in _SILENT and is_quiet
        if is_alert or (verdict.state is PageState.FIELD_ERROR and (is_quiet or not self._was_wrong)):
            is_form = any(self._visit.pack.maybe(self._visit.page, one) for one in _FORM)
            if is_form and (not is_alert or self._stays()):
                sent.stop()
                return ClickAnswer(was_taken=False, why="; ".join(verdict.facts.alerts) or verdict.why)
        else:
            self._refused_since = None
        if verdict.state not in _UNDECIDED:
            self._visit.check()  # raises what the page means
        return None

    def _stays(self) -> bool:
        """An alert may only tell that the page is at it."""
        self._refused_since = self._refused_since or time.monotonic()
        return time.monotonic() - self._refused_since >= _STAYS


def _by_network(sent: SentOnce, known: frozenset[str], title: str) -> ClickAnswer | None:
    """Other calls of the page may be answered with other listings, and before the one that counts is sent."""
    waiting, sent.answers = sent.answers, []
    for one in waiting:
        remote_id = next((each for each in _ids(one.body) if each not in known), None)
        if one.is_good and remote_id and one.may_be_about(title):
            return ClickAnswer(was_taken=True, remote_id=remote_id, why="the site's answer to the click")
    return None


def _ids(value: Any, above: str = "") -> Iterator[str]:
    """Numbers that an answer names as a listing's."""
    if isinstance(value, dict):
        for key, one in value.items():
            name = str(key).casefold()
            is_named = name in _NAMES or (name == "id" and "listing" in above)
            if is_named and isinstance(one, str | int) and re.fullmatch(r"\d{3,30}", str(one)):
                yield str(one)
            yield from _ids(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one, above)
