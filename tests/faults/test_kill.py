"""kill -9 at every boundary and at random moments: the same tables as without, nothing triggered twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Lane
from tests.house import (
    DATES,
    House,
    check_every_row_once,
    check_triggers,
    content,
    snapshots,
    sources_csv,
    states,
)

KILLED = -signal.SIGKILL


def points_of(path: Path) -> list[tuple[str, int]]:
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()]


# Each of these is also just before, or just after, another point.
TWICE = {"write Breaker.leave", "after send GET progress", "after send GET download"}


def leftovers(house: House) -> list[str]:
    """What no worker may leave behind once everything rests."""
    lake = house.home / "data" / "lake"
    beside = [str(path) for path in lake.rglob("*.tmp")]
    staging = lake / ".staging"
    return beside + ([str(path) for path in staging.iterdir()] if staging.exists() else [])


@pytest.mark.parametrize(
    "every", [8, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])], ids=["an eighth", "all"]
)
@pytest.mark.long
def test_stopped_at_every_boundary(make_lock: Callable[..., Lane], tmp_path: Path, every: int) -> None:
    """Each of the points at which a trace is left, in a run of one snapshot with data and rejects.

    Without soak it is every eighth one, beginning at random with one of the first eight.
    """
    first = random.SystemRandom().randrange(every)
    locks = [make_lock(f"lane{n}", building_after_ready={"times": 1}) for n in range(2)]
    template = House(tmp_path / "template", locks[0].sandbox)
    with template.open() as workbench:
        workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/patchy.tea/")
        workbench.start(workbench.plan(start="2025-09-01", end="2025-10-01", num_posts=8).hash)
    quiet = locks[0].anew(template.home)
    assert locks[0].zygote.work(quiet, record=str(tmp_path / "points")) == 0
    points = points_of(tmp_path / "points")
    with quiet.open() as workbench:
        expected = content(workbench)
        assert check_every_row_once(quiet, workbench) == 8
    points = [point for point in points if point[0] not in TWICE and not point[0].startswith("after write")]

    def killed_at(lock: Lane, point: tuple[str, int]) -> str | None:
        house = lock.anew(template.home)
        if lock.zygote.work(house, at=list(point)) != KILLED:
            return f"{point}: was not reached"
        if (code := lock.zygote.work(house)) != 0:
            return f"{point}: the next worker ended with {code}"
        with house.open() as workbench:
            (end,) = states(workbench)
            check_triggers(house, workbench)
            accepted = house.ask("count")["triggers_accepted"]
            if (end, accepted) != ("published", 1):
                return f"{point}: {end}, accepted {accepted} times: {snapshots(workbench)[0]['reason']}"
            if content(workbench) != expected:
                return f"{point}: other tables"
        return f"{point}: left {left}" if (left := leftovers(house)) else None

    chosen = points[first::every]
    with ThreadPoolExecutor(2) as pool:
        halves = [chosen[n::2] for n in range(2)]
        found = list(pool.map(lambda n: [killed_at(locks[n], point) for point in halves[n]], range(2)))
    wrong = [one for half in found for one in half if one]
    print(f"{len(chosen)} of {len(points)} boundaries, from {chosen[0]}")

    assert wrong == []
    assert len(points) > 30


TWENTY = (
    ("instagram", "posts", "https://www.instagram.com/{}/"),
    ("instagram", "profiles", "https://www.instagram.com/{}/"),
    ("facebook", "posts", "https://www.facebook.com/{}"),
    ("linkedin", "posts", "https://www.linkedin.com/in/{}"),
)
NAMES = ("tea", "coffee", "nothing.here", "patchy.two", "private.one")


QUIET_ENDS = {"published", "empty"}


class Twenty:
    """A run of 20 snapshots, planned; what it brings when nobody disturbs it, source by source."""

    def __init__(self, lock: Lane, folder: Path) -> None:
        template = House(folder / "template", lock.sandbox)
        with template.open(batch_size=1) as workbench:
            plan = workbench.plan(sources_csv(template.home / "s.csv", NAMES, TWENTY), num_posts=5, **DATES)
            assert sum(len(job.snapshots) for job in plan.jobs) == 20
            workbench.start(plan.hash)
        self.template = template.home
        one = House(folder / "one", lock.sandbox)
        with one.open() as workbench:
            workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/tea/")
            workbench.start(workbench.plan(num_posts=3).hash)
        assert lock.zygote.work(lock.anew(one.home)) == 0  # imports what the others then have
        quiet = lock.anew(self.template)
        began = time.monotonic()
        assert lock.zygote.work(quiet, threads=4) == 0
        self.seconds = time.monotonic() - began
        self.by_source = self.rows_by_source(quiet)
        assert len(self.by_source) == 20

    @staticmethod
    def rows_by_source(house: House) -> dict[Any, Counter[Any]]:
        """source_id → its rows of all tables and rejects."""
        found: dict[Any, Counter[Any]] = {}
        with house.open() as workbench:
            for table in ("posts", "comments", "profiles", "rejects"):
                hide = "scraped_at, snapshot_id" if table != "rejects" else "snapshot_id, raw"
                rows = workbench.sql(f"SELECT source_id, COLUMNS(* EXCLUDE ({hide}))::VARCHAR FROM {table}").fetchall()
                for source_id, *row in rows:
                    found.setdefault(source_id, Counter())[(table, *row)] += 1
        return found

    def check(self, house: House) -> Counter[str]:
        """Every source has exactly its rows, and nothing was paid twice."""
        found = self.rows_by_source(house)
        with house.open() as workbench:
            ended = states(workbench)
            left = [(one["state"], one["reason"]) for one in snapshots(workbench) if one["state"] not in QUIET_ENDS]
            assert not left, left
            check_triggers(house, workbench)
            check_every_row_once(house, workbench)
        assert house.ask("count")["triggers_accepted"] == 20
        assert found == self.by_source
        assert leftovers(house) == []
        return ended


def kill_at_random_moments(lock: Lane, folder: Path, *, moments: int, a_run: int) -> None:
    """Runs of 20 snapshots, each killed `a_run` times, worker after worker, and finished; until `moments` have hit."""
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    twenty = Twenty(lock, folder)
    total, hit, late, began = Counter[str](), 0, 0, time.monotonic()
    while hit < moments:
        house = lock.anew(twenty.template)
        for _ in range(a_run):
            pid = lock.zygote.begin(house, threads=4)
            time.sleep(dice.uniform(0.05, twenty.seconds / a_run * 0.85**late))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            is_late = lock.zygote.end() == 0
            hit, late = hit + (not is_late), late + is_late
        assert lock.zygote.work(house, threads=4) == 0, f"seed {seed}"
        total += twenty.check(house)
    took = time.monotonic() - began
    print(f"seed {seed}: {hit} kills ({late} came too late) in {took:.0f} s, ends {dict(total)}")


@pytest.mark.long
@pytest.mark.soak
def test_killed_at_two_random_moments(lock: Lane, tmp_path: Path) -> None:
    kill_at_random_moments(lock, tmp_path, moments=2, a_run=2)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_killed_at_fifty_random_moments(lock: Lane, tmp_path: Path) -> None:
    kill_at_random_moments(lock, tmp_path, moments=50, a_run=1)
