"""Lines that did not become data → rejects: kind, code, reason and the text, one row each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from workbench.lake.columns import ROW, Mapped, casts
from workbench.lake.repair import NOTHING
from workbench.lake.schema import LONGEST_LINE, REJECTS
from workbench.lake.sql import fill, path_literal

_READ: Final = """
    select number as $row, line as "#line", fault as "#fault", why as "#why", json_type(parsed) as "#type",
           unnest(from_json(parsed, $structure))
    from read_json($file, format = 'newline_delimited', maximum_object_size = $largest,
                   columns = {number: 'BIGINT', line: 'VARCHAR', parsed: 'VARCHAR', fault: 'VARCHAR',
                              why: 'VARCHAR'})
"""
# "data" is no kind of reject: it is a line that the read left out although it holds a row.
_KINDS: Final = """
select $columns
from (
    select *, case when "#type" is distinct from 'OBJECT' then 'malformed'
                   when "#error" and not "#data" then 'error'
                   when "#warning" then 'warning'
                   when not "#data" then 'malformed'
                   else 'data' end as "#kind"
    from ($judged)
)
"""
_CODE: Final = """
case "#kind" when 'error' then plain(error_code)
             when 'warning' then plain(warning_code)
             when 'malformed' then coalesce("#fault", 'no_data') end
"""
_REASON: Final = """
case "#kind" when 'error' then coalesce(plain(error), plain(error_code))
             when 'warning' then coalesce(plain(warning), plain(warning_code))
             when 'malformed' then coalesce("#why", 'none of the keys that are read has a value') end
"""


def write_lines(lines: Iterable[tuple[int, bytes, bytes]], target: Path) -> int:
    """Describe for DuckDB: number, line as received, line as read. Returns the bytes of the longest."""
    longest = 0
    with target.open("wb") as file:
        for number, line, read in lines:
            described = json.dumps({"number": number, **_described(line, read)}, ensure_ascii=False).encode()
            file.write(described + b"\n")
            longest = max(longest, len(described))
    return longest


def select(mapped: Mapped, source: str, snapshot_id: str, file: Path, longest: int) -> str:
    """The rows of rejects.parquet from what `write_lines` wrote."""
    read = fill(
        _READ,
        row=ROW,
        structure=mapped.structure(),
        file=path_literal(file),
        largest=max(longest, LONGEST_LINE) + 1,
    )
    values = (
        snapshot_id,
        ROW,
        '"#kind"',
        _CODE,
        _REASON,
        '"#source".source_id',
        '"#source".url',
        '"#line"',
    )
    return fill(_KINDS, columns=casts(REJECTS, values), judged=mapped.judged(read, source))


def _described(line: bytes, read: bytes) -> dict[str, str | None]:
    if len(line) > LONGEST_LINE:
        fault, why = "too_long", f"longer than {LONGEST_LINE >> 20} MB"
        return _fault(line[:LONGEST_LINE], fault, why)
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return _fault(line, "not_utf8", f"not UTF-8: {error.reason}")
    parsed = text if read == line else read.decode()
    if read != NOTHING:
        return {"line": text.rstrip("\r"), "parsed": parsed, "fault": None, "why": None}
    return _fault(line, *_why_not(text))


def _fault(line: bytes, code: str, why: str) -> dict[str, str | None]:
    text = line.decode("utf-8", "backslashreplace").rstrip("\r")
    return {"line": text, "parsed": None, "fault": code, "why": why}


def _why_not(text: str) -> tuple[str, str]:
    try:
        json.loads(text)
    except ValueError as error:
        return "not_json", f"not valid JSON: {error}"
    except RecursionError:
        return "not_json", "not valid JSON: nested too deep"
    return "not_an_object", "JSON, but no object"
