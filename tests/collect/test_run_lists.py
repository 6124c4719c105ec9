"""collect/run_lists.py: pages that are cut in the ledger, and a status in SQL that is the one of `roll_up`."""

from __future__ import annotations

import itertools

import pytest

from tests.engine.world import S, a_job, a_plan, a_snapshot, a_source, add, change, start
from workbench.collect import queries, run_lists
from workbench.collect import store as collecting
from workbench.collect.model import roll_up

SEARCHED = ("run_id", "name", "project", "what", "status")


def runs(ledger, **wanted):
    return run_lists.page(ledger, run_lists.runs_table(), key="run_id", text_in=SEARCHED, **wanted)


def test_the_status_in_sql_is_that_of_roll_up(ledger):
    """Of every pair of states, and of each alone: one run each."""
    wanted = {}
    for states in [*itertools.combinations(S, 2), *((one, one) for one in S)]:
        keys = add(ledger, 2)
        for key, state in zip(keys, states, strict=True):
            change(ledger, key, state=str(state))
        with ledger.read() as connection:
            run_id = connection.exec_driver_sql(f"SELECT run_id FROM snapshot WHERE id = {keys[0]}").scalar_one()
        wanted[run_id] = str(roll_up(states))
    found, total = runs(ledger, limit=1_000)

    assert total == len(wanted)
    assert {one["run_id"]: one["status"] for one in found} == wanted


def test_a_run_has_its_counts_its_cost_and_what_it_collects(ledger):
    run_id = start(ledger, a_plan(a_job(a_snapshot(), a_snapshot()), a_job(service="comments"), name="spring"))
    change(ledger, 1, state="published", row_count=7, warning_count=1, error_count=2, next_at=None)
    change(ledger, 2, state="failed", attention="person", next_at=None)
    ((run,), total) = runs(ledger)

    assert total == 1
    assert {name: run[name] for name in ("run_id", "name", "snapshots", "finished", "rows", "rejects", "waiting")} == {
        "run_id": run_id, "name": "spring", "snapshots": 3, "finished": 2, "rows": 7, "rejects": 3, "waiting": 1,
    }  # fmt: skip
    assert sorted(run["what"].split(", ")) == ["instagram comments", "instagram posts"]
    assert (run["cost_micro_usd"], queries.spent(ledger, run_id)) == (0, 0)
    jobs, number = run_lists.page(ledger, run_lists.jobs_table([run_id]), key="job_id", text_in=("service",))
    assert (number, [(one["service"], one["status"]) for one in jobs]) == (
        2,
        [("posts", "partial"), ("comments", "pending")],
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["a 100%", "b_x", "c"]),
        ("100%", ["a 100%"]),
        ("_", ["b_x"]),
        ("POSTS b", ["b_x"]),
        ("\\", []),
        ("' OR 1=1 --", []),
    ],
)
def test_words_are_looked_for_as_they_are(ledger, text, names):
    for name in ("a 100%", "b_x", "c"):
        start(ledger, a_plan(name=name))

    found, total = run_lists.page(
        ledger, run_lists.runs_table(), key="run_id", text_in=("name", "what"), text=text, sort="name"
    )

    assert ([one["name"] for one in found], total) == (names, len(names))


def test_pages_are_cut_in_one_order_and_what_is_missing_comes_last(ledger):
    collecting.add_sources(
        ledger, [a_source(url=f"u{n}", name=f"s{n % 3}", project="x" if n % 2 else None) for n in range(25)]
    )
    table = run_lists.sources_table()

    def page(offset: int, *, descending: bool) -> list[dict]:
        return run_lists.page(
            ledger, table, key="source_id", text_in=("name",), sort="project", descending=descending, offset=offset,
            limit=10,
        )[0]  # fmt: skip

    for descending in (False, True):
        found = [one for offset in (0, 10, 20) for one in page(offset, descending=descending)]
        assert len({one["source_id"] for one in found}) == 25
        assert [one["project"] for one in found] == ["x"] * 12 + [None] * 13


def test_only_runs_with_rejects(ledger):
    start(ledger, a_plan(name="good"))
    start(ledger, a_plan(name="bad"))
    change(ledger, 2, malformed_count=1)

    found, total = runs(ledger, at_least={"rejects": 1})

    assert ([one["name"] for one in found], total) == (["bad"], 1)
