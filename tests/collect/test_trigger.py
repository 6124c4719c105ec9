"""collect/trigger.py: planned → triggered, sent once; a lost answer is unsure and never repeated."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.collect.conftest import ID, Desk, Vendor, a_source, reply
from workbench.db import history
from workbench.engine.item import Attention


def test_an_accepted_trigger_is_remembered_by_the_vendors_id(planned: Desk) -> None:
    snapshot = planned.advance()

    assert (snapshot.state, snapshot.provider_id, snapshot.armed) == ("triggered", ID, False)
    assert snapshot.triggered_at is not None


def test_it_sends_what_was_planned(planned: Desk, vendor: Vendor) -> None:
    planned.advance()
    (sent,) = vendor.asked("trigger")

    assert json.loads(sent.content) == [dict(one) for one in planned.snapshot().inputs]
    assert sent.url.params["discover_by"] == "url"
    assert sent.url.params["limit_per_input"] == "3"
    assert sent.url.params["format"] == "ndjson"
    assert sent.url.params["include_errors"] == "true"


def test_intent_and_money_are_written_before_the_request(planned: Desk, vendor: Vendor) -> None:
    seen = []
    vendor.on_request = lambda _: seen.append((planned.snapshot().armed, planned.money()))
    planned.advance()

    assert seen == [(True, {"reserve": 6000, "sum": 6000})]


LOST = [
    pytest.param(httpx.ReadError("reset"), id="connection reset after the request"),
    pytest.param(httpx.ReadTimeout("slow"), id="no answer in time"),
    pytest.param(reply(500, "Internal server error"), id="500"),
    pytest.param(reply(503, "<html>busy</html>"), id="503 of a gateway"),
    pytest.param(reply(408, "Request timeout"), id="408"),
    pytest.param(reply(200, {"message": "ok"}), id="200 without an id"),
    pytest.param(reply(200, "<html>One moment</html>"), id="200 with a web page"),
    pytest.param(reply(200, '{"snapshot_id": "sd_1'), id="200 cut short"),
    pytest.param(reply(403, "<html>blocked</html>", content_type="text/html"), id="403 of a gateway's page"),
]


@pytest.mark.parametrize("answer", LOST)
def test_a_lost_answer_is_unsure_and_is_not_sent_again(planned: Desk, vendor: Vendor, answer: object) -> None:
    vendor.answers["trigger"] = answer
    snapshot = planned.advance()

    assert (snapshot.state, snapshot.attention) == ("unsure", Attention.RECONCILE)
    assert planned.advance().state == "unsure"  # looked at the other side
    assert len(vendor.asked("trigger")) == 1
    assert planned.money() == {"reserve": 6000, "sum": 6000}  # it may have been accepted, so it may cost


REFUSED = [
    pytest.param(400, {"error": "Invalid input provided", "code": "validation_error", "errors": [["url", "bad"]]},
                 "url: bad", id="an input it does not take"),
    pytest.param(400, "No data to trigger", "No data to trigger", id="nothing to trigger"),
    pytest.param(404, "dataset does not exist", "dataset does not exist", id="no such dataset"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "body", "words"), REFUSED)
def test_a_refusal_fails_in_the_vendors_words_and_costs_nothing(
    planned: Desk, vendor: Vendor, code: int, body: object, words: str
) -> None:
    vendor.answers["trigger"] = reply(code, body)
    snapshot = planned.advance()

    assert snapshot.state == "failed"
    assert words in (snapshot.reason or "")
    assert planned.money() == {"reserve": 6000, "release": -6000, "sum": 0}


def test_a_429_waits_and_sends_again(planned: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = [reply(429, "Running jobs: 100>=100", retry_after="1"), {"snapshot_id": ID}]
    waiting = planned.advance()
    snapshot = planned.advance()

    assert (waiting.state, waiting.attempts, waiting.armed) == ("planned", 0, False)
    assert (snapshot.state, len(vendor.asked("trigger"))) == ("triggered", 2)
    assert planned.money()["sum"] == 6000


def test_a_vendor_that_cannot_be_reached_is_tried_again(planned: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = [httpx.ConnectError("refused"), {"snapshot_id": ID}]
    waiting = planned.advance()
    snapshot = planned.advance()

    assert (waiting.state, waiting.attempts) == ("planned", 1)
    assert snapshot.state == "triggered"


def test_a_refused_key_stops_the_work_and_leaves_the_snapshot_as_it_was(planned: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = reply(401, "Invalid credentials")
    with pytest.raises(Exception, match="BRIGHTDATA_API_KEY"):
        planned.advance()
    snapshot = planned.snapshot()

    assert (snapshot.state, snapshot.attempts, snapshot.armed) == ("planned", 0, False)
    assert planned.money()["sum"] == 0


def test_a_cancelled_one_is_never_sent(planned: Desk, vendor: Vendor) -> None:
    planned.cancel()
    snapshot = planned.advance()

    assert snapshot.state == "canceled"
    assert vendor.requests == []
    assert planned.money() == {"sum": 0}


def test_the_story_tells_intent_and_answer(planned: Desk) -> None:
    snapshot = planned.advance()
    story = history.story(planned.ledger, "snapshot", str(snapshot.id))

    assert [event["what"] for event in story][-2:] == ["armed", "moved"]
    assert story[-2]["facts"]["intent_id"] == snapshot.intent_id


def test_two_snapshots_are_two_requests(desk: Desk, vendor: Vendor) -> None:
    vendor.answers["trigger"] = [{"snapshot_id": "sd_one"}, {"snapshot_id": "sd_two"}]
    urls = [f"https://www.instagram.com/page{n}/" for n in range(3)]
    desk.start(*(a_source(url) for url in urls), batch_size=2)
    desk.worker.advance(desk.bench)
    desk.worker.advance(desk.bench)

    assert [len(json.loads(sent.content)) for sent in vendor.asked("trigger")] == [2, 1]
    assert {one.provider_id for one in desk.snapshots() if one.provider_id} <= {"sd_one", "sd_two"}
