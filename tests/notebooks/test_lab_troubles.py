"""What went wrong, and what Bright Data has: found and mended by clicking alone, in a real JupyterLab."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.collect.recover.conftest import DAY, collected
from tests.deliveries.conftest import BEARER, CLIENT, HOOK, SECRET, secret_file
from tests.notebooks.conftest import SOURCES, clean_environment, wait_for_workers
from tests.notebooks.lab import Lab, in_front, keep_picture, serious_in_cells, serving
from tests.post.desk import Desk, post
from workbench import open_workbench
from workbench.accounts import store as accounts_store
from workbench.browser.launch import launch
from workbench.deliveries.receiver import Receiver
from workbench.engine.item import Lease
from workbench.engine.transitions import log_fault
from workbench.errors import Fault
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("vendor"), seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Desk:
    folder = tmp_path_factory.mktemp("lab")
    desk = Desk(folder, sandbox)
    (desk.home / "data" / "inputs" / "sources.csv").write_text(SOURCES)
    chosen = {**desk.settings(), "look_gaps": [0.3, 0.3]}
    chosen.pop("brightdata_api_key")  # a secret has no place there
    chosen["webhook_secret_file"] = str(secret_file(folder / "webhook.secret", SECRET))
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in chosen.items())
    (desk.home / "workbench.toml").write_text("".join(lines))
    return desk


@pytest.fixture(scope="module")
def served(desk: Desk) -> Iterator[Lab]:
    with serving(desk.home, desk.home.parent, clean_environment(desk.home)) as lab:
        yield lab
    with open_workbench(desk.home) as wb:
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
    expect.set_options(timeout=60_000)
    with chromium.new_context(viewport={"width": 1280, "height": 1600}, bypass_csp=True) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: lab.wrong.append(said.text) if said.type == "error" else None)
        yield page
        page.screenshot(path=tmp_path / "last.png")  # what a failed test saw


def by_keyboard(control: Locator) -> None:
    control.focus()
    control.press("Enter")


def in_the_dark_and_narrow(page: Page, axe: str) -> list[str]:
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body[data-jp-theme-light=false]")).to_have_count(1)
    page.set_viewport_size({"width": 760, "height": 1600})
    return serious_in_cells(page, axe)


def logged_out(wb: Workbench, account_id: int) -> None:
    """As when a worker found the login of the account gone, before anything was sent."""
    ledger, said = wb.parts.ledger, "the site shows us as logged out"
    (waiting,) = [one for one in wb.postings.listings() if one["account_id"] == account_id]
    lease, fault = Lease("posting", waiting["posting_id"], 0, 0.0, account_id), Fault(kind="session_expired")
    ledger.write(lambda connection: log_fault(connection, lease, fault, said))
    accounts_store.pause(ledger, account_id, "session_expired", said)


def mend_the_account(errors: Locator, accounts: Locator) -> None:
    # What an account waits for is offered beside the error, and beside the account.
    errors.get_by_role("row", name="City").get_by_role("button").click()
    expect(errors.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    expect(errors.get_by_text("has to be logged in")).to_be_visible()
    expect(accounts.get_by_role("row", name="east")).to_contain_text("error")
    accounts.get_by_role("row", name="east").get_by_role("button").click()
    expect(accounts.get_by_text("workbench accounts login").last).to_be_visible()
    accounts.get_by_role("button", name="Log in", exact=True).click()
    expect(accounts.get_by_text("east is logged in.")).to_be_visible()
    expect(errors.get_by_role("row", name="City")).to_contain_text("posted", timeout=120_000)
    accounts.get_by_role("button", name="Check it at the site now").click()
    expect(accounts.get_by_role("row", name="east")).to_contain_text("healthy")

    # Its own limits, and stop: at once, and by a word back.
    accounts.get_by_role("button", name="Its own limits…").click()
    accounts.get_by_label("Hours without acts").fill("22-7")
    accounts.get_by_role("button", name="Keep these limits").click()
    expect(accounts.get_by_role("alert")).to_contain_text("give one like 22:00-07:00")
    accounts.get_by_label("Hours without acts").fill("22:00-07:00")
    accounts.get_by_role("button", name="Keep these limits").click()
    expect(accounts.get_by_role("row", name="east")).to_contain_text("22:00-07:00")
    accounts.get_by_role("button", name="Stop", exact=True).click()
    expect(accounts.get_by_role("row", name="east")).to_contain_text("stopped")


def test_a_person_finds_an_error_sees_the_page_and_mends_it(
    page: Page,
    lab: Lab,
    desk: Desk,
    sandbox: Sandbox,
    axe: str,
) -> None:
    """A listing that the site refused is tried again; an account that has to log in is logged in, and goes on."""
    with open_workbench(desk.home) as wb:
        _, east = (wb.accounts.add("marketplace", label) for label in ("north", "east"))
        sandbox.marketplace.switch(field_error={"times": 1, "field": "price"})
        post(wb, desk.csv({"title": "Oak table", "account": "north"}))
        wb.postings.start(desk.csv({"title": "City <b>bike</b>", "account": "east"}, name="second.csv"))
        logged_out(wb, east)

    lab.open(page, "errors")
    errors = in_front(page).locator(".wb-errors-panel")
    accounts = in_front(page).locator(".wb-accounts-panel")
    expect(errors.get_by_role("row", name="Oak table")).to_contain_text("refused input")
    expect(errors.get_by_role("row", name="City <b>bike</b>")).to_contain_text("session expired")
    assert serious_in_cells(page, axe) == []

    # Filters with counts; one is opened by keyboard, with its picture and what mends it.
    errors.get_by_label("Class").select_option("refused input (1)")
    expect(errors.get_by_role("row", name="City")).to_have_count(0)
    row = errors.get_by_role("row", name="Oak table")
    by_keyboard(row.get_by_role("button"))
    picture = errors.get_by_role("img", name=re.compile("the site refused the listing"))
    expect(picture).to_be_visible()
    assert picture.evaluate("(one) => one.naturalWidth") > 200
    by_keyboard(errors.get_by_role("button", name=re.compile("Larger")))
    expect(errors.get_by_role("button", name=re.compile("Smaller"))).to_have_attribute("aria-expanded", "true")
    expect(errors.get_by_text("Please enter a valid price.").first).to_be_visible()
    errors.get_by_text("What happened to it, step by step").click()
    expect(errors.get_by_role("region", name="What happened to it, step by step")).to_contain_text("failed")
    assert serious_in_cells(page, axe) == []

    keep_picture(page, "page-errors")
    # Impatient clicking at one spot publishes nothing; a yes publishes once, and the table follows.
    again = errors.get_by_role("button", name="Try again…")
    again.dblclick()
    expect(errors.get_by_text("PRACTICE: publish 1 listing (Oak table) on Marketplace as north")).to_be_visible()
    assert desk.there() == {}
    errors.get_by_role("button", name="Yes, try again").click()
    errors.get_by_label("Class").select_option("all")
    expect(errors.get_by_role("row", name="Oak table")).to_contain_text("posted", timeout=120_000)
    assert desk.there() == {("north", "Oak table"): 1}

    mend_the_account(errors, accounts)
    assert in_the_dark_and_narrow(page, axe) == []
    assert (lab.wrong, lab.outside) == ([], [])


def test_a_person_brings_in_what_is_missing_and_everything_follows(
    page: Page,
    lab: Lab,
    sandbox: Sandbox,
    axe: str,
) -> None:
    """What needs somebody stands first; one, some, all; what was done is told as it is, and stays told."""
    young, old, gone = collected(sandbox), collected(sandbox, ago=14 * DAY), collected(sandbox, ago=2 * DAY, expired=1)
    lab.open(page, "recovery")
    here = in_front(page)
    board, outcome = here.locator(".wb-board-panel"), here.locator(".wb-outcome-panel")
    expect(board.locator("tbody tr").filter(has_text="sd_").first).to_contain_text("soon gone")
    expect(outcome).to_contain_text("Nothing was done about snapshots")
    assert serious_in_cells(page, axe) == []

    # One, by keyboard.
    board.get_by_role("checkbox", name=f"Choose {old}").focus()
    page.keyboard.press("Space")
    by_keyboard(board.get_by_role("button", name="Bring in 1"))
    expect(board.get_by_role("row", name=old)).to_contain_text("processed", timeout=120_000)
    expect(outcome).to_contain_text("Done here: 1 brought in. In the tables now: 1 snapshot with 3 rows.")
    expect(here.locator(".wb-adopt-panel")).to_contain_text("Adopt 2 snapshots")

    # All that are left, and what cannot be had is said.
    board.get_by_label("Stands").select_option("not here (2)")
    expect(board.get_by_role("row", name=old)).to_have_count(0)
    board.get_by_role("button", name="Choose all", exact=True).click()
    board.get_by_role("button", name="Bring in 2").click()
    expect(outcome).to_contain_text(f"Not to be had: {gone} (expired).", timeout=120_000)
    expect(outcome).to_contain_text("Done here: 3 brought in. In the tables now: 2 snapshots with 6 rows.")
    expect(here.locator(".wb-adopt-panel")).to_contain_text("Everything that Bright Data lists is known here.")
    board.get_by_label("Stands").select_option("all")
    expect(board.get_by_role("table", name="By status").get_by_role("row", name="processed")).to_contain_text("6")

    keep_picture(page, "page-recovery")
    # Made anew from their raw bytes; a double click does it once.
    board.get_by_role("checkbox", name=f"Choose {young}").check()
    board.get_by_role("button", name="Make tables of 1 anew").dblclick()
    expect(outcome).to_contain_text("1 made anew")
    acts = here.locator(".wb-acts-panel")
    expect(acts.get_by_role("row", name=re.compile("made anew"))).to_have_count(1)
    assert serious_in_cells(page, axe) == []
    assert in_the_dark_and_narrow(page, axe) == []
    assert (lab.wrong, lab.outside) == ([], [])


def test_a_person_sees_what_webhooks_brought_and_whether_the_address_is_reached(
    page: Page, lab: Lab, desk: Desk, axe: str
) -> None:
    """What came, with counts by status; a body as text, once more; the check of an address through the network."""
    with open_workbench(desk.home) as wb, contextlib.ExitStack() as ending:
        receiver = Receiver(wb, "127.0.0.1", 0).start()
        ending.callback(receiver.stop)
        for body, snapshot_id in (('{"test": "x"}', ""), ('[{"text": "<img src=x onerror=alert(1)>"}]', "sd_of_nobody"),
                                  ("[{", "sd_of_nobody")):  # fmt: skip
            CLIENT.post(f"{receiver.url}{HOOK}", content=body, headers={**BEARER, "Snapshot-Id": snapshot_id})
        wb.deliveries.match()
        lab.open(page, "deliveries")
        board, address = (in_front(page).locator(name) for name in (".wb-deliveries-panel", ".wb-address-panel"))
        table = board.get_by_role("table", name="What came")
        for words in ("not readable", "unmatched", "test"):
            expect(table.get_by_role("row", name=words)).to_have_count(1)
        board.get_by_label("Status").select_option("unmatched (1)")
        expect(table.get_by_role("row", name="not readable")).to_have_count(0)
        by_keyboard(table.get_by_role("row", name="unmatched").get_by_role("button"))
        board.get_by_text("The body as it came").click()
        expect(board.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
        board.get_by_role("button", name="Look at it once more").click()
        expect(board.get_by_text("It was looked at once more, just now.")).to_be_visible()
        address.get_by_role("textbox").fill(receiver.url)
        address.get_by_role("button").first.click()
        expect(address.get_by_text("It is reachable")).to_be_visible()
        keep_picture(page, "page-deliveries")
        assert serious_in_cells(page, axe) == []
        assert in_the_dark_and_narrow(page, axe) == []
        assert (lab.wrong, lab.outside) == ([], [])
