"""A backup is proved by restoring it: another folder, the same answers."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.house import House
from tests.lake.test_compact import answers
from workbench.errors import BadInput
from workbench.workbench import Workbench, open_workbench


def test_a_restored_home_answers_the_same(workbench: Workbench, tmp_path: Path) -> None:
    workbench.keeping.compact()
    expected = answers(workbench)
    workbench.keeping.backup(tmp_path / "backup")

    with open_workbench(tmp_path / "elsewhere") as restored:
        told = restored.keeping.restore(tmp_path / "backup")

        assert (told["differs"], told["lost"], told["chain_broken_at"]) == ([], [], None)
        assert answers(restored) == expected


def test_a_second_backup_copies_only_what_is_new(house: House, workbench: Workbench, tmp_path: Path) -> None:
    workbench.keeping.backup(tmp_path / "backup")
    first = {path: path.stat().st_ino for path in (tmp_path / "backup" / "lake").rglob("*.zst")}
    house.start(["fog"])
    workbench.work()

    workbench.keeping.backup(tmp_path / "backup")

    second = {path: path.stat().st_ino for path in (tmp_path / "backup" / "lake").rglob("*.zst")}
    assert first.items() < second.items()


def test_a_backup_is_made_while_others_write(house: House, workbench: Workbench, tmp_path: Path) -> None:
    house.start(["fog", "sea"])
    worker = house.command("work", "--until-idle")

    told = workbench.keeping.backup(tmp_path / "backup")

    worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert (told["lost"], told["chain_broken_at"]) == ([], None)
    with sqlite3.connect(tmp_path / "backup" / "ledger.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_the_lake_lost_is_named(workbench: Workbench, tmp_path: Path) -> None:
    victim = next(workbench.settings.lake.rglob("*.posts.parquet"))
    victim.unlink()

    told = workbench.keeping.backup(tmp_path / "backup")

    assert told["lost"] == [victim.relative_to(workbench.settings.lake).as_posix()]


def test_a_file_that_was_changed_is_not_taken_for_the_real_one(workbench: Workbench, tmp_path: Path) -> None:
    victim = next(workbench.settings.lake.rglob("*.posts.parquet"))
    victim.write_bytes(b"PAR1 something else PAR1")

    assert workbench.keeping.backup(tmp_path / "backup")["lost"] == [
        victim.relative_to(workbench.settings.lake).as_posix()
    ]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(lambda home, backup: None, "is no backup", id="a folder that is none"),
        pytest.param(lambda home, backup: backup.mkdir(), "is no backup", id="an empty folder"),
    ],
)
def test_what_is_no_backup_is_refused(tmp_path: Path, prepare: object, words: str) -> None:
    backup = tmp_path / "backup"
    prepare(tmp_path / "home", backup)  # type: ignore[operator]

    with open_workbench(tmp_path / "home") as workbench, pytest.raises(BadInput, match=words):
        workbench.keeping.restore(backup)


def test_a_backup_of_the_other_mode_is_refused_before_anything_is_copied(workbench: Workbench, tmp_path: Path) -> None:
    workbench.keeping.backup(tmp_path / "backup")
    live = {"mode": "live", "brightdata_api_key": "a-key-of-sixteen-signs"}

    with open_workbench(tmp_path / "other", **live) as other, pytest.raises(BadInput, match="of practice mode"):
        other.keeping.restore(tmp_path / "backup")
    assert not list((tmp_path / "other").rglob("*.parquet"))


def test_a_home_with_a_ledger_is_never_overwritten(workbench: Workbench, tmp_path: Path) -> None:
    workbench.keeping.backup(tmp_path / "backup")

    with pytest.raises(BadInput, match="has a ledger already"):
        workbench.keeping.restore(tmp_path / "backup")


def test_a_backup_inside_the_data_is_refused(workbench: Workbench) -> None:
    with pytest.raises(BadInput, match="elsewhere"):
        workbench.keeping.backup(workbench.settings.data / "backup")
