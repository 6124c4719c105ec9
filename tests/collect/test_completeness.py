"""collect/completeness.py: nothing is published that is not whole, ours and there once;
a person takes or leaves the rest.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.collect.conftest import ID, Desk, Vendor, a_post, a_source, lines, reply
from workbench.budget.caps import accept_overruns
from workbench.collect.completeness import Delivered, compared
from workbench.db.schema import snapshot as snapshot_table

POSTS = [a_post(1), a_post(2), a_post(3), a_post(4)]
WARNED = {"warning": "no posts found", "warning_code": "dead_page", "timestamp": "2025-10-02T08:00:00.000Z"}
FAILED = {"error": "gone", "error_code": "dead_page", "timestamp": "2025-10-02T08:00:00.000Z"}


def listed(rows: int | None, status: str = "ready") -> list[Any]:
    return [[{"id": ID, "status": status, **({} if rows is None else {"dataset_size": rows})}]]


def rests(desk: Desk) -> Any:
    """The newest snapshot, when nothing is due any more."""
    for _ in range(40):
        desk.make_due()
        if not desk.worker.advance(desk.bench):
            return desk.snapshots()[-1]
    raise AssertionError("it goes on for ever")


# the vendor's own count -----------------------------------------------------------------------------

AGREE = [
    (Delivered(4, 1, 1), (6,)), (Delivered(4, 1, 1), (4,)), (Delivered(4, 1, 2), (5,)), (Delivered(4, 1, 2), (6,)),
    (Delivered(4, 0, 0, 1), (5,)), (Delivered(4), (2, 4)), (Delivered(4), (9, 4)), (Delivered(0), (0,)),
    (Delivered(0, 1, 1), (2,)), (Delivered(4), ()),
]  # fmt: skip
DIFFER = [
    (Delivered(2), (4,)), (Delivered(0), (4,)), (Delivered(2, 3), (6,)), (Delivered(8, 4), (10,)),
    (Delivered(4), (2,)), (Delivered(8), (4,)), (Delivered(4), (0,)), (Delivered(2), (4, 1)),
]  # fmt: skip


def test_whatever_the_vendor_counts_agrees_or_does_not() -> None:
    def verdict(came: Delivered, said: tuple[int, ...]) -> str | None:
        return compared(came, [("list", rows) for rows in said])[1]

    assert [one for one in AGREE if verdict(*one) is not None] == []
    assert [one for one in DIFFER if verdict(*one) is None] == []


PLACES: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("its list agrees", [*POSTS, WARNED, FAILED], {"snapshots": listed(6)}, "published"),
    ("progress agrees", POSTS, {"progress": {"status": "ready", "records": 4}}, "published"),
    ("its list may not be seen", POSTS, {"snapshots": reply(403, "Forbidden")}, "published"),
    ("its list is of before", POSTS, {"snapshots": listed(0, "running")}, "published"),
    ("nothing came, as counted", [], {"snapshots": listed(0)}, "empty"),
    ("its list counts twice as many", POSTS[:2], {"snapshots": listed(4)}, "downloaded"),
    ("progress counts twice as many", POSTS[:2], {"progress": {"status": "ready", "dataset_size": 4}}, "downloaded"),
    ("nothing of what is counted", [], {"snapshots": listed(4)}, "downloaded"),
    ("fewer than its parts hold", POSTS, {"parts": {"parts": 3}}, "downloaded"),
    ("all twice", POSTS * 2, {"snapshots": listed(4)}, "downloaded"),
    ("one twice, and nobody counts", [*POSTS, POSTS[0]], {}, "downloaded"),
]


@pytest.mark.parametrize(("told", "rows", "answers", "state"), PLACES, ids=[one[0] for one in PLACES])
def test_what_agrees_is_published_and_what_does_not_waits(
    ready: Desk, vendor: Vendor, told: str, rows: list[Any], answers: dict[str, Any], state: str
) -> None:
    vendor.answers |= {"download": lines(*rows), **answers}
    rested = rests(ready)

    assert (rested.state, rested.attention) == (state, "person" if state == "downloaded" else None), told
    assert state != "downloaded" or {"requeue", "--publish", "--drop"} <= set(rested.reason.replace(";", "").split())


def test_it_is_asked_for_again_so_often_and_ever_later(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": lines(*POSTS[:2]), "snapshots": listed(4)}
    held = rests(ready)

    assert len(vendor.asked("download")) == 4
    assert "Bright Data counts 4 rows (its list), and 2 came" in (held.reason or "")
    assert not list(ready.lake.rglob("*.parquet"))


def test_the_second_answer_may_be_whole(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": [lines(*POSTS[:2]), reply(200, b""), lines(*POSTS)], "snapshots": listed(4)}

    assert rests(ready).row_count == 4
    assert ready.money()["sum"] == 4 * 2000


def test_an_empty_snapshot_that_is_counted_is_no_empty_one(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": [reply(400, "Snapshot is empty"), lines(*POSTS)], "snapshots": listed(4)}

    assert rests(ready).row_count == 4


def test_an_empty_answer_without_a_count_is_asked_for_again_and_says_so(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = reply(200, b"")
    rested = rests(ready)

    assert (rested.state, len(vendor.asked("download"))) == ("empty", 4)
    assert "gives no count" in (rested.reason or "")


def test_a_count_that_cannot_be_asked_for_is_waited_for(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": lines(*POSTS), "snapshots": [reply(500, "oops"), httpx.ReadError("x"), *listed(4)]}
    rested = rests(ready)

    assert (rested.state, len(vendor.asked("download"))) == ("published", 1)


def test_a_count_that_is_never_told_waits_for_a_person(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": lines(*POSTS), "snapshots": reply(500, "oops")}
    rested = rests(ready)

    assert (rested.state, rested.attention) == ("downloaded", "person")
    assert "does not tell how many rows" in (rested.reason or "")


# whose rows -----------------------------------------------------------------------------------------


def ask_of(name: str) -> dict[str, str]:
    return {"url": f"https://www.instagram.com/{name}/"}


def test_rows_of_another_snapshot_wait_for_a_person(desk: Desk, vendor: Vendor) -> None:
    theirs = [a_post(number, "other.club") for number in range(4)]
    vendor.answers |= {"download": lines(*theirs), "snapshots": listed(4)}
    desk.start()
    held = rests(desk)

    assert (held.state, held.attention) == ("downloaded", "person")
    assert "answer what it was never asked (https://www.instagram.com/other.club/)" in (held.reason or "")


def test_a_single_row_that_another_snapshot_asked_for_is_enough(desk: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": lines(*POSTS), "snapshots": listed(4)}
    desk.start()
    first = rests(desk)
    desk.tools.row_counts.forget(first)  # it may be read again at once
    vendor.answers |= {"trigger": {"snapshot_id": "sd_test0002"}, "snapshots": [[]]}
    vendor.answers["download"] = lines(*(a_post(number, "other.club") for number in range(5, 9)), a_post(9))
    accept_overruns(desk.ledger)  # it brought more than was reserved
    desk.start(a_source("https://www.instagram.com/other.club/"))
    held = rests(desk)

    assert first.state == "published"
    assert (held.state, held.attention) == ("downloaded", "person")
    assert f"1 of its 5 rows answer what {ID} was asked (https://www.instagram.com/tea.club/)" in (held.reason or "")


SPELT = [
    ("as sent", {"discovery_input": ask_of("tea.club")}),
    ("another case and no slash", {"discovery_input": {"url": "HTTP://instagram.com/Tea.Club"}}),
    ("with keys that were added", {"discovery_input": {**ask_of("tea.club"), "extra": 1}}),
    ("nothing is said", {"discovery_input": None, "input": None}),
    ("only the post", {"discovery_input": None}),
    ("an empty object", {"discovery_input": {}}),
]


def test_every_way_to_say_the_same_is_ours(desk: Desk, vendor: Vendor) -> None:
    wrong = list[str]()
    for told, more in SPELT:
        vendor.answers |= {"download": lines(*({**post, **more} for post in POSTS))}
        desk.ledger.write(lambda connection: connection.execute(snapshot_table.update().values(provider_id=None)))
        desk.start(a_source(), num_posts=10 + len(desk.snapshots()))
        rested = rests(desk)
        owned = {row["source_id"] for row in desk.table()}
        if rested.state != "published" or owned != {1}:
            wrong.append(f"{told}: {rested.state} {rested.reason} {owned}")

    assert wrong == []


def test_one_odd_row_among_many_is_told_apart_and_nothing_more(desk: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": lines(*POSTS, a_post(5, "nobody.known")), "snapshots": listed(5)}
    desk.start()
    rests(desk)

    assert [row["source_id"] for row in desk.table()] == [1, 1, 1, 1, None]


def test_error_rows_of_another_are_another_body_too(desk: Desk, vendor: Vendor) -> None:
    failed = {**FAILED, "input": ask_of("other.club"), "discovery_input": ask_of("other.club")}
    vendor.answers |= {"download": lines(failed), "snapshots": listed(1)}
    desk.start()

    assert rests(desk).state == "downloaded"


def test_what_is_asked_lies_beside_what_came(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": lines(*POSTS), "snapshots": listed(4)}
    raw = rests(ready).raw

    assert (raw["vendor_rows"], json.loads(json.dumps(raw)) == dict(raw)) == (4, True)
