"""recover requeue, reprocess, resolve: what a person decides, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.collect.conftest import Desk
from tests.collect.recover.conftest import TEA, Account, collected
from tests.house import House, snapshots, states
from workbench.collect.recovery_store import wake
from workbench.db.schema import snapshot as table
from workbench.errors import BadInput, Permanent, WorkbenchError
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench, open_workbench

LOST = {"look_gaps": "0.05,0.05,0.05"}


@pytest.fixture
def bench(house: House) -> Any:
    with house.open(**LOST) as workbench:
        workbench.collect.add_source("instagram", "posts", TEA["url"])
        yield workbench


def start(workbench: Workbench, **ask: Any) -> None:
    workbench.start(workbench.plan(num_posts=3, **ask).hash, fresh=True)


def rest(workbench: Workbench) -> None:
    """Work until everything rests, without the serving copy and the folders' notes."""
    workbench.parts.worker.work(until_idle=True)


def the_one(workbench: Workbench) -> dict[str, Any]:
    with workbench.parts.ledger.read() as connection:
        return dict(connection.execute(select(table).order_by(table.c.id.desc())).mappings().first() or {})


def put(workbench: Workbench, **values: Any) -> None:
    workbench.parts.ledger.write(lambda connection: connection.execute(table.update().values(values)))


@pytest.fixture
def waits(bench: Workbench, sandbox: Sandbox) -> Workbench:
    """Two triggers were reset before they arrived: a person is asked."""
    sandbox.switch(reset={"times": 2, "on": "trigger"})
    start(bench)
    rest(bench)
    assert the_one(bench)["attention"] == "person"
    return bench


@pytest.fixture
def unsure(bench: Workbench) -> Workbench:
    """The same, as the ledger has it then, for what is refused."""
    start(bench)
    at = the_one(bench)["created_at"]
    put(bench, state="unsure", attention="person", acts=2, armed_at=at, intent_id="i", next_at=None)
    return bench


# resolve ------------------------------------------------------------------------------------------------


def test_a_person_says_that_it_is_there(waits: Workbench, sandbox: Sandbox) -> None:
    name = collected(sandbox)
    key = str(the_one(waits)["id"])
    state = waits.recover.resolve(key, adopt=name, reason="seen in the control panel")
    rest(waits)

    assert state == "triggered"
    assert (the_one(waits)["state"], the_one(waits)["provider_id"]) == ("published", name)
    decided = [one for one in waits.overview.story("snapshot", key) if one["what"] == "decided"]
    assert waits.parts.ledger.actor in decided[0]["facts"]["reason"]
    assert "seen in the control panel" in decided[0]["facts"]["reason"]


def test_a_person_says_that_it_never_began_and_it_is_sent(waits: Workbench, house: House) -> None:
    waits.recover.resolve(str(the_one(waits)["id"]), absent=True)
    rest(waits)

    assert (the_one(waits)["state"], house.ask("count")["triggers_accepted"]) == ("published", 1)


def test_a_person_gives_it_up(waits: Workbench, house: House) -> None:
    key = str(the_one(waits)["id"])
    waits.recover.resolve(key, abandon=True)
    rest(waits)

    assert (the_one(waits)["state"], waits.todo()) == ("failed", [])
    assert waits.collect.spent_micro_usd(the_one(waits)["run_id"]) == 0
    with pytest.raises(BadInput, match="may have been sent, and would be paid twice"):
        waits.recover.requeue([key])


@pytest.mark.parametrize(
    "given",
    [{}, {"adopt": "sd_1", "absent": True}, {"absent": True, "abandon": True}],
    ids=["nothing", "two things", "two others"],
)
def test_exactly_one_thing_is_said(unsure: Workbench, given: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="say one of"):
        unsure.recover.resolve(str(the_one(unsure)["id"]), **given)


def test_an_id_that_the_vendor_does_not_know_is_refused(unsure: Workbench) -> None:
    with pytest.raises(Permanent, match="not found"):
        unsure.recover.resolve(str(the_one(unsure)["id"]), adopt="sd_nothing")
    assert the_one(unsure)["state"] == "unsure"


