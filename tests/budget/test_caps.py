"""budget/caps.py: nothing is sent above a cap or past the stop switch, whenever and however it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.budget.conftest import COST, POSTS, capped
from tests.collect.conftest import Desk, Vendor, a_source
from tests.collect.recover.conftest import step
from workbench.budget import caps as caps_module
from workbench.budget import money
from workbench.budget.caps import Caps, allow_spending, stop_spending
from workbench.collect import store as collecting
from workbench.collect.recovery_store import wake
from workbench.db.schema import run
from workbench.errors import Refused

Clock = Callable[[str], None]
SMALL = [
    pytest.param({"trigger": COST - 1}, "a trigger", id="a trigger"),
    pytest.param({"run": COST - 1}, "a run", id="a run"),
    pytest.param({"day": COST - 1}, "a day", id="a day"),
    pytest.param({"month": COST - 1}, "a month", id="a month"),
    pytest.param({"datasets": {POSTS: COST - 1}}, POSTS, id="a dataset"),
    pytest.param({"day": 0}, "a day", id="nothing at all"),
]
LARGE = [
    pytest.param({"trigger": COST, "run": COST, "day": COST, "month": COST, "datasets": {POSTS: COST}}, id="exactly"),
    pytest.param({"datasets": {"gd_other": 0}}, id="the cap of another dataset"),
    pytest.param({}, id="no cap"),
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the wall clock of money and caps."""

    def turn(text: str) -> None:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        monkeypatch.setattr(money, "now", lambda: at)
        monkeypatch.setattr(caps_module, "now", lambda: at)

    return turn


def start(desk: Desk, *, name: str = "", **caps: Any) -> collecting.Started:
    plan = desk.plan(name=name)
    return collecting.start_run(desk.ledger, plan.hash, folder="Run_{id6}", caps=Caps(**caps))


