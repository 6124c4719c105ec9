"""recover scan and adopt: what exists at Bright Data comes in once, whoever asks and however often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.cli.conftest import Home
from tests.collect.recover.conftest import DAY, HOUR, TEA, collected, ids, said
from tests.house import House, check_every_row_once, snapshots
from workbench.collect import scan
from workbench.collect.model import Source
from workbench.collect.scan import by_key
from workbench.db.clock import now
from workbench.db.schema import snapshot as table
from workbench.errors import BadInput, Transient
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

PROFILES = "gd_l1vikfch901nx3by4"
COFFEE = {"url": "https://www.instagram.com/coffee/"}


@pytest.fixture
def workbench(house: House) -> Iterator[Workbench]:
    with house.open() as workbench:
        yield workbench


def rows(workbench: Workbench) -> int:
    (found,) = workbench.sql("SELECT count(*) FROM posts").fetchone()
    return int(found)


# scan -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "flags", "standing", "days_left"),
    [
        pytest.param(DAY, {}, "unknown", 15.0, id="nobody's"),
        pytest.param(13 * DAY, {}, "expiring", 3.0, id="soon gone: a quarter of the retention"),
        pytest.param(11 * DAY, {}, "unknown", 5.0, id="not yet soon gone"),
        pytest.param(17 * DAY, {}, "expired", -1.0, id="gone by the retention"),
    ],
)
def test_a_stranger_stands_by_its_age(
    workbench: Workbench, sandbox: Sandbox, ago: timedelta, flags: dict[str, int], standing: str, days_left: float
) -> None:
    collected(sandbox, ago=ago, **flags)
    (found,) = workbench.recover.scan()

    assert (found.standing, found.days_left, found.state) == (standing, days_left, None)
    assert (found.platform, found.service, found.status, found.rows) == ("instagram", "posts", "ready", 3)


def test_what_we_brought_in_is_known_also_after_its_time(workbench: Workbench, sandbox: Sandbox) -> None:
    name = collected(sandbox)
    workbench.recover.adopt([name])
    sandbox.brightdata.world.store.db.run("UPDATE snapshot SET created = created - 86400 * 20")
    (found,) = workbench.recover.scan()

    assert (found.standing, found.state) == ("known", "published")


@pytest.mark.parametrize("state", ["expired", "failed"])
def test_what_was_given_up_here_and_is_there_goes_on(workbench: Workbench, sandbox: Sandbox, state: str) -> None:
    """The key of another account, say, for an afternoon."""
    name = collected(sandbox)
    workbench.recover.adopt([name], work=False)
    workbench.parts.ledger.write(
        lambda connection: connection.execute(table.update().values(state=state, next_at=None))
    )
    (found,) = workbench.recover.scan()
    assert (found.standing, found.state) == ("stalled", state)

    workbench.recover.requeue([name])
    workbench.work()
    assert [one["snapshot_id"] for one in snapshots(workbench)] == [name]
    assert workbench.sql("SELECT count(*) FROM posts").fetchone() == (3,)


def test_the_deadline_of_what_is_adopted_begins_with_its_adoption(workbench: Workbench, sandbox: Sandbox) -> None:
    """Bright Data may have to build an old one again, which takes as long as it takes."""
    name = collected(sandbox)
    sandbox.brightdata.world.store.db.run("UPDATE snapshot SET created = created - 86400 * 5")
    workbench.recover.adopt([name], work=False)
    with workbench.parts.ledger.read() as connection:
        row = connection.execute(select(table)).one()

    assert now() - row.triggered_at < HOUR
    assert now() - row.ready_at > 4 * DAY
    assert row.expires_at - row.ready_at == timedelta(days=16)


def test_what_of_ours_hangs_is_stalled(house: House, sandbox: Sandbox) -> None:
    sandbox.switch(never_ready=1, ready_after_seconds=0.5)
    house.start(num_posts=1)
    with house.open(stall_seconds=0.2) as workbench:
        workbench.work()

        assert Counter(str(one.standing) for one in workbench.recover.scan()) == {"stalled": 5}


def test_what_may_be_a_lost_triggers_is_unsure(house: House, sandbox: Sandbox) -> None:
    old = collected(sandbox, COFFEE)
    sandbox.switch(drop_after_trigger={"times": 1})
    with house.open(look_gaps="600") as workbench:
        lose_one(workbench)
        standings = {one.snapshot_id: str(one.standing) for one in workbench.recover.scan()}

    assert standings.pop(old) == "unknown"
    assert list(standings.values()) == ["unsure"]


def test_all_pages_of_every_dataset_are_read(
    workbench: Workbench, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    names = {collected(sandbox, TEA, posts=1) for _ in range(7)}
    names |= {collected(sandbox, TEA, dataset=PROFILES, by=None) for _ in range(3)}

    assert {one.snapshot_id for one in workbench.recover.scan()} == names
    assert len(workbench.recover.scan(["instagram/profiles"])) == 3


def small_pages(monkeypatch: pytest.MonkeyPatch, size: int = 2) -> None:
    from workbench.brightdata.client import BrightData

    whole = BrightData.list_snapshots
    monkeypatch.setattr(BrightData, "list_snapshots", lambda *args, **more: whole(*args, page_size=size, **more))


def test_since_a_day(workbench: Workbench, sandbox: Sandbox) -> None:
    collected(sandbox, ago=10 * DAY)
    young = collected(sandbox, ago=timedelta())

    assert [one.snapshot_id for one in workbench.recover.scan(since=(datetime.now(UTC) - 2 * DAY).date())] == [young]


# adopt ------------------------------------------------------------------------------------------------


def test_one_is_brought_in_with_its_inputs_and_matched_to_its_source(workbench: Workbench, sandbox: Sandbox) -> None:
    workbench.collect.add_source("instagram", "posts", TEA["url"], creator="Tea Club")
    name = collected(sandbox)
    other = collected(sandbox, COFFEE)
    told = workbench.recover.adopt([name])
    (run,) = workbench.status()["runs"]

    assert {key: told[key] for key in ("adopted", "already_known", "expired", "failed", "unmatched_rows")} == {
        "adopted": 1, "already_known": 0, "expired": 0, "failed": 0, "unmatched_rows": 0,
    }  # fmt: skip
    assert [one["snapshot_id"] for one in snapshots(workbench)] == [name]
    assert other not in ids(told["snapshots"])
    assert workbench.sql("SELECT DISTINCT creator, source_url FROM posts").fetchall() == [("Tea Club", TEA["url"])]
    assert (run["name"], run["rows"]) == ("Recovered", 3)


def test_the_source_of_an_input_is_told_by_all_that_tells_it_apart() -> None:
    spelled = (
        "https://www.youtube.com/watch?v=AbC", "https://www.youtube.com/watch?v=aBc",
        "https://www.youtube.com/@Tea", "https://www.youtube.com/shorts/Xy", "https://www.youtube.com/shorts/xY",
    )  # fmt: skip
    known = by_key(
        [
            Source(
                id=n,
                platform="youtube",
                service="posts",
                url=url,
                name="",
                creator=None,
                project=None,
                options={},
                enabled=True,
            )
            for n, url in enumerate(spelled, start=1)
        ],
        "youtube",
        "posts",
    )
    asked = {
        "https://youtube.com/watch?v=AbC&t=5": 1, "youtube.com/watch?v=aBc": 2, "youtube.com/watch?v=abc": None,
        "https://www.youtube.com/@tea/": 3, "youtube.com/shorts/xY": 5, "youtube.com/shorts/xy": None,
        "a [b] / c": None,
    }  # fmt: skip

    assert {text: scan._source_of("youtube", {"url": text}, known) for text in asked} == asked


@pytest.mark.parametrize(
    "asked",
    ["https://www.instagram.com/tea.club.two/", "https://www.instagram.com/tea/", "https://www.facebook.com/tea.club/"],
)
def test_rows_are_never_given_to_a_source_that_is_only_alike(
    workbench: Workbench, sandbox: Sandbox, asked: str
) -> None:
    workbench.collect.add_source("instagram", "posts", TEA["url"])
    name = collected(sandbox, {"url": asked})
    told = workbench.recover.adopt(everything=True)

    assert told["unmatched"] == [{"snapshot_id": name, "rows": 3}]
    assert told["unmatched_rows"] == 3
    assert workbench.sql("SELECT count(source_id) FROM posts").fetchone() == (0,)


def test_without_its_inputs_the_rows_still_come_and_say_whose_they_are(
    workbench: Workbench, sandbox: Sandbox, forget_inputs: Callable[[str], None]
) -> None:
    """Bright Data forgets what was asked; each row repeats it."""
    workbench.collect.add_source("instagram", "posts", TEA["url"], creator="Tea Club")
    forget_inputs(collected(sandbox))
    told = workbench.recover.adopt(everything=True)

    assert (told["adopted"], told["unmatched_rows"]) == (1, 0)
    assert workbench.sql("SELECT DISTINCT creator FROM posts").fetchall() == [("Tea Club",)]


def test_what_cannot_be_had_is_named(workbench: Workbench, sandbox: Sandbox) -> None:
    good = collected(sandbox)
    bad = {
        collected(sandbox, expired=1): "expired",
        collected(sandbox, outcome="failed", error_message="Internal Server Error"): "failed",
        collected(sandbox, outcome="canceled"): "canceled",
        (gone := collected(sandbox)): "expired",
    }
    # Listed, and gone when it is asked for.
    found = workbench.recover.scan()
    sandbox.brightdata.world.store.db.run("DELETE FROM snapshot WHERE id = ?", (gone,))
    workbench.recover.scan = lambda *_, **__: found  # type: ignore[method-assign]
    told = workbench.recover.adopt(everything=True)

    assert (told["adopted"], told["expired"], told["failed"]) == (1, 2, 1)
    assert {one["snapshot_id"]: one["state"] for one in told["snapshots"]} == bad | {good: "published"}
    assert rows(workbench) == 3
    query = "SELECT snapshot_id, error, error_code FROM brightdata_snapshots WHERE status = 'failed'"
    errors = {name: (error, code) for name, error, code in workbench.sql(query).fetchall()}
    assert errors.keys() == bad.keys()
    assert all(error and code for error, code in errors.values()), errors
    assert ("Internal Server Error", "failed") in errors.values()
    assert ("canceled at Bright Data", "canceled") in errors.values()
    assert errors[gone][0].startswith("Snapshot not found")  # the reason first, the address after it


def test_twice_is_once(workbench: Workbench, sandbox: Sandbox, house: House) -> None:
    for _ in range(3):
        collected(sandbox)
    workbench.recover.adopt(everything=True)
    head = workbench.parts.ledger.head()
    again = workbench.recover.adopt(everything=True)

    assert (again["adopted"], again["already_known"]) == (0, 3)
    assert workbench.parts.ledger.head() == head
    assert check_every_row_once(house, workbench) == 9


def test_from_two_processes_at_once_is_once(house: House, sandbox: Sandbox) -> None:
    for n in range(8):
        collected(sandbox, {"url": f"https://www.instagram.com/page{n}/"}, posts=2)
    crew = [house.command("recover", "adopt", "--all", "--json") for _ in range(2)]
    told, codes = zip(*map(said, crew), strict=True)
    with house.open() as workbench:
        assert codes == (0, 0)
        assert sum(one["adopted"] for one in told) == 8
        assert len(snapshots(workbench)) == 8
        assert check_every_row_once(house, workbench) == 16


def test_one_that_the_vendor_does_not_list_is_refused(workbench: Workbench) -> None:
    with pytest.raises(BadInput, match="lists no snapshot sd_nothing"):
        workbench.recover.adopt(["sd_nothing"])


def test_saying_nothing_is_refused(workbench: Workbench) -> None:
    with pytest.raises(BadInput, match="--all"):
        workbench.recover.adopt()


def test_a_hiccup_of_the_vendor_costs_a_second_try(workbench: Workbench, sandbox: Sandbox, house: House) -> None:
    for _ in range(4):
        collected(sandbox)
    sandbox.switch(server_error_500={"times": 2, "on": "input"})
    told = workbench.recover.adopt(everything=True)

    assert told["adopted"] == 4
    assert check_every_row_once(house, workbench) == 12


def test_what_could_not_be_asked_about_is_said_and_the_rest_is_in(
    workbench: Workbench, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PAUSES", (timedelta(),) * 3)
    for _ in range(2):
        collected(sandbox)
    sandbox.switch(server_error_500={"times": 7, "on": "input"})
    with pytest.raises(Transient, match="1 of 2 snapshots were not brought in"):
        workbench.recover.adopt(everything=True)
    assert rows(workbench) == 3
    sandbox.switch(server_error_500=0)

    assert workbench.recover.adopt(everything=True)["adopted"] == 1
    assert rows(workbench) == 6


def test_what_is_soonest_gone_is_brought_in_before_all_that_is_due(workbench: Workbench, sandbox: Sandbox) -> None:
    workbench.collect.add_source("instagram", "posts", COFFEE["url"])
    workbench.start(workbench.plan(num_posts=3).hash)
    young, old = (collected(sandbox, ago=ago) for ago in (DAY, 15 * DAY))
    workbench.recover.adopt(everything=True, work=False)
    with workbench.parts.ledger.read() as connection:
        due = connection.execute(select(table.c.provider_id).order_by(table.c.next_at)).scalars().all()

    assert due == [old, young, None]


def test_what_is_soon_gone_and_not_here_is_told(workbench: Workbench, sandbox: Sandbox) -> None:
    soon, _ = (collected(sandbox, ago=ago) for ago in (13 * DAY, DAY))
    workbench.recover.adopt(everything=True, work=False)
    (entry,) = workbench.todo()
    workbench.work()

    assert (entry["kind"], entry["id"], entry["command"]) == ("snapshot", soon, "workbench work --until-idle")
    assert entry["why"].startswith("3.0 days left at Bright Data")
    assert workbench.todo() == []


def test_a_nightly_adopt_is_red_once_for_what_is_lost(house: House, sandbox: Sandbox) -> None:
    gone = collected(sandbox, expired=1)
    first, again = (house.here("recover", "adopt", "--all", "--json") for _ in range(2))

    assert (first.code, first.json["newly_lost"], first.json["expired"]) == (1, [gone], 1)
    assert (again.code, again.json["newly_lost"], again.json["expired"]) == (0, [], 1)


# beside lost triggers -----------------------------------------------------------------------------------


def lose_one(workbench: Workbench) -> None:
    """Trigger one snapshot whose answer is lost, and look for it once."""
    workbench.collect.add_source("instagram", "posts", TEA["url"])
    workbench.start(workbench.plan(num_posts=3).hash)
    assert workbench.parts.worker.advance(workbench.parts.worker._flows[0])


def test_a_lost_triggers_snapshot_is_left_to_its_own_look(house: House, sandbox: Sandbox) -> None:
    """Adopted as a stranger it would be nobody's match any more, and be sent and paid once more."""
    sandbox.switch(drop_after_trigger={"times": 1})
    with house.open(look_gaps="1") as workbench:
        lose_one(workbench)
        told = workbench.recover.adopt(everything=True)
        (one,) = snapshots(workbench)

        assert (told["adopted"], one["state"], one["rows"]) == (0, "published", 3)
        assert house.ask("count")["triggers_accepted"] == 1
        assert told["waiting"] == []


