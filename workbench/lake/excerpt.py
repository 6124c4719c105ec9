"""Rows of some snapshots, a page at a time: sorted, filtered and cut by DuckDB, and told as SQL that gives the same.

Only the files of those snapshots are read: a page in the order in which rows came opens one or two of them, however
many there are. What is sorted or searched through reads the compacted file instead where many small ones have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from workbench.lake.catalog import TableFile, records_of, with_records
from workbench.lake.schema import COLUMNS, REJECTS, typed_rows
from workbench.lake.sql import fill, list_literal, literal, name, path_literal

KINDS: Final = (*COLUMNS, "rejects")
MOST_FOUND: Final = 10_000  # rows that a search counts; who needs more of them takes them away
_MANY_IDS: Final = 2_000
_MANY: Final = 64  # files: from here on a compacted one is faster
# What a person looks for words in, of the columns that a kind has.
_SEARCHED: Final = (
    "text", "author", "name", "handle", "title", "company_name", "location", "creator", "url", "source_url", "code",
    "reason", "raw",
)  # fmt: skip
_KEY: Final = ("snapshot_id", "row_no")
# What is grouped by besides columns: a reason without the place in its line, which is another in every row.
_MADE: Final = {"why": r"regexp_replace(reason, ': line \d+ column \d+ \(char \d+\)$', '')"}
_KEYS: Final = "select snapshot_id, row_no from ($rows) $where order by $order limit $limit offset $offset"
_FIRST: Final = "select snapshot_id, row_no from ($rows) $where limit $limit offset $offset"
_ROWS: Final = """
select $columns from ($rows) join (values $keys) as wanted(its_snapshot, its_row, place)
on snapshot_id = its_snapshot and row_no = its_row order by place
"""
# One look through the rows tells how many fit, and which of them are on the page.
_FOUND: Final = """
with found as materialized (select $named from ($rows) $where limit $most)
select number, snapshot_id, row_no
from (select count(*) as number from found)
left join (select * from found order by $order limit $limit offset $offset) on true order by $order
"""
_GROUPS: Final = "select $by, count(*) as found from ($rows) $where group by all order by found desc, $by limit $most"


@dataclass(frozen=True)
class ListedFile:
    """A file of the manifest with rows of one snapshot, and the compacted one that has them too."""

    file: TableFile
    compacted_into: str | None = None


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Which rows, and in which order. `is_all`: of every snapshot there is."""

    kind: str
    listed: tuple[ListedFile, ...]
    is_all: bool = False
    text: str = ""
    equal: Mapping[str, str | None] = field(default_factory=dict)  # columns, or `why`, that have exactly this value
    sort: str = ""  # empty: as they came
    descending: bool = False

    @property
    def columns(self) -> Mapping[str, str]:
        return REJECTS if self.kind == "rejects" else COLUMNS[self.kind]

    @property
    def snapshots(self) -> list[str]:
        # As DuckDB compares texts.
        return sorted({one.file.snapshot_id for one in self.listed}, key=lambda text: text.encode())

    @property
    def total(self) -> int:
        """Rows before anything is searched for, by the manifest: nothing is read for it."""
        return sum(one.file.rows for one in self.listed)

    @property
    def is_searched(self) -> bool:
        return bool(self.text.split() or self.equal)


class RowsCut(NamedTuple):
    """A page. `is_more`: there are more than `total`, which is as far as was counted."""

    rows: list[dict[str, Any]]
    total: int
    is_more: bool = False
    missing: tuple[str, ...] = ()  # files that the lake no longer has


