"""The lake as one queryable whole: views over the files of the manifest, and the ledger's tables beside them.

Every process has a catalog of its own, in memory; nobody waits for anybody's lock. A view names its files one
by one, so a file that was not published, or lies in the tree by accident, is never read.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from workbench.errors import BadInput
from workbench.files import make_folder, remove_tree
from workbench.lake import guard
from workbench.lake.ledger_tables import TableData, arrow_table, select_list
from workbench.lake.schema import COLUMNS, IDENTITY, LONGEST_LINE, REJECTS, typed_rows
from workbench.lake.sql import fill, list_literal, literal, name, path_literal

Relation = duckdb.DuckDBPyRelation  # for those who may not import DuckDB

_PINNED: Final = {**COLUMNS, "rejects": REJECTS}

# The newest scrape of everything that has an id; what has none is told apart by its address, or not at all.
_KEY: Final = "platform, $identity is null, coalesce($identity, url, snapshot_id || ' ' || row_no)"
# An Instagram post is told by its shortcode: its number comes with its owner's behind it, or alone, or not at all.
_POST: Final = r"""
case when platform = 'instagram' and regexp_matches(url, '/(p|reel|reels|tv)/')
     then regexp_extract(url, '/(?:p|reel|reels|tv)/([A-Za-z0-9_-]+)', 1) else post_id end
"""
_LATEST: Final = """
select * from $rows
qualify row_number() over (partition by $key order by scraped_at desc nulls last, snapshot_id desc, row_no desc) = 1
"""
# The compactor has compared its rows already: only those that came again since then are compared once more.
_SINCE: Final = """
with newer as ($newer),
    made as ($made),
    again as materialized (select distinct $key from newer)
select * from made anti join again as again(a, b, c) on ($key) = (a, b, c)
union all
select * from (
    select * from newer union all select * from made semi join again as again(a, b, c) on ($key) = (a, b, c))
qualify row_number() over (partition by $key order by scraped_at desc nulls last, snapshot_id desc, row_no desc) = 1
"""
_VIEW: Final = "create or replace view $view as $rows"
_RECORDS: Final = "create or replace view records as $rows"
# Rows are numbered as they are read, and from 1 again with each file. The first and the last snapshot of a
# branch are there for the planner: it then reads no other branch than the one that is asked for.
_RECORDS_OF: Final = """
select snapshot_id, row_no, record
from (select filename, record,
             number - max(case when is_first then number end)
                 over (rows between unbounded preceding and current row) + 1 as row_no
      from (select filename, json as record, row_number() over () as number,
                   filename is distinct from lag(filename) over () as is_first
            from read_ndjson_objects($files, filename = true, compression = 'zstd',
                                     maximum_object_size = $largest)))
join (values $snapshots) as files(filename, snapshot_id) using (filename)
where record::varchar <> 'null' and snapshot_id >= $first and snapshot_id <= $last
"""
_PARSED: Final = "select json_serialize_sql($query)"
_MADE: Final = """
select (select count(*) from duckdb_views() where not internal)
       + (select count(*) from duckdb_functions() where not internal)
"""
_ASK_FURTHER: Final = {"TABLE_FUNCTION", "SHOW_REF", "PIVOT"}  # might be about any table
_OURS: Final = {None, "", "main"}
_BRANCHES: Final = 32
_NO_RECORDS: Final = "select null::varchar as snapshot_id, null::bigint as row_no, null::json as record where false"
_LEDGER: Final = "create or replace table $table as select $columns from given"


@dataclass(frozen=True)
class TableFile:
    """A row of the manifest. `path` is relative to the lake's root."""

    kind: str  # posts, comments, profiles, companies, job_ads, rejects, raw, lines
    path: str
    snapshot_id: str  # empty: of the compactor
    dataset_id: str | None
    rows: int

    @property
    def is_compacted(self) -> bool:
        return not self.snapshot_id


def latest_of(kind: str, rows: str) -> str:
    """SQL for the newest scrape of everything in `rows`."""
    return fill(_LATEST, rows=rows, key=key_of(kind))


def key_of(kind: str) -> str:
    """SQL for what is the same on every scrape of a thing."""
    return fill(_KEY, identity=_POST if kind == "posts" else name(IDENTITY[kind]))


