"""A ledger that is older than the account's listings posts nothing twice."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.older import WAYS, Ended, one_moment
from tests.post.desk import Desk, post
from workbench.workbench import Workbench, open_workbench


def test_restored_and_removed_ledgers_adopt_what_is_there(desk: Desk, tmp_path: Path) -> None:
    sheet = desk.csv(*desk.rows(1))
    with desk.open("north") as wb:
        job = wb.postings.start(sheet).job_id
        wb.keeping.backup(tmp_path / "backup")
        (first,) = wb.postings.work_on(job)["items"]
        assert first["state"] == "posted"

    with open_workbench(tmp_path / "elsewhere", **desk.settings()) as other:
        other.keeping.restore(tmp_path / "backup")
        # Logins are in no backup: this one is brought along.
        shutil.copytree(desk.home / "data" / "sessions", other.settings.data / "sessions", dirs_exist_ok=True)
        photos = tmp_path / "elsewhere" / "data" / "inputs"
        assert photos.is_dir()
        wb_items: list[dict[str, Any]] = other.postings.work_on(job)["items"]
        assert [(one["state"], one["remote_id"]) for one in wb_items] == [("posted", first["remote_id"])]

    for path in (desk.home / "data").glob("ledger.db*"):
        path.unlink()
    with desk.open("north") as wb:
        (again,) = post(wb, sheet)
        assert (again["state"], again["remote_id"]) == ("posted", first["remote_id"])
        assert wb.recover.behind() == []
    assert list(desk.there().values()) == [1]


class Posting:
    longest = 12.0

    def __init__(self, desk: Desk, sheet: Path) -> None:
        self._desk, self._sheet = desk, sheet

    def open(self, home: Path) -> Workbench:
        return open_workbench(home, **self._desk.settings())

    def begin(self, home: Path) -> None:
        with self.open(home) as wb:
            if not wb.accounts.all("marketplace"):
                wb.accounts.add("marketplace", "north")
            wb.postings.start(self._sheet)

    def go_on(self, home: Path, seconds: float | None = None) -> Ended:
        with self.open(home) as wb:
            job = wb.postings.job()["job_id"]
            limit = {} if seconds is None else {"limit": timedelta(seconds=seconds)}
            return Counter(one["state"] for one in wb.postings.work_on(job, **limit)["items"])

    def bring(self, home: Path, other: Path) -> None:
        shutil.copytree(home / "data" / "sessions", other / "data" / "sessions")


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("number", [40])
def test_random_moments_of_posting(desk: Desk, number: int) -> None:
    """Nothing is posted twice, and nothing waits for ever, wherever the ledger came from."""
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    for n in range(number):
        way, titles = WAYS[n % len(WAYS)], [f"Lamp {n} {each}" for each in "ab"]
        said = f"seed {seed}, moment {n}: {way}"
        sheet = desk.csv(*({"title": one, "price": 10 + n, "account": "north"} for one in titles))
        ended = one_moment(Posting(desk, sheet), way, desk.home, f"m{n}", dice)
        assert all(set(one) == {"posted"} for one in ended), (said, ended)
        assert {one: desk.there()["north", one] for one in titles} == dict.fromkeys(titles, 1), said
    assert len(desk.there()) == 2 * number