def cut(cursor: duckdb.DuckDBPyConnection, lake: Path, excerpt: Excerpt, *, offset: int, limit: int) -> RowsCut:
    if not excerpt.listed:
        return RowsCut([], 0)
    if not (excerpt.sort or excerpt.is_searched):
        return _as_they_came(cursor, lake, excerpt, offset, limit)
    source, missing = _source(lake, excerpt)
    asked = {
        "rows": source, "where": _where(excerpt), "order": _order(excerpt), "limit": limit, "offset": offset,
    }  # fmt: skip
    total, is_more, keys = excerpt.total, False, list[tuple[str, int]]()
    if excerpt.is_searched:
        named = ", ".join(map(name, dict.fromkeys([*_sorted_by(excerpt), *_KEY])))
        found = cursor.execute(fill(_FOUND, named=named, most=MOST_FOUND + 1, **asked)).fetchall()
        total = found[0][0]
        is_more, total = total > MOST_FOUND, min(total, MOST_FOUND)
        keys = [(key, row) for _, key, row in found if key is not None]
    if is_more and not excerpt.sort:
        keys = _first_found(cursor, lake, excerpt, asked)
    elif is_more or not excerpt.is_searched:  # what was found is not all of it, so not its beginning
        keys = cursor.execute(fill(_KEYS, **asked)).fetchall()
    return RowsCut(_whole(cursor, lake, excerpt, keys), total, is_more, missing)


def relation(cursor: duckdb.DuckDBPyConnection, lake: Path, excerpt: Excerpt) -> duckdb.DuckDBPyRelation:
    """All rows of the excerpt, in its order: what is taken away."""
    source, _ = _source(lake, excerpt)
    names = ", ".join(map(name, excerpt.columns))
    return cursor.sql(f"select {names} from ({source}) {_where(excerpt)} order by {_order(excerpt)}")  # noqa: S608


def groups(
    cursor: duckdb.DuckDBPyConnection, lake: Path, excerpt: Excerpt, by: Sequence[str], *, most: int = 1_000
) -> list[tuple[Any, ...]]:
    """What there is of `by` in the excerpt, with how many rows have it, the most frequent first."""
    if not excerpt.listed:
        return []
    source, _ = _source(lake, excerpt)
    query = fill(_GROUPS, by=", ".join(map(_column, by)), rows=source, where=_where(excerpt), most=most)
    return cursor.execute(query).fetchall()


def statement(excerpt: Excerpt) -> str:
    """The same rows as a query over the tables: for `workbench sql`, `wb.sql` and data/workbench.duckdb."""
    conditions = list(_conditions(excerpt))
    if not excerpt.is_all:
        conditions.insert(0, f"snapshot_id IN ({', '.join(map(literal, excerpt.snapshots)) or 'NULL'})")
    where = "\nWHERE " + "\n  AND ".join(conditions) if conditions else ""
    return f"SELECT *\nFROM {excerpt.kind}{where}\nORDER BY {_order(excerpt)}"


def record(
    cursor: duckdb.DuckDBPyConnection, lake: Path, files: Sequence[TableFile], snapshot_id: str, row_no: int
) -> str | None:
    """The vendor's whole row as JSON text; `files`: what the manifest has of the snapshot."""
    there = [one for one in files if (lake / one.path).is_file()]
    query = f"select record::varchar from ({records_of(lake, with_records(files, there))})"  # noqa: S608
    found = cursor.execute(f"{query} where snapshot_id = ? and row_no = ?", [snapshot_id, row_no]).fetchone()
    return str(found[0]) if found else None


def _as_they_came(cursor: duckdb.DuckDBPyConnection, lake: Path, excerpt: Excerpt, offset: int, limit: int) -> RowsCut:
    """The manifest says in which files the page lies."""
    ordered = _in_order(excerpt)
    ends = list(accumulate(file.rows for file in ordered))
    asked = [
        (file, end - file.rows)
        for file, end in zip(ordered, ends, strict=True)
        if end > offset and end - file.rows < offset + limit
    ]
    rows: list[dict[str, Any]] = []
    missing = tuple(file.path for file, _ in asked if not (lake / file.path).is_file())
    for file, begin in asked:
        if file.path not in missing:
            first = max(offset - begin, 0)
            query = f"{_typed(lake, excerpt, [file.path])} order by row_no limit {limit - len(rows)} offset {first}"
            rows += _dicts(cursor, query)
    return RowsCut(rows, excerpt.total, missing=missing)


def _first_found(
    cursor: duckdb.DuckDBPyConnection, lake: Path, excerpt: Excerpt, asked: Mapping[str, Any]
) -> list[tuple[str, int]]:
    """Keys of a page in the order in which rows came: the small files are read one after the other until it is full."""
    there = [one.path for one in _in_order(excerpt) if (lake / one.path).is_file()]
    return cursor.execute(fill(_FIRST, **{**asked, "rows": _typed(lake, excerpt, there)})).fetchall()


