"""raw.py: bodies come back as they were received, line by line, or not at all."""

from __future__ import annotations

import hashlib

import pytest
import zstandard

from workbench.errors import Permanent
from workbench.lake import raw


def _stored(tmp_path, *parts: bytes):
    paths = []
    for number, part in enumerate(parts):
        paths.append(tmp_path / f"part{number}")
        paths[-1].write_bytes(part)
    return raw.store_raw(paths, tmp_path / "raw.zst")


@pytest.mark.parametrize(
    ("parts", "body", "lines", "shape"),
    [
        pytest.param([b'{"a":1}\n{"a":2}\n'], b'{"a":1}\n{"a":2}\n', 2, "ndjson", id="as received"),
        pytest.param([b'{"a":1}', b'{"a":2}'], b'{"a":1}\n{"a":2}', 2, "ndjson", id="joined at line ends"),
        pytest.param([b'{"a":1}\n', b"", b'{"a":2}\n'], b'{"a":1}\n{"a":2}\n', 2, "ndjson", id="an empty part"),
        pytest.param([b'\xef\xbb\xbf{"a":1}\n\n'], b'\xef\xbb\xbf{"a":1}\n\n', 2, "ndjson", id="mark, blank line"),
        pytest.param([b'[{"a":1}]'], b'[{"a":1}]', 1, "array", id="array"),
        pytest.param([b"a,b\n1,2\n"], b"a,b\n1,2\n", 2, "csv", id="CSV"),
        pytest.param([], b"", 0, "empty", id="nothing"),
    ],
)
def test_the_bytes_as_received_are_kept(tmp_path, parts, body, lines, shape):
    kept = _stored(tmp_path, *parts)

    assert zstandard.ZstdDecompressor().decompressobj().decompress(kept.path.read_bytes()) == body
    assert (kept.sha256, kept.bytes, kept.lines) == (hashlib.sha256(body).hexdigest(), len(body), lines)
    assert (kept.shape, kept.stored_bytes) == (shape, kept.path.stat().st_size)


def test_the_same_body_in_other_parts_is_the_same_file(tmp_path):
    body = b"".join(b'{"a": %d, "text": "%s"}\n' % (i, b"x" * (i % 700)) for i in range(9000))
    at = body.index(b"\n", 1_500_000) + 1
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    one, two = _stored(tmp_path / "one", body), _stored(tmp_path / "two", body[:at], body[at:])

    assert one.path.read_bytes() == two.path.read_bytes()


def test_the_same_body_is_the_same_file_on_any_number_of_cores(tmp_path, monkeypatch):
    body = b"".join(b'{"a": %d, "text": "%x"}\n' % (i, i**40) for i in range(300_000))  # several blocks of zstd's
    made = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(raw, "_THREADS", threads)
        made.append(_stored(tmp_path, body).path.read_bytes())

    assert made[0] == made[1] == made[2]


def test_lines_are_numbered_with_the_blank_ones(tmp_path):
    kept = _stored(tmp_path, b'\xef\xbb\xbf{"a":1}\r\n\n \t\r\n{"a":2}')

    assert list(raw.body_lines(kept.path)) == [(1, b'{"a":1}\r'), (2, b""), (3, b" \t\r"), (4, b'{"a":2}')]
    assert raw.count(kept.path) == raw.RawBody(lines=4, blank=2, longest=8, densest=4, size=24)


def test_lines_across_chunks_are_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "CHUNK", 7)
    lines = [b"x" * (i % 23) for i in range(500)]
    kept = _stored(tmp_path, b"\n".join(lines) + b"\n")

    assert [line for _, line in raw.body_lines(kept.path)] == lines


def test_a_line_without_an_end_stays_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "CHUNK", 16)
    monkeypatch.setattr(raw, "LONGEST_LINE", 64)
    kept = _stored(tmp_path, b"y" * 5000 + b"\n" + b"short\n")

    (one, cut), (two, short) = raw.body_lines(kept.path)

    assert (one, len(cut), two, short) == (1, 65, 2, b"short")


@pytest.mark.parametrize("harm", [lambda b: b[:-3], lambda b: b[: len(b) // 2], lambda b: b[:-1] + b"?"])
def test_a_damaged_file_is_never_taken_for_a_shorter_one(tmp_path, harm):
    kept = _stored(tmp_path, b'{"a":1}\n' * 10_000)
    kept.path.write_bytes(harm(kept.path.read_bytes()))

    with pytest.raises(Permanent, match=r"raw\.zst is damaged"):
        raw.count(kept.path)
