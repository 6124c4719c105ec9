"""A body that is not whole, not ours, or there twice: what each command does about it, with wrong answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Home, empty, founded, home
from tests.collect.recover.conftest import TEA

__all__ = ["empty", "founded", "home"]

FAST = {"WORKBENCH_POLL_SECONDS": "0.02", "WORKBENCH_BACKOFF_SECONDS": "0.01"}
SOURCE = ("sources", "add", "instagram", "posts", TEA["url"])
WRONG = ["empty_body", "blank_body", "short_body", "doubled_body", "foreign_body"]


@pytest.fixture
def house(home: Home) -> Home:
    """A home with one source, and a stand-in that is quick; somebody else's snapshot lies there."""
    home.settings.update(FAST)
    assert home.here(*SOURCE).code == 0
    home.sandbox("switches", ready_after_seconds=0)
    return home


def collect(house: Home, *more: str, handle: str = "tea.club", posts: int = 4) -> Any:
    house.sources(handle)
    words = ("collect", "run", "--sources", "sources.csv", "--num-posts", str(posts), "--wait", "--json", *more)
    return house.here(*words)


def the_one(house: Home) -> dict[str, Any]:
    (job,) = house.here("status", "--json").json["runs"][0]["jobs"]
    return dict(job["snapshots"][0])


def rows(house: Home) -> int:
    (found,) = house.here("sql", "SELECT count(*) AS n FROM posts", "--json").json
    return int(found["n"])


def mended(house: Home, *command: str) -> int:
    assert house.here("recover", *command, "--json").code == 0, command
    assert house.here("work", "--until-idle", "--timeout", "120").code == 0
    return rows(house)


@pytest.mark.parametrize("how", WRONG)
def test_each_wrong_answer_waits_and_the_named_command_mends_it(house: Home, how: str) -> None:
    collect(house, handle="coffee.club")
    before = rows(house)
    house.sandbox("switches", **{how: 1})
    done = collect(house)
    held, (todo,) = the_one(house), house.here("todo", "--json").json

    assert (done.code, held["state"], held["attention"]) == (3, "downloaded", "person"), done.err
    assert (rows(house), todo["id"]) == (before, held["snapshot_id"])
    assert todo["command"] == f"workbench recover requeue {held['key']}"

    house.sandbox("switches", **{how: 0})

    assert mended(house, *todo["command"].split()[2:]) == before + 4
    assert house.here("todo", "--json").json == []


def test_a_person_takes_it_as_it_is_or_leaves_it(house: Home) -> None:
    house.sandbox("switches", short_body=1)
    collect(house)
    name = the_one(house)["snapshot_id"]

    assert house.here("recover", "resolve", name, "--publish", "--reason", "enough").code == 0
    assert house.here("work", "--until-idle").code == 0
    taken = the_one(house)
    assert (taken["state"], rows(house), "enough" in taken["reason"]) == ("published", 2, True)
    # What was taken as it is, is not in doubt again, unless somebody asks for the rest.
    assert house.here("recover", "scan", "--dataset", "instagram/posts", "--json").json[0]["standing"] == "known"
    house.sandbox("switches", short_body=0)
    assert mended(house, "requeue", name) == 4

    house.sandbox("switches", short_body=1)
    collect(house, "--fresh")
    name = the_one(house)["snapshot_id"]
    assert house.here("recover", "resolve", name, "--drop").code == 0
    assert (the_one(house)["state"], rows(house), house.here("todo", "--json").json) == ("failed", 4, [])
    house.sandbox("switches", short_body=0)
    assert house.here("recover", "resolve", name, "--drop").code == 2


@pytest.mark.parametrize("command", ["requeue", "reprocess", "adopt"])
def test_an_empty_that_was_wrong_is_mended(house: Home, command: str) -> None:
    """As a ledger of before has it: an empty answer became `empty`, and nobody had asked for a count."""
    house.sandbox("switches", empty_body=1)
    collect(house)
    name = the_one(house)["snapshot_id"]
    assert house.here("recover", "resolve", name, "--publish").code == 0
    house.here("work", "--until-idle")
    assert the_one(house)["state"] == "empty"
    _forget_who_took_it(house)
    house.sandbox("switches", empty_body=0)
    if command == "adopt":
        (found,) = house.here("recover", "scan", "--dataset", "instagram/posts", "--json").json
        assert found["standing"] == "short"

    assert mended(house, command, name) == 4
    assert house.here("spend", "show", "--check", "--json").json["differences"] == []


def _forget_who_took_it(house: Home) -> None:
    from workbench.db.schema import snapshot
    from workbench.workbench import open_workbench

    with open_workbench(home=house.folder, mode="practice") as workbench, workbench.parts.ledger.read() as connection:
        (row,) = connection.execute(snapshot.select()).mappings().all()
        raw = {key: value for key, value in row["raw"].items() if key not in ("accepted", "accepted_by", "vendor_rows")}
        workbench.parts.ledger.write(lambda writing: writing.execute(snapshot.update().values(raw=raw)))


def test_what_the_vendor_lost_meanwhile_stays_as_it_was(house: Home) -> None:
    collect(house)
    name = the_one(house)["snapshot_id"]
    house.sandbox("switches", expired=1)

    assert mended(house, "requeue", name) == 4
    assert (the_one(house)["state"], "what was read before stays" in the_one(house)["reason"]) == ("published", True)


def test_a_file_that_repeats_itself_waits_too(house: Home) -> None:
    line = '{"url": "https://www.instagram.com/p/A1/", "post_id": "1", "user_posted": "tea.club", "likes": 1}\n'
    house.write("twice.ndjson", (line + line.replace("1", "2")) * 2)
    done = house.here("import", "twice.ndjson", "--dataset", "instagram/posts", "--json")

    assert (done.code, done.json["state"], rows(house)) == (3, "downloaded", 0)
    assert house.here("recover", "requeue", done.json["snapshot_id"]).code == 2
    assert house.here("recover", "resolve", done.json["snapshot_id"], "--publish").code == 0
    assert house.here("work", "--until-idle").code == 0
    assert rows(house) == 4


def test_an_import_starts_no_stand_in_and_needs_no_key(empty: Home) -> None:
    line = '{"url": "https://www.instagram.com/p/A1/", "post_id": "1", "user_posted": "tea.club", "likes": 1}\n'
    empty.write("one.ndjson", line)
    done = empty.here("import", "one.ndjson", "--dataset", "instagram/posts", "--json")

    assert (done.code, done.json["state"]) == (0, "published")
    assert not (empty.folder / "data" / "sandbox").exists()
