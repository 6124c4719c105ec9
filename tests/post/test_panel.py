"""The panels of posting by hand: what a click does, and what a person reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from tests.panels.conftest import at_the_page, eventually, leave_pages
from tests.post.desk import Desk
from workbench.accounts import store as accounts
from workbench.db.schema import posting as table
from workbench.errors import Refused
from workbench.panels.markup import plain
from workbench.post.listings_panel import ListingsPanel
from workbench.post.markup import plan_view, progress_view, results_view
from workbench.post.order import Desk as Order
from workbench.post.panel import JobPanel, PostCheckPanel, PostOutcomePanel, PostPanel
from workbench.post.results_panel import PostResultsPanel
from workbench.workbench import Workbench


@pytest.fixture
def wb(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    at_the_page(monkeypatch)
    with desk.open("north") as wb:
        yield wb
        leave_pages()
        last = time.monotonic() + 60
        while wb.working.is_worked() and time.monotonic() < last:
            time.sleep(0.05)


def wait_for(word: str, text: Callable[[], str]) -> str:
    """Clicks answer at once and work on a thread; what it says comes into the page."""
    eventually(lambda: word in plain(text()))
    return plain(text())


def now(wb: Workbench, listing_id: int, **values: Any) -> None:
    """Let a listing's posting stand like this, as a worker would have left it."""
    wb.parts.ledger.write(
        lambda connection: connection.execute(update(table).where(table.c.listing_id == listing_id).values(**values))
    )


def cells(panel: Any) -> list[list[Any]]:
    """What the rows of a live table show."""
    return [[one if isinstance(one, str) else one["words"] for one in row] for _, row in panel.table.sheet.page["rows"]]


def paused(wb: Workbench) -> None:
    accounts.pause(wb.parts.ledger, 1, "captcha", "so that the worker that is started finds nothing to do")


def test_a_form_keeps_one_more_listing_or_tells_all_its_mistakes(desk: Desk, wb: Workbench) -> None:
    panel = ListingsPanel(wb)
    form = panel.editor.form
    values = {"title": "Oak table", "price": "12,50 €", "location": "Berlin, Germany", "photos": "table.jpg"}
    form.fill({**values, "description": "Four <b>legs</b>."})
    form.submit("keep")
    eventually(lambda: form.blank.wrong)
    assert list(form.blank.wrong) == ["price", "category", "condition"]  # none is chosen for anybody
    assert "whole units" in form.blank.wrong["price"]
    assert wb.postings.listings() == []

    form.fill({"price": "12", "category": "Tools", "condition": "New"})
    eventually(lambda: not form.blank.is_busy)
    form.submit("keep")
    wait_for("Kept as listing 1", lambda: panel.editor.head.html)
    (one,) = wb.postings.listings()
    assert (one["title"], one["price"], one["category"], one["condition"]) == ("Oak table", 12, "Tools", "New")
    eventually(lambda: cells(panel) and cells(panel)[0][:3] == ["Oak table", "12", ""])
    assert cells(panel)[0][3] == "not ordered"
    assert "<img" in panel.editor.seen.html  # its photo

    # An edit, and another one after it.
    eventually(lambda: not form.blank.is_busy)
    panel.edit("1")
    form.fill({"price": "15"})
    form.submit("keep")
    wait_for("Listing 1 is changed", lambda: panel.editor.head.html)
    assert wb.postings.cells_of(1)["price"] == 15


def test_what_is_posted_already_is_the_beginning_of_a_new_listing(desk: Desk, wb: Workbench) -> None:
    wb.postings.import_listings(desk.csv({"sku": "T-1"}))
    paused(wb)
    wb.postings.start([1])
    panel = ListingsPanel(wb)
    panel.edit("1")

    assert "Listing 1 is pending, so it stays as it is" in plain(panel.editor.head.html)
    assert panel.editor.listing_id is None
    assert (panel.editor.form.values()["title"], panel.editor.form.values()["sku"]) == ("Oak table", "")


