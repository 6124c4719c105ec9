"""Snapshots here and at Bright Data as one table: how each stands, and what a person may do about it.

Pure functions of what the vendor listed and of the ledger's rows as they are now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from workbench.collect.model import SNAPSHOT_GOOD, SNAPSHOT_UNFINISHED, is_imported, is_waiting, may_be_sent
from workbench.collect.model import SnapshotState as State
from workbench.collect.scan import Found, VendorStanding


class Need(StrEnum):
    """How a snapshot stands, for a person; what somebody should look at first comes first."""

    EXPIRING = "soon gone"  # not here yet, and Bright Data keeps it a few days more
    IN_DOUBT = "answer lost"  # it may have been started, and nobody knows its id
    WAITS = "waits for you"  # over a cap, or a body that is not whole
    STUCK = "stuck"
    STRANGER = "not here"
    SHORT = "rows missing"  # Bright Data counts more than came
    FAILED = "failed"
    GONE = "gone"  # Bright Data has it no longer
    MOVES = "on its way"
    HERE = "here"


_ORDER: Final = list(Need)
ABSENT: Final = "not here"  # the status of what the ledger does not know
STATUSES: Final = (ABSENT, "pending", "ready", "processing", "processed", "failed")
SORTS: Final = ("need", "name", "dataset", "status", "at_vendor", "rows", "created_at", "days_left", "why")


class Act(StrEnum):
    """What a person may do about a snapshot; the words of `workbench recover`, and `process`: now, not at its time."""

    ADOPT = "adopt"
    PROCESS = "process"
    REPROCESS = "reprocess"
    REQUEUE = "requeue"
    ABSENT = "absent"
    ABANDON = "abandon"
    PUBLISH = "publish"
    DROP = "drop"
    FIND = "find"  # it runs at Bright Data under an id that a person gives


@dataclass(frozen=True, kw_only=True)
class Line:
    """One snapshot."""

    name: str  # its id at Bright Data, or our number where it has none
    key: int | None  # our number; None: the ledger does not know it
    dataset: str
    need: Need
    status: str  # the team's word
    state: str | None
    at_vendor: str | None  # the vendor's word when the list was read
    rows: int | None
    created_at: datetime | None
    days_left: float | None
    why: str
    acts: frozenset[Act]
    may_cost: int = 0  # micro-dollars that sending it once more is estimated to cost

    @property
    def order(self) -> tuple[int, float, str]:
        return _ORDER.index(self.need), self.days_left if self.days_left is not None else 1e9, self.name


@dataclass(frozen=True, kw_only=True)
class BoardFilter:
    """Which lines are asked for."""

    need: str | None = None
    status: str | None = None
    text: str = ""


def lines_of(
    found: Iterable[Found],
    rows: Sequence[Mapping[str, Any]],
    short: Collection[str],
    *,
    at: datetime,
    looked_at: datetime,
    soon: timedelta,
) -> list[Line]:
    """`rows`: every snapshot of the ledger; `short`: ids of which more is listed than came; urgent first.

    What was listed and is known by now stands as the ledger has it. `soon`: what Bright Data keeps no longer than that
    is soon gone.
    """
    listed = {one.snapshot_id: one for one in found}
    known = {row["provider_id"] for row in rows}
    aged = (at - looked_at) / timedelta(days=1)
    made = [_known(row, listed.get(row["provider_id"] or ""), short, at, soon) for row in rows]
    made += [_stranger(one, aged) for one in listed.values() if one.snapshot_id not in known]
    return sorted(made, key=lambda one: one.order)


def _stranger(one: Found, aged: float) -> Line:
    need = {VendorStanding.EXPIRED: Need.GONE, VendorStanding.EXPIRING: Need.EXPIRING}.get(one.standing, Need.STRANGER)
    left = None if one.days_left is None else round(one.days_left - aged, 1)
    why = one.error or ""
    if one.standing is VendorStanding.UNSURE:
        why = "it may be ours: a trigger of that time lost its answer and is looked for"
    return Line(
        name=one.snapshot_id, key=None, dataset=f"{one.platform} {one.service}", need=need, status=ABSENT, state=None,
        at_vendor=one.status, rows=one.rows, created_at=one.created_at, days_left=left, why=why,
        acts=frozenset() if need is Need.GONE else frozenset({Act.ADOPT}),
    )  # fmt: skip


def _known(row: Mapping[str, Any], listed: Found | None, short: Collection[str], at: datetime, soon: timedelta) -> Line:
    state = State(row["state"])
    is_short = state in SNAPSHOT_GOOD and row["provider_id"] in short
    is_there = row["expires_at"] is not None and state not in SNAPSHOT_GOOD
    left = round((row["expires_at"] - at) / timedelta(days=1), 1) if is_there else None
    why = row["reason"] or ""
    if is_short and listed is not None and listed.rows is not None:
        why = f"Bright Data counts {listed.rows:,} rows"
    acts = _acts(row, state) | ({Act.ADOPT} if is_short else set())
    return Line(
        name=row["provider_id"] or f"#{row['id']}",
        key=row["id"],
        dataset=f"{row['platform']} {row['service']}",
        need=Need.SHORT if is_short else _need(row, state, left, soon),
        status=state.info.word,
        state=str(state),
        at_vendor=listed.status if listed else row["vendor_status"],
        rows=row["row_count"] if row["row_count"] is not None else (listed.rows if listed else None),
        created_at=row["created_at"],
        days_left=left,
        why=why,
        acts=frozenset(acts),
        may_cost=0 if row["provider_id"] else row["estimate_records"] * row["price_micro_usd"],
    )


_NEEDS: Final = {
    State.STALLED: Need.STUCK, State.QUARANTINED: Need.STUCK, State.FAILED: Need.FAILED, State.CANCELED: Need.FAILED,
    State.EXPIRED: Need.GONE,
}  # fmt: skip


def _need(row: Mapping[str, Any], state: State, left: float | None, soon: timedelta) -> Need:
    if may_be_sent(row) and state in (State.UNSURE, State.QUARANTINED):
        return Need.IN_DOUBT
    if state in SNAPSHOT_UNFINISHED:
        if is_waiting(row):
            return Need.WAITS
        return (
            Need.EXPIRING
            if left is not None and left <= soon / timedelta(days=1) and state in _UNFETCHED
            else Need.MOVES
        )
    return _NEEDS.get(state, Need.HERE)


_UNFETCHED: Final = (State.TRIGGERED, State.READY)
_TAKEN_UP: Final = (State.STALLED, State.QUARANTINED, State.EXPIRED, State.FAILED)


def _acts(row: Mapping[str, Any], state: State) -> set[Act]:
    if row["lease_owner"] is not None or state in (State.CANCELED, State.REUSED):
        return set()
    if may_be_sent(row):
        looks = {Act.PROCESS} if state is State.UNSURE and row["next_at"] is not None else set()
        may = state in (State.UNSURE, State.QUARANTINED, State.FAILED)
        return looks | ({Act.FIND, Act.ABSENT, Act.ABANDON} if may else set())
    if is_waiting(row) and state is State.DOWNLOADED:
        return {Act.PUBLISH, Act.DROP, Act.REQUEUE}
    if is_waiting(row) or state in _TAKEN_UP:
        return {Act.REQUEUE}
    if state in SNAPSHOT_UNFINISHED:
        return {Act.PROCESS} if row["next_at"] is not None else set()
    again = set() if is_imported(row["provider_id"] or "") or row["provider_id"] is None else {Act.REQUEUE}
    return again | {Act.REPROCESS}


# asked -------------------------------------------------------------------------------------------------


def filtered(lines: Iterable[Line], asked: BoardFilter) -> list[Line]:
    words = asked.text.lower().split()
    return [
        one
        for one in lines
        if asked.need in (None, str(one.need))
        and asked.status in (None, one.status)
        and all(word in f"{one.name} {one.dataset} {one.need} {one.status} {one.why}".lower() for word in words)
    ]


def ordered(lines: list[Line], sort: str, *, descending: bool) -> list[Line]:
    """By one column, what it says nothing of last; by need within what is equal."""
    if sort not in SORTS or sort == "need":
        return sorted(lines, key=lambda one: one.order, reverse=descending)
    of: Callable[[Line], Any] = lambda one: getattr(one, sort)  # noqa: E731 - a column
    said = sorted((one for one in lines if of(one) not in (None, "")), key=of, reverse=descending)
    return said + [one for one in lines if of(one) in (None, "")]


def counted(lines: Iterable[Line]) -> dict[str, dict[str, tuple[int, int]]]:
    """{need, status}: word → (snapshots, rows), in the order that people read."""
    needs, statuses, rows = Counter[str](), Counter[str](), Counter[str]()
    for one in lines:
        needs[str(one.need)] += 1
        statuses[one.status] += 1
        for word in {str(one.need), one.status}:
            rows[word] += one.rows or 0
    return {
        "need": {str(one): (needs[one], rows[one]) for one in Need if needs[one]},
        "status": {one: (statuses[one], rows[one]) for one in STATUSES if statuses[one]},
    }
