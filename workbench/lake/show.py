"""What a query answered → text table, JSON, CSV, Parquet or a spreadsheet; what was scraped cannot act on its reader.

Rows go through Arrow: DuckDB's own fetchall() needs pytz for a time with a zone.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any, Final, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import BadInput
from workbench.lake.guard import explained
from workbench.lake.sql import name

Format = Literal["table", "json", "csv", "parquet", "xlsx"]
FORMATS: Final[tuple[Format, ...]] = ("table", "json", "csv", "parquet", "xlsx")

_BATCH: Final = 2048
_WIDEST: Final = 60  # columns of a cell in a text table
_ESCAPES: Final = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # other strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|\x1b.?"
)
_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_ENDS_OF_TIME: Final = {2**63 - 1: "infinity", 1 - 2**63: "-infinity"}  # DuckDB's, in microseconds
_END_OF_DAYS: Final = 2**31 - 1
_JOINER: Final = "\u200d"  # holds emojis of several signs together
_FORMULA: Final = tuple("=+-@\t\r\n\0＝＋－＠")


def write(relation: duckdb.DuckDBPyRelation, form: Format, out: IO[bytes]) -> None:
    with explained():
        _WRITERS[form](relation, out)


def rows(relation: duckdb.DuckDBPyRelation) -> Iterator[dict[str, Any]]:
    """Plain values that JSON can hold: times as ISO 8601, JSON columns as what they hold, NaN as None."""
    is_json = [str(kind) == "JSON" for kind in relation.types]
    names = _unique(relation.columns)
    for values in _values(relation):
        yield {
            key: _parsed(value) if nested else _plain(value)
            for key, value, nested in zip(names, values, is_json, strict=True)
        }


def clean(text: str) -> str:
    """One line without control characters, escape sequences or marks that turn the reading direction."""
    text = _BREAKS.sub(" ", _ESCAPES.sub("", text))
    return "".join(char for char in text if char == _JOINER or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})


def csv_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe; numbers are numbers."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_table(relation: duckdb.DuckDBPyRelation, out: IO[bytes]) -> None:
    head = [clean(column) for column in relation.columns]
    body = [[_cell(value) for value in row.values()] for row in rows(relation)]
    is_number = [str(kind) in _NUMBERS for kind in relation.types]
    widths = [max(map(_width, column)) for column in zip(head, *body, strict=True)]
    for line in (head, ["─" * width for width in widths], *body):
        out.write(_line(line, widths, is_number).encode() + b"\n")
    out.write(f"({len(body)} {'row' if len(body) == 1 else 'rows'})\n".encode())


_NUMBERS: Final = {
    "BIGINT",
    "INTEGER",
    "DOUBLE",
    "HUGEINT",
    "SMALLINT",
    "TINYINT",
    "UBIGINT",
    "UINTEGER",
    "FLOAT",
}


def _write_json(relation: duckdb.DuckDBPyRelation, out: IO[bytes]) -> None:
    separator = b"[\n"
    for row in rows(relation):
        out.write(separator + json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _write_csv(relation: duckdb.DuckDBPyRelation, out: IO[bytes]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([csv_cell(column) for column in relation.columns])
        writer.writerows([csv_cell(value) for value in row.values()] for row in rows(relation))
    finally:
        text.detach()  # the stream is the caller's to close


def _write_parquet(relation: duckdb.DuckDBPyRelation, out: IO[bytes]) -> None:
    spans = [str(kind) == "INTERVAL" for kind in relation.types]  # Parquet has no such thing that readers agree on
    columns = (
        f"{name(column)}{'::varchar' if span else ''}" for column, span in zip(relation.columns, spans, strict=True)
    )
    batches = (relation.project(", ".join(columns)) if any(spans) else relation).to_arrow_reader(_BATCH)
    with pq.ParquetWriter(out, batches.schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


SHEET_ROWS: Final = 1_048_575  # below the head: what a sheet holds
_SHEET_TEXT: Final = 32_767  # signs that a cell holds
_SHEET_YEAR: Final = 1900  # the first that a sheet knows
_EXACT: Final = 2**53  # a sheet has floats alone: a larger number would be another


def _write_xlsx(relation: duckdb.DuckDBPyRelation, out: IO[bytes]) -> None:
    """Texts are cells of text, whatever they look like: no id becomes a number, nothing a formula or a link."""
    import xlsxwriter

    # Cell by cell through a file: a million rows take no more memory than one.
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("rows")
        formats: dict[type, Any] = {
            datetime: book.add_format({"num_format": 'yyyy-mm-dd hh:mm:ss "UTC"'}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(relation.columns) - 1, 18)
        for place, column in enumerate(relation.columns):
            sheet.write_string(0, place, _sheet_text(column), book.add_format({"bold": True}))
        for number, row in enumerate(_values(relation), start=1):
            if number > SHEET_ROWS:
                raise BadInput(f"a spreadsheet holds {SHEET_ROWS:,} rows, and these are more; take CSV or Parquet.")
            for place, value in enumerate(row):
                _write_cell(sheet, number, place, value, formats)


def _write_cell(sheet: Any, row: int, place: int, value: Any, formats: Mapping[type, Any]) -> None:
    if isinstance(value, Decimal):
        value = _plain(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float) and abs(value) <= _EXACT:
        sheet.write_number(row, place, value)
    elif isinstance(value, date) and value.year > _SHEET_YEAR:
        at = value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        sheet.write_datetime(row, place, at, formats[datetime if isinstance(value, datetime) else date])
    else:
        plain = _plain(value)
        sheet.write_string(
            row, place, _sheet_text(plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False))
        )


def _sheet_text(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode()  # half of a surrogate pair is no text there
    return whole if len(whole) <= _SHEET_TEXT else f"{whole[: _SHEET_TEXT - 1]}…"


_WRITERS: Final[Mapping[Format, Callable[[duckdb.DuckDBPyRelation, IO[bytes]], None]]] = {
    "table": _write_table, "json": _write_json, "csv": _write_csv, "parquet": _write_parquet, "xlsx": _write_xlsx,
}  # fmt: skip


def _values(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    with explained():
        batches = relation.to_arrow_reader(_BATCH)
    while True:
        with explained():  # a cast, say, fails only when its row is reached
            batch = next(batches, None)
        if batch is None:
            return
        yield from zip(*map(_list, batch.columns), strict=True)


def _list(column: Any) -> list[Any]:
    """Plain values. What Python's calendar does not reach, and finer than it knows, comes as text, at any depth."""
    try:
        plain: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        return _beyond(column, column.type)
    return plain


