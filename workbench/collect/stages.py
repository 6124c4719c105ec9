"""How far the five steps of a run are, how fast, and how long the rest may take: of what `status` answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from workbench.collect.model import SnapshotState

S = SnapshotState
NAMES: Final = ("sent", "collected", "downloaded", "read", "published")
# How many of the five are behind a snapshot. What ended otherwise is counted apart.
BEHIND: Final[Mapping[SnapshotState, int]] = {
    S.PLANNED: 0,
    S.UNSURE: 0,
    S.TRIGGERED: 1,
    S.READY: 2,
    S.DOWNLOADED: 3,
    S.STAGED: 4,
    S.PUBLISHED: 5,
    S.EMPTY: 5,
    S.REUSED: 5,
}
_MB: Final = 1_000_000
_PACE_SECONDS: Final = 120.0  # of the past, that rates and the time left are estimated from
_PACE_LEAST: Final = 10.0  # seconds and
_PACE_STEPS: Final = 5  # steps that have to be seen before a time is said
_RATE_LEAST: Final = 2.0  # seconds before a rate is said


@dataclass(frozen=True, kw_only=True)
class Stages:
    """`done[n]`: snapshots that have the n-th of the five steps behind them."""

    total: int  # without those that ended otherwise
    done: tuple[int, ...]
    otherwise: int  # failed, cancelled, expired, stalled, set aside
    bytes: int  # downloaded, or arrived of what is being downloaded
    rows: int  # published

    @property
    def steps_done(self) -> int:
        return sum(self.done) + len(NAMES) * self.otherwise

    @property
    def steps_total(self) -> int:
        return len(NAMES) * (self.total + self.otherwise)


def stages(snapshots: Iterable[Mapping[str, Any]]) -> Stages:
    found = list(snapshots)
    behind = [BEHIND[S(one["state"])] for one in found if S(one["state"]) in BEHIND]
    return Stages(
        total=len(behind),
        done=tuple(sum(number > step for number in behind) for step in range(len(NAMES))),
        otherwise=len(found) - len(behind),
        bytes=sum(one.get("bytes") or _arrived(one) for one in found),
        rows=sum(one["rows"] or 0 for one in found),
    )


def _arrived(snapshot: Mapping[str, Any]) -> int:
    progress = snapshot.get("progress")
    return int(progress["done"]) if progress and progress["text"] == "bytes" else 0


def said(progress: Mapping[str, Any]) -> str:
    """What a step says about itself, for a person: "12.4 of 80.0 MB"."""
    if progress["text"] != "bytes":
        return str(progress["text"])
    total = f" of {progress['total'] / _MB:,.1f}" if progress["total"] else ""
    return f"{progress['done'] / _MB:,.1f}{total} MB"


class Pace:
    """Rates and the time left, said only when enough was seen to say them honestly."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: list[tuple[float, int, int, int]] = []  # when, and steps, bytes, rows by then
        self._total = 0

    def note(self, steps_done: int, steps_total: int, *, size: int = 0, rows: int = 0) -> None:
        at = self._clock()
        self._total = steps_total
        if self._seen and steps_done < self._seen[-1][1]:
            self._seen.clear()  # a snapshot went back a step: the pace so far promises nothing
        self._seen = [one for one in self._seen if at - one[0] <= _PACE_SECONDS]
        self._seen.append((at, steps_done, size, rows))

    def see(self, now: Stages) -> None:
        self.note(now.steps_done, now.steps_total, size=now.bytes, rows=now.rows)

    @property
    def time_left(self) -> str:
        """Empty while nothing honest can be said."""
        if not self._seen:
            return ""
        (began, before, *_), (at, done, *_) = self._seen[0], self._seen[-1]
        if at - began < _PACE_LEAST or done - before < _PACE_STEPS or done >= self._total:
            return ""
        seconds = (self._total - done) * (at - began) / (done - before)
        return f"about {_duration(seconds)} left at the pace of the last minutes"

    @property
    def size_rate(self) -> str:
        rate = self._rate(2)
        return f"{rate / _MB:,.1f} MB/s" if rate else ""

    @property
    def row_rate(self) -> str:
        rate = self._rate(3)
        return f"{rate:,.0f} rows/s" if rate >= 1 else ""

    def _rate(self, column: int) -> float:
        """A second, from what came last to the beginning of what we remember; 0 while nothing comes."""
        if not self._seen:
            return 0.0
        first, last = self._seen[0], self._seen[-1]
        seconds = last[0] - first[0]
        return (last[column] - first[column]) / seconds if seconds >= _RATE_LEAST else 0.0


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute or less"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def table_of(now: Stages, pace: Pace) -> list[tuple[str, int, int, str]]:
    """A line a step: its name, snapshots that have it behind them, of how many, and what came of it how fast."""
    came = {}
    if now.bytes:
        came["downloaded"] = _amount(f"{now.bytes / _MB:,.1f} MB", pace.size_rate)
    if now.rows:
        came["published"] = _amount(f"{now.rows:,} row{'' if now.rows == 1 else 's'}", pace.row_rate)
    return [(name, done, now.total, came.get(name, "")) for name, done in zip(NAMES, now.done, strict=True)]


def sentence(now: Stages, pace: Pace) -> str:
    """All of it in one line, for logs and for the foot of a live table."""
    steps: Sequence[str] = [
        f"{name} {done} of {total}{f' ({came})' if came else ''}" for name, done, total, came in table_of(now, pace)
    ]
    ended = [f"{now.otherwise} ended otherwise"] if now.otherwise else []
    left = [pace.time_left] if pace.time_left else []
    return " · ".join([*steps, *ended, *left])


def _amount(amount: str, rate: str) -> str:
    return f"{amount}, {rate}" if rate else amount
