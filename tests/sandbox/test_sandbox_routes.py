"""sandbox/brightdata: what each route answers, in the vendor's words."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

INSTAGRAM = "gd_lk5ns7kz21pck8jpis"
FACEBOOK = "gd_lkaxegm826bjpoo9m5"
LINKEDIN = "gd_lyy3tktm25m4avu764"
URL = {"url": "https://www.instagram.com/tea.club/"}


@pytest.mark.parametrize(
    ("query", "body", "code", "text"),
    [
        pytest.param({}, [URL], 404, "Collector not found", id="no dataset"),
        pytest.param({"dataset_id": "gd_none"}, [URL], 404, "dataset does not exist", id="unknown dataset"),
        pytest.param({"dataset_id": INSTAGRAM}, [], 400, "No data to trigger", id="no inputs"),
        pytest.param({"dataset_id": INSTAGRAM}, {"input": []}, 400, "No data to trigger", id="no inputs in object"),
        pytest.param({"dataset_id": INSTAGRAM}, [{"url": "http://[tea"}], 400, "valid url", id="half an address"),
        pytest.param({"dataset_id": INSTAGRAM}, "words", 400, "parse_error", id="no array"),
        pytest.param(
            {"dataset_id": INSTAGRAM}, [{"url": "tea"}], 400, '["url", "This field must be a valid url"]', id="no url"
        ),
        pytest.param({"dataset_id": INSTAGRAM}, [{}], 400, '["url", "This field is required"]', id="url is missing"),
        pytest.param(
            {"dataset_id": INSTAGRAM},
            [{**URL, "start_date": "x"}],
            400,
            '["start_date", "Unexpected',
            id="key of another method",
        ),
        pytest.param(
            {"dataset_id": INSTAGRAM, "type": "discover_new"}, [URL], 400, "discover_by", id="no discovery method"
        ),
        pytest.param(
            {"dataset_id": FACEBOOK, "type": "discover_new", "discover_by": "url"},
            [URL],
            400,
            "discover_by",
            id="unknown discovery method",
        ),
        pytest.param(
            {"dataset_id": INSTAGRAM, "limit_per_input": "0"}, [URL], 400, "limit_per_input", id="limit of nothing"
        ),
        pytest.param({"dataset_id": INSTAGRAM, "format": "xml"}, [URL], 400, "format", id="unknown format"),
        pytest.param({"dataset_id": INSTAGRAM, "deadline": "soon"}, [URL], 400, "deadline", id="unreadable deadline"),
    ],
)
def test_a_wrong_trigger_is_refused_and_nothing_is_accepted(
    caller: Any, query: dict[str, str], body: Any, code: int, text: str
) -> None:
    answer = caller.http.post("/datasets/v3/trigger", params=query, json=body)

    assert (answer.status_code, text in answer.text) == (code, True), answer.text
    assert caller.count()["triggers_accepted"] == 0
    assert caller.count()["trigger_requests"] == 1


@pytest.mark.parametrize(
    ("path", "key", "text"),
    [
        pytest.param("/datasets/v3/trigger", None, "Credentials are missing", id="trigger without a key"),
        pytest.param("/datasets/v3/trigger", "Basic xyz", "Auth method is not supported", id="trigger with basic auth"),
        pytest.param("/datasets/v3/trigger", "Bearer short", "Invalid credentials", id="trigger with a bad key"),
        pytest.param(
            "/datasets/v3/progress/s_1",
            "Bearer short",
            '{"error": "User authentication is required"}',
            id="anything else",
        ),
    ],
)
def test_without_a_key_nobody_gets_in(caller: Any, path: str, key: str | None, text: str) -> None:
    caller.http.headers.pop("Authorization")
    headers = {"Authorization": key} if key else {}
    answer = caller.http.request("POST" if "trigger" in path else "GET", path, headers=headers)

    assert (answer.status_code, answer.text) == (401, text)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"json": [URL]}, id="bare array"),
        pytest.param({"json": {"input": [URL], "limit_per_input": 10}}, id="object"),
        pytest.param({"files": {"data": ("in.csv", f"url\n{URL['url']}\n", "text/csv")}}, id="csv in a form"),
    ],
)
def test_every_body_shape_is_the_same_order(caller: Any, body: dict[str, Any]) -> None:
    query = {"dataset_id": INSTAGRAM, "type": "discover_new", "discover_by": "url"}
    snapshot_id = caller.http.post("/datasets/v3/trigger", params=query, **body).json()["snapshot_id"]

    assert caller.http.get(f"/datasets/v3/snapshot/{snapshot_id}/input").json() == [URL]
    assert len(caller.download(snapshot_id, format="json").json()) == 10


def test_progress_goes_from_starting_over_running_to_ready(caller: Any, page: Any, eventually: Any) -> None:
    caller.switch(ready_after_seconds=2)
    snapshot_id = caller.triggered(page())
    early = caller.download(snapshot_id)
    seen = [caller.status(snapshot_id)]

    assert (early.status_code, early.json()["message"]) == (202, "Snapshot is not ready yet, try again in 10s")

    def is_ready() -> bool:
        seen.append(caller.status(snapshot_id))
        return bool(seen[-1] == "ready")

    assert eventually(is_ready)
    assert list(dict.fromkeys(seen)) == ["starting", "running", "ready"]


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", "/datasets/v3/progress/s_none", 404, '{"error": "Snapshot not found"}'),
        ("GET", "/datasets/v3/snapshot/s_none", 404, "Snapshot does not exist"),
        ("GET", "/datasets/v3/snapshot/s_none/input", 400, "Snapshot input does not exist"),
        ("POST", "/datasets/v3/snapshot/s_none/cancel", 404, '{"error": "Snapshot not found"}'),
        ("GET", "/datasets/v3/log/s_none", 404, '{"error": "Snapshot not found"}'),
        ("GET", "/datasets/gd_none/metadata", 404, "dataset does not exist"),
        ("GET", "/datasets/v3/nowhere", 404, '{"error": "Not found"}'),
    ],
)
def test_what_is_not_there(caller: Any, method: str, path: str, code: int, text: str) -> None:
    answer = caller.http.request(method, path)

    assert (answer.status_code, answer.text) == (code, text)


def test_formats_carry_the_same_rows(caller: Any, page: Any) -> None:
    snapshot_id = caller.triggered(page(count=20))
    rows = caller.download(snapshot_id, format="json").json()
    lines = caller.download(snapshot_id).content.split(b"\n")  # bytes: U+2028 in a text is no end of line

    assert [json.loads(line) for line in lines if line] == rows
    assert caller.download(snapshot_id, format="jsonl").content == caller.download(snapshot_id).content
    assert gzip.decompress(caller.download(snapshot_id, compress="true").content).count(b"\n") == 20
    assert caller.download(snapshot_id, format="csv").text.startswith("url,user_posted,description")
    assert caller.download(snapshot_id, format="xlsx").status_code == 400


def test_parts_are_the_whole_in_order(caller: Any, page: Any) -> None:
    snapshot_id = caller.triggered(page(count=1500), page("other.club", count=700))
    parts = caller.http.get(f"/datasets/v3/snapshot/{snapshot_id}/parts", params={"batch_size": 1000}).json()["parts"]
    pieces = [caller.download(snapshot_id, batch_size=1000, part=part).content for part in range(1, parts + 1)]

    assert [piece.count(b"\n") for piece in pieces] == [1000, 1000, 200]
    assert b"".join(pieces) == caller.download(snapshot_id).content
    assert caller.download(snapshot_id, batch_size=999).text == "Batch size should be at least 1000"
    assert caller.download(snapshot_id, batch_size=1000, part=4).status_code == 400


def test_the_list_pages_filters_and_counts(caller: Any, page: Any) -> None:
    ids = [caller.triggered(page()) for _ in range(5)]
    caller.triggered({"url": "https://www.facebook.com/tea.club"}, dataset=FACEBOOK)

    def listed(**query: Any) -> Any:
        return caller.http.get("/datasets/v3/snapshots", params={"dataset_id": INSTAGRAM, **query}).json()

    assert [row["id"] for row in listed()] == ids[::-1]
    assert set(listed()[0]) == {"id", "dataset_id", "status", "dataset_size", "created", "trigger"}
    assert [row["id"] for row in listed(skip=1, limit=2)] == [ids[3], ids[2]]
    assert listed(with_total="true", limit=1)["total"] == 5
    assert listed(status="failed") == listed(from_date="2099-01-01") == listed(trigger_type="CP") == []
    assert caller.http.get("/datasets/v3/snapshots").status_code == 400
    assert caller.http.get("/datasets/v3/snapshots", params={"dataset_id": "x", "limit": 5001}).status_code == 400


def test_cancel_stops_only_what_runs(caller: Any, page: Any) -> None:
    caller.switch(ready_after_seconds=60)
    snapshot_id = caller.triggered(page())
    cancel = f"/datasets/v3/snapshot/{snapshot_id}/cancel"
    first, second = caller.http.post(cancel), caller.http.post(cancel)

    assert (first.text, second.status_code, second.text) == ("OK", 400, "Snapshot is not running")
    assert caller.status(snapshot_id) == "canceled"
    assert caller.download(snapshot_id).status_code == 409
    assert caller.count()["cancels"] == 1
    assert caller.count()["records_billed"] == 0


def test_rerun_is_a_second_paid_snapshot_of_the_same_inputs(caller: Any, page: Any) -> None:
    first = caller.triggered(page(), include_errors="true")
    second = caller.http.post(f"/datasets/v3/snapshot/{first}/rerun").json()["snapshot_id"]
    triggers = caller.http.get("/sandbox/triggers").json()

    assert [each["snapshot_id"] for each in triggers] == [first, second]
    assert triggers[0]["inputs"] == triggers[1]["inputs"] == [page()]
    assert caller.count()["records_billed"] == 6


def test_scrape_answers_rows_or_a_snapshot_to_fetch(caller: Any) -> None:
    query = {"dataset_id": INSTAGRAM, "format": "json"}
    rows = caller.http.post("/datasets/v3/scrape", params=query, json=[URL])
    caller.switch(ready_after_seconds=60, sync_seconds=0.05)
    late = caller.http.post("/datasets/v3/scrape", params=query, json=[URL])

    assert (rows.status_code, len(rows.json())) == (200, 1)
    assert (late.status_code, late.headers["retry-after"]) == (202, "10")
    assert caller.status(late.json()["snapshot_id"]) == "starting"
    assert caller.http.post("/datasets/v3/scrape", params=query, json=[URL] * 21).status_code == 400


def test_the_account_and_the_catalogue(caller: Any, page: Any) -> None:
    snapshot_id = caller.triggered(page())
    log = {key.lower(): value for key, value in caller.http.get(f"/datasets/v3/log/{snapshot_id}").json().items()}
    fields = caller.http.get(f"/datasets/{LINKEDIN}/metadata").json()["fields"]

    assert (log["inputs_count"], log["dataset_size"]) == (1, 3)
    assert "discover_by=url" in log["trigger"]["trigger_url"]
    assert fields["use_url"] == {"type": "url", "active": True, "required": False, "description": ""}
    assert INSTAGRAM in {each["id"] for each in caller.http.get("/datasets/list").json()}
    assert caller.http.get("/customer/balance").json()["balance"] < 100
    assert caller.http.get("/status").json()["can_make_requests"] is True
