"""Exit codes: 0 done, 1 failed or partial, 2 refused, 3 a person, 4 unsure or out of time; 2 > 3 > 4 > 1 > 0."""

from __future__ import annotations

import os
import signal

import pytest

from workbench.cli.exits import Exit, of_execution, worst
from workbench.collect.model import SnapshotState
from workbench.engine.outcome import of_item


def _snapshot(state, attention=None):
    return {"state": state, "attention": attention}


CODES = {
    "published": Exit.DONE,
    "empty": Exit.DONE,
    "reused": Exit.DONE,
    "failed": Exit.FAILED,
    "expired": Exit.FAILED,
    "canceled": Exit.FAILED,
    "stalled": Exit.PERSON,
    "quarantined": Exit.PERSON,
    "unsure": Exit.UNSURE,
    "planned": Exit.UNSURE,
    "triggered": Exit.UNSURE,
    "ready": Exit.UNSURE,
    "downloaded": Exit.UNSURE,
    "staged": Exit.UNSURE,
}


@pytest.mark.parametrize("state", SnapshotState)
def test_every_state_leads_to_a_code(state):
    assert of_item("snapshot", _snapshot(state)) == CODES[state]


def test_whoever_waits_for_a_person_says_so():
    assert of_item("snapshot", _snapshot("planned", "person")) == Exit.PERSON
    assert of_item("snapshot", _snapshot("unsure", "person")) == Exit.PERSON
    assert of_item("snapshot", _snapshot("unsure", "reconcile")) == Exit.UNSURE


@pytest.mark.parametrize(
    ("codes", "highest"),
    [((), 0), ((0, 1), 1), ((1, 4), 4), ((4, 3), 3), ((3, 2), 2), ((0, 1, 2, 3, 4), 2)],
)
def test_the_highest_is_2_3_4_1_0(codes, highest):
    assert worst(map(Exit, codes)) == highest


def test_an_execution_is_done_only_when_it_succeeded():
    endings = [("succeeded", None), ("failed", "ValueError"), ("killed", "Killed"), ("timed_out", "CellTimedOut")]
    assert [of_execution(*one) for one in endings] == [0, 1, 1, 4]
    assert [of_execution("failed", one) for one in ("NeedsPerson", "Unanswered")] == [3, 4]


# what was done, and what it exits with ----------------------------------------------------------------


LOST = {"reset": {"times": 2, "on": "trigger"}}
SOON = {"WORKBENCH_LOOK_GAPS": "0.1"}


@pytest.mark.parametrize(
    ("switches", "settings", "code", "state"),
    [
        pytest.param({"snapshot_failed": 1}, {}, 1, "failed", id="failed at the vendor: 1"),
        pytest.param({"drop_after_trigger": {"times": 1}}, SOON, 0, "published", id="an answer was lost, and found: 0"),
        pytest.param(LOST, SOON, 3, "unsure", id="two triggers were lost and are not found: 3"),
        pytest.param({"never_ready": 1}, {"WORKBENCH_STALL_SECONDS": "1"}, 3, "stalled", id="never finishes: 3"),
    ],
)
def test_a_run_that_was_waited_for_exits_by_its_states(home, switches, settings, code, state):
    home.settings |= settings
    home.sandbox("switches", **switches)
    home.sources("tea.club")

    done = home.here("collect", "run", "--sources", "sources.csv", "--wait", "--json")
    (run,) = home.here("status", "--json").json["runs"]

    assert run["jobs"][0]["snapshots"][0]["state"] == state
    assert done.code == code, done.err
    assert done.json["run_id"] == run["run_id"]


def test_todo_lists_what_waits_for_a_person_with_the_command_that_resolves_it(home):
    home.settings |= SOON
    home.sandbox("switches", **LOST)
    home.sources("tea.club")
    home.here("collect", "run", "--sources", "sources.csv", "--json")

    worked = home.here("work", "--until-idle", "--json")
    (waiting,) = home.here("todo", "--json").json
    status = home.here("status", "--json")

    assert worked.code == 3
    assert waiting.keys() >= {"kind", "id", "why", "command"}
    assert waiting["command"].startswith("workbench recover resolve ")
    assert (status.code, status.json["attention"]) == (0, [waiting])


def test_work_that_runs_out_of_time_is_4(home):
    home.sandbox("switches", never_ready=1)
    home.sources("tea.club")
    home.here("collect", "run", "--sources", "sources.csv", "--json")

    done = home("work", "--until-idle", "--timeout", "1", "--json")

    assert (done.code, done.json["idle"]) == (4, False)


def test_sigterm_ends_work_cleanly(home):
    home.sources("tea.club")
    home.here("collect", "run", "--sources", "sources.csv", "--json")
    process = home.start("work")
    line = process.stderr.readline()
    while "→ published" not in line and line:  # a first line counts what is published
        line = process.stderr.readline()

    os.kill(process.pid, signal.SIGTERM)
    out, _ = process.communicate(timeout=90)

    assert process.returncode == 0
    assert "1 published" in out


def test_cancelling_a_run_that_nobody_worked_on_drops_it_unpaid(home):
    home.sources("tea.club")
    run_id = home.here("collect", "run", "--sources", "sources.csv", "--json").json["run_id"]

    asked = home.here("collect", "cancel", run_id, "--json")
    worked = home.here("work", "--until-idle", "--json")

    assert asked.json == {"run_id": run_id, "cancel_asked": True}
    assert (worked.code, worked.json["moved"]) == (1, {"canceled": 1})
    assert home.here("status", "--json").json["runs"][0]["status"] == "cancelled"
    assert home.sandbox("count")["triggers_accepted"] == 0