def test_what_may_be_a_lost_triggers_waits_for_a_person_where_nobody_can_tell(
    house: House, sandbox: Sandbox, forget_inputs: Callable[[str], None]
) -> None:
    sandbox.switch(drop_after_trigger={"times": 1})
    with house.open(look_gaps="0.1") as workbench:
        lose_one(workbench)
        (name,) = (one.snapshot_id for one in workbench.recover.scan())
        forget_inputs(name)
        told = workbench.recover.adopt(everything=True)

        assert (told["adopted"], told["waiting"]) == (0, [{"snapshot_id": name, "state": None}])
        assert (house.ask("count")["triggers_accepted"], len(workbench.todo())) == (1, 1)
        (entry,) = workbench.todo()
        assert name in entry["why"]
        workbench.recover.resolve(entry["id"], adopt=name)
        workbench.work()
        assert rows(workbench) == 3


def test_what_a_network_doubled_is_cancelled_and_told(house: House, sandbox: Sandbox) -> None:
    """Our request came through once, and its copy a moment later."""
    sandbox.switch(ready_after_seconds=30)
    with house.open() as workbench:
        lose_one(workbench)
        copy = collected(sandbox, *asked(workbench), ago=timedelta(), ends=10**10)
        told = workbench.recover.adopt(everything=True, work=False)
        again = workbench.recover.adopt(everything=True, work=False)
        (mine,) = (one["snapshot_id"] for one in snapshots(workbench) if one["state"] == "triggered")

        for one in (told, again):
            assert one["duplicates"] == [
                {"snapshot_id": copy, "said": f"DUPLICATE SPEND: the same as {mine}, asked once; {copy} was cancelled"}
            ]
        assert (told["adopted"], house.ask("count")["cancels"]) == (0, 1)


