"""The ticks of a cron line in a time zone; the library is cronsim, whose rules are Debian's.

A line that names an hour fires once in the night that has that hour twice, and right behind the gap in the night that
lacks it. A line that says "every" goes by time that really passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Final

from cronsim import CronSim, CronSimError

_FIELDS: Final = ("minute", "hour", "day of the month", "month", "day of the week")
_ANY_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


def why_wrong(line: str) -> str | None:
    """What is wrong with a cron line, with the cure; None when it will fire."""
    parts = line.split()
    if len(parts) != len(_FIELDS):
        return f"has {len(parts)} fields and not five; give {', '.join(_FIELDS)}, like 0 7 * * 1-5"
    for number, name in enumerate(_FIELDS):
        alone = ["*"] * len(_FIELDS)
        alone[number] = parts[number]
        if not _is_read(" ".join(alone)):
            return f"has {parts[number]!r} as {name}, which is none; 0 7 * * 1-5 is seven o'clock on weekdays"
    if not _is_read(line) or next(CronSim(line, _ANY_DAY), None) is None:
        return "would never run: no year has such a day; mend its day and month"
    return None


def _is_read(line: str) -> bool:
    try:
        CronSim(line, _ANY_DAY)
    except (CronSimError, AssertionError):  # the second is its answer to a range of "the last"
        return False
    return True


def ticks(line: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The times (UTC) at which `line` is due in `zone`, each once, in order, all later than `after`."""
    last = after.astimezone(UTC)
    for at in CronSim(line, last.astimezone(zone)):
        # Two times of the clock may be one moment (behind a gap), and one that was shown twice begins again.
        if (moment := at.astimezone(UTC)) > last:
            last = moment
            yield moment
