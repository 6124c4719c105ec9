"""brightdata/client.py: what each verb sends, and what it makes of the answer."""

import json
from datetime import UTC, date, datetime
from email import message_from_bytes
from urllib.parse import parse_qsl

import httpx
import pytest

from workbench.brightdata.client import Balance, SnapshotProgress
from workbench.brightdata.responses import NotFound
from workbench.errors import BadInput, Misconfigured, Permanent, Transient, Unanswered
from workbench.secret import Secret

INPUTS = [{"url": "https://x.test/a", "num_of_posts": 2}, {"url": "https://x.test/b"}]
STARTED = {"snapshot_id": "sd_abc123"}


@pytest.fixture
def record(site):
    """A client and the list of what it sent."""

    def build(answer):
        sent = []

        def handler(request):
            sent.append(request)
            return answer(request) if callable(answer) else answer

        return site(handler), sent

    return build


# ---- trigger: exactly once


@pytest.mark.parametrize(
    ("fate", "expected", "reached"),
    [
        pytest.param(lambda w: w.drop, Unanswered, 0, id="dropped before it was read: we cannot know"),
        pytest.param(lambda w: w.drop_after, Unanswered, 1, id="dropped after acceptance"),
        pytest.param(lambda w: w.send(b""), Unanswered, 1, id="closed without an answer"),
        pytest.param(lambda w: w.then_drop(b"HTTP/1.1 200 OK\r\nContent-Le"), Unanswered, 1, id="half a head"),
        pytest.param(lambda w: w.reply(200, b'{"snapshot_id":"s_1', length=30), Unanswered, 1, id="half a body"),
        pytest.param(lambda w: w.reply(200, b'{"snapshot_id":"s_1"}', length=30), Unanswered, 1, id="a body too short"),
        pytest.param(lambda w: w.send(b"SSH-2.0-OpenSSH\r\n"), Unanswered, 1, id="no HTTP"),
        pytest.param(lambda w: w.reply(500, b"Internal server error"), Unanswered, 1, id="500"),
        pytest.param(lambda w: w.reply(503, headers={"Retry-After": "0"}), Unanswered, 1, id="503 that asks to retry"),
        pytest.param(lambda w: w.reply(307, headers={"Location": "/x"}), Unanswered, 1, id="a redirect"),
        pytest.param(lambda w: w.reply(400, b"No data", length=99), Permanent, 1, id="a refusal cut short is one"),
        pytest.param(lambda w: w.reply(429, headers={"Retry-After": "0"}), Transient, 1, id="429"),
    ],
)
def test_a_trigger_is_sent_once_whatever_happens(vendor, connect, wire, fate, expected, reached):
    vendor.fates = [fate(wire)]

    with pytest.raises(expected):
        connect(vendor.url).trigger("gd_1", INPUTS)

    assert (vendor.connections, len(vendor.requests)) == (1, reached)


def test_a_refused_connection_is_proof_that_nothing_was_sent(vendor, connect):
    vendor.close()

    with pytest.raises(Transient, match="nothing was sent"):
        connect(vendor.url).trigger("gd_1", INPUTS)


def test_a_name_that_is_not_found_is_proof_that_nothing_was_sent(connect):
    with pytest.raises(Transient, match="nothing was sent"):
        connect("https://nowhere.invalid").trigger("gd_1", INPUTS)


def test_each_trigger_has_a_connection_of_its_own(vendor, connect, wire):
    """A kept connection may be dead, and a request sent into it is an answer lost."""
    vendor.fates = [wire.reply(200, STARTED)]
    client = connect(vendor.url)

    for _ in range(2):
        client.trigger("gd_1", INPUTS)

    assert vendor.connections == 2
    assert vendor.requests[0].headers["connection"] == "close"


# ---- trigger: what is sent


def test_a_trigger_as_the_vendor_documents_it(record, key):
    client, sent = record(httpx.Response(200, json=STARTED))

    snapshot_id = client.trigger(
        "gd_1",
        INPUTS,
        discover_by="url",
        limit_per_input=5,
        limit_multiple_results=7,
        custom_output_fields="url|about.updated_on",
        notify="https://me.test/n",
        endpoint="https://me.test/e",
        auth_header=Secret("Bearer hook"),
        extra_query={"deadline": "2h", "uncompressed_webhook": True},
    )

    assert snapshot_id == "sd_abc123"
    assert (sent[0].method, sent[0].url.path) == ("POST", "/datasets/v3/trigger")
    assert sent[0].headers["authorization"] == f"Bearer {key}"
    assert sent[0].headers["content-type"] == "application/json"
    assert json.loads(sent[0].content) == INPUTS
    assert dict(sent[0].url.params) == {
        "dataset_id": "gd_1",
        "type": "discover_new",
        "discover_by": "url",
        "limit_per_input": "5",
        "limit_multiple_results": "7",
        "custom_output_fields": "url|about.updated_on",
        "include_errors": "true",
        "format": "ndjson",
        "notify": "https://me.test/n",
        "endpoint": "https://me.test/e",
        "auth_header": "Bearer hook",
        "deadline": "2h",
        "uncompressed_webhook": "true",
    }


