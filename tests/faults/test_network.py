"""The vendor goes away in the middle of a run and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.house import MINUTE, House, check_every_row_once, check_triggers, snapshots, sources_csv, states
from workbench.sandbox.serve import Sandbox

NAMES = ("tea", "patchy.two", "nothing.here")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[[], Sandbox]]:
    """Start the vendor of this home (again)."""
    with ExitStack() as ending:

        def start() -> Sandbox:
            sandbox = Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0.3}).start()
            ending.callback(sandbox.stop)
            return sandbox

        yield start


@pytest.mark.parametrize("after", [0.05, 0.5])
def test_stopped_and_started_again(running: Callable[[], Sandbox], tmp_path: Path, after: float) -> None:
    first = running()
    house = House(tmp_path / "home", first)
    url = first.url
    with house.open(batch_size=1, brightdata_url=url) as workbench:
        plan = workbench.plan(sources_csv(house.home / "s.csv", NAMES), num_posts=5)
        workbench.start(plan.hash)
        work = threading.Thread(target=workbench.work, kwargs={"limit": MINUTE})
        work.start()
        time.sleep(after)
        first.stop()
        time.sleep(0.5)
        meanwhile = snapshots(workbench)
        house.sandbox = running()
        work.join()
        check_triggers(house, workbench)
        check_every_row_once(house, workbench)

        assert house.sandbox.url == url
        assert states(workbench).keys() <= {"published", "empty", "unsure"}
        assert not [one for one in meanwhile if one["state"] in {"failed", "expired", "quarantined"}]


def test_a_vendor_that_was_never_there_costs_nothing_and_is_named(
    running: Callable[[], Sandbox], tmp_path: Path
) -> None:
    gone = running()
    url = gone.url
    gone.stop()
    house = House(tmp_path / "home", gone)
    with house.open(brightdata_url=url) as workbench:
        workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/tea/")
        run = workbench.start(workbench.plan(num_posts=5).hash)
        workbench.work(limit=MINUTE / 60)
        (one,) = snapshots(workbench)

        assert one["state"] == "planned"
        assert f"{url}/datasets/v3/snapshots did not answer" in one["reason"]  # looked at before the order
        assert workbench.collect.spent_micro_usd(run) == 0
