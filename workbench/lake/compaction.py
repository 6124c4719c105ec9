"""Many small files → one sorted file per kind, and one with the newest scrape of everything.

Ten thousand small files cost a second a question however they are listed; one sorted file costs hundredths. The tree
that people open stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from workbench.errors import Transient
from workbench.files import make_folder, move_into_place, remove_tree, sha256_of
from workbench.lake.catalog import TableFile, key_of
from workbench.lake.schema import COLUMNS, IDENTITY, typed_rows
from workbench.lake.sql import fill, list_literal, literal, name, path_literal
from workbench.lake.transform_session import rows_in

FOLDER: Final = ".compact"
KINDS: Final = tuple(IDENTITY)

# By source and time: the questions people ask read neighbouring rows.
_WHOLE: Final = """
copy (select $columns from ($rows) order by platform, source_id, $published, snapshot_id, row_no)
to $target (format parquet, compression zstd, row_group_size 122880)
"""
# Numbers alone are kept, of a share of the things at a time, so that neither texts nor what is compared fill the
# memory; rows stay in order.
_NEWEST: Final = """
insert into newest
select arg_max(file_row_number, (coalesce(scraped_at, '-infinity'::timestamptz), snapshot_id, row_no))
from read_parquet($files, file_row_number = true) where hash($key) % $shares = $share group by $key
"""
_SHARE: Final = 2_000_000  # rows; as many things at most take a third of the memory
_LATEST: Final = """
copy (select $columns from read_parquet($files, file_row_number = true) where file_row_number in (from newest))
to $target (format parquet, compression zstd, row_group_size 122880)
"""
_SETTINGS: Final = {
    "memory_limit": "1GB",
    "threads": "2",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@dataclass(frozen=True)
class Made:
    """A file under its final name; nobody reads it before the manifest says so."""

    kind: str
    path: str  # relative to the lake
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Compacted:
    whole: Made
    latest: Made


def compact(lake: Path, kind: str, files: Sequence[TableFile], scratch: Path) -> Compacted:
    """Write the rows of `files` (small ones, and the compacted file of before) as one, and their latest as another."""
    folder = make_folder(lake / FOLDER / kind)
    stem = hashlib.sha256("\n".join(sorted(file.path for file in files)).encode()).hexdigest()[:16]
    try:
        with duckdb.connect(config={**_SETTINGS, "temp_directory": str(make_folder(scratch))}) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set preserve_insertion_order = false")  # what is sorted is sorted all the same
            whole = folder / f"{stem}.parquet"
            _write(connection, _WHOLE, kind, [lake / file.path for file in files], scratch / "whole", whole)
            connection.execute("set preserve_insertion_order = true")
            latest = folder / f"{stem}.latest.parquet"
            _find_newest(connection, kind, whole)
            _write(connection, _LATEST, kind, [whole], scratch / "latest", latest)
    except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException, OSError) as error:
        raise Transient(f"{kind} could not be compacted: {error}. Nothing has changed; free space on disk.") from error
    finally:
        remove_tree(scratch)
    return Compacted(_made(lake, whole, kind), _made(lake, latest, f"{kind}_latest"))


def _find_newest(connection: duckdb.DuckDBPyConnection, kind: str, whole: Path) -> None:
    connection.execute("create temp table newest (number bigint)")
    files, key, shares = path_literal(whole), key_of(kind), rows_in(whole) // _SHARE + 1
    for share in range(shares):
        connection.execute(fill(_NEWEST, files=files, key=key, shares=shares, share=share))


def _write(  # noqa: PLR0917 - what, of what, from where, by way of where, to where
    connection: duckdb.DuckDBPyConnection, statement: str, kind: str, files: Sequence[Path], beside: Path, target: Path
) -> None:
    columns, listed = COLUMNS[kind], list_literal(map(path_literal, files))
    connection.execute(
        fill(
            statement,
            columns=", ".join(map(name, columns)),
            files=listed,
            rows=typed_rows(columns, listed),
            # Not every kind has a date of its own.
            published="published_at" if "published_at" in columns else "scraped_at",
            target=literal(str(beside)),
        )
    )
    move_into_place(beside, target)


def _made(lake: Path, file: Path, kind: str) -> Made:
    path = file.relative_to(lake).as_posix()
    return Made(kind, path, rows_in(file), file.stat().st_size, sha256_of(file))
