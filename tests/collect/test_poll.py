"""collect/poll.py: what each vendor answer does to a triggered snapshot."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.collect.conftest import Desk, Vendor, reply
from workbench.collect.poll import deadline_of
from workbench.engine.item import Attention

NOT_FOUND = reply(404, {"error": "Snapshot not found"})


def status(word: str, **more: str) -> httpx.Response:
    return reply(200, {"snapshot_id": "sd_test0001", "status": word, **more})


def failed(words: str) -> httpx.Response:
    return status("failed", error_message=words)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(status("starting"), "triggered", id="starting"),
        pytest.param(status("running"), "triggered", id="still running"),
        pytest.param(status("building"), "triggered", id="building"),
        pytest.param(status("collecting"), "triggered", id="collecting"),
        pytest.param(status("digesting"), "triggered", id="digesting"),
        pytest.param(status("delivering"), "triggered", id="delivering"),
        pytest.param(status("pending_discovery_input"), "triggered", id="pending something"),
        pytest.param(status("surprise"), "triggered", id="a status we do not know: keep waiting"),
        pytest.param(status("x" * 5000), "triggered", id="a status of 5,000 letters: keep waiting"),
        pytest.param(status("ready"), "ready", id="finished"),
        pytest.param(status("READY"), "ready", id="finished, shouted"),
        pytest.param(failed("Failed to trigger collector"), "failed", id="failed at the vendor"),
        pytest.param(status("failed"), "failed", id="failed at the vendor without a word"),
        pytest.param(failed("Snapshot is empty"), "empty", id="failed because there was nothing: empty"),
        pytest.param(failed("No data found in discovery"), "empty", id="discovery found nothing: empty"),
        pytest.param(status("canceled"), "canceled", id="canceled at the vendor"),
        pytest.param(status("cancelled"), "canceled", id="cancelled at the vendor, with two l"),
        pytest.param(NOT_FOUND, "triggered", id="not known yet, a moment after the trigger: keep waiting"),
        pytest.param(reply(503, "busy"), "triggered", id="vendor down: ask again later"),
        pytest.param(reply(500, "Internal server error"), "triggered", id="vendor broken: ask again later"),
        pytest.param(reply(429, "slow down", retry_after="1"), "triggered", id="429: ask again later"),
        pytest.param(reply(200, "<html>One moment</html>"), "triggered", id="a web page: ask again later"),
        pytest.param(reply(200, {"ok": True}), "triggered", id="no status at all: ask again later"),
        pytest.param(httpx.ReadError("reset"), "triggered", id="connection reset: ask again later"),
        pytest.param(httpx.ConnectError("refused"), "triggered", id="vendor not reached: ask again later"),
    ],
)
def test_the_answer_decides_the_state(triggered: Desk, vendor: Vendor, answer: object, state: str) -> None:
    vendor.answers["progress"] = answer
    snapshot = triggered.advance()

    assert snapshot.state == state
    assert snapshot.attempts == 0  # looking is not trying
    assert (snapshot.next_at is None) == (state in {"failed", "empty", "canceled"})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(status("surprise"), "surprise", id="the vendor's own word"),
        pytest.param(status("ready"), "ready", id="also the usual one"),
    ],
)
def test_the_vendors_word_is_kept(triggered: Desk, vendor: Vendor, answer: object, words: str) -> None:
    vendor.answers["progress"] = answer

    assert triggered.advance().vendor_status == words


def test_an_old_snapshot_that_is_not_known_has_expired(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["progress"] = NOT_FOUND
    triggered.late = timedelta(minutes=5)
    assert triggered.advance().state == "triggered"  # once may be anybody's mistake, a changed key's too
    triggered.late = timedelta(minutes=10)
    snapshot = triggered.advance()

    assert (snapshot.state, triggered.money()["sum"]) == ("expired", 0)
    assert "not found" in (snapshot.reason or "")


def test_a_refusal_that_is_not_about_the_snapshot_ends_it_never(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["progress"] = reply(402, {"error": "Account balance is too low"})
    snapshot = triggered.advance()
    assert (snapshot.state, "balance is too low" in (snapshot.reason or "")) == ("triggered", True)

    triggered.late = timedelta(hours=3)
    snapshot = triggered.advance()
    assert (snapshot.state, snapshot.attention) == ("stalled", Attention.REVIEW)
    assert triggered.money()["sum"] == 6000  # it is paid all the same


def test_past_the_deadline_it_is_stalled_and_a_person_is_told(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["progress"] = status("running")
    triggered.late = timedelta(hours=3)
    snapshot = triggered.advance()

    assert (snapshot.state, snapshot.attention, snapshot.next_at) == ("stalled", Attention.REVIEW, None)
    assert snapshot.reason == "still 'running' at Bright Data after 3.0 h; expected within 2.0 h"
    assert triggered.money()["sum"] == 6000  # it may still be running, and cost


def test_ready_after_the_deadline_is_ready(triggered: Desk) -> None:
    triggered.late = timedelta(hours=3)

    assert triggered.advance().state == "ready"


def test_the_deadline_holds_while_the_vendor_is_down(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["progress"] = reply(503, "busy")
    triggered.late = timedelta(days=3)
    snapshot = triggered.advance()

    assert snapshot.state == "triggered"  # an HTTP error is never a status
    assert snapshot.next_at is not None


@pytest.mark.parametrize(
    ("seconds", "hours"),
    [
        pytest.param([], 2.0, id="no history: the setting"),
        pytest.param([60.0] * 20, 2.0, id="a quick dataset: the setting"),
        pytest.param([3600.0] * 20, 4.0, id="a slow dataset: four times its own time"),
        pytest.param([60.0] * 18 + [3600.0] * 2, 4.0, id="its 95th percentile, not its mean"),
    ],
)
def test_how_long_a_collection_may_take(seconds: list[float], hours: float) -> None:
    assert deadline_of(timedelta(hours=2), seconds) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        pytest.param(status("failed"), 0, id="failed: nothing is billed"),
        pytest.param(failed("Snapshot is empty"), 0, id="empty: nothing is billed"),
        pytest.param(status("canceled"), 0, id="canceled: nothing is billed"),
        pytest.param(status("running"), 6000, id="running: stays reserved"),
        pytest.param(status("ready"), 6000, id="ready: stays reserved until it is settled"),
    ],
)
def test_the_reserve(triggered: Desk, vendor: Vendor, answer: object, left: int) -> None:
    vendor.answers["progress"] = answer
    triggered.advance()

    assert triggered.money()["sum"] == left


def test_a_hundred_looks_leave_no_events(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["progress"] = status("running")
    before = triggered.ledger.head()
    for _ in range(100):
        triggered.advance()

    assert triggered.ledger.head() == before
    assert triggered.snapshot().attempts == 0


def test_ready_says_until_when_it_can_be_fetched(triggered: Desk) -> None:
    snapshot = triggered.advance()

    assert snapshot.ready_at is not None
    assert snapshot.expires_at == snapshot.ready_at + timedelta(days=16)


CANCEL_OVER = [
    pytest.param(
        reply(400, "Snapshot is not running"), status("ready"), "ready", id="over already: what is paid comes in"
    ),
    pytest.param(reply(400, "Snapshot is not running"), status("failed"), "failed", id="failed already"),
    pytest.param("OK", status("running"), "canceled", id="cancelled at the vendor"),
    pytest.param(reply(503, "busy"), status("running"), "triggered", id="vendor down: asked again"),
    pytest.param(NOT_FOUND, NOT_FOUND, "triggered", id="not known yet: asked again"),
]


@pytest.mark.parametrize(("cancelled", "looked", "state"), CANCEL_OVER)
def test_cancel(triggered: Desk, vendor: Vendor, cancelled: object, looked: object, state: str) -> None:
    vendor.answers |= {"cancel": cancelled, "progress": looked}
    triggered.cancel()

    assert triggered.advance().state == state
