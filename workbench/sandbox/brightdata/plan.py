"""What one input gives: how many records of each kind (cheap), and the records themselves (lazily).

Words in an address choose what happens: `nothing` gives a warning row only, `private` an error row only, and of
`patchy` every fourth record is an error row. Everything else gives as many records as were asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import unquote

from workbench.sandbox.brightdata.datasets import DATASETS, NO_POSTS
from workbench.sandbox.brightdata.shapes import Ask, Dataset, Method, Row
from workbench.sandbox.dice import iso, share

Kind = Literal["data", "warning", "error"]

DEFAULT_COUNT: Final = 10
COUNTS: Final = ("num_of_posts", "limit", "num_of_comments", "limit_records")  # inputs that say how many
_DEFAULT_WINDOW: Final = timedelta(days=90)
_DATE_FORMATS: Final = ("%Y-%m-%d", "%m-%d-%Y", "%m/%d/%Y")
_PATCHY: Final = 4
_IDS: Final = ("post_id", "shortcode", "id", "comment_id")
_FOLDERS: Final = frozenset(["in", "company", "p", "reel", "posts", "pulse", "groups", "channel", "c", "user"])


@dataclass(frozen=True)
class Options:
    """What a trigger asks of all its inputs."""

    include_errors: bool = False
    limit_per_input: int | None = None
    limit_multiple_results: int | None = None
    output_fields: tuple[str, ...] = ()
    input_fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What all inputs of one trigger share."""

    seed: int
    dataset_id: str
    method: str
    options: Options
    created: float


@dataclass(frozen=True)
class Plan:
    """One input, read, with what it will give."""

    dataset: Dataset
    method: Method
    ask: Ask
    options: Options
    fate: Kind
    reason: str
    created: float

    @property
    def sizes(self) -> dict[Kind, int]:
        if self.fate != "data":
            shown = self.fate == "warning" or self.options.include_errors
            return {"data": 0, "warning": 0, "error": 0, self.fate: int(shown)}
        given = self.ask.count
        failed = given // _PATCHY if "patchy" in self.ask.url else 0
        return {"data": given - failed, "warning": 0, "error": failed if self.options.include_errors else 0}

    @property
    def asked(self) -> Row:
        return {**self.ask.given, **{key: "" for key in self.method.filled if key not in self.ask.given}}

    def rows(self) -> Iterator[tuple[Kind, Row]]:
        if self.fate == "warning":
            yield "warning", self._warning()
        elif self.fate == "error":
            if self.options.include_errors:
                yield "error", self._error(dict(self.ask.given))
        else:
            yield from self._records()

    def _records(self) -> Iterator[tuple[Kind, Row]]:
        patchy = "patchy" in self.ask.url
        for position, moment in enumerate(moments(self.dataset, self.ask), 1):
            row = self.dataset.make(self.ask, moment)
            if patchy and position % _PATCHY == 0:
                if self.options.include_errors:
                    yield "error", self._error({"url": row["url"]})
            else:
                yield "data", self._record(row, position)

    def _record(self, row: Row, position: int) -> Row:
        row["timestamp"] = iso(self.created + position * 0.037)
        row["input"] = {"url": row["url"]} if self.method.discovers else self.asked
        if self.method.discovers:
            row["discovery_input"] = self.asked
            if self.dataset.repeats_asked:
                row["input"]["discovery_input"] = dict(self.ask.given)
        if self.options.output_fields:
            row = _projected(row, self.options.output_fields)
        return {**row, **{name: self.ask.given[name] for name in self.options.input_fields if name in self.ask.given}}

    def _warning(self) -> Row:
        nulls: Row = dict.fromkeys(self.dataset.columns) if self.dataset.warns_in_full else {}
        if "original_post" in nulls:
            nulls["original_post"] = {"user_avatar_image": None}
        return {
            **nulls,
            "timestamp": iso(self.created),
            "input": self.asked,
            "warning": self.reason,
            "warning_code": "dead_page",
        }

    def _error(self, scraped: Row) -> Row:
        row: Row = {
            "timestamp": iso(self.created),
            "input": scraped,
            "error": "Collection failed after multiple attempts",
            "error_code": "crawl_failed",
        }
        return {**row, "discovery_input": dict(self.ask.given)} if self.method.discovers else row


def plan_for(terms: Terms, given: dict[str, Any]) -> Plan:
    dataset = DATASETS[terms.dataset_id]
    method = dataset.methods[terms.method]
    address = _address(given, method)
    window = _window(given, terms.created)
    fate: Kind = "data"
    reason = ""
    if "nothing" in address:
        fate, reason = "warning", dataset.warning
    elif "private" in address:
        fate = "error"
    elif window is None or window[0] > window[1]:
        fate, reason = "warning", NO_POSTS
    start, end = window or (0, 0)
    ask = Ask(
        seed=terms.seed,
        given=given,
        url=address,
        handle=_handle(address),
        method=terms.method,
        post_type=str(given.get("post_type") or "").lower(),
        count=_count(given, terms.options) if method.many else 1,
        start=start,
        end=end,
        without=_without(given),
    )
    if method.many and fate == "data":
        ask = _bounded(dataset, ask)
        if ask.count == 0:
            fate, reason = "warning", NO_POSTS
    return Plan(dataset, method, ask, terms.options, fate, reason, terms.created)