def _beyond(column: Any, kind: Any) -> list[Any]:
    if pa.types.is_date(kind):
        return [None if one is None else _day(one) for one in column.cast(pa.int32()).to_pylist()]
    if pa.types.is_timestamp(kind):
        return [None if since is None else _after_1970(since, kind) for since in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_struct(kind):
        parts = [_list(part) for part in column.flatten()]
        rows = zip(*parts, strict=True) if parts else ()
        names = [kind.field(place).name for place in range(kind.num_fields)]
        whole = [dict(zip(names, row, strict=True)) for row in rows]
        return [one if there else None for one, there in zip(whole, column.is_valid().to_pylist(), strict=True)]
    if pa.types.is_map(kind):
        return [_pairs(one.values) if one.is_valid else None for one in column]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [_list(one.values) if one.is_valid else None for one in column]
    return [_single(one) for one in column]


def _pairs(entries: Any) -> list[tuple[Any, Any]]:
    keys, values = map(_list, entries.flatten())
    return list(zip(keys, values, strict=True))


def _single(value: pa.Scalar[Any]) -> Any:
    """Of a kind that is rare: itself, or as Arrow shows it."""
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return str(getattr(value, "value", value))


_PARTS: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # of a second, in Arrow's units


def _after_1970(since: int, kind: Any) -> datetime | str:
    size = _PARTS[kind.unit]
    seconds, rest = divmod(since, size)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC if kind.tz else None) + timedelta(seconds=seconds)
    except OverflowError:
        microseconds = since * 1_000_000 // size
        return _ENDS_OF_TIME.get(microseconds, f"{microseconds} µs after 1970")
    if size > _PARTS["us"]:
        return f"{moment.replace(tzinfo=None).isoformat()}.{rest:09}{'Z' if kind.tz else ''}"
    return moment + timedelta(microseconds=rest * (_PARTS["us"] // size))


def _day(since: int) -> str:
    """A day counted from 1970, in the calendar that DuckDB goes on with beyond Python's."""
    if abs(since) == _END_OF_DAYS:
        return "infinity" if since > 0 else "-infinity"
    # Years that begin in March, in cycles of 400 of them (146,097 days), so that a leap day comes last.
    cycle, day = divmod(since + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    year, day = year + 400 * cycle + (month >= 10), day - (153 * month + 2) // 5 + 1  # noqa: PLR2004 - January
    return f"{year:04}-{month + (3 if month < 10 else -9):02}-{day:02}"  # noqa: PLR2004


def _unique(columns: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    names = []
    for column in columns:
        seen[column] = seen.get(column, 0) + 1
        names.append(column if seen[column] == 1 else f"{column}_{seen[column] - 1}")
    return names


def _parsed(value: str | None) -> Any:
    try:
        return None if value is None else json.loads(value)
    except (ValueError, RecursionError):
        return value


def _plain(value: Any) -> Any:
    for kind, plain in _PLAIN.items():
        if isinstance(value, kind):
            return plain(value)
    return value if value is None or isinstance(value, (str, int)) else str(value)


def _moment(value: datetime) -> str:
    return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")


# In this order: a datetime is a date too.
_PLAIN: Final[Mapping[type, Callable[[Any], Any]]] = {
    float: lambda value: value if math.isfinite(value) else None,
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    Decimal: lambda value: int(value) if value == value.to_integral_value() else float(value),
    bytes: lambda value: base64.b64encode(value).decode(),
    dict: lambda value: {str(key): _plain(item) for key, item in value.items()},
    list: lambda value: [_plain(item) for item in value],
    tuple: lambda value: [_plain(item) for item in value],
}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _line(cells: Sequence[str], widths: Sequence[int], rightwards: Sequence[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, rightwards, strict=True):
        space = " " * (width - _width(cell))
        padded.append(space + cell if right else cell + space)
    return "  ".join(padded).rstrip()