def test_a_plain_trigger_has_no_discovery(record):
    client, sent = record(httpx.Response(200, json=STARTED))

    client.trigger("gd_1", INPUTS, include_errors=False)

    assert dict(sent[0].url.params) == {"dataset_id": "gd_1", "include_errors": "false", "format": "ndjson"}


def test_as_an_object_the_limits_are_in_the_body(record):
    client, sent = record(httpx.Response(200, json=STARTED))

    client.trigger("gd_1", INPUTS, limit_per_input=5, custom_input_fields=["row_id"], body="object")

    assert json.loads(sent[0].content) == {"input": INPUTS, "limit_per_input": 5, "custom_input_fields": ["row_id"]}
    assert "limit_per_input" not in dict(sent[0].url.params)


def test_as_csv_in_the_field_data(record):
    client, sent = record(httpx.Response(200, json=STARTED))

    client.trigger("gd_1", [{"url": 'https://x.test/"a",b'}, {"url": "b", "ids": ["1"]}], body="csv")

    head = f"Content-Type: {sent[0].headers['content-type']}\r\n\r\n".encode()
    [part] = message_from_bytes(head + sent[0].content).get_payload()
    assert part.get_param("name", header="content-disposition") == "data"
    assert part.get_payload(decode=True) == b'url,ids\n"https://x.test/""a"",b",\nb,"[""1""]"\n'


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"inputs": []}, id="no inputs"),
        pytest.param({"dataset_id": "gd_1/../x"}, id="a dataset id that is a path"),
        pytest.param({"limit_per_input": 0}, id="no rows per input"),
        pytest.param({"limit_multiple_results": -1}, id="fewer than no rows"),
        pytest.param({"custom_input_fields": ["a"]}, id="fields that the array cannot carry"),
    ],
)
def test_a_trigger_that_is_refused_before_it_is_sent(record, given):
    client, sent = record(httpx.Response(200, json=STARTED))

    with pytest.raises(BadInput):
        client.trigger(**{"dataset_id": "gd_1", "inputs": INPUTS, **given})

    assert sent == []


@pytest.mark.parametrize("snapshot_id", ["s_m1", "sd_abc123", "snap_abc-1"])
def test_snapshot_ids_are_opaque(record, snapshot_id):
    client, sent = record(lambda request: httpx.Response(200, json={"status": "ready", "snapshot_id": snapshot_id}))

    assert client.trigger("gd_1", INPUTS) == snapshot_id
    client.progress(snapshot_id)
    assert sent[1].url.path == f"/datasets/v3/progress/{snapshot_id}"


@pytest.mark.parametrize("bad", ["", "..", "s_1/../x", "s_1?x", "s 1", "s_1\n", "a" * 129, "s_1%2f"])
@pytest.mark.parametrize("verb", ["progress", "inputs", "log", "cancel", "rerun", "delivery"])
def test_an_id_that_could_become_another_path_is_refused(record, verb, bad):
    client, sent = record(httpx.Response(200, json={}))

    with pytest.raises(BadInput):
        getattr(client, verb)(bad)

    assert sent == []


# ---- one snapshot


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"snapshot_id": "s_1", "dataset_id": "gd_1", "status": "running"}, SnapshotProgress("running", None, "gd_1")),
        (
            {"status": "failed", "error_message": "Snapshot is empty"},
            SnapshotProgress("failed", "Snapshot is empty", None),
        ),
        ({"status": "pending_discovery_input"}, SnapshotProgress("pending_discovery_input", None, None)),
        ({"status": "canceled", "error_message": ""}, SnapshotProgress("canceled", None, None)),
    ],
)
def test_progress_is_the_vendors_word(site, body, expected):
    assert site(httpx.Response(200, json=body)).progress("s_1") == expected


def test_parts(record):
    client, sent = record(httpx.Response(200, json={"parts": 3}))

    assert client.parts("s_1", 1000) == 3
    assert dict(sent[0].url.params) == {"format": "ndjson", "compress": "true", "batch_size": "1000"}


