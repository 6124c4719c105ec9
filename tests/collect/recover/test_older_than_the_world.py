"""A ledger that is older than the world pays nothing again: restored, copied, put back, removed.

The vendor runs outside of the home; it counts what it was made to do.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.house import House
from workbench.db.journal import Journal
from workbench.errors import Refused
from workbench.sandbox.serve import Sandbox

ONE = (("instagram", "posts", "https://www.instagram.com/{}/"),)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield House(tmp_path / "home", sandbox)


def plan(house: House, *names: str, **more: Any) -> str:
    with house.open() as workbench:
        ids = [workbench.collect.add_source("instagram", "posts", f"https://www.instagram.com/{name}/").source_ids[0]
               for name in names]  # fmt: skip
        return workbench.start(workbench.plan(ids, num_posts=3, name=more.pop("name", "Spring")).hash, **more)


def work(house: House, **settings: Any) -> Counter[str]:
    with house.open(**settings) as workbench:
        workbench.work()
        return Counter(one["state"] for run in workbench.status()["runs"] for job in run["jobs"]
                       for one in job["snapshots"])  # fmt: skip


def triggers(house: House) -> int:
    return len(house.ask("triggers"))


def elsewhere(house: House, name: str) -> House:
    home = house.home.parent / name
    (home / "data").mkdir(parents=True, exist_ok=True)  # one without a ledger, as a backup is brought into
    return House(home, house.sandbox)


def remove_ledger(house: House) -> None:
    for path in (house.home / "data").glob("ledger.db*"):
        path.unlink()


def switch(house: House, **values: Any) -> None:
    httpx.post(f"{house.sandbox.url}/sandbox/switches", json=values, timeout=30).raise_for_status()


def test_a_restored_ledger_adopts_what_was_triggered_since_the_backup(house: House, tmp_path: Path) -> None:
    plan(house, "tea", "rain")
    with house.open(batch_size=1) as workbench:
        workbench.keeping.backup(tmp_path / "backup")
    assert work(house) == {"published": 1}
    other = elsewhere(house, "other")
    with other.open() as workbench:
        workbench.keeping.restore(tmp_path / "backup")
        assert not (other.home / "data" / "acts.journal").exists()
        assert [one["scope"] for one in workbench.recover.behind()] == ["*"]

    assert work(other) == {"published": 1}

    assert triggers(house) == 1
    with other.open() as workbench:
        (told,) = (one for run in workbench.status()["runs"] for job in run["jobs"] for one in job["snapshots"])
        assert workbench.sql("SELECT count(*) FROM posts").fetchone()[0] > 0
        assert workbench.budget.spend()["total"] > 0  # it was paid, and counts here too
        assert workbench.recover.compare() == {
            told["dataset_id"]: {"here": 1, "there": 1, "adopted": 0, "ambiguous": []}
        }
        assert workbench.recover.behind() == []


def test_a_copied_home_and_the_original_pay_once_whoever_is_first(house: House) -> None:
    for number, (first, second) in enumerate((("home", "copy"), ("copy", "home"))):
        plan(house, f"tea{number}", name=f"Run {number}")
        shutil.rmtree(house.home.parent / "copy", ignore_errors=True)
        shutil.copytree(house.home, house.home.parent / "copy")
        before = triggers(house)
        for name in (first, second):
            assert work(elsewhere(house, name))["published"], name
        assert triggers(house) == before + 1, (first, second)
        if first == "copy":
            return


def test_an_older_ledger_that_is_put_back_is_found_out_by_the_journal(house: House, tmp_path: Path) -> None:
    plan(house, "tea")
    kept = tmp_path / "ledger.db"
    with house.open() as workbench:
        workbench.keeping.backup(tmp_path / "backup")
    shutil.copy(tmp_path / "backup" / "ledger.db", kept)
    work(house)
    remove_ledger(house)
    shutil.copy(kept, house.home / "data" / "ledger.db")
    with house.open() as workbench:
        assert ["an older file was put back" in one["why"] for one in workbench.recover.behind()] == [True]
        assert workbench.budget.spend()["today"] > 0  # what the journal reserved counts as spent

    assert work(house) == {"published": 1}
    assert triggers(house) == 1
    with house.open() as workbench:
        assert workbench.recover.behind() == []
        once = workbench.budget.spend()["total"]
        assert once == sum(one["micro_usd"] for one in workbench.budget.spend()["by_run"])  # and not twice once adopted


def test_a_removed_ledger_is_answered_by_what_is_there_unless_it_is_to_be_fresh(house: House) -> None:
    plan(house, "tea")
    work(house)
    remove_ledger(house)
    plan(house, "tea")
    with house.open() as workbench:
        assert ["it is new beside an old journal" in one["why"] for one in workbench.recover.behind()] == [True]
    assert (work(house), triggers(house)) == ({"published": 1}, 1)

    remove_ledger(house)
    plan(house, "tea", fresh=True)
    assert (work(house), triggers(house)) == ({"published": 1}, 2)


def test_another_limit_is_another_question(house: House) -> None:
    plan(house, "tea")
    work(house)
    remove_ledger(house)
    with house.open() as workbench:
        workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/tea/")
        workbench.start(workbench.plan(num_posts=7).hash)
    assert (work(house), triggers(house)) == ({"published": 1}, 2)


def test_a_list_is_asked_for_once_a_minute_and_each_unknown_id_once(house: House) -> None:
    other = elsewhere(house, "other")
    for number in range(3):
        plan(other, f"theirs{number}", name=f"Run {number}", fresh=True)
    work(other)
    before = house.ask("count")["requests"]
    with house.open(batch_size=1) as workbench:
        for number in range(6):
            workbench.collect.add_source("instagram", "posts", f"https://www.instagram.com/ours{number}/")
        workbench.start(workbench.plan(num_posts=3).hash)
        workbench.work(threads=4)
    after = house.ask("count")["requests"]
    asked = {name: after.get(name, 0) - before.get(name, 0) for name in ("list", "input", "trigger")}
    # One before the first order, and one that counts the rows of what came.
    assert asked == {"list": 2, "input": len(house.ask("triggers")) - 6, "trigger": 6}


def test_a_list_that_comes_later_delays_the_act_and_one_that_never_comes_does_not(house: House) -> None:
    plan(house, "tea")
    switch(house, server_error_500={"times": 2, "on": "list"})
    assert (work(house), triggers(house)) == ({"published": 1}, 1)
    switch(house, forbidden_403=1)
    plan(house, "rain", name="Rain")
    assert work(house)["published"] == 2
    with house.open() as workbench:
        assert list(workbench.recover.unlisted()) == ["gd_lk5ns7kz21pck8jpis"]
        assert "no permission" in (workbench.recover.list_refusal() or "")


def test_behind_and_without_a_list_a_person_decides(house: House, tmp_path: Path) -> None:
    plan(house, "tea")
    with house.open() as workbench:
        workbench.keeping.backup(tmp_path / "backup")
    other = elsewhere(house, "other")
    with other.open() as workbench:
        workbench.keeping.restore(tmp_path / "backup")
    switch(house, forbidden_403=1)
    assert (work(other), triggers(house)) == ({"planned": 1}, 0)
    with other.open() as workbench:
        assert {"ledger", "snapshot"} == {one["kind"] for one in workbench.todo()}
        found = workbench.recover.compare(settled=["gd_lk5ns7kz21pck8jpis"])
        assert found["gd_lk5ns7kz21pck8jpis"]["there"] is None
        assert workbench.todo() == []
    assert (work(other), triggers(house)) == ({"published": 1}, 1)


def test_what_the_vendor_does_not_tell_is_asked_about_once(house: House, tmp_path: Path) -> None:
    plan(house, "tea")
    with house.open() as workbench:
        workbench.keeping.backup(tmp_path / "backup")
    plan(house, "rain", name="Rain", fresh=True)
    work(house)
    there = {one["snapshot_id"] for one in house.ask("triggers")}
    switch(house, input_forgotten=1)
    other = elsewhere(house, "other")
    with other.open() as workbench:
        workbench.keeping.restore(tmp_path / "backup")
    assert work(other) == {"planned": 1}
    with other.open() as workbench:
        (found,) = workbench.recover.compare().values()
        assert set(found["ambiguous"]) == there
        workbench.recover.compare(foreign=sorted(there))
        assert workbench.todo() == []
    assert work(other) == {"published": 1}
    assert triggers(house) == len(there) + 1


def test_an_order_that_cannot_be_written_down_twice_is_not_sent(house: House) -> None:
    plan(house, "tea")
    journal = house.home / "data" / "acts.journal"
    journal.mkdir()  # as a disk that does not take it
    with house.open() as workbench:
        workbench.work(until_idle=False, limit=timedelta(seconds=1.5))
        assert workbench.budget.spend()["total"] == 0
    assert triggers(house) == 0
    journal.rmdir()
    assert (work(house), triggers(house)) == ({"published": 1}, 1)


def test_a_torn_last_line_is_ignored_and_spoils_no_other(house: House) -> None:
    plan(house, "tea")
    work(house)
    journal = house.home / "data" / "acts.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[: len(whole) // 2])
    with house.open() as workbench:
        assert workbench.recover.behind() == []
    plan(house, "rain", name="Rain")
    work(house)
    kinds = [one.kind for one in Journal(journal).entries()]
    assert kinds == ["snapshot", "snapshot"]
    assert journal.stat().st_mode & 0o077 == 0
    assert {"ledger_id", "seq", "kind", "key", "reserve", "at"} <= json.loads(whole.splitlines()[0]).keys()


def test_another_lake_is_refused_and_a_moved_home_goes_on(house: House, tmp_path: Path) -> None:
    plan(house, "tea")
    work(house)
    moved = house.home.rename(house.home.parent / "moved")
    with House(moved, house.sandbox).open() as workbench:
        assert workbench.sql("SELECT count(*) FROM posts").fetchone()[0] == 3
    (moved / "data" / "lake" / ".lake_id").write_text("0" * 32)
    with House(moved, house.sandbox).open() as workbench, pytest.raises(Refused, match="is about the lake"):
        workbench.sql("SELECT 1")
