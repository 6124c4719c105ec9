"""Lines that did not become data → rejects: kind, code, reason and the text, one row each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from workbench.tables.columns import ROW, Mapped, casts
from workbench.tables.raw import LONGEST_LINE
from workbench.tables.schema import REJECTS
from workbench.tables.sql import fill

LINES: Final = pa.schema(
    [("number", pa.int64()), ("line", pa.string()), ("fault", pa.string()), ("why", pa.string())]
)

_READ: Final = """
    select number as $row, line as "#line", fault as "#fault", why as "#why",
           if(readable, json_type(line), null) as "#type",
           unnest(from_json(if(readable, line, null), $structure))
    from (select *, fault is null and json_valid(line) as readable from rejected_lines)
"""
# "data" is no kind of reject: a line that the strict read left out although the exact one can read it.
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
case "#kind" when 'error' then plain(error_code) when 'warning' then plain(warning_code) else
    case when "#fault" is not null then "#fault" when "#type" is null then 'not_json'
         when "#type" <> 'OBJECT' then 'not_an_object' else 'no_data' end end
"""
_REASON: Final = """
case "#kind" when 'error' then coalesce(plain(error), plain(error_code))
             when 'warning' then coalesce(plain(warning), plain(warning_code)) else
    case when "#why" is not null then "#why" when "#type" is null then 'not valid JSON'
         when "#type" <> 'OBJECT' then 'JSON, but no object' else 'none of the keys that are read has a value' end end
"""


def select(mapped: Mapped, source: str, snapshot_id: str) -> str:
    """The rows of rejects.parquet, from LINES that are known to DuckDB as `rejected_lines`."""
    read = fill(_READ, row=ROW, structure=mapped.structure())
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


def text_of(line: bytes) -> str | None:
    """The line as DuckDB may try to read it; None where it must not."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def described(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, str, str | None, str | None]]:
    """Number, text, fault and reason. DuckDB says whether a line without a fault is JSON; Python only says why not."""
    for number, line in lines:
        if len(line) > LONGEST_LINE:
            text = line[:LONGEST_LINE].decode("utf-8", "backslashreplace")
            yield number, text, "too_long", f"longer than {LONGEST_LINE >> 20} MB"
            continue
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            yield number, line.decode("utf-8", "backslashreplace"), "not_utf8", f"not UTF-8: {error.reason}"
            continue
        yield number, text.rstrip("\r"), None, _why_not(text)


def _why_not(text: str) -> str | None:
    try:
        json.loads(text)
    except ValueError as error:
        return f"not valid JSON: {error}"
    except RecursionError:
        return None
    return None