def asked(workbench: Workbench) -> list[dict[str, str]]:
    with workbench.parts.ledger.read() as connection:
        return list(connection.execute(select(table.c.inputs).limit(1)).scalar_one())


def test_a_twin_on_its_way_is_no_double(house: House, sandbox: Sandbox) -> None:
    """Ours too, ordered on purpose a moment later; its answer is not here yet."""
    sandbox.switch(ready_after_seconds=30)
    with house.open() as workbench:
        lose_one(workbench)
        workbench.start(workbench.plan(num_posts=3, name="twin").hash, fresh=True)
        twin = table.update().where(table.c.provider_id.is_(None))
        values = {"acts": 1, "armed": True, "intent_id": "twin", "armed_at": now(), "lease_owner": "somebody alive"}
        workbench.parts.ledger.write(lambda connection: connection.execute(twin.values(values)))
        collected(sandbox, *asked(workbench), ago=timedelta(), ends=10**10)
        told = workbench.recover.adopt(everything=True, work=False)

        assert (told["adopted"], told["duplicates"]) == (0, [])
        assert house.ask("count")["cancels"] == 0


@pytest.mark.parametrize("ago", [HOUR, 5 * DAY], ids=["an hour ago", "days ago"])
def test_the_same_asked_at_another_time_is_no_double(house: House, sandbox: Sandbox, ago: timedelta) -> None:
    sandbox.switch(ready_after_seconds=30)
    with house.open() as workbench:
        lose_one(workbench)
        copy = collected(sandbox, *asked(workbench), ago=ago)
        told = workbench.recover.adopt(everything=True, work=False)

        assert (told["adopted"], told["duplicates"]) == (1, [])
        assert copy in ids(told["snapshots"])