@pytest.mark.parametrize("body", [{"parts": "3"}, {"parts": -1}, {"parts": True}, {}, []])
def test_parts_that_are_no_number(site, body):
    with pytest.raises(Transient):
        site(httpx.Response(200, json=body)).parts("s_1", 1000)


def test_parts_are_of_a_thousand_rows_at_least(site):
    with pytest.raises(BadInput):
        site(httpx.Response(200, json={"parts": 3})).parts("s_1", 999)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b'[{"url": "a", "n": 1}]', [{"url": "a", "n": 1}], id="a JSON list"),
        pytest.param(b'{"input": [{"url": "a"}]}', [{"url": "a"}], id="inside an object"),
        pytest.param(b"[]", [], id="none"),
        pytest.param(b'url,user_name\r\n"a,b",007\r\n', [{"url": "a,b", "user_name": "007"}], id="CSV"),
        pytest.param(b'\xef\xbb\xbf"url"\n"a"\n', [{"url": "a"}], id="CSV with a mark"),
    ],
)
def test_inputs(site, body, expected):
    assert site(httpx.Response(200, content=body)).inputs("s_1") == expected


@pytest.mark.parametrize("body", [b"OK", b"<html>", b"", b'["a"]', b"a,b\n1,2,3\n"])
def test_inputs_that_are_none(site, body):
    with pytest.raises(Transient):
        site(httpx.Response(200, content=body)).inputs("s_1")


def test_inputs_that_are_not_kept(site):
    with pytest.raises(NotFound):
        site(httpx.Response(400, content=b"Snapshot input does not exist")).inputs("s_1")


def test_log_in_small_letters(site):
    answer = httpx.Response(200, json={"Status": "ready", "Dataset_size": 4, "trigger": {"trigger_url": "u"}})

    assert site(answer).log("s_1") == {"status": "ready", "dataset_size": 4, "trigger": {"trigger_url": "u"}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(200, text="OK"), True, id="cancelled"),
        pytest.param(httpx.Response(400, text="Snapshot is not running"), False, id="was over"),
        pytest.param(httpx.Response(400, json={"error": "Snapshot is not running"}), False, id="was over, as JSON"),
    ],
)
def test_cancel(record, answer, expected):
    client, sent = record(answer)

    assert client.cancel("s_1") is expected
    assert (sent[0].method, sent[0].url.path) == ("POST", "/datasets/v3/snapshot/s_1/cancel")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(404, json={"error": "Snapshot not found"}), NotFound, id="unknown"),
        pytest.param(httpx.Response(200, text="<html>login</html>"), Transient, id="a web page"),
    ],
)
def test_a_cancel_that_did_not_happen(site, answer, expected):
    with pytest.raises(expected):
        site(answer).cancel("s_1")


def test_rerun_costs_money_and_gives_a_new_snapshot(record):
    client, sent = record(httpx.Response(200, json={"snapshot_id": "s_2"}))

    assert client.rerun("s_1") == "s_2"
    assert (sent[0].method, sent[0].url.path) == ("POST", "/datasets/v3/snapshot/s_1/rerun")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(200, text="OK"), Unanswered, id="it runs, as what nobody knows"),
        pytest.param(httpx.Response(500), Unanswered, id="it may run"),
        pytest.param(httpx.Response(404, json={"error": "Snapshot not found"}), NotFound, id="nothing runs"),
    ],
)
def test_a_rerun_without_an_id(site, answer, expected):
    with pytest.raises(expected):
        site(answer).rerun("s_1")


def test_deliver_reveals_its_secrets_on_the_wire_alone(record):
    client, sent = record(httpx.Response(200, json={"id": "d_1"}))
    target = {"type": "webhook", "endpoint": "https://me.test", "filename": {"template": "a", "extension": "json"}}

    assert (
        client.deliver("s_1", {**target, "token": Secret("hidden")}, compress=True, notify="https://me.test/n") == "d_1"
    )

    assert sent[0].url.path == "/datasets/v3/deliver/s_1"
    assert dict(parse_qsl(sent[0].url.query.decode())) == {"notify": "https://me.test/n"}
    assert json.loads(sent[0].content) == {"deliver": {**target, "token": "hidden"}, "compress": True}


