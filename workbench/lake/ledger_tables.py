"""The ledger's tables as Arrow: names, types and values in, whatever the values hold."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from workbench.lake.sql import name

# Column → type name and values, in the order of the columns.
TableData = Mapping[str, tuple[str, Sequence[Any]]]

_ARROW: Final[Mapping[str, pa.DataType]] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "json": pa.string(),
    "json_text": pa.string(),  # of the ledger's own spelling, so known to be JSON
}
# As they come from the ledger, column by column; one value that is something else makes the whole column go one by one.
_AT_ONCE: Final = frozenset({"text", "int", "bool", "json_text"})
_PLAIN: Final[Mapping[str, type]] = {"int": int, "float": float, "bool": bool}


def arrow_table(data: TableData) -> pa.Table:
    """Times may be ISO text or datetimes (UTC where they have no zone), JSON may be text or values."""
    return pa.table([_array(kind, values) for kind, values in data.values()], names=list(data))


def _array(kind: str, values: Sequence[Any]) -> pa.Array[Any]:
    if kind in _AT_ONCE:
        with contextlib.suppress(pa.ArrowException, UnicodeEncodeError):
            return pa.array(values, _ARROW[kind])
    return pa.array([_value(kind, value) for value in values], _ARROW[kind])


def select_list(data: TableData) -> str:
    return ", ".join(f"{_read(name(column), kind)} as {name(column)}" for column, (kind, _) in data.items())


def _read(column: str, kind: str) -> str:
    """JSON that DuckDB cannot read, as with half of a surrogate pair, costs its own value and no other."""
    return f"try_cast({column} as json)" if kind in {"json", "json_text"} else column


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "json":
        return value if isinstance(value, str) and _is_json(value) else json.dumps(value)
    if kind == "time":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if kind in _PLAIN:
        return _PLAIN[kind](value)
    return str(value).encode("utf-8", "replace").decode()  # half of a surrogate pair is no text for Arrow


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
