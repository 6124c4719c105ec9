"""What is kept of a page: a masked picture, bounded facts, a short story; without anything that lets somebody in."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from playwright.sync_api import BrowserContext, Error, Page

from workbench.browser import page_errors
from workbench.browser.artifacts import Evidence, KeptEvidence
from workbench.browser.navigation_guard import NavigationGuard
from workbench.browser.page_state import PageFacts, PageState, classify
from workbench.browser.session import secrets_of
from workbench.browser.sites import Site, without_query
from workbench.errors import BadInput
from workbench.secret import Redactor

log = logging.getLogger(__name__)

_LONGEST_STORY: Final = 6000
_PICTURE_MS: Final = 5000
_MOST_BLOCKED: Final = 10


class PageSnapshots:
    """Of one visit."""

    def __init__(
        self,
        evidence: Evidence,
        account_id: int,
        site: Site,
        *,
        context: BrowserContext,
        page: Page,
        guard: NavigationGuard,
        redact: Callable[[str], str],
    ) -> None:
        self.session: Mapping[str, Any] | None = None  # the login that was brought; none of it may be seen
        self._evidence = evidence
        self._account_id = account_id
        self._site = site
        self._context = context
        self._page = page
        self._guard = guard
        self._redact = redact

    def keep(self, what: str, facts: PageFacts | None, *, story: str = "", note: str = "") -> KeptEvidence | None:
        """A `story` is of trouble. No picture while a login page is shown, or of a page that cannot be read.

        None where the disk takes nothing: that must not hide what the evidence was of.
        """
        has_picture = facts is not None and classify(facts, self._site).state != PageState.LOGIN
        page = self._page_json(facts, note, probed=has_picture)
        picture = self.picture() if has_picture else None
        told = self.clean(story)[:_LONGEST_STORY]
        try:
            return self._evidence.keep(
                what, self._account_id, page=page, picture=picture, story=told, now=datetime.now(UTC)
            )
        except (OSError, BadInput) as error:
            log.warning("no evidence of %s could be kept: %s", what, error)
            return None

    def clean(self, text: str) -> str:
        """Without secrets of ours, without the session's, without queries of addresses."""
        redact = Redactor([*secrets_of(self.session), *secrets_of({"cookies": self._cookies()})])
        return redact(self._redact(page_errors.without_queries(text)))

    def picture(self) -> bytes | None:
        """Of the window, with passwords, names and balances covered; None of a page that never rests."""
        hidden = [self._page.locator(css) for css in ("input[type=password]", *self._site.pack.mask)]
        with contextlib.suppress(Error):
            return self._page.screenshot(mask=hidden, animations="disabled", timeout=_PICTURE_MS)
        return None

    def _page_json(self, facts: PageFacts | None, note: str, *, probed: bool) -> dict[str, Any]:
        told: dict[str, Any] = {
            "account_id": self._account_id,
            "site": self._site.name,
            "pack": str(self._site.pack),
            "blocked": self._guard.blocked[:_MOST_BLOCKED],
        }
        if facts is None:
            told |= {"url": without_query(self._page.url), "unreadable": True}
        else:
            shown = ("url", "status", "title", "lang", "headings", "alerts", "frames", "markers")
            told |= {name: getattr(facts, name) for name in shown}
        if note:
            told["note"] = note[:_LONGEST_STORY]
        if probed:
            told["selectors"] = self._probed()
        cleaned: dict[str, Any] = page_errors.each_text(told, lambda text: page_errors.without_emails(self.clean(text)))
        return cleaned

    def _probed(self) -> dict[str, int]:
        pack = self._site.pack
        pages = {one.page for one in pack.selectors.values()}
        with contextlib.suppress(Error):
            return {one.name: one.found for page in pages for one in pack.probe(self._page, page)}
        return {}

    def _cookies(self) -> list[Any]:
        with contextlib.suppress(Error):
            return list(self._context.cookies())
        return []
