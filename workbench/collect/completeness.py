"""Is a body whole, ours, and there once? Asked before anything of it is published.

A length that is right and an end that is clean prove nothing: half a body can have both. What the vendor counts is
compared with what came, what the rows say they were asked with what was asked, and the lines with each other. Where
that does not agree the body is asked for again a few times, and then a person decides.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench import addresses
from workbench.brightdata.rows import kind_of_row
from workbench.collect.model import Snapshot, SnapshotState
from workbench.engine.flow import Move
from workbench.errors import BadInput, NeedsPerson, Permanent, Transient
from workbench.lake import suspect_rows

if TYPE_CHECKING:
    from workbench.collect.tools import CollectTools
    from workbench.lake.transform import Staged

AGAIN: Final = 3  # times that a body is asked for once more
_SPREAD: Final = 4  # times as long until each next one
_PATIENCE: Final = 6  # tries to hear the vendor's count, before a person is asked
_PART_ROWS: Final = 1000  # the smallest part that the vendor counts in
_SHOWN: Final = 160  # characters of what somebody else was asked


# what the vendor counts -----------------------------------------------------------------------------


def counts(snapshot: Snapshot, vendor_id: str, tools: CollectTools) -> Iterator[tuple[str, int]]:
    """How many rows the vendor says there are, and where it says so; what it refuses to tell is left out."""
    progress = tools.brightdata.progress  # a missing key stops the work; one that may not ask is no answer
    said = _told(lambda: progress(vendor_id).row_count)
    if said is not None:
        yield "progress", said
    listed = _told(lambda: tools.row_counts.rows_of(snapshot, vendor_id, tools.brightdata, tools.poll))
    if listed is not None:
        yield "list", listed


def _told(ask: Any) -> int | None:
    """None where the vendor says no for good; what may pass (`Transient`) is raised."""
    try:
        found: int | None = ask()
    except (Permanent, BadInput):
        return None
    return found


@dataclass(frozen=True)
class Delivered:
    """What came, by what the rows are."""

    data: int
    warnings: int = 0
    errors: int = 0
    malformed: int = 0

    @property
    def lines(self) -> int:
        return self.data + self.warnings + self.errors + self.malformed

    @property
    def sums(self) -> frozenset[int]:
        """The counts that agree with it: whether warnings and errors are counted is nowhere said."""
        beside = (self.warnings, self.errors, self.malformed)
        return frozenset(
            self.data + sum(some) for number in range(len(beside) + 1) for some in combinations(beside, number)
        )


def compared(came: Delivered, said: Iterable[tuple[str, int]]) -> tuple[int | None, str | None]:
    """The vendor's count, None where it has none; and what is wrong with it."""
    found: list[tuple[str, int]] = []
    for place, rows in said:
        if rows in came.sums:
            return rows, None
        found.append((place, rows))
    if not found:
        return None, None
    place, rows = max(found, key=lambda one: one[1])
    return rows, _differs(place, rows, came.lines)


def _differs(place: str, rows: int, lines: int) -> str:
    return f"Bright Data counts {_rows(rows)} (its {place}), and {lines:,} came"


def _fewer_than_parts(came: Delivered, vendor_id: str, tools: CollectTools) -> str | None:
    """Where no count is given: the number of parts tells at least how many rows there must be."""
    parts = _told(lambda: tools.brightdata.parts(vendor_id, _PART_ROWS)) or 0
    if parts > 1 and came.lines <= (parts - 1) * _PART_ROWS:
        return f"Bright Data has {parts} parts of {_PART_ROWS:,} rows, and {_rows(came.lines)} came"
    return None


# whose the rows are ---------------------------------------------------------------------------------


