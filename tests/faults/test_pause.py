"""SIGSTOP past the lease, then SIGCONT: whoever took over was not disturbed, and nothing was triggered twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Lane, Zygote, wait_until_over, wait_until_stopped
from tests.faults.test_kill import Twenty
from tests.house import House, check_every_row_once, check_triggers, states
from workbench.sandbox.serve import Sandbox

SHORT = {"lease_seconds": 1, "trigger_seconds": 1}
RANDOM = {**SHORT, "lease_seconds": 2}  # on a busy machine a step may take a second


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    folder = tmp_path_factory.mktemp("pause")
    with Sandbox(folder / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        lock = Lane(folder / "lane", sandbox)
        yield lock
        lock.zygote.close()


@pytest.fixture(scope="module")
def second(lock: Lane) -> Iterator[Zygote]:
    """A process for the worker that takes over."""
    zygote = Zygote(lock.house)
    yield zygote
    zygote.close()


@pytest.fixture(scope="module")
def one_snapshot(lock: Lane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run of one snapshot, planned."""
    template = House(tmp_path_factory.mktemp("one") / "home", lock.sandbox)
    with template.open() as workbench:
        workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/tea/")
        workbench.start(workbench.plan(num_posts=3).hash)
    return template.home


WINDOWS = [
    pytest.param("write Recorder.armed", id="before Armed is committed"),
    pytest.param("after write Recorder.armed", marks=pytest.mark.soak, id="Armed committed, lease not looked at"),
    pytest.param("send POST trigger", id="between the look at the lease and the request"),
    pytest.param(
        "trace send_request_headers", marks=pytest.mark.soak, id="connected, before the first byte of the request"
    ),
    pytest.param("trace send_request_headers, late", id="the same, and the thread that watches the time is late"),
    pytest.param("after send POST trigger", id="between the answer and its commit"),
    pytest.param("after write Recorder.move", marks=pytest.mark.soak, id="after the answer is committed"),
]


@pytest.mark.parametrize("point", WINDOWS)
def test_paused_around_the_trigger_it_is_accepted_once(
    lock: Lane, second: Zygote, one_snapshot: Path, point: str
) -> None:
    """The second worker looks, finds what was sent or sends it; the first wakes up long after its time was over."""
    house = lock.anew(one_snapshot)
    point, _, late = point.partition(", ")
    environ = {"LATE_TIMER": late}
    number = 3 if point.startswith("trace") else 1  # the first request, told twice, asks for the vendor's list
    pid = lock.zygote.begin(house, at=[point, number], signal=signal.SIGSTOP, settings=SHORT, environ=environ)
    wait_until_stopped(pid)
    taken_over = second.work(house, settings=SHORT)
    os.kill(pid, signal.SIGCONT)

    assert (taken_over, lock.zygote.end()) == (0, 0)
    with house.open() as workbench:
        assert states(workbench) == {"published": 1}
        assert house.ask("count")["triggers_accepted"] == 1
        check_every_row_once(house, workbench)


def pause_at_random_moments(lock: Lane, second: Zygote, folder: Path, rounds: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    twenty = Twenty(lock, folder)
    total, began = Counter[str](), time.monotonic()
    for _ in range(rounds):
        house = lock.anew(twenty.template)
        pid = lock.zygote.begin(house, threads=4, settings=RANDOM)
        time.sleep(dice.uniform(0.05, twenty.seconds))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        other = second.begin(house, threads=4, settings=RANDOM)
        # Stopped inside a transaction it holds SQLite's lock, and nobody can write before it goes on.
        wait_until_over(other, seconds=6)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        assert (second.end(), lock.zygote.end()) == (0, 0), f"seed {seed}"
        total += twenty.check(house)
    print(f"seed {seed}: {rounds} pauses in {time.monotonic() - began:.0f} s, ends {dict(total)}")


@pytest.mark.soak
def test_paused_at_a_random_moment(lock: Lane, second: Zygote, tmp_path: Path) -> None:
    pause_at_random_moments(lock, second, tmp_path, 1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_paused_at_twenty_random_moments(lock: Lane, second: Zygote, tmp_path: Path) -> None:
    pause_at_random_moments(lock, second, tmp_path, 20)


def test_a_worker_that_wakes_up_writes_nothing_over_the_others(lock: Lane, second: Zygote, one_snapshot: Path) -> None:
    """Paused while it brings a snapshot in: the second does it, the first finds itself fenced and goes on."""
    house = lock.anew(one_snapshot)
    pid = lock.zygote.begin(house, at=["replace posts.parquet", 1], signal=signal.SIGSTOP, settings=SHORT)
    wait_until_stopped(pid)
    second.work(house, settings=SHORT)
    with house.open() as workbench:
        before = [event["seq"] for event in workbench.overview.story("snapshot", 1)]
    os.kill(pid, signal.SIGCONT)

    assert lock.zygote.end() == 0
    with house.open() as workbench:
        assert [event["seq"] for event in workbench.overview.story("snapshot", 1)] == before
        assert states(workbench) == {"published": 1}
        check_triggers(house, workbench)
        check_every_row_once(house, workbench)
