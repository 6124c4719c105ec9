"""What a page may not do while we are on it, and what it did: navigation, popups, dialogs, crashes."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Dialog, Error, Page, Response

from workbench.browser.page_state import is_below
from workbench.browser.sites import Site, without_query
from workbench.errors import AccountStops, Fault

_LONGEST_WAIT: Final = 7 * 86_400  # seconds that a site's Retry-After may ask for
_MOST_BLOCKED: Final = 50


class NavigationGuard:
    """Watches the one page of a visit. A page of any host but the site's own is never loaded."""

    def __init__(self, context: BrowserContext, page: Page, site: Site) -> None:
        self.blocked: list[str] = []  # where the page wanted to go
        self.status: int | None = None  # of the last document
        self.retry_after: timedelta | None = None
        self._crashed = False
        self._page = page
        self._site = site
        context.on("page", _close)
        page.on("dialog", _dismiss)
        page.on("crash", self._has_crashed)
        page.on("response", self._has_answered)
        # Not by Playwright's routes, which do not see where a redirect leads.
        self._cdp = context.new_cdp_session(page)
        self._frame = self._cdp.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._cdp.on("Fetch.requestPaused", self._let_through)
        self._cdp.send("Fetch.enable", {"patterns": [{"resourceType": "Document"}]})

    @property
    def is_over(self) -> bool:
        """The page crashed or was closed; nothing can be asked of it."""
        return self._crashed or self._page.is_closed()

    def navigation_error(self, account_id: int) -> AccountStops | None:
        """The error of a page that wanted to lead us elsewhere."""
        if not self.blocked:
            return None
        is_login = is_below(urlsplit(self.blocked[0]).path, self._site.pack.rules["urls"].get("login", ()))
        return AccountStops(
            f"the site wanted to lead us to {self.blocked[0]}, which is no page of {self._site.name} at "
            f"{self._site.url}; it was not opened and nothing was typed. Look at the site yourself, then: "
            f"workbench accounts resume {account_id}",
            fault=Fault(kind="session_expired" if is_login else "unknown"),
        )

    def _let_through(self, event: dict[str, Any]) -> None:
        address = event["request"]["url"]
        with contextlib.suppress(Error):  # the page is gone
            if event["frameId"] != self._frame or self._site.has(address):
                self._cdp.send("Fetch.continueRequest", {"requestId": event["requestId"]})
                return
            if len(self.blocked) < _MOST_BLOCKED:
                self.blocked.append(without_query(address))
            # Aborted leaves the page as it is; other reasons put an error page in its place.
            self._cdp.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "Aborted"})

    def _has_crashed(self, _page: Page) -> None:
        self._crashed = True

    def _has_answered(self, answer: Response) -> None:
        with contextlib.suppress(Error):
            if answer.request.is_navigation_request() and answer.frame == self._page.main_frame:
                self.status = answer.status
                self.retry_after = _seconds(answer.headers.get("retry-after"))


def _close(page: Page) -> None:
    """A popup."""
    with contextlib.suppress(Error):
        page.close()


def _dismiss(dialog: Dialog) -> None:
    with contextlib.suppress(Error):
        if dialog.type == "beforeunload":  # dismissing it would keep us on the page
            dialog.accept()
        else:
            dialog.dismiss()


def _seconds(header: str | None) -> timedelta | None:
    return timedelta(seconds=min(int(header), _LONGEST_WAIT)) if header and header.isdecimal() else None