def test_an_id_of_another_dataset_is_refused(unsure: Workbench, sandbox: Sandbox) -> None:
    name = collected(sandbox, TEA, dataset="gd_l1vikfch901nx3by4", by=None)
    with pytest.raises(BadInput, match="is of dataset gd_l1vikfch901nx3by4"):
        unsure.recover.resolve(str(the_one(unsure)["id"]), adopt=name)


def test_an_id_that_belongs_to_another_snapshot_is_refused(waits: Workbench, sandbox: Sandbox) -> None:
    name = collected(sandbox)
    waits.recover.adopt([name])
    with pytest.raises(BadInput, match="belongs to another snapshot"):
        waits.recover.resolve(next(one["id"] for one in waits.todo()), adopt=name)


def test_what_lost_no_answer_is_not_resolved(bench: Workbench) -> None:
    start(bench)
    with pytest.raises(BadInput, match="no such snapshot"):
        bench.recover.resolve(str(the_one(bench)["id"]), absent=True)
    put(bench, state="quarantined", next_at=None)
    with pytest.raises(BadInput, match="lost no answer"):
        bench.recover.resolve(str(the_one(bench)["id"]), absent=True)


def test_what_is_being_worked_on_is_not_touched(unsure: Workbench, house: House) -> None:
    with house.open() as other:
        put(unsure, lease_owner=other.parts.ledger.liveness.me)
        with pytest.raises(BadInput, match="being worked on right now"):
            unsure.recover.resolve(str(the_one(unsure)["id"]), abandon=True)
    unsure.recover.resolve(str(the_one(unsure)["id"]), abandon=True)  # its owner is dead: nobody works on it

    assert the_one(unsure)["state"] == "failed"


# requeue ------------------------------------------------------------------------------------------------


def test_a_stalled_one_is_polled_on_with_a_new_deadline(bench: Workbench, sandbox: Sandbox, house: House) -> None:
    sandbox.switch(never_ready=1, ready_after_seconds=0.5)
    start(bench)
    put(bench, created_at=the_one(bench)["created_at"])
    with house.open(stall_seconds=0.3) as impatient:
        rest(impatient)
    assert states(bench) == {"stalled": 1}
    sandbox.switch(never_ready=0)
    (done,) = bench.recover.requeue()
    rest(bench)

    assert (done["from"], done["to"]) == ("stalled", "triggered")
    assert (states(bench), house.ask("count")["triggers_accepted"]) == ({"published": 1}, 1)


@pytest.mark.parametrize(
    ("facts", "to"),
    [
        pytest.param({"provider_id": None, "acts": 0}, "planned", id="nothing was sent"),
        pytest.param({"provider_id": "sd_1", "acts": 1}, "triggered", id="it has an id"),
        pytest.param({"provider_id": "sd_1", "acts": 1, "raw": {"path": "x"}}, "downloaded", id="its bytes are ours"),
    ],
)
def test_a_quarantined_one_goes_back_as_far_as_its_facts_prove(
    bench: Workbench, facts: dict[str, Any], to: str
) -> None:
    start(bench)
    put(bench, state="quarantined", attention="review", next_at=None, crashes=3, **facts)
    (done,) = bench.recover.requeue()
    row = the_one(bench)

    assert (done["to"], row["state"], row["attention"], row["crashes"]) == (to, to, None, 0)
    assert row["next_at"] is not None


def test_a_quarantined_one_that_may_have_been_sent_is_not_sent_again(bench: Workbench, sandbox: Sandbox) -> None:
    """A surprise while it was looked for."""
    start(bench)
    put(bench, state="quarantined", attention="review", next_at=None, acts=1, armed_at=the_one(bench)["created_at"])
    key = str(the_one(bench)["id"])

    assert bench.recover.requeue() == []
    with pytest.raises(BadInput, match=f"workbench recover resolve {key}"):
        bench.recover.requeue([key])
    bench.recover.resolve(key, adopt=collected(sandbox))
    rest(bench)
    assert the_one(bench)["state"] == "published"


