"""collect/run_summary.py and the pace of collect/watcher.py: a run in words, and no promise that cannot be kept."""

from __future__ import annotations

import pytest

from workbench.collect.model import SnapshotState, roll_up
from workbench.collect.run_summary import MARKS, WORDS, standing
from workbench.collect.watcher import Pace


def status(*states: str, reason: str | None = None, reused: bool = False, attention: list[dict] | None = None) -> dict:
    snapshots = [
        {"snapshot_id": f"s_{n}", "key": n, "state": state, "rows": 3 if state == "published" else None,
         "warnings": 1, "errors": None, "malformed": None, "reason": reason, "reused": reused}
        for n, state in enumerate(states)
    ]  # fmt: skip
    word = str(roll_up(SnapshotState(state) for state in states))
    job = {"name": "Tuesday - instagram - posts", "status": word, "snapshots": snapshots}
    run = {
        "run_id": "r1", "name": "Tuesday", "status": word, "created_at": "2026-01-02T03:04:05+00:00",
        "cancelled_at": None, "jobs": [job],
    }  # fmt: skip
    return {"mode": "practice", "runs": [run], "attention": attention or []}


def test_every_state_has_words():
    assert WORDS.keys() == set(SnapshotState)


@pytest.mark.parametrize(
    ("states", "progress"),
    [
        pytest.param(["planned"] * 3, "0 %, 0 of 3 snapshots", id="nothing was sent"),
        pytest.param(["triggered"] * 2, "20 %, 0 of 2 snapshots", id="a step of five"),
        pytest.param(["published", "staged"], "90 %, 1 of 2 snapshots", id="not whole yet"),
        pytest.param(["published"] * 299 + ["staged"], "99 %, 299 of 300 snapshots", id="never rounded up to 100"),
        pytest.param(["published", "failed", "empty"], "100 %, 3 of 3 snapshots", id="all have ended, well or not"),
        pytest.param(["published"], "100 %, 1 of 1 snapshot", id="one"),
    ],
)
def test_progress_in_words(states, progress):
    assert standing(status(*states)).progress == progress


@pytest.mark.parametrize(
    ("states", "news"),
    [
        pytest.param(["published", "ready"], "1 of 2 snapshots finished, 3 rows so far.", id="under way"),
        pytest.param(["published"], "The run is complete: 3 rows, 1 rejected.", id="complete"),
        pytest.param(
            ["published", "failed"], "The run is finished, but not everything came: 3 rows, 2 rejected.", id="partial"
        ),
        pytest.param(["failed"], "The run failed: 0 rows, 1 rejected.", id="failed"),
        pytest.param(["canceled"], "The run was cancelled: 0 rows, 1 rejected.", id="cancelled"),
    ],
)
def test_what_is_read_aloud(states, news):
    assert standing(status(*states)).news == news


def test_a_step_inside_a_snapshot_is_not_read_aloud():
    assert standing(status("published", "ready")).news == standing(status("published", "staged")).news


def test_a_job_says_what_its_snapshots_do_and_why_one_did_not_come():
    (job,) = standing(status("failed", "triggered", "triggered", reason="no such\naccount")).jobs

    assert job.now == "2 being collected at Bright Data, 1 failed"
    assert job.why == ("no such account",)
    assert job.mark == MARKS["processing"]


def test_what_an_earlier_run_has_paid_is_said():
    (job,) = standing(status("published", reused=True)).jobs

    assert job.now == "1 published, 1 of them of an earlier run, not paid again"


def test_what_waits_for_a_person_is_of_this_run_alone():
    attention = [
        {"id": "s_0", "why": "lost", "command": "workbench status r1"},
        {"id": "s_9", "why": "", "command": ""},
    ]

    assert standing(status("unsure", attention=attention)).waiting == (("lost", "workbench status r1"),)


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_time_left_is_said_only_when_enough_was_seen():
    clock = Clock()
    pace = Pace(clock)
    said = []

    for clock.at, done in [(0, 0), (5, 6), (60, 10), (70, 40), (75, 100)]:
        pace.note(done, 100)
        said.append(pace.time_left)

    left = "left at the pace of the last minutes"
    assert said == ["", "", f"about 9 min {left}", f"about 2 min {left}", ""]


def test_a_step_back_forgets_the_pace():
    clock = Clock()
    pace = Pace(clock)

    for clock.at, done in [(0, 0), (20, 40), (21, 39), (22, 45)]:
        pace.note(done, 100)

    assert pace.time_left == ""
