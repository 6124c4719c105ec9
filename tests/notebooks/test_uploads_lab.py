"""notebooks/uploads.ipynb in a real JupyterLab, as a person uses it: check, upload, watch, read the ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.notebooks.conftest import Home
from tests.notebooks.lab import Lab, focused, run_all, tabbed, unlabelled
from tests.upload.studio import FAST, LABEL, Studio
from workbench import open_workbench
from workbench.sandbox.serve import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def studio(home: Home, sandbox: Sandbox) -> Studio:
    home.set(**FAST, trafficjunky_url=sandbox.trafficjunky.url, brightdata_url=sandbox.url)
    return Studio(home.path.parent, sandbox)


def test_a_person_uploads_files_and_reads_their_ids(studio: Studio, lab: Lab, page: Page, tmp_path: Path) -> None:
    names = studio.pictures(2)
    with open_workbench(lab.home.path) as wb:
        wb.add_account("trafficjunky", LABEL)
    lab.open(page, "uploads")
    run_all(page, "Nothing was uploaded or rehearsed.")
    page.screenshot(path=tmp_path / "checked.png")
    assert unlabelled(page) == 0

    page.get_by_role("button", name="Rehearse: open everything, attach nothing").focus()
    assert tabbed(page, 1) == ["Upload them…"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Yes, upload them")).to_be_visible()
    page.screenshot(path=tmp_path / "asked.png")
    assert focused(page) == "No"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Yes, upload them"
    assert studio.stored() == {}
    page.keyboard.press("Enter")

    panel = page.locator(".wb-batch-panel")
    expect(panel.locator("[role=progressbar]")).to_have_attribute("aria-label", "Uploading")
    page.screenshot(path=tmp_path / "uploading.png")
    expect(panel.locator("[role=status]")).to_have_text("over: 2 uploaded", timeout=90_000)
    page.screenshot(path=tmp_path / "uploaded.png")
    expect(panel.locator("[role=progressbar]")).to_have_attribute("aria-valuetext", "2 of 2 files")
    stored = studio.stored()
    assert sorted(stored) == names
    for name, (remote_id,) in stored.items():
        row = panel.get_by_role("row", name=name)
        expect(row).to_contain_text("success")
        expect(row).to_contain_text(remote_id)

    run_all(page, "Done: 2 uploaded")
    page.screenshot(path=tmp_path / "again.png")
    assert (lab.wrong, lab.outside) == ([], [])
