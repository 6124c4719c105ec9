"""browser/page_state.py: what every page of the golden set is, read by a real Chromium at its real address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from workbench.browser import launch
from workbench.browser.page_state import PageState, PageVerdict, classify, read_facts
from workbench.browser.sites import SITES

GOLDEN = Path(__file__).with_name("golden")
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium):
    with sync_playwright() as playwright, launch.launch(playwright, browser=chromium) as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 900})


def verdict_of(page: Page, name: str, url: str, status: int, site_name: str) -> PageVerdict:
    def answer(route: Route) -> None:
        if route.request.is_navigation_request() and route.request.frame == page.main_frame:
            route.fulfill(body=(GOLDEN / name).read_text(), status=status, content_type="text/html; charset=utf-8")
        else:
            route.fulfill(body="", content_type="text/html")

    page.route("**/*", answer)
    try:
        found = page.goto(url)
        assert found is not None
        site = SITES[site_name]
        return classify(read_facts(page, site, found.status), site)
    finally:
        page.unroute("**/*")


def test_the_golden_set_and_its_list_are_the_same() -> None:
    assert {path.name for path in GOLDEN.glob("*.html")} == EXPECTED.keys()
    assert {PageState[one["state"]] for one in EXPECTED.values()} == set(PageState)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_golden_page_is_what_it_is(page: Page, name: str) -> None:
    one = EXPECTED[name]
    found = verdict_of(page, name, one["url"], one["status"], one["site"])

    assert found.state == PageState[one["state"]], found.why