@pytest.mark.parametrize(("caps", "words"), SMALL)
def test_above_a_cap_a_run_is_not_started_and_not_kept(desk: Desk, caps: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        start(desk, **caps)

    assert desk.snapshots() == []
    assert start(desk, name="").is_new  # the plan may still be started


def test_the_cap_of_a_run_itself_holds_at_the_start_and_when_it_is_sent(desk: Desk) -> None:
    def own(usd: float) -> str:
        plan = replace(desk.plan(), params={"cap_usd": usd}, hash=f"{usd:064}")
        collecting.save_plan(desk.ledger, plan)
        return plan.hash

    with pytest.raises(Refused, match="this run"):
        collecting.start_run(desk.ledger, own((COST - 1) / 1e6), folder="Run_{id6}")
    assert desk.snapshots() == []

    collecting.start_run(desk.ledger, own(COST / 1e6), folder="Run_{id6}")
    (one,) = desk.snapshots()
    desk.ledger.write(
        lambda connection: connection.execute(
            run.update().where(run.c.id == one.run_id).values(params={"cap_usd": (COST - 1) / 1e6})
        )
    )
    held = capped(desk).advance()
    assert (held.state, held.attention) == ("planned", "person")
    assert "this run" in str(held.reason)


@pytest.mark.parametrize("caps", LARGE)
def test_up_to_the_cap_it_is_started_and_sent(desk: Desk, caps: dict[str, Any]) -> None:
    start(desk, **caps)

    assert capped(desk, **caps).advance().state == "triggered"


@pytest.mark.parametrize(("caps", "words"), SMALL)
def test_above_a_cap_nothing_is_sent_reserved_nor_lost(
    planned: Desk, vendor: Vendor, caps: dict[str, Any], words: str
) -> None:
    """It was started when there was room, or by somebody with other settings."""
    waits = capped(planned, **caps).advance()

    assert (waits.state, waits.attention, waits.next_at, waits.armed) == ("planned", "person", None, False)
    assert words in (waits.reason or "")
    assert (vendor.requests, planned.money(), waits.acts) == ([], {"sum": 0}, 0)


def test_what_waits_is_sent_once_the_cap_is_raised(planned: Desk, vendor: Vendor) -> None:
    key = capped(planned, day=COST - 1).advance().id
    wake(planned.ledger, key)
    assert planned.advance().attention == "person"
    wake(planned.ledger, key)

    assert capped(planned, day=COST).advance().state == "triggered"
    assert len(vendor.asked("trigger")) == 1


def test_the_triggers_of_a_run_are_counted_together(desk: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = [{"snapshot_id": f"sd_{n}"} for n in range(3)]
    desk.start(*(a_source(f"https://www.instagram.com/page{n}/") for n in range(3)), batch_size=1)
    capped(desk, run=2 * COST)
    for _ in range(3):
        desk.worker.advance(desk.bench)

    assert sorted(one.state for one in desk.snapshots()) == ["planned", "triggered", "triggered"]
    plan = desk.plan(*(a_source(f"https://www.instagram.com/other{n}/") for n in range(3)), name="at the start")
    with pytest.raises(Refused, match="a run"):
        collecting.start_run(desk.ledger, plan.hash, folder="x", caps=Caps(run=2 * COST))


def test_another_run_has_its_own_allowance_but_shares_the_days(desk: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = [{"snapshot_id": "sd_1"}, {"snapshot_id": "sd_2"}]
    start(desk, name="one")
    capped(desk, run=COST, day=2 * COST).advance()
    start(desk, name="two")
    step(desk, desk.snapshots()[-1].id)

    assert [one.state for one in desk.snapshots()] == ["triggered", "triggered"]
    with pytest.raises(Refused, match="a day"):
        start(desk, name="three", run=COST, day=2 * COST)


# the stop switch ----------------------------------------------------------------------------------------


def test_a_stop_refuses_new_runs_and_holds_those_that_are_planned(planned: Desk, vendor: Vendor) -> None:
    stop_spending(planned.ledger, "invoice to be checked")
    with pytest.raises(Refused, match="invoice to be checked"):
        start(planned, name="new")
    waits = planned.advance()

    assert (waits.attention, vendor.requests, planned.money()) == ("person", [], {"sum": 0})
    assert "workbench spend allow" in (waits.reason or "")


def test_it_is_one_switch_for_all_and_says_its_last_reason(planned: Desk) -> None:
    stop_spending(planned.ledger, "first")
    stop_spending(planned.ledger, "")

    assert "no reason given" in (planned.advance().reason or "")
    allow_spending(planned.ledger)
    allow_spending(planned.ledger)
    wake(planned.ledger, planned.snapshot().id)
    assert planned.advance().state == "triggered"


def test_what_is_sent_already_comes_in_while_spending_is_stopped(triggered: Desk) -> None:
    stop_spending(triggered.ledger, "")

    assert triggered.advance().state == "ready"


# clocks -------------------------------------------------------------------------------------------------


def spend_at(desk: Desk, clock: Clock, at: str, **caps: Any) -> str:
    """Send one more at that time; what became of it."""
    clock(at)
    run = desk.start(name=f"run {len(desk.snapshots())}")
    (key,) = (one.id for one in desk.snapshots() if one.run_id == run)
    step(capped(desk, **caps), key)
    return "sent" if desk.snapshots()[-1].state == "triggered" else "held"


@pytest.fixture
def many(desk: Desk, vendor: Vendor) -> Desk:
    vendor.answers["trigger"] = [{"snapshot_id": f"sd_{n}"} for n in range(9)]
    return desk


@pytest.mark.parametrize(
    ("cap", "times", "expected"),
    [
        pytest.param("day", ["2026-03-01T10:00", "2026-03-01T23:59"], ["sent", "held"], id="the same day"),
        pytest.param("day", ["2026-03-01T23:59", "2026-03-02T00:00"], ["sent", "sent"], id="midnight"),
        pytest.param(
            "day", ["2026-03-01T10:00", "2026-03-02T10:00", "2026-03-01T11:00"], ["sent", "sent", "held"],
            id="a clock that jumps over midnight and back",
        ),
        pytest.param(
            "day", ["2026-03-02T00:10", "2026-03-01T23:50", "2026-03-02T00:20"], ["sent", "held", "held"],
            id="a clock that is set back over midnight",
        ),
        pytest.param("month", ["2026-03-01T00:00", "2026-03-31T23:59"], ["sent", "held"], id="the same month"),
        pytest.param("month", ["2026-02-28T23:59", "2026-03-01T00:00"], ["sent", "sent"], id="the next month"),
        pytest.param("month", ["2026-12-31T23:59", "2027-01-01T00:00"], ["sent", "sent"], id="the next year"),
        pytest.param(
            "month", ["2026-03-10T10:00", "2026-04-01T10:00", "2026-03-11T10:00", "2026-04-02T10:00"],
            ["sent", "sent", "held", "held"], id="a clock that jumps a month and back",
        ),
        pytest.param("datasets", ["2026-03-01T00:00", "2026-03-20T00:00"], ["sent", "held"], id="a dataset's month"),
        pytest.param("datasets", ["2026-03-31T00:00", "2026-04-01T00:00"], ["sent", "sent"], id="a dataset's next one"),
    ],
)  # fmt: skip
def test_no_clock_opens_a_second_allowance(
    many: Desk, clock: Clock, cap: str, times: list[str], expected: list[str]
) -> None:
    caps = {"datasets": {POSTS: COST}} if cap == "datasets" else {cap: COST}

    assert [spend_at(many, clock, at, **caps) for at in times] == expected


def test_what_comes_back_tomorrow_makes_no_day_larger(many: Desk, clock: Clock, vendor: Vendor) -> None:
    """It was reserved yesterday: it is yesterday's allowance that is free again."""
    vendor.answers["progress"] = {"status": "failed"}
    assert spend_at(many, clock, "2026-03-01T10:00", day=COST) == "sent"
    clock("2026-03-02T10:00")
    step(many, many.snapshot().id)
    assert many.money() == {"reserve": COST, "release": -COST, "sum": 0}

    times = ["2026-03-02T10:00", "2026-03-02T11:00"]
    assert [spend_at(many, clock, at, day=COST) for at in times] == ["sent", "held"]
