"""Old snapshots over five datasets, many pages, some gone: one adopt brings in all that can be had, killed or not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.collect.recover.conftest import DAY, collected
from tests.house import House, check_every_row_once, snapshots
from workbench.sandbox.serve import Sandbox

DATASETS = (
    ("gd_lk5ns7kz21pck8jpis", "url", "https://www.instagram.com/page{}/"),
    ("gd_l1vikfch901nx3by4", None, "https://www.instagram.com/page{}/"),
    ("gd_ltppn085pokosxh13", None, "https://www.instagram.com/p/page{}/"),
    ("gd_lkaxegm826bjpoo9m5", None, "https://www.facebook.com/page{}"),
    ("gd_lyy3tktm25m4avu764", "profile_url", "https://www.linkedin.com/in/page{}"),
)
LOST = {
    "expired": {"expired": 1},
    "failed": {"outcome": "failed", "error_message": "Internal Server Error"},
    "canceled": {"outcome": "canceled"},
}


def furnish(sandbox: Sandbox, count: int) -> dict[str, str]:
    """`count` snapshots of the last two weeks; a tenth each is gone, failed or cancelled. id → how it ends."""
    ends = {}
    for n in range(count):
        dataset, by, url = DATASETS[n % 5]
        end = {0: "expired", 3: "failed", 7: "canceled"}.get(n // 5 % 10, "published")
        inputs = [{"url": url.format(n)}, {"url": url.format(f"{n}.more")}]
        flags = LOST.get(end, {})
        ends[collected(sandbox, *inputs, dataset=dataset, by=by, ago=DAY * (n % 15), posts=3, **flags)] = end
    return ends


class Adopting:
    """Processes that adopt, one after the other."""

    def __init__(self, house: House, sandbox: Sandbox) -> None:
        self._house = house
        with (house.home.parent / "adopting.log").open("a") as log:
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "tests.collect.recover.adopting", str(house.home), sandbox.url, "7"],
                env=house.environment(), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def begin(self) -> int:
        """The pid of the next one."""
        assert self._zygote.stdin
        self._zygote.stdin.write("\n")
        return self._hear("pid")

    def end(self) -> int:
        """Wait for it; its exit code, negative for a signal."""
        return self._hear("status")

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._house.home / "told").read_text())
        return found

    def _hear(self, what: str) -> int:
        assert self._zygote.stdout
        line = self._zygote.stdout.readline()
        assert line, "the zygote is gone; see adopting.log"
        return int(json.loads(line)[what])

    def close(self) -> None:
        self._zygote.kill()
        self._zygote.communicate()


def adopt(tmp_path: Path, count: int, kills: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice, began, entered = random.Random(seed), time.monotonic(), []
    with ExitStack() as ending:
        sandbox = ending.enter_context(Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}))
        ends = furnish(sandbox, count)
        house = House(tmp_path / "home", sandbox)
        adopting = Adopting(house, sandbox)
        ending.callback(adopting.close)
        for n in range(kills):
            pid = adopting.begin()
            # Not before it has done something, so that every kill is one in the middle of the work.
            wait_for_more(house, entered[-1] if entered else 0)
            time.sleep(dice.uniform(0, 0.3))
            os.kill(pid, signal.SIGKILL)
            assert adopting.end() == -signal.SIGKILL
            entered.append(known(house))
            assert n or entered[-1]
        adopting.begin()
        assert adopting.end() == 0
        told = adopting.told()
        with house.open() as workbench:
            rows = check_every_row_once(house, workbench)
            found = {one["snapshot_id"]: one["state"] for one in snapshots(workbench)}
            again = workbench.recover.adopt(everything=True)
    took = time.monotonic() - began
    print(f"seed {seed}: {count} snapshots, {rows} rows, known after each kill {entered}, {took:.0f} s")
    good = [name for name, end in ends.items() if end == "published"]

    assert set(found) == set(ends)
    assert {name: state for name, state in found.items() if state != "empty"} == {
        name: end for name, end in ends.items() if found[name] != "empty"
    }
    assert sum(found[name] in ("published", "empty") for name in good) == len(good)
    assert {one["snapshot_id"]: one["state"] for one in told["snapshots"]} == found
    assert (told["expired"], told["failed"]) == (count_of(ends, "expired"), count_of(ends, "failed"))
    assert (again["adopted"], again["already_known"]) == (0, count)


def count_of(ends: dict[str, str], end: str) -> int:
    return list(ends.values()).count(end)


def known(house: House) -> int:
    with house.open() as workbench:
        return len(snapshots(workbench))


def wait_for_more(house: House, before: int) -> None:
    """Until something moved: a snapshot more, or an event more where all are entered."""
    with house.open() as workbench:
        head, last = workbench.parts.ledger.head(), time.monotonic() + 60
        while workbench.parts.ledger.head() == head and time.monotonic() < last:
            time.sleep(0.01)


def test_twenty_four_snapshots_killed_three_times(tmp_path: Path) -> None:
    adopt(tmp_path, 24, 3)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", [0, 10])
def test_two_hundred_snapshots(tmp_path: Path, kills: int) -> None:
    adopt(tmp_path, 200, kills)
