"""`workbench schedule`: what a person and cron meet."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import timedelta

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from tests.schedule.conftest import entry

WRONG = """
[[schedules]]
name = "daily"
cron = "0 7 * * *"
notebook = "runs"
parameters = { start = "today-7d", end = "today" }
cap_usd = 2

[[schedules]]
name = "cron"
cron = "0 7 * *"
notebook = "runs"

[[schedules]]
name = "zone"
cron = "0 7 * * *"
zone = "Europe/Rigga"
notebook = "runs"

[[schedules]]
name = "never"
cron = "0 7 31 11 *"
notebook = "runs"

[[schedules]]
name = "notebook"
cron = "0 7 * * *"
notebook = "runz"

[[schedules]]
name = "parameter"
cron = "0 7 * * *"
notebook = "runs"
parameters = { colour = "red" }

[[schedules]]
name = "type"
cron = "0 7 * * *"
notebook = "runs"
parameters = { num_posts = "ten" }

[[schedules]]
name = "twin"
cron = "0 7 * * *"
notebook = "runs"

[[schedules]]
name = "twin"
cron = "0 8 * * *"
notebook = "runs"

[[schedules]]
name = "command"
cron = "0 7 * * *"
command = ["recover", "adoptt", "--all"]

[[schedules]]
name = "option"
cron = "0 7 * * *"
command = ["recover", "adopt", "--everything"]

[[schedules]]
name = "uncapped"
cron = "0 7 * * *"
notebook = "recovery"
cap_usd = 2

[[schedules]]
name = "work"
cron = "*/30 * * * *"
command = ["work", "--until-idle"]
paused = true

