"""Four processes order the same at once: one run, one trigger, given one plan or planning for themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import House
from tests.house import snapshots as snapshots_of

CREW = 4


class Crew:
    def __init__(self, house: House) -> None:
        self.house = house
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.budget.child", str(house.home), house.sandbox.url],
                env=house.environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(CREW)
        ]  # fmt: skip
        assert self._hear() == ["ready"] * CREW

    def __call__(self, order: dict[str, Any]) -> list[str]:
        """All of them start what `order` says at the same moment; the runs."""
        self._tell(order)
        assert self._hear() == ["heard"] * CREW
        self._tell("go")
        return self._hear()

    def _tell(self, what: Any) -> None:
        for one in self._processes:
            assert one.stdin
            one.stdin.write(json.dumps(what) + "\n")
            one.stdin.flush()

    def _hear(self) -> list[Any]:
        lines = [one.stdout.readline() for one in self._processes if one.stdout]
        assert all(lines), "one of them ended"
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        for one in self._processes:
            one.kill()
            one.communicate()


@pytest.fixture
def crew(house: House) -> Iterator[Crew]:
    house.sandbox.switch(ready_after_seconds=0.5)  # not over before the last of them has begun
    crew = Crew(house)
    yield crew
    crew.close()


def rounds(crew: Crew, count: int) -> None:
    with crew.house.open() as workbench:
        for n in range(count):
            sources = list(
                workbench.collect.add_source("instagram", "posts", f"https://www.instagram.com/p{n}/").source_ids
            )
            order: dict[str, Any] = {"sources": sources, "name": f"round {n}"}
            if n % 2 == 0:
                order["hash"] = workbench.plan(sources, num_posts=2, name=f"round {n}").hash
            runs = crew(order)

            assert crew.house.ask("count")["trigger_requests"] == n + 1
            assert len(set(runs)) == 1
        done = [one for one in snapshots_of(workbench) if not one["reused"]]
        assert len(done) == count
        assert {one["state"] for one in done} == {"published"}


def test_three_rounds(crew: Crew) -> None:
    rounds(crew, 3)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_hundred_rounds(crew: Crew) -> None:
    rounds(crew, 100)
