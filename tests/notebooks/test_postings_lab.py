"""notebooks/postings.ipynb in a real JupyterLab, as a person uses it: fill the form, check, post, watch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.notebooks.conftest import Home
from tests.notebooks.lab import Lab, focused, run_all, tabbed, unlabelled
from tests.post.desk import FAST, Desk
from workbench import open_workbench
from workbench.sandbox.serve import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def desk(home: Home, sandbox: Sandbox) -> Desk:
    home.set(**FAST, marketplace_url=sandbox.marketplace.url, brightdata_url=sandbox.url)
    return Desk(home.path.parent, sandbox)


def test_a_person_posts_listings_and_sees_where_they_are(desk: Desk, lab: Lab, page: Page, tmp_path: Path) -> None:
    with open_workbench(lab.home.path) as wb:
        wb.add_account("marketplace", "north")
        wb.import_listings(desk.csv({}))
    lab.open(page, "postings")
    run_all(page, "Nothing was posted or rehearsed.")
    page.screenshot(path=tmp_path / "checked.png")
    assert unlabelled(page) == 0

    page.get_by_label("Title").fill("Blue chair")
    page.get_by_label("Price").fill("25")
    page.get_by_label("Category").select_option("Furniture")
    page.get_by_label("Condition").select_option("New")
    page.get_by_label("Description").fill("Comfortable.")
    page.get_by_label("Location").fill("Springfield, Illinois")
    page.get_by_label("Photos").fill("table.jpg")
    page.get_by_label("Account").select_option("north")
    page.get_by_label("Account").focus()
    assert tabbed(page, 2) == ["SKU", "Keep this listing"]
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kept as listing 2.")).to_be_visible()
    page.screenshot(path=tmp_path / "kept.png")

    run_all(page, "Nothing was posted or rehearsed.")
    page.get_by_role("button", name="Rehearse: fill in, send nothing").focus()
    assert tabbed(page, 1) == ["Post them…"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Yes, publish them")).to_be_visible()
    page.screenshot(path=tmp_path / "asked.png")
    assert focused(page) == "No"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Yes, publish them"
    assert desk.there() == {}
    page.keyboard.press("Enter")

    panel = page.locator(".wb-job-panel")
    expect(panel.locator("[role=progressbar]")).to_have_attribute("aria-label", "Posting")
    page.screenshot(path=tmp_path / "posting.png")
    expect(panel.locator("[role=status]")).to_have_text("completed", timeout=90_000)
    page.screenshot(path=tmp_path / "posted.png")
    expect(panel.locator("[role=progressbar]")).to_have_attribute(
        "aria-valuetext", "2 of 2 listings: 2 posted, 0 failed"
    )
    ids = {one["title"]: str(one["listing_id"]) for one in desk.count()["listings"]}
    for title in ("Oak table", "Blue chair"):
        row = panel.get_by_role("row", name=title)
        expect(row).to_contain_text("posted")
        expect(row.get_by_role("link")).to_have_text(ids[title])
    assert desk.there() == Counter({("north", "Oak table"): 1, ("north", "Blue chair"): 1})

    run_all(page, "Done: 2 of 2 listings.")
    page.screenshot(path=tmp_path / "again.png")
    assert (lab.wrong, lab.outside) == ([], [])
