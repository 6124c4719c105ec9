"""browser/login.py against the stand-ins: we watch, a person's stand-in does the rest; nothing is typed by us."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workbench.accounts.health import ProofState, prove
from workbench.browser import login
from workbench.browser.login import LoginGate, wait_for_person
from workbench.browser.sites import SITES
from workbench.errors import AccountStops, NeedsPerson, Refused

pytestmark = pytest.mark.browser


@pytest.fixture
def watched(browsing):
    """`watched(site)`: a visit without a login, as the gate opens it; here without a window, since nobody looks."""

    def opened(site, **more):
        return replace(browsing, **more).opened(3, site, None, visible=False)

    return opened


class Person:
    """Does a person's part from outside, again and again, as soon as a page waits for it."""

    def __init__(self, url: str, label: str) -> None:
        self._url, self._label, self._over = url, label, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while not self._over.wait(0.3):
            with contextlib.suppress(urllib.error.HTTPError):  # no page waits for them yet
                ask(self._url, "solve", account=self._label)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def ask(url, what, **values):
    order = urllib.request.Request(
        f"{url}/sandbox/{what}", json.dumps(values).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(order, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("channel", SITES)
def test_a_person_logs_in_and_the_login_is_kept_after_proof(sandbox, watched, browsing, channel):
    site = SITES[channel].at(getattr(sandbox, channel).url)
    with Person(site.url, "alice"), watched(site) as visit:
        wait_for_person(visit, wait=timedelta(seconds=90))

    assert prove(browsing, 3, site).state == ProofState.OK


def test_a_question_after_the_login_is_waited_for_too(sandbox, watched, browsing, tmp_path):
    """The test is the person here, and types at that page as a person would."""
    site = SITES["marketplace"].at(sandbox.marketplace.url)
    sandbox.marketplace.switch(two_factor="yes")
    said = []

    def as_asked(asked):
        said.append(asked)
        if asked == "log in there":
            visit.page.fill("#email", "alice")
            visit.page.fill("#pass", "correct-horse-battery")
            visit.page.click("#loginbutton")
        elif "who you are" in asked:
            visit.page.fill("[name=approvals_code]", "123456")
            visit.page.click("button[type=submit]")

    with watched(site) as visit:
        wait_for_person(visit, wait=timedelta(seconds=90), on_wait=as_asked)
    kept = [path for path in tmp_path.rglob("*.json") if path.is_file()]

    assert "the site wants to know who you are: answer it there" in said
    assert browsing.sessions.about(3, site.login_cookies, datetime.now(UTC)).has_login_cookie
    assert all(b"correct-horse-battery" not in path.read_bytes() for path in kept)


def test_nobody_comes(web, watched, site, browsing):
    said = []
    with watched(site) as visit, pytest.raises(NeedsPerson, match="nobody logged in to account 3") as error:
        wait_for_person(visit, wait=timedelta(seconds=1), on_wait=said.append)

    assert said == ["log in there"]
    assert error.value.fault.kind == "session_expired"
    assert not browsing.sessions.path(3).exists()


def test_nothing_is_typed_and_nothing_clicked(web, watched, site, answer):
    watch = """<script>touched = 0;
    for (const kind of ['keydown', 'input', 'click', 'pointerdown', 'submit']) addEventListener(kind, () => touched++);
    </script>"""
    web.pages["/sign-in"] = answer(web.pages["/sign-in"].body + watch)
    with watched(site) as visit:
        with pytest.raises(NeedsPerson):
            wait_for_person(visit, wait=timedelta(seconds=1.5))

        assert visit.page.evaluate("touched") == 0


def test_a_closed_window_is_told(web, watched, site):
    with watched(site) as visit:
        visit.page.on("load", lambda page: page.close())
        with pytest.raises(Refused, match=r"window was closed .* nothing was saved"):
            wait_for_person(visit, wait=timedelta(seconds=20))


def test_a_login_page_of_somebody_else_is_never_shown(web, stranger, watched, site, answer):
    """S21: a look-alike gets neither a page view nor a keystroke."""
    web.pages["/sign-in"] = answer("", 302, {"Location": f"{stranger.url}/sign-in"})
    with watched(site) as visit, pytest.raises(AccountStops, match="no page of trafficjunky"):
        wait_for_person(visit, wait=timedelta(seconds=5))

    assert stranger.seen == []


def test_where_nobody_could_see_a_window_it_is_refused(browsing, site, monkeypatch):
    monkeypatch.setattr(login.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    with pytest.raises(Refused, match=r"accounts import-session 3 FILE"):
        LoginGate(browsing).open(3, site, wait=timedelta(seconds=1))
