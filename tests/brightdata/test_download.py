"""brightdata/download.py: rows on disk whole or not at all, whatever the wire does."""

import errno
import gzip
import hashlib
import json
import os
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from workbench.brightdata.client import BrightData, Limits
from workbench.brightdata.download import gunzipped
from workbench.brightdata.responses import NotReady, SnapshotEmpty, SnapshotExpired
from workbench.errors import BadInput, Permanent, Transient
from workbench.secret import Secret

ROWS = b'{"id":"1","timestamp":"t"}\n{"id":"2","timestamp":"t"}\n'
PART = "part-00001.ndjson"


def rows_of(body):
    return b"".join(path.read_bytes() for path in body.parts)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        pytest.param(gzip.compress(ROWS), {"Content-Type": "application/gzip"}, id="a gzip file"),
        pytest.param(gzip.compress(ROWS), {"Content-Encoding": "gzip"}, id="a gzip transfer"),
        pytest.param(
            gzip.compress(gzip.compress(ROWS)), {"Content-Encoding": "gzip"}, id="a gzip file in a gzip transfer"
        ),
        pytest.param(gzip.compress(ROWS), {"Content-Type": "application/x-ndjson"}, id="gzip that nobody announced"),
        pytest.param(ROWS, {"Content-Encoding": "gzip"}, id="gzip that was announced and is none"),
        pytest.param(ROWS, {}, id="plain"),
        pytest.param(gzip.compress(ROWS[:20]) + gzip.compress(ROWS[20:]), {}, id="two gzip members"),
        pytest.param(gzip.compress(ROWS) + b"\0" * 9, {}, id="padding behind gzip"),
        pytest.param(gzip.compress(ROWS) + gzip.compress(b""), {}, id="an empty member at the end"),
    ],
)
def test_rows_are_decoded_whatever_the_headers_say(vendor, connect, wire, tmp_path, content, headers):
    vendor.fates = [wire.reply(200, content, headers)]

    body = connect(vendor.url).download("s_1", tmp_path)

    assert rows_of(body) == ROWS
    assert (body.bytes, body.sha256) == (len(ROWS), hashlib.sha256(ROWS).hexdigest())
    assert body.received_bytes == len(content)
    assert names(tmp_path) == ["part-00001.json", PART]


def test_it_asks_for_ndjson_and_gzip_by_name(vendor, connect, wire, tmp_path):
    vendor.fates = [wire.reply(200, ROWS)]

    connect(vendor.url).download("s_1", tmp_path)

    assert vendor.requests[0].line == "GET /datasets/v3/snapshot/s_1?format=ndjson&compress=true HTTP/1.1"
    assert vendor.requests[0].headers["accept-encoding"] == "gzip"


CHUNKED = {"Transfer-Encoding": "chunked", "Content-Length": ""}
ZIPPED = gzip.compress(ROWS)


