"""raw → table: one body of rows becomes Parquet files with pinned columns; no line is lost, none is invented.

The strict read takes each line for one JSON object and stops at the first that is none. Then, and where blank
lines would spoil its count, every line is looked at and mended or emptied (mend.py), and the same read takes
that. What did not become data becomes a reject with its reason (rejects.py). A large body is read in pieces, two at
once, and each piece has files of its own.

`row_no` is the number of the line in the body. Where the body is no NDJSON (an array, CSV) or was mended, a
file of kind "lines" goes with it: one JSON value a line, `null` where a line held no row, so that row n is
the n-th value. The bytes as received stay the file of kind "raw" in either case.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from workbench.errors import Permanent
from workbench.files import make_folder, sha256_of
from workbench.lake import raw, rejects
from workbench.lake.attribute import SourceRef, introduce
from workbench.lake.columns import ROW, Mapped, casts, prepare
from workbench.lake.pieces import LARGEST, Piece, ahead, cut
from workbench.lake.repair import mend
from workbench.lake.schema import COLUMNS, LONGEST_LINE, OWN_COLUMNS
from workbench.lake.sql import fill, list_literal, literal, path_literal
from workbench.lake.transform_session import connected, numbers_in, rows_in

_ROW_GROUP_BYTES: Final = 64 << 20  # of lines, where they are heaviest: DuckDB holds a group in memory
_LARGEST_ROW_GROUP: Final = 50_000
_CONSTANTS: Final = ("platform", "service", "run_id", "job_id", "snapshot_id", "dataset_id")

_AT_ONCE: Final = 2  # pieces; more would take more memory than is promised

# A window without an order numbers the rows as they come, and keeps them so on any number of threads.
_READ: Final = """
    select row_number() over () + $before as $row, *
    from read_json($file, format = 'newline_delimited', compression = $compression, columns = $columns,
                   maximum_object_size = $largest)
"""
_DATA: Final = """
    select *
    from ($judged)
    where "#data" and not "#warning"
