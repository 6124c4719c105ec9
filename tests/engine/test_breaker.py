"""engine/rate_limit.py: whatever our processes do, a vendor has no reason to block our address."""

from datetime import timedelta

import pytest

from tests.children import all_at_once
from workbench.engine import rate_limit
from workbench.engine.rate_limit import MOST, WINDOW, Breaker
from workbench.errors import Throttled

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(monkeypatch):
    """Moves the breaker's clock on."""
    real, ahead = rate_limit.now, [timedelta()]
    monkeypatch.setattr(rate_limit, "now", lambda: real() + ahead[0])

    def move_on(by):
        ahead[0] += by

    return move_on


def test_four_processes_are_refused_at_most_ten_times_in_a_window(url, tmp_path):
    """A vendor that always refuses, twelve threads that always ask; the window is one second here instead of 5 min."""
    window, refusals = 1.0, tmp_path / "refusals"
    all_at_once(4, "call", url, tmp_path / "locks", 1.8, window, refusals)
    times = sorted(float(line) for line in refusals.read_text().split())

    assert len(times) >= MOST
    assert max(sum(at <= other < at + window for other in times) for at in times) <= MOST


def refused(gate, times, clock, retry_after=None):
    for _ in range(times):
        gate.leave(gate.enter(MINUTE), refused=True, retry_after=retry_after)
        clock(timedelta(seconds=33))


def test_after_ten_refusals_everybody_waits_until_the_first_leaves_the_window(ledger, clock):
    gate = Breaker(ledger, "vendor")
    refused(gate, 9, clock)
    gate.leave(gate.enter(MINUTE), refused=True, retry_after=timedelta(seconds=1))
    clock(timedelta(seconds=1.01))

    with pytest.raises(Throttled) as wait:
        gate.enter(MINUTE)
    assert WINDOW - timedelta(seconds=9 * 33 + 2) <= wait.value.retry_after <= WINDOW - timedelta(seconds=9 * 33)
    clock(wait.value.retry_after)
    assert gate.enter(MINUTE)


def test_calls_that_wait_for_an_answer_count_as_ones_that_may_be_refused(ledger):
    gate = Breaker(ledger, "vendor")
    tickets = [gate.enter(MINUTE) for _ in range(MOST)]
    with pytest.raises(Throttled) as wait:
        gate.enter(MINUTE)
    assert wait.value.retry_after <= timedelta(seconds=1)

    gate.leave(tickets[0])
    assert gate.enter(MINUTE)


def test_callers_that_crashed_stop_counting_after_their_limit(ledger, clock):
    gate = Breaker(ledger, "vendor")
    for _ in range(MOST):
        gate.enter(MINUTE)
    clock(MINUTE)

    assert gate.enter(MINUTE)


@pytest.mark.parametrize("seconds", [7, 3600], ids=["short", "longer than the window"])
def test_everybody_waits_as_long_as_the_vendor_asked(ledger, open_another, clock, seconds):
    gate, other = Breaker(ledger, "vendor"), Breaker(open_another(), "vendor")
    gate.leave(gate.enter(MINUTE), refused=True, retry_after=timedelta(seconds=seconds))

    with pytest.raises(Throttled) as wait:
        other.enter(MINUTE)
    assert wait.value.retry_after.total_seconds() == pytest.approx(seconds, abs=1)
    clock(timedelta(seconds=seconds - 1))
    with pytest.raises(Throttled):
        other.enter(MINUTE)
    clock(timedelta(seconds=1))
    assert other.enter(MINUTE)


def test_without_a_word_from_the_vendor_pauses_double(ledger, clock):
    gate, pauses = Breaker(ledger, "vendor"), []
    for _ in range(6):
        gate.leave(gate.enter(MINUTE), refused=True)
        with pytest.raises(Throttled) as wait:
            gate.enter(MINUTE)
        pauses.append(round(wait.value.retry_after.total_seconds()))
        clock(wait.value.retry_after)

    assert pauses == [2, 4, 8, 16, 32, 32]


def test_a_refusal_that_comes_after_its_limit_counts_all_the_same(ledger, clock):
    gate = Breaker(ledger, "vendor")
    late = gate.enter(MINUTE)
    clock(2 * MINUTE)
    gate.leave(gate.enter(MINUTE))
    gate.leave(late, refused=True, retry_after=MINUTE)

    with pytest.raises(Throttled):
        gate.enter(MINUTE)


def test_one_vendor_does_not_stop_another(ledger):
    gate = Breaker(ledger, "vendor")
    gate.leave(gate.enter(MINUTE), refused=True)

    assert Breaker(ledger, "another").enter(MINUTE)