def test_the_rest_of_the_account(record):
    answers = {
        "/datasets/list": [{"id": "gd_1", "name": "x", "size": 1}],
        "/datasets/gd_1/metadata": {"id": "gd_1", "fields": {}},
        "/status": {"status": "active"},
        "/datasets/v3/delivery/d_1": {"status": "done"},
    }
    client, _ = record(lambda request: httpx.Response(200, json=answers[request.url.path]))

    assert client.datasets() == answers["/datasets/list"]
    assert client.metadata("gd_1") == answers["/datasets/gd_1/metadata"]
    assert client.status() == answers["/status"]
    assert client.delivery("d_1") == answers["/datasets/v3/delivery/d_1"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"balance": 12.34, "pending_balance": 0.000001}, Balance(12_340_000, 1)),
        ({"balance": "0.1"}, Balance(100_000, 0)),
        ({"balance": -3, "pending_balance": None}, Balance(-3_000_000, 0)),
    ],
)
def test_money_is_whole_micro_dollars(site, body, expected):
    assert site(httpx.Response(200, json=body)).balance() == expected


@pytest.mark.parametrize("body", [{}, {"balance": "much"}, {"balance": None}, {"balance": "NaN"}])
def test_a_balance_that_is_none(site, body):
    with pytest.raises(Transient):
        site(httpx.Response(200, json=body)).balance()


def test_a_balance_that_the_key_may_not_see(site):
    with pytest.raises(Misconfigured):
        site(httpx.Response(403, json={"error": "no permission"})).balance()


# ---- lists


def rows(first, last):
    return [{"id": f"s_{n}", "dataset_id": "gd_1", "status": "ready", "dataset_size": n} for n in range(first, last)]


@pytest.fixture
def pages(record):
    """A client of a vendor with so many snapshots."""

    def build(snapshots, wrap=lambda page: page):
        def answer(request):
            skip, limit = int(request.url.params["skip"]), int(request.url.params["limit"])
            return httpx.Response(200, json=wrap(snapshots[skip : skip + limit]))

        return record(answer)

    return build


@pytest.mark.parametrize(
    ("count", "requests"),
    [
        pytest.param(0, 1, id="none"),
        pytest.param(3, 1, id="a short page is the last"),
        pytest.param(4, 2, id="a full page asks for another"),
        pytest.param(9, 3, id="several"),
    ],
)
def test_all_pages_are_read(pages, count, requests):
    client, sent = pages(rows(0, count))

    assert [each.snapshot_id for each in client.list_snapshots("gd_1", page_size=4)] == [f"s_{n}" for n in range(count)]
    assert len(sent) == requests


def test_the_shape_with_a_total_is_understood_and_never_asked_for(pages):
    client, sent = pages(rows(0, 3), wrap=lambda page: {"total": 3, "snapshots": page})

    assert len(list(client.list_snapshots("gd_1"))) == 3
    assert dict(sent[0].url.params) == {"dataset_id": "gd_1", "limit": "1000", "skip": "0"}


def test_a_snapshot_that_slid_to_the_next_page_comes_once(record):
    answers = iter([rows(4, 8), rows(7, 9)])
    client, _ = record(lambda request: httpx.Response(200, json=next(answers)))

    found = [each.snapshot_id for each in client.list_snapshots("gd_1", page_size=4)]

    assert found == ["s_4", "s_5", "s_6", "s_7", "s_8"]


def test_a_server_that_ignores_skip_does_not_go_on_for_ever(record):
    client, sent = record(httpx.Response(200, json=rows(0, 4)))

    assert len(list(client.list_snapshots("gd_1", page_size=4))) == 4
    assert len(sent) == 2


def test_a_listed_snapshot(pages):
    row = {
        "id": "s_listed",
        "dataset_id": "gd_lkaxegm826bjpoo9m5",
        "status": "ready",
        "dataset_size": 6,
        "created": "2025-10-11T12:13:14.500Z",
        "cost": 0.012,
    }
    client, sent = pages([row])

    [found] = client.list_snapshots(
        "gd_1", status="ready", from_date=date(2025, 10, 1), to_date=date(2025, 10, 13), page_size=5000
    )

    assert found.created_at == datetime(2025, 10, 11, 12, 13, 14, 500000, tzinfo=UTC)
    assert (found.row_count, found.record["cost"]) == (6, 0.012)
    assert dict(sent[0].url.params) == {
        "dataset_id": "gd_1",
        "status": "ready",
        "from_date": "2025-10-01",
        "to_date": "2025-10-13",
        "limit": "5000",
        "skip": "0",
    }


@pytest.mark.parametrize("page_size", [0, 5001])
def test_pages_are_refused_that_the_vendor_would_shorten(site, page_size):
    with pytest.raises(BadInput):
        site(httpx.Response(200, json=[])).list_snapshots("gd_1", page_size=page_size)


@pytest.mark.parametrize("body", [{"error": "x"}, {"a": [], "b": []}, ["s_1"], [{"status": "ready"}], "s_1"])
def test_a_list_that_is_none(site, body):
    with pytest.raises(Transient):
        list(site(httpx.Response(200, json=body)).list_snapshots("gd_1"))
