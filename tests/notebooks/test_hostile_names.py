"""Texts of strangers as names in a home, through shipped notebooks and audit, into reports that a browser opens."""

from __future__ import annotations

import csv
import re

import pytest

from tests.audit.hostile import HOSTILE
from workbench import open_workbench

# As a sheet can hold them: in one cell of a row, and no longer than a name is taken.
NAMES = [re.sub(r"[\x00-\x1f\x7f\ud800]", "", text)[:150] for text in HOSTILE]


@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.timeout(900)
def test_hostile_names_reach_reports_and_do_nothing_there(home):
    launch = pytest.importorskip("workbench.browser.launch")
    from playwright.sync_api import sync_playwright

    with (home.path / "data" / "inputs" / "sources.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "platform", "service", "url", "creator", "project", "options"])
        rows.writerows(
            [name, "instagram", "posts", f"https://www.instagram.com/stranger.{n}/", name, NAMES[-n], ""]
            for n, name in enumerate(NAMES)
        )
    with open_workbench(home.path) as wb:
        given = {"name": NAMES[0], "num_posts": 1}
        reports = [wb.audit.run("runs", given).report, wb.audit.run("recovery").report]

    seen, dialogs = [], []
    with sync_playwright() as playwright, launch.launch(playwright) as browser:
        page = browser.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        for report in reports:
            page.goto(report.as_uri())
            page.wait_for_timeout(500)
            assert page.locator("header.summary .badge").first.inner_text() == "✔ succeeded"
            assert page.evaluate("document.querySelectorAll('script, iframe, object, embed, form, base').length") == 0
    outside = [url for url in seen if not url.startswith(("file:", "data:image/"))]
    assert (dialogs, outside) == ([], [])
    assert "tracker.test" in reports[0].read_text()  # the names are there