@pytest.mark.parametrize(
    "fate",
    [
        pytest.param(lambda w: w.reply(200, ROWS, length=len(ROWS) + 1), id="shorter than its length"),
        pytest.param(lambda w: w.reply(200, b"", length=10), id="nothing of its length"),
        pytest.param(lambda w: w.reply(200, b'5\r\n{"id"\r\n', CHUNKED), id="no last chunk"),
        pytest.param(lambda w: w.reply(200, b'99\r\n{"id"', CHUNKED), id="half a chunk"),
        pytest.param(lambda w: w.reply(200, ZIPPED[:-9]), id="gzip without its end"),
        pytest.param(lambda w: w.reply(200, ZIPPED[:-9], {"Content-Length": ""}), id="gzip cut, no length"),
        pytest.param(lambda w: w.reply(200, ZIPPED + ZIPPED[:12]), id="a second gzip member cut"),
        pytest.param(lambda w: w.reply(200, ZIPPED[:-8] + b"\0" * 8), id="gzip with a wrong checksum"),
        pytest.param(lambda w: w.reply(200, ZIPPED + b"junk"), id="junk behind gzip"),
        pytest.param(lambda w: w.then_drop(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"), id="a reset"),
        pytest.param(lambda w: w.drop, id="a reset before the answer"),
    ],
)
def test_a_cut_download_leaves_nothing_and_can_be_tried_again(vendor, connect, wire, tmp_path, fate):
    vendor.fates = [fate(wire), wire.reply(200, ZIPPED)]
    client = connect(vendor.url)

    with pytest.raises(Transient):
        client.download("s_1", tmp_path)

    assert names(tmp_path) == []
    assert rows_of(client.download("s_1", tmp_path)) == ROWS


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        pytest.param(b"<html><body>Please log in</body></html>", {}, Transient, id="a web page"),
        pytest.param(b"\n <!doctype html>", {}, Transient, id="a web page behind blanks"),
        pytest.param(gzip.compress(b"<html>"), {}, Transient, id="a gzipped web page"),
        pytest.param(b"<html>" + b"x" * 100_000, {}, Transient, id="a long web page"),
        pytest.param(b"{}", {"Content-Type": "text/html; charset=utf-8"}, Transient, id="said to be a web page"),
        pytest.param(
            b'{"status":"building","message":"Snapshot is building, try again in 10s"}', {}, NotReady, id="building"
        ),
        pytest.param(b'{"status":"running","message":"soon"}\n', {}, NotReady, id="a status and a message"),
        pytest.param(gzip.compress(b'{"status":"x","message":"y"}'), {}, NotReady, id="gzipped"),
        pytest.param(
            b'{"status":"failed","message":"Snapshot is expired"}', {}, SnapshotExpired, id="expired, with 200"
        ),
        pytest.param(b'{"error":"Snapshot is empty"}', {}, SnapshotEmpty, id="empty, with 200"),
        pytest.param(b"Snapshot is empty", {"Content-Type": "text/plain"}, SnapshotEmpty, id="empty, in plain text"),
        pytest.param(b"Service overloaded", {}, Transient, id="plain words"),
    ],
)
def test_what_is_no_rows_is_refused(vendor, connect, wire, tmp_path, content, headers, expected):
    vendor.fates = [wire.reply(200, content, headers)]

    with pytest.raises(expected) as caught:
        connect(vendor.url).download("s_1", tmp_path)

    assert type(caught.value) is expected
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"status":"x","message":"y","timestamp":"t"}\n', id="a row with a status and a message"),
        pytest.param(b'{"status":"x","message":"y","input":{}}\n', id="its input says that it is a row"),
        pytest.param(b'{"status":"x","message":"y"}\n{"status":"x","message":"y"}\n', id="two of them"),
        pytest.param(b'[{"id":"1"}]', id="an array, though NDJSON was asked for"),
    ],
)
def test_what_is_rows_is_kept(vendor, connect, wire, tmp_path, content):
    vendor.fates = [wire.reply(200, content)]

    assert rows_of(connect(vendor.url).download("s_1", tmp_path)) == content


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["nothing", "gzip of nothing"])
def test_no_bytes_are_a_body_without_parts(vendor, connect, wire, tmp_path, content):
    vendor.fates = [wire.reply(200, content)]

    body = connect(vendor.url).download("s_1", tmp_path)

    assert (body.parts, body.bytes) == ((), 0)
    assert names(tmp_path) == []


# ---- parts and resume


def in_parts(request):
    if request.url.path.endswith("/parts"):
        return httpx.Response(200, json={"parts": 3})
    number = request.url.params["part"]
    return httpx.Response(200, content=gzip.compress(f'{{"part":{number},"timestamp":1}}\n'.encode()))


def test_parts_in_order(site, tmp_path):
    sent = []
    client = site(lambda request: sent.append(request) or in_parts(request))

    body = client.download("s_1", tmp_path, batch_size=1000)

    assert [json.loads(line)["part"] for line in rows_of(body).splitlines()] == [1, 2, 3]
    assert body.sha256 == hashlib.sha256(rows_of(body)).hexdigest()
    assert [path.name for path in body.parts] == [f"part-0000{n}.ndjson" for n in (1, 2, 3)]
    assert dict(sent[3].url.params) == {"format": "ndjson", "compress": "true", "batch_size": "1000", "part": "3"}


def test_a_part_that_is_there_is_not_fetched_again(site, tmp_path):
    fetched = []

    def handler(request):
        number = request.url.params.get("part")
        fetched.append(number)
        if number == "3" and fetched.count("3") == 1:
            return httpx.Response(503)
        return in_parts(request)

    client = site(handler)
    with pytest.raises(Transient):
        client.download("s_1", tmp_path, batch_size=1000)

    body = client.download("s_1", tmp_path, batch_size=1000)

    assert fetched == [None, "1", "2", "3", None, "3"]
    assert body.bytes == len(rows_of(body))
    assert body.sha256 == hashlib.sha256(rows_of(body)).hexdigest()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda folder: (folder / PART).write_bytes(ROWS[:-1]), id="cut"),
        pytest.param(lambda folder: (folder / PART).write_bytes(ROWS.replace(b"1", b"9")), id="changed, same size"),
        pytest.param(lambda folder: (folder / PART).unlink(), id="gone"),
        pytest.param(lambda folder: (folder / "part-00001.json").unlink(), id="its note is gone"),
        pytest.param(lambda folder: (folder / "part-00001.json").write_text("{"), id="its note is cut"),
        pytest.param(lambda folder: (folder / "part-00001.json").write_text("[]"), id="its note is none"),
    ],
)
def test_a_part_that_is_not_what_its_note_says_is_fetched_again(vendor, connect, wire, tmp_path, spoil):
    vendor.fates = [wire.reply(200, ROWS)]
    client = connect(vendor.url)
    client.download("s_1", tmp_path)
    spoil(tmp_path)

    body = client.download("s_1", tmp_path)

    assert vendor.connections == 2
    assert rows_of(body) == ROWS


