"""The panels of posting by hand: what a click does, and what a person reads."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.post.desk import Desk
from workbench.accounts import store as accounts
from workbench.post.markup import Desk as Order
from workbench.post.markup import plan_view, progress_view, results_view
from workbench.post.panel import FormPanel, PostPanel
from workbench.workbench import Workbench


@pytest.fixture
def wb(desk: Desk) -> Iterator[Workbench]:
    with desk.open("north") as wb:
        yield wb


def wait_for(panel: FormPanel | PostPanel, word: str, text) -> str:
    """Clicks answer at once and work on a thread; what it says comes into the page."""
    last = time.monotonic() + 60
    while word not in text() and time.monotonic() < last:
        time.sleep(0.02)
    return str(text())


def test_a_form_keeps_one_more_listing_or_says_why_not(desk: Desk, wb: Workbench) -> None:
    panel = FormPanel(wb)
    values = {"title": "Oak table", "price": "12,50 €", "location": "Berlin, Germany", "photos": "table.jpg"}
    for name, value in {**values, "description": "Four <b>legs</b>."}.items():
        panel.fields[name].value = value
    panel.keep.click()
    assert "category" in wait_for(panel, "category", lambda: panel.said.html)  # none is chosen for anybody
    panel.fields["category"].value, panel.fields["condition"].value = "Tools", "New"
    panel.keep.click()
    assert "whole units" in wait_for(panel, "whole units", lambda: panel.said.html)
    assert wb.postings.listings() == []

    panel.fields["price"].value = "12"
    panel.keep.click()

    assert "Kept as listing 1" in wait_for(panel, "Kept", lambda: panel.said.html)
    (one,) = wb.postings.listings()
    assert (one["title"], one["price"], one["category"], one["condition"]) == ("Oak table", 12, "Tools", "New")


def test_the_check_names_every_line(desk: Desk, wb: Workbench) -> None:
    desk.csv({"title": "<script>alert(1)</script>"}, {"title": "Chair", "price": "x"})
    seen = plan_view(Order(wb, "data/inputs/listings.csv", []))

    assert "&lt;script&gt;" in seen
    assert "<script>" not in seen
    assert "the price is" in seen
    assert "Nothing of this file is posted before its refused lines are mended." in seen
    assert "PRACTICE" in seen


def test_posting_asks_twice_and_says_what_it_started(desk: Desk, wb: Workbench) -> None:
    accounts.pause(wb.parts.ledger, 1, "captcha", "so that the worker that is started finds nothing to do")
    desk.csv({})
    order = Order(wb, "data/inputs/listings.csv", [])
    panel = PostPanel(order)
    panel.twice.first.click()
    assert (panel.twice.sure.layout.display, order.job_id) == (None, None)
    assert "PRACTICE: publish 1 listing on Marketplace as north (account 1)" in panel.twice.asked.html
    panel.twice.keep.click()
    assert panel.twice.sure.layout.display == "none"

    panel.twice.first.click()
    panel.twice.sure.click()

    assert "Started: job" in wait_for(panel, "Started", lambda: panel.said.html + panel.alert.html)
    job = wb.postings.job()
    assert order.job_id == job["job_id"]
    assert "0 of 1 listings" in progress_view(job)
    assert "Oak table" in results_view(wb, job)
    panel.twice.sure.click()  # a second click means nothing: it was not asked again
    assert wb.postings.job()["job_id"] == job["job_id"]
    last = time.monotonic() + 60
    while panel.twice.first.disabled and time.monotonic() < last:
        time.sleep(0.05)
    panel.twice.first.click()
    panel.twice.sure.click()
    assert "nothing is left to post" in wait_for(panel, "nothing is left", lambda: panel.alert.html)
    last = time.monotonic() + 60
    while wb.working.is_worked() and time.monotonic() < last:
        time.sleep(0.05)
    assert desk.there() == {}