@pytest.mark.parametrize("state", ["triggered", "canceled"])
def test_what_is_not_stuck_is_not_requeued(bench: Workbench, state: str) -> None:
    start(bench)
    put(bench, state=state)
    with pytest.raises(BadInput, match="no such snapshot"):
        bench.recover.requeue([str(the_one(bench)["id"])])


def test_what_waits_for_a_worker_only_is_not_requeued(bench: Workbench) -> None:
    start(bench)
    with pytest.raises(BadInput, match="waits for nobody"):
        bench.recover.requeue([str(the_one(bench)["id"])])
    assert bench.recover.requeue() == []


def test_an_expired_one_is_asked_for_again_when_it_is_named(bench: Workbench, sandbox: Sandbox) -> None:
    sandbox.switch(expired={"times": 1})
    start(bench)
    rest(bench)
    assert states(bench) == {"expired": 1}
    sandbox.brightdata.world.store.db.run("UPDATE snapshot SET expired = 0")

    assert bench.recover.requeue() == []
    bench.recover.requeue([the_one(bench)["provider_id"]])
    rest(bench)
    assert states(bench) == {"published": 1}


@pytest.mark.parametrize("name", ["77", "sd_unknown", "9" * 40, "²"])
def test_an_unknown_name_is_refused(bench: Workbench, name: str) -> None:
    with pytest.raises(BadInput, match="no such snapshot"):
        bench.recover.requeue([name])


# wake ---------------------------------------------------------------------------------------------------


def test_over_a_cap_it_waits_in_todo_and_goes_on_when_the_cap_is_raised(bench: Workbench, house: House) -> None:
    start(bench)
    with house.open(cap_day_usd=0.001) as poor:
        rest(poor)
        (entry,) = poor.todo()
        assert "for a day; the cap is $0.0010" in entry["why"]
        assert entry["command"] == f"workbench recover requeue {entry['id']}"
        poor.recover.requeue()
        rest(poor)
        assert len(poor.todo()) == 1  # still over it
    bench.recover.requeue([entry["id"]])
    rest(bench)

    assert (states(bench), bench.todo()) == ({"published": 1}, [])


def test_waking_changes_nothing_but_its_being_due(planned: Desk, vendor: Account) -> None:
    from workbench.budget.caps import stop_spending

    stop_spending(planned.ledger, "audit")
    before = planned.advance()
    wake(planned.ledger, before.id)
    woken = planned.snapshot()

    assert (woken.state, woken.attention, woken.reason, woken.attempts) == ("planned", None, None, 0)
    assert woken.next_at is not None
    with pytest.raises(BadInput, match="waits for nobody"):
        wake(planned.ledger, before.id)
    assert vendor.asked("trigger") == []


# reprocess ----------------------------------------------------------------------------------------------


def test_tables_are_made_anew_from_raw_and_nothing_is_fetched_or_paid(bench: Workbench, house: House) -> None:
    start(bench)
    rest(bench)
    before = bench.sql("FROM posts ORDER BY ALL").fetchall()
    asked, spent = bought(house), bench.budget.spend()["total"]
    names = bench.recover.reprocess(run="Run")
    rest(bench)

    assert names == [the_one(bench)["provider_id"]]
    assert bench.sql("FROM posts ORDER BY ALL").fetchall() == before
    assert (bought(house), bench.budget.spend()["total"]) == (asked, spent)


def bought(house: House) -> dict[str, int]:
    """Not counted: that Bright Data is asked how many rows there are, before tables are made of them."""
    return {name: number for name, number in house.ask("count")["requests"].items() if name not in {"list", "progress"}}


@pytest.mark.parametrize(
    ("given", "count"),
    [
        pytest.param({"dataset": "gd_lk5ns7kz21pck8jpis"}, 1, id="of a dataset"),
        pytest.param({"dataset": "gd_lkaxegm826bjpoo9m5"}, 0, id="of another one"),
        pytest.param({"below_version": 10_000}, 1, id="made by an older transform"),
        pytest.param({"below_version": 1}, 0, id="none is that old"),
    ],
)
def test_what_is_reprocessed(bench: Workbench, given: dict[str, Any], count: int) -> None:
    start(bench)
    rest(bench)

    assert len(bench.recover.reprocess(**given)) == count


