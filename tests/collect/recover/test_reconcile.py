"""collect/reconcile.py: a trigger whose answer was lost is looked for; nothing is sent twice that may be running."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.collect.conftest import Desk, a_source, reply
from tests.collect.recover.conftest import HOUR, Account, look, ours, set_values, step
from tests.engine.world import recorder
from workbench.budget.caps import stop_spending
from workbench.collect import queries
from workbench.collect.model import same_inputs
from workbench.collect.recovery_store import look_now
from workbench.collect.status import todo
from workbench.db import history
from workbench.engine.retry import RetryPolicy

GAPS = (HOUR, 2 * HOUR)  # of the desk
LAST = sum(GAPS, timedelta())


def story(desk: Desk) -> str:
    key = str(desk.snapshot().id)
    return "\n".join(str(one["facts"].get("reason")) for one in history.story(desk.ledger, "snapshot", key))


def waiting(desk: Desk) -> list[dict[str, Any]]:
    return todo(queries.waiting_for_person(desk.ledger))


def test_what_was_started_is_adopted_on_the_first_look(lost: Desk, vendor: Account) -> None:
    vendor.begin("sd_mine", ours(lost))
    snapshot = look(lost)

    assert (snapshot.state, snapshot.provider_id, snapshot.attention) == ("triggered", "sd_mine", None)
    assert len(vendor.asked("trigger")) == 1
    assert lost.money() == {"reserve": 6000, "sum": 6000}


A, B = {"url": "https://a.example/"}, {"url": "https://b.example/"}


@pytest.mark.parametrize(
    ("mine", "theirs", "are_same"),
    [
        pytest.param([A, B], [B, A], True, id="in another order"),
        pytest.param([A], [A | {"country": "", "added": "x"}], True, id="with keys that the vendor adds"),
        pytest.param([A | {"num": 3}], [A | {"num": "3"}], True, id="as text"),
        pytest.param([A | {"start": None}], [A], True, id="an empty one is none"),
        pytest.param([A], [A, A], False, id="twice where we asked once"),
        pytest.param([A, A], [A], False, id="once where we asked twice"),
        pytest.param([A, A, B], [A, B, B], False, id="the same ones, but not as often"),
        pytest.param([A], [B], False, id="another address"),
        pytest.param([A | {"start": "09-01-2025"}], [A | {"start": "10-01-2025"}], False, id="other dates"),
        pytest.param([A | {"start": "09-01-2025"}], [A], False, id="without our dates"),
        pytest.param([{"url": "https://a.example/b"}], [A], False, id="the beginning of ours"),
        pytest.param([A], [], False, id="nothing"),
        pytest.param(({"load_replies": True},), [{"load_replies": "true"}], True, id="a flag as text"),
    ],
)
def test_inputs_are_compared_as_multisets_by_our_keys(mine: list[Any], theirs: list[Any], are_same: bool) -> None:
    assert same_inputs(mine, theirs) is are_same


def test_inputs_that_come_as_csv_are_compared_too(lost: Desk, vendor: Account) -> None:
    (mine,) = ours(lost)
    text = f"{','.join(mine)},country\n{','.join(str(value) for value in mine.values())},\n"
    vendor.begin("sd_mine", reply(200, text))

    assert look(lost).provider_id == "sd_mine"


def test_what_others_started_is_left_alone(lost: Desk, vendor: Account) -> None:
    vendor.begin("sd_theirs", [{"url": "https://www.instagram.com/tea.club.two/"}])
    vendor.begin("sd_before", ours(lost), ago=HOUR)
    snapshot = look(lost)

    assert (snapshot.state, snapshot.looks) == ("unsure", 1)
    assert vendor.cancelled == []


def test_what_the_ledger_knows_is_not_taken_from_its_owner(desk: Desk, vendor: Account) -> None:
    vendor.answers["trigger"] = [{"snapshot_id": "sd_first"}, httpx.ReadError("reset")]
    desk.start()
    desk.advance()
    vendor.begin("sd_first", ours(desk))
    set_values(desk, desk.snapshot().id, next_at=None)
    desk.start(name="again")
    desk.advance()
    desk.advance()

    assert [one.provider_id for one in desk.snapshots()] == ["sd_first", None]
    assert vendor.cancelled == []


def test_of_several_the_oldest_is_adopted_the_others_are_cancelled_and_told(lost: Desk, vendor: Account) -> None:
    for name, minutes in (("sd_third", 0), ("sd_first", 2), ("sd_second", 1)):
        vendor.begin(name, ours(lost), ago=timedelta(minutes=minutes))
    snapshot = look(lost)

    assert (snapshot.provider_id, vendor.cancelled) == ("sd_first", ["sd_second", "sd_third"])
    assert "DUPLICATE SPEND, sd_second was cancelled; sd_third was cancelled" in story(lost)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(reply(400, "Snapshot is not running"), "sd_second was over already, so it is paid", id="over"),
        pytest.param(reply(404, {"error": "Snapshot not found"}), "sd_second could not be cancelled", id="refused"),
        pytest.param(httpx.ReadError("reset"), "sd_second may still run", id="no answer"),
    ],
)
def test_it_says_what_became_of_the_other_one(lost: Desk, vendor: Account, answer: object, words: str) -> None:
    vendor.begin("sd_first", ours(lost), ago=timedelta(minutes=1))
    vendor.begin("sd_second", ours(lost))
    vendor.answers["cancel"] = answer

    assert look(lost).provider_id == "sd_first"
    assert words in story(lost)


def test_what_another_lost_trigger_may_own_is_not_cancelled(lost: Desk, vendor: Account) -> None:
    lost.start(name="once more")
    first, second = (one.id for one in lost.snapshots())
    step(lost, second)
    for n in range(3):
        vendor.begin(f"sd_{n}", ours(lost), ago=timedelta(seconds=30 - n))
    step(lost, first)
    step(lost, second)

    assert [one.provider_id for one in lost.snapshots()] == ["sd_0", "sd_1"]
    assert vendor.cancelled == ["sd_2"]


def test_absent_in_all_spaced_looks_it_is_sent_once_more_and_then_a_person_is_asked(
    lost: Desk, vendor: Account
) -> None:
    first = look(lost)
    second = look(lost, after=GAPS[0])
    third = look(lost, after=LAST)
    assert [one.state for one in (first, second, third)] == ["unsure", "unsure", "planned"]
    assert lost.money() == {"reserve": 6000, "release": -6000, "sum": 0}
    lost.late = timedelta()
    assert lost.advance().state == "unsure"
    assert lost.money()["sum"] == 6000
    assert waiting(lost) == []  # it is still looked for
    for after in (timedelta(), GAPS[0], LAST):
        end = look(lost, after=after)

    assert (end.state, end.attention, end.next_at) == ("unsure", "person", None)
    assert len(vendor.asked("trigger")) == 2
    (entry,) = waiting(lost)
    assert entry["command"] == f"workbench recover resolve {end.id} --adopt ID | --absent | --abandon"


def test_it_is_sent_again_only_within_the_caps(lost: Desk, vendor: Account, make_desk: Any) -> None:
    for after in (timedelta(), GAPS[0], LAST):
        look(lost, after=after)
    stop_spending(lost.ledger, "audit")
    snapshot = lost.advance()

    assert (snapshot.state, snapshot.attention, len(vendor.asked("trigger"))) == ("planned", "person", 1)


def test_looks_in_a_row_prove_no_more_than_one(lost: Desk, vendor: Account) -> None:
    """An impatient person asks again and again; the vendor's list may be slow."""
    for _ in range(8):
        look_now(lost.ledger)
        lost.worker.advance(lost.bench)
    early = lost.snapshot()
    vendor.begin("sd_late", ours(lost))

    assert (early.state, early.looks) == ("unsure", 1)
    assert look(lost, after=GAPS[0]).provider_id == "sd_late"


