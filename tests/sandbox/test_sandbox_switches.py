"""sandbox/brightdata/switches: every failure that can be asked for, and that counts tell the truth about it."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from workbench.sandbox.serve import Sandbox

ONCE = {"times": 1}


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({"surprise": 1}, "unknown switch 'surprise'", id="unknown name"),
        pytest.param({"expired": 2}, "a chance from 0 to 1", id="no chance"),
        pytest.param({"expired": True}, "a chance from 0 to 1", id="a boolean"),
        pytest.param({"expired": {"times": -1}}, "times is a whole number", id="negative times"),
        pytest.param({"expired": {"often": 1}}, "expired takes", id="unknown form"),
        pytest.param({"reset": {"times": 1, "on": "tea"}}, "on is one of trigger", id="unknown route"),
        pytest.param({"slow": {"times": 1}}, "slow takes seconds", id="slow without seconds"),
        pytest.param({"ready_after_seconds": "1"}, "a number of seconds", id="text for a number"),
        pytest.param([], "send a JSON object", id="no object"),
    ],
)
def test_a_wrong_switch_is_refused_and_none_is_set(caller: Any, values: Any, text: str) -> None:
    before = caller.http.get("/sandbox/switches").json()
    mixed = {"empty": 1, **values} if isinstance(values, dict) else values
    answer = caller.http.post("/sandbox/switches", json=mixed)

    assert (answer.status_code, text in answer.json()["error"]) == (400, True), answer.text
    assert caller.http.get("/sandbox/switches").json() == before


@pytest.mark.parametrize(
    ("switch", "code", "text"),
    [
        ("expired", 400, "Snapshot is expired"),
        ("empty", 400, "Snapshot is empty"),
        ("building_after_ready", 202, "Snapshot is building, try again in 10s"),
        ("ready_then_409", 409, "Snapshot is not ready for download"),
        ("html_body", 200, "<!DOCTYPE html>"),
        ("server_error_500", 500, "Internal server error"),
        ("too_many_429", 429, "too many running jobs"),
        ("ban", 429, "too many running jobs"),
    ],
)
def test_a_download_fails_as_asked_though_progress_says_ready(
    caller: Any, page: Any, switch: str, code: int, text: str
) -> None:
    snapshot_id = caller.triggered(page())
    assert caller.status(snapshot_id) == "ready"
    caller.switch(**{switch: ONCE})
    answer = caller.download(snapshot_id)

    assert (answer.status_code, text in answer.text) == (code, True), answer.text
    assert caller.count()["downloads"] == 0
    assert caller.download(snapshot_id).status_code == (400 if code == 400 else 200)


@pytest.mark.parametrize(
    ("switch", "status"), [("snapshot_failed", "failed"), ("snapshot_canceled", "canceled"), ("never_ready", "running")]
)
def test_a_snapshot_ends_as_asked_and_stays_so(caller: Any, page: Any, switch: str, status: str) -> None:
    caller.switch(**{switch: ONCE}, ready_after_seconds=0.5)  # which begins before the order is answered
    fated, other = caller.triggered(page()), caller.triggered(page())
    time.sleep(0.6)

    assert [caller.status(each) for each in (fated, other, fated)] == [status, "ready", status]
    assert caller.count()["records_billed"] == 3
    if status == "failed":
        assert caller.http.get(f"/datasets/v3/progress/{fated}").json()["error_message"]
    if status == "running":
        caller.switch(never_ready=0)
        assert caller.status(fated) == "ready"


def test_building_comes_in_three_shapes_the_last_of_them_200(caller: Any, page: Any) -> None:
    snapshot_id = caller.triggered(page())
    caller.switch(building_after_ready={"times": 3})
    answers = [caller.download(snapshot_id) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [202, 202, 200, 200]
    assert [answer.json()["status"] for answer in answers[:3]] == ["building"] * 3


def test_an_unknown_status_passes(caller: Any, page: Any) -> None:
    snapshot_id = caller.triggered(page())
    caller.switch(unknown_status={"times": 2})

    assert [caller.status(snapshot_id) for _ in range(3)] == ["digesting", "collating", "ready"]


def test_a_reset_does_nothing_and_a_dropped_answer_has_done_it(caller: Any, page: Any) -> None:
    caller.switch(reset=ONCE, drop_after_trigger=ONCE)
    for accepted in (0, 1):
        with pytest.raises(httpx.NetworkError):
            caller.trigger(page())
        assert caller.count()["triggers_accepted"] == accepted

    assert caller.count()["answers"]["none"] == 2
    assert caller.http.get("/sandbox/triggers").json()[0]["answered"] == "dropped"


def test_an_answer_without_an_id_is_accepted_work(caller: Any, page: Any) -> None:
    caller.switch(answer_without_id=ONCE)
    answer = caller.trigger(page())

    assert (answer.status_code, "snapshot_id" in answer.json()) == (200, False)
    assert caller.count()["triggers_accepted"] == 1


def test_twenty_five_429s_are_a_ban_until_cleared(caller: Any) -> None:
    caller.switch(too_many_429={"times": 25}, retry_after_seconds=3)
    first = caller.http.get("/status")
    for _ in range(24):
        assert caller.http.get("/status").status_code == 429
    banned = {caller.http.get("/status").status_code for _ in range(4)}
    caller.switch(ban=0)

    assert first.headers["retry-after"] == "3"
    assert banned == {429, 403}
    assert caller.http.get("/status").status_code == 200


def test_on_narrows_a_switch_to_one_route(caller: Any, page: Any) -> None:
    caller.switch(server_error_500={"times": 1, "on": "progress"})
    snapshot_id = caller.triggered(page())

    assert caller.http.get(f"/datasets/v3/progress/{snapshot_id}").status_code == 500
    assert caller.status(snapshot_id) == "ready"


def test_slow_acts_first_and_answers_late(caller: Any, page: Any) -> None:
    caller.switch(slow={"seconds": 0.4, "times": 1, "on": "trigger"})
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(
            "/datasets/v3/trigger",
            params={"dataset_id": "gd_lk5ns7kz21pck8jpis", "type": "discover_new", "discover_by": "url"},
            json=[page()],
            timeout=0.1,
        )

    assert caller.count()["triggers_accepted"] == 1


def test_bodies_are_cut_in_turn_and_never_count_as_downloads(caller: Any, page: Any) -> None:
    snapshot_id = caller.triggered(page(count=30))
    caller.switch(truncated_body={"times": 2})
    for _ in ("length", "chunked"):
        with pytest.raises(httpx.RemoteProtocolError):
            caller.download(snapshot_id)
    caller.switch(truncated_body=ONCE)
    cut = caller.download(snapshot_id, compress="true").content

    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(cut)
    assert caller.count()["downloads"] == 0
    assert len(caller.download(snapshot_id).content) > 1000


@pytest.mark.parametrize("value", [ONCE, 0.1])
def test_broken_lines_are_counted_and_can_be_looked_up(caller: Any, page: Any, value: Any) -> None:
    caller.switch(broken_lines=value)
    snapshot_id = caller.triggered(page(count=40))
    lines = caller.download(snapshot_id).content.split(b"\n")[:-1]
    told = caller.http.get(f"/sandbox/rows/{snapshot_id}").json()
    broken = [_is_broken(line) for line in lines]

    assert [each["line"].encode("utf-8", "surrogateescape") for each in told] == lines
    assert [each["broken"] for each in told] == broken
    assert 0 < caller.count()["broken_lines"][snapshot_id] == sum(broken) < 30


def _is_broken(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def test_a_chance_is_the_same_for_the_same_seed(tmp_path: Path, caller: Any) -> None:
    """Half of the calls, in an order that the seed decides."""
    caller.http.post("/sandbox/reset")
    caller.switch(server_error_500=0.5)
    here = [caller.http.get("/status").status_code for _ in range(20)]
    with (
        Sandbox(tmp_path / "other", seed=7, switches={"server_error_500": 0.5}) as other,
        httpx.Client(base_url=other.url, headers=caller.http.headers, verify=False) as http,
    ):
        there = [http.get("/status").status_code for _ in range(20)]

    assert here == there
    assert set(here) == {200, 500}


def test_reset_is_a_new_world_of_the_same_seed_and_first_switches(caller: Any, page: Any) -> None:
    caller.switch(empty=1, ready_after_seconds=9)
    first = caller.triggered(page())
    caller.http.post("/sandbox/reset")

    assert caller.count()["triggers_accepted"] == 0
    switches = caller.http.get("/sandbox/switches").json()
    assert (switches["empty"], switches["ready_after_seconds"]) == (0, 0)
    assert caller.triggered(page()) == first
