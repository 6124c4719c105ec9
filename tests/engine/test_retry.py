"""engine/retry.py: how long is waited, and how often."""

from datetime import timedelta

import pytest

from workbench.engine.retry import RetryPolicy
from workbench.errors import Throttled, Transient, Unanswered

SECOND = timedelta(seconds=1)
POLICY = RetryPolicy(first=SECOND)


@pytest.mark.parametrize(("attempts", "longest"), [(0, 1), (1, 2), (5, 32), (20, 900), (10_000, 900)])
def test_a_pause_is_full_jitter_that_doubles_up_to_a_quarter_of_an_hour(attempts, longest):
    waits = [POLICY.pause(attempts).total_seconds() for _ in range(200)]

    assert 0 <= min(waits) < longest * 0.2
    assert longest * 0.8 < max(waits) <= longest


@pytest.mark.parametrize(
    ("policy", "error", "shortest"),
    [
        pytest.param(POLICY, Transient("503", retry_after=60 * SECOND), 60, id="what the other side asked for"),
        pytest.param(POLICY, Throttled("429", retry_after=60 * SECOND), 60, id="what a throttle asked for"),
        pytest.param(POLICY, Throttled("429"), 2, id="a throttle that does not say"),
        pytest.param(POLICY.looks(30 * SECOND), Transient("503"), 30, id="looks keep their distance"),
        pytest.param(POLICY.looks(30 * SECOND), Unanswered("cut"), 30, id="also after a lost answer"),
        pytest.param(POLICY, Transient("503"), 0, id="a step may be tried again at once"),
    ],
)
def test_nothing_is_tried_again_before_it_is_due(policy, error, shortest):
    waits = [policy.after(error, attempts=1).total_seconds() for _ in range(200)]

    assert shortest <= min(waits)
    assert max(waits) <= shortest + 2
