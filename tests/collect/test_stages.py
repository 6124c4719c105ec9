"""collect/stages.py: how far, how fast, how long; and nothing said that was not seen."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.collect.model import SNAPSHOT_GOOD, SNAPSHOT_UNFINISHED
from workbench.collect.stages import BEHIND, Pace, said, sentence, stages

MB = 1_000_000


def one(state: str, *, rows: int | None = None, size: int | None = None, arrived: int | None = None) -> dict[str, Any]:
    progress = None if arrived is None else {"done": arrived, "total": 4 * MB, "text": "bytes"}
    return {"state": state, "rows": rows, "bytes": size, "progress": progress}


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_whatever_may_still_become_of_a_snapshot_has_a_step():
    assert BEHIND.keys() == SNAPSHOT_UNFINISHED | SNAPSHOT_GOOD


def test_each_step_counts_what_is_behind_it():
    now = stages(
        [one("planned"), one("triggered"), one("ready"), one("staged"), one("published", rows=7), one("empty")]
    )

    assert now.done == (5, 4, 3, 3, 2)
    assert (now.total, now.rows, now.otherwise) == (6, 7, 0)


def test_what_ended_otherwise_is_apart_and_leaves_nothing_to_do():
    now = stages([one("failed"), one("expired"), one("published", rows=1)])

    assert (now.total, now.otherwise, now.done) == (1, 2, (1, 1, 1, 1, 1))
    assert now.steps_done == now.steps_total


def test_bytes_are_those_that_are_here_and_those_on_their_way():
    assert stages([one("downloaded", size=3 * MB), one("ready", arrived=2 * MB), one("triggered")]).bytes == 5 * MB


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        ({"done": 12_400_000, "total": 80_000_000, "text": "bytes"}, "12.4 of 80.0 MB"),
        ({"done": 12_400_000, "total": None, "text": "bytes"}, "12.4 MB"),
        ({"done": 1, "total": 2, "text": "photo 1 of 2"}, "photo 1 of 2"),
    ],
)
def test_progress_in_words(progress, words):
    assert said(progress) == words


def test_a_sentence_with_rates_and_the_time_left():
    clock = Clock()
    pace = Pace(clock)
    before = stages([one("triggered")] * 10)
    after = stages([one("published", rows=100, size=MB)] * 5 + [one("triggered")] * 5)

    pace.see(before)
    clock.at = 20.0
    pace.see(after)

    assert sentence(after, pace) == (
        "sent 10 of 10 · collected 5 of 10 · downloaded 5 of 10 (5.0 MB, 0.2 MB/s) · read 5 of 10 · "
        "published 5 of 10 (500 rows, 25 rows/s) · about a minute or less left at the pace of the last minutes"
    )


def test_no_rate_is_said_before_anything_came():
    clock = Clock()
    pace = Pace(clock)
    waiting = stages([one("triggered")] * 3)
    for clock.at in (0.0, 30.0):
        pace.see(waiting)

    assert sentence(waiting, pace) == (
        "sent 3 of 3 · collected 0 of 3 · downloaded 0 of 3 · read 0 of 3 · published 0 of 3"
    )
