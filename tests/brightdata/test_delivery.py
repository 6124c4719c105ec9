"""brightdata/delivery.py: hostile and damaged bodies; nothing in them is believed, none of them surprises us."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.brightdata.delivery import (
    WHOLE,
    Content,
    TooLarge,
    Unpacking,
    Unreadable,
    Webhook,
    address_of,
    facts_in,
    judge,
    lines_of,
    named_in,
    vouched_in,
)
from workbench.secret import Secret

DEEP = b"[" * 1_000_000
BODIES = [
    pytest.param(b"", "rows", None, id="empty"),
    pytest.param(b"[]", "rows", None, id="no rows"),
    pytest.param(b"\xef\xbb\xbf[{}]", "rows", None, id="byte order mark"),
    pytest.param(b'{"a": 1}\n{"b": 2}\n', "rows", None, id="ndjson"),
    pytest.param(b'{"snapshot_id": "sd_1", "status": "ready"}', "rows", None, id="notice"),
    pytest.param(b'{"test": true}', "test", None, id="test"),
    pytest.param(b'[{"test": true}]', "rows", None, id="a row with that word"),
    pytest.param(b'{"file_url": "https://127.0.0.1/x"}', "file_url", None, id="file_url"),
    pytest.param(DEEP, "broken", "no JSON", id="a million deep"),
    pytest.param(DEEP * 3, "rows", None, id="deep beyond what is looked at"),
    pytest.param(b'{"a": NaN}', "broken", "no JSON", id="NaN"),
    pytest.param(b'{"a": 1e999}', "broken", "no JSON", id="infinite"),
    pytest.param(b'{"a": "\\ud800"}', "broken", "no JSON", id="half of a surrogate pair"),
    pytest.param('[{"a": 1}]'.encode("utf-16"), "broken", "no JSON", id="UTF-16"),
    pytest.param(b'{"a": 1}\n{"b": \n{"c": 3}', "broken", "line 2 is no JSON", id="ndjson with a broken line"),
    pytest.param(b'[{"a": 1}, {"b"', "broken", "no JSON", id="cut"),
    pytest.param(b"a,b\n1,2\n", "broken", "no JSON", id="csv"),
    pytest.param(b"<html></html>", "broken", "no JSON", id="a page"),
    pytest.param(gzip.compress(b"[]"), "broken", "gzip inside the gzip", id="gzip inside"),
    pytest.param(b"1" * 5000, "broken", "no JSON", id="a number of 5,000 digits"),
    pytest.param(b"[" + b"null," * 400_000 + b"null]", "rows", None, id="a huge array of null"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "error"), BODIES)
def test_what_a_body_says_by_itself(body: bytes, kind: str, error: str | None) -> None:
    found = judge(body[:WHOLE], is_whole=len(body) <= WHOLE)

    assert found.kind == kind
    assert (found.error is None) if error is None else (error in (found.error or ""))


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode) | st.builds(
    lambda value: json.dumps(value).encode(),
    st.recursive(st.none() | st.text(max_size=9) | st.floats() | st.integers(),
                 lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                     st.sampled_from(["snapshot_id", "status", "test", "file_url", "metadata", "id", "url"]), inner),
                 max_leaves=9)), st.booleans())  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_body_surprises_us(body: bytes, is_whole: bool) -> None:
    found = judge(body, is_whole=is_whole)

    assert isinstance(found, Content)
    assert all(isinstance(value, str) and len(value) <= 128 for value in found.named.values())


def unpacked(data: bytes, *, largest: int = 1 << 20, step: int = 7) -> tuple[bytes, str | None]:
    unpacking = Unpacking(largest)
    pieces = [piece for at in range(0, len(data), step) for piece in unpacking.feed(data[at : at + step])]
    return b"".join([*pieces, *unpacking.end()]), unpacking.damage


PACKED = gzip.compress(b"hello " * 50)
GZIP = [
    pytest.param(b"[1]", b"[1]", None, id="plain"),
    pytest.param(b"\x1f", b"\x1f", None, id="one byte of a gzip head"),
    pytest.param(PACKED, b"hello " * 50, None, id="whole"),
    pytest.param(PACKED + gzip.compress(b"!"), b"hello " * 50 + b"!", None, id="two members"),
    pytest.param(PACKED + b"\0" * 20, b"hello " * 50, None, id="padding"),
    pytest.param(PACKED[:-4], b"hello " * 50, "breaks off", id="truncated in the trailer"),
    pytest.param(PACKED[:20], None, "breaks off", id="truncated"),
    pytest.param(PACKED + b"junk", b"hello " * 50, "damaged", id="junk behind"),
    pytest.param(PACKED[:15] + b"\xff" * 9 + PACKED[24:], None, "damaged", id="damaged"),
    pytest.param(gzip.compress(PACKED), PACKED, None, id="only one layer is taken off"),
]


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(("data", "wanted", "damage"), GZIP)
def test_unpacking(data: bytes, wanted: bytes | None, damage: str | None, step: int) -> None:
    found, why = unpacked(data, step=step)

    assert wanted is None or found == wanted
    assert (why is None) if damage is None else (damage in (why or ""))


def test_a_bomb_goes_off_in_our_hand_only_as_far_as_we_allow() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(64)), packer.flush()])
    unpacking = Unpacking(16 << 20)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        for _ in unpacking.feed(bomb):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert unpacking.size <= (16 << 20) + (64 << 10)
    assert peak < 1 << 20


def test_every_place_of_an_old_delivery_is_a_candidate() -> None:
    sent = facts_in(
        {"snapshot-id": "sd_1", "dca-collection-id": "sd_1", "x-request-id": "proxy-7", "authorization": "secret"},
        {"snapshotId": "sd_2", "other": "x"},
    )
    body = judge(
        b'[{"id": "row", "metadata": {"jobId": "sd_3"}, "meta": 7}, {"snapshot_id": "second row"}]', is_whole=True
    )

    assert named_in(sent) == {
        "header snapshot-id": "sd_1", "header dca-collection-id": "sd_1", "header x-request-id": "proxy-7",
        "query snapshotId": "sd_2",
    }  # fmt: skip
    assert vouched_in(sent) == ("sd_1",)
    assert body.named == {"body id": "row", "body metadata.jobId": "sd_3"}
    assert body.vouched == ()
    assert "secret" not in json.dumps(sent)


def test_the_platform_is_a_hint_from_the_rows() -> None:
    assert judge(b'[{"n": 1, "url": "https://www.tiktok.com/@a"}]', is_whole=True).hint == "tiktok"
    assert judge(b'[{"url": "https://instagram.com.evil.example/"}]', is_whole=True).hint is None
    assert judge(b'[{"url": "http://[bad"}]', is_whole=True).hint is None


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param(b'[{"a": 1},\n {"b": 2}]', [{"a": 1}, {"b": 2}], id="array"),
        pytest.param(b'{"a": 1}\n{"b": 2}', [{"a": 1}, {"b": 2}], id="ndjson"),
    ],
)
def test_a_kept_body_becomes_lines(body: bytes, lines: list[Any]) -> None:
    text = b"".join(lines_of(iter([body[:3], body[3:]])))

    assert [json.loads(line) for line in text.splitlines()] == lines


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2", b"<html>", b'{"status": "x", "message": "y"}'])
def test_what_holds_no_rows_is_not_staged(body: bytes) -> None:
    with pytest.raises(Unreadable):
        list(lines_of(iter([body])))


@pytest.mark.parametrize(
    "url", ["https://h.example", "https://h.example/", "https://h.example/api/brightdata/webhook",
            "https://h.example/api/brightdata/webhook/"],
)  # fmt: skip
def test_the_address_may_be_given_whole_or_as_its_host(url: str) -> None:
    assert address_of(url) == "https://h.example/api/brightdata/webhook/"


def test_a_trigger_names_our_address_in_the_parameters_of_the_settings() -> None:
    webhook = Webhook(
        url="https://h.example", secret=Secret("the secret"), endpoint_parameter="webhook", notify_parameter="none",
        auth_parameter="webhook_header_Authorization",
    )  # fmt: skip
    query = webhook.query("token-1")

    assert {name: value.reveal() for name, value in query.items()} == {
        "webhook": "https://h.example/api/brightdata/webhook/token-1",
        "webhook_header_Authorization": "Bearer the secret",
    }
    assert "token-1" not in repr(query)
