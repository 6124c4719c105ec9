"""The page of errors and accounts by hand: filters, one error with its picture, its act, and the acts of an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collect.panels.conftest import OpenedHome
from tests.errorlog.test_list import Desk
from tests.house import new_home
from tests.panels.conftest import at_the_page, eventually, leave_pages, nobody_there
from workbench.accounts import store as accounts
from workbench.accounts.panel import AccountsPanel
from workbench.browser.artifacts import PICTURE
from workbench.errorlog import panel as errors
from workbench.errorlog.panel import ErrorsPanel
from workbench.files import make_folder, write_bytes
from workbench.panels import page
from workbench.panels.markup import plain
from workbench.post.model import PostingState as P
from workbench.settings import load

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def wb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenedHome]:
    at_the_page(monkeypatch)
    home = new_home(tmp_path / "home")
    nowhere = {"marketplace_url": "http://127.0.0.1:9", "trafficjunky_url": "http://127.0.0.1:9"}
    with OpenedHome(*load(home, environ={}, brightdata_url="http://127.0.0.1:9", **nowhere)) as bench:
        bench.is_idle = True
        yield bench
        leave_pages()


@pytest.fixture
def desk(wb: OpenedHome) -> Desk:
    """A listing that was refused, with a picture of the page; a file whose account has to log in."""
    desk = Desk(wb.parts.ledger)
    write_bytes(make_folder(wb.settings.data / "evidence" / "2026-11-30" / "one") / PICTURE, PNG)
    table, film = desk.listing("Oak <b>table</b>"), desk.file("spot.mp4")
    desk.fault("upload", film, "session_expired", "logged out at the site")
    evidence = "evidence/2026-11-30/one"
    desk.fault("posting", table, "validation_error", "the site refused it", story="Trace <x>", evidence=evidence)
    desk.to("posting", table, P.FAILED)
    return desk


def pick(panel: ErrorsPanel, **values: Any) -> None:
    """As the browser does when a person chooses."""
    panel.filters.blank.typed = {**panel.filters.blank.typed, **values}


def rows(panel: ErrorsPanel) -> list[str]:
    return [cells[1] for _, cells in panel.table.sheet.page["rows"]]


def test_filters_show_what_they_say_with_counts(wb: OpenedHome, desk: Desk) -> None:
    panel = ErrorsPanel(wb)
    eventually(lambda: rows(panel) == ["Oak <b>table</b>", "spot.mp4"])
    choices = {
        one["name"]: dict(one["choices"]) for one in eventually(lambda: panel._choices and panel.filters.blank.fields)
    }
    pick(panel, channel="trafficjunky")
    eventually(lambda: rows(panel) == ["spot.mp4"])
    pick(panel, channel="", error_class="validation_error")
    eventually(lambda: rows(panel) == ["Oak <b>table</b>"])

    assert choices["channel"]["marketplace"] == "Marketplace (1)"
    assert choices["account"] == {"": "all", "1": "North & Co (1)", "2": "studio (1)"}
    assert choices["error_class"]["session_expired"] == "session expired (1)"
    eventually(lambda: "TrafficJunky (0)" in str(panel.filters.blank.fields))


def test_one_error_has_its_picture_its_sentence_and_is_tried_again_after_a_yes(wb: OpenedHome, desk: Desk) -> None:
    panel = ErrorsPanel(wb)
    panel._open("log-2")
    words = plain(panel.one.words.html)
    one = panel.one

    assert "the site refused it" in words
    assert "Edit listing 1 on the page postings" in words
    assert "<b>table</b>" not in one.words.html
    assert one.picture.picture.startswith("data:image/png;base64,")
    assert "the site refused it" in one.picture.alt
    assert [label for label, _ in one.texts.folded] == [
        "What happened to it, step by step",
        "For an engineer: the trace",
    ]
    assert [each.layout.display for each in (one.retry, one.login, one.find)] == [None, "none", "none"]

    one.retry.first.click()
    asked = plain(one.retry.asked.html)
    assert "PRACTICE: publish 1 listing (Oak <b>table</b>) on Marketplace as North & Co" in asked
    eventually(lambda: not one.retry.sure.disabled)
    for _ in range(3):
        one.retry.sure.click()
    eventually(lambda: "is tried again" in panel.said.html)
    assert wb.postings.listings()[0]["state"] == "queued"
    assert wb.asked_to_work == 1
    eventually(lambda: "Nothing is to be done" in plain(one.words.html))


def test_what_an_account_waits_for_is_offered_beside_the_error(wb: OpenedHome, desk: Desk) -> None:
    accounts.pause(wb.parts.ledger, 2, "session_expired", "logged out at the site")
    panel = ErrorsPanel(wb)
    panel._open("log-1")

    assert "has to be logged in" in plain(panel.one.words.html)
    assert "workbench accounts login 2" in plain(panel.one.words.html)
    assert panel.one.retry.layout.display == "none"


def test_chosen_ones_are_tried_again_and_what_cannot_be_is_said(wb: OpenedHome, desk: Desk) -> None:
    panel = ErrorsPanel(wb)
    panel.table.sheet.chosen = ["log-1", "log-2"]
    panel.retry.first.click()

    asked = plain(panel.retry.asked.html)
    assert "publish 1 listing" in asked
    assert "1 of the chosen cannot be tried again" in asked
    eventually(lambda: not panel.retry.sure.disabled)
    panel.table.sheet.chosen = ["log-1"]  # a yes is about what was asked
    panel.retry.sure.click()
    eventually(lambda: "1 is tried again" in plain(panel.said.html))
    assert panel.table.chosen == []


def test_without_a_person_the_same_tables_are_left(wb: OpenedHome, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_there(monkeypatch)
    shown: list[Any] = []
    monkeypatch.setattr(page, "still", shown.append)
    errors.board(wb, channel="marketplace")
    words = plain(shown[0])

    assert "North & Co" in words
    assert "the site refused it" in words
    assert "spot.mp4" not in words
    assert "<b>table</b>" not in shown[0]


def test_a_snapshot_that_went_on_is_no_error_any_more(wb: OpenedHome, desk: Desk) -> None:
    desk.snapshot("failed", reason="a dead page")
    panel = ErrorsPanel(wb)
    panel._open("snapshot-1")
    assert "a dead page" in plain(panel.one.words.html)
    panel.one.retry.first.click()
    assert "take up 1 snapshot (instagram posts) of Bright Data again" in plain(panel.one.retry.asked.html)
    eventually(lambda: not panel.one.retry.sure.disabled)
    panel.one.retry.sure.click()

    eventually(lambda: "went on since" in plain(panel.one.words.html))
    eventually(lambda: "instagram posts" not in str(rows(panel)))
    assert panel.one.retry.layout.display == "none"


# accounts -----------------------------------------------------------------------------------------------


def test_what_needs_somebody_stands_first_and_is_open(wb: OpenedHome, desk: Desk) -> None:
    panel = AccountsPanel(wb)
    eventually(lambda: panel.detail.layout.display is None)
    names = eventually(lambda: [cells[0] for _, cells in panel.table.sheet.page["rows"]])

    assert names == ["North & Co", "studio"]
    assert "no session: nobody has logged in yet" in plain(panel.head.html).lower()
    assert "workbench accounts login" in plain(panel.head.html)


def test_limits_are_kept_and_mistakes_stand_beside_their_fields(wb: OpenedHome, desk: Desk) -> None:
    panel = AccountsPanel(wb)
    panel._clicked_row("1")
    panel.pace.blank.typed = {"gap": "x", "daily": "0", "quiet": "22-7"}
    panel.pace.submit("pace")
    wrong = eventually(lambda: panel.pace.blank.wrong)
    assert set(wrong) == {"gap", "daily", "quiet"}
    assert wb.accounts.one(1)["daily_cap"] is None

    eventually(lambda: not panel.pace.blank.is_busy)
    panel.pace.blank.typed = {"gap": "10", "daily": "8", "quiet": "22:00-07:00"}
    panel.pace.submit("pace")
    eventually(lambda: wb.accounts.one(1)["daily_cap"] == 8)
    one = wb.accounts.one(1)
    assert (one["gap_seconds"], one["quiet_from"], one["quiet_to"]) == (600, "22:00", "07:00")


def test_an_account_is_stopped_at_once_and_goes_on_after_a_yes(wb: OpenedHome, desk: Desk) -> None:
    desk.listing("Blue chair")
    panel = AccountsPanel(wb)
    panel._clicked_row("1")
    panel.stop.click()
    eventually(lambda: "is stopped" in plain(panel.said.html))
    assert not wb.accounts.one(1)["enabled"]

    eventually(lambda: panel.resume.layout.display is None)
    panel.resume.first.click()
    assert "let North & Co go on at Marketplace, with 1 thing that waits for it" in plain(panel.resume.asked.html)
    eventually(lambda: not panel.resume.sure.disabled)
    panel.resume.sure.click()
    eventually(lambda: "goes on" in plain(panel.said.html))
    assert wb.accounts.one(1)["enabled"]
    assert wb.asked_to_work == 1


def test_an_error_of_an_act_is_shown_and_the_buttons_come_back(wb: OpenedHome, desk: Desk) -> None:
    panel = AccountsPanel(wb)
    panel._clicked_row("1")
    panel.session.blank.typed = {"file": "/nowhere/session.json"}
    panel.session.submit("import")
    eventually(lambda: "/nowhere/session.json" in panel.session.alert.html)
    panel.login.click()
    eventually(lambda: "nobody could see a browser" in plain(panel.alert.html))
    assert not panel.login.disabled