[[schedules]]
name = "capped"
cron = "0 7 * * *"
notebook = "runs"
cap_usd = 2
parameters = { num_posts = "many" }
"""
NAMED = {
    "cron": "line 9: schedule 'cron' with cron '0 7 * *' has 4 fields and not five",
    "zone": "line 14: schedule 'zone' names the zone 'Europe/Rigga', which is not known",
    "never": "line 20: schedule 'never' with cron '0 7 31 11 *' would never run",
    "notebook": "line 25: schedule 'notebook' cannot run its notebook: there is no notebook runz",
    "parameter": "line 30: schedule 'parameter' cannot run its notebook: runs.ipynb: 'colour' is not declared",
    "type": "line 36: schedule 'type' cannot run its notebook: runs.ipynb: num_posts must be int",
    "command": "line 52: schedule 'command' has a command that is none: recover has scan",
    "option": "line 57: schedule 'option' has a command that is none: recover adopt: No such option",
    "uncapped": "line 62: schedule 'uncapped' has cap_usd, and recovery declares no approve_usd",
    "capped": "line 74: schedule 'capped' cannot run its notebook: runs.ipynb: num_posts must be int",
}


def test_wrong_entries_are_named_with_place_and_cure_and_the_others_run_on(home):
    home.write("workbench.toml", WRONG)

    listed = home.here("schedule", "list", "--json").json
    shown = home.here("schedule", "list")
    told = {one["id"]: one["why"] for one in home.here("todo", "--json").json}
    checks = {one["name"]: one for one in home.here("doctor", "--json").json["checks"]}

    by_name = {one["name"]: one for one in listed}
    assert [one["name"] for one in listed if not one["wrong"]] == ["daily", "work"]
    assert by_name["daily"].keys() >= {"name", "notebook", "cron", "zone", "next_at", "paused", "last"}
    assert (by_name["daily"]["last"], by_name["daily"]["next_at"][11:]) == (None, "07:00:00Z")
    assert (by_name["work"]["command"], by_name["work"]["paused"]) == (["work", "--until-idle"], True)
    assert by_name["work"]["next_at"] is None
    for name, said in NAMED.items():
        assert f"workbench.toml, {said}" in by_name[name]["wrong"]
        assert said in shown.out
        assert said in checks["schedules"]["found"]
        assert said in told[name]
    assert [one["wrong"].partition(":")[0] for one in listed if one["name"] == "twin"] == [
        "workbench.toml, line 42", "workbench.toml, line 47",
    ]  # fmt: skip
    assert checks["schedules"]["status"] == "error"
    assert "schedule list" in checks["schedules"]["cure"]
    coming = home.here("schedule", "next", "--json", "-n", "2").json
    assert [one["name"] for one in coming] == ["daily", "daily"]


@pytest.mark.parametrize(
    "toml",
    ['schedules = "daily"', "schedules = 7", "[schedules]\nname = 'daily'\ncron = '0 7 * * *'", "schedules = [1, 2]"],
)
def test_what_is_no_list_of_entries_is_told_and_stops_nothing(home, toml):
    home.write("workbench.toml", toml)

    found = home.here("schedule", "list", "--json")

    assert found.code == 0
    assert found.json
    assert all(one["wrong"].startswith("workbench.toml, ") for one in found.json)


def test_names_that_are_none_and_wrong_ones_are_refused(home):
    home.write("workbench.toml", WRONG)

    none = home.here("schedule", "run-now", "nightly")
    wrong = home.here("schedule", "pause", "zone")
    written = home.here("schedule", "resume", "work")

    assert (none.code, wrong.code, written.code) == (2, 2, 2)
    assert "there is no schedule 'nightly' in workbench.toml. There are: 'daily', 'work'." in none.err
    assert "Europe/Rigga" in wrong.err
    assert "is paused in workbench.toml; take out" in written.err


def test_a_folder_that_is_no_home_is_asked_without_making_one(tmp_path, empty_home):
    for words in (("list",), ("next",), ("crontab",), ("systemd",)):
        assert empty_home.here("schedule", *words).code == 0
    assert str(tmp_path) in empty_home.here("schedule", "crontab").out
    assert not (tmp_path / "data").exists()


@pytest.fixture
def empty_home(home):
    shutil.rmtree(home.folder / "data")
    return home


def test_a_command_fails_is_told_and_is_well_again(home, tmp_path):
    file = tmp_path / "news"
    tells = f'notify_command = ["sh", "-c", "cat >> {file}; echo >> {file}"]\n'
    home.write("workbench.toml", tells + entry("look", command=["status", "no-such-run"]))

    failed = [home.here("schedule", "run-now", "look", "--json") for _ in range(2)]
    (waits,) = home.here("todo", "--json").json
    home.write("workbench.toml", tells + entry("look", command=["status", "--json"]))
    well = home.here("schedule", "run-now", "look", "--json")

    assert [one.code for one in (*failed, well)] == [2, 2, 0]
    said = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(one["what"], one["outcome"], one["schedule"], one["mode"]) for one in said] == [
        ("failed", "refused", "look", "practice"), ("recovered", "succeeded", "look", "practice"),
    ]  # fmt: skip
    assert "no run begins with 'no-such-run'" in said[0]["reason"]
    assert (waits["kind"], waits["id"], waits["command"]) == ("schedule", "look", "workbench schedule history look")
    history = home.here("schedule", "history", "look", "--json").json
    assert [one["outcome"] for one in history] == ["succeeded", "refused", "refused"]
    assert history[0].keys() >= {"tick", "outcome", "execution_id", "started_at", "ended_at"}
    assert "no run begins" in (home.folder / history[1]["log"]).read_text()
    assert (home.folder / history[1]["log"]).stat().st_mode & 0o077 == 0
    (listed,) = home.here("schedule", "list", "--json").json
    assert listed["last"] == {"tick": history[0]["tick"], "outcome": "succeeded", "execution_id": None}
    assert home.here("todo", "--json").json == []


def test_an_owner_who_cannot_be_told_is_said_in_todo(home):
    home.write("workbench.toml", 'notify_command = ["no-such-program"]\n' + entry("look", command=["status", "x"]))

    done = home.here("schedule", "run-now", "look")

    (waits,) = home.here("todo", "--json").json
    assert done.code == 2
    assert "nobody could be told: WORKBENCH_NOTIFY_COMMAND: there is no program no-such-program" in waits["why"]


def test_cron_runs_what_is_due_in_an_empty_environment(home, workbench, due):
    wb = workbench(entry("look", cron="*/5 * * * *", catch_up="latest"))
    due(wb)
    (late,) = wb.todo()
    line = home.here("schedule", "crontab").out.splitlines()[-1]

    assert line.startswith("* * * * * cd ")
    done = subprocess.run(
        ["env", "-i", "/bin/sh", "-c", line.removeprefix("* * * * * ").replace("\\%", "%")],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    newest, *before = wb.schedule.history("look")
    assert newest["outcome"] == "succeeded"
    assert [one["outcome"] for one in before] == ["missed"] * 23
    assert (late["kind"], late["command"]) == ("scheduler", "workbench schedule run")
    assert wb.todo() == []


def test_a_notebook_is_run_with_the_days_of_its_tick_and_kept(home, workbench, due):
    declared = 'start: str = ""\nfail: bool = False\napprove_usd: float = 0.0'
    cells = [
        new_code_cell(declared, metadata={"tags": ["parameters"]}),
        new_code_cell("print(start, approve_usd)\nassert not fail"),
    ]
    home.write("small.ipynb", writes(new_notebook(cells=cells)))
    both = {
        name: entry(
            name,
            catch_up="latest",
            notebook="small.ipynb",
            parameters={"start": "today-7d", "fail": fails},
            cap_usd=1.5,
        )
        for name, fails in (("bad", True), ("good", False))
    }
    wb = workbench("".join(both.values()))
    due(wb)

    done = home.here("schedule", "run", "--once", "--json")

    assert done.code == 1, done.err
    ran = {one["name"]: one for one in done.json}
    assert {name: one["outcome"] for name, one in ran.items()} == {"bad": "failed", "good": "succeeded"}, done.json
    assert "AssertionError" in ran["bad"]["reason"]
    kept = {one["execution_id"]: one for one in home.here("audit", "list", "--json").json}
    for name, one in ran.items():
        row, *missed = wb.schedule.history(name)
        execution = kept[row["execution_id"]]
        assert (len(missed), execution["outcome"]) == (1, one["outcome"])
        report = (home.folder / execution["folder"] / "output.ipynb").read_text()
        assert f"{row['tick'].date() - timedelta(days=7)} 1.5" in report


def test_work_runs_the_schedules_beside(home, workbench, due):
    wb = workbench(entry("look", catch_up="latest"))
    due(wb)

    refused = home.here("work", "--with-schedule", "--until-idle")
    done = home.here("work", "--with-schedule", "--timeout", "1")

    assert (refused.code, done.code) == (2, 0), done.err
    assert wb.schedule.history("look")[0]["outcome"] == "succeeded"