def test_a_part_of_another_snapshot_is_fetched_again(vendor, connect, wire, tmp_path):
    vendor.fates = [wire.reply(200, ROWS)]
    client = connect(vendor.url)

    for snapshot_id in ("s_1", "s_1", "s_2"):
        client.download(snapshot_id, tmp_path)

    assert vendor.connections == 2


def test_batches_are_of_a_thousand_rows_at_least(site, tmp_path):
    with pytest.raises(BadInput):
        site(in_parts).download("s_1", tmp_path, batch_size=10)


def test_several_at_once_into_one_folder(site, tmp_path):
    client = site(in_parts)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.download("s_1", tmp_path, batch_size=1000).sha256, range(8)))

    assert len(set(found)) == 1
    assert len(names(tmp_path)) == 6


# ---- bytes


def test_progress_is_told_in_received_bytes(vendor, connect, wire, tmp_path):
    vendor.fates = [wire.reply(200, ZIPPED)]
    told = []

    connect(vendor.url).download("s_1", tmp_path, on_bytes=lambda *seen: told.append(seen))

    assert told[-1] == (len(ZIPPED), len(ZIPPED))


def test_progress_over_parts_has_no_total(site, tmp_path):
    told = []

    body = site(in_parts).download("s_1", tmp_path, batch_size=1000, on_bytes=lambda *seen: told.append(seen))

    assert told[-1] == (body.received_bytes, None)


def test_whoever_is_told_may_stop_it(vendor, connect, wire, tmp_path):
    vendor.fates = [wire.reply(200, ZIPPED)]

    def stop(received, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        connect(vendor.url).download("s_1", tmp_path, on_bytes=stop)

    assert names(tmp_path) == []


def test_a_full_disk_is_named_with_its_folder(vendor, connect, wire, tmp_path, monkeypatch):
    vendor.fates = [wire.reply(200, ROWS)]

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(Transient, match=str(tmp_path)) as caught:
        connect(vendor.url).download("s_1", tmp_path)

    assert caught.value.code == "disk_full"
    assert names(tmp_path) == []


def test_an_endless_body_ends_at_the_limit(vendor, connect, wire, tmp_path):
    vendor.fates = [wire.reply(200, gzip.compress(ROWS * 10_000))]

    with pytest.raises(Permanent, match="more than a snapshot can hold"):
        connect(vendor.url, limits=Limits(largest_part=100_000)).download("s_1", tmp_path)

    assert names(tmp_path) == []


def test_a_bomb_is_unpacked_in_small_pieces():
    bomb = gzip.compress(bytes(50 << 20))

    assert max(map(len, gunzipped(iter([bomb])))) <= 1 << 20


def test_members_larger_than_a_piece_come_once():
    big = b"".join(b"%07d\n" % n for n in range(140_000))
    packed = gzip.compress(big) * 3

    assert b"".join(gunzipped(iter([packed]))) == big * 3


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_gzip_in_pieces_of_any_size(size):
    data = zlib.compressobj(wbits=31)
    packed = data.compress(ROWS * 50) + data.flush() + gzip.compress(ROWS)

    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]

    assert b"".join(gunzipped(iter(pieces))) == ROWS * 51


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_two_hundred_megabytes_in_little_memory_and_time(vendor, connect, tmp_path):
    line = b'{"timestamp":"t","text":"' + b"abcdefghij" * 100 + b'"}\n'
    member = gzip.compress(line * (1 << 20 >> 10))
    plain = len(line) * (1 << 20 >> 10)
    count = (200 << 20) // plain + 1

    def fate(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(member) * count))
        for _ in range(count):
            connection.sendall(member)

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    vendor.fates = [fate]
    before, seen, began = resident(), [], time.monotonic()

    body = connect(vendor.url).download("s_1", tmp_path, on_bytes=lambda *_: seen.append(resident()))

    assert body.bytes == plain * count > 200 << 20
    assert max(seen) - before < 32 << 20
    assert time.monotonic() - began < 10  # 1 s on an idle machine


def test_a_client_can_be_closed(vendor, wire):
    vendor.fates = [wire.reply(200, {"status": "ready"})]
    with BrightData(vendor.url, Secret("key-0123456789")) as client:
        assert client.progress("s_1").status == "ready"
