"""Restore, copy, put back and delete at random moments of collecting: nothing is paid twice, nothing is stuck."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.house import FAST, House
from tests.older import WAYS, Ended, one_moment
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench, open_workbench


class Collecting:
    longest = 0.5

    def __init__(self, house: House, *names: str) -> None:
        self._house, self._names = house, names

    def open(self, home: Path, **settings: Any) -> Workbench:
        return open_workbench(home, brightdata_url=self._house.sandbox.url, **{**FAST, "threads": 2, **settings})

    def begin(self, home: Path) -> None:
        with self.open(home, batch_size=1) as workbench:
            ids = [
                workbench.collect.add_source("instagram", "posts", f"https://www.instagram.com/{name}/").source_ids[0]
                for name in self._names
            ]
            workbench.start(workbench.plan(ids, num_posts=2, name=self._names[0]).hash)

    def go_on(self, home: Path, seconds: float | None = None) -> Ended:
        with self.open(home) as workbench:
            workbench.work(limit=None if seconds is None else timedelta(seconds=seconds))
            tree = workbench.status()["runs"]
        return Counter(one["state"] for run in tree for job in run["jobs"] for one in job["snapshots"])

    def bring(self, home: Path, other: Path) -> None:
        """Nothing is needed but the backup."""


def moments(tmp_path: Path, number: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(tmp_path / "home", sandbox)
        for n in range(number):
            way = WAYS[n % len(WAYS)]
            said = f"seed {seed}, moment {n}: {way}"
            ended = one_moment(Collecting(house, f"m{n}a", f"m{n}b"), way, house.home, f"m{n}", dice)
            assert all(set(one) == {"published"} for one in ended), (said, ended)
            asked = Counter(json.dumps(one["inputs"], sort_keys=True) for one in house.ask("triggers"))
            assert max(asked.values()) == 1, (said, asked.most_common(2))
            assert len(asked) == 2 * (n + 1), said


def test_four_random_moments(tmp_path: Path) -> None:
    moments(tmp_path, 4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_random_moments(tmp_path: Path) -> None:
    moments(tmp_path, 200)
