"""collect/recovery_panel.py by hand: a click brings in what is unknown, once, and the page follows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.collect.panels.conftest import OpenedHome
from tests.collect.recover.conftest import DAY, collected
from tests.collect.recover.test_board import listed
from tests.house import DATES, FIVE, sources_csv
from tests.panels.conftest import at_the_page, eventually, leave_pages, nobody_there
from workbench.collect import recovery_panel as recovery
from workbench.collect.board import Act
from workbench.collect.recovery_panel import AdoptPanel, OutcomePanel, SnapshotsPanel
from workbench.db.clock import now
from workbench.db.schema import snapshot
from workbench.panels import page, waiting
from workbench.panels.markup import plain
from workbench.panels.paged import Query
from workbench.sandbox.serve import Sandbox
from workbench.settings import load


@pytest.fixture
def wb(tmp_path: Path, sandbox: Sandbox, house: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenedHome]:
    at_the_page(monkeypatch)
    with OpenedHome(*load(house.home, environ={}, brightdata_url=sandbox.url, poll_seconds=0.1)) as bench:
        yield bench
        bench.work()
        leave_pages()
        eventually(lambda: not [one for one in threading.enumerate() if one.name.startswith(("watch", "bench"))])


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the calls put into the page."""
    found: list[Any] = []
    monkeypatch.setattr(recovery, "display", found.append)
    for module in (recovery, waiting, page):
        monkeypatch.setattr(module, "still", found.append)
    monkeypatch.setattr(page, "display", found.append)
    return found


