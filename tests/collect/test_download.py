"""collect/download.py: ready → downloaded: whole and verified, or asked for again."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import timedelta

import httpx
import pytest
import zstandard

from tests.collect.conftest import ID, Desk, Vendor, a_post, a_source, lines, reply
from workbench.lake.schema import TRANSFORM_VERSION
from workbench.sandbox.serve import Sandbox

POSTS = [a_post(1), a_post(2)]
BODY = "\n".join(map(json.dumps, POSTS)).encode()


def raw_bytes(desk: Desk) -> bytes:
    (path,) = desk.lake.rglob("*.raw.ndjson.zst")
    return zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(lines(*POSTS), "downloaded", id="rows"),
        pytest.param(reply(202, {"status": "building", "message": "try again in 10s"}), "triggered", id="202 building"),
        pytest.param(reply(202, {"status": "running", "message": "not ready yet"}), "triggered", id="202 not ready"),
        pytest.param(reply(409, {"error": "Snapshot is not ready for download"}), "triggered", id="409 not ready"),
        pytest.param(reply(200, {"status": "building", "message": "try again in 10s"}), "triggered", id="200 building"),
        pytest.param(reply(400, "Snapshot is expired"), "expired", id="400 expired"),
        pytest.param(reply(404, "Snapshot does not exist"), "triggered", id="404: its status tells"),
        pytest.param(reply(400, "Snapshot is empty"), "empty", id="400 empty"),
        pytest.param(
            reply(400, {"validation_errors": ["format is wrong"]}), "ready", id="400 a wrong parameter: asked again"
        ),
        pytest.param(reply(402, {"error": "Account balance is too low"}), "ready", id="402: asked again"),
        pytest.param(reply(500, "Internal server error"), "ready", id="500: asked again"),
        pytest.param(reply(503, "<html>busy</html>"), "ready", id="503: asked again"),
        pytest.param(reply(429, "slow down", retry_after="1"), "ready", id="429: asked again"),
        pytest.param(reply(200, "<html>One moment</html>"), "ready", id="a web page with 200: asked again"),
        pytest.param(reply(200, "plain words"), "ready", id="plain words with 200: asked again"),
        pytest.param(httpx.ReadError("reset"), "ready", id="connection reset: asked again"),
        pytest.param(reply(200, b""), "downloaded", id="no byte at all: nothing was delivered"),
    ],
)
def test_the_answer_decides_the_state(ready: Desk, vendor: Vendor, answer: object, state: str) -> None:
    vendor.answers["download"] = answer
    snapshot = ready.advance()

    assert snapshot.state == state
    assert (snapshot.next_at is None) == (state in {"expired", "empty", "failed"})


def test_raw_bytes_are_kept_as_received(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(*POSTS)
    snapshot = ready.advance()
    raw = dict(snapshot.raw or {})

    assert raw_bytes(ready) == BODY
    assert raw["sha256"] == hashlib.sha256(BODY).hexdigest()
    assert raw["bytes"] == len(BODY)
    assert raw["path"].endswith(f"{ID}__v{TRANSFORM_VERSION}_{raw['sha256'][:8]}.raw.ndjson.zst")


def test_it_asks_for_ndjson_in_gzip(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(*POSTS)
    ready.advance()
    (asked,) = vendor.asked("download")

    assert dict(asked.url.params) == {"format": "ndjson", "compress": "true"}


def test_nothing_of_the_staging_folder_is_left(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(*POSTS)
    ready.advance()

    assert list((ready.lake / ".staging").iterdir()) == []


def test_building_after_ready_goes_on_polling_and_comes_back(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = [reply(202, {"status": "building", "message": "building"}), lines(*POSTS)]
    states = [str(ready.advance().state) for _ in range(3)]

    assert states == ["triggered", "ready", "downloaded"]


def test_building_for_ever_is_bounded_by_the_deadline(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = reply(202, {"status": "building", "message": "building"})
    vendor.answers["progress"] = {"status": "ready"}
    ready.late = timedelta(days=30)
    for _ in range(40):
        if ready.snapshot().next_at is None:
            break
        ready.advance()

    assert ready.snapshot().state in {"stalled", "quarantined", "expired"}


@pytest.mark.parametrize("state", ["expired", "empty"])
def test_what_the_vendor_does_not_deliver_is_not_paid(ready: Desk, vendor: Vendor, state: str) -> None:
    vendor.answers["download"] = reply(400, f"Snapshot is {state}")
    ready.advance()

    assert ready.money()["sum"] == 0


TRUNCATED = [
    pytest.param(1, id="a gzip stream that stops"),
    pytest.param(2, id="fewer bytes than Content-Length says"),
    pytest.param(3, id="an aborted chunk stream"),
]


@pytest.mark.parametrize("cuts", TRUNCATED)
def test_a_truncated_body_is_never_kept_and_fetched_again(wired: Desk, sandbox: Sandbox, cuts: int) -> None:
    wired.start()
    wired.advance(until="ready")
    sandbox.switch(truncated_body={"times": cuts})
    after = [wired.advance() for _ in range(cuts)]
    nothing = list(wired.lake.rglob("*.raw.ndjson.zst"))
    snapshot = wired.advance()

    assert [str(one.state) for one in after] == ["ready"] * cuts
    assert nothing == []
    assert snapshot.state == "downloaded"
    assert raw_bytes(wired).count(b"\n") + 1 == 3 or raw_bytes(wired).count(b"\n") == 3


def test_a_body_that_breaks_off_in_its_last_line_is_asked_again(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = [reply(200, gzip.compress(BODY[:-20])), lines(*POSTS)]
    first = ready.advance()
    second = ready.advance()

    assert first.state == "ready"
    assert "break off in the last line" in (first.reason or "")
    assert (second.state, raw_bytes(ready)) == ("downloaded", BODY)


def test_a_last_line_that_stays_broken_is_the_vendors_and_becomes_a_reject(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": reply(200, gzip.compress(BODY[:-20])), "parts": {"parts": 1}}
    snapshot = ready.advance(until="published")

    assert (snapshot.row_count, snapshot.malformed_count) == (1, 1)
    assert raw_bytes(ready) == BODY[:-20]


def test_after_a_broken_download_it_goes_on_by_parts(ready: Desk, vendor: Vendor) -> None:
    one, two = BODY.split(b"\n")
    vendor.answers["parts"] = {"parts": 2}
    vendor.answers["download"] = [
        httpx.ReadError("reset"),
        reply(200, gzip.compress(one)), httpx.ReadError("reset"),
        reply(200, gzip.compress(two)),
    ]  # fmt: skip
    states = [str(ready.advance().state) for _ in range(3)]
    asked = [request.url.params.get("part") for request in vendor.asked("download")]

    assert states == ["ready", "ready", "downloaded"]
    assert asked == [None, "1", "2", "2"]  # part 1 lay there whole
    assert raw_bytes(ready) == BODY


def test_a_download_that_goes_on_in_parts_has_every_row(wired: Desk, sandbox: Sandbox) -> None:
    wired.start(a_source(), num_posts=2500)
    wired.advance(until="ready")
    sandbox.switch(truncated_body={"times": 2})
    snapshot = wired.advance(until="published")

    assert snapshot.row_count == 2500
    assert sorted(row["row_no"] for row in wired.table()) == list(range(1, 2501))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(POSTS).encode(), id="on one line"),
        pytest.param(json.dumps(POSTS, indent=1).encode(), id="spread over lines"),
    ],
)
def test_an_array_is_read_though_ndjson_was_asked_for(ready: Desk, vendor: Vendor, body: bytes) -> None:
    vendor.answers["download"] = reply(200, gzip.compress(body), content_type="application/gzip")
    snapshot = ready.advance(until="published")

    assert (snapshot.row_count, snapshot.malformed_count) == (2, 0)
    assert [row["post_id"] for row in ready.table()] == ["1", "2"]


@pytest.mark.parametrize("blank", [b"", b"\n", b"\n\n \n"])
def test_a_body_without_a_row_is_empty(ready: Desk, vendor: Vendor, blank: bytes) -> None:
    vendor.answers["download"] = reply(200, gzip.compress(blank), content_type="application/gzip")
    snapshot = ready.advance(until="empty")

    assert snapshot.row_count == 0
    assert ready.money()["sum"] == 0


def test_twelve_failures_end_in_quarantine_with_the_last_reason(ready: Desk, vendor: Vendor) -> None:
    vendor.answers |= {"download": reply(500, "Internal server error"), "parts": {"parts": 1}}
    snapshot = ready.advance(until="quarantined")

    assert "Internal server error" in (snapshot.reason or "")
    assert len(vendor.asked("download")) == 12


def test_a_cancelled_run_still_fetches_what_is_ready(ready: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(*POSTS)
    ready.cancel()

    assert ready.advance(until="published").row_count == 2


def test_an_unchanged_lake_after_a_lost_lease(ready: Desk, vendor: Vendor) -> None:
    """Another owner took over while we were downloading: nothing of ours is recorded."""

    def take_over(_: httpx.Request) -> None:
        from sqlalchemy import update

        from workbench.db.schema import snapshot

        theirs = update(snapshot).values(lease_token=snapshot.c.lease_token + 1, lease_owner="h:1:b:other")
        ready.ledger.write(lambda connection: connection.execute(theirs))

    vendor.answers["download"] = lines(*POSTS)
    vendor.on_request = take_over
    snapshot = ready.advance()

    assert (snapshot.state, snapshot.raw) == ("ready", None)