def test_a_file_is_taken_in_whole_or_every_line_to_mend_is_told(desk: Desk, wb: Workbench) -> None:
    panel = ListingsPanel(wb).importer
    bad = desk.csv({}, {"title": "<script>", "price": "x"}, {"title": "Chair", "location": ""}, name="bad.csv")
    panel._brought("more.csv", bad.read_bytes())
    said = wait_for("to be mended", lambda: panel.said.html)
    assert "Nothing of data/inputs/more.csv was taken in: 2 lines have to be mended first." in said
    assert "<script>" not in panel.said.html
    assert wb.postings.listings() == []

    desk.csv({}, {"title": "Chair"}, name="more.csv")
    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.submit("take")
    wait_for("2 listings, 2 new", lambda: panel.said.html)
    assert wb.postings.bring_file("more.csv", b"another") == "data/inputs/more 2.csv"  # the owner's stays
    assert wb.postings.bring_file("../../evil.png", b"x").startswith("data/inputs/photos/")


def test_the_check_names_every_line(desk: Desk, wb: Workbench) -> None:
    desk.csv({"title": "<script>alert(1)</script>"}, {"title": "Chair", "price": "x"})
    seen = plan_view(Order(wb, "data/inputs/listings.csv", []))

    assert "&lt;script&gt;" in seen
    assert "<script>" not in seen
    assert "the price is" in seen
    assert "Nothing of this file is posted before its refused lines are mended." in seen
    assert "PRACTICE" in seen


def test_posting_asks_twice_and_says_what_it_started(desk: Desk, wb: Workbench) -> None:
    paused(wb)
    desk.csv({})
    order = Order(wb, "data/inputs/listings.csv", [])
    panel = PostPanel(order)
    panel.twice.first.click()
    assert (panel.twice.sure.layout.display, order.job_id) == (None, None)
    assert "PRACTICE: publish 1 listing on Marketplace as north (account 1): Oak table." in panel.twice.asked.html
    panel.twice.keep.click()
    assert panel.twice.sure.layout.display == "none"

    panel.twice.first.click()
    panel.twice.sure.click()

    wait_for("Started: job", lambda: panel.said.html + panel.alert.html)
    job = wb.postings.job()
    assert order.job_id == job["job_id"]
    assert "0 of 1 listings" in progress_view(job)
    assert "Oak table" in results_view(wb, job)
    panel.twice.sure.click()  # a second click means nothing: it was not asked again
    assert wb.postings.job()["job_id"] == job["job_id"]
    eventually(lambda: not panel.twice.first.disabled)
    panel.twice.first.click()
    panel.twice.sure.click()
    wait_for("nothing is left to post", lambda: panel.alert.html)
    assert desk.there() == {}


def test_only_what_was_agreed_to_is_posted(desk: Desk, wb: Workbench) -> None:
    order = Order(wb, str(desk.csv({})), [])
    assert "Oak table" in order.said()
    desk.csv({}, {"title": "Blue chair"})

    with pytest.raises(Refused, match=r"the listings changed since you were asked: Blue chair\."):
        order.start_agreed()
    assert wb.postings.jobs() == []


