"""kill -9 at every boundary and at random moments: each file is received at most once, ids and CSVs are right."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.upload.studio import Studio, check_truth, leftovers
from tests.zygote import Zygote
from workbench.sandbox.serve import Sandbox
from workbench.upload.service import UploadOrder

pytestmark = [
    pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux: fork and /proc"),
]  # fmt: skip
KILLED = -signal.SIGKILL
# Where most is at stake: the site has the file and nothing here knows it; the ids are known and half written into the
# files. The soak takes every boundary that there is.
AT_THE_SITE = ("after attach", 1)
IN_THE_FILES = (("exchange inventory", 1), ("link", 1))


class Ward:
    """A studio that begins anew as often as needed, and a zygote for its workers."""

    def __init__(self, folder: Path, sandbox: Sandbox, **switches: Any) -> None:
        self.folder, self.sandbox, self.switches = folder, sandbox, switches
        self.studio = Studio(folder, sandbox)
        self.zygote = Zygote(folder / "zygote.log")

    def keep(self, name: str = "template") -> None:
        """What is at home now is how each beginning looks, or each `again(name)`."""
        shutil.copytree(self.studio.home, self.folder / name, symlinks=True)

    def again(self, name: str) -> Studio:
        """What was kept under that name, while the site stays as it is."""
        shutil.rmtree(self.studio.home, ignore_errors=True)
        shutil.copytree(self.folder / name, self.studio.home, symlinks=True)
        return self.studio

    def anew(self) -> Studio:
        self.again("template")
        self.studio.ask("reset")
        self.studio.switch(**self.switches)
        with self.studio.open() as wb:
            wb.accounts.login(1)
        return self.studio

    def begin(self, **job: Any) -> int:
        return self.zygote.begin(self.studio.home, self.studio.settings(), **job)

    def work(self, **job: Any) -> int:
        return self.zygote.work(self.studio.home, self.studio.settings(), **job)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with Sandbox(tmp_path / "site", seed=7) as sandbox:
        ward = Ward(tmp_path, sandbox)
        yield ward
        ward.zygote.close()


def check_end(studio: Studio) -> Counter[str]:
    """Everything is over, or waits for a person because nobody else can know; nothing was received twice."""
    with studio.open() as wb:
        check_truth(studio, wb)
        items = wb.uploads.batch()["items"]
        stored = studio.stored()
        for one in items:
            if one["file_name"] in stored:
                assert one["status"] == "success", (one["file_name"], one["state"], one["reason"])
            elif one["status"] != "failed":
                assert (one["state"], one["attention"]) == ("unsure", "person"), (one["file_name"], one["state"])
        assert leftovers(studio) == []
        return Counter(one["state"] for one in items)


def killed_at(ward: Ward, point: tuple[str, int], *, kept: str = "") -> str | None:
    """What is wrong after a worker was killed at `point` and another one has worked; from the beginning, or `kept`."""
    studio = ward.again(kept) if kept else ward.anew()
    if ward.work(at=list(point)) != KILLED:
        return f"{point}: was not reached"
    if (code := ward.work()) != 0:
        return f"{point}: the next worker ended with {code}"
    try:
        check_end(studio)
    except AssertionError as error:
        return f"{point}: {str(error).splitlines()[0]}"
    return None


def prepared(ward: Ward) -> None:
    ward.studio.pictures(1)
    with ward.studio.open() as wb:
        wb.uploads.start(UploadOrder())
    ward.keep()


@pytest.mark.long
def test_killed_where_something_is_decided(ward: Ward) -> None:
    prepared(ward)
    wrong = [one for one in [killed_at(ward, AT_THE_SITE)] if one]
    # What comes after needs no visit: it begins where the id is known and nothing is written of it.
    ward.anew()
    assert ward.work(at=list(IN_THE_FILES[0])) == KILLED
    ward.keep("identified")
    wrong += [one for point in IN_THE_FILES if (one := killed_at(ward, point, kept="identified"))]

    assert wrong == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_killed_at_every_boundary(ward: Ward, tmp_path: Path) -> None:
    prepared(ward)
    ward.anew()
    assert ward.work(record=str(tmp_path / "points")) == 0
    points = [tuple(json.loads(line)) for line in (tmp_path / "points").read_text().splitlines()]
    wrong = [one for point in points if (one := killed_at(ward, point))]
    print(f"{len(points)} boundaries")

    assert wrong == []
    assert len(points) > 30


def kill_at_random_moments(ward: Ward, moments: int) -> None:
    """A batch of 12 with every fault mixed in, killed again and again, until `moments` have hit."""
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    names = ward.studio.pictures(8)
    pair = ward.studio.pair()
    films = [ward.studio.film(0xB0000001), ward.studio.film(0xB0000002)]
    ward.switches = {
        "reject": {"file": names[1]}, "commit_then_drop": {"file": names[2], "times": 1},
        "answer_without_id": {"file": names[3]}, "id_after_reload": {"file": films[0]},
        "commit_then_500": {"file": pair[0], "times": 1}, "slow": {"seconds": 0.2, "on": "upload"},
    }  # fmt: skip
    with ward.studio.open() as wb:
        wb.uploads.start(UploadOrder())
    ward.keep()
    ward.anew()
    began = time.monotonic()
    assert ward.work() == 0
    seconds = time.monotonic() - began
    check_end(ward.studio)
    hit, ends = 0, Counter[str]()
    while hit < moments:
        ward.anew()
        for _ in range(2):
            pid = ward.begin()
            time.sleep(dice.uniform(0.05, seconds * 0.5))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            hit += ward.zygote.end() == KILLED
        assert ward.work(limit=600) == 0, f"seed {seed}"
        ends += check_end(ward.studio)  # which knows when one may be unsure
        assert set(ends) <= {"archived", "failed", "unsure"}, (seed, ends)
        print(f"seed {seed}: {hit} kills, ends {dict(ends)}")


@pytest.mark.soak
@pytest.mark.timeout(14400)
def test_killed_at_100_random_moments(ward: Ward) -> None:
    kill_at_random_moments(ward, 100)
