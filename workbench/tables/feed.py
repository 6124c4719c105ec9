"""Python rows → DuckDB, a batch at a time; and what can be asked of a Parquet file without DuckDB."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workbench.files import remove_tree
from workbench.tables import attribute, columns

_SETTINGS: Final = {
    "memory_limit": "512MB",
    "threads": "1",  # the numbering is one after the other; a second thread would only wait, and cost a third more
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_SESSION: Final = """
set TimeZone = 'UTC';
set enable_caching_operators = false; -- else up to 2048 rows are gathered, of whatever size
"""
_BATCH_BYTES: Final = 4 << 20
_BATCH_ROWS: Final = 2048


@contextlib.contextmanager
def connected(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of bounded memory, which spills into `folder` and leaves nothing there."""
    spill = folder / ".spill"
    try:
        with duckdb.connect(config={**_SETTINGS, "temp_directory": str(spill)}) as connection:
            for statements in (_SESSION, columns.MACROS, attribute.MACROS):
                connection.execute(statements)
            yield connection
    finally:
        remove_tree(spill)


@contextlib.contextmanager
def fed(
    connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, rows: Iterable[tuple[Any, ...]]
) -> Iterator[None]:
    """`rows` as the table of that name, to be read once; the first text of a row is the one that can be large."""
    with pa.RecordBatchReader.from_batches(schema, _batches(schema, rows)) as reader:
        connection.register(table, reader)
        try:
            yield
        finally:
            connection.unregister(table)


def rows_in(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows) if file.exists() else 0


def numbers_in(file: Path, largest: int) -> NDArray[np.bool_]:
    """For every line number up to the largest, whether it is a row_no of the file."""
    found = np.zeros(largest + 1, dtype=np.bool_)
    if file.exists():
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(columns=["row_no"]):
                found[batch.column(0).to_numpy()] = True
    return found


def _batches(schema: pa.Schema, rows: Iterable[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    held, size = [], 0
    for row in rows:
        held.append(row)
        size += sum(len(value) for value in row if isinstance(value, str))
        if size >= _BATCH_BYTES or len(held) >= _BATCH_ROWS:
            yield _batch(schema, held)
            held, size = [], 0
    if held:
        yield _batch(schema, held)


def _batch(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    values = zip(*rows, strict=True)
    return pa.record_batch([pa.array(column, field.type) for column, field in zip(values, schema, strict=True)], schema)
