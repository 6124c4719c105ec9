"""Rows that need a second look before they are published: of no source that was asked for, or like another row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.lake.raw import body_lines
from workbench.lake.schema import IDENTITY

_SAID: Final = pa.array(["warning", "error"])  # of rejects: what is no row at all answers nobody


def of_no_source(data: Sequence[Path], rejects: Sequence[Path], asked: Sequence[int]) -> frozenset[int]:
    """Numbers of the rows, warnings and errors that no source of `asked` gave."""
    known = pa.array(list(asked), pa.int64())
    found = set[int]()
    for batch in _batches(data, ["row_no", "source_id"]):
        found.update(_numbers(batch.filter(pc.invert(pc.is_in(batch["source_id"], known)))))
    for batch in _batches(rejects, ["row_no", "source_id", "kind"]):
        strange = pc.invert(pc.is_in(batch["source_id"], known))
        found.update(_numbers(batch.filter(pc.and_(strange, pc.is_in(batch["kind"], _SAID)))))
    return frozenset(found)


def look_alike(data: Sequence[Path], rejects: Sequence[Path], kind: str) -> frozenset[int]:
    """Numbers of the rows, warnings and errors that have what makes a row itself in common with another."""
    own = [IDENTITY[kind], "url", "source_id", "scraped_at"]
    rows = (batch.to_pylist() for batch in _batches(data, ["row_no", *own]))
    said = (
        batch.filter(pc.is_in(batch["kind"], _SAID)).to_pylist()
        for batch in _batches(rejects, ["row_no", "kind", "raw"])
    )
    first, alike = dict[int, int](), set[int]()
    for batch in (*rows, *said):
        for row in batch:
            number = row.pop("row_no")
            before = first.setdefault(hash(tuple(row.values())), number)
            if before != number:
                alike |= {before, number}
    return frozenset(alike)


def lines_at(body: Path, numbers: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """Those lines of a body; no further than the last of them."""
    last = max(numbers, default=0)
    for number, line in body_lines(body):
        if number > last:
            return
        if number in numbers:
            yield number, line


def _batches(files: Sequence[Path], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches(columns=list(columns))


def _numbers(batch: pa.RecordBatch) -> list[int]:
    return [number for number in batch["row_no"].to_pylist() if number is not None]