@dataclass(frozen=True)
class MissingFile:
    """A file that the manifest lists and the disk no longer has; its rows are in no view."""

    file: TableFile

    def __str__(self) -> str:
        cure = f"workbench recover reprocess {self.file.snapshot_id}"
        if self.file.is_compacted:
            cure = "workbench compact"
        return f"{self.file.path} is gone from the lake; the views go on without it. To make it again: {cure}"


class Catalog:
    """`connection` is for queries; refreshing works beside it, so relations that are open stay good."""

    def __init__(self, lake: Path, *, memory: str | None = None, spill: Path | None = None) -> None:
        """`memory` ("1GB") bounds what it takes; what is more goes to the folder `spill`, gone afterwards."""
        self.lake = lake.resolve()
        self.missing: tuple[MissingFile, ...] = ()
        self.names: tuple[str, ...] = ()
        self.records = _NO_RECORDS
        beside = make_folder(spill or Path(tempfile.gettempdir()))  # DuckDB makes the last folder of a path only
        self._spill = beside / f"workbench-duckdb-{uuid.uuid4().hex}"
        self._version: Hashable = None
        self.connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "temp_directory": str(self._spill),
                **({"memory_limit": memory, "threads": "2", "preserve_insertion_order": "false"} if memory else {}),
            }
        )
        self.connection.execute("set global TimeZone = 'UTC'")

    def ask(self, query: str, *, look_again: Callable[[], None]) -> Relation:
        """The relation of a query; `look_again` refreshes where a file has gone since the last look."""
        try:
            # A cursor of its own: a later query on the same connection would cut this result short without a word.
            return self.connection.cursor().sql(query)
        except duckdb.IOException:
            look_again()
            return self.connection.cursor().sql(query)

    def asks_views_alone(self, query: str) -> bool:
        """Whether the query names no table but views over files, as far as can be told without running it."""
        named = self._named(query)
        return named is not None and named <= set(self._view_names()) and not self._has_others()

    def lacks_for(self, query: str) -> tuple[MissingFile, ...]:
        """What is missing of the tables that the query names; of all where nobody can tell what it names."""
        named = self._named(query)
        if named is None or self._has_others():
            return self.missing
        kinds = {kind for kind in _PINNED if {kind, f"{kind}_latest"} & named}
        kinds |= {"raw", "lines"} if "records" in named else set()
        return tuple(one for one in self.missing if one.file.kind in kinds)

    def _named(self, query: str) -> set[str] | None:
        """The tables that the query names; None where it may ask about more, or cannot be parsed."""
        try:
            with self.connection.cursor() as cursor:
                [(told,)] = cursor.execute(fill(_PARSED, query=literal(query))).fetchall()
            parts = list(_parts(json.loads(told)))
        except (duckdb.Error, RecursionError, UnicodeEncodeError):
            return None  # whoever runs it hears what is wrong with it
        if any(_may_be_more(one) for one in parts):
            return None
        return {str(one["table_name"]).casefold() for one in parts if "table_name" in one}

    def _has_others(self) -> bool:
        """An analyst's own views and macros may stand for anything, also under a name of ours."""
        with self.connection.cursor() as cursor:
            [(number,)] = cursor.execute(_MADE).fetchall()
        return int(number) > len(self._view_names())

    def refresh(
        self,
        files: Sequence[TableFile] | Callable[[], Sequence[TableFile]],
        tables: Mapping[str, TableData] | Callable[[], Mapping[str, TableData]] | None,
        *,
        version: Hashable = None,
    ) -> None:
        """Make the views and tables anew, all at once; nothing is called while `version` stays the same.

        Without `tables` those that there are stay as they are.
        """
        if version is not None and version == self._version:
            return
        files = files() if callable(files) else files
        tables = tables() if callable(tables) else tables
        if taken := sorted(set(tables or ()) & set(self._view_names())):
            raise BadInput(f"{', '.join(taken)}: a table of the ledger cannot have the name of a view of the lake.")
        there = [file for file in files if (self.lake / file.path).is_file()]
        found = frozenset(there)
        with self.connection.cursor() as cursor:
            cursor.execute("begin")
            try:
                self._replace(cursor, there, with_records(files, there), tables)
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")
        self.missing = tuple(MissingFile(file) for file in dict.fromkeys(files) if file not in found)
        self.names = (*self._view_names(), *(self._tables() if tables is None else tables))
        self._version = version

    def lock_down(self) -> None:
        """From now on the connection reaches no file outside of the lake, and no setting changes that."""
        guard.lock_down(self.connection, self.lake)

    def close(self) -> None:
        self.connection.close()
        remove_tree(self._spill)

    def _replace(
        self,
        cursor: duckdb.DuckDBPyConnection,
        files: Sequence[TableFile],
        of_records: Sequence[TableFile],
        tables: Mapping[str, TableData] | None,
    ) -> None:
        for kind in _PINNED:
            cursor.execute(self._view(kind, [file for file in files if file.kind == kind]))
        for kind in IDENTITY:
            latest = self._latest(kind, files)
            cursor.execute(fill(_VIEW, view=name(f"{kind}_latest"), rows=latest))
        self.records = records_of(self.lake, of_records)
        cursor.execute(fill(_RECORDS, rows=self.records))
        if tables is None:
            return
        for table in set(self._tables()) - set(tables):
            cursor.execute(fill("drop table if exists $table", table=name(table)))
        for table, data in tables.items():
            cursor.register("given", arrow_table(data))
            cursor.execute(fill(_LEDGER, table=name(table), columns=select_list(data)))
            cursor.unregister("given")

    def _view(self, kind: str, files: Sequence[TableFile]) -> str:
        return fill(_VIEW, view=name(kind), rows=typed_rows(_PINNED[kind], self._paths(files) if files else None))

    def _latest(self, kind: str, files: Sequence[TableFile]) -> str:
        """Made by the compactor once; only what came since then is compared with it."""
        made = [file for file in files if file.kind == f"{kind}_latest"]
        if not made:
            return latest_of(kind, name(kind))
        newer = [file for file in files if file.kind == kind and not file.is_compacted]
        before = typed_rows(_PINNED[kind], self._paths(made))
        if not newer:
            return before
        return fill(_SINCE, key=key_of(kind), made=before, newer=typed_rows(_PINNED[kind], self._paths(newer)))

    def _paths(self, files: Iterable[TableFile]) -> str:
        return list_literal(path_literal(self.lake / file.path) for file in files)

    def _tables(self) -> list[str]:
        return [one for one in self.names if one not in self._view_names()]

    @staticmethod
    def _view_names() -> tuple[str, ...]:
        return (*_PINNED, *(f"{kind}_latest" for kind in IDENTITY), "records")


