"""The ledger's tables for DuckDB: one JSON text with the columns, and the SQL that gives them their types.

Not Arrow: DuckDB imports pandas to look at it, which takes longer than all else that a question needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from workbench.tables.sql import fill, literal, name

# Column → type name and values, in the order of the columns.
TableData = Mapping[str, tuple[str, Sequence[Any]]]

_TYPES: Final = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMPTZ",
    "json": "JSON",
    "json_text": "JSON",  # of the ledger's own spelling, so known to be JSON
}
_ROWS: Final = "select $columns from (select from_json(getvariable('given'), $structure) as given)"


def as_json(data: TableData) -> str:
    """Times may be ISO text or datetimes (UTC where they have no zone), JSON may be text or values."""
    columns = {
        column: [None if value is None else _AS_TEXT[kind](value) for value in values]
        for column, (kind, values) in data.items()
    }
    # Half of a surrogate pair is no text.
    return json.dumps(columns, ensure_ascii=False).encode("utf-8", "replace").decode()


def rows_of(data: TableData) -> str:
    """SQL for the rows, where `as_json` is the value of the variable `given`."""
    columns = (f"unnest(given.{name(column)})::{_TYPES[kind]} as {name(column)}" for column, (kind, _) in data.items())
    structure = literal(json.dumps({column: ["VARCHAR"] for column in data}))
    return fill(_ROWS, columns=", ".join(columns), structure=structure)


def _json(value: Any) -> str:
    return value if isinstance(value, str) and _is_json(value) else json.dumps(value)


def _time(value: str | datetime) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return str(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)


_AS_TEXT: Final[Mapping[str, Callable[[Any], object]]] = {
    "text": str,
    "int": int,
    "float": lambda value: str(float(value)),  # in JSON there is no infinity
    "bool": bool,
    "time": _time,
    "json": _json,
    "json_text": str,
}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