"""
_WRITE: Final = """
copy ($rows) to $target (format parquet, compression zstd, compression_level 3, row_group_size $group)
"""
_REJECTED: Final = "select kind, count(*) from read_parquet($file) group by all"
_REASONS: Final = """
select source_id, reason, count(*) filter (kind = 'warning'), count(*) filter (kind = 'error')
from read_parquet($file)
where kind in ('warning', 'error') and source_id is not null
group by all
order by count(*) desc, reason
"""
_MISFITS: Final = 'select "#source".source_id, $counts from ($rows) group by all'
_PER_SOURCE: Final = "select source_id, count(*) from read_parquet($file) group by all"


@dataclass(frozen=True)
class TransformOrder:
    """What a body is to become, and for whom it was collected."""

    kind: str
    columns: Mapping[str, tuple[str, ...]]  # our column → vendor paths in order, dotted into nested objects
    constants: Mapping[str, str | None]  # platform, service, run_id, job_id, snapshot_id, dataset_id
    sources: tuple[SourceRef, ...]
    match_keys: tuple[str, ...]
    scraped_at_key: str = "timestamp"
    is_asked_by_these_alone: bool = True  # so that a body with one source is all that source's


@dataclass(frozen=True)
class StagedFile:
    kind: str  # the order's, "rejects" or "lines"
    path: Path
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SourceCount:
    source_id: int
    rows: int
    warnings: int
    errors: int
    reason: str | None  # the most frequent of its warnings and errors
    misfits: Mapping[str, int] = field(default_factory=dict)  # our column → values that did not fit it


@dataclass(frozen=True)
class Staged:
    """A table without rows has no file. Blank lines count nowhere."""

    files: tuple[StagedFile, ...]
    lines: int
    data_rows: int
    warning_rows: int
    error_rows: int
    malformed_rows: int
    per_source: tuple[SourceCount, ...]
    exact: bool
    misfits: Mapping[str, int] = field(default_factory=dict)  # of all rows, whoever's they are


def transform(
    raw_file: Path,
    order: TransformOrder,
    folder: Path,
    *,
    lines: Path | None = None,
    counted: raw.RawBody | None = None,
) -> Staged:
    """Write the files of one body into `folder`. `lines` is the body as NDJSON where the raw file is none.

    `counted` is what was counted of the raw file when it was stored; without it the body is counted here.
    """
    body = lines or raw_file
    if counted is None or lines is not None:
        counted = raw.count(body)
    if lines is not None:
        counted = replace(counted, size=0)  # opening it up took far longer than the pieces would save, and memory
    with connected(make_folder(folder) / ".scratch") as connection:
        work = _Work(connection, order, body, counted, folder)
        exact = not (counted.is_plain and work.read_strictly())
        if exact:
            work.read_exactly()
        elif lines is not None:
            work.keep_lines()
        work.check()
        return work.staged(exact=exact)


class _Work:
    """One body on its way through one connection: methods write the files, or answer from those there."""

    def __init__(  # noqa: PLR0917 - by what, what, of what, to where
        self,
        connection: duckdb.DuckDBPyConnection,
        order: TransformOrder,
        body: Path,
        counted: raw.RawBody,
        folder: Path,
        before: int = 0,
    ) -> None:
        self.connection, self.order, self.body, self.counted = connection, order, body, counted
        self.folder, self.before = folder, before  # `before`: lines of the whole body, where this is a piece of it
        self.mapped = Mapped(order.kind, order.columns, order.scraped_at_key)
        self.noticed = prepare(connection)
        platform, is_whole = order.constants.get("platform") or "", order.is_asked_by_these_alone
        self.source = introduce(connection, order.sources, order.match_keys, platform=platform, are_all=is_whole)
        self.data = [folder / f"{order.kind}.parquet"]
        self.rejects = [folder / "rejects.parquet"]
        self.lines = folder / "lines.ndjson.zst"
        self.rejected_lines = folder / ".scratch" / "rejected.ndjson"
        self.misfits: Counter[tuple[int | None, str]] = Counter()  # by source and column

    def read_strictly(self) -> bool:
        """False when some line is not what the read takes it for."""
        if next(raw.body_chunks(self.body), b"").startswith(raw.BOM):
            return False  # DuckDB takes it away with one thread, and refuses the body with more: whoever reads it next
        if self.counted.size > LARGEST:
            return self._read_in_pieces()
        try:
            self._write_data(self.body)
            self._write_rejects(self.body)
        except (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError):
            return False  # the last: DuckDB's words about the line quote it, cut within a character
        except duckdb.IOException:
            raw.count(self.body)  # where the stored body is damaged, this says so and what to do
            raise
        return not self._rejected()["data"]

    def _read_in_pieces(self) -> bool:
        size = self.counted.size // -(-self.counted.size // LARGEST) + 1
        with tempfile.TemporaryDirectory(dir=self.folder) as beside:
            pieces = cut(raw.body_chunks(self.body), size, Path(beside))
            folders, misfits = [], Counter[tuple[int | None, str]]()
            for done in ahead(self._read_piece, pieces, _AT_ONCE):
                if done is None:
                    return False
                folders.append(done[0])
                misfits += done[1]
            self.misfits = misfits
            self.data, self.rejects = [], []
            for number, folder in enumerate(folders, start=1):
                # No name of another cut of the same body, whose files are read until this one is published. In order.
                which = f"{number:0{len(str(len(folders)))}}of{len(folders)}"
                for made, kind in ((self.data, self.order.kind), (self.rejects, "rejects")):
                    if (file := folder / f"{kind}.parquet").exists():
                        made.append(file.rename(self.folder / f"{which}.{file.name}"))
        return True

    def _read_piece(self, piece: Piece) -> tuple[Path, Counter[tuple[int | None, str]]] | None:
        """The folder with its files, and what did not fit; None when it could not be read strictly."""
        folder = make_folder(piece.path.with_suffix(""))
        counted = replace(self.counted, lines=piece.lines + 1, size=0)  # the body's last line may have no end
        with connected(folder / ".scratch") as connection:
            work = _Work(connection, self.order, piece.path, counted, folder, piece.before)
            is_read = work.read_strictly()
        piece.path.unlink()
        return (folder, work.misfits) if is_read else None

    def read_exactly(self) -> None:
        mend(self.connection, self.body, self.lines)
        self._write_data(self.lines)
        self._write_rejects(self.lines)

    def keep_lines(self) -> None:
        with raw.compressed(self.lines) as file:
            for chunk in raw.body_chunks(self.body):
                file.write(chunk)

    def check(self) -> None:
        data, rejected = sum(map(rows_in, self.data)), self._rejected()
        if self._line_count() != data + rejected.total() or rejected["data"]:
            raise Permanent(
                f"the body has {self._line_count()} lines, of which {data} became rows and "
                f"{rejected.total()} rejects, {rejected['data']} of them for no reason. Nothing is "
                "published; the bytes as received are kept."
            )

    def staged(self, *, exact: bool) -> Staged:
        rejected = self._rejected()
        kinds = ((self.order.kind, self.data), ("rejects", self.rejects), ("lines", [self.lines]))
        return Staged(
            files=tuple(self._file(kind, path) for kind, paths in kinds for path in paths if path.exists()),
            lines=self._line_count(),
            data_rows=sum(map(rows_in, self.data)),
            warning_rows=rejected["warning"],
            error_rows=rejected["error"],
            malformed_rows=rejected["malformed"],
            per_source=tuple(self._per_source()),
            exact=exact,
            misfits=self._misfits_of({source_id for source_id, _ in self.misfits}),
        )

    def _write_data(self, lines: Path) -> None:
        self.noticed.columns.clear()
        read = fill(
            _READ,
            row=ROW,
            before=self.before,
            file=path_literal(lines),
            compression=literal("zstd" if raw.is_compressed(lines) else "uncompressed"),
            columns=self.mapped.read_columns(),
            largest=LONGEST_LINE + 1,
        )
        known = {
            **{column: _constant(self.order.constants.get(column)) for column in _CONSTANTS},
            **{column: self.mapped.value(column) for column in OWN_COLUMNS[self.order.kind]},
            "source_id": '"#source".source_id',
            "source_url": '"#source".url',
            "creator": '"#source".creator',
            "project": '"#source".project',
            "row_no": ROW,
            "scraped_at": self.mapped.scraped_at(),
        }
        pinned = COLUMNS[self.order.kind]
        values = casts(pinned, (known[column] for column in pinned))
        rows = self.mapped.begun(fill(_DATA, judged=self.mapped.judged(read, self.source)))
        self._write(fill("select $values from ($rows)", values=values, rows=rows), self.data[0])
        self.misfits = self._count_misfits(rows)

    def _count_misfits(self, rows: str) -> Counter[tuple[int | None, str]]:
        """How many values did not fit: asked only where one was noticed, as it means to read the rows again."""
        columns = sorted(self.noticed.columns)
        if not columns:
            return Counter()
        counts = ", ".join(f"count(*) filter ({self.mapped.misfit(column)})" for column in columns)
        found: Counter[tuple[int | None, str]] = Counter()
        for source_id, *numbers in self.connection.execute(fill(_MISFITS, counts=counts, rows=rows)).fetchall():
            found.update({(source_id, column): count for column, count in zip(columns, numbers, strict=True) if count})
        return found

    def _write_rejects(self, lines: Path) -> None:
        """Of every line that is not in the data file, so that none can be left out unseen."""
        taken = numbers_in(self.data[0], self.counted.lines, self.before).tobytes()
        left = (
            (self.before + number, received, read)
            for number, received, read in self._received_and(lines, but=taken)
            if not raw.is_blank(received)
        )
        longest = rejects.write_lines(left, self.rejected_lines)
        if not longest:  # most bodies: to plan the query would take a fifth of a small one's time, and make no file
            self.rejects[0].unlink(missing_ok=True)  # of a read that was not believed
            return
        snapshot_id = _constant(self.order.constants.get("snapshot_id"))
        self._write(
            rejects.select(self.mapped, self.source, snapshot_id, self.rejected_lines, longest), self.rejects[0]
        )

    def _received_and(self, lines: Path, *, but: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """Every line as it was received and as it was read."""
        if lines == self.body:
            yield from ((number, line, line) for number, line in raw.body_lines(lines, but=but))
            return
        received, were_read = raw.body_lines(self.body, but=but), raw.body_lines(lines, but=but)
        for (number, line), (_, read) in zip(received, were_read, strict=True):
            yield number, line, read

    def _write(self, rows: str, target: Path) -> None:
        group = _ROW_GROUP_BYTES // max(self.counted.densest, 1)
        group = min(max(group, 1), _LARGEST_ROW_GROUP)
        self.connection.execute(fill(_WRITE, rows=rows, target=literal(str(target)), group=group))
        if not rows_in(target):
            target.unlink()

    def _file(self, kind: str, path: Path) -> StagedFile:
        rows = self.counted.lines if path == self.lines else rows_in(path)
        return StagedFile(kind, path, rows, path.stat().st_size, sha256_of(path))

    def _line_count(self) -> int:
        return self.counted.lines - self.counted.blank

    def _rejected(self) -> Counter[str]:
        return Counter(dict(self._ask(_REJECTED, self.rejects)))

    def _per_source(self) -> Iterator[SourceCount]:
        rows, warnings, errors = dict(self._ask(_PER_SOURCE, self.data)), Counter[int](), Counter[int]()
        reasons: dict[int, str] = {}
        for source_id, reason, warned, failed in self._ask(_REASONS, self.rejects):
            warnings[source_id] += warned
            errors[source_id] += failed
            reasons.setdefault(source_id, reason)
        for source_id in sorted({source.source_id for source in self.order.sources}):
            yield SourceCount(
                source_id,
                rows.get(source_id, 0),
                warnings[source_id],
                errors[source_id],
                reasons.get(source_id),
                self._misfits_of({source_id}),
            )

    def _misfits_of(self, wanted: set[int | None] | set[int]) -> dict[str, int]:
        found: Counter[str] = Counter()
        for (source_id, column), count in sorted(self.misfits.items(), key=lambda item: item[0][1]):
            if source_id in wanted:
                found[column] += count
        return dict(found)

    def _ask(self, query: str, files: Iterable[Path]) -> list[tuple[Any, ...]]:
        there = list_literal(path_literal(file) for file in files if file.exists())
        return [] if there == "[]" else self.connection.execute(fill(query, file=there)).fetchall()


def _constant(value: str | None) -> str:
    return "null" if value is None else literal(value)