def test_the_command_says_what_was_not_to_be_had_and_exits_1(house: House, sandbox: Sandbox) -> None:
    collected(sandbox)
    name = collected(sandbox, expired=1)
    done = house.here("recover", "adopt", "--all", "--json")

    assert (done.code, done.json["adopted"], done.json["expired"]) == (1, 1, 1)
    assert {"snapshot_id": name, "state": "expired"} in done.json["snapshots"]


def test_practice_has_old_snapshots_of_a_stranger_that_can_be_brought_in(tmp_path: Path) -> None:
    home = Home(tmp_path)
    try:
        found = home.here("recover", "scan", "--json").json
        assert Counter(one["standing"] for one in found) == {"unknown": 2, "expiring": 1}
        assert {one["platform"] for one in found} == {"youtube", "tiktok", "x"}, "the demo asks none of them"
        adopted = home.here("recover", "adopt", "--all", "--json")
        assert (adopted.code, adopted.json["adopted"]) == (0, 3), adopted.err
        rows = "SELECT platform, count(*) AS n FROM {} GROUP BY ALL ORDER BY ALL"
        tables = {name: home.here("sql", rows.format(name), "--json").json for name in ("posts", "profiles")}
        assert tables == {
            "posts": [{"platform": "tiktok", "n": 11}, {"platform": "youtube", "n": 6}],
            "profiles": [{"platform": "x", "n": 1}],
        }
        assert home.here("sql", "SELECT count(*) AS n FROM rejects", "--json").json == [{"n": 1}]
        assert home.here("spend", "show", "--check", "--json").json["differences"] == []
        assert home.sandbox("count")["triggers_accepted"] == 0

        home.stop()  # what was done to them is known to the next sandbox of the home
        assert {one["standing"] for one in home.here("recover", "scan", "--json").json} == {"known"}
        home.sandbox("reset", now=True)
        home.stop()
        assert home.here("recover", "scan", "--json").json == []
    finally:
        home.stop()
