"""schedule/store.py: every tick once, none twice, missed ones recorded; whoever is killed, whatever the clock does."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from workbench.db import history
from workbench.errors import Refused
from workbench.schedule import store
from workbench.schedule.model import TickEnd, read_schedules

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
GOOD = TickEnd("succeeded")


def entry(**more):
    given = {"name": "every minute", "cron": "* * * * *", "command": ["sources", "list"], **more}
    (one,), wrong = read_schedules([given], ["line 1"], zone="UTC")
    assert wrong == []
    return one


def minutes(*numbers):
    return [NOON + timedelta(minutes=number) for number in numbers]


def outcomes(ledger, one):
    return {row.at: row.outcome for row in store.history(ledger, one.name)}


def test_nothing_before_the_first_look_is_due(ledger):
    one = entry()

    assert store.look(ledger, one, NOON) is None
    assert store.look(ledger, one, NOON + timedelta(seconds=59)) is None
    assert outcomes(ledger, one) == {}
    assert store.look(ledger, one, NOON + timedelta(seconds=60)).at == NOON + timedelta(minutes=1)


def test_a_tick_is_written_before_its_work_and_taken_once(ledger, open_another):
    one, other = entry(), open_another()
    store.look(ledger, one, NOON)
    at = NOON + timedelta(minutes=1, seconds=3)

    tick = store.look(ledger, one, at)

    assert store.look(other, one, at) is None
    assert outcomes(other, one) == {NOON + timedelta(minutes=1): "running"}
    assert store.finish(ledger, tick, GOOD, at)
    assert not store.finish(ledger, tick, GOOD, at)
    assert store.look(other, one, at) is None
    (kept,) = store.history(ledger, one.name)
    assert (kept.outcome, kept.started_at, kept.ended_at) == ("succeeded", at, at)
    words = [row["what"] for row in history.story(ledger, "schedule", one.name)]
    assert words == ["started", "ended"]
    assert history.broken_at(ledger) is None


def test_what_a_killed_scheduler_left_is_closed_and_never_run_again(ledger, open_another):
    one, killed = entry(catch_up="all"), open_another()
    store.look(ledger, one, NOON)
    tick = store.look(killed, one, NOON + timedelta(minutes=1))
    killed.close()

    following = store.look(ledger, one, NOON + timedelta(minutes=2))

    assert (tick.at, following.at) == tuple(minutes(1, 2))
    (_, first) = store.history(ledger, one.name)
    assert (first.outcome, first.reason) == ("crashed", store.KILLED)
    assert not store.finish(killed, tick, GOOD, NOON + timedelta(minutes=3))


@pytest.mark.parametrize(
    ("policy", "run", "missed"),
    [
        ({"catch_up": "skip"}, [], [1, 2, 3, 4, 5]),
        ({"catch_up": "latest", "within_hours": 1}, [5], [1, 2, 3, 4]),
        ({"catch_up": "latest", "within_hours": 0.04}, [], [1, 2, 3, 4, 5]),
        ({"catch_up": "all", "within_hours": 0.1}, [3, 4, 5], [1, 2]),
        ({"catch_up": "all", "within_hours": 24}, [1, 2, 3, 4, 5], []),
    ],
)
def test_missed_ticks_are_recorded_and_caught_up_by_the_policy(ledger, policy, run, missed):
    at = NOON + timedelta(minutes=8, seconds=59)
    late = entry(cron="0-5 12 * * *", **policy)  # nothing between the fifth and now
    store.look(ledger, late, NOON)
    ran = []

    while (tick := store.look(ledger, late, at)) is not None:
        store.finish(ledger, tick, GOOD, at)
        ran.append(tick.at)

    found = outcomes(ledger, late)
    assert ran == minutes(*run)
    assert sorted(found) == minutes(1, 2, 3, 4, 5)
    assert [at for at in sorted(found) if found[at] == "missed"] == minutes(*missed)
    whys = {row.reason for row in store.history(ledger, late.name) if row.outcome == "missed"}
    assert whys <= {store.NOBODY}


def test_a_tick_during_the_one_before_says_so(ledger):
    one = entry()
    store.look(ledger, one, NOON)
    long = store.look(ledger, one, NOON + timedelta(minutes=1))
    assert store.look(ledger, one, NOON + timedelta(minutes=3)) is None
    store.finish(ledger, long, GOOD, NOON + timedelta(minutes=3, seconds=20))

    assert store.look(ledger, one, NOON + timedelta(minutes=4)).at == NOON + timedelta(minutes=4)
    assert {row.reason for row in store.history(ledger, one.name) if row.outcome == "missed"} == {store.BUSY}


def test_a_clock_that_goes_back_runs_nothing_twice_and_goes_on(ledger):
    one = entry(cron="0 * * * *", catch_up="all")
    hours = [NOON + timedelta(hours=number) for number in range(10)]
    ran = Counter()

    def until(*ats):
        for at in ats:
            while (tick := store.look(ledger, one, at)) is not None:
                ran[tick.at] += 1
                store.finish(ledger, tick, GOOD, at)

    until(*hours[:4], *hours[1:4], NOON - timedelta(hours=50.5), *hours[4:6])
    assert ran == Counter(hours[1:6])
    until(NOON + timedelta(days=40))  # within a day of that wrong time it is run; all before is called missed
    until(*hours[6:])  # and it is right again

    assert max(ran.values()) == 1
    assert set(hours[6:]) <= ran.keys()


def test_an_entry_that_is_changed_begins_anew_and_keeps_what_was_missed(ledger):
    one, other = entry(cron="0 * * * *"), entry(cron="30 * * * *", catch_up="all")
    store.look(ledger, one, NOON)
    at = NOON + timedelta(hours=2, minutes=45)

    assert store.look(ledger, other, at) is None
    assert outcomes(ledger, one) == {NOON + timedelta(hours=hours): "missed" for hours in (1, 2)}
    assert store.look(ledger, other, at + timedelta(minutes=45)).at == NOON + timedelta(hours=3, minutes=30)


def test_a_year_that_nobody_ran_is_recorded_whole(ledger):
    one = entry(cron="*/30 * * * *", catch_up="latest")
    store.look(ledger, one, NOON)

    tick = store.look(ledger, one, NOON + timedelta(days=100))

    found = outcomes(ledger, one)
    assert tick.at == NOON + timedelta(days=100)
    assert Counter(found.values()) == {"missed": 48 * 100 - 1, "running": 1}


def test_paused_is_neither_run_nor_missed(ledger):
    one = entry(catch_up="all")
    store.look(ledger, one, NOON)

    assert store.set_paused(ledger, one, NOON, paused=True)
    assert not store.set_paused(ledger, one, NOON, paused=True)
    assert store.look(ledger, one, NOON + timedelta(minutes=9)) is None
    assert store.set_paused(ledger, one, NOON + timedelta(minutes=9, seconds=5), paused=False)
    assert store.look(ledger, one, NOON + timedelta(minutes=10)).at == NOON + timedelta(minutes=10)
    assert list(outcomes(ledger, one)) == minutes(10)


def test_by_hand_is_a_tick_of_its_own_and_waits_for_nobody_who_is_dead(ledger, open_another):
    one, killed = entry(), open_another()
    tick = store.begin_by_hand(killed, one, NOON)
    with pytest.raises(Refused, match=r"at work since 2026-11-30 12:00:00 UTC, begun by tester"):
        store.begin_by_hand(ledger, one, NOON + timedelta(seconds=1))
    killed.close()

    again = store.begin_by_hand(ledger, one, NOON + timedelta(seconds=2))

    assert (tick.by_hand, again.by_hand) == (True, True)
    assert list(outcomes(ledger, one).values()) == ["running", "crashed"]


def test_the_owner_is_told_once_of_a_failure_and_once_of_the_recovery(ledger):
    one, told = entry(), []
    store.look(ledger, one, NOON)
    for number, outcome in enumerate(["succeeded", "failed", "failed", "cancelled", "succeeded", "succeeded"], 1):
        at = NOON + timedelta(minutes=number)
        tick = store.look(ledger, one, at)
        store.finish(ledger, tick, TickEnd(outcome), at)
        for _ in range(2):
            news = store.take_news(ledger, one.name)
            told += [(number, news[0])] if news else []

    assert told == [(2, "failed"), (5, "recovered")]


def test_what_could_not_be_told_is_told_after_the_next_tick(ledger):
    one = entry()
    store.look(ledger, one, NOON)
    for number, outcome in ((1, "failed"), (2, "failed")):
        tick = store.look(ledger, one, NOON + timedelta(minutes=number))
        store.finish(ledger, tick, TickEnd(outcome), NOON + timedelta(minutes=number))
        what, _ = store.take_news(ledger, one.name)
        store.note_told(ledger, one.name, what, "it did not answer" if number == 1 else None)
        kept = store.standing(ledger)[one.name]
        assert (kept["told"], kept["notify_error"]) == (
            (None, "it did not answer") if number == 1 else ("failed", None)
        )


# Three schedulers on one ledger ---------------------------------------------------------------------


class Crew:
    """Schedulers in threads, each another owner, under one clock that a test sets."""

    def __init__(self, open_another, one, seed):
        self.open, self.one, self.at, self.over = open_another, one, NOON, False
        self.chance, self.ran, self.errors, self.mutex = random.Random(seed), Counter(), [], threading.Lock()
        self.ended = {}
        self.threads = [threading.Thread(target=self._guarded) for _ in range(3)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join(60)

    def _guarded(self):
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.errors.append(error)

    def _run(self):
        ledger = self.open()
        while not self.over:
            tick = store.look(ledger, self.one, self.at)
            if tick is None:
                time.sleep(0.01)
                continue
            with self.mutex:
                self.ran[tick.at] += 1
                fate = self.chance.random()
            if fate < 0.1:  # killed in the middle
                ledger.close()
                ledger = self.open()
                continue
            if fate < 0.2:  # held up
                time.sleep(0.02)
            with self.mutex:
                self.ended[tick.at] = store.finish(ledger, tick, GOOD, self.at)

    def settled(self, ledger, ats):
        """Wait until every one of `ats` is decided and at work no longer."""
        end = time.monotonic() + 60
        while time.monotonic() < end and not self.errors:
            found = outcomes(ledger, self.one)
            if all(found.get(at, "running") != "running" for at in ats):
                return
            time.sleep(0.01)
        raise AssertionError(self.errors or f"not settled at {self.at}")


def drive(ledger, open_another, *, count, policy, seed):
    """`count` ticks with kills, pauses, sleeps of the machine and a clock that goes back; what ran and what is kept."""
    one = entry(**policy)
    store.look(ledger, one, NOON)
    sleeps, number, missed = random.Random(seed), 0, set()
    with Crew(open_another, one, seed) as crew:
        while number < count:
            slept = sleeps.choice([1, 1, 1, 1, 1, 2, 5])
            passed = minutes(*range(number + 1, number + slept + 1))
            number += slept
            crew.at = passed[-1] + timedelta(seconds=sleeps.choice([0, 7, 31]))
            crew.settled(ledger, passed)
            missed |= set(passed[:-1]) if one.catch_up != "all" else set()
            if sleeps.random() < 0.1:
                crew.at -= timedelta(minutes=sleeps.choice([0.5, 3, 90]))
                time.sleep(0.01)
    assert crew.errors == []
    return one, crew, minutes(*range(1, number + 1)), missed


def check(ledger, one, crew, due, missed):
    kept = store.history(ledger, one.name)
    assert sorted(row.at for row in kept) == due
    assert set(crew.ran.values()) == {1}
    # One that was slept through is run after all, where the clock went back to its very minute.
    assert {row.at for row in kept if row.outcome == "missed"} == missed - crew.ran.keys()
    assert {row.at for row in kept if row.outcome != "missed"} == crew.ran.keys()
    assert {row.at for row in kept if row.outcome == "succeeded"} == {at for at, done in crew.ended.items() if done}
    assert {row.outcome for row in kept} <= {"succeeded", "crashed", "missed"}
    assert history.broken_at(ledger) is None


@pytest.mark.parametrize("policy", ["skip", "all"])
def test_three_schedulers_run_every_tick_once(ledger, open_another, policy):
    check(ledger, *drive(ledger, open_another, count=60, policy={"catch_up": policy}, seed=14))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("policy", ["skip", "latest", "all"])
def test_three_schedulers_run_a_thousand_ticks_once(ledger, open_another, policy, seed):
    driven = drive(ledger, open_another, count=1000, policy={"catch_up": policy}, seed=seed)
    check(ledger, *driven)
    _, crew, due, missed = driven
    killed = len(crew.ran) - sum(crew.ended.values())
    print(
        f"{len(due)} ticks: {len(crew.ran)} run once, {killed} of them killed, {len(missed - crew.ran.keys())} missed"
    )
