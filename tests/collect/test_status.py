"""collect/status.py: the words that people and their scripts use."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.collect.conftest import Desk, Vendor, a_source, reply
from workbench.collect import queries
from workbench.collect.model import SnapshotState, roll_up
from workbench.collect.status import run_tree, todo

OLD_WORDS = {
    "pending": {"planned", "triggered", "unsure"},
    "ready": {"ready"},
    "processing": {"downloaded", "staged"},
    "processed": {"published", "empty", "reused"},
    "failed": {"failed", "canceled", "expired", "stalled", "quarantined"},
}


@pytest.mark.parametrize(("word", "states"), OLD_WORDS.items())
def test_the_teams_words_for_snapshots(word: str, states: set[str]) -> None:
    assert {str(state) for state in SnapshotState if state.info.word == word} == states


@pytest.mark.parametrize(
    ("states", "word"),
    [
        pytest.param([], "pending", id="no snapshot yet"),
        pytest.param(["planned", "planned"], "pending", id="nothing sent"),
        pytest.param(["planned", "published"], "processing", id="some are not sent"),
        pytest.param(["triggered"], "processing", id="the vendor works"),
        pytest.param(["unsure", "published"], "processing", id="unsure is not over"),
        pytest.param(["published", "empty", "reused"], "completed", id="all good"),
        pytest.param(["published", "failed"], "partial", id="one failed"),
        pytest.param(["published", "canceled"], "partial", id="one was cancelled"),
        pytest.param(["empty", "quarantined"], "partial", id="one is quarantined"),
        pytest.param(["failed", "expired", "stalled"], "failed", id="nothing came"),
        pytest.param(["canceled", "canceled"], "cancelled", id="all cancelled"),
        pytest.param(["canceled", "failed"], "failed", id="cancelled and failed"),
    ],
)
def test_the_status_of_a_job_and_a_run(states: list[str], word: str) -> None:
    assert roll_up(map(SnapshotState, states)) == word
    assert roll_up(map(SnapshotState, reversed(states * 2))) == word


def test_the_tree_has_the_documented_keys(staged: Desk) -> None:
    staged.advance()
    (run,) = run_tree(queries.runs(staged.ledger), staged.lake)
    (job,) = run["jobs"]
    (snapshot,) = job["snapshots"]

    assert run.keys() >= {"run_id", "name", "status", "attention", "created_at", "jobs"}
    assert job.keys() >= {"job_id", "platform", "service", "status", "folder", "snapshots"}
    assert snapshot.keys() >= {"snapshot_id", "state", "status", "rows", "warnings", "errors", "reason"}
    assert (run["status"], job["status"], snapshot["status"], snapshot["rows"]) == (
        "completed", "completed", "processed", 2,
    )  # fmt: skip
    assert Path(job["folder"]).is_dir()


def test_todo_names_what_waits_and_the_command(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["progress"] = {"status": "running"}
    triggered.late = timedelta(hours=3)
    snapshot = triggered.advance(until="stalled")
    (one,) = todo(queries.waiting_for_person(triggered.ledger))

    assert (one["kind"], one["id"]) == ("snapshot", snapshot.provider_id)
    assert "still 'running' at Bright Data after 3.0 h" in one["why"]
    assert one["command"].startswith("workbench ")


def test_nothing_waits_when_all_is_well(staged: Desk) -> None:
    staged.advance()

    assert todo(queries.waiting_for_person(staged.ledger)) == []


def test_attention_of_one_snapshot_shows_on_its_run(desk: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = [{"snapshot_id": "sd_1"}, reply(500, "oops")]
    desk.start(*(a_source(f"https://www.instagram.com/page{n}/") for n in range(2)), batch_size=1)
    desk.worker.advance(desk.bench)
    desk.worker.advance(desk.bench)
    desk.worker.advance(desk.bench)
    (run,) = run_tree(queries.runs(desk.ledger), desk.lake)

    assert (run["attention"], run["status"]) == ("reconcile", "processing")
