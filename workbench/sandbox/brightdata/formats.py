"""Rows → bytes in the vendor's formats, with the oddities of real files."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import orjson

from workbench.sandbox.brightdata.plan import Kind
from workbench.sandbox.brightdata.shapes import Dataset, Row
from workbench.sandbox.brightdata.store import Snapshot, is_broken

FORMATS: Final = {
    "json": "application/json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
_SYSTEM: Final = ("timestamp", "input", "discovery_input", "error", "error_code", "warning", "warning_code")
_NESTED: Final = frozenset({"array", "object"})


def line(snapshot: Snapshot, position: int, row: Row) -> tuple[bytes, bool]:
    """One line of NDJSON without its end, and whether it is broken; cut lines stay one line."""
    text = orjson.dumps(row)
    if not is_broken(snapshot, position):
        return text, False
    half = len(text) // 2
    how = position % 3
    if how == 0:
        return text[:half], True
    if how == 1:
        return text[: half - 8] + b"\x00\xff\xfe garbled" + text[half:], True
    return text[1:], True


def encode(
    snapshot: Snapshot, dataset: Dataset, rows: Iterable[tuple[Kind, Row]], form: str, first: int = 0
) -> Iterator[tuple[bytes, int, bool]]:
    """Pieces of the body: bytes, how many rows they hold, whether they are broken."""
    if form == "csv":
        yield from _encode_csv(dataset, snapshot, rows)
    elif form == "json":
        opening = b"["
        for _, row in rows:
            yield opening + orjson.dumps(row), 1, False
            opening = b",\n"
        yield (b"]" if opening != b"[" else b"[]"), 0, False
    else:
        for position, (_, row) in enumerate(rows, first):
            text, broken = line(snapshot, position, row)
            yield text + b"\n", 1, broken


def _encode_csv(
    dataset: Dataset, snapshot: Snapshot, rows: Iterable[tuple[Kind, Row]]
) -> Iterator[tuple[bytes, int, bool]]:
    # The header is the schema's: a key that is new to it does not reach a CSV.
    names = list(snapshot.options.output_fields or dataset.columns)
    names += [name for name in (*_SYSTEM, *snapshot.options.input_fields) if name not in names]
    yield _csv_line(names), 0, False
    for _, row in rows:
        yield _csv_line([_cell(dataset, name, row.get(name)) for name in names]), 1, False


def _csv_line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def _cell(dataset: Dataset, name: str, value: Any) -> str:
    """Nested values as JSON, missing nested ones as the text `null`, some dates quoted: as in real files."""
    if value is None:
        return "null" if dataset.columns.get(name) in _NESTED else ""
    if isinstance(value, str):
        return f'"{value}"' if name in dataset.quoted_dates else value
    return orjson.dumps(value).decode()


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def counted(pieces: Iterable[tuple[bytes, int, bool]], finish: Callable[[int, int], None]) -> Iterator[bytes]:
    """The bytes; `finish(rows, broken)` is called before the last of them leaves, so that counts never lag behind."""
    rows = broken = 0
    held = b""
    for piece, count, is_bad in pieces:
        rows += count
        broken += count if is_bad else 0
        if held:
            yield held
        held = piece
    finish(rows, broken)
    yield held
