"""deliveries/matching.py: which snapshot a delivery is for, and what that does to it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.deliveries.conftest import Desk
from workbench.db import history
from workbench.db.clock import now
from workbench.db.schema import delivery
from workbench.deliveries import store as delivering

ROWS = [{"url": "https://www.instagram.com/p/1/", "id": "row-1"}]
TOKEN = "token-one"

WAYS = [
    pytest.param({"token": TOKEN}, id="our token in the path"),
    pytest.param({"Snapshot_Id": "sd_1"}, id="header Snapshot-Id"),
    pytest.param({"Dca_Collection_Id": "sd_1"}, id="header Dca-Collection-Id"),
    pytest.param({"X_Brightdata_Request_Id": "sd_1"}, id="header of old"),
    pytest.param({"X_Request_Id": "sd_1"}, id="header that proxies set too"),
    pytest.param({"token": "?snapshot_id=sd_1"}, id="query snapshot_id"),
    pytest.param({"token": "?requestId=sd_1"}, id="query requestId"),
    pytest.param({"body": {"snapshot_id": "sd_1", "status": "ready"}}, id="notice"),
    pytest.param({"body": {"jobId": "sd_1"}}, id="body jobId"),
    pytest.param({"body": {"meta": {"Snapshot-Id": "sd_1"}}}, id="body meta"),
    pytest.param({"body": [{"request_id": "sd_1"}, {"request_id": "other"}]}, id="first row"),
    pytest.param({"body": {"x": TOKEN, "id": TOKEN}}, id="our token in the body"),
    pytest.param({"token": "token-of-nobody", "Snapshot_Id": "sd_1"}, id="a token that says nothing, and the header"),
    pytest.param({"token": TOKEN, "X_Request_Id": "proxy-7"}, id="a stranger's id beside it"),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_its_snapshot_is_looked_at_now(desk: Desk, way: dict[str, Any]) -> None:
    number = desk.triggered()
    desk.post(way.get("body", ROWS), **{name: value for name, value in way.items() if name != "body"})
    row = desk.row()

    assert (row["status"], row["snapshot"], row["attention"]) == ("processed", number, None)
    assert desk.state(number)["next_at"] <= now()
    assert desk.state(number)["state"] == "triggered"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param(b'[{"a": 1}, {"b"', "json_error", "no JSON", id="cut JSON"),
        pytest.param(gzip.compress(b"[]" * 99)[:-9], "json_error", "breaks off", id="cut gzip"),
        pytest.param({"file_url": "https://127.0.0.1:1/x"}, "file_url_error", "never followed", id="file_url"),
    ],
)
def test_a_damaged_body_rings_all_the_same(desk: Desk, body: Any, status: str, words: str) -> None:
    number = desk.triggered()
    desk.post(body, TOKEN)
    row = desk.row()

    assert (row["status"], row["snapshot"]) == (status, number)
    assert words in row["error_message"]
    assert desk.state(number)["next_at"] <= now()


@pytest.mark.parametrize("way", [{"X_Brightdata_Test": "true"}, {"body": {"test": 1}}], ids=["header", "body"])
def test_a_test_creates_and_completes_nothing(desk: Desk, way: dict[str, Any]) -> None:
    number = desk.triggered()
    before = desk.state(number)
    desk.post(way.pop("body", ROWS), TOKEN, Snapshot_Id="sd_1", **way)

    assert desk.row()["status"] == "test_processed"
    assert desk.state(number) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b'[{"a": 1}, {"b"', "json_error", id="cut JSON"),
        pytest.param(gzip.compress(b"[]" * 99)[:-9], "json_error", id="cut gzip"),
        pytest.param({"file_url": "https://127.0.0.1:1/x"}, "file_url_error", id="file_url"),
    ],
)
def test_a_damaged_body_of_a_stranger_is_called_so_and_its_snapshot_looked_for(
    desk: Desk, body: Any, status: str
) -> None:
    desk.post(body, Snapshot_Id="sd_1")
    first = desk.row()
    assert (first["status"], first["snapshot"], first["attention"]) == (status, None, None)
    assert first["next_at"] > now() - timedelta(seconds=1)
    assert "no snapshot that we know" in first["error_message"]

    number = desk.triggered()
    age(desk, hours=1)
    known = desk.row()
    assert (known["status"], known["snapshot"], known["next_at"]) == (status, number, None)
    assert desk.state(number)["next_at"] <= now()


def test_a_damaged_body_that_nobody_claims_waits_for_a_person(desk: Desk) -> None:
    desk.post(b"{", Snapshot_Id="sd_1")
    age(desk, hours=25)

    assert (desk.row()["status"], desk.row()["attention"], desk.row()["next_at"]) == ("json_error", "review", None)
    desk.triggered()
    assert desk.workbench.deliveries.replay(1)["status"] == "json_error"
    assert desk.row()["attention"] is None


FOREIGN = [
    pytest.param({"Snapshot_Id": "sd_of_somebody"}, id="foreign snapshot"),
    pytest.param({"token": "token-of-nobody"}, id="foreign token"),
    pytest.param({}, id="no name at all"),
    pytest.param({"Snapshot_Id": "sd_1' OR 1=1 --"}, id="no id"),
]


@pytest.mark.parametrize("way", FOREIGN)
def test_a_stranger_is_looked_for_a_day_and_then_waits_for_a_person(desk: Desk, way: dict[str, str]) -> None:
    number = desk.triggered()
    before = desk.state(number)
    desk.post(ROWS, **way)
    first = desk.row()
    assert (first["status"], first["attention"], first["hint"]) == ("unmatched", None, "instagram")
    assert first["next_at"] > now() - timedelta(seconds=1)

    age(desk, hours=25)
    assert (desk.row()["status"], desk.row()["attention"]) == ("unmatched", "review")
    assert desk.row()["next_at"] is None
    assert desk.state(number) == before
    assert [one["delivery_id"] for one in desk.workbench.deliveries.in_review()] == [1]


def age(desk: Desk, *, hours: float) -> None:
    """As if everything had come so long ago, and were due."""
    old = update(delivery).values(received_at=now() - timedelta(hours=hours), next_at=now())
    desk.workbench.parts.ledger.write(lambda connection: connection.execute(old))


def test_one_that_beat_our_own_commit_is_matched_later(desk: Desk) -> None:
    desk.post(ROWS, Snapshot_Id="sd_1")
    assert desk.row()["status"] == "unmatched"
    number = desk.triggered()
    age(desk, hours=1)

    assert (desk.row()["status"], desk.row()["snapshot"]) == ("processed", number)


def test_one_in_review_is_matched_after_an_adoption(desk: Desk) -> None:
    desk.post(ROWS, Snapshot_Id="sd_1")
    age(desk, hours=25)
    assert desk.row()["attention"] == "review"
    desk.triggered()

    assert desk.workbench.deliveries.replay(1)["status"] == "processed"


DISAGREE = [
    pytest.param({"token": TOKEN, "Snapshot_Id": "sd_2"}, id="token and header, both ours"),
    pytest.param({"Snapshot_Id": "sd_1", "body": {"id": "sd_2"}}, id="header and body"),
    pytest.param({"token": TOKEN, "Snapshot_Id": "sd_unknown"}, id="our token, another name of Bright Data's"),
]


@pytest.mark.parametrize("way", DISAGREE)
def test_places_that_disagree_go_to_a_person(desk: Desk, way: dict[str, Any]) -> None:
    numbers = [desk.triggered(), desk.triggered("sd_2", "token-two")]
    before = [desk.state(number) for number in numbers]
    desk.post(way.pop("body", ROWS), **way)
    row = desk.row()

    assert (row["status"], row["attention"]) == ("unmatched", "review")
    assert "sd_" in row["error_message"]
    assert [desk.state(number) for number in numbers] == before


# ---- what a delivery proves


@pytest.mark.parametrize("state", ["unsure", "planned"])
def test_it_proves_that_a_lost_trigger_was_accepted(desk: Desk, state: str) -> None:
    number = desk.triggered(state=state, provider_id=None, attention="reconcile" if state == "unsure" else None)
    desk.post(ROWS, TOKEN, Snapshot_Id="sd_1")
    item, row = desk.row(), desk.state(number)

    assert item["status"] == "processed"
    assert (row["state"], row["provider_id"], row["attention"]) == ("triggered", "sd_1", None)
    assert row["next_at"] <= now()
    told = history.story(desk.workbench.parts.ledger, "snapshot", str(number))[-1]
    assert (told["from_state"], told["to_state"], told["facts"]["provider_id"]) == (state, "triggered", "sd_1")


@pytest.mark.parametrize(
    ("set_to", "way"),
    [
        pytest.param({"lease_owner": "a worker"}, {"Snapshot_Id": "sd_1"}, id="a worker is at it"),
        pytest.param(
            {"lease_owner": "a worker", "armed": True}, {"Snapshot_Id": "sd_1"}, id="its trigger is under way"
        ),
        pytest.param({}, {}, id="the token alone: no id to adopt"),
        pytest.param({}, {"X_Request_Id": "proxy-7"}, id="an id that Bright Data did not give"),
    ],
)
def test_what_is_not_proved_or_not_free_is_left_alone(desk: Desk, set_to: Any, way: dict[str, str]) -> None:
    number = desk.triggered(state="unsure", provider_id=None, **set_to)
    before = desk.state(number)
    desk.post(ROWS, TOKEN, **way)
    row = desk.row()

    assert (row["status"], row["snapshot"]) == ("received", number)
    assert row["provider_id"] == way.get("Snapshot_Id")
    assert desk.state(number) == before


def test_two_names_for_one_lost_trigger_are_no_proof(desk: Desk) -> None:
    number = desk.triggered(state="unsure", provider_id=None)
    desk.post({"snapshot_id": "sd_2", "status": "ready"}, TOKEN, Snapshot_Id="sd_1")

    assert desk.row()["attention"] == "review"
    assert desk.state(number)["state"] == "unsure"


def test_a_stalled_snapshot_is_looked_at_again(desk: Desk) -> None:
    number = desk.triggered(state="stalled", next_at=None, attention="review")
    desk.post(ROWS, TOKEN)

    assert desk.row()["status"] == "processed"
    assert (desk.state(number)["state"], desk.state(number)["attention"]) == ("triggered", None)


def test_the_second_of_a_finished_snapshot_is_a_duplicate(desk: Desk) -> None:
    number = desk.triggered()
    desk.post(ROWS, TOKEN)
    assert desk.row()["status"] == "processed"
    desk.set(number, state="published", next_at=None)
    before = desk.state(number)
    desk.post([{"other": "bytes"}], TOKEN)
    desk.workbench.deliveries.match()

    assert [row["status"] for row in desk.rows()] == ["processed", "duplicate"]
    assert desk.state(number) == before


def test_analysts_see_the_deliveries(desk: Desk) -> None:
    desk.triggered()
    desk.post(ROWS, TOKEN)
    desk.post(ROWS, Snapshot_Id="sd_foreign")
    desk.workbench.deliveries.match()
    query = "SELECT snapshot_id, status, copies, processed_at IS NULL FROM webhook_events ORDER BY delivery_id"

    assert desk.workbench.sql(query).fetchall() == [
        ("sd_1", "processed", 1, False), ("sd_foreign", "unmatched", 1, True),
    ]  # fmt: skip


# ---- retention


def test_bodies_go_when_their_time_is_over_and_their_rows_are_in(desk: Desk) -> None:
    done, open_ = desk.triggered(), desk.triggered("sd_2", "token-two")
    for token in (TOKEN, "token-two", "token-of-nobody"):
        desk.post(ROWS, token)
    desk.workbench.deliveries.match()
    desk.set(done, state="published", next_at=None)
    old = update(delivery).values(processed_at=now() - timedelta(days=15)).where(delivery.c.status == "processed")
    desk.workbench.parts.ledger.write(lambda connection: connection.execute(old))
    for path in desk.files():
        set_old(path)

    assert desk.workbench.deliveries.retire() == 1
    assert [row["file"] is None for row in desk.rows()] == [True, False, False]
    assert len(desk.files()) == 2
    assert desk.workbench.deliveries.retire() == 0
    assert open_


def test_bodies_that_nobody_claims_go_later_and_that_is_said_before(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(unmatched_retention_days=30)
    desk.triggered(provider_id="sd_1")
    desk.post(ROWS, "token-of-nobody", Snapshot_Id="sd_2")
    came(desk, days=2)
    assert desk.row()["attention"] == "review"
    (entry,) = desk.workbench.todo()
    came(desk, days=24)
    (warned,) = desk.workbench.todo()

    assert "removed" not in entry["why"]
    assert "Its body is removed after" in warned["why"]
    assert warned["command"] == "workbench deliveries replay 1" != entry["command"]
    assert desk.workbench.deliveries.retire() == 0

    came(desk, days=31)
    for path in desk.files():
        set_old(path)
    assert desk.workbench.deliveries.retire() == 1
    assert (desk.row()["file"], desk.files(), desk.workbench.todo()) == (None, [], [])
    assert "nobody claimed it in 30 days" in desk.row()["error_message"]


def came(desk: Desk, *, days: int) -> None:
    at = now() - timedelta(days=days)
    old = update(delivery).values(received_at=at, last_at=at)
    desk.workbench.parts.ledger.write(lambda connection: connection.execute(old.values(next_at=now())))


def set_old(path: Any) -> None:
    import os

    os.utime(path, (1e9, 1e9))


def test_the_story_of_a_delivery_is_in_the_chain(desk: Desk) -> None:
    desk.triggered()
    desk.post(ROWS, TOKEN)
    desk.row()
    told = history.story(desk.workbench.parts.ledger, "delivery", "1")

    assert [(one["what"], one["to_state"]) for one in told] == [("received", "received"), ("judged", "processed")]
    assert json.dumps(told, default=str).count(TOKEN) == 0
    assert delivering.by_digest(desk.workbench.parts.ledger, told[0]["facts"]["digest"]) == 1
