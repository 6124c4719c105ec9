"""Several workers on one ledger, and live mode against whatever speaks the documented API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.house import (
    DATES,
    MINUTE,
    House,
    check_every_row_once,
    check_triggers,
    snapshots,
    sources_csv,
    states,
)
from workbench.errors import Misconfigured, Refused
from workbench.secret import encodings

KEY = "canary-5f0c1b7e-do-not-leak-me"
NAMES = ("tea", "coffee", "patchy.two")


@pytest.mark.parametrize("threads", [1, 8])
def test_several_threads(house: House, threads: int) -> None:
    house.start(NAMES, batch_size=1)
    with house.open() as workbench:
        workbench.work(threads=threads, limit=MINUTE)
        check_every_row_once(house, workbench)

        assert house.ask("count")["triggers_accepted"] == len(snapshots(workbench)) == 15
        assert states(workbench).keys() <= {"published", "empty"}


def test_three_processes(house: House) -> None:
    house.start(NAMES, batch_size=1)
    workers = [house.command("work", "--until-idle", "--json") for _ in range(3)]
    said = [worker.communicate(timeout=60) for worker in workers]
    with house.open() as workbench:
        check_every_row_once(house, workbench)
        check_triggers(house, workbench)

        assert [worker.returncode for worker in workers] == [0, 0, 0], said
        assert house.ask("count")["trigger_requests"] == len(snapshots(workbench)) == 15
        assert sum(json.loads(out)["steps"] for out, _ in said) >= 15 * 5


def live(house: House) -> dict[str, str]:
    return {"mode": "live", "brightdata_api_key": KEY, "brightdata_url": house.sandbox.url}


def leaks(home: Path) -> list[str]:
    """Files below `home` that hold the key in any spelling."""
    forms = [form.encode() for form in encodings(KEY)]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if any(form in path.read_bytes() for form in forms)]


def test_live_mode_against_any_server_of_that_api(house: House) -> None:
    sources = sources_csv(house.home / "sources.csv", NAMES)
    asked = ("collect", "run", "--sources", str(sources), "--start", DATES["start"], "--end", DATES["end"])
    done = house.here(*asked, "--num-posts", "4", "--yes", "--wait", "--json", **live(house))
    with house.open(**live(house)) as workbench:
        check_every_row_once(house, workbench)

        assert done.code == 0, done.err
        assert done.json["run_id"] == workbench.status()["runs"][0]["run_id"]
        assert states(workbench).keys() <= {"published", "empty"}
    assert leaks(house.home) == []
    assert KEY not in done.out + done.err


def test_the_key_is_in_no_file_when_the_vendor_refuses_it(house: House) -> None:
    """The words of a refusal, errors and logs are where keys leak."""
    sources = sources_csv(house.home / "sources.csv", ("tea",))
    house.sandbox.switch(ban={"times": 2}, server_error_500={"times": 2, "on": "progress"})
    arguments = ("collect", "run", "--sources", str(sources), "--yes", "--wait")
    done = house.here(*arguments, **live(house))

    assert leaks(house.home) == []
    assert KEY not in done.out + done.err


def test_live_mode_without_a_key_says_what_is_missing_and_sends_nothing(house: House) -> None:
    sources = sources_csv(house.home / "sources.csv", ("tea",))
    settings = {"mode": "live", "brightdata_url": house.sandbox.url}
    done = house.here("collect", "run", "--sources", str(sources), "--yes", "--wait", **settings)

    assert done.code == 2
    assert "live mode needs BRIGHTDATA_API_KEY" in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert house.ask("count")["trigger_requests"] == 0


def test_a_wrong_key_stops_the_work_and_loses_nothing(house: House) -> None:
    settings = live(house) | {"brightdata_api_key": "too-short"}
    run = house.start(("tea",), **settings)
    with house.open(**settings) as workbench:
        with pytest.raises(Misconfigured, match="Check BRIGHTDATA_API_KEY"):
            workbench.work(limit=MINUTE)

        assert states(workbench) == {"planned": 5}
        assert workbench.collect.spent_micro_usd(run) == 0
    with house.open(**live(house)) as workbench:
        workbench.work(limit=MINUTE)
        check_every_row_once(house, workbench)

        assert states(workbench).keys() <= {"published", "empty"}


def test_the_ledger_of_the_other_mode_is_refused_untouched(house: House) -> None:
    house.start(("tea",))
    ledger = house.home / "data/ledger.db"
    before = ledger.read_bytes()
    with house.open(**live(house)) as workbench, pytest.raises(Refused, match="belongs to practice mode"):
        workbench.plan(num_posts=1)

    assert ledger.read_bytes() == before
