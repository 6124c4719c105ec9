"""notebooks/postings.ipynb without a person: as deep as it is told, and never twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notebooks.conftest import Home
from tests.notebooks.here import run_here
from tests.notebooks.test_recovery import words_of
from tests.post.desk import FAST, Desk
from workbench import open_workbench
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def wb(home: Home, sandbox: Sandbox) -> Iterator[Workbench]:
    home.set(**FAST, marketplace_url=sandbox.marketplace.url, brightdata_url=sandbox.url)
    with open_workbench(home.path) as wb:
        wb.accounts.add("marketplace", "north")
        yield wb


@pytest.mark.long
def test_checked_rehearsed_posted_and_posted_once(wb: Workbench, home: Home, sandbox: Sandbox) -> None:
    desk = Desk(home.path.parent, sandbox)
    params = {"listings": "data/inputs/listings.csv", "accounts": "north"}
    desk.csv({})
    assert "Nothing was opened or sent" in run_here("postings", **params)["post"]
    assert "Rehearsed, nothing was sent: rehearsed" in run_here("postings", **params, depth="rehearse")["post"]
    assert desk.there() == {}

    desk.csv({}, {"title": "Blue chair"})
    first = wb.audit.run("postings", {**params, "depth": "real"})
    assert str(first.outcome) == "succeeded", first.error_value
    second = run_here("postings", **params, depth="real")

    assert sum(desk.count()["publish_clicks"].values()) == 2
    assert "2 of 2 listings: 2 posted" in words_of(first, "post")
    assert "Nothing is left to post" in second["post"]
    assert "Done: 2 of 2 listings." in second["outcome"]
    report = first.report.read_text("utf-8")
    assert "data:image/png;base64," in report
    assert "PRACTICE" in report