def test_looks_of_a_dead_owners_act_begin_at_once(planned: Desk, open_second: Any) -> None:
    owner = armed_by(open_second, lease=HOUR)
    owner.close()
    take(planned)

    assert seconds_until_due(planned) <= 0


def test_looks_of_a_living_owners_act_begin_after_the_longest_one(planned: Desk, open_second: Any) -> None:
    """It overslept its lease, and may be sending right now."""
    armed_by(open_second, lease=timedelta())
    take(planned)

    assert 55 < seconds_until_due(planned) <= 60


def armed_by(open_second: Any, *, lease: timedelta) -> Any:
    from workbench.collect.flow import flow
    from workbench.engine.flow import Intent
    from workbench.engine.leases import Leases

    owner = open_second()
    leases = Leases(owner, lease_time=lease)
    taken = leases.take(flow(retry=RetryPolicy(), poll_every=HOUR, longest_trigger=HOUR))
    assert taken
    recorder(owner, leases).armed(taken.leases, Intent(intent_id="theirs"))
    return owner


def take(desk: Desk) -> None:
    desk.worker.leases.take(desk.bench.flow)
    assert desk.snapshot().state == "unsure"


def seconds_until_due(desk: Desk) -> float:
    due = desk.worker.leases.next_due(desk.bench.flow)
    assert due is not None
    return due


