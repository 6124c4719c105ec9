"""Looking changes nothing: a question makes no home, a plan registers nothing."""

from __future__ import annotations

import json
import shlex

from PIL import Image

from tests.cli.conftest import Home
from tests.cli.test_named_commands import TREE
from workbench.sandbox.serve import Sandbox

# Commands that do something, each by its own word for it; all others only show, and are below.
DO = """
    demo, lab, work, compact, backup, restore, import, sources import, sources add, sources edit, sources merge,
    sources disable, sources enable, collect plan, collect start, collect run, collect cancel, recover adopt,
    recover reconcile, recover compare, recover resolve, recover requeue, recover reprocess, spend stop, spend allow,
    spend accept, deliveries serve, deliveries replay, deliveries check, accounts add, accounts login, accounts logout,
    accounts import-session, accounts pace, accounts stop, accounts resume, accounts remove, listings import,
    listings edit, post rehearse, post run, post retry, post cancel, post resolve, audit run, creatives scan,
    upload rehearse, upload run, upload refresh, upload retry, upload resolve, upload cancel, upload report,
    upload campaign-csv, sandbox serve, init, schedule run, schedule run-now, schedule pause, schedule resume,
    audit cancel, audit anchor, audit export, audit remove, forget
"""
# Words → what else is given, and the exit code in a folder that is no home, where there is nothing of that number.
SHOW = {
    "status": ("", 0), "todo": ("", 0), "sql": ("'SELECT count(*) FROM posts'", 0), "folders": ("", 0),
    "doctor": ("", 0), "sweep": ("", 0), "sources list": ("", 0), "recover scan": ("", 0), "spend show": ("--check", 0),
    "spend caps": ("", 0), "deliveries list": ("", 0), "deliveries show": ("1", 2), "accounts list": ("", 0),
    "accounts health": ("", 0), "accounts validate": ("1", 2), "browser probe": ("", 2), "listings list": ("", 0),
    "post plan": ("--listings data/inputs/listings.csv", 2), "post status": ("", 0), "post errors": ("", 0),
    "schedule list": ("", 0), "schedule next": ("", 0), "schedule history": ("daily", 2), "schedule crontab": ("", 0),
    "schedule systemd": ("", 0), "audit list": ("", 0), "audit find": ("tea", 0), "audit verify": ("", 4),
    "audit show": ("last", 2), "audit diff": ("a b", 2), "creatives list": ("", 0),
    "upload plan": ("--source new", 1), "upload status": ("", 0),
}  # fmt: skip


def test_a_question_creates_nothing_in_a_folder_that_is_no_home(empty: Home) -> None:
    words = {" ".join(each) for each, command in TREE.items() if each and not hasattr(command, "commands")}
    assert words == {*(one.strip() for one in DO.split(",")), *SHOW}, "what is new either does something or shows it"
    head = "title,price,category,condition,description,location,photos\n"
    empty.write("data/inputs/listings.csv", f"{head}Lamp,15,Furniture,New,Small.,Austin Texas,lamp.jpg\n")
    Image.new("RGB", (600, 600)).save(empty.folder / "data" / "inputs" / "lamp.jpg")
    empty.write("data/creatives/new/EN_Tea_ID-AB000001.png", "no picture")
    before = sorted(empty.folder.rglob("*"))

    with Sandbox(empty.folder.parent / f"{empty.folder.name}-beside") as sandbox:
        empty.settings["WORKBENCH_BRIGHTDATA_URL"] = sandbox.url
        done = {each: empty.here(*each.split(), *shlex.split(more), "--json") for each, (more, _) in SHOW.items()}

    assert {each: one.code for each, one in done.items()} == {each: code for each, (_, code) in SHOW.items()}, {
        each: one.err + one.out for each, one in done.items() if one.code != SHOW[each][1]
    }
    assert sorted(empty.folder.rglob("*")) == before
    assert done["status"].json["runs"] == []
    assert done["doctor"].json["home"] == str(empty.folder)
    assert str(empty.folder) in next(one["found"] for one in done["doctor"].json["checks"] if one["name"] == "home")
    (planned,) = done["post plan"].json["items"]
    assert planned["why"] == "it names no account; choose with --account ID", "its sheet and its photo were read"
    assert [one["file_name"] for one in done["upload plan"].json["items"]] == ["EN_Tea_ID-AB000001.png"]


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