def test_reprocessing_everything_by_accident_is_refused(bench: Workbench) -> None:
    with pytest.raises(BadInput, match="say what to reprocess"):
        bench.recover.reprocess()


def test_what_was_never_brought_in_is_not_reprocessed(bench: Workbench) -> None:
    start(bench)
    with pytest.raises(WorkbenchError, match="no such snapshot"):
        bench.recover.reprocess([str(the_one(bench)["id"])])


# the owner's command ------------------------------------------------------------------------------------

EAR = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"


@pytest.fixture
def ear(tmp_path: Path) -> tuple[list[str], Path]:
    """A command that keeps what it is told, a line each."""
    heard = tmp_path / "heard; touch no-shell"
    heard.touch()
    return [sys.executable, "-c", EAR, str(heard)], heard


def test_the_owner_is_told_once_of_each_new_entry(
    bench: Workbench, house: House, sandbox: Sandbox, ear: tuple[list[str], Path]
) -> None:
    command, heard = ear
    sandbox.switch(reset={"times": 2, "on": "trigger"})
    start(bench)
    with house.open(notify_command=command, **LOST) as told, house.open(notify_command=command, **LOST) as other:
        for workbench in (told, other, told):
            workbench.work()
        (entry,) = told.todo()
        lines = heard.read_text().splitlines()

        assert [json.loads(line) for line in lines] == [entry]
        sandbox.switch(reset={"times": 2, "on": "trigger"})
        start(bench, name="another")
        told.work()
        lines = heard.read_text().splitlines()
        assert [json.loads(line)["id"] for line in lines] == [one["id"] for one in told.todo()]
        assert len(lines) == 2
        told.recover.resolve(entry["id"], absent=True)
        told.work()
        assert heard.read_text().splitlines() == lines  # nothing waits any more
        assert not list(house.home.rglob("no-shell"))


def test_what_waits_again_is_told_again(house: House, ear: tuple[list[str], Path]) -> None:
    command, heard = ear
    with house.open(notify_command=command, cap_day_usd=0.001) as told:
        told.collect.add_source("instagram", "posts", TEA["url"])
        with house.open() as rich:
            start(rich)
        told.work()
        told.recover.requeue()
        told.working._notify()
        told.work()

        assert len(heard.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "command",
    [["/no/such/program"], [sys.executable, "-c", "raise SystemExit(3)"]],
    ids=["is not there", "fails"],
)
def test_a_command_that_fails_stops_nothing(house: House, command: list[str], caplog: Any) -> None:
    with house.open(notify_command=command, cap_day_usd=0.001) as told:
        told.collect.add_source("instagram", "posts", TEA["url"])
        with house.open() as rich:
            start(rich)
        told.work()

        assert len(told.todo()) == 1
        assert "WORKBENCH_NOTIFY_COMMAND was not told of snapshot" in caplog.text


def test_the_command_is_a_list_of_words_wherever_it_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.settings import as_environment, load

    (tmp_path / "workbench.toml").write_text('notify_command = ["mail", "-s", "to do; rm x"]\n')
    settings, _ = load(tmp_path, environ={})
    spelt = as_environment(settings)["WORKBENCH_NOTIFY_COMMAND"]

    assert settings.notify_command == ("mail", "-s", "to do; rm x")
    assert load(tmp_path / "other", environ={"WORKBENCH_NOTIFY_COMMAND": spelt})[0].notify_command == (
        "mail", "-s", "to do; rm x",
    )  # fmt: skip


def test_an_unsure_one_that_is_still_looked_for_waits_for_nobody(house: House, sandbox: Sandbox) -> None:
    sandbox.switch(reset={"times": 1, "on": "trigger"})
    with open_workbench(house.home, brightdata_url=sandbox.url, look_gaps="600") as workbench:
        workbench.collect.add_source("instagram", "posts", TEA["url"])
        start(workbench)
        bench = workbench.parts.worker._flows[0]
        workbench.parts.worker.advance(bench)
        workbench.parts.worker.advance(bench)
        (one,) = snapshots(workbench)

        assert (one["state"], one["attention"]) == ("unsure", "reconcile")
        assert workbench.todo() == []
