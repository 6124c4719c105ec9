"""browser/navigation_guard.py, page_snapshot.py: what a changing or hostile page can do, and what is kept of it.

One visit for all these tests: a page is forgotten as soon as the next is opened.
"""

from __future__ import annotations

import contextlib
import json
import stat
import time
from datetime import timedelta

import pytest

from workbench.browser.account_page import Browsing
from workbench.browser.artifacts import PAGE, PICTURE, STORY, Evidence
from workbench.browser.page_state import PageState
from workbench.browser.session import Sessions
from workbench.browser.sites import TRAFFICJUNKY
from workbench.errors import AccountStops, AccountWaits, BadInput, Fault, NeedsPerson, Permanent, Transient, UiChanged

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def opened(data, serve, chromium):
    browsing = Browsing(
        Sessions(data / "sessions"), Evidence(data / "evidence"), browser=chromium,
        page_seconds=timedelta(seconds=15), settle=timedelta(seconds=3),
    )  # fmt: skip
    browsing.sessions.imported(7, '{"cookies": []}')
    with serve() as web, browsing.visit(7, TRAFFICJUNKY.at(web.url)) as visit:
        yield web, visit


@pytest.fixture
def web(opened):
    opened[0].as_it_should_be()
    return opened[0]


@pytest.fixture
def visit(opened, web):
    return opened[1]


@pytest.fixture
def site(visit):
    return visit.site


def body(inside, *, head=""):
    return f'<html lang="en">{head}<body><a href="/campaigns">Campaigns</a><h1>Media Library</h1>{inside}'


# the site as it should be ------------------------------------------------------------------------


def test_a_page_of_the_site_is_opened_with_the_saved_login(visit, site, web):
    found = visit.goto(site.start, expect="media_library")

    assert found.state == PageState.OK
    assert visit.status == 200
    assert [path for _, path in web.seen if path != "/favicon.ico"] == ["/media-library"]


def test_no_attempt_is_made_to_hide_that_a_program_drives_the_browser(visit, site):
    visit.goto(site.start)

    assert visit.page.evaluate("navigator.webdriver") is True


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "file:///etc/passwd", "javascript:alert(1)"])
def test_only_pages_of_the_site_are_opened(visit, address):
    with pytest.raises(BadInput, match="is no page of trafficjunky"):
        visit.goto(address)


def test_a_page_without_what_it_must_have_has_changed(visit, site, web, answer, data):
    web.pages["/media-library"] = answer(body(""))

    with pytest.raises(UiChanged, match="open_upload is not there") as error:
        visit.goto(site.start, expect="media_library")

    assert error.value.fault.kind == "ui_changed"
    assert (data / error.value.fault.evidence / PICTURE).exists()


def test_a_frame_that_fills_late_is_waited_for(visit, site, web, answer):
    web.pages["/media-library"] = answer(
        '<html lang="en"><script>setTimeout(() => document.body.innerHTML = \'<a href="/campaigns">here</a>\', 700)'
        "</script><body>"
    )

    assert visit.goto(site.start).state == PageState.OK


def test_a_frame_that_stays_empty_is_no_login(visit, site, web, answer):
    web.pages["/media-library"] = answer("<html><div id=app></div>")

    with pytest.raises(AccountStops, match="does not show us as logged in"):
        visit.goto(site.start)


def test_a_frame_that_looks_logged_in_and_then_asks_for_a_login_is_none(visit, site, web, answer, library):
    late = '<script>setTimeout(() => location = "/sign-in", 300)</script>'
    web.pages["/media-library"] = answer(library + late)
    with contextlib.suppress(AccountStops):  # on a busy machine it leads away before it was looked at
        visit.goto(site.start)

    assert not visit.is_signed_in()
    with pytest.raises(AccountStops, match=r"logged out.*workbench accounts login 7"):
        visit.check()


def test_a_limit_tells_how_long_the_account_waits(visit, site, web, answer):
    web.pages["/media-library"] = answer("slow down", 429, {"Retry-After": "90"})

    with pytest.raises(AccountWaits) as error:
        visit.goto(site.start)

    assert error.value.retry_after == timedelta(seconds=90)
    assert error.value.fault.kind == "rate_limit"


def test_an_error_at_a_file_is_told_and_not_raised(visit, site, web, answer):
    web.pages["/media-library"] = answer(
        body('<div class="dz-preview dz-error"><span class="dz-error-message">Too long</span></div>')
    )

    found = visit.goto(site.start)

    assert (found.state, found.facts.alerts) == (PageState.UPLOAD_ERROR, ("Too long",))


# hostile pages -----------------------------------------------------------------------------------


def test_a_redirect_to_a_look_alike_is_not_followed(visit, site, web, stranger, answer):
    web.pages["/media-library"] = answer("", 302, {"Location": f"{stranger.url}/sign-in?from=here"})

    with pytest.raises(AccountStops, match="nothing was typed") as error:
        visit.goto(site.start)

    assert error.value.fault.kind == "session_expired"
    assert stranger.seen == []


def test_a_script_that_leads_elsewhere_later_stops_the_next_look(visit, site, web, stranger, answer, library):
    later = f'<script>setTimeout(() => location = "{stranger.url}/media-library", 200)</script>'
    web.pages["/media-library"] = answer(library + later)
    visit.goto(site.start)

    with pytest.raises(AccountStops, match="wanted to lead us to"):
        visit.wait(lambda: False, limit=timedelta(seconds=20))
    assert stranger.seen == []
    assert visit.page.url == f"{web.url}/media-library"