def _in_order(excerpt: Excerpt) -> list[TableFile]:
    """The files as their rows came."""
    return sorted((one.file for one in excerpt.listed), key=lambda file: (file.snapshot_id.encode(), file.path))


def _whole(
    cursor: duckdb.DuckDBPyConnection, lake: Path, excerpt: Excerpt, keys: Sequence[tuple[str, int]]
) -> list[dict[str, Any]]:
    """The rows of these keys with all their columns: from the few files that have them."""
    if not keys:
        return []
    wanted = {snapshot_id for snapshot_id, _ in keys}
    paths = [one.file.path for one in excerpt.listed if one.file.snapshot_id in wanted]
    there = [path for path in paths if (lake / path).is_file()]
    source = _typed(lake, excerpt, there) if len(there) == len(paths) else _source(lake, excerpt)[0]
    values = ", ".join(f"({literal(key)}, {int(row)}, {place})" for place, (key, row) in enumerate(keys))
    return _dicts(cursor, fill(_ROWS, columns=", ".join(map(name, excerpt.columns)), rows=source, keys=values))


def _source(lake: Path, excerpt: Excerpt) -> tuple[str, tuple[str, ...]]:
    """SQL for the rows of the excerpt's snapshots, and what is missing of them."""
    small = [one.file.path for one in excerpt.listed if not one.compacted_into]
    compacted = sorted({one.compacted_into for one in excerpt.listed if one.compacted_into})
    has_compacted = len(excerpt.listed) > _MANY and compacted and all((lake / path).is_file() for path in compacted)
    if not has_compacted:
        paths = [one.file.path for one in excerpt.listed]
        there = [path for path in paths if (lake / path).is_file()]
        return _typed(lake, excerpt, there), tuple(path for path in paths if path not in set(there))
    there = [path for path in small if (lake / path).is_file()]
    rows = _typed(lake, excerpt, [*compacted, *there])
    if not excerpt.is_all:
        wanted = list(map(literal, excerpt.snapshots))
        # A list of literals is compared while the file is read; a long one takes longer to parse than it saves.
        listed = ", ".join(wanted) if len(wanted) < _MANY_IDS else f"select unnest({list_literal(wanted)})"
        rows = f"select * from ({rows}) where snapshot_id in ({listed})"  # noqa: S608
    return rows, tuple(path for path in small if path not in set(there))


def _typed(lake: Path, excerpt: Excerpt, paths: Sequence[str]) -> str:
    files = list_literal(path_literal(lake / path) for path in paths) if paths else None
    return typed_rows(excerpt.columns, files)


def _where(excerpt: Excerpt) -> str:
    conditions = list(_conditions(excerpt))
    return f"where {' and '.join(conditions)}" if conditions else ""


def _conditions(excerpt: Excerpt) -> Iterator[str]:
    for column, value in excerpt.equal.items():
        yield f"{_column(column)} IS NOT DISTINCT FROM {'NULL' if value is None else literal(value)}"
    searched = [name(one) for one in _SEARCHED if one in excerpt.columns]
    for word in excerpt.text.split():
        yield "(" + " OR ".join(f"contains(lower({one}), lower({literal(word)}))" for one in searched) + ")"


def _column(text: str) -> str:
    return _MADE.get(text) or name(text)


def _sorted_by(excerpt: Excerpt) -> list[str]:
    return [excerpt.sort] if excerpt.sort in excerpt.columns else []


def _order(excerpt: Excerpt) -> str:
    """Whole, so that a row is on one page alone."""
    if not _sorted_by(excerpt):
        return ", ".join(_KEY)
    way = "DESC" if excerpt.descending else "ASC"
    rest = [one for one in _KEY if one != excerpt.sort]
    return ", ".join([f"{name(excerpt.sort)} {way} NULLS LAST", *rest])


def _dicts(cursor: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    rows: Iterable[dict[str, Any]] = cursor.sql(query).to_arrow_table().to_pylist()  # fetchall() needs pytz for times
    return list(rows)
