"""brightdata/wire.py: one request, through the gate, in time, and the key seen by nobody but the vendor."""

import logging
import time
import traceback
from datetime import timedelta

import httpx
import pytest

from workbench.brightdata.client import BrightData, Limits
from workbench.errors import Misconfigured, Throttled, Transient, Unanswered
from workbench.secret import Secret

KEY = "test-key-0123456789abcdef"
INPUTS = [{"url": "https://x.test/a"}]


class Gate:
    def __init__(self, closed=False):
        self.closed = closed
        self.seen = []

    def enter(self, call_limit):
        if self.closed:
            raise Throttled("not now")
        self.seen.append(("enter", call_limit.total_seconds()))
        return "ticket"

    def leave(self, ticket, *, refused=False, retry_after=None):
        self.seen.append((ticket, refused, retry_after))


def test_every_call_passes_the_gate(site):
    gate = Gate()

    site(httpx.Response(200, json={"status": "ready"}), gate=gate).progress("s_1")

    assert gate.seen == [("enter", 30), ("ticket", False, None)]


def test_the_gate_hears_of_a_refusal_and_the_wait(site):
    gate = Gate()

    with pytest.raises(Throttled):
        site(httpx.Response(429, headers={"Retry-After": "12"}), gate=gate).progress("s_1")

    assert gate.seen[1] == ("ticket", True, timedelta(seconds=12))


def test_the_gate_is_left_when_the_connection_fails(site):
    gate = Gate()

    def fail(request):
        raise httpx.ReadError("reset")

    with pytest.raises(Transient):
        site(fail, gate=gate).progress("s_1")

    assert gate.seen[1] == ("ticket", False, None)


def test_the_gate_is_left_at_the_headers_not_at_the_end_of_a_download(site, tmp_path):
    gate = Gate()
    seen_at_body = []

    def rows():
        seen_at_body.append(len(gate.seen))
        yield b'{"timestamp":1}\n'

    site(lambda _: httpx.Response(200, content=rows()), gate=gate).download("s_1", tmp_path)

    assert seen_at_body == [2]


def test_nothing_is_sent_through_a_closed_gate(vendor, connect):
    with pytest.raises(Throttled):
        connect(vendor.url, gate=Gate(closed=True)).trigger("gd_1", INPUTS)

    assert vendor.connections == 0


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"", Unanswered, id="the server says nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", Unanswered, id="the body never ends"),
    ],
)
def test_a_trigger_ends_at_its_limit(vendor, connect, wire, raw, expected):
    vendor.fates = [lambda connection: (connection.sendall(raw), wire.stall(connection))]
    client = connect(vendor.url, limits=Limits(trigger=timedelta(seconds=0.2)))
    began = time.monotonic()

    with pytest.raises(expected):
        client.trigger("gd_1", INPUTS)

    assert time.monotonic() - began < 10
    assert len(vendor.requests) == 1


def test_the_limit_is_for_the_whole_call_not_for_each_byte(vendor, connect, wire):
    vendor.fates = [wire.trickle(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 50, every=0.02)]
    client = connect(vendor.url, limits=Limits(poll=timedelta(seconds=0.3)))
    began = time.monotonic()

    with pytest.raises(Transient, match=r"no answer within 0\.3 s"):
        client.progress("s_1")

    assert time.monotonic() - began < 10


def test_a_download_idles_out(vendor, connect, wire, tmp_path):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
    vendor.fates = [lambda connection: (connection.sendall(head), wire.stall(connection))]

    with pytest.raises(Transient, match="broke off"):
        connect(vendor.url, limits=Limits(download_idle=timedelta(seconds=0.2))).download("s_1", tmp_path)


