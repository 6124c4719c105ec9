"""schedule/cron.py: when a cron line is due, through both nights that change the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from workbench.schedule.cron import ticks, why_wrong

RIGA = ZoneInfo("Europe/Riga")  # 2026: +2 → +3 on March 29 at 01:00 UTC, back on October 25 at 01:00 UTC


def first(line, after, count, zone=RIGA):
    found = islice(ticks(line, zone, datetime.fromisoformat(after).replace(tzinfo=UTC)), count)
    return [f"{at:%m-%d %H:%M}" for at in found]


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        # The night that lacks 03:00 to 04:00: what names a time in it is due right behind it, once.
        ("30 3 * * *", "2026-03-28T00:00", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("0,30 3,4 * * *", "2026-03-29T00:00", ["03-29 01:00", "03-29 01:30", "03-30 00:00"]),
        ("0 * * * *", "2026-03-29T00:00", ["03-29 01:00", "03-29 02:00"]),
        # The night that has 03:00 to 04:00 twice: what names a time in it is due once, at the first.
        ("30 3 * * *", "2026-10-24T00:00", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("15 4 * * *", "2026-10-25T00:00", ["10-25 02:15", "10-26 02:15"]),
        ("*/30 * * * *", "2026-10-25T00:00", ["10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]),
        # Begun in the second of the two: what was due in the first is not due again.
        ("30 3 * * *", "2026-10-25T01:05", ["10-26 01:30"]),
        ("45 3 * * *", "2026-10-25T01:05", ["10-26 01:45"]),
        ("0 9 * * 1-5", "2026-11-27T08:00", ["11-30 07:00", "12-01 07:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00", ["02-28 22:00"]),
    ],
)
def test_the_times_at_which_a_line_is_due(line, after, expected):
    assert first(line, after, len(expected)) == expected


@pytest.mark.parametrize("zone", ["Europe/Riga", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "UTC"])
@pytest.mark.parametrize("line", ["0 3 * * *", "*/20 * * * *", "30 0-4 * * *", "0 0 * * 0"])
def test_in_any_zone_each_is_later_than_the_one_before_and_a_day_has_one(zone, line):
    after = datetime(2026, 1, 1, tzinfo=UTC)
    found = list(islice(ticks(line, ZoneInfo(zone), after), 1500))

    assert all(one < other for one, other in pairwise(found))
    if line == "0 3 * * *":
        days = [at.astimezone(ZoneInfo(zone)).date() for at in found]
        assert days == [days[0] + timedelta(days=n) for n in range(len(days))]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "0 fields"), ("0 7 * *", "4 fields"), ("@daily", "1 fields"), ("0 0 7 * * *", "6 fields"),
        ("60 7 * * *", "'60' as minute"), ("0 24 * * *", "'24' as hour"), ("0 7 0 * *", "'0' as day of the month"),
        ("0 7 * 13 *", "'13' as month"), ("0 7 * * 8", "'8' as day of the week"), ("0 7 * * L-2", "day of the week"),
        ("*/0 7 * * *", "'*/0' as minute"), ("5-1 7 * * *", "'5-1' as minute"), ("0 7 L-3 * *", "day of the month"),
        ("0 7 30 2 *", "would never run"), ("0 7 31 4,6 *", "would never run"), ("0 7 1-7 2 MON#9", "MON#9"),
    ],
)  # fmt: skip
def test_a_wrong_line_names_the_part_that_is_wrong(line, said):
    assert said in why_wrong(line)


@pytest.mark.parametrize(
    "line", ["0 7 * * 1-5", "*/30 * * * *", "0 0 29 2 *", "0 7 L * *", "0 7 * * mon#1", "0 0 31 * *"]
)
def test_a_right_line_is_right(line):
    assert why_wrong(line) is None