def test_a_popup_is_closed_and_the_page_stays(visit, site, web, answer):
    web.pages["/media-library"] = answer(body("<script>window.open('/sign-in')</script>"))
    visit.goto(site.start)
    soon = timedelta(seconds=20)

    assert visit.wait(lambda: ("GET", "/sign-in") in web.seen, limit=soon)
    assert visit.wait(lambda: len(visit.page.context.pages) == 1, limit=soon)
    assert visit.check().state == PageState.OK


def test_dialogs_are_dismissed(visit, site, web, answer):
    web.pages["/media-library"] = answer(body("<script>alert(1); answer = confirm('Post it?') || prompt('x')</script>"))
    visit.goto(site.start)

    assert visit.page.evaluate("answer") is None


def test_a_page_that_does_not_want_to_be_left_is_left(visit, site, web, answer):
    web.pages["/media-library"] = answer(body("<input><script>onbeforeunload = (e) => e.preventDefault()</script>"))
    visit.goto(site.start)
    visit.page.locator("input").fill("changed")

    assert visit.goto(site.start).state == PageState.OK


def test_a_download_is_refused(visit, site, web, answer, data):
    web.pages["/file"] = answer("x" * 1000, 200, {"Content-Disposition": "attachment; filename=evil.exe"})
    web.pages["/media-library"] = answer(body('<a id=it href="/file">get</a>'))
    visit.goto(site.start)
    with visit.page.expect_download() as got:
        visit.page.click("#it")

    assert got.value.failure()


def test_an_endless_page_is_read_to_a_limit(visit, site, web, answer):
    web.pages["/media-library"] = answer(body("<h2>heading</h2>" + "<p>words and words \x07</p>" * 3000))

    facts = visit.goto(site.start).facts

    assert len(facts.text) <= 20_000
    assert "\x07" not in facts.text


def test_a_page_that_lies_about_itself_breaks_nothing(visit, site, web, answer):
    lie = "<script>Array.prototype.filter = () => ({headings: 5}); document.title = '\\ud800';</script>"
    web.pages["/media-library"] = answer(body("", head=lie))

    with pytest.raises((NeedsPerson, Transient, UiChanged)):
        visit.goto(site.start)


def test_a_wait_ends(visit, site):
    visit.goto(site.start)
    began = time.monotonic()

    assert not visit.wait(lambda: False, limit=timedelta(milliseconds=300))
    assert time.monotonic() - began >= 0.3


def test_what_is_no_trouble_of_the_page_stays_what_it_is(visit, site):
    visit.goto(site.start)
    refused = Permanent("too large", fault=Fault(kind="file_changed"))

    assert visit.fail(refused, "attaching", certain=False) is refused
    assert (refused.fault.kind, refused.fault.certain) == ("file_changed", False)
    assert visit.fail(refused, "again").fault.evidence == refused.fault.evidence


# evidence ----------------------------------------------------------------------------------------


def test_a_picture_of_a_success_with_its_facts(visit, site, data):
    visit.goto(f"{site.start}?token=in-the-address#part")
    path = data / visit.shot("posted")
    told = json.loads((path.parent / PAGE).read_text())

    assert path.read_bytes().startswith(b"\x89PNG")
    assert told["url"] == f"{site.url}/media-library"
    assert told["headings"] == ["Media Library"]
    assert told["selectors"]["open_upload"] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_a_disk_that_takes_no_evidence_hides_nothing(visit, site, web, answer, sign_in, data, caplog):
    visit.goto(site.start)
    kept, elsewhere = data / "evidence", data / "kept"
    kept.mkdir(exist_ok=True)
    kept.rename(elsewhere)
    kept.write_text("a file where the folder should be")
    web.pages["/media-library"] = answer(sign_in)
    try:
        assert visit.shot("posted") == ""
        with pytest.raises(AccountStops) as error:
            visit.goto(site.start)
    finally:
        kept.unlink()
        elsewhere.rename(kept)

    assert error.value.fault.evidence is None
    assert "no evidence of session_expired could be kept" in caplog.text


def test_no_picture_while_a_login_page_is_shown(visit, site, web, answer, sign_in, data):
    web.pages["/media-library"] = answer(sign_in)
    with pytest.raises(AccountStops) as error:
        visit.goto(site.start)

    kept = {path.name for path in (data / error.value.fault.evidence).iterdir()}
    told = json.loads((data / error.value.fault.evidence / PAGE).read_text())
    assert kept == {PAGE, STORY}
    assert "selectors" not in told


def test_what_is_masked_is_not_in_the_picture(visit, site, web, answer):
    """The same page with another balance, name and address gives the same picture."""
    pictures = []
    for balance, name in (("12,345.67", "Alice Adams"), ("99,999.99", "Betty Brown")):
        web.pages["/media-library"] = answer(
            body(
                f"<div class=accountBalance style='width:200px'>{balance}</div><input type=password value={name[:5]}>"
                f"<span class=userName style='display:inline-block;width:200px'>{name}</span>"
                .replace("<input type=password", "<input class=p type=text")
            )
        )  # fmt: skip
        visit.goto(site.start)
        visit.page.evaluate("document.querySelector('.p').type = 'password'")
        pictures.append(visit._snapshots.picture())

    assert pictures[0] == pictures[1]
