"""collect/store.py, collect/queries.py, view_tables.py, audit/store.py: what people order, and what they are told."""

from datetime import timedelta

import pytest

from tests.children import all_at_once
from tests.engine.world import (
    S,
    a_flow,
    a_job,
    a_plan,
    a_snapshot,
    a_source,
    add,
    change,
    events,
    leases_of,
    recorder,
    row,
    start,
)
from workbench import view_tables
from workbench.audit import store as auditing
from workbench.collect import queries
from workbench.collect import store as collecting
from workbench.collect.model import SourceResult
from workbench.db import history
from workbench.db.clock import now
from workbench.engine.flow import Intent, Move
from workbench.engine.item import Attention
from workbench.errors import BadInput
from workbench.lake import store as lake_store
from workbench.lake.model import LakeFile, ManifestFiles


def test_a_source_is_added_once_and_edited_by_the_next_import(ledger):
    first = collecting.add_sources(ledger, [a_source(), a_source(service="comments")])
    again = collecting.add_sources(ledger, [a_source(), a_source(service="comments", creator="Ann")])

    assert (first.source_ids, first.added, first.changed) == ((1, 2), 2, 0)
    assert (again.source_ids, again.added, again.changed) == ((1, 2), 0, 1)
    assert [(one.creator, one.enabled) for one in queries.list_sources(ledger)] == [(None, True), ("Ann", True)]
    assert [one.what for one in events(ledger)] == ["added", "added", "edited"]


def test_four_processes_import_the_same_sources_at_once(ledger, url, tmp_path):
    said = all_at_once(4, "add", url, tmp_path / "locks")

    assert {tuple(ids) for ids, _ in said} == {tuple(said[0][0])}
    assert sum(added for _, added in said) == 20


def test_a_source_is_edited(ledger):
    collecting.add_sources(ledger, [a_source()])
    collecting.edit_source(ledger, 1, enabled=False, options={"a": 1})

    (source,) = queries.list_sources(ledger)
    assert (source.enabled, source.options) == (False, {"a": 1})
    assert collecting.enabled_sources(ledger) == []


