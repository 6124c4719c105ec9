"""The notebooks in a real JupyterLab, as a person uses them: open, run all, click, watch, read.

One `workbench lab`, one home and one Chromium for all of them; every test has a page, a kernel and a job of its own.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.notebooks.conftest import SOURCES, clean_environment, wait_for_workers
from tests.notebooks.lab import (
    Lab,
    choose,
    keep_picture,
    serious_in_cells,
    serving,
    tabbed,
    unlabelled,
    wait_for_kernel,
)  # fmt: skip
from tests.post.desk import FAST, Desk
from tests.upload.studio import FAST as FAST_FILES
from tests.upload.studio import LABEL, Studio
from workbench import open_workbench
from workbench.browser.launch import launch
from workbench.sandbox.serve import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def sandbox(folder: Path) -> Iterator[Sandbox]:
    with Sandbox(folder / "sandbox", seed=7) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def served(folder: Path, sandbox: Sandbox) -> Iterator[Lab]:
    home = folder / "home"
    (home / "data" / "inputs").mkdir(parents=True)
    (home / "data" / "inputs" / "sources.csv").write_text(SOURCES)
    urls = {
        "brightdata_url": sandbox.url, "marketplace_url": sandbox.marketplace.url,
        "trafficjunky_url": sandbox.trafficjunky.url,
    }  # fmt: skip
    # In the home, so that kernels, their workers and this process know it; JSON's texts and numbers are TOML's too.
    chosen = {**FAST, **FAST_FILES, **urls, "look_gaps": [0.3, 0.3]}
    chosen.pop("brightdata_api_key")  # a secret has no place there
    (home / "workbench.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in chosen.items()))
    with serving(home, folder, clean_environment(home)) as lab:
        yield lab
    with open_workbench(home) as wb:
        wait_for_workers(wb)


@pytest.fixture(scope="module")
def chromium(served: Lab) -> Iterator[Browser]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture
def lab(served: Lab) -> Iterator[Lab]:
    yield served
    served.end_kernels()


@pytest.fixture
def page(lab: Lab, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    expect.set_options(timeout=40_000)
    with chromium.new_context(viewport={"width": 1280, "height": 1500}) as context:
        page = context.new_page()
        page.set_default_timeout(40_000)
        yield page
        page.screenshot(path=tmp_path / "last.png")  # what a failed test saw


def triggers_accepted(sandbox: Sandbox) -> int:
    """What the vendor was made to do, by its own count."""
    with urllib.request.urlopen(f"{sandbox.url}/sandbox/count", timeout=60) as answer:
        return int(json.load(answer)["triggers_accepted"])


def test_it_wants_its_token_and_takes_our_settings(lab: Lab) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        lab.ask("api/contents", token="")
    names = [one["name"] for one in lab.ask("api/contents/notebooks")["content"]]
    news = lab.ask("lab/api/settings/@jupyterlab/apputils-extension:notification")

    assert lab.said.startswith("/lab/tree/notebooks/start.ipynb")
    assert "runs.ipynb" in names
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"


def wait_for_panels(page: Page) -> None:
    """A page of ours runs when it is opened."""
    expect(page.locator(".wb-live-panel")).to_have_count(3)
    wait_for_kernel(page)


def test_a_person_starts_a_run_and_sees_it_to_its_end(page: Page, lab: Lab, sandbox: Sandbox) -> None:
    before = triggers_accepted(sandbox)
    lab.open(page, "runs")
    wait_for_panels(page)
    expect(page.get_by_text("Nothing runs yet")).to_be_visible()
    assert triggers_accepted(sandbox) == before

    page.get_by_role("button", name="Start the run (practice: free)").click()
    bar = page.locator(".wb-watch-panel [role=progressbar]").first
    seen = percents(bar)

    assert len(seen) >= 3, "the bar moved"
    assert seen == sorted(seen)
    assert bar.get_attribute("aria-valuetext") == "100 %, 3 of 3 snapshots"
    expect(page.locator(".wb-watch-panel [role=status]")).to_have_text("The run is complete: 40 rows.")
    for name in ("Posts by source and day (the first 20 rows)", "Most liked posts"):
        expect(page.get_by_role("table", name=name)).to_be_visible()
    expect(page.get_by_role("table", name="Folders below")).to_be_visible()
    expect(page.get_by_role("img", name="Bar chart, Posts by week and platform")).to_be_visible()
    assert (lab.wrong, lab.outside) == ([], [])

    # A person presses Run All again, with another kernel: the run is shown, nothing is sent.
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    choose(page, "Kernel", "Restart Kernel and Run All Cells")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    wait_for_panels(page)
    expect(page.locator(".wb-watch-panel [role=status]")).to_have_text("The run is complete: 40 rows.")
    expect(page.get_by_role("button", name="Start the run")).to_be_hidden()
    expect(page.get_by_role("button", name="Collect the same anew")).to_be_visible()
    expect(page.get_by_role("img", name="Bar chart, Posts by week and platform")).to_be_visible()
    assert triggers_accepted(sandbox) == before + 3
    with open_workbench(lab.home) as wb:
        assert [one["name"] for one in wb.status()["runs"]].count("Run") == 1


def test_a_person_fills_in_a_run_and_starts_it_once(page: Page, lab: Lab, sandbox: Sandbox) -> None:
    """Promises 1, 2, 4 and 6: by form, through a reload, a second tab and another kernel, and paid once."""
    before = triggers_accepted(sandbox)
    sandbox.switch(never_ready=1)  # until everything in the middle was tried
    expect.set_options(timeout=120_000)  # two tabs and four loads share one kernel
    page.set_default_timeout(120_000)
    lab.open(page, "runs")
    wait_for_panels(page)
    form = page.locator(".wb-run-form")
    plan_by_form(page, form)
    assert triggers_accepted(sandbox) == before

    page.get_by_role("button", name="Start the run (practice: free)").click(click_count=3)
    board = page.locator(".wb-board-panel")
    row = board.get_by_role("table", name="All runs").get_by_role("row", name="By form")
    expect(row).to_contain_text("processing")
    page.locator(".wb-watch-panel [role=progressbar]").first.wait_for()

    # In the middle: the page is loaded anew, another tab is opened, the kernel is another one.
    page.reload()
    wait_for_panels(page)
    expect(row).to_contain_text("processing")
    second = page.context.new_page()
    second.set_default_timeout(120_000)
    lab.open(second, "runs")
    wait_for_panels(second)
    expect(second.locator(".wb-board-panel").get_by_role("row", name="By form")).to_be_visible()
    second.close()
    choose(page, "Kernel", "Restart Kernel and Run All Cells")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    wait_for_panels(page)

    board.get_by_role("button", name="By form").click()
    opened = board.locator(".wb-run-panel")
    expect(opened.locator("[role=progressbar]")).to_have_attribute("aria-valuetext", "20 %, 0 of 2 snapshots")
    sandbox.switch(never_ready=0)
    seen = percents(opened.locator("[role=progressbar]"))
    assert seen == sorted(seen)
    expect(opened.locator(".wb-progress-status")).to_have_text("The run is complete: 15 rows.")
    expect(row).to_contain_text("completed")
    expect(opened.get_by_role("table", name="Its story")).to_contain_text("was published")
    assert triggers_accepted(sandbox) == before + 2

    keep_picture(page, "page-runs")
    opened.get_by_role("button", name="Again: plan the same").click()
    expect(form.get_by_role("table", name="Plan “By form”: what would be collected")).to_be_visible()
    assert (lab.wrong, lab.outside) == ([], [])
    with open_workbench(lab.home) as wb:
        assert [one["name"] for one in wb.status()["runs"]].count("By form") == 1


def plan_by_form(page: Page, form: Locator) -> None:
    """First with two mistakes, which are told at once; then well, by keyboard."""
    form.get_by_label("Which sources").select_option("Addresses pasted below")
    pasted, first = form.get_by_label("Addresses, one a line"), form.get_by_label("First day of posts")
    pasted.fill("https://www.instagram.com/tea.club/\nnonsense")
    first.fill("last week")
    plan = form.get_by_role("button", name="Plan: what it would do and cost")
    plan.click()
    expect(pasted).to_have_attribute("aria-invalid", "true")
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_text("line 2 (nonsense): no platform is recognised in it").first).to_be_visible()

    pasted.fill("https://www.instagram.com/tea.club/\ninstagram.com/bike.lane\nlinkedin.com/in/ada-example")
    first.fill("today-60d")
    form.get_by_label("Posts a source").fill("5")
    form.get_by_label("Name", exact=True).fill("By form")
    plan.focus()
    page.keyboard.press("Enter")
    expect(form.get_by_role("table", name="Plan “By form”: what would be collected")).to_contain_text("instagram posts")


def test_an_analyst_finds_posts_and_takes_them_away(page: Page, lab: Lab, sandbox: Sandbox) -> None:
    """Promise 3: the tree by keyboard, rows that are sorted and looked for, the whole row, a spreadsheet, the query."""
    sandbox.switch(ready_after_seconds=0)
    with open_workbench(lab.home) as wb:
        run_id = wb.start(wb.plan("data/inputs/sources.csv", num_posts=10, name="For the analyst").hash)
        wb.work(run=run_id)
        before = triggers_accepted(sandbox)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.open(page, "browse")
    tree = page.get_by_role("tree")
    run = tree.get_by_role("treeitem", name="For the analyst")
    expect(run).to_have_attribute("aria-expanded", "true")
    expect(run).to_contain_text("40 rows")
    run.focus()
    page.keyboard.press("ArrowDown")
    expect(tree.get_by_role("treeitem", name="Facebook")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tree.get_by_role("treeitem", name="Facebook")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    table = page.get_by_role("table", name="Posts of For the analyst / Facebook / posts")
    expect(table.get_by_role("row")).to_have_count(11)

    page.get_by_role("treeitem", name="Instagram").click()
    table = page.get_by_role("table", name="Posts of For the analyst / Instagram")
    expect(table.get_by_role("row")).to_have_count(21)
    table.get_by_role("button", name="like count").click()
    table.get_by_role("button", name="like count").click()
    expect(table.get_by_role("columnheader", name="like count")).to_have_attribute("aria-sort", "descending")
    page.locator(".wb-rows-tab").get_by_label("Find").fill("tea.club")
    expect(table.get_by_role("row")).to_have_count(11)
    table.get_by_role("button", name="tea.club").first.click()
    expect(page.get_by_role("table", name="as Bright Data sent it")).to_contain_text("user_posted")

    keep_picture(page, "page-browse")
    page.get_by_role("button", name="Copy SQL").click()
    expect(page.get_by_text("Copy SQL: on the clipboard.")).to_be_visible()
    query = page.evaluate("() => navigator.clipboard.readText()")
    with open_workbench(lab.home) as wb:
        rows = wb.lake.rows(query)
    assert [one["author"] for one in rows] == ["tea.club"] * 10
    assert [one["like_count"] for one in rows] == sorted((one["like_count"] for one in rows), reverse=True)
    page.get_by_role("button", name="Spreadsheet").click(click_count=3)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes().startswith(b"PK")
    assert len(list((lab.home / "data" / "exports").glob("*.xlsx"))) == 1

    for tab, words in (("Rejects", "every row became data"), ("Files", "as Bright Data delivered it"),
                       ("Story", "was published")):  # fmt: skip
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(".wb-browse-panel").get_by_text(words).first).to_be_visible()
    assert unlabelled(page) == 0
    assert triggers_accepted(sandbox) == before
    assert (lab.wrong, lab.outside) == ([], [])


def percents(bar) -> list[int]:
    """What the bar said, until it was full."""
    bar.wait_for()
    seen: list[int] = []
    last = time.monotonic() + 60
    while time.monotonic() < last and seen[-1:] != [100]:
        now = int(bar.get_attribute("aria-valuenow"))
        if now not in seen[-1:]:
            seen.append(now)
        time.sleep(0.05)
    return seen


@pytest.mark.long
def test_a_person_posts_listings_and_sees_where_they_are(  # noqa: PLR0915 - one visit
    lab: Lab, sandbox: Sandbox, page: Page, axe: str
) -> None:
    desk = Desk(lab.home.parent, sandbox)
    with open_workbench(lab.home) as wb:
        wb.accounts.add("marketplace", "north")
        wb.postings.import_listings(desk.csv({}))
    lab.open(page, "postings")
    outcome, form = page.locator(".wb-outcome-panel"), page.locator(".wb-listing-form")
    expect(outcome).to_contain_text("Nothing was posted or rehearsed.")
    expect(page.get_by_text("To post: 1")).to_be_visible()
    assert unlabelled(page) == 0
    assert serious_in_cells(page, axe) == []

    # All mistakes at once, each beside its field; then the keyboard alone.
    form.get_by_label("Title").fill("Blue chair")
    form.get_by_label("Price").fill("12,50 €")
    form.get_by_role("button", name="Keep this listing").click()
    expect(form.get_by_text("6 things have to be put right:")).to_be_visible()
    expect(form.get_by_label("Price")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Price").fill("25")
    form.get_by_label("Category").select_option("Furniture")
    form.get_by_label("Condition").select_option("New")
    form.get_by_label("Description").fill("Comfortable.")
    form.get_by_label("Location").fill("Springfield, Illinois")
    form.get_by_role("textbox", name="Photos").fill("table.jpg")
    form.get_by_label("Account").select_option("north")
    form.get_by_label("Account").focus()
    assert tabbed(page, 2) == ["SKU", "Keep this listing"]
    page.keyboard.press("Enter")
    expect(form.get_by_text("Kept as listing 2.")).to_be_visible()
    expect(page.get_by_text("To post: 2")).to_be_visible()  # what another cell did is seen here

    page.locator(".wb-listings-panel").get_by_role("button", name="Oak table").focus()
    page.keyboard.press("Enter")
    expect(form.get_by_text("Listing 1 is not ordered yet")).to_be_visible()
    form.get_by_label("Price").fill("99")
    form.get_by_role("button", name="Keep this listing").click()
    expect(form.get_by_text("Listing 1 is changed.")).to_be_visible()
    bad = desk.csv({"title": "Lamp"}, {"title": "Bad", "price": "x"}, name="brought.csv")
    page.get_by_label("Bring a listings.csv from this computer").set_input_files(bad)
    expect(page.get_by_text("1 line has to be mended first.")).to_be_visible()

    sure, no = page.get_by_role("button", name="Yes, publish them"), page.get_by_role("button", name="No", exact=True)
    spot = spot_of(page.get_by_role("button", name="Post them…"))
    page.mouse.click(*spot)
    expect(no).to_be_focused()  # the kernel says so, a moment later
    for _ in range(5):
        page.mouse.click(*spot)
    expect(page.get_by_text("PRACTICE: publish 2 listings on Marketplace as north")).to_be_visible()
    expect(sure).to_be_enabled()
    no.focus()
    page.keyboard.press("Tab")
    expect(sure).to_be_focused()
    assert desk.there() == {}
    page.keyboard.press("Enter")

    panel, results = page.locator(".wb-job-panel"), page.locator(".wb-results-panel")
    bar = panel.locator("[role=progressbar]")
    expect(bar).to_have_attribute("aria-label", "Posting")
    expect(panel.locator("[role=status]")).to_contain_text("running: Oak table")  # the listing that is at work
    expect(panel.locator("[role=status]")).to_have_text("completed", timeout=240_000)
    expect(bar).to_have_attribute("aria-valuetext", "2 of 2 listings: 2 posted, 0 failed")
    expect(outcome).to_have_text("Done: 2 of 2 listings.")
    ids = {one["title"]: str(one["listing_id"]) for one in desk.count()["listings"]}
    for title in ("Oak table", "Blue chair"):
        row = results.get_by_role("row", name=title)
        expect(row).to_contain_text("posted")
        expect(row.get_by_role("link")).to_have_text(ids[title])
        expect(row.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
    expect(page.get_by_text("To post: 0")).to_be_visible()
    keep_picture(page, "page-postings")
    assert desk.there() == Counter({("north", "Oak table"): 1, ("north", "Blue chair"): 1})
    assert (lab.wrong, lab.outside) == ([], [])


def spot_of(button: Locator) -> tuple[float, float]:
    """Where a button is, for a hand that clicks on there whatever comes."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.long