def records_of(lake: Path, files: Sequence[TableFile]) -> str:
    """SQL for the vendor's whole rows in `files`: snapshot_id, row_no, record."""
    return " union all ".join(_branch(lake, some) for some in _branches(files)) or _NO_RECORDS


def _branch(lake: Path, files: Sequence[TableFile]) -> str:
    paths = [lake / file.path for file in files]
    pairs = zip(paths, files, strict=True)
    return fill(
        _RECORDS_OF,
        files=list_literal(map(path_literal, paths)),
        snapshots=", ".join(f"({literal(str(path))}, {literal(file.snapshot_id)})" for path, file in pairs),
        first=literal(files[0].snapshot_id),
        last=literal(files[-1].snapshot_id),
        largest=LONGEST_LINE + 1,
    )


def _parts(parsed: Any) -> Iterator[dict[str, Any]]:
    """Every object within what json_serialize_sql told."""
    if isinstance(parsed, dict):
        yield parsed
        parsed = list(parsed.values())
    if isinstance(parsed, list):
        for one in parsed:
            yield from _parts(one)


def _may_be_more(part: Mapping[str, Any]) -> bool:
    """Whether a part of a query reads what it does not name, or is no part of one."""
    is_elsewhere = part.get("schema_name") not in _OURS or bool(part.get("catalog_name"))
    return is_elsewhere or part.get("error") is True or str(part.get("type")) in _ASK_FURTHER


def with_records(listed: Sequence[TableFile], there: Sequence[TableFile]) -> list[TableFile]:
    """The file with the rows of each snapshot: that of kind "lines" if one is listed, else the raw one."""
    apart = {file.snapshot_id for file in listed if file.kind == "lines"}
    return [file for file in there if file.kind == "lines" or (file.kind == "raw" and file.snapshot_id not in apart)]


def _branches(files: Sequence[TableFile]) -> Iterator[Sequence[TableFile]]:
    by_snapshot = sorted(files, key=lambda file: file.snapshot_id.encode())  # as DuckDB compares texts
    size = -(-len(by_snapshot) // _BRANCHES) or 1
    yield from (by_snapshot[start : start + size] for start in range(0, len(by_snapshot), size))