def test_a_time_that_is_over_before_sending_sends_nothing(vendor, connect, wire, monkeypatch):
    vendor.fates = [wire.reply(200, {"snapshot_id": "s_1"})]
    real = httpx.HTTPTransport.handle_request

    def late(self, request):
        time.sleep(0.1)  # the process stood still
        return real(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", late)

    with pytest.raises(Transient, match="nothing was sent"):
        connect(vendor.url, limits=Limits(trigger=timedelta(seconds=0.05))).trigger("gd_1", INPUTS)

    assert vendor.requests == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://api.example.test", id="plain http to the world"),
        pytest.param("http://10.0.0.7:8080", id="plain http to the office"),
        pytest.param("ftp://127.0.0.1", id="another scheme"),
        pytest.param("127.0.0.1:8000", id="no scheme"),
        pytest.param("https://user:pw@api.example.test", id="with a password"),
        pytest.param("https://api.example.test/?key=1", id="with a query"),
        pytest.param("https://[::1", id="no address"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_address_that_is_refused(url):
    with pytest.raises(Misconfigured, match="WORKBENCH_BRIGHTDATA_URL"):
        BrightData(url, Secret("key-0123456789"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1", "https://x.test/base"])
def test_an_address_that_is_accepted(url):
    BrightData(url, Secret("key-0123456789")).close()


@pytest.mark.parametrize("bad", ["", "with space", "line\nbreak", "ümlaut-key"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(vendor, bad):
    with (
        BrightData(vendor.url, Secret(bad)) as client,
        pytest.raises(Misconfigured, match="BRIGHTDATA_API_KEY") as caught,
    ):
        client.status()

    assert not bad or bad not in str(caught.value)
    assert vendor.connections == 0


@pytest.mark.parametrize("verb", ["progress", "trigger"])
def test_no_redirect_is_followed(vendor, connect, wire, verb):
    vendor.fates = [wire.reply(307, headers={"Location": "/elsewhere"})]
    client = connect(vendor.url)

    with pytest.raises((Transient, Unanswered)):
        client.progress("s_1") if verb == "progress" else client.trigger("gd_1", INPUTS)

    assert vendor.connections == 1


def test_a_proxy_of_the_environment_does_not_get_a_plain_request(vendor, connect, wire, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    vendor.fates = [wire.reply(200, {"status": "ready"})]

    assert connect(vendor.url).progress("s_1").status == "ready"


def failures(client):
    for call in (
        lambda: client.progress("s_1"),
        lambda: client.trigger(
            "gd_1",
            INPUTS,
            notify="https://me.test/hook/token-of-mine",
            endpoint="https://me.test/data/token-of-mine",
            auth_header=Secret("Bearer webhook-secret"),
        ),
        lambda: client.deliver("s_1", {"type": "s3", "credentials": {"aws-secret-key": Secret("aws-secret-value")}}),
    ):
        with pytest.raises((Transient, Unanswered)) as caught:
            call()
        yield caught.value


def our_locals(error):
    """What a verbose traceback would show of our own frames, for the whole chain of the error."""
    shown = []
    while error is not None:
        assert not hasattr(error, "request")
        for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
            assert "httpx" not in frame.filename
            if "/workbench/" in frame.filename:
                shown += [f"{name} = {value}" for name, value in (frame.locals or {}).items()]
        error = error.__cause__ or error.__context__
    return "\n".join(shown)


@pytest.mark.parametrize(
    "fate",
    [
        pytest.param(lambda wire: wire.drop, id="connection lost"),
        pytest.param(lambda wire: wire.drop_after, id="answer lost"),
        pytest.param(lambda wire: wire.reply(500, KEY), id="the vendor repeats the key"),
    ],
)
def test_no_secret_is_in_errors_tracebacks_or_logs(vendor, connect, wire, fate, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.fates = [fate(wire)]
    secrets = (KEY, "Bearer webhook-secret", "aws-secret-value")

    for error in failures(connect(vendor.url)):
        shown = our_locals(error)
        assert "self = " in shown
        assert not [secret for secret in secrets if secret in shown]
        assert not [secret for secret in (*secrets, "token-of-mine") if secret in error.message]
    assert not [secret for secret in (*secrets, "token-of-mine") if secret in caplog.text]


def test_secrets_that_the_vendor_repeats_are_masked(site):
    echo = site(
        lambda request: httpx.Response(500, text=f"{request.url} {dict(request.url.params)} {request.content!r}")
    )

    for error in failures(echo):
        assert not [word for word in ("webhook-secret", "token-of-mine", "aws-secret-value") if word in error.message]


def test_httpx_logs_addresses_without_their_query(vendor, connect, wire, caplog):
    caplog.set_level(logging.INFO)
    vendor.fates = [wire.reply(200, {"snapshot_id": "s_1"})]

    connect(vendor.url).trigger("gd_1", INPUTS, auth_header=Secret("Bearer webhook-secret"))

    assert f'HTTP Request: POST {vendor.url}/datasets/v3/trigger "HTTP/1.1 200 X"' in caplog.text
    assert "webhook" not in caplog.text
