"""notebooks/runs.ipynb in a real JupyterLab, as a person uses it: open, run all, click, watch, read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.notebooks.lab import Lab, choose, wait_for_kernel
from workbench import open_workbench


def wait_for_panels(page: Page) -> None:
    expect(page.locator(".wb-live-panel")).to_have_count(3)
    wait_for_kernel(page)


@pytest.mark.slow
@pytest.mark.browser
def test_a_person_starts_a_run_and_sees_it_to_its_end(page: Page, lab: Lab, tmp_path: Path) -> None:
    lab.open(page, "runs")
    choose(page, "Run", "Run All Cells")
    wait_for_panels(page)
    expect(page.get_by_text("Nothing runs yet")).to_be_visible()
    assert lab.home.triggers_accepted() == 0

    page.get_by_role("button", name="Start the run (practice: free)").click()
    bar = page.locator(".wb-watch-panel [role=progressbar]")
    seen = percents(bar)
    page.screenshot(path=tmp_path / "finished.png")

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
    page.screenshot(path=tmp_path / "again.png")
    assert lab.home.triggers_accepted() == 3
    with open_workbench(lab.home.path) as wb:
        assert len(wb.status()["runs"]) == 1


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
