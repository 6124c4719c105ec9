"""Vendor bodies and rows as they are: what shape a body has, what kind a row is, arrays and CSV as NDJSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import IO, Any, Final, Literal

from workbench.sheets import SEPARATORS

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
_ANSWER_KEYS: Final = {
    "status", "message", "error", "error_message", "errors", "validation_errors", "code", "snapshot_id", "dataset_id",
    "collection_id", "request_id", "progress", "records", "dataset_size", "created", "cost", "file_size",
    "id", "name", "parts", "warning", "error_codes", "collection_duration", "initiation_type", "customer_id",
}  # fmt: skip
# Of an answer one of these at least; a row has addresses and ids beside.
_ANSWERS: Final = {"status", "message", "error", "error_message", "errors", "validation_errors", "snapshot_id"}
# Rows that somebody packed into an object, as tools around the vendor's do.
_WRAPPED: Final = re.compile(
    rb'\{\s*(?:"(?:success|ok|status|message|snapshot_id|dataset_id|count|total|page)"\s*:\s*'
    rb'(?:"[^"]*"|[-\d.]+|true|false|null)\s*,\s*){0,8}'
    rb'(?:"(?:data|results?|output|response|body)"\s*:\s*\{\s*)?'
    rb'"(?:data|results?|items|rows|records|posts|output|response|body)"\s*:\s*(\[\s*[{\]])'
)

# What is said of a snapshot without JSON.
_SAID: Final = re.compile(
    rb"(?i)(the )?(snapshot|collection|job|data) (is|was|has|not|does|cannot|could)\b[^,;\t\n]*(,[^,;\t\n]*)?\s*"
)

_BOM: Final = b"\xef\xbb\xbf"
# Everything up to the next bracket, strings skipped whole; possessive, so that it never backtracks.
_TO_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)
_STRING_OR_BREAK: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\r\n]+', re.DOTALL)
_BREAKS_TO_BLANKS: Final = bytes.maketrans(b"\r\n", b"  ")
# Dates and addresses come with JSON's quotes; a text between quotes may be somebody's own.
_QUOTED: Final = re.compile(r'"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?"|"https?://[^\s"]*"')
_HEAD: Final = 1 << 12
# What may stand behind the rows in an object around them; possessive, for it may be as long as it likes.
_BEHIND: Final = re.compile(
    rb'(?:[\s,]*+(?:"\w++"\s*+:\s*+)?+(?:"[^"]*+"|[-\d.]++|true|false|null|\[\s*+\]|\{\s*+\}|\}))*+'
    rb'[\s,]*+(?:"\w++"\s*+:\s*+)?+'
)
_NOTHING: Final = re.compile(rb"(?!)")

# The csv module refuses cells above 128 KB, and a cell of the vendor's can hold a whole nested post.
csv.field_size_limit(LARGEST_ROW)


def shape_of(head: bytes) -> Shape:
    """What a body is, from its first 64 KB. "status" is an answer about the snapshot, and no row.

    "array" is whatever is told apart by its brackets and not by its lines: an array, also one within an object, and
    objects that are written over several lines or side by side.
    """
    text = head.removeprefix(_BOM).lstrip()
    told: dict[bytes, Shape] = {b"": "empty", b"<": "html", b"[": "array"}
    if text[:1] in told:
        return told[text[:1]]
    if text[:1] == b"{":
        if _WRAPPED.match(text):
            return "array"
        if _is_status(text):
            return "status"
        return "ndjson" if _is_by_lines(text) else "array"
    return "status" if _SAID.fullmatch(text) else "csv"


def _is_by_lines(text: bytes) -> bool:
    """Whether the first object ends where its line ends, or may: what is broken is for the reader of lines."""
    line, _, rest = text.partition(b"\n")
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        last, following = line.rstrip()[-1:], rest.lstrip()[:1]
        beside = line[error.pos :].strip() if error.msg == "Extra data" else b""
        is_beside = b"{" in beside or (beside == b"," and following == b"{")
        goes_on = {b"{": b'"}', b",": b'"', b"[": b'"{[]0123456789', b":": b'"{['}.get(last, b"")
        return not (is_beside or (following and following in goes_on))
    except (ValueError, RecursionError):
        return True
    return True


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
    buffer, depth, start, position, is_open = b"", 0, 0, 0, False
    chunks, wrapping = _unwrapped(iter(chunks))
    for chunk in chunks:
        buffer = buffer[start:] + chunk
        position, start = position - start, 0
        while found := _TO_BRACKET.match(buffer, position):
            position = found.end()
            if found[1] in b"[{":
                if depth == 0:
                    yield from _outside(buffer[start : position - 1], wrapping)
                    is_open = found[1] == b"["
                    depth = int(not is_open)  # a row outside of any array is a row all the same
                    start = position - depth
                elif depth == 1:
                    yield from _between(buffer[start : position - 1])
                    start = position - 1
                depth += 1
                continue
            depth = max(depth - 1, 0)
            if depth == 1:
                yield _one_line(buffer[start:position])
            elif depth == 0:
                yield from _outside(buffer[start : position - 1], wrapping)
                is_open = False
            if depth <= 1:
                start = position
        if len(buffer) - start > LARGEST_ROW:
            yield buffer[start : start + LARGEST_ROW + 1].translate(_BREAKS_TO_BLANKS)
            return
    yield from _end(buffer[start:], is_open=is_open)


def _outside(text: bytes, wrapping: re.Pattern[bytes]) -> Iterator[bytes]:
    """What stands around an array, unless it is the rest of an object that the array lies in."""
    if not wrapping.fullmatch(text):
        yield from _between(text)


def _end(text: bytes, *, is_open: bool) -> Iterator[bytes]:
    """What is left; of an array that was cut off behind a row, its bracket, for not all came."""
    rest = list(_between(text))
    yield from rest or ([b"["] if is_open else [])


def _unwrapped(chunks: Iterator[bytes]) -> tuple[Iterator[bytes], re.Pattern[bytes]]:
    """The chunks without the object around the array, if there is one; and what may stand behind such an array."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD:
            break
    text = head.removeprefix(_BOM).lstrip()
    if found := _WRAPPED.match(text):
        return chain((text[found.end() - len(found[1]) :],), chunks), _BEHIND
    return chain((head,), chunks), _NOTHING


