"""What the manifest names and the disk lacks is told wherever people look, and made again; a ledger knows its lake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Home, empty, founded, home
from workbench.errors import Refused
from workbench.workbench import open_workbench

__all__ = ["empty", "founded", "home"]

ROW = '{"url": "https://www.instagram.com/p/A%d/", "post_id": "%d", "user_posted": "tea", "likes": %d}\n'


def imported(house: Home, name: str, *numbers: int) -> str:
    house.write(name, "".join(ROW % (number, number, number) for number in numbers))
    done = house.here("import", name, "--dataset", "instagram/posts", "--json")
    assert done.code == 0, done.err
    return str(done.json["snapshot_id"])


def lake_files(house: Home, pattern: str) -> list[Path]:
    return sorted((house.folder / "data" / "lake").rglob(pattern))


def counted(house: Home) -> tuple[int, int]:
    """How many posts a question finds, and its exit code."""
    done = house.here("sql", "SELECT count(*) AS n FROM posts", "--json")
    return int(done.json[0]["n"]), done.code


def checks(house: Home) -> dict[str, Any]:
    return {one["name"]: one for one in house.here("doctor", "--json").json["checks"]}


@pytest.fixture
def two(empty: Home) -> Home:
    imported(empty, "one.ndjson", 1, 2)
    imported(empty, "two.ndjson", 3, 4, 5)
    return empty


def test_a_table_that_is_gone_is_told_and_made_again(two: Home) -> None:
    gone = lake_files(two, "*.posts.parquet")[0]
    gone.unlink()
    done = two.here("sql", "SELECT count(*) AS n FROM posts", "--json")
    (entry,) = two.here("todo", "--json").json

    assert (done.json[0]["n"] in (2, 3), done.code) == (True, 1)
    assert gone.name in done.err
    assert "recover reprocess" in done.err
    assert gone.name in entry["why"]
    assert "missing in the tables" in entry["why"]
    assert checks(two)["files"]["status"] == "error"
    assert two.here("sql", "SELECT count(*) FROM runs").code == 0  # it is not made of the file
    assert two.here(*entry["command"].split()[1:]).code == 0
    assert (counted(two), two.here("todo", "--json").json, gone.is_file()) == ((5, 0), [], True)


def test_a_compacted_file_that_is_gone_is_read_from_the_small_ones(two: Home) -> None:
    assert two.here("compact").code == 0
    for path in lake_files(two, ".compact/posts/*.parquet"):
        path.unlink()
    (entry,) = two.here("todo", "--json").json

    assert (counted(two), entry["command"]) == ((5, 0), "workbench compact")
    assert two.here("compact").code == 0
    assert (counted(two), two.here("todo", "--json").json) == ((5, 0), [])


def test_a_raw_file_that_nobody_has_leaves_the_tables_as_they_are(two: Home) -> None:
    for path in lake_files(two, "*.raw.*"):
        path.unlink()
    done = two.here("recover", "reprocess", "--dataset", "gd_lk5ns7kz21pck8jpis")

    assert (done.code, "workbench import FILE" in done.err) == (1, True)
    assert counted(two) == (5, 0)
    assert two.here("sql", "SELECT count(*) FROM records").code == 1


def test_a_serving_copy_that_is_old_says_so_and_is_made_anew(two: Home) -> None:
    two.here("compact")
    fresh = checks(two)["serving copy"]
    assert two.here("sources", "add", "instagram", "posts", "https://www.instagram.com/tea.club/").code == 0
    old = checks(two)["serving copy"]

    assert (fresh["status"], old["status"], "workbench compact" in old["cure"]) == ("ok", "warning", True)
    assert "1 events ago" in old["found"]
    two.here("compact")
    assert checks(two)["serving copy"]["status"] == "ok"


def test_two_homes_with_lakes_of_their_own_on_one_ledger_are_refused(tmp_path: Path) -> None:
    shared = f"sqlite:///{tmp_path / 'ledger.db'}"
    first, second = (tmp_path / name for name in ("one", "two"))
    for folder in (first, second):
        folder.mkdir()
    for _ in range(2):
        with open_workbench(home=first, ledger_url=shared) as workbench:
            assert workbench.todo() == []
    with pytest.raises(Refused, match="is about the lake"), open_workbench(home=second, ledger_url=shared) as workbench:
        workbench.todo()
    # The same lake, brought along or seen by both.
    (second / "data" / "lake" / ".lake_id").write_text((first / "data" / "lake" / ".lake_id").read_text())
    with open_workbench(home=second, ledger_url=shared) as workbench:
        assert workbench.todo() == []


def test_a_moved_home_goes_on_and_a_lake_of_another_is_refused(two: Home, tmp_path_factory: Any) -> None:
    moved = tmp_path_factory.mktemp("elsewhere") / "home"
    two.folder.rename(moved)
    there = Home(moved)
    assert counted(there) == (5, 0)
    (moved / "data" / "lake" / ".lake_id").unlink()  # restored from a backup of before
    assert counted(there) == (5, 0)
    (moved / "data" / "lake" / ".lake_id").write_text("0" * 32)
    refused = there.here("todo")
    assert (refused.code, ".lake_id" in refused.err) == (2, True)