class Asked:
    """What one snapshot was asked, to tell whether a row answers it."""

    def __init__(self, inputs: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> None:
        self._by_keys: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for one in inputs:
            wanted = tuple(key for key in keys if _plain(one.get(key)))
            if wanted:
                self._by_keys.setdefault(wanted, set()).add(tuple(_plain(one[key]) for key in wanted))

    def __bool__(self) -> bool:
        return bool(self._by_keys)

    def is_told_by(self, echo: Mapping[str, Any]) -> bool:
        """Whether the echo has what would tell."""
        return any(all(_plain(echo.get(key)) for key in keys) for keys in self._by_keys)

    def has(self, echo: Mapping[str, Any]) -> bool:
        return any(tuple(_plain(echo.get(key)) for key in keys) in known for keys, known in self._by_keys.items())


def _plain(value: Any) -> str:
    """One spelling: addresses and handles are the same in any case of letters, which can only spare a row."""
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True).casefold()
    if isinstance(value, str):
        return addresses.key("", value.removeprefix("@")).casefold()
    return "" if value is None else str(value)


@dataclass
class _Strays:
    number: int = 0
    whose: dict[str, int] = field(default_factory=dict)  # snapshots that asked for them → how many
    example: str = ""


def _strays(
    snapshot: Snapshot, lines: Iterable[tuple[int, bytes]], keys: Sequence[str], tools: CollectTools
) -> _Strays:
    asked, found = Asked(snapshot.inputs, keys), _Strays()
    others: list[tuple[str, Asked]] | None = None
    for _, line in lines:
        places = _echo(line, snapshot)
        if not places or any(map(asked.has, places)) or not asked.is_told_by(places[0]):
            continue
        if others is None:
            others = [(name, Asked(inputs, keys)) for name, inputs in tools.view.asked_elsewhere(snapshot)]
        found.number += 1
        found.example = found.example or _shown(places[0], keys)
        owner = next((name for name, theirs in others if theirs and any(theirs.has(one) for one in places)), None)
        if owner is not None:
            found.whose[owner] = found.whose.get(owner, 0) + 1
    return found


def _echo(line: bytes, snapshot: Snapshot) -> list[Mapping[str, Any]]:
    """What the row says it was asked, the telling place first; nothing where it does not say."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if not isinstance(row, dict):
        return []
    discovered, given = (row.get(place) for place in ("discovery_input", "input"))
    if isinstance(discovered, dict):
        return [discovered, *([given] if isinstance(given, dict) else [])]
    # Of what was discovered, `input` is only the post; without the other place nobody can say who asked. So it is of
    # an error or a warning: what could not be read may be a post on the page that was asked for.
    if not isinstance(given, dict) or snapshot.query.get("discover_by") or kind_of_row(row) != "data":
        return []
    return [given]


def _shown(echo: Mapping[str, Any], keys: Sequence[str]) -> str:
    return ", ".join(str(echo[key]) for key in keys if echo.get(key))[:_SHOWN]


# all together ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BodyVerdict:
    """`rows`: the vendor's count, None where it gives none. `wrong` is for a person; `strays` answer something else."""

    rows: int | None
    wrong: tuple[str, ...]
    strays: int


def judge(
    snapshot: Snapshot,
    vendor_id: str | None,
    tools: CollectTools,
    result: Staged,
    body: Path,
    *,
    kind: str,
    keys: Sequence[str],
) -> BodyVerdict:
    """`vendor_id` is None where there is nobody to ask: of a file, or of what the vendor no longer keeps."""
    came = Delivered(result.data_rows, result.warning_rows, result.error_rows, result.malformed_rows)
    rows, short = _counted(snapshot, vendor_id, tools, came)
    wrong = [] if short is None else [short]
    times = int((snapshot.raw or {}).get("again", 0))
    if not came.lines and rows is None and vendor_id is not None and times < AGAIN:
        wrong.append("an empty answer came, and Bright Data gives no count")
    data, rejects = ([one.path for one in result.files if one.kind == each] for each in (kind, "rejects"))
    # What is there twice although the vendor counts it so is the vendor's own; it is no doubled answer.
    if rows is None or short is not None:
        doubled = _doubled(data, rejects, body, kind)
        if doubled and (2 * doubled >= came.lines or vendor_id is not None):
            wrong.append(f"the body repeats itself: {doubled:,} of its {came.lines:,} lines came more than once")
    strays = _Strays()
    if Asked(snapshot.inputs, keys):
        asked = [one for one in snapshot.source_ids if one is not None]
        suspects = suspect_rows.of_no_source(data, rejects, asked)
        if suspects:
            strays = _strays(snapshot, suspect_rows.lines_at(body, suspects), keys, tools)
            wrong += _foreign(strays, came)
    return BodyVerdict(rows, tuple(wrong), strays.number)


