"""A page: the strip says what is true of it, one watcher looks for those who are there, errors stay where they are."""

from __future__ import annotations

import threading

import ipywidgets
import pytest

from tests.panels.conftest import at_the_page, displayed, leave_pages, nobody_there
from workbench import open_workbench
from workbench.errors import Misconfigured
from workbench.panels import page as pages
from workbench.panels import strip as strips
from workbench.panels.markup import Html, badge, esc, plain, tone_of
from workbench.panels.page import WATCH
from workbench.panels.widgets import Panel, Region, asking


@pytest.fixture
def wb(tmp_path, monkeypatch):
    at_the_page(monkeypatch)
    with open_workbench(tmp_path) as wb:
        yield wb
        leave_pages()


class Looking(Panel):
    """Looks when it is told to, and shows how often."""

    def __init__(self, wb, look=lambda: None):
        self.alert = Region()
        self.looks = 0
        self._before = look
        super().__init__([self.alert])
        self.watch(wb, self._look, every=0.25)

    def _look(self):
        self.looks += 1
        self._before()

    def markup(self):
        return esc(f"looked {self.looks} times")


def said(strip):
    strip.look()
    return plain(strip.markup())


def test_practice_says_so_and_whether_somebody_works(wb, monkeypatch):
    strip = strips.ModeStrip(wb)
    words = said(strip)
    assert words.startswith(
        "PRACTICE · made up: nothing real is asked, paid or published · no worker is at work · as of "
    )
    monkeypatch.setattr(wb.working, "is_worked", lambda: True)
    strip.look()
    assert strip.worker == "a worker is at work"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "LIVE · money is real: $0.00 today, no cap for a day"),
        ({"cap_day_usd": 8}, "LIVE · money is real: $0.00 today, of $8.00"),
    ],
)
def test_live_says_todays_money(tmp_path, monkeypatch, settings, words):
    at_the_page(monkeypatch)
    with open_workbench(tmp_path, mode="live", **settings) as wb:
        strip = strips.ModeStrip(wb)
        assert said(strip).startswith(words)
        wb.budget.stop("holidays")
        assert "; spending is stopped: holidays ·" in said(strip)


def test_a_strip_that_cannot_look_says_that_it_is_old(wb, eventually, monkeypatch):
    def broken():
        raise Misconfigured("the ledger is locked; end the other program.")

    made = pages.Page(wb, [])
    monkeypatch.setattr(wb.working, "is_worked", broken)
    WATCH.soon(made)
    eventually(lambda: "the ledger is locked" in made.strip.trouble)
    monkeypatch.setattr(wb.working, "is_worked", lambda: True)
    WATCH.soon(made)
    eventually(lambda: not made.strip.trouble)
    made.close()


def test_what_stands_in_a_panel_stands_on_its_page(wb):
    inner = Looking(wb)
    outer = Panel([ipywidgets.HBox([inner])])
    made = pages.Page(wb, [outer])

    assert inner.strip is outer.strip is made.strip
    inner.close()
    made.close()


def test_it_has_a_pulse_while_it_is_open(wb, eventually, monkeypatch):
    monkeypatch.setattr(pages, "_PULSE_SECONDS", 0.02)
    made = pages.Page(wb, [])
    eventually(lambda: made.strip.beat > 2)
    made.strip._heard(made.strip, {"here": True}, [])
    made.close()
    for one in threading.enumerate():
        if one.name == "pulse":
            one.join(10)
    at = made.strip.beat
    assert at > 3


def test_it_looks_for_those_who_are_there(wb, eventually, monkeypatch):
    panel = Looking(wb)
    made = pages.Page(wb, [panel])
    eventually(lambda: panel.looks > 1)

    monkeypatch.setattr(strips, "UNSEEN", -1.0)  # nobody has the page open any more
    eventually(lambda: not panel.is_seen)
    seen = panel.looks
    monkeypatch.setattr(strips, "UNSEEN", 100.0)
    made.strip._heard(made.strip, {"here": True}, [])
    eventually(lambda: panel.looks > seen + 1)
    panel.close()
    made.close()


def test_who_acts_while_it_looks_is_looked_for_again(wb, eventually):
    watch = pages.Watch()
    slow = Looking(wb)
    looks: list[int] = []

    def look():
        looks.append(1)
        if len(looks) == 1:
            watch.soon(slow)

    watch.add(slow, look, every=600)
    eventually(lambda: len(looks) == 2)


def test_its_thread_ends_with_what_it_watches(wb, eventually):
    watch = pages.Watch()
    panel = Looking(wb)
    watch.add(panel, lambda: None)
    thread = watch._thread
    panel.close()
    watch.soon(panel)
    thread.join(10)

    assert not thread.is_alive()
    again = Looking(wb)
    watch.add(again, again._look)
    eventually(lambda: again.looks > 1)
    again.close()


def test_an_error_of_a_look_stays_in_its_panel_and_goes(wb, eventually):
    broken = [True]

    def look():
        if broken[0]:
            raise Misconfigured("the ledger is locked; end the other program.")

    bad, good = Looking(wb, look), Looking(wb)
    eventually(lambda: "the ledger is locked" in bad.alert.html)
    eventually(lambda: good.looks > 1)
    broken[0] = False
    eventually(lambda: not bad.alert.html)
    bad.close()
    good.close()


def test_a_panel_that_cannot_be_made_is_an_error_in_its_place(wb, monkeypatch):
    nobody_there(monkeypatch)

    def broken():
        raise Misconfigured("no key; put it into .env.")

    shown = displayed(monkeypatch)
    pages.page(wb, broken, lambda: Looking(wb))
    words = shown[0]["text/plain"]

    assert "PRACTICE" in words
    assert "Error: no key; put it into .env." in words
    assert "looked 1 times" in words  # once, without a thread that would stay


def test_a_badge_has_word_shape_and_colour():
    assert badge("failed") == badge("failed", "bad")
    assert plain(badge("posted")) == "● posted"
    assert [tone_of(word) for word in ("file not found", "quarantined", "never heard of")] == ["bad", "waits", "plain"]
    assert "<script" not in badge("<script>")


def test_what_is_asked_before_an_act_names_number_names_account_money_and_mode():
    asked = plain(
        asking("live", "publish", ["Oak table", "Lamp", "Sofa", "Bed"], "listing", account="north (account 1)")
    )
    assert asked == (
        "LIVE: publish 4 listings: Oak table, Lamp, Sofa and 1 more; as north (account 1). "
        "This is real, and cannot be taken back."
    )
    asked = plain(asking("practice", "collect", ["Tea"], "source", micro_usd=1_500_000, more=Html("It may be more.")))
    assert asked == "PRACTICE: collect 1 source: Tea; for at most $1.50. Nothing of it is real.\nIt may be more."
