"""Ten minutes of 429, by a clock of our own: over all processes at most ten in any five minutes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.collect.conftest import KEY, reply
from workbench.brightdata.client import BrightData
from workbench.db.ledger import Ledger
from workbench.engine import rate_limit
from workbench.engine.rate_limit import Breaker
from workbench.errors import Throttled

STORM, WINDOW = timedelta(minutes=10), timedelta(minutes=5)


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.mark.parametrize(
    "retry_after", [None, "1", "0"], ids=["no word", "a second", "at once: the vendor is not to be believed"]
)
def test_ten_minutes_of_429(
    open_another: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch, retry_after: str | None
) -> None:
    storm(open_another, monkeypatch, lambda: retry_after, processes=4, every=timedelta(seconds=4))


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_ten_minutes_of_429_for_sixteen_processes(
    open_another: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    print(f"seed {seed}")
    words = (None, "0", "1", "3", "20")
    storm(open_another, monkeypatch, lambda: dice.choice(words), processes=16, every=timedelta(seconds=0.7))


def storm(
    open_another: Callable[[], Ledger],
    monkeypatch: pytest.MonkeyPatch,
    retry_after: Callable[[], str | None],
    *,
    processes: int,
    every: timedelta,
) -> None:
    """All call as often as they are let, and every call is answered 429."""
    at, refused = datetime(2026, 3, 1, 23, 55, tzinfo=UTC), list[datetime]()
    monkeypatch.setattr(rate_limit, "now", lambda: at)

    def vendor(_: httpx.Request) -> httpx.Response:
        refused.append(at)
        said = retry_after()
        return reply(429, "You have too many running jobs", **({} if said is None else {"retry_after": said}))

    callers = [
        BrightData("https://vendor.test", KEY, gate=Breaker(open_another(), "brightdata"),
                   transport=httpx.MockTransport(vendor))
        for _ in range(processes)
    ]  # fmt: skip
    end = at + STORM
    while at < end:
        for brightdata in callers:
            with pytest.raises(Throttled):
                brightdata.progress("sd_1")
        at += every
    for brightdata in callers:
        brightdata.close()
    most = max(sum(one <= other < one + WINDOW for other in refused) for one in refused)
    print(f"{len(refused)} requests answered 429 in ten minutes, {most} at most in five")

    assert 10 <= len(refused) <= 20
    assert most <= 10