def test_while_a_twin_is_being_sent_nothing_is_concluded(lost: Desk, vendor: Account) -> None:
    twin = sent_right_now(lost)
    vendor.begin("sd_whose", ours(lost))
    held = look(lost, after=LAST)
    set_values(lost, twin, armed=False, provider_id="sd_whose", state="triggered", lease_owner=None, next_at=None)
    vendor.begin("sd_mine", ours(lost))

    assert (held.state, held.looks, held.provider_id) == ("unsure", 0, None)
    assert look(lost).provider_id == "sd_mine"
    assert vendor.cancelled == []


def sent_right_now(desk: Desk) -> int:
    """Another snapshot with the same inputs, between its order and its answer; its key."""
    run = desk.start(name="twin")
    (key,) = (one.id for one in desk.snapshots() if one.run_id == run)
    arm(desk, key)
    return key


def arm(desk: Desk, key: int) -> None:
    set_values(desk, key, armed=True, acts=1, intent_id="twin", lease_owner=desk.ledger.liveness.me, next_at=None)


def test_a_twin_that_is_sent_while_we_look_is_not_adopted_nor_cancelled(lost: Desk, vendor: Account) -> None:
    run = lost.start(name="twin")
    (twin,) = (one.id for one in lost.snapshots() if one.run_id == run)
    set_values(lost, twin, next_at=None)
    vendor.begin("sd_mine", ours(lost), ago=timedelta(seconds=5))
    vendor.begin("sd_twins", ours(lost))
    vendor.on_request = lambda request: arm(lost, twin) if vendor.route(request) == "snapshots" else None
    held = look(lost)

    assert (held.state, held.provider_id, vendor.cancelled) == ("unsure", None, [])


def test_an_answer_that_comes_while_we_look_keeps_its_snapshot(lost: Desk, vendor: Account) -> None:
    run = lost.start(name="twin")
    (twin,) = (one.id for one in lost.snapshots() if one.run_id == run)
    set_values(lost, twin, next_at=None)
    vendor.begin("sd_mine", ours(lost), ago=timedelta(seconds=5))
    vendor.begin("sd_twins", ours(lost))

    def answer(request: httpx.Request) -> None:
        if vendor.route(request) == "input":
            set_values(lost, twin, provider_id="sd_twins", state="triggered")

    vendor.on_request = answer
    snapshot = look(lost)

    assert (snapshot.provider_id, vendor.cancelled) == ("sd_mine", [])


def test_a_twin_that_was_asked_more_is_a_twin(desk: Desk, vendor: Account) -> None:
    """Inputs are compared by our keys, so what carries dates may be ours as well as its own."""
    vendor.answers["trigger"] = httpx.ReadError("reset")
    desk.start(start=None, end=None)
    desk.advance()
    run = desk.start(name="twin")
    (twin,) = (one for one in desk.snapshots() if one.run_id == run)
    arm(desk, twin.id)
    vendor.begin("sd_mine", ours(desk), ago=timedelta(seconds=5))
    vendor.begin("sd_twins", [dict(one) for one in twin.inputs])
    look(desk)

    assert vendor.cancelled == []


