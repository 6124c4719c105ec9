"""Reuse: what a younger snapshot was asked is not asked and paid again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.budget.conftest import COST
from tests.collect.conftest import Desk, a_source
from tests.house import House, snapshots, sources_csv
from workbench.collect import store as collecting
from workbench.collect.model import SnapshotState
from workbench.collect.store import Started
from workbench.db import history
from workbench.db.clock import now
from workbench.db.schema import snapshot as table
from workbench.db.schema import snapshot_use

HOUR = timedelta(hours=1)
TEA, BIKE = "https://www.instagram.com/tea.club/", "https://www.instagram.com/bike/"
PUBLISHED = {"state": "published", "next_at": None}


def start(desk: Desk, *urls: str, reuse: timedelta | None = HOUR, name: str = "", **ask: Any) -> Started:
    plan = desk.plan(*(a_source(url) for url in urls or (TEA,)), name=name, **ask)
    return collecting.start_run(desk.ledger, plan.hash, folder="Run_{id6}", reuse=reuse)


def put(desk: Desk, **values: Any) -> None:
    desk.ledger.write(lambda connection: connection.execute(table.update().values(values)))


def users(desk: Desk) -> list[tuple[int, str]]:
    with desk.ledger.read() as connection:
        return [(row.snapshot, row.run_id) for row in connection.execute(select(snapshot_use)).all()]


@pytest.fixture
def paid(desk: Desk) -> Desk:
    """One run, published a moment ago."""
    start(desk, name="first")
    put(desk, **PUBLISHED)
    return desk


def test_the_same_once_more_is_answered_and_costs_nothing(paid: Desk) -> None:
    again = start(paid, name="second")

    assert again == Started(again.run_id, is_new=True, reused=1, saved_micro_usd=COST)
    assert len(paid.snapshots()) == 1
    assert (paid.snapshot().id, again.run_id) in users(paid)


def test_a_plan_in_doubt_is_not_paid_again_without_a_word(desk: Desk) -> None:
    first = start(desk)
    put(desk, state="unsure", acts=1, next_at=None, attention="person")

    assert start(desk) == Started(first.run_id, is_new=False)


def test_what_was_cancelled_is_started_again_by_the_same_command(desk: Desk) -> None:
    first = start(desk)
    collecting.cancel_run(desk.ledger, first.run_id)
    again = start(desk)

    assert again.is_new
    assert again.run_id != first.run_id


def test_of_several_sources_only_the_missing_are_asked(paid: Desk) -> None:
    again = start(paid, TEA, BIKE, name="second")
    _, missing = paid.snapshots()

    assert [one["url"] for one in missing.inputs] == [BIKE]
    assert (len(missing.source_ids), missing.estimate_records) == (1, 3)
    assert (again.reused, again.saved_micro_usd) == (1, COST)


def test_a_plan_says_what_would_be_saved(paid: Desk) -> None:
    plan = paid.plan(a_source(TEA), a_source(BIKE), name="second")

    assert collecting.would_reuse(paid.ledger, plan, HOUR).micro_usd == COST
    assert collecting.would_reuse(paid.ledger, plan, None).micro_usd == 0


@pytest.mark.parametrize(("age", "count"), [(0.9, 1), (1.1, 2)], ids=["younger", "older"])
def test_only_a_younger_one_answers(paid: Desk, age: float, count: int) -> None:
    put(paid, created_at=now() - age * HOUR)
    start(paid, name="second")

    assert len(paid.snapshots()) == count


ANSWERS = {"planned", "triggered", "ready", "downloaded", "staged", "published"}


@pytest.mark.parametrize("state", SnapshotState)
def test_what_has_rows_or_will_have_them_answers_and_nothing_else(paid: Desk, state: SnapshotState) -> None:
    put(paid, state=str(state))
    start(paid, name="second")

    assert len(paid.snapshots()) == (1 if state in ANSWERS else 2)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"state": "planned", "cancel_requested": True}, id="about to be cancelled"),
        pytest.param({"state": "planned", "attention": "person", "next_at": None}, id="over a cap"),
    ],
)
def test_what_may_never_come_does_not_answer(paid: Desk, values: dict[str, Any]) -> None:
    put(paid, **values)
    start(paid, name="second")

    assert len(paid.snapshots()) == 2


@pytest.mark.parametrize(
    "ask",
    [{"num_posts": 4}, {"start": now().date() - timedelta(days=3), "end": None}],
    ids=["another limit", "other dates"],
)
def test_another_question_is_asked(paid: Desk, ask: dict[str, Any]) -> None:
    start(paid, name="second", **ask)

    assert len(paid.snapshots()) == 2


def test_fresh_asks_again_and_the_log_says_so(paid: Desk) -> None:
    again = start(paid, name="second", reuse=None)
    (event,) = history.story(paid.ledger, "run", again.run_id)

    assert len(paid.snapshots()) == 2
    assert (event["facts"]["is_fresh"], event["facts"]["reused_snapshots"]) == (True, 0)
    (before,) = history.story(paid.ledger, "run", paid.snapshot().run_id)
    assert before["facts"]["is_fresh"] is False


def test_a_shared_one_goes_on_until_the_last_run_that_waits_for_it_is_cancelled(desk: Desk) -> None:
    first, second = start(desk, name="first"), start(desk, name="second")
    collecting.cancel_run(desk.ledger, first.run_id)
    assert not desk.snapshot().cancel_requested
    collecting.cancel_run(desk.ledger, second.run_id)

    assert desk.snapshot().cancel_requested


def test_cancelling_a_run_that_was_answered_leaves_the_others_alone(desk: Desk) -> None:
    start(desk, name="first")
    collecting.cancel_run(desk.ledger, start(desk, name="second").run_id)

    assert not desk.snapshot().cancel_requested


def test_rows_are_those_of_both_runs_and_the_folder_says_where_they_are(house: House) -> None:
    sources = sources_csv(house.home / "s.csv", ["tea"], [("instagram", "posts", "https://www.instagram.com/{}/")])
    with house.open() as workbench:
        for name in ("first", "second"):
            workbench.start(workbench.plan(sources, num_posts=3, name=name).hash)
            workbench.work()
        second, first = workbench.status()["runs"]
        note = next((house.home / "data" / "lake").glob("second*/**/NOTE.txt")).read_text()
        results = workbench.sql("SELECT run_id, row_count FROM source_results ORDER BY run_id").fetchall()

        assert house.ask("count")["triggers_accepted"] == 1
        assert (first["rows"], second["rows"]) == (3, 3)
        assert sorted(results) == sorted([(first["run_id"], 3), (second["run_id"], 3)])
        assert "Reused, not paid again: its rows are in first_" in note
        assert workbench.budget.spend()["total"] == 3 * 2000
        assert [one["reused"] for one in snapshots(workbench)] == [True, False]


def test_fresh_on_the_command_line(house: House) -> None:
    sources = sources_csv(house.home / "s.csv", ["tea"], [("instagram", "posts", "https://www.instagram.com/{}/")])
    with house.open() as workbench:
        workbench.start(workbench.plan(sources, num_posts=2).hash)
    words = ("collect", "run", "--sources", str(sources), "--num-posts", "2", "--yes", "--wait", "--json", "--fresh")
    done = house.here(*words)

    assert done.code == 0, done.err
    with house.open() as workbench:
        assert [one["reused"] for one in snapshots(workbench)] == [False, False]
