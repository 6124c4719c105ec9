"""schedule/model.py: entries of workbench.toml, right and wrong, and what they come to on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from workbench.schedule.model import ON_TIME, chosen_of, read_schedules

DAILY = {"name": "daily", "cron": "0 7 * * *", "notebook": "runs"}
WORKS = {"name": "work", "cron": "*/30 * * * *", "command": ["work", "--until-idle"]}


def read(*entries):
    return read_schedules(entries, [f"line {number}" for number, _ in enumerate(entries, 1)], zone="Europe/Riga")


def test_an_entry_of_three_words_is_one():
    (one, other), wrong = read(DAILY, WORKS)

    assert wrong == []
    assert (one.zone, one.catch_up, one.paused, one.notify, one.cap_usd) == ("Europe/Riga", "skip", False, True, None)
    assert other.command == ("work", "--until-idle")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cron": "0 7 * *"}, "4 fields"),
        ({"cron": "0 7 30 2 *"}, "would never run"),
        ({"cron": 7}, "wrong cron"),
        ({"zone": "Europe/Rigga"}, "names the zone 'Europe/Rigga', which is not known; give one like"),
        ({"zone": "../etc/passwd"}, "not known"),
        ({"zone": ""}, "not known"),
        ({"name": "a/b"}, "name that cannot be used"),
        ({"name": "x" * 41}, "name that cannot be used"),
        ({"name": "two\nlines"}, "name that cannot be used"),
        ({"name": " "}, "name that cannot be used"),
        ({"command": ["work", "--until-idle"]}, "either a notebook"),
        ({"notebook": None}, "either a notebook"),
        ({"notebook": None, "command": "work --until-idle"}, "no list of words"),
        ({"notebook": None, "command": ["work"]}, "without end"),
        ({"notebook": None, "command": ["workbench", "work"]}, "give the words behind it"),
        ({"notebook": None, "command": ["schedule", "run"]}, "never ends"),
        ({"notebook": None, "command": ["deliveries", "serve"]}, "never ends"),
        ({"notebook": None, "command": ["sweep"], "parameters": {"a": 1}}, "a command does not take"),
        ({"notebook": None, "command": ["work", "--until-idle"], "cap_usd": 1}, "nothing that it could bound"),
        ({"parameters": {"start": "today-7"}}, "today-7d"),
        ({"parameters": {"start": "yesterday"}}, "which is no day"),
        ({"catch_up": "some"}, "wrong catch_up"),
        ({"within_hours": -1}, "wrong within_hours"),
        ({"within_hours": float("nan")}, "wrong within_hours"),
        ({"cap_usd": -1}, "wrong cap_usd"),
        ({"paused": "yes"}, "wrong paused"),
        ({"notebok": "runs"}, "'notebok', which is no word of a schedule; there are name, cron"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place_and_the_others_hold(change, said):
    right, (wrong,) = read({**DAILY, **change}, WORKS)

    assert [one.name for one in right] == ["work"]
    assert wrong.said.startswith("line 1: schedule ")
    assert said in wrong.said


@pytest.mark.parametrize("entry", [None, 7, "daily", [], {}, {"cron": "0 7 * * *"}, {"name": 7}, {"name": ""}])
def test_what_is_no_entry_is_named_by_its_number(entry):
    right, (wrong,) = read(entry, WORKS)

    assert [one.name for one in right] == ["work"]
    assert wrong.where == "line 1"


def test_two_of_one_name_are_both_named_and_neither_runs():
    right, wrong = read(DAILY, WORKS, {**DAILY, "name": "Daily"})

    assert [one.name for one in right] == ["work"]
    assert [one.where for one in wrong] == ["line 1", "line 3"]
    assert all("2 times" in one.why for one in wrong)


def test_relative_days_are_those_of_the_tick_in_the_zone_of_the_schedule():
    given = {
        "start": "today-7d",
        "end": "today",
        "to": "today+1d",
        "since": "last",
        "n": 7,
        "name": "todays",
        "at": None,
    }
    (one, other), _ = read(
        {**DAILY, "parameters": given},
        {**WORKS, "command": ["collect", "run", "--start", "today-1d", "--name", "today", "--yes"]},
    )
    day = one.local_day(datetime(2026, 10, 24, 22, 30, tzinfo=UTC))  # half past one in Riga

    assert day == date(2026, 10, 25)
    assert one.parameters_on(day) == {
        "start": "2026-10-18", "end": "2026-10-25", "to": "2026-10-26", "since": "last", "n": 7, "name": "todays",
        "at": None,
    }  # fmt: skip
    assert other.words_on(day) == ["collect", "run", "--start", "2026-10-24", "--name", "today", "--yes"]


NOW = datetime(2026, 11, 30, 12, 0, 30, tzinfo=UTC)
HOURS = [NOW - timedelta(hours=n, seconds=30) for n in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("policy", "due", "expected"),
    [
        ({"catch_up": "skip"}, HOURS, HOURS[-1]),
        ({"catch_up": "skip"}, HOURS[:-1], None),
        ({"catch_up": "latest", "within_hours": 2}, HOURS, HOURS[-1]),
        ({"catch_up": "latest", "within_hours": 2}, HOURS[:-1], HOURS[-2]),
        ({"catch_up": "latest", "within_hours": 2}, HOURS[:3], None),
        ({"catch_up": "latest", "within_hours": 0}, HOURS, HOURS[-1]),
        ({"catch_up": "all", "within_hours": 3.1}, HOURS, HOURS[2]),
        ({"catch_up": "all", "within_hours": 0}, HOURS, HOURS[-1]),
        ({"catch_up": "all", "within_hours": 0}, HOURS[:-1], None),
        ({"catch_up": "latest"}, [], None),
    ],
)
def test_which_of_the_missed_is_run(policy, due, expected):
    (one,), _ = read({**DAILY, **policy})

    assert chosen_of(due, NOW, one) == expected
    if one.catch_up != "all":
        assert chosen_of(due, NOW, one, is_all=False) is None
    assert one.at_most_late >= ON_TIME