def test_the_scan_says_what_is_urgent_first_and_changes_nothing(
    wb: OpenedHome, sandbox: Sandbox, shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_there(monkeypatch)
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
    panel = shown[-1]
    assert "Nothing was done about snapshots" in plain(panel.said.html)
    found.adopt()

    eventually(lambda: f"Not to be had: {name} (expired)" in plain(panel.said.html))
    nobody_there(monkeypatch)
    with pytest.raises(Exception, match=name):
        recovery.outcome(found)


# the table of all snapshots ------------------------------------------------------------------------------


def board_of(wb: OpenedHome, shown: list[Any]) -> tuple[SnapshotsPanel, OutcomePanel]:
    """The page as its cells draw it."""
    found = recovery.scan(wb)
    recovery.outcome(found)
    (face,) = [one for one in shown[-2]._faces if isinstance(one, SnapshotsPanel)]
    return face, shown[-1]


def cells(panel: SnapshotsPanel) -> dict[str, list[str]]:
    """Name → how it stands and its status, as the browser has them."""
    return {
        key: [one["words"] if isinstance(one, dict) else one for one in row[1:3]]
        for key, row in panel.table.sheet.page["rows"]
    }


def test_one_is_brought_in_by_a_click_and_everything_follows(
    wb: OpenedHome, sandbox: Sandbox, shown: list[Any]
) -> None:
    young, old = collected(sandbox), collected(sandbox, ago=14 * DAY)
    board, outcome = board_of(wb, shown)
    eventually(lambda: cells(board) == {old: ["soon gone", ""], young: ["not here", ""]})
    assert "not here" in plain(board.counts.html)
    board.table.sheet.chosen = [old]
    act = board.buttons[Act.ADOPT]
    assert (act.description, act.layout.display) == ("Bring in 1", None)
    for _ in range(3):
        act.click()

    eventually(lambda: "1 brought in" in plain(board.said.html))
    eventually(lambda: cells(board) == {young: ["not here", ""], old: ["here", "processed"]})
    eventually(
        lambda: "Done here: 1 brought in. In the tables now: 1 snapshot with 3 rows." in plain(outcome.said.html)
    )
    assert wb.asked_to_work == 1
    assert board.table.chosen == []
    assert "processed" in plain(board.counts.html)


def test_acts_fit_what_is_chosen_and_are_done_to_some_or_all(
    wb: OpenedHome, sandbox: Sandbox, shown: list[Any]
) -> None:
    names = [collected(sandbox) for _ in range(3)]
    wb.recover.adopt(names[:2])
    board, outcome = board_of(wb, shown)
    eventually(lambda: len(cells(board)) == 3)
    board.every.click()
    assert sorted(board.table.chosen) == sorted(names)
    labels = {act: one.description for act, one in board.buttons.items() if one.layout.display is None}
    assert labels == {
        Act.ADOPT: "Bring in 1", Act.REPROCESS: "Make tables of 2 anew", Act.REQUEUE: "Take up 2 again",
    }  # fmt: skip
    board.filters.blank.typed = {"need": "here", "status": ""}
    board.every.click()
    assert sorted(board.table.chosen) == sorted(names[:2])
    board.buttons[Act.REPROCESS].click()

    eventually(lambda: "2 made anew from their raw bytes" in plain(board.said.html))
    eventually(
        lambda: "Done here: 2 made anew. In the tables now: 2 snapshots with 6 rows." in plain(outcome.said.html)
    )
    rows, total = wb.recover.acts_by_people()
    assert (total, rows[0]["what"]) == (4, "made anew")


def test_what_costs_asks_with_the_sum_and_an_id_is_given_for_one(
    wb: OpenedHome, sandbox: Sandbox, shown: list[Any]
) -> None:
    wb.is_idle = True
    sources = sources_csv(wb.settings.home / "sources.csv", ["tea"], [FIVE[0]])
    wb.start(wb.plan(sources, num_posts=4, **DATES).hash)
    lost = update(snapshot).values(
        state="unsure", acts=1, attention="person", next_at=None, provider_id=None, armed_at=now()
    )
    wb.parts.ledger.write(lambda connection: connection.execute(lost))
    board, _ = board_of(wb, shown)
    eventually(lambda: cells(board) == {"#1": ["answer lost", "pending"]})
    board.table.sheet.chosen = ["#1"]
    assert board.find.layout.display is None
    shown_acts = [act for act, one in board.asked.items() if one.layout.display is None]
    assert shown_acts == [Act.ABSENT, Act.ABANDON]

    absent = board.asked[Act.ABSENT]
    absent.first.click()
    asked = plain(absent.asked.html)
    assert "PRACTICE: say that 1 snapshot (#1) never began at Bright Data, and send it once more" in asked
    assert "for at most $0.0080, ESTIMATED" in asked
    board.find.blank.typed = {"found_as": "sd_nowhere"}
    board.find.submit("find")
    eventually(lambda: "Left as they are" in plain(board.said.html))
    assert wb.recover.states_of(["sd_nowhere"]) == {}
    eventually(lambda: not absent.sure.disabled)
    board.table.sheet.chosen = []  # what is chosen meanwhile is not what was asked about
    absent.sure.click()
    eventually(lambda: "1 to be sent once more" in plain(board.said.html))
    eventually(lambda: cells(board) == {"#1": ["on its way", "pending"]})
    assert wb.asked_to_work >= 1


def test_the_list_of_bright_data_is_read_again_by_a_click(wb: OpenedHome, sandbox: Sandbox, shown: list[Any]) -> None:
    board, _ = board_of(wb, shown)
    assert cells(board) == {}
    name = collected(sandbox)
    board.again.click()

    eventually(lambda: "Bright Data lists 1 snapshot now" in plain(board.said.html))
    eventually(lambda: list(cells(board)) == [name])


def test_ten_thousand_snapshots_are_a_page_at_once(wb: OpenedHome, shown: list[Any]) -> None:
    """The table reads the ledger's narrow columns, once for each change, and cuts the page here."""
    found = recovery.scan(wb)
    one = listed("sd_x")
    found.found = [replace(one, snapshot_id=f"sd_{n:05}") for n in range(10_000)]
    found.looked_at = now()
    board = SnapshotsPanel(found)
    began = time.monotonic()
    rows = board._rows(Query(offset=5_000, limit=50, sort="name"))
    took = time.monotonic() - began

    assert (len(rows.rows), rows.total, rows.rows[0]["name"]) == (50, 10_000, "sd_05000")
    assert took < 2, f"{took:.2f} s"
