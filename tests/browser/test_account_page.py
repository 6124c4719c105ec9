"""browser/account_page.py: how a visit begins and ends, what errors become, which login is kept."""

from __future__ import annotations

import json
import stat
import threading
import urllib.request
from dataclasses import replace
from datetime import timedelta

import pytest

from workbench.browser.artifacts import PAGE
from workbench.browser.page_state import PageState
from workbench.browser.sites import TRAFFICJUNKY
from workbench.errors import AccountStops, Fenced, Transient, UiChanged, WorkbenchError

pytestmark = pytest.mark.browser


def body(inside):
    return f'<html lang="en"><body><a href="/campaigns">Campaigns</a><h1>Media Library</h1>{inside}'


@pytest.fixture
def trouble(browsing, site, logged_in):
    """`trouble(do)`: the error that leaves a visit in which `do(visit)` goes wrong."""

    def met(do, *, site=site, browsing=browsing):
        with pytest.raises(WorkbenchError) as error, browsing.visit(logged_in, site) as visit:
            do(visit)
        return error.value

    return met


# what errors become ------------------------------------------------------------------------------


def test_a_site_that_does_not_answer_is_a_network_error(trouble, site):
    nowhere = site.at("http://127.0.0.1:9")
    error = trouble(lambda visit: visit.goto(nowhere.start), site=nowhere)

    assert (type(error), error.fault.kind) == (Transient, "network_error")
    assert "net::ERR_" in error.message


def test_the_page_decides_before_the_exception(trouble, site, web, answer, sign_in):
    """A control that does not come, because the login is over: nobody waits for the control."""

    def do(visit):
        visit.goto(site.start)
        web.pages["/media-library"] = answer(sign_in)
        visit.page.reload()
        visit.page.click("#newImage", timeout=300)

    error = trouble(do)

    assert (type(error), error.fault.kind) == (AccountStops, "session_expired")
    assert "TimeoutError" in error.fault.story


def test_a_control_that_does_not_come_on_a_good_page_is_slow(trouble, site):
    def do(visit):
        visit.goto(site.start)
        visit.page.click("#nowhere", timeout=300)

    error = trouble(do)

    assert (type(error), error.fault.kind, error.fault.certain) == (Transient, "timeout", True)


def test_two_that_fit_are_a_changed_page(trouble, site, web, answer):
    web.pages["/media-library"] = answer(body("<button>Go</button><button>Go</button>"))

    def do(visit):
        visit.goto(site.start)
        visit.page.get_by_role("button", name="Go").click()

    error = trouble(do)

    assert (type(error), error.fault.kind) == (UiChanged, "ui_changed")


def test_a_crashed_page_is_a_browser_that_ended(trouble, site):
    def do(visit):
        visit.goto(site.start)
        visit.page.goto("chrome://crash")

    error = trouble(do)

    assert (type(error), error.fault.kind) == (Transient, "browser_closed")
    assert "the browser ended" in error.message


def test_a_page_that_never_rests_is_given_up_on(trouble, site, web, answer, tmp_path):
    web.pages["/media-library"] = answer(body("<script>setTimeout(() => { while (true); }, 50)</script>"))

    def do(visit):
        visit.open(site.start)
        visit.page.wait_for_timeout(300)
        visit.check()

    error = trouble(do)
    told = json.loads((tmp_path / error.fault.evidence / PAGE).read_text())

    assert (type(error), error.fault.kind) == (Transient, "timeout")
    assert told["unreadable"] is True


def test_a_fenced_worker_leaves_no_evidence(browsing, site, logged_in, tmp_path):
    with pytest.raises(Fenced), browsing.visit(logged_in, site):
        raise Fenced

    assert not (tmp_path / "evidence").exists()


