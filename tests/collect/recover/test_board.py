"""collect/board.py: how each snapshot stands, here and at Bright Data, and what may be done about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.collect.board import Act, BoardFilter, Line, Need, counted, filtered, lines_of, ordered
from workbench.collect.model import SnapshotState as State
from workbench.collect.scan import Found, VendorStanding

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def listed(name: str, **more: Any) -> Found:
    facts: dict[str, Any] = {
        "snapshot_id": name, "dataset_id": "gd_1", "platform": "instagram", "service": "posts", "status": "ready",
        "created_at": AT - DAY, "rows": 3, "state": None, "standing": VendorStanding.UNKNOWN, "days_left": 15.0,
    }  # fmt: skip
    return Found(**facts | more)


def row(number: int, state: State, **more: Any) -> dict[str, Any]:
    facts = {
        "id": number, "provider_id": f"sd_{number}", "state": str(state), "attention": None, "reason": None,
        "next_at": AT if state.info.goes_on else None, "acts": 1, "lease_owner": None, "vendor_status": "ready",
        "row_count": None, "created_at": AT - DAY, "expires_at": AT + 15 * DAY, "estimate_records": 100,
        "price_micro_usd": 1500, "platform": "instagram", "service": "posts",
    }  # fmt: skip
    return facts | more


def lines(found: list[Found], rows: list[dict[str, Any]], short: tuple[str, ...] = ()) -> list[Line]:
    return lines_of(found, rows, short, at=AT, looked_at=AT - DAY, soon=4 * DAY)


STANDS = [
    (row(1, State.TRIGGERED), Need.MOVES, {Act.PROCESS}),
    (row(1, State.TRIGGERED, expires_at=AT + 3 * DAY), Need.EXPIRING, {Act.PROCESS}),
    (row(1, State.TRIGGERED, lease_owner="w"), Need.MOVES, set()),
    (row(1, State.PLANNED, provider_id=None, acts=0, attention="person", next_at=None), Need.WAITS, {Act.REQUEUE}),
    (row(1, State.DOWNLOADED, attention="review", next_at=None), Need.WAITS, {Act.PUBLISH, Act.DROP, Act.REQUEUE}),
    (row(1, State.PUBLISHED), Need.HERE, {Act.REPROCESS, Act.REQUEUE}),
    (row(1, State.PUBLISHED, provider_id="file_1"), Need.HERE, {Act.REPROCESS}),
    (row(1, State.STALLED), Need.STUCK, {Act.REQUEUE}),
    (row(1, State.EXPIRED), Need.GONE, {Act.REQUEUE}),
    (row(1, State.FAILED), Need.FAILED, {Act.REQUEUE}),
    (row(1, State.CANCELED), Need.FAILED, set()),
    (row(1, State.UNSURE, provider_id=None), Need.IN_DOUBT, {Act.PROCESS, Act.FIND, Act.ABSENT, Act.ABANDON}),
    (row(1, State.QUARANTINED, provider_id=None), Need.IN_DOUBT, {Act.FIND, Act.ABSENT, Act.ABANDON}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "need", "acts"), STANDS)
def test_how_it_stands_and_what_may_be_done(one: dict[str, Any], need: Need, acts: set[Act]) -> None:
    (line,) = lines([], [one])

    assert (line.need, line.acts) == (need, acts)
    assert line.status == State(one["state"]).info.word


def test_what_is_listed_alone_is_not_here_and_ages_since_it_was_listed() -> None:
    gone = listed("sd_gone", standing=VendorStanding.EXPIRED, days_left=-1.0)
    found = lines([listed("sd_a"), listed("sd_b", standing=VendorStanding.EXPIRING, days_left=3.0), gone], [])

    assert [(one.name, one.need, one.acts) for one in found] == [
        ("sd_b", Need.EXPIRING, {Act.ADOPT}), ("sd_a", Need.STRANGER, {Act.ADOPT}), ("sd_gone", Need.GONE, set()),
    ]  # fmt: skip
    assert [one.days_left for one in found[:2]] == [2.0, 14.0]


def test_one_that_is_known_by_now_stands_as_the_ledger_has_it() -> None:
    (line,) = lines([listed("sd_1")], [row(1, State.PUBLISHED, row_count=3)])

    assert (line.need, line.status, line.rows) == (Need.HERE, "processed", 3)


def test_one_that_brought_too_little_is_to_be_fetched_again() -> None:
    (line,) = lines([listed("sd_1", rows=9)], [row(1, State.PUBLISHED, row_count=3)], short=("sd_1",))

    assert (line.need, line.why) == (Need.SHORT, "Bright Data counts 9 rows")
    assert Act.ADOPT in line.acts


def test_sending_again_may_cost_only_what_was_never_found() -> None:
    planned = row(1, State.PLANNED, provider_id=None, acts=0, attention="person", next_at=None)

    assert [one.may_cost for one in lines([], [planned, row(2, State.FAILED)])] == [150_000, 0]


def test_filters_counts_and_order() -> None:
    found = lines(
        [listed("sd_9")],
        [row(1, State.PUBLISHED, row_count=4), row(2, State.FAILED, reason="a dead page"), row(3, State.TRIGGERED)],
    )

    assert [one.name for one in found] == ["sd_9", "sd_2", "sd_3", "sd_1"], "what needs somebody first"
    assert [one.name for one in filtered(found, BoardFilter(text="DEAD instagram"))] == ["sd_2"]
    assert [one.name for one in filtered(found, BoardFilter(need="here", status="processed"))] == ["sd_1"]
    assert counted(found)["status"] == {"not here": (1, 3), "pending": (1, 0), "processed": (1, 4), "failed": (1, 0)}
    assert [one.name for one in ordered(found, "rows", descending=True)] == ["sd_1", "sd_9", "sd_2", "sd_3"]
    assert [one.name for one in ordered(found, "need", descending=True)] == ["sd_1", "sd_3", "sd_2", "sd_9"]