@pytest.mark.parametrize(
    ("source_id", "values", "words"),
    [
        pytest.param(9, {"name": "x"}, "no source 9", id="no such source"),
        pytest.param(1, {"url": "x"}, "no url that could be edited", id="a key column"),
        pytest.param(1, {}, "nothing to edit", id="nothing"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(ledger, source_id, values, words):
    collecting.add_sources(ledger, [a_source()])
    with pytest.raises(BadInput, match=words):
        collecting.edit_source(ledger, source_id, **values)

    assert len(events(ledger)) == 1


def test_enabled_sources_of_a_project(ledger):
    collecting.add_sources(ledger, [a_source(url=u, project=p) for u, p in (("a", "x"), ("b", "y"), ("c", "x"))])

    assert collecting.enabled_sources(ledger, project="x") == [1, 3]
    assert collecting.enabled_sources(ledger, ids=[2, 3]) == [2, 3]


def test_a_plan_comes_back_as_it_was_kept(ledger):
    plan = a_plan(
        a_job(a_snapshot([1, 2], inputs=({"url": "a"}, {"url": "b"}), query={"limit_per_input": 5})), params={"n": 1}
    )
    collecting.save_plan(ledger, plan)

    assert collecting.load_plan(ledger, plan.hash[:8]) == plan
    assert plan.estimate.micro_usd == 30_000


@pytest.mark.parametrize("plan_hash", ["", "nothing", "%"])
def test_a_plan_that_is_not_there_is_refused(ledger, plan_hash):
    collecting.save_plan(ledger, a_plan(hash="abc1"))
    collecting.save_plan(ledger, a_plan(hash="abc2"))

    for text in (plan_hash, "abc"):
        with pytest.raises(BadInput, match="no single plan"):
            collecting.load_plan(ledger, text)


def test_four_processes_start_the_same_plan_at_once_and_it_starts_once(ledger, url, tmp_path):
    plan = a_plan()
    collecting.save_plan(ledger, plan)

    said = all_at_once(4, "start", url, tmp_path / "locks", plan.hash)

    assert len({run_id for run_id, _ in said}) == 1
    assert sorted(is_new for _, is_new in said) == [False, False, False, True]
    assert len(queries.runs(ledger)) == 1


def begin(ledger, plan, **more):
    return collecting.start_run(ledger, plan.hash, folder="f", **more)


def test_a_plan_shown_again_may_be_started_again_when_its_run_is_over(ledger):
    """Two who plan and start the same within a moment get one run, though the second plans after the first's start."""
    plan = a_plan()
    first = start(ledger, plan)
    for _ in range(2):
        assert begin(ledger, plan) == collecting.Started(first, is_new=False)
        collecting.save_plan(ledger, plan)
    change(ledger, 1, state="published", next_at=None)
    assert begin(ledger, plan).run_id == first

    collecting.save_plan(ledger, plan)
    assert begin(ledger, plan).is_new


def test_one_more_run_on_purpose_is_one_more_however_many_say_so(ledger):
    plan = a_plan()
    first = start(ledger, plan)
    second = begin(ledger, plan, after=collecting.run_of(ledger, plan.hash))

    assert second.is_new
    assert collecting.run_of(ledger, plan.hash) == second.run_id != first
    assert begin(ledger, plan, after=first) == collecting.Started(second.run_id, is_new=False)


def test_to_pay_anew_is_another_wish_once(ledger):
    collecting.add_sources(ledger, [a_source()])
    plan, hour = a_plan(a_job(a_snapshot([1]))), timedelta(hours=1)
    first = begin(ledger, kept(ledger, plan), reuse=hour)
    fresh = begin(ledger, plan, reuse=None)

    assert fresh.is_new
    assert fresh.run_id != first.run_id
    assert not begin(ledger, plan, reuse=None).is_new
    assert begin(ledger, plan, reuse=hour).run_id == fresh.run_id


def kept(ledger, plan):
    collecting.save_plan(ledger, plan)
    return plan


def test_a_started_run_is_all_there(ledger):
    collecting.add_sources(ledger, [a_source()])
    run_id = start(ledger, a_plan(a_job(a_snapshot([1, 1])), a_job(a_snapshot(), name="other")))

    (run,) = queries.runs(ledger, run_id)
    assert run["folder"] == f"daily_{run_id[:6]}"
    assert [(job["id"], job["folder"], len(job["snapshots"])) for job in run["jobs"]] == [
        (f"{run_id}-1", f"{run['folder']}/Instagram/posts", 1),
        (f"{run_id}-2", f"{run['folder']}/Instagram/posts", 1),
    ]
    assert {one["state"] for job in run["jobs"] for one in job["snapshots"]} == {"planned"}


@pytest.mark.parametrize(
    ("state", "is_marked", "is_due"),
    [
        (S.PLANNED, True, True),
        (S.TRIGGERED, True, True),
        (S.UNSURE, True, False),
        (S.STALLED, True, False),
        (S.READY, False, False),
        (S.PUBLISHED, False, False),
    ],
)
def test_a_cancelled_run_ends_what_is_not_paid_and_brings_in_the_rest(ledger, state, is_marked, is_due):
    """What may come back to an earlier state is marked, so that it is not sent again."""
    (item,) = add(ledger)
    change(ledger, item, state=str(state), next_at=None)
    collecting.cancel_run(ledger, row(ledger, item).run_id)

    assert (row(ledger, item).cancel_requested, row(ledger, item).next_at is not None) == (is_marked, is_due)


def test_a_run_is_cancelled_once(ledger):
    (item,) = add(ledger)
    run_id = row(ledger, item).run_id
    for _ in range(2):
        collecting.cancel_run(ledger, run_id)

    assert [one.what for one in events(ledger)] == ["started", "cancel_asked"]
    with pytest.raises(BadInput, match="no run nothing"):
        collecting.cancel_run(ledger, "nothing")


def test_a_run_is_found_by_a_beginning(ledger):
    run_id = start(ledger, a_plan(name="50% off"))

    assert (
        queries.find_run(ledger, None)
        == queries.find_run(ledger, run_id[:4])
        == queries.find_run(ledger, "50% o")
        == run_id
    )
    with pytest.raises(BadInput, match="no run begins with '_'"):
        queries.find_run(ledger, "_")


def test_without_runs_the_way_to_one_is_said(ledger):
    with pytest.raises(BadInput, match="collect run starts one"):
        queries.find_run(ledger, None)


def test_who_waits_for_a_person_is_known(ledger):
    (item, _) = add(ledger, 2)
    leases = leases_of(ledger)
    recorder(ledger, leases).rest(leases.take(a_flow()).leases[0], Attention.PERSON, "log in")

    assert [(one["id"], one["attention"], one["reason"]) for one in queries.waiting_for_person(ledger)] == [
        (item, "person", "log in")
    ]
    assert queries.owners(ledger) == []


def test_the_tables_of_views(ledger):
    """Every column typed, every list of the same length, in an empty ledger and in a full one."""
    for n in range(2):
        for table in view_tables.table_rows(ledger).values():
            assert {kind for kind, _ in table.values()} <= {"text", "int", "float", "bool", "time", "json", "json_text"}
            assert len({len(values) for _, values in table.values()}) == 1
        (source,) = collecting.add_sources(ledger, [a_source(creator="Ann")]).source_ids
        start(ledger, a_plan(a_job(a_snapshot([source]))))
        leases = leases_of(ledger)
        taken = leases.take(a_flow())
        record = recorder(ledger, leases)
        record.armed(taken.leases, Intent(intent_id="i"))
        files = (LakeFile(kind="posts", path=f"{n}.parquet", rows=1, bytes=2, sha256="x"),)
        results = (SourceResult(source_id=source, row_count=3, warning_count=0, error_count=0),)
        record.move(
            taken.leases[0],
            Move(to=S.TRIGGERED, writes=(ManifestFiles(files), *results), values={"provider_id": f"s_{n}"}),
            due=False,
        )

    tables = view_tables.table_rows(ledger)
    assert tables["brightdata_snapshots"]["status"] == ("text", ["pending", "pending"])
    assert tables["brightdata_snapshots"]["creator_urls"] == ("json", [["https://i.example/acme"]] * 2)
    assert tables["source_results"]["row_count"] == ("int", [3, 3])
    assert [one["path"] for one in lake_store.manifest(ledger)] == ["0.parquet", "1.parquet"]


def test_how_long_collections_took(ledger):
    first, second, adopted = add(ledger, 3)
    change(ledger, first, acts=1, triggered_at=now(), ready_at=now() + timedelta(seconds=90))
    change(ledger, second, acts=1, ready_at=now())
    change(ledger, adopted, triggered_at=now(), ready_at=now())

    assert queries.LedgerQueries(ledger).collection_seconds("gd_1") == [pytest.approx(90, abs=1)]


def test_an_execution_begins_and_ends_with_events(ledger):
    auditing.begin_execution(ledger, "e1", notebook="runs.ipynb", params={"n": 1}, folder="2026/11")
    auditing.end_execution(ledger, "e1", outcome="completed", error=None, facts={"sha256": "x"})

    assert [one["what"] for one in history.story(ledger, "execution", "e1")] == ["started", "ended"]
    assert view_tables.table_rows(ledger)["executions"]["outcome"] == ("text", ["completed"])