def moments(dataset: Dataset, ask: Ask) -> Iterator[int]:
    """When the asked records were posted, newest first.

    An account has a record at every second of its grid; a wide window sees multiples of a large power of two, a
    narrow one those of a smaller, so that overlapping windows share records, as a real timeline would.
    """
    if ask.end == 0 or not dataset.methods[ask.method].many:
        yield _birthday(ask)
        return
    phase = int(share(ask.seed, "phase", ask.handle) * 2**20) + (37 if ask.post_type == "reel" else 0)
    wanted = ask.count + len(ask.without)
    stride = 1
    while _multiples(ask.start - phase, ask.end - phase, stride * 2) >= wanted:
        stride *= 2
    moment = (ask.end - phase) // stride * stride + phase
    left = ask.count
    while left and moment >= ask.start:
        if not (ask.without and _is_excluded(dataset.make(ask, moment), ask.without)):
            left -= 1
            yield moment
        moment -= stride


def _multiples(start: int, end: int, stride: int) -> int:
    return end // stride - (start - 1) // stride


def _bounded(dataset: Dataset, ask: Ask) -> Ask:
    """No more records than the window has seconds; exclusions are counted one by one."""
    room = max(ask.end - ask.start + 1, 0)
    if room >= ask.count + len(ask.without):
        return ask
    count = sum(1 for _ in moments(dataset, ask)) if ask.without else room
    return replace(ask, count=min(count, ask.count))


def _birthday(ask: Ask) -> int:
    return 1_700_000_000 + int(share(ask.seed, "posted", ask.url) * 60_000_000)


def _address(given: dict[str, Any], method: Method) -> str:
    """What was asked for in one text: an address, a name, or the words of a search."""
    words = [given.get(name) or "" for name in method.required]
    return " ".join(" ".join(map(str, word)) if isinstance(word, list) else str(word) for word in words).strip()


def _count(given: dict[str, Any], options: Options) -> int:
    bounds = [int(given[name]) for name in COUNTS if given.get(name)]
    if options.limit_per_input:
        bounds.append(options.limit_per_input)
    return min(bounds, default=DEFAULT_COUNT)


def _without(given: dict[str, Any]) -> frozenset[str]:
    excluded = given.get("posts_to_not_include") or given.get("comments_to_not_include") or ()
    return frozenset(map(str, excluded.split(",") if isinstance(excluded, str) else excluded))


def _is_excluded(row: Row, without: frozenset[str]) -> bool:
    return not without.isdisjoint({row["url"], *(row.get(name) for name in _IDS)})


def _window(given: dict[str, Any], created: float) -> tuple[int, int] | None:
    """The asked time, both days included; None for a date that nobody can read: accepted, and no post matches."""
    today = datetime.fromtimestamp(created, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        end = _date(given.get("end_date"), last_second=True) or today
        start = _date(given.get("start_date")) or end - _DEFAULT_WINDOW
    except ValueError:
        return None
    if start < today < end:
        end = today  # nothing was posted in the future, and a day's calls agree on what the past is
    return int(start.timestamp()), int(end.timestamp())


def _date(text: object, *, last_second: bool = False) -> datetime | None:
    """Month-day-year or ISO, as a browser reads it: `01-09-2025` is 9 January, silently."""
    if not text:
        return None
    for form in _DATE_FORMATS:
        try:
            day = datetime.strptime(str(text), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return day + timedelta(days=1, seconds=-1) if last_second else day
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _handle(address: str) -> str:
    """`https://www.linkedin.com/in/some-one/` → `some-one`; a bare user name is its own."""
    path = re.split(r"[?#]", re.sub(r"^https?://[^/?#]*", "", address))[0]
    parts = [unquote(part) for part in path.split("/") if part]
    if parts and parts[0] in _FOLDERS:
        parts = parts[1:]
    return (parts[0] if parts else address).removeprefix("@").lower()


def _projected(row: Row, fields: tuple[str, ...]) -> Row:
    """`url|about.updated_on`: dotted paths reach into objects; what a row does not have is left out."""
    kept: Row = {}
    for field in fields:
        source: Any = row
        *parents, last = field.split(".")
        for name in parents:
            source = source.get(name) if isinstance(source, dict) else None
        if not isinstance(source, dict) or last not in source:
            continue
        target = kept
        for name in parents:
            target = target.setdefault(name, {})
        target[last] = source[last]
    return kept
