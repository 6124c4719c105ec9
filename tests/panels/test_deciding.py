"""What waits for a person: one case each, its buttons ask before anything is public, and its widgets last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.panels.conftest import at_the_page, leave_pages
from tests.panels.test_markup import HOSTILE
from workbench import open_workbench
from workbench.panels.deciding import Case, CasesPanel, Deeds
from workbench.panels.markup import plain
from workbench.workbench import Workbench

CASE = Case(
    key="7", title="A.png", badge=("waits for you", "waits"), said="The answer was lost.", next_step="Look there.",
    again="try A.png again", absent="upload A.png once more to TrafficJunky as north (account 1)",
)  # fmt: skip


@pytest.fixture
def wb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    at_the_page(monkeypatch)
    with open_workbench(tmp_path) as wb:
        yield wb
        leave_pages()


class Done(list):
    def deeds(self) -> Deeds:
        return Deeds(
            "the site", "like 1032530511", lambda keys: self.append(("retry", *keys)),
            lambda key, remote_id: self.append(("found", key, remote_id)), lambda key: self.append(("absent", key)),
            lambda key: self.append(("abandon", key)),
        )  # fmt: skip


def test_a_case_asks_before_it_sends_and_an_impatient_hand_sends_once(wb, eventually):
    done = Done()
    panel = CasesPanel(wb, "wb-x", done.deeds())
    panel.tell([CASE])
    one = panel.cases["7"]

    assert "1 waits for you" in plain(panel.head.html)
    assert plain(one.body.value).split("\n") == [
        "■ waits for you A.png", "The answer was lost.", "What to do: Look there.",
    ]  # fmt: skip
    for _ in range(5):
        one.absent.first.click()
    assert done == []
    assert "PRACTICE: upload A.png once more to TrafficJunky as north (account 1)" in plain(one.absent.asked.html)
    for _ in range(5):
        one.absent.sure.click()
        one.absent.first.click()
    eventually(lambda: done)
    assert done == [("absent", "7")]

    one.remote_id.value = " 1032530511 "
    one.found.click()
    eventually(lambda: len(done) == 2)
    assert done[1] == ("found", "7", "1032530511")


def test_a_case_stays_the_same_widgets_while_it_lasts(wb):
    panel = CasesPanel(wb, "wb-x", Done().deeds())
    panel.tell([CASE])
    one = panel.cases["7"]
    one.remote_id.value = "10325"

    panel.tell([replace(CASE, key="6"), replace(CASE, said="Three looks did not find it.")])
    assert panel.cases["7"] is one
    assert (one.remote_id.value, "Three looks" in one.body.value) == ("10325", True)
    panel.tell([replace(CASE, key=str(n)) for n in range(40)])
    assert len(panel.room.children) == 6
    assert "40 wait for you; the first 6 are here" in plain(panel.head.html)
    panel.tell([])
    assert (panel.room.children, panel.head.html) == ((), "")


def test_all_of_them_again_are_those_that_were_named(wb, eventually):
    done = Done()
    panel = CasesPanel(wb, "wb-x", done.deeds())
    panel.tell([replace(CASE, key="1", title="A"), replace(CASE, key="2", title="B", again="")])
    assert panel.all.layout.display == "none"
    panel.tell([replace(CASE, key="1", title="A"), replace(CASE, key="3", title="C")])
    panel.all.first.click()
    assert "try again: A, C." in plain(panel.all.asked.html)
    panel.tell([replace(CASE, key=str(n)) for n in range(5)])
    panel.all.sure.click()

    eventually(lambda: done)
    assert done == [("retry", "1", "3")]


def test_what_goes_wrong_is_told_in_the_case(wb, eventually):
    def refused(key: str, remote_id: str) -> None:
        raise AssertionError(remote_id)

    panel = CasesPanel(wb, "wb-x", replace(Done().deeds(), found=refused))
    panel.tell([CASE])
    panel.cases["7"].found.click()
    eventually(lambda: panel.cases["7"].alert.html)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_words(wb, hostile):
    panel = CasesPanel(wb, "wb-x", Done().deeds())
    panel.tell([replace(CASE, title=hostile, said=hostile, next_step=hostile)])
    for markup in ("<script", "<img", "<svg", "<iframe"):
        assert markup not in panel.markup()
