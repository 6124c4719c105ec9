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

from workbench.files import make_folder, move_into_place, remove_tree, sha256_of
from workbench.tables.catalog import LakeFile, latest_of
from workbench.tables.schema import COLUMNS, IDENTITY
from workbench.tables.sql import fill, list_literal, literal, name, path_literal
from workbench.tables.workshop import rows_in

FOLDER: Final = ".compact"
KINDS: Final = tuple(IDENTITY)

# By source and time: the questions people ask read neighbouring rows.
_COPY: Final = """
copy (select $columns from $rows order by platform, source_id, published, snapshot_id, row_no)
to $file (format parquet, compression zstd, row_group_size 122880)
"""
_SETTINGS: Final = {
    "memory_limit": "2GB",
    "threads": "2",
    "preserve_insertion_order": "false",
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


def compact(lake: Path, kind: str, files: Sequence[LakeFile], scratch: Path) -> Compacted:
    """Write the rows of `files` (small ones, and the compacted file of before) as one, and their latest as another."""
    folder = make_folder(lake / FOLDER / kind)
    stem = hashlib.sha256("\n".join(sorted(file.path for file in files)).encode()).hexdigest()[:16]
    sources = list_literal(path_literal(lake / file.path) for file in files)
    try:
        with duckdb.connect(config={**_SETTINGS, "temp_directory": str(make_folder(scratch))}) as connection:
            connection.execute("set TimeZone = 'UTC'")
            rows = f"read_parquet({sources})"
            whole = _write(connection, kind, rows, scratch / "whole.parquet", folder / f"{stem}.parquet")
            rows = f"({latest_of(kind, f'read_parquet({literal(str(whole))})')})"
            latest = _write(connection, kind, rows, scratch / "latest.parquet", folder / f"{stem}.latest.parquet")
    finally:
        remove_tree(scratch)
    return Compacted(_made(lake, whole, kind), _made(lake, latest, f"{kind}_latest"))


def _write(connection: duckdb.DuckDBPyConnection, kind: str, rows: str, beside: Path, target: Path) -> Path:
    columns = ", ".join(map(name, COLUMNS[kind]))
    # Not every kind has a date of its own.
    published = "published_at" if "published_at" in COLUMNS[kind] else "scraped_at"
    statement = _COPY.replace("published,", f"{published},")
    connection.execute(fill(statement, columns=columns, rows=rows, file=literal(str(beside))))
    move_into_place(beside, target)
    return target


def _made(lake: Path, file: Path, kind: str) -> Made:
    path = file.relative_to(lake).as_posix()
    return Made(kind, path, rows_in(file), file.stat().st_size, sha256_of(file))
