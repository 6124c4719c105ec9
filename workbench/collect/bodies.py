"""A body that is no NDJSON (an array, CSV) → its rows as lines, for the reader of lines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from workbench.brightdata import rows
from workbench.lake.raw import body_chunks


def lines_of(raw: Path, shape: str, target: Path) -> Path | None:
    """Write the rows of the raw file to `target`, one JSON value a line; None where it has lines already."""
    if shape not in ("array", "csv"):
        return None
    with target.open("wb") as file:
        file.writelines(line + b"\n" for line in read_lines(body_chunks(raw), shape))
    return target


def read_lines(chunks: Iterator[bytes], shape: str) -> Iterator[bytes]:
    if shape == "array":
        return rows.lines_of_array(chunks)
    return rows.lines_of_csv(io.BufferedReader(_Chunked(chunks)))


class _Chunked(io.RawIOBase):
    """Chunks as a file, for readers that want one."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer will do
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._held = memoryview(chunk)
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count