def test_a_seeded_password_and_cookie_occur_nowhere(trouble, browsing, site, cookie, web, answer, tmp_path, caplog):
    """The canary of issue 5: they pass through browser, page, address and error, and are kept nowhere."""
    password, secret = "correct-horse-battery", "canary-cookie-0123456789"
    browsing.sessions.imported(7, json.dumps({"cookies": [cookie(value=secret)], "origins": []}))
    inside = f"<h2>Hello {secret}</h2><div role=alert>me@example.org said {secret}</div><input name=q>"
    web.pages["/media-library"] = answer(body(inside), 200, {"Set-Cookie": "other=renewed-canary-9876543210; Path=/"})

    def do(visit):
        visit.goto(f"{site.start}?token={secret}&p={password}")
        visit.shot("seen", story=f"{secret} {password} renewed-canary-9876543210")
        visit.page.locator("input").fill(password)
        visit.page.locator(f"#{password}-{secret}").click(timeout=200)

    error = trouble(do, browsing=replace(browsing, redact=lambda text: text.replace(password, "***")))
    kept = [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]
    told = b"".join(path.read_bytes() for path in kept) + f"{error} {error.fault} {caplog.text}".encode()

    web.pages["/media-library"] = answer(f"<title>{secret} {'words ' * 100}</title>{'<p>unknown page</p>' * 40}")
    unknown = trouble(lambda visit: visit.goto(site.start))
    told += f"{unknown} {unknown.fault}".encode()

    assert unknown.fault.kind == "unknown"
    assert len(kept) >= 5
    for canary in (password, secret, "renewed-canary-9876543210", "me@example.org"):
        assert canary.encode() not in told


# sessions ----------------------------------------------------------------------------------------


def test_without_a_session_no_browser_is_opened(browsing, site):
    with pytest.raises(AccountStops, match=r"it has no saved login.*accounts login 3"), browsing.visit(3, site):
        pytest.fail("opened")


def test_an_expired_login_cookie_is_not_tried(browsing, marketplace, cookie):
    state = {"cookies": [cookie("c_user", expires=1_600_000_000), cookie("xs")], "origins": []}
    browsing.sessions.imported(3, json.dumps(state))

    with pytest.raises(AccountStops, match="ended at 2020-09-13"), browsing.visit(3, marketplace):
        pytest.fail("opened")


def test_a_session_that_others_may_read_is_not_used(browsing, site, logged_in):
    browsing.sessions.path(logged_in).chmod(0o644)

    with pytest.raises(AccountStops, match="others may read"), browsing.visit(logged_in, site):
        pytest.fail("opened")


def test_a_login_that_the_browser_does_not_take_is_named_and_no_bug(browsing, site, logged_in, web):
    """As an earlier version kept one, or as a browser refuses it one day."""
    browsing.sessions.imported(logged_in, json.dumps([cookie_of("good"), cookie_of("__Host-bad", path="/below")]))
    state = browsing.sessions.load(logged_in)
    state["cookies"][1] |= {"secure": False, "name": "__Secure-bad"}
    told = pytest.raises(AccountStops, match=r"because of the cookie '__Secure-bad'.*workbench accounts login 7")
    with told, browsing.opened(logged_in, site, state, visible=False):
        pytest.fail("opened")
    with browsing.visit(logged_in, site) as visit:  # mended when it is read
        assert visit.goto(site.start).state == PageState.OK


def test_a_login_of_every_mended_kind_is_taken_by_the_browser(browsing, site, logged_in, web):
    cookies = [
        cookie_of("milliseconds", expires=1_813_000_000_000),
        cookie_of("zero", expires=0),
        cookie_of("none", sameSite="None"),
        cookie_of("apart", partitionKey={"topLevelSite": "https://site.example"}),
        cookie_of("__Secure-one"),
        cookie_of("__Host-one"),
        cookie_of("far", expires=253_402_300_799),
        cookie_of("empty", value=""),
    ]
    browsing.sessions.imported(logged_in, json.dumps(cookies))
    with browsing.visit(logged_in, site) as visit:
        assert {one["name"] for one in visit.page.context.cookies()} >= {"milliseconds", "zero", "none", "far", "empty"}


def cookie_of(name, **more):
    return {"name": name, "value": "some-value", "domain": "127.0.0.1", **more}


