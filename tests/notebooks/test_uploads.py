"""notebooks/uploads.ipynb without a person: as deep as it is told, and never twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notebooks.conftest import Home
from tests.notebooks.here import run_here
from tests.notebooks.test_recovery import words_of
from tests.upload.studio import FAST, LABEL, Studio
from workbench import open_workbench
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def wb(home: Home, sandbox: Sandbox) -> Iterator[Workbench]:
    home.set(**FAST, trafficjunky_url=sandbox.trafficjunky.url, brightdata_url=sandbox.url)
    with open_workbench(home.path) as wb:
        wb.accounts.add("trafficjunky", LABEL)
        yield wb


def test_checked_rehearsed_uploaded_and_uploaded_once(wb: Workbench, home: Home, sandbox: Sandbox) -> None:
    studio = Studio(home.path.parent, sandbox)
    names = studio.pictures(2)
    assert "Nothing was opened or uploaded" in run_here("uploads")["upload"]
    assert "Rehearsed, nothing was uploaded" in run_here("uploads", depth="rehearse")["upload"]
    assert studio.stored() == {}

    first = wb.audit.run("uploads", {"depth": "real", "campaign": "1234567890"})
    assert str(first.outcome) == "succeeded", first.error_value
    second = run_here("uploads", depth="real")

    assert {name: len(ids) for name, ids in studio.stored().items()} == dict.fromkeys(names, 1)
    assert "2 of 2 files" in words_of(first, "upload")
    assert "0 uploaded, 0 failed, 2 skipped" in second["outcome"]
    report = first.report.read_text("utf-8")
    assert "data:image/png;base64," in report
    assert "PRACTICE" in report
