"""The login gate: a visible browser in which a person logs in, and answers whatever a site asks of people.

We open the page, wait, watch, and save the login once it is proved. Nothing is typed, no challenge is touched.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from playwright.sync_api import Error

from workbench.browser.account_page import AccountPage, Browsing
from workbench.browser.page_state import PageState
from workbench.browser.sites import Site
from workbench.errors import AccountStops, Fault, NeedsPerson, Refused, Transient

_LOOK_MS: Final = 400
_WAITS_FOR: Final = {
    PageState.LOGIN: "log in there",
    PageState.CHECKPOINT: "the site wants to know who you are: answer it there",
    PageState.CAPTCHA: "the site asks for a person: solve it there",
}


def can_show() -> bool:
    """Whether a window of ours would be seen by anybody."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class LoginGate:
    """Lets a person log in to an account."""

    def __init__(self, browsing: Browsing) -> None:
        self._browsing = browsing

    @property
    def is_possible(self) -> bool:
        """Whether the person would see the browser."""
        return can_show()

    def open(
        self, account_id: int, site: Site, *, wait: timedelta, on_wait: Callable[[str], None] = lambda _: None
    ) -> None:
        """Return when the login is proved and saved. Refused where no window can be shown."""
        if not self.is_possible:
            raise Refused(
                f"nobody could see a browser here (no DISPLAY), so nobody can log in to account {account_id}. Log in "
                f"on a machine with a screen and bring the session: workbench accounts import-session {account_id} FILE"
            )
        try:
            # What the site knows of this browser from last time spares the person a question.
            state = self._browsing.sessions.load(account_id)
        except AccountStops:
            state = None
        with self._browsing.opened(account_id, site, state, visible=True) as visit:
            wait_for_person(visit, wait=wait, on_wait=on_wait)


def wait_for_person(visit: AccountPage, *, wait: timedelta, on_wait: Callable[[str], None] = lambda _: None) -> None:
    """Open the login page and watch until somebody is logged in; proves and saves it."""
    last = time.monotonic() + wait.total_seconds()
    said = ""
    try:
        visit.open(visit.site.login)
        while not _is_through(visit):
            asked = _WAITS_FOR.get(visit.look().state, "waiting for the page")
            if asked != said:
                on_wait(asked)
                said = asked
            if time.monotonic() >= last:
                raise NeedsPerson(
                    f"nobody logged in to account {visit.account_id} within {_time(wait)}; "
                    f"nothing was saved. Try again: workbench accounts login {visit.account_id}",
                    fault=Fault(kind="session_expired"),
                )
            visit.page.wait_for_timeout(_LOOK_MS)
    except (Error, Transient) as error:
        if visit.is_over:
            raise Refused(
                f"the window was closed before anybody had logged in to account {visit.account_id}; nothing was saved."
            ) from None
        raise visit.fail(error, "waiting for a person") from None


def _is_through(visit: AccountPage) -> bool:
    """Proved on a page that only a login shows: what follows a login form may still be a question."""
    if not visit.look().facts.is_signed_in or not visit.is_signed_in():
        return False
    visit.open(visit.site.start)
    return visit.keep()


def _time(wait: timedelta) -> str:
    minutes, seconds = divmod(round(wait.total_seconds()), 60)
    return f"{minutes} minutes" if not seconds else f"{minutes * 60 + seconds} seconds"
