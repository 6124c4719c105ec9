"""collect/recovery_panel.py by hand: a click brings in what is unknown, once, and the page follows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collect.panels.conftest import OpenedHome
from tests.collect.recover.conftest import DAY, collected
from tests.panels.conftest import at_the_page, eventually, nobody_there
from workbench.collect import recovery_panel as recovery
from workbench.collect.recovery_panel import AdoptPanel
from workbench.panels import waiting
from workbench.panels.markup import plain
from workbench.sandbox.serve import Sandbox
from workbench.settings import load


@pytest.fixture
def wb(tmp_path: Path, sandbox: Sandbox, house: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenedHome]:
    at_the_page(monkeypatch)
    with OpenedHome(*load(house.home, environ={}, brightdata_url=sandbox.url, poll_seconds=0.1)) as bench:
        yield bench
        bench.work()
        eventually(lambda: not [one for one in threading.enumerate() if one.name.startswith(("watch-", "bench"))])


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the calls put into the page."""
    found: list[Any] = []
    monkeypatch.setattr(recovery, "display", found.append)
    for module in (recovery, waiting):
        monkeypatch.setattr(module, "still", found.append)
    return found


def test_the_scan_says_what_is_urgent_first_and_changes_nothing(
    wb: OpenedHome, sandbox: Sandbox, shown: list[Any]
) -> None:
    young, old = collected(sandbox), collected(sandbox, ago=14 * DAY)
    found = recovery.scan(wb)
    words = plain(shown[0])

    assert repr(found) == "1 expiring, 1 unknown"
    assert words.index(old) < words.index(young)
    assert "1 of them are soon gone" in words
    assert wb.status()["runs"] == []


def test_a_click_brings_them_in_once_and_the_page_follows(wb: OpenedHome, sandbox: Sandbox, shown: list[Any]) -> None:
    for _ in range(2):
        collected(sandbox)
    panel = AdoptPanel(recovery.scan(wb))
    began = time.monotonic()
    for _ in range(3):
        panel.adopt.click()
    took = time.monotonic() - began

    (watch,) = eventually(lambda: panel.live.children)
    eventually(lambda: watch.bar.percent == 100)
    assert took < 1
    assert "adopted: 2" in plain(panel.said.html)
    assert wb.asked_to_work == 1
    assert "2 of 2 snapshots" in watch.bar.text


def test_nothing_to_adopt_is_nothing_to_click(wb: OpenedHome, shown: list[Any]) -> None:
    panel = AdoptPanel(recovery.scan(wb))

    assert panel.adopt.disabled
    assert "Everything that Bright Data lists is known here" in panel.markup()


def test_an_error_is_shown_and_the_button_comes_back(wb: OpenedHome, sandbox: Sandbox, shown: list[Any]) -> None:
    collected(sandbox)
    panel = AdoptPanel(recovery.scan(wb))
    sandbox.switch(server_error_500={"times": 9, "on": "input"})
    panel.adopt.click()

    eventually(lambda: "1 of 1 snapshots were not brought in" in panel.alert.html and not panel.adopt.disabled)


def test_by_hand_the_last_cell_says_what_a_schedule_would_fail_for(
    wb: OpenedHome, sandbox: Sandbox, shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = collected(sandbox, expired=1)
    found = recovery.scan(wb)
    recovery.outcome(found)
    assert "Nothing was adopted" in plain(shown[-1])
    found.adopt()
    recovery.outcome(found)

    assert f"not to be had: {name} (expired)" in plain(shown[-1])
    nobody_there(monkeypatch)
    with pytest.raises(Exception, match=name):
        recovery.outcome(found)
