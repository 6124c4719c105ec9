"""accounts/health.py: four kinds of trouble, four different and right answers."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from workbench.accounts.health import ProofState, health, prove
from workbench.browser.session import SessionFacts

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOOD = SessionFacts(exists=True, saved_at=NOW, age_days=0.5, has_login_cookie=True)
INSIDE = '<html lang="en"><div aria-label="Your profile">A</div><h1>Your listings</h1>'


@pytest.fixture
def facebook(browsing, marketplace, web, answer, cookie):
    """`facebook(page)`: what is proved where the site shows `page` to account 3."""

    def proved(page, *, until=9_999_999_999):
        cookies = [cookie("c_user", "100001", expires=until), cookie("xs", "a-login-token", expires=until)]
        browsing.sessions.imported(3, json.dumps({"cookies": cookies}))
        web.pages["/marketplace/you/selling"] = page
        return prove(browsing, 3, marketplace)

    return proved


def test_no_session(browsing, marketplace, web):
    assert prove(browsing, 3, marketplace).state == ProofState.NO_SESSION
    assert web.seen == []


def test_an_expired_cookie(facebook, answer, web):
    found = facebook(answer(INSIDE), until=1_600_000_000)

    assert (found.state, found.is_worth_keeping) == (ProofState.EXPIRED, False)
    assert "2020-09-13" in found.reason
    assert web.seen == []


@pytest.mark.browser
def test_a_valid_cookie_but_logged_out_at_the_site(facebook, answer):
    found = facebook(answer('<html lang="en"><input type=password name=pass>'))

    assert (found.state, found.is_worth_keeping) == (ProofState.LOGGED_OUT, True)


@pytest.mark.browser
def test_a_checkpoint(facebook, answer, web):
    web.pages["/checkpoint/1/"] = answer('<html lang="en"><h1>Confirm your identity</h1>')
    found = facebook(answer("", 302, {"Location": "/checkpoint/1/"}))

    assert found.state == ProofState.CHECKPOINT
    assert "/checkpoint/1/" in found.reason


@pytest.mark.browser
def test_proved(facebook, answer, browsing):
    renewed = {"Set-Cookie": "xs=renewed-token; Path=/; Max-Age=999999"}

    assert facebook(answer(INSIDE, 200, renewed)).state == ProofState.OK
    assert "renewed-token" in browsing.sessions.path(3).read_text()


@pytest.mark.browser
def test_a_site_that_is_not_there_proves_nothing(browsing, marketplace, cookie):
    browsing.sessions.imported(3, json.dumps({"cookies": [cookie("c_user"), cookie("xs")]}))
    found = prove(browsing, 3, marketplace.at("http://127.0.0.1:9"))

    assert (found.state, found.is_worth_keeping) == (ProofState.UNREACHABLE, False)


OLD = GOOD.__class__(exists=True, saved_at=NOW, age_days=31.2, has_login_cookie=True)
ENDED = SessionFacts(exists=True, age_days=2, is_expired=True, cookie_expires_at=NOW)
RECENT = NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("session", "proof", "proved_at", "paused", "status", "reason"),
    [
        pytest.param(SessionFacts(exists=False), None, None, None, "error", "no session", id="none"),
        pytest.param(SessionFacts(exists=True, is_damaged=True), "ok", RECENT, None, "error", "cannot be read",
                     id="damaged"),
        pytest.param(GOOD, "logged_out", RECENT, None, "error", "logged out at the site", id="logged out"),
        pytest.param(GOOD, "checkpoint", RECENT, None, "error", "at a checkpoint", id="checkpoint"),
        pytest.param(GOOD, "ok", RECENT, "paused: captcha", "error", "paused", id="paused since"),
        pytest.param(GOOD, None, None, None, "warning", "never proved", id="never proved"),
        pytest.param(ENDED, "ok", RECENT, None, "error", "cookie expired at 2026-11-21", id="expired cookie"),
        pytest.param(OLD, "ok", RECENT, None, "warning", "31 days old", id="older than 30 days"),
        pytest.param(SessionFacts(exists=True, age_days=1, mode_ok=False), "ok", RECENT, None, "error",
                     "others may read", id="readable by others"),
        pytest.param(GOOD, "limited", RECENT, None, "warning", "limited by the site", id="limited"),
        pytest.param(GOOD, "unreachable", RECENT, None, "warning", "could not be reached", id="unreachable"),
        pytest.param(GOOD, "ok", NOW - timedelta(hours=25), None, "warning", "25 hours ago", id="proved long ago"),
        pytest.param(GOOD, "ok", NOW - timedelta(hours=23), None, "healthy", "23 h ago", id="proved within a day"),
    ],
)  # fmt: skip
def test_all_that_is_known_in_one_word(session, proof, proved_at, paused, status, reason):
    found = health(
        3, session, proof=proof, proof_reason="because", proved_at=proved_at, paused=paused, now=NOW,
        oldest=timedelta(days=30),
    )  # fmt: skip

    assert found.status == status
    assert reason in found.reason
    assert (found.action is None) == (status == "healthy")


@pytest.mark.parametrize(("proof", "action"), [("restricted", "resume"), ("checkpoint", "login")])
def test_what_is_to_be_done_mends_what_the_site_said(proof, action):
    found = health(
        3, GOOD, proof=proof, proof_reason="because", proved_at=RECENT, paused=None, now=NOW,
        oldest=timedelta(days=30),
    )  # fmt: skip

    assert found.action == f"workbench accounts {action} 3"


def test_a_file_that_is_touched_grows_no_younger_by_being_read(browsing, cookie):
    browsing.sessions.imported(3, json.dumps({"cookies": [cookie()]}))
    moment = (NOW - timedelta(days=31)).timestamp()
    os.utime(browsing.sessions.path(3), (moment, moment))
    browsing.sessions.load(3)

    assert browsing.sessions.about(3, (), NOW).age_days == 31.0
