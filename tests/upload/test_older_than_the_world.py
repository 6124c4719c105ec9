"""A ledger that is older than the media library uploads nothing twice."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.older import WAYS, Ended, one_moment
from tests.upload.studio import LABEL, Studio
from workbench.upload.service import UploadOrder
from workbench.workbench import Workbench, open_workbench


def test_a_restored_ledger_adopts_what_was_uploaded_since(studio: Studio, tmp_path: Path) -> None:
    (name,) = studio.pictures(1)
    with studio.open() as wb:
        batch = wb.uploads.start(UploadOrder())
        wb.keeping.backup(tmp_path / "backup")
        shutil.copytree(studio.root, tmp_path / "kept")
        (done,) = wb.uploads.work_on(batch)["items"]
        assert done["status"] == "success"
    with open_workbench(tmp_path / "elsewhere", **studio.settings()) as other:
        other.keeping.restore(tmp_path / "backup")
        # Logins are in no backup: this one is brought along.
        shutil.copytree(studio.home / "data" / "sessions", other.settings.data / "sessions", dirs_exist_ok=True)
        shutil.copytree(tmp_path / "kept", other.settings.creatives, dirs_exist_ok=True)
        (again,) = other.uploads.work_on(batch)["items"]
        assert (again["status"], again["tj_creative_id"]) == ("success", done["tj_creative_id"])
    for path in (studio.home / "data").glob("ledger.db*"):
        path.unlink()
    shutil.copy(tmp_path / "backup" / "ledger.db", studio.home / "data")  # put back, where the file went on since
    with studio.open() as wb:
        (again,) = wb.uploads.work_on(batch)["items"]
        assert (again["status"], again["tj_creative_id"]) == ("success", done["tj_creative_id"]), again
    assert studio.stored() == {name: [done["tj_creative_id"]]}


class Uploading:
    longest = 12.0

    def __init__(self, studio: Studio, *names: str) -> None:
        self._studio, self._names = studio, names

    def open(self, home: Path) -> Workbench:
        return open_workbench(home, **self._studio.settings())

    def begin(self, home: Path) -> None:
        with self.open(home) as wb:
            if not wb.accounts.all("trafficjunky"):
                wb.accounts.add("trafficjunky", LABEL)
            wb.uploads.start(UploadOrder(files=self._names))

    def go_on(self, home: Path, seconds: float | None = None) -> Ended:
        with self.open(home) as wb:
            batch = wb.uploads.batch()["batch_id"]
            limit = {} if seconds is None else {"limit": timedelta(seconds=seconds)}
            return Counter(one["status"] for one in wb.uploads.work_on(batch, **limit)["items"])

    def bring(self, home: Path, other: Path) -> None:
        for name in ("sessions", "creatives"):
            if (home / "data" / name).exists():
                shutil.copytree(home / "data" / name, other / "data" / name)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("number", [40])
def test_random_moments_of_uploading(studio: Studio, number: int) -> None:
    """Nothing is uploaded twice, and nothing waits for ever, wherever the ledger came from."""
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    for n in range(number):
        way, names = WAYS[n % len(WAYS)], studio.pictures(2, first=2 * n + 1)
        said = f"seed {seed}, moment {n}: {way}"
        ended = one_moment(Uploading(studio, *names), way, studio.home, f"m{n}", dice)
        assert all(set(one) <= {"success", "skipped"} for one in ended), (said, ended)
        stored = studio.stored()
        assert {name: len(stored.get(name, ())) for name in names} == dict.fromkeys(names, 1), said
    assert len(studio.stored()) == 2 * number