def lines_of_csv(file: IO[bytes]) -> Iterator[bytes]:
    """A CSV export, the vendor's or what a spreadsheet made of it, as NDJSON.

    Nested cells become JSON again, JSON-quoted dates and addresses lose their quotes, empty cells and the vendor's text
    ``null`` become null; everything else stays text, ids above all. What is no row comes as the line that it is, for
    the reader of the lines to reject: more or fewer cells than the header, a quote that never ends, bytes that are no
    text. A row that was cut, or that swallowed those below it, so costs one line and no other.
    """
    physical = _Held(_physical(file))
    separator, header = _header(physical)
    while header and (cells := _next_row(physical, separator, len(header))) is not None:
        if isinstance(cells, bytes):
            yield cells.rstrip(b"\r\n")
        elif any(cell.strip() for cell in cells):
            row: Any = cells
            if len(cells) == len(header) and [cell.strip() for cell in cells] != header:  # as of files put together
                row = dict(zip(header, map(_from_cell, cells), strict=True))
            yield json.dumps(row, separators=(",", ":")).encode()


def _physical(file: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends, which are of the old Macintosh where the first has such a one within."""
    is_old = False
    for number, line in enumerate(iter(partial(file.readline, LARGEST_ROW), b"")):
        is_old = is_old or (not number and b"\r" in line.rstrip(b"\r\n"))
        yield from line.splitlines(keepends=True) if is_old else (line,)


def _header(physical: _Held) -> tuple[str, list[str]]:
    """The separator and the names of the columns, without those that a spreadsheet left empty at the end."""
    separator = ""
    while (line := physical.take()) is not None:
        text = line.decode("utf-8-sig", "replace").strip("\r\n")
        if found := re.fullmatch(r'"?sep=(.)"?', text.strip("\ufeff ")):
            separator = found[1]
        elif text.strip():
            separator = separator or max(SEPARATORS, key=re.sub(r'"[^"]*"', "", text).count)
            names = [name.strip() for name in next(csv.reader([text], delimiter=separator))]
            while names and not names[-1]:
                names.pop()
            return separator, names
    return ",", []


class _Held:
    """Physical lines, which can be put back when a row that took several turns out to be none."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._back = lines, list[bytes]()

    def take(self) -> bytes | None:
        return self._back.pop() if self._back else next(self._lines, None)

    def put_back(self, lines: Sequence[bytes]) -> None:
        self._back.extend(reversed(lines))


def _next_row(physical: _Held, separator: str, width: int) -> list[str] | bytes | None:
    """The cells of the next row; the first of its lines where they are no row; None at the end."""
    held: list[bytes] = []
    quotes = size = 0
    while (line := physical.take()) is not None:
        held.append(line)
        quotes, size = quotes + line.count(b'"'), size + len(line)
        if quotes % 2 == 0:
            cells = _cells(b"".join(held), separator, width)
            if cells is not None and (len(held) == 1 or len(cells) == width):
                return cells
            break
        if size > LARGEST_ROW:
            break
    if not held:
        return None
    physical.put_back(held[1:])
    alone = _loosely(held[0], separator)
    return held[0] if alone is None else alone


def _cells(row: bytes, separator: str, width: int) -> list[str] | None:
    """The cells of one row; None where its quotes do not say where they end, or its bytes are no text."""
    try:
        text = io.StringIO(row.decode(), newline="")
        cells = next(csv.reader(text, delimiter=separator, strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return None
    while len(cells) > width and not cells[-1].strip():
        cells.pop()  # columns that a spreadsheet left empty
    return cells


def _loosely(line: bytes, separator: str) -> list[str] | None:
    """The cells of one line in which somebody's own quotes stand in the middle, as they stand there."""
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return None
    if text.count('"') % 2:
        return None
    sign = re.escape(separator)
    found = re.findall(rf'(?:^|(?<={sign}))((?:"(?:[^"]|"")*")?[^{sign}]*)', text)
    return [one[1:-1].replace('""', '"') if re.fullmatch(r'"(?:[^"]|"")*"', one) else one for one in found]


def _is_status(text: bytes) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return is_answer(found)


def is_answer(found: Mapping[str, Any]) -> bool:
    """Whether an object tells of a snapshot or of a mistake, and is no row."""
    keys = found.keys()
    is_one = keys >= {"status", "message"} or (keys <= _ANSWER_KEYS and bool(keys & _ANSWERS))
    return is_one and not _ROW_MARKS & keys


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
    if cell[0] in "[{" or _QUOTED.fullmatch(cell):
        try:
            return json.loads(cell, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return cell  # somebody's text that begins like JSON, or a list as a program prints it
    return cell


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