def missing(snapshot: Snapshot, vendor_id: str, tools: CollectTools, lines: int) -> BodyVerdict | None:
    """Whether fewer lines came than the vendor counts rows: seen without reading one of them."""
    with _patient(snapshot, vendor_id):
        first = next(counts(snapshot, vendor_id, tools), None)
        if first is None or first[1] <= lines:
            return None
        tools.row_counts.forget(snapshot)
        place, rows = max(counts(snapshot, vendor_id, tools), key=lambda one: one[1], default=first)
        return BodyVerdict(rows, (_differs(place, rows, lines),), 0) if rows > lines else None


def _counted(
    snapshot: Snapshot, vendor_id: str | None, tools: CollectTools, came: Delivered
) -> tuple[int | None, str | None]:
    known = (snapshot.raw or {}).get("vendor_rows")
    if vendor_id is None:
        return compared(came, [] if known is None else [("count", int(known))])
    with _patient(snapshot, vendor_id):
        rows, wrong = compared(came, counts(snapshot, vendor_id, tools))
        if wrong is not None:  # once more, as the first answer may be older than the last rows
            tools.row_counts.forget(snapshot)
            rows, wrong = compared(came, counts(snapshot, vendor_id, tools))
        return rows, wrong if rows is not None else _fewer_than_parts(came, vendor_id, tools)


@contextlib.contextmanager
def _patient(snapshot: Snapshot, vendor_id: str) -> Iterator[None]:
    """What may pass is waited for (`Transient`); a person is asked when it does not."""
    try:
        yield
    except Transient as error:
        if snapshot.attempts < _PATIENCE or error.retry_after is not None:
            raise
        raise NeedsPerson(
            f"Bright Data does not tell how many rows {vendor_id} has: {error.message} {_choice(vendor_id)}"
        ) from error


def _doubled(data: Sequence[Path], rejects: Sequence[Path], body: Path, kind: str) -> int:
    """Lines that are byte for byte another one; the tables say where it is worth looking."""
    candidates = suspect_rows.look_alike(data, rejects, kind)
    seen, doubled = set[bytes](), 0
    for _, line in suspect_rows.lines_at(body, candidates) if candidates else ():
        digest = hashlib.sha256(line.strip()).digest()
        doubled += digest in seen
        seen.add(digest)
    return doubled


def _foreign(strays: _Strays, came: Delivered) -> Iterator[str]:
    """A few rows that nobody here asked for are the vendor's oddity; another's, or most of a body, is another body."""
    judged = came.data + came.warnings + came.errors
    if strays.whose:
        name, number = max(strays.whose.items(), key=lambda one: one[1])
        yield f"{number:,} of its {_rows(judged)} answer what {name} was asked ({strays.example})"
    elif 2 * strays.number >= judged and strays.number:
        yield f"{strays.number:,} of its {_rows(judged)} answer what it was never asked ({strays.example})"


def again(snapshot: Snapshot, verdict: BodyVerdict, tools: CollectTools, *, may_ask: bool) -> Move:
    """Ask for the body once more, in a while; NeedsPerson when that was done often enough."""
    raw, said = dict(snapshot.raw or {}), "; ".join(verdict.wrong)
    times = int(raw.get("again", 0))
    if not may_ask or times >= AGAIN:
        asked = f"; asked for {times + 1} times" if times else ""
        raise NeedsPerson(f"{said}{asked}. Nothing of it is published. {_choice(snapshot.provider_id or snapshot.id)}")
    return Move(
        to=SnapshotState.READY,
        reason=f"{said}; asked for again, {times + 1} of {AGAIN}",
        after=tools.poll * _SPREAD**times,
        values={"raw": {**raw, "again": times + 1}},
    )


def _choice(name: object) -> str:
    return (
        f"To ask again: workbench recover requeue {name}; to take it as it is: workbench recover resolve {name} "
        f"--publish; to leave it: workbench recover resolve {name} --drop"
    )


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