def test_what_fits_a_lost_twin_better_is_the_twins(desk: Desk, vendor: Account) -> None:
    """Both lost their answer, the twin's was accepted first: each finds its own, whoever looks first."""
    vendor.answers["trigger"] = httpx.ReadError("reset")
    desk.start(start=None, end=None)
    desk.advance()
    run = desk.start(name="twin")
    (twin,) = (one for one in desk.snapshots() if one.run_id == run)
    step(desk, twin.id)
    vendor.begin("sd_twins", [dict(one) for one in twin.inputs], ago=timedelta(seconds=5))
    vendor.begin("sd_mine", ours(desk))
    for one in desk.snapshots():
        step(desk, one.id)

    assert [one.provider_id for one in desk.snapshots()] == ["sd_mine", "sd_twins"]
    assert vendor.cancelled == []


def test_cancelled_while_unsure_and_absent_it_ends_and_costs_nothing(lost: Desk, vendor: Account) -> None:
    lost.cancel()
    for after in (timedelta(), GAPS[0], LAST):
        end = look(lost, after=after)

    assert (end.state, lost.money()["sum"], len(vendor.asked("trigger"))) == ("canceled", 0, 1)


def test_cancelled_while_unsure_and_found_it_is_cancelled_at_the_vendor(lost: Desk, vendor: Account) -> None:
    lost.cancel()
    vendor.begin("sd_mine", ours(lost))
    look(lost)
    end = lost.advance()

    assert (end.state, vendor.cancelled) == ("canceled", ["sd_mine"])


FORGOTTEN = [
    pytest.param(reply(400, "Snapshot input does not exist"), id="inputs are not kept"),
    pytest.param(reply(400, "Snapshot expired"), id="expired"),
]


@pytest.mark.parametrize("answer", FORGOTTEN)
def test_where_the_vendor_cannot_tell_a_person_is_asked_and_nothing_sent(
    lost: Desk, vendor: Account, answer: httpx.Response
) -> None:
    vendor.begin("sd_whose", answer)
    for after in (timedelta(), GAPS[0], LAST):
        end = look(lost, after=after)

    assert (end.state, end.attention, len(vendor.asked("trigger"))) == ("unsure", "person", 1)
    assert "sd_whose" in waiting(lost)[0]["why"]
    assert lost.money()["sum"] == 6000


def test_a_list_that_is_refused_never_means_absent_nor_failed(lost: Desk, vendor: Account) -> None:
    vendor.answers["snapshots"] = reply(400, "This dataset is not allowed for API")
    end = look(lost, after=LAST)

    assert (end.state, end.attention) == ("unsure", "person")
    assert lost.money()["sum"] == 6000


@pytest.mark.parametrize(
    "answer", [reply(500, "oops"), reply(429, "slow down"), httpx.ReadError("reset")], ids=["500", "429", "no answer"]
)
def test_a_look_that_failed_is_no_look(lost: Desk, vendor: Account, answer: object) -> None:
    vendor.answers["snapshots"] = [answer, []]
    failed = look(lost, after=LAST)

    assert (failed.state, failed.looks) == ("unsure", 0)
    assert look(lost, after=LAST).looks == 1


def test_both_triggers_of_one_snapshot_are_looked_for(lost: Desk, vendor: Account) -> None:
    """The first was listed so late that it was sent again."""
    mine = ours(lost)
    for after in (timedelta(), GAPS[0], LAST):
        look(lost, after=after)
    lost.late = timedelta()
    lost.advance()
    later = lost.tools.now() + LAST
    set_values(lost, lost.snapshot().id, armed_at=later)
    vendor.begin("sd_late", mine)
    vendor.begin("sd_second", mine, ago=-LAST)
    found = look(lost, after=LAST)

    assert (found.provider_id, vendor.cancelled) == ("sd_late", ["sd_second"])


def test_a_source_more_is_another_trigger(desk: Desk, vendor: Account) -> None:
    vendor.answers["trigger"] = httpx.ReadError("reset")
    desk.start(a_source("https://www.instagram.com/tea.club/"), a_source("https://www.instagram.com/bike/"))
    desk.advance()
    vendor.begin("sd_one", ours(desk)[:1])

    assert look(desk).state == "unsure"
