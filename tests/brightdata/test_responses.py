"""brightdata/responses.py: what each status and body of the vendor becomes."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from workbench.brightdata.responses import (
    NotAllowed,
    NotFound,
    NotReady,
    SnapshotEmpty,
    SnapshotExpired,
    retry_after,
    words_of,
)
from workbench.errors import BadInput, Misconfigured, Permanent, Throttled, Transient, Unanswered

HTML = (
    b"<!DOCTYPE html><html><head><title>502</title><style>p {}</style></head>"
    b"<body><h1>Bad &amp; gone</h1></body></html>"
)
FIELDS = {
    "error": "Invalid input provided",
    "code": "validation_error",
    "errors": [["url", "This field must be a valid url"]],
}


def response(status, body, **headers):
    if isinstance(body, dict | list):
        return httpx.Response(status, json=body, headers=headers)
    return httpx.Response(status, content=body, headers=headers)


GETS = [
    pytest.param(401, {"error": "User authentication is required"}, Misconfigured, id="401: the key is wrong"),
    pytest.param(401, b"Invalid credentials", Misconfigured, id="401 in plain text"),
    pytest.param(403, {"error": "Forbidden"}, NotAllowed, id="403: the key may not do this"),
    pytest.param(404, {"error": "Snapshot not found"}, NotFound, id="404: not found"),
    pytest.param(404, b"Snapshot does not exist", NotFound, id="404 in plain text"),
    pytest.param(404, b"", NotFound, id="404 without a word"),
    pytest.param(404, HTML, Transient, id="404 from a gateway is not the vendor's"),
    pytest.param(403, HTML, Transient, id="403 from a gateway is not the vendor's"),
    pytest.param(400, b"Snapshot is expired", SnapshotExpired, id="400: expired"),
    pytest.param(400, {"error": "Snapshot is expired"}, SnapshotExpired, id="400: expired, as JSON"),
    pytest.param(410, {"error": "Snapshot expired"}, SnapshotExpired, id="410: expired"),
    pytest.param(400, b"Snapshot is empty", SnapshotEmpty, id="400: empty"),
    pytest.param(400, {"validation_errors": ["url is empty"]}, Permanent, id="400: a field is empty, not the snapshot"),
    pytest.param(400, b"Snapshot is not ready", NotReady, id="400: not ready"),
    pytest.param(400, FIELDS, Permanent, id="400: bad parameters"),
    pytest.param(400, b"Snapshot input does not exist", NotFound, id="400: the inputs are not kept"),
    pytest.param(409, {"error": "Snapshot is not ready for download"}, NotReady, id="409: not ready"),
    pytest.param(409, b"", NotReady, id="409 without a word"),
    pytest.param(
        202, {"status": "building", "message": "Snapshot is building, try again in 10s"}, NotReady, id="202: building"
    ),
    pytest.param(202, b"", NotReady, id="202 without a word"),
    pytest.param(429, b"You have too many running jobs", Throttled, id="429: slow down"),
    pytest.param(429, HTML, Throttled, id="429 from a gateway: slow down all the same"),
    pytest.param(402, {"error": "Payment required"}, Permanent, id="an undocumented 4xx"),
    pytest.param(422, {"error": "no"}, Permanent, id="another one"),
    pytest.param(408, b"", Transient, id="408: a gateway gave up"),
    pytest.param(500, b"Internal server error", Transient, id="500: the vendor is down"),
    pytest.param(502, HTML, Transient, id="502 page"),
    pytest.param(503, {"status": "failed"}, Transient, id="an HTTP error is never a status"),
    pytest.param(302, b"", Transient, id="a redirect is not followed"),
    pytest.param(200, HTML, Transient, id="200 with a web page is never a status"),
    pytest.param(200, b"ready", Transient, id="200 in plain text is never a status"),
    pytest.param(200, b"", Transient, id="200 with nothing is never a status"),
    pytest.param(200, ["ready"], Transient, id="200 with a list is never a status"),
    pytest.param(200, {"state": "ready"}, Transient, id="200 without a status"),
]


@pytest.mark.parametrize(("status", "body", "expected"), GETS)
def test_an_answer_to_a_question(site, status, body, expected):
    client = site(response(status, body))

    with pytest.raises(expected) as caught:
        client.progress("s_1")

    assert type(caught.value) is expected


@pytest.mark.parametrize(("status", "body", "expected"), [each for each in GETS if each.values[0] != 200])
def test_a_download_is_refused_in_the_same_words(site, tmp_path, status, body, expected):
    client = site(response(status, body))

    with pytest.raises(expected) as caught:
        client.download("s_1", tmp_path)

    assert type(caught.value) is expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(400, FIELDS, BadInput, id="400: field errors"),
        pytest.param(400, {"validation_errors": ["url: required"]}, BadInput, id="400: the older shape"),
        pytest.param(
            400,
            {"error": "Parser cannot parse input: ...", "code": "parse_error"},
            BadInput,
            id="400: unreadable input",
        ),
        pytest.param(400, b"No data to trigger", BadInput, id="400: no inputs"),
        pytest.param(400, b"Should be at least 1 inputs", BadInput, id="400: too few inputs"),
        pytest.param(400, b"This dataset is not allowed for API", Permanent, id="400: dataset not allowed"),
        pytest.param(400, b"This dataset is not ready yet", Permanent, id="400: dataset not ready, and no snapshot"),
        pytest.param(401, b"Credentials are missing", Misconfigured, id="401"),
        pytest.param(403, {"error": "no"}, NotAllowed, id="403"),
        pytest.param(404, b"dataset does not exist", NotFound, id="404: no such dataset"),
        pytest.param(404, b"Collector not found", NotFound, id="404: no dataset_id"),
        pytest.param(402, {"error": "Payment required"}, Permanent, id="an undocumented 4xx"),
        pytest.param(429, b"Running jobs: 100>=100", Throttled, id="429: refused, so it did not start"),
        pytest.param(408, b"", Unanswered, id="408: a gateway gave up waiting"),
        pytest.param(404, HTML, Unanswered, id="a gateway's 404 proves nothing"),
        pytest.param(500, b"Internal server error", Unanswered, id="500"),
        pytest.param(503, b"", Unanswered, id="503"),
        pytest.param(302, b"", Unanswered, id="a redirect"),
        pytest.param(200, HTML, Unanswered, id="200 with a web page"),
        pytest.param(200, b"OK", Unanswered, id="200 in plain text"),
        pytest.param(200, {"message": "started"}, Unanswered, id="200 without an id"),
        pytest.param(200, {"snapshot_id": "../../etc"}, Unanswered, id="200 with an id that is a path"),
        pytest.param(200, {"snapshot_id": 7}, Unanswered, id="200 with an id that is no text"),
        pytest.param(200, [], Unanswered, id="200 with a list"),
        pytest.param(204, b"", Unanswered, id="204"),
    ],
)
def test_an_answer_to_a_trigger(site, status, body, expected):
    client = site(response(status, body))

    with pytest.raises(expected) as caught:
        client.trigger("gd_1", [{"url": "https://x.test"}])

    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(FIELDS, "Invalid input provided; url: This field must be a valid url", id="pairs"),
        pytest.param({"validation_errors": ["url: required", "x"]}, "url: required; x", id="texts"),
        pytest.param({"errors": [{"field": "url", "message": "bad"}]}, "field: url, message: bad", id="objects"),
        pytest.param({"errors": {"url": ["bad", "worse"]}}, "url: bad: worse", id="by field"),
        pytest.param({"errors": [["a", "b"]] * 12}, "a: b; and 2 more", id="many"),
        pytest.param({"status": "x", "message": "not yet"}, "not yet", id="status and message"),
        pytest.param({"reason": "other"}, '{"reason":"other"}', id="an unknown shape is shown as it is"),
        pytest.param(HTML, "502 Bad & gone", id="of a page the visible words"),
        pytest.param("a\x1b[31mb\u202ec\r\nd".encode(), "a [31mb c d", id="no control characters"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="not UTF-8"),
        pytest.param(b"x" * 1000, "x" * 400 + "…", id="cut"),
        pytest.param(b'{"error": "' + b"[" * 9 + b'"}', "[[[[[[[[[", id="brackets in a text"),
    ],
)
def test_the_vendors_words(body, words):
    assert words_of(response(400, body).content) == words


def test_the_error_names_the_address_without_its_query_and_the_words(site):
    client = site(httpx.Response(502, content=HTML))

    with pytest.raises(
        Transient, match=r"^502 Bad & gone \(https://api\.example\.test/datasets/v3/snapshots answered 502\)$"
    ):
        list(client.list_snapshots("gd_1"))


def test_the_key_is_named_by_its_setting(site, key):
    client = site(httpx.Response(401, json={"error": f"unknown key {key}"}))

    with pytest.raises(Misconfigured, match="BRIGHTDATA_API_KEY") as caught:
        client.status()

    assert key not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_key_at_the_cut_of_the_words_is_masked_whole(site, key):
    client = site(httpx.Response(500, content=b"x" * 390 + key.encode()))

    with pytest.raises(Transient) as caught:
        client.status()

    assert key[:8] not in caught.value.message


def test_the_vendors_code_is_kept(site):
    with pytest.raises(BadInput) as caught:
        site(httpx.Response(400, json=FIELDS)).trigger("gd_1", [{"url": "x"}])

    assert caught.value.code == "validation_error"


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param({"retry-after": "1.5"}, 1.5, id="a fraction"),
        pytest.param({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30, id="a date"),
        pytest.param({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0, id="a date in the past"),
        pytest.param({"retry-after": "999999999"}, 86400, id="absurd: a day at most"),
        pytest.param({"retry-after": "soon"}, None, id="neither"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({}, None, id="absent"),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, NOW) == (None if seconds is None else timedelta(seconds=seconds))


def test_retry_after_is_measured_by_the_servers_own_clock():
    headers = {"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT", "date": "Thu, 01 Jan 2026 12:00:00 GMT"}

    assert retry_after(headers) == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        pytest.param(httpx.Response(429, headers={"Retry-After": "9"}), 9, id="429"),
        pytest.param(httpx.Response(503, headers={"Retry-After": "9"}), 9, id="503"),
        pytest.param(
            httpx.Response(202, json={"message": "Dataset is not ready yet, try again in 30s"}), 30, id="in words"
        ),
    ],
)
def test_the_wait_is_in_the_error(site, answer, wait):
    with pytest.raises(Transient) as caught:
        site(answer).progress("s_1")

    assert caught.value.retry_after == timedelta(seconds=wait)
