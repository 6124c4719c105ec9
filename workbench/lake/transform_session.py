"""The DuckDB that transforms: bounded in memory, alone on its data; and Parquet files asked without it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workbench.files import make_folder, remove_tree

_SETTINGS: Final = {
    "memory_limit": "512MB",
    # Rows are numbered one after the other: a second thread would only wait, at a third more processor time.
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_SESSION: Final = """
set TimeZone = 'UTC';
set enable_caching_operators = false; -- else up to 2048 rows are gathered, of whatever size
-- It makes a join of each question whether a value is one of ten words: half a second of planning, whatever the body.
set disabled_optimizers = 'in_clause';
"""


@contextlib.contextmanager
def connected(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that spills into the folder `scratch`, which is gone afterwards."""
    try:
        with duckdb.connect(config={**_SETTINGS, "temp_directory": str(make_folder(scratch))}) as connection:
            connection.execute(_SESSION)
            yield connection
    finally:
        remove_tree(scratch)


def rows_in(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows) if file.exists() else 0


def numbers_in(file: Path, largest: int, before: int = 0) -> NDArray[np.bool_]:
    """For every line number up to the largest, whether it is a row_no of the file; `before` is taken off those."""
    found = np.zeros(largest + 1, dtype=np.bool_)
    if file.exists():
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(columns=["row_no"]):
                # Not to_numpy(), which imports pandas: most of a second.
                numbers = np.from_dlpack(batch.column(0)) - before
                found[numbers[numbers <= largest]] = True
    return found