def test_the_order_is_chosen_in_a_form_and_every_cell_follows(desk: Desk, wb: Workbench) -> None:
    wb.postings.import_listings(desk.csv({}, {"title": "Blue chair"}, {"title": "Lamp"}))
    paused(wb)
    known = ListingsPanel(wb)
    order = Order(wb, "", [], look=False)
    assert "still being looked at" in order.said()
    check = PostCheckPanel(order)
    job, results, outcome = JobPanel(order), PostResultsPanel(order), PostOutcomePanel(order)
    order.faces += [job, results, outcome]
    wait_for("To post: 3", lambda: check.said.html)
    eventually(lambda: not check.form.blank.is_busy)

    check.form.fill({"what": "ticked"})
    check.form.submit("look")
    eventually(lambda: check.form.blank.wrong == {"what": "Tick the listings above that are meant, then look at them."})
    known.table.chosen = ["1", "2"]
    eventually(lambda: not check.form.blank.is_busy)
    check.form.submit("look")
    wait_for("To post: 2", lambda: check.said.html)
    assert plain(outcome.said.html) == "Nothing was posted or rehearsed."

    order.said()
    order.start_agreed()
    order.look_soon()
    wait_for("At work: 0 of 2 listings are over. 2 wait for you", lambda: outcome.said.html)
    eventually(lambda: job.bar.text.startswith("0 of 2 listings"))
    eventually(lambda: len(cells(results)) == 2)
    assert [row[3] for row in cells(results)] == ["waits for you"] * 2

    now(wb, 1, state="posted", next_at=None, remote_id="77", remote_url="https://site.example/item/77/")
    now(wb, 2, state="failed", next_at=None, reason="the site refused the listing: <b>no</b>", error_type="ui_changed")
    order.look_soon()
    said = wait_for("Done: 1 of 2 listings. 1 waits for you", lambda: outcome.said.html)
    assert "see above what to do" in said
    eventually(lambda: [row[3] for row in cells(results)] == ["posted", "failed"])
    link = results.table.sheet.page["rows"][0][1][4]
    assert (link["words"], link["address"]) == ("77", "https://site.example/item/77/")
    (case,) = results.cases.cases.values()
    assert "&lt;b&gt;no" in case.body.value
    assert "Edit the listing as was said, then try again." in plain(case.body.value)

    # Beside it: edit, and try again once, however often the hand clicks.
    case.edit.click()
    wait_for("Listing 2 is failed", lambda: known.editor.head.html)
    case.retry.first.click()
    assert "PRACTICE: post “Blue chair” on Marketplace as north (account 1)" in plain(case.retry.asked.html)
    for _ in range(4):
        case.retry.sure.click()
        case.retry.first.click()
    eventually(lambda: wb.postings.listings(listing_ids=[2])[0]["state"] == "queued")
    assert wb.postings.listings(listing_ids=[2])[0]["retry_count"] == 1

    # What waits in the queue is taken out of it.
    known.table.chosen = ["2", "3"]
    known.cancel.click()
    wait_for("1 taken out of the queue", lambda: known.said.html)


def test_a_lost_click_is_resolved_beside_its_listing(desk: Desk, wb: Workbench) -> None:
    wb.postings.import_listings(desk.csv({}, {"title": "Blue chair"}))
    paused(wb)
    wb.postings.start([1, 2])
    accounts.resume(wb.parts.ledger, 1, now_too=True)
    accounts.switch(wb.parts.ledger, 1, enabled=False)
    doubt = {"state": "unsure", "attention": "person", "next_at": None}
    why = "the site did not answer the click. Look into Your listings by hand, then: workbench post resolve 1 --absent"
    for key in (1, 2):
        now(wb, key, reason=why, **doubt)
    order = Order(wb, "", [])
    results = PostResultsPanel(order)
    order.faces.append(results)
    eventually(lambda: len(results.cases.cases) == 2)
    first, second = results.cases.cases.values()
    words = plain(first.body.value)
    assert "the site did not answer the click." in words
    assert "is it there? Say so here." in words
    assert "workbench" not in words

    first.remote_id.value = "no number"
    first.found.click()
    wait_for("is no listing's id", lambda: first.alert.html)
    first.remote_id.value = "778899"
    first.found.click()
    eventually(lambda: wb.postings.listings(listing_ids=[1])[0]["state"] == "posted")
    second.absent.first.click()
    second.absent.sure.click()
    eventually(lambda: wb.postings.listings(listing_ids=[2])[0]["state"] == "queued")
    eventually(lambda: "1" not in results.cases.cases)
