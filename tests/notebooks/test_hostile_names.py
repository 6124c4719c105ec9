"""Texts of strangers as names in a home, through shipped notebooks and audit, into reports that a browser opens."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.audit.hostile import HOSTILE
from tests.notebooks.conftest import Home
from workbench import open_workbench
from workbench.sandbox.serve import Sandbox
from workbench.upload import samples

# As a sheet can hold them: in one cell of a row, and no longer than a name is taken.
NAMES = [re.sub(r"[\x00-\x1f\x7f\ud800]", "", text)[:150] for text in HOSTILE]
FILES = [text.replace("/", "\u2215").encode()[:150].decode(errors="ignore") for text in NAMES]
TITLES = [f"{number} {text}"[:90] for number, text in enumerate(NAMES)]

pytestmark = [pytest.mark.soak, pytest.mark.browser, pytest.mark.timeout(900)]


def check_harmless(reports: Sequence[Path]) -> None:
    """Each has the texts, and a browser that opens it asks nobody for anything and runs nothing."""
    launch = pytest.importorskip("workbench.browser.launch")
    from playwright.sync_api import sync_playwright

    seen: list[str] = []
    dialogs: list[str] = []
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
    print(f"{len(reports)} reports: {len(dialogs)} dialogs, {len(outside)} requests")
    assert (dialogs, outside) == ([], [])


def test_hostile_names_reach_reports_and_do_nothing_there(home: Home) -> None:
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

    check_harmless(reports)
    assert "tracker.test" in reports[0].read_text()  # the names are there


def test_hostile_creatives_and_listings_reach_reports_and_do_nothing_there(home: Home, sandbox: Sandbox) -> None:
    """All of them looked at, and a few uploaded and posted: what the sites make of them comes back as well."""
    from tests.post.desk import FAST as FAST_POST
    from tests.post.desk import Desk
    from tests.upload.studio import FAST, LABEL, Studio, picture_id

    home.set(
        **{**FAST_POST, **FAST}, brightdata_url=sandbox.url, marketplace_url=sandbox.marketplace.url,
        trafficjunky_url=sandbox.trafficjunky.url,
    )  # fmt: skip
    studio, desk = Studio(home.path.parent, sandbox), Desk(home.path.parent, sandbox)
    for number, text in enumerate(FILES, 1):
        name = f"{text}_{picture_id(number)}.png"
        samples.picture(studio.root / "uploaded" / name, label=str(number))
        studio.rows.append({"unique_id": picture_id(number), "new_filename": name, "notes": text})
    studio.write()
    words = [{"title": title, "description": text or "-"} for title, text in zip(TITLES, NAMES, strict=True)]
    desk.csv(*words)
    desk.csv(*words[:3], name="few.csv")
    few = home.path / "few.csv"
    with few.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["unique_id", "new_filename"], *((one["unique_id"], one["new_filename"]) for one in studio.rows[:3])]
        )
    with open_workbench(home.path) as wb:
        wb.accounts.add("trafficjunky", LABEL)
        wb.accounts.add("marketplace", "north")
        done = [
            wb.audit.run("uploads"),
            wb.audit.run("uploads", {"source": str(few), "depth": "real"}),
            wb.audit.run("postings", {"listings": "data/inputs/listings.csv", "accounts": "north"}),
            wb.audit.run("postings", {"listings": "data/inputs/few.csv", "accounts": "north", "depth": "real"}),
        ]

    check_harmless([one.report for one in done])
    for one in done:
        assert "alert(1)" in one.report.read_text()
    assert len(studio.stored()) == sum(desk.there().values()) == 3
