"""Lines that the strict read cannot take → lines that it can: mended if only badly written, otherwise `null`.

A text cut within an emoji, a control character or a key given twice makes a line unreadable to DuckDB,
although the row is all there. DuckDB itself says which lines it can read, so nothing is held back from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from workbench.lake.raw import body_lines, compressed
from workbench.lake.schema import LONGEST_LINE

NOTHING: Final = b"null"
_BATCH_BYTES: Final = 4 << 20
_BATCH_LINES: Final = 2048

# Evaluated in this order: json_type and json_keys fail on what is no JSON.
_UNREADABLE: Final = """
select position from given
where not case when line is null or not json_valid(line) then false
               when json_type(line) <> 'OBJECT' then false
               else len(list_distinct(json_keys(line))) = len(json_keys(line)) end
"""


def mend(connection: duckdb.DuckDBPyConnection, body: Path, target: Path) -> None:
    """Write `target`: for every line of the body one with a JSON object, or `null`."""
    with compressed(target) as file:
        for lines in _batches(body_lines(body)):
            bad = _unreadable(connection, lines)
            tried = [_rewritten(lines[position]) for position in bad]
            hopeless = _unreadable(connection, tried)
            for number, position in enumerate(bad):
                lines[position] = NOTHING if number in hopeless else tried[number]
            file.write(b"\n".join(lines) + b"\n")


def text_of(line: bytes) -> str | None:
    """The line as text; None when it is none, or longer than DuckDB shall read."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _unreadable(connection: duckdb.DuckDBPyConnection, lines: list[bytes]) -> list[int]:
    texts = pa.array([text_of(line) for line in lines], pa.string())
    connection.register("given", pa.table({"position": range(len(lines)), "line": texts}))
    try:
        return sorted(position for (position,) in connection.execute(_UNREADABLE).fetchall())
    finally:
        connection.unregister("given")


def _rewritten(line: bytes) -> bytes:
    """The same object written properly: of a key given twice the last, for half a character U+FFFD."""
    try:
        found = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return NOTHING
    if not isinstance(found, dict):
        return NOTHING
    text = json.dumps(found, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _batches(lines: Iterable[tuple[int, bytes]]) -> Iterator[list[bytes]]:
    held: list[bytes] = []
    size = 0
    for _, line in lines:
        held.append(line)
        size += len(line)
        if size >= _BATCH_BYTES or len(held) >= _BATCH_LINES:
            yield held
            held, size = [], 0
    if held:
        yield held
