"""Vendor bodies and rows as they are: what shape a body has, what kind a row is, arrays and CSV as NDJSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import IO, Any, Final, Literal

from workbench.errors import Permanent

Shape = Literal["ndjson", "array", "csv", "html", "status", "empty"]
Kind = Literal["data", "warning", "error"]

LARGEST_ROW: Final = 16 << 20  # bytes, as in the tables; the widest real rows have about 100 KB

# On every row, whatever became of its input, and on nothing else that the vendor sends.
_ROW_MARKS: Final = {"timestamp", "input"}
_NO_DATA: Final = _ROW_MARKS | {
    "discovery_input",
    "error",
    "error_code",
    "warning",
    "warning_code",
    "status_code",
}
_ANSWER_KEYS: Final = {"status", "message", "error", "error_message", "errors", "validation_errors", "code"}

_BOM: Final = b"\xef\xbb\xbf"
# Everything up to the next bracket, strings skipped whole; possessive, so that it never backtracks.
_TO_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)
_STRING_OR_BREAK: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\r\n]+', re.DOTALL)
_BREAKS_TO_BLANKS: Final = bytes.maketrans(b"\r\n", b"  ")
_QUOTED_DATE: Final = re.compile(r'"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?"')

# The csv module refuses cells above 128 KB, and a cell of the vendor's can hold a whole nested post.
csv.field_size_limit(LARGEST_ROW)


def shape_of(head: bytes) -> Shape:
    """What a body is, from its first 64 KB. "status" is an answer about the snapshot, and no row."""
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return "empty"
    if text[:1] == b"<":
        return "html"
    if text[:1] == b"[":
        return "array"
    if text[:1] == b"{":
        return "status" if _is_status(text) else "ndjson"
    return "csv"


def kind_of_row(row: Mapping[str, Any]) -> Kind:
    """By the vendor's codes, never by its texts.

    A warning row can be full of keys, even of page data, and still is no post. An error counts only where
    there is no data beside it.
    """
    if (row.get("error") or row.get("error_code")) and not _has_data(row):
        return "error"
    if row.get("warning") or row.get("warning_code"):
        return "warning"
    return "data"


def lines_of_array(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The elements of a JSON array, byte for byte, one line each, in the memory of the largest.

    Nothing is dropped: what stands between the elements or was cut off comes as a line of its own, for the
    reader of the lines to reject. Where the array is so broken that a row has no end, its beginning is the last
    line, and one byte too long.
    """
    buffer, depth, start, position = b"", 0, 0, 0
    for chunk in chunks:
        buffer = buffer[start:] + chunk
        position, start = position - start, 0
        while found := _TO_BRACKET.match(buffer, position):
            position = found.end()
            if found[1] in b"[{":
                if depth == 0 and found[1] == b"{":
                    depth = 1  # a row outside of any array is a row all the same
                if depth <= 1:
                    yield from _between(buffer[start : position - 1])
                    start = position - depth
                depth += 1
                continue
            depth = max(depth - 1, 0)
            if depth == 1:
                yield _one_line(buffer[start:position])
            elif depth == 0:
                yield from _between(buffer[start : position - 1])
            if depth <= 1:
                start = position
        if len(buffer) - start > LARGEST_ROW:
            yield buffer[start : start + LARGEST_ROW + 1].translate(_BREAKS_TO_BLANKS)
            return
    yield from _between(buffer[start:])


def lines_of_csv(file: IO[bytes]) -> Iterator[bytes]:
    """The vendor's CSV export as NDJSON.

    Nested cells become JSON again, JSON-quoted dates lose their quotes, empty cells and the vendor's text
    ``null`` become null; everything else stays text, ids above all. A line with more or fewer cells than the
    header comes as an array of its cells, for the reader of the lines to reject.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    # A line without end comes in pieces, which are lines that do not fit the header.
    reader = csv.reader(iter(partial(text.readline, LARGEST_ROW), ""))
    try:
        header = next(reader, [])
        for cells in filter(None, reader):
            row: Any = cells
            if len(cells) == len(header):
                row = dict(zip(header, map(_from_cell, cells), strict=True))
            yield json.dumps(row, separators=(",", ":")).encode()
    except csv.Error as error:
        raise Permanent(f"the CSV cannot be read: {error}") from error
    finally:
        text.detach()  # the file is the caller's to close


def _is_status(text: bytes) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    keys = found.keys()
    return bool(keys) and not _ROW_MARKS & keys and (keys >= {"status", "message"} or keys <= _ANSWER_KEYS)


def _has_data(row: Mapping[str, Any]) -> bool:
    # Fields that we sent along and the vendor echoes (custom_input_fields) are on error rows too.
    sent = [given for given in (row.get("input"), row.get("discovery_input")) if isinstance(given, Mapping)]
    return any(
        value not in (None, "", [], {}) and not any(given.get(key) == value for given in sent)
        for key, value in row.items()
        if key not in _NO_DATA
    )


def _between(text: bytes) -> Iterator[bytes]:
    line = _one_line(text).removeprefix(_BOM).strip(b" \t,")
    if line:
        yield line


def _one_line(element: bytes) -> bytes:
    """Line breaks between tokens are layout; within a string they are a fault, kept as text."""
    if b"\n" not in element and b"\r" not in element:
        return element.strip()

    def mended(found: re.Match[bytes]) -> bytes:
        text = found[0]
        return text.replace(b"\r", b"\\r").replace(b"\n", b"\\n") if text.startswith(b'"') else b" "

    return _STRING_OR_BREAK.sub(mended, element).strip()


def _from_cell(cell: str) -> Any:
    if cell in ("", "null"):
        return None
    if cell[0] in "[{" or _QUOTED_DATE.fullmatch(cell):
        try:
            return json.loads(cell, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return cell  # somebody's text that begins like JSON
    return cell


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