def test_a_renewed_login_is_kept_after_proof(browsing, site, logged_in, web, answer, library):
    web.pages["/media-library"] = answer(library, 200, {"Set-Cookie": "session=renewed-by-the-site; Path=/"})
    with browsing.visit(logged_in, site) as visit:
        visit.goto(site.start)
        assert visit.keep()

    path = browsing.sessions.path(logged_in)
    assert "renewed-by-the-site" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_login_that_ended_does_not_replace_the_saved_one(browsing, site, logged_in, web, answer, sign_in):
    before = browsing.sessions.path(logged_in).read_text()
    web.pages["/media-library"] = answer(sign_in, 200, {"Set-Cookie": "session=of-nobody-at-all; Path=/"})
    with browsing.visit(logged_in, site) as visit:
        visit.open(site.start)
        assert not visit.keep()

    assert browsing.sessions.path(logged_in).read_text() == before


def test_indexed_db_comes_back(browsing, site, logged_in):
    put = """() => new Promise((done) => { const asked = indexedDB.open('token', 1);
        asked.onupgradeneeded = () => asked.result.createObjectStore('kept').put('value', 'key');
        asked.onsuccess = () => { asked.result.close(); done(); }; })"""
    get = """() => new Promise((done) => { const asked = indexedDB.open('token', 1); asked.onsuccess = () => {
        const got = asked.result.transaction('kept').objectStore('kept').get('key');
        got.onsuccess = () => done(got.result); }; })"""
    with browsing.visit(logged_in, site) as visit:
        visit.goto(site.start)
        visit.page.evaluate(put)
        assert visit.keep()
    with browsing.visit(logged_in, site) as visit:
        visit.goto(site.start)

        assert visit.page.evaluate(get) == "value"


def test_a_long_wait_keeps_the_login_alive(browsing, site, logged_in, web):
    quick = replace(browsing, keep_alive=timedelta(milliseconds=50))
    with quick.visit(logged_in, site) as visit:
        visit.goto(site.start)
        done = visit.wait(lambda: web.seen.count(("GET", "/media-library")) > 1, limit=timedelta(seconds=5))

    assert done


@pytest.mark.slow
def test_a_short_login_outlives_a_long_wait(browsing, sandbox):
    """TrafficJunky's logins end after a while without a request; files may take longer than that."""
    site = TRAFFICJUNKY.at(sandbox.trafficjunky.url)
    order = urllib.request.Request(f"{site.url}/sandbox/session", b'{"account": "Ads"}')
    with urllib.request.urlopen(order, timeout=60) as answer:
        browsing.sessions.imported(3, answer.read())
    quick = replace(browsing, keep_alive=timedelta(seconds=1))
    with quick.visit(3, site) as visit:
        visit.goto(site.start)
        sandbox.trafficjunky.switch(session_idle_seconds=5)
        visit.wait(lambda: False, limit=timedelta(seconds=8))

        assert visit.goto(site.start).state == PageState.OK


def test_visits_of_two_accounts_side_by_side(browsing, site, cookie):
    seen, errors = [], []

    def go(account_id):
        try:
            with browsing.visit(account_id, site) as visit:
                visit.goto(site.start)
                seen.append(visit.page.context.cookies()[0]["value"])
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    for one in (1, 2):
        browsing.sessions.imported(one, json.dumps({"cookies": [cookie(value=f"cookie-of-{one}")]}))
    crew = [threading.Thread(target=go, args=(one,)) for one in (1, 2)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()

    assert errors == []
    assert sorted(seen) == ["cookie-of-1", "cookie-of-2"]


MOVES = """<style>@keyframes away { to { left: 600px } }
#accept { position: absolute; left: 0; animation: away .3s linear infinite }</style>
<h1>Media library</h1><button id="accept">Accept All</button>"""


def test_a_cookie_question_that_cannot_be_clicked_is_nobodys_error(browsing, site, logged_in, web, answer):
    """Neither that of the page it stands on, nor that of the next visit of the same driver."""
    web.pages["/media-library"] = answer(MOVES)
    with browsing.visit(logged_in, site) as visit:
        visit.open("/media-library")
        assert visit.page.locator("h1").text_content() == "Media library"
        visit.page.locator("h1").click()
        assert visit.look().facts is not None
    web.pages["/media-library"] = answer("<h1>Media library</h1>")
    with browsing.visit(logged_in, site) as visit:
        visit.open("/media-library")
        assert visit.page.locator("h1").text_content() == "Media library"
