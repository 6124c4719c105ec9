"""Impatient clicks: what costs or publishes asks once, is never where another button was, and rests after an act."""

from __future__ import annotations

import threading
from pathlib import Path

import workbench
from tests.panels.conftest import place
from workbench.panels.markup import plain
from workbench.panels.widgets import REST, AskTwice, question

WORDS = ("Publish…", "Yes", "No")


def _twice(**more) -> tuple[AskTwice, list[int]]:
    acts: list[int] = []
    return AskTwice("wb-x", WORDS, lambda: acts.append(1), **more), acts


def test_a_hand_that_clicks_on_is_asked_once_and_nothing_is_done():
    twice, acts = _twice(question=lambda: question("live", "publish 3 listings on Marketplace as north (account 1)"))

    clicks = [threading.Thread(target=twice.first.click) for _ in range(5)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    said = "LIVE: publish 3 listings on Marketplace as north (account 1). This is real, and cannot be taken back."
    assert said in plain(twice.asked.html)
    assert (twice.sure.layout.display, acts) == (None, [])
    twice.keep.click()
    assert (twice.sure.layout.display, plain(twice.asked.html), acts) == ("none", "", [])


def test_a_yes_acts_once_and_the_button_rests(eventually):
    twice, acts = _twice(rest=0.5)
    twice.first.click()

    clicks = [threading.Thread(target=twice.sure.click) for _ in range(5)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert acts == [1]
    twice.first.click()
    twice.sure.click()
    assert (twice.sure.layout.display, acts) == ("none", [1])  # within the rest a click asks for nothing
    eventually(lambda: not twice.first.disabled)
    twice.first.click()
    twice.sure.click()
    assert acts == [1, 1]


def test_what_is_at_work_is_not_asked_for_though_the_rest_is_over(eventually):
    twice, acts = _twice(rest=0.05)
    twice.hold()
    twice.first.click()
    assert (twice.sure.layout.display, acts) == ("none", [])
    twice.free()
    eventually(lambda: not twice.first.disabled)


def test_a_yes_is_not_where_the_button_was_and_nothing_moves_there():
    twice, _ = _twice()

    assert REST >= 3
    for _ in range(2):
        twice.first.click()
        first, sure = place(twice, twice.first), place(twice, twice.sure)
        assert first[0] < sure[0]  # in a line of its own, below
        room = twice.children[first[0]].layout
        assert (room.display, room.min_height) == (None, "40px")  # kept, though the button is hidden
        assert place(twice, twice.keep) < sure
        twice.keep.click()


def test_every_button_that_costs_or_publishes_asks():
    """In the source of the panels: whoever starts, posts, uploads or cancels does so by AskTwice alone."""
    root = Path(workbench.__file__).parent
    plainly = {
        path.relative_to(root).as_posix(): [
            line.strip() for line in path.read_text().splitlines() if ".on_click(" in line
        ]
        for path in root.rglob("*.py")
        if path.name != "widgets.py"
    }

    assert {name: lines for name, lines in plainly.items() if lines} == {
        "post/listings_panel.py": ["self.cancel.on_click(lambda _: self.act(wb, self._cancel))"],  # less is posted
        "post/results_panel.py": ["self.cancel.on_click(lambda _: self.act(self._wb, self._cancel))"],
        "panels/deciding.py": [
            "self.found.on_click(lambda _: self._clicked(self._found))",  # it is there: nothing is sent
            "self.edit.on_click(lambda _: self._clicked(self._edited))",
        ],
        "collect/recovery_panel.py": [
            "self.adopt.on_click(lambda _: self._clicked())",  # what is paid already is brought in
            "self.every.on_click(lambda _: self._choose_every())",
            "self.again.on_click(lambda _: self._looked_again())",
            "one.on_click(lambda _, act=act: self._begin(act))",  # what costs nothing and can be done again
        ],
        "accounts/panel.py": [
            "one.on_click(lambda _, work=work: self._begin(work))",  # log in, look, stop
            'one.on_click(lambda _, form=form: show(form, is_shown=form.layout.display == "none"))',
        ],
        "deliveries/panel.py": ["self.replay.on_click(lambda _: self._replayed())"],
        "errorlog/panel.py": ["self.login.on_click(lambda _: self._begin(self._log_in))"],
        "panels/sending.py": [
            "self.rehearse.on_click(lambda _: self._begin(self._rehearse))",
            'self.cancel.on_click(lambda _: self.act(wb, self._cancelled, "cancel"))',
            'self.resume.on_click(lambda _: self.act(wb, self._resumed, "resume"))',
        ],
        "collect/runs_board_panel.py": [
            'self.again.on_click(lambda _: self.act(wb, self._planned_again, "again"))'
        ],  # planned and shown, not started
        "home/start_panel.py": [
            'self.made_up.on_click(lambda _: self.act(glance.wb, self._keep_samples, "samples"))'
        ],  # sources are kept, nothing is asked of them
        "collect/watch_panel.py": ["self.resume.on_click(lambda _: self._clicked(self._resume))"],
    }
