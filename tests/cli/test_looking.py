"""Looking changes nothing: a question makes no home, a plan registers nothing."""

from __future__ import annotations

import json

from tests.cli.conftest import Home


def test_a_question_creates_nothing_in_a_folder_that_is_no_home(empty: Home) -> None:
    asked = (
        ("status", "--json"), ("todo", "--json"), ("sql", "SELECT count(*) FROM posts", "--json"),
        ("folders", "--json"), ("doctor", "--json"), ("spend", "show", "--json"),
    )  # fmt: skip
    done = {words[0]: empty.here(*words) for words in asked}

    assert {name: one.code for name, one in done.items()} == dict.fromkeys(done, 0), {
        name: one.err for name, one in done.items() if one.code
    }
    assert list(empty.folder.rglob("*")) == []
    assert done["status"].json["runs"] == []
    assert done["doctor"].json["home"] == str(empty.folder)
    assert str(empty.folder) in next(one["found"] for one in done["doctor"].json["checks"] if one["name"] == "home")


def test_a_home_whose_ledger_is_gone_is_not_called_well(home: Home) -> None:
    line = {
        "ledger_id": "another", "mode": "practice", "seq": 7, "hash": "x", "kind": "snapshot", "reserve": 5000,
        "scope": "gd_lk5ns7kz21pck8jpis", "key": "k", "intent_id": "i", "at": "2026-11-01T10:00:00.000000Z",
    }  # fmt: skip
    home.write("data/acts.journal", json.dumps(line) + "\n")
    (home.folder / "data" / "ledger.db").unlink()
    home.settings["WORKBENCH_BRIGHTDATA_URL"] = "http://127.0.0.1:9"

    checks = {one["name"]: one for one in home.here("doctor", "--json").json["checks"]}

    assert checks["journal"]["status"] == "warning"
    assert "it is new beside an old journal" in checks["journal"]["found"]
    assert home.here("spend", "show", "--json").json["total_usd"] == 0.005


def test_a_plan_registers_nothing_and_a_start_does_and_says_so(home: Home) -> None:
    home.sources("a.club", "b.club")
    words = ("--sources", "sources.csv", "--num-posts", "2", "--name", "Tea")

    plan = home.here("collect", "plan", *words, "--json").json
    assert home.here("sources", "list", "--json").json == []
    assert home.here("collect", "plan", *words, "--json").json["plan_hash"] == plan["plan_hash"]

    started = home.here("collect", "start", plan["plan_hash"], "--json").json
    assert (started["sources_added"], started["sources_changed"], started["snapshots"]) == (2, 0, 1)
    names = [one["url"] for one in home.here("sources", "list", "--json").json]
    assert names == ["https://www.instagram.com/a.club/", "https://www.instagram.com/b.club/"]

    # The same file, whose lines are sources by now, is the same plan: it is at work already.
    again = home.here("collect", "run", *words, "--yes", "--json").json
    assert (again["run_id"], again["plan_hash"]) == (started["run_id"], plan["plan_hash"])


def test_an_estimate_is_the_most_it_can_cost_or_says_that_it_is_not(home: Home) -> None:
    header = "name,platform,service,url,creator,project,options\n"
    home.write("c.csv", header + "C,instagram,comments,https://www.instagram.com/p/A/,,,\n")
    words = ("--sources", "c.csv", "--num-posts", "1")

    plan = home.here("collect", "plan", *words, "--json").json
    assert (plan["records"], plan["open_ended"]) == (20, True)
    assert "OPEN-ENDED" in home.here("collect", "plan", *words).out
    assert "cap is $0.0030" in home.here("collect", "run", *words, "--yes", WORKBENCH_CAP_RUN_USD="0.003").err
    refused = home.here("collect", "run", *words, WORKBENCH_CAP_RUN_USD="0.5")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert home.here("collect", "start", plan["plan_hash"], WORKBENCH_CAP_RUN_USD="0.5").code == 2
    assert home.here("collect", "start", plan["plan_hash"], "--yes", WORKBENCH_CAP_RUN_USD="0.5").code == 0


def test_who_waits_for_a_cap_is_told_so_and_no_price_becomes_nothing(home: Home) -> None:
    codes = []
    for number in range(3):
        home.sources(f"tea{number}")
        words = ("--sources", "sources.csv", "--num-posts", "5", "--name", f"R{number}", "--json")
        done = home.here("collect", "run", *words, WORKBENCH_CAP_DAY_USD="0.02")
        codes.append((done.code, bool(done.json["waits_for_cap"])))
    assert codes == [(0, False), (0, False), (3, True)]

    for name in ("WORKBENCH_PRICE_USD_PER_RECORD", "WORKBENCH_CAP_DAY_USD"):
        done = home.here("status", **{name: "0.0000004"})
        assert (done.code, "millionths" in done.err) == (2, True), (name, done.err)
        assert home.here("status", **{name: "0.000002"}).code == 0