def test_a_person_uploads_files_and_decides_beside_each(  # noqa: PLR0915 - one visit
    lab: Lab, sandbox: Sandbox, page: Page, axe: str
) -> None:
    studio = Studio(lab.home.parent, sandbox)
    good, refused, lost = studio.pictures(3)
    studio.switch(reject={"file": refused, "message": "Brand is not allowed"}, drop_before={"file": lost, "times": 1})
    with open_workbench(lab.home) as wb:
        wb.accounts.add("trafficjunky", LABEL)
    lab.open(page, "uploads")
    outcome, results = page.locator(".wb-outcome-panel"), page.locator(".wb-results-panel")
    expect(outcome).to_have_text("Nothing was uploaded or rehearsed.")
    expect(page.get_by_text("To upload: 3")).to_be_visible()
    expect(page.get_by_role("img", name=f"Picture of {good}")).to_be_visible()
    assert unlabelled(page) == 0
    assert serious_in_cells(page, axe) == []

    sure, no = page.get_by_role("button", name="Yes, upload them"), page.get_by_role("button", name="No", exact=True)
    spot = spot_of(page.get_by_role("button", name="Upload them…"))
    page.mouse.click(*spot)
    expect(no).to_be_focused()  # the kernel says so, a moment later
    for _ in range(5):
        page.mouse.click(*spot)
    expect(page.get_by_text(f"PRACTICE: upload 3 files to TrafficJunky as {LABEL} (account")).to_be_visible()
    expect(sure).to_be_enabled()
    no.focus()
    page.keyboard.press("Tab")
    expect(sure).to_be_focused()
    assert studio.stored() == {}
    page.keyboard.press("Enter")
    expect(page.get_by_text("Started: batch_001")).to_be_visible()

    # The page is loaded anew in the middle: everything comes back from the ledger, and nothing is sent again.
    page.reload()
    bar = page.locator(".wb-batch-panel [role=progressbar]")
    expect(bar).to_have_attribute("aria-label", "Uploading", timeout=120_000)
    expect(outcome).to_contain_text("1 uploaded, 1 failed", timeout=240_000)
    expect(outcome).to_contain_text("2 wait for you: see above what to do.")
    expect(bar).to_have_attribute("aria-valuetext", "3 of 3 files")
    expect(page.get_by_text("Left alone: 2")).to_be_visible()
    expect(results.get_by_text("the site refused it: Brand is not allowed").first).to_be_visible()
    expect(results.get_by_role("img", name=f"The page of {refused} at TrafficJunky")).to_be_visible()

    keep_picture(page, "page-uploads")
    # Beside each: try again, and "it is not there".
    studio.switch(reject={})
    case = page.locator(".wb-upload-case").filter(has_text=refused)
    case.get_by_role("button", name="Try again…").click()
    expect(case.get_by_text(f"PRACTICE: try {refused} again")).to_be_visible()
    case.get_by_role("button", name="Yes, try again").click()
    case = page.locator(".wb-upload-case").filter(has_text=lost)
    case.get_by_role("button", name="It is not there…").click()
    case.get_by_role("button", name="Yes, it is not there: send it").click()
    expect(outcome).to_have_text("Done: 3 uploaded, 0 failed, 0 skipped, 0 unknown id, 0 pending.", timeout=240_000)
    expect(page.locator(".wb-upload-case")).to_have_count(0)
    stored = studio.stored()
    assert {name: len(ids) for name, ids in stored.items()} == dict.fromkeys((good, refused, lost), 1)
    for name, (remote_id,) in stored.items():
        row = results.get_by_role("row", name=name).first
        expect(row).to_contain_text("success")
        expect(row).to_contain_text(remote_id)
        expect(page.locator(".wb-inventory-panel").get_by_role("row", name=name)).to_contain_text(remote_id)

    # Where each went; the form for campaign CSVs says of what there is none.
    expect(results.get_by_role("table", name="In the archive").get_by_role("row", name=good)).to_be_visible()
    ads = page.locator(".wb-campaign-panel")
    ads.get_by_label("Target URL").fill("https://example.com/?c={CampaignID}")
    ads.get_by_role("button", name="Write the campaign CSVs").click()
    expect(ads.get_by_role("table", name="In no campaign CSV").get_by_role("row", name=good)).to_be_visible()

    # Reports are links: kept by the browser, or opened beside the notebook.
    with page.expect_download() as kept:
        results.get_by_role("link", name="Download upload_status_").click()
    assert good in Path(kept.value.path()).read_text()
    results.get_by_role("link", name="Status CSV").click()
    expect(page.locator(".jp-CSVViewer")).to_be_visible()
    assert (lab.wrong, lab.outside) == ([], [])
