"""Restore, copy, put back and delete at random moments of collecting: nothing is paid twice, nothing is stuck.

The vendor runs outside of the homes, so that none of it is copied along.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.flows.house import House
from workbench.sandbox.serve import Sandbox

WAYS = ("restore", "copy", "put back", "delete")


def plan(house: House, *names: str) -> None:
    with house.open(batch_size=1) as workbench:
        ids = [
            workbench.add_source("instagram", "posts", f"https://www.instagram.com/{name}/").source_ids[0]
            for name in names
        ]
        workbench.start(workbench.plan(ids, num_posts=2, name=names[0]).hash)


def work(house: House, seconds: float | None = None) -> Counter[str]:
    with house.open(threads=2) as workbench:
        workbench.work(limit=None if seconds is None else timedelta(seconds=seconds))
        tree = workbench.status()["runs"]
    return Counter(one["state"] for run in tree for job in run["jobs"] for one in job["snapshots"])


def one_moment(house: House, way: str, names: list[str], dice: random.Random) -> list[Counter[str]]:
    """Work a while, let it happen, work to the end; how everything stands in the homes that are left."""
    other = House(house.home.parent / f"{way}-{names[0]}", house.sandbox)
    ledger = house.home / "data" / "ledger.db"
    plan(house, *names)
    work(house, dice.uniform(0, 0.5))
    kept = house.home.parent / f"kept-{names[0]}"
    if way in ("restore", "put back"):
        with house.open() as workbench:
            workbench.backup(kept)
    if way == "copy":
        shutil.rmtree(other.home)
        shutil.copytree(house.home, other.home)
        return [work(one) for one in dice.sample([house, other], 2)]
    if way == "restore":
        first = work(house)
        (other.home / "data" / "ledger.db").unlink()  # a backup comes into a home without one
        with other.open() as workbench:
            workbench.restore(kept)
        return [first, work(other)]
    if way == "put back":
        work(house, dice.choice([0.2, None]))
    for path in ledger.parent.glob("ledger.db*"):
        path.unlink()
    if way == "put back":
        shutil.copy(kept / "ledger.db", ledger)
    else:
        plan(house, *names)
    return [work(house)]


def moments(tmp_path: Path, number: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(tmp_path / "home", sandbox)
        for n in range(number):
            way = WAYS[n % len(WAYS)]
            said = f"seed {seed}, moment {n}: {way}"
            ended = one_moment(house, way, [f"m{n}a", f"m{n}b"], dice)
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
