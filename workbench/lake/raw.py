"""Raw bodies: kept as received under one compression, and read back line by line."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol

import numpy as np
import pyarrow as pa
import zstandard
from numpy.typing import NDArray

from workbench.errors import Permanent
from workbench.files import CHUNK, written_beside
from workbench.lake.schema import LONGEST_LINE

Shape = Literal["ndjson", "array", "csv", "empty"]

_BLOCK: Final = 1024  # lines
_BLANK: Final = b" \t\r"
BOM: Final = b"\xef\xbb\xbf"
_LEVEL: Final = 3
# Beside the one who reads; any number of them makes the same bytes, which none at all would not.
_THREADS: Final = max(1, min((os.cpu_count() or 1) // 2, 4))
LINE_END: Final = ord("\n")
_MAY_BEGIN_A_BLANK: Final = np.isin(np.arange(256), (*_BLANK, LINE_END))


@dataclass(frozen=True)
class RawBody:
    """What counting found; `lines` has the blank ones in it, because a row's number does."""

    lines: int
    blank: int
    longest: int
    densest: int  # bytes of a line where lines are longest: the mean of the heaviest block
    size: int = 0  # bytes; 0 of bodies that were counted before sizes were

    @property
    def is_plain(self) -> bool:
        """Whether line n is also the n-th thing to read."""
        return not self.blank and self.longest <= LONGEST_LINE


@dataclass(frozen=True)
class RawFile:
    path: Path
    sha256: str  # of the bytes as received, not of the file
    bytes: int
    stored_bytes: int
    body: RawBody
    shape: Shape

    @property
    def lines(self) -> int:
        return self.body.lines

    def facts(self, path: str) -> dict[str, Any]:
        """What the ledger keeps of it; `path` is where in the lake it went."""
        return {
            "path": path,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "stored_bytes": self.stored_bytes,
            "lines": self.lines,
            "counted": asdict(self.body),
        }


def counted(facts: Mapping[str, Any]) -> RawBody | None:
    """What was counted when the bytes came; None of raw files that are older than this count."""
    return RawBody(**facts["counted"]) if "counted" in facts else None


class Part(Protocol):
    """A file, or what opens like one."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


def store_raw(parts: Sequence[Part], target: Path) -> RawFile:
    """Write the parts as one body to `target`, zstd, in one pass; the same parts give the same bytes on disk.

    Parts are joined at line ends: one that stops without a line end gets it before the next begins.
    """
    digest, size, head, counter = hashlib.sha256(), 0, b"", _Counter()
    with compressed(target) as file, ThreadPoolExecutor(1, thread_name_prefix="digest") as beside:
        for chunk in _joined(parts):
            digested = beside.submit(digest.update, chunk)
            file.write(chunk)
            counter.see(chunk)
            size += len(chunk)
            head = head or chunk.removeprefix(BOM).lstrip()[:1]
            digested.result()
    return RawFile(
        path=target,
        sha256=digest.hexdigest(),
        bytes=size,
        stored_bytes=target.stat().st_size,
        body=counter.body(),
        shape=_shape(head),
    )


def body_lines(path: Path, *, but: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """Number and bytes of every line, blank ones too; of one that is too long one byte more than allowed.

    Line n is left out where byte n of `but` is not 0.
    """
    number, held, length = 0, list[bytes](), 0
    for chunk in body_chunks(path):
        start = 0
        for end in _line_ends(chunk):
            number += 1
            if not (number < len(but) and but[number]):
                yield number, _line(number, [*held, chunk[start:end]])
            held, length, start = [], 0, end + 1
        if start < len(chunk):
            if length <= LONGEST_LINE:  # what is past the limit is not kept in memory
                held.append(chunk[start:])
            length += len(chunk) - start
    if length and not (number + 1 < len(but) and but[number + 1]):
        yield number + 1, _line(number + 1, held)


def is_blank(line: bytes) -> bool:
    return not line.strip(_BLANK)


def count(path: Path) -> RawBody:
    counter = _Counter()
    for chunk in body_chunks(path):
        counter.see(chunk)
    return counter.body()


class _Counter:
    """Counts lines while their bytes go by; looks into none but those that may be blank."""

    def __init__(self) -> None:
        self._number = self._blank = self._longest = self._densest = self._block = 0
        self._begun, self._begun_blank = 0, True  # of the line that the last chunk did not end
        self._size = 0

    def see(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if not self._number and not self._begun:
            chunk = chunk.removeprefix(BOM)
        found = np.frombuffer(chunk, np.uint8)
        ends = np.flatnonzero(found == LINE_END)
        rest = 0
        if ends.size:
            starts = np.concatenate(([0], ends[:-1] + 1))
            maybe_blank = np.flatnonzero(_MAY_BEGIN_A_BLANK[found[starts]])
            self._blank += sum(self._is_blank(chunk, starts[at], ends[at], begun=not at) for at in maybe_blank)
            lengths = ends - starts
            lengths[0] += self._begun
            self._end_of_lines(np.minimum(lengths, LONGEST_LINE + 1))
            self._begun, self._begun_blank, rest = 0, True, int(ends[-1]) + 1
        if rest < len(chunk):
            self._begun_blank = self._is_blank(chunk, rest, len(chunk), begun=True)
            self._begun += len(chunk) - rest

    def body(self) -> RawBody:
        if self._begun:
            self._blank += self._begun_blank
            self._end_of_lines(np.array([min(self._begun, LONGEST_LINE + 1)]))
            self._begun, self._begun_blank = 0, True
        rest = self._number % _BLOCK or 1
        return RawBody(self._number, self._blank, self._longest, max(self._densest, self._block // rest), self._size)

    def _is_blank(self, chunk: bytes, start: int, end: int, *, begun: bool) -> bool:
        return (self._begun_blank or not begun) and is_blank(chunk[start:end])

    def _end_of_lines(self, lengths: NDArray[np.int64]) -> None:
        self._longest = max(self._longest, int(lengths.max()))
        while lengths.size:
            room = _BLOCK - self._number % _BLOCK
            ended, lengths = lengths[:room], lengths[room:]
            self._number += ended.size
            self._block += int(ended.sum())
            if self._number % _BLOCK == 0:
                self._densest, self._block = max(self._densest, self._block // _BLOCK), 0


@contextlib.contextmanager
def compressed(target: Path) -> Iterator[Squeezed]:
    """A file to write to, whole or absent; the same writes give the same bytes."""
    with written_beside(target) as file:
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, threads=_THREADS)
        squeezed = Squeezed(file, compressor.compressobj())
        yield squeezed
        file.write(squeezed.stream.flush())


@dataclass(frozen=True)
class Squeezed:
    file: IO[bytes]
    stream: zstandard.ZstdCompressionObj

    def write(self, data: bytes) -> None:
        self.file.write(self.stream.compress(data))


def is_compressed(path: Path) -> bool:
    """By its name: what a body begins with is for whoever wrote the body to choose."""
    return path.suffix == ".zst"


def _line_ends(chunk: bytes) -> Iterator[int]:
    """Where lines end: several times as fast as split() and count(), which do not look ahead."""
    end = chunk.find(b"\n")
    while end >= 0:
        yield end
        end = chunk.find(b"\n", end + 1)


def _line(number: int, pieces: list[bytes]) -> bytes:
    line = b"".join(pieces)[: LONGEST_LINE + 1]
    return line.removeprefix(BOM) if number == 1 else line


def _joined(parts: Iterable[Part]) -> Iterator[bytes]:
    last = b"\n"
    for part in parts:
        with part.open("rb") as file:
            for chunk in chunks_of(file):
                if last != b"\n" and file.tell() == len(chunk):
                    yield b"\n"
                yield chunk
                last = chunk[-1:]


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _shape(first: bytes) -> Shape:
    if not first:
        return "empty"
    return "ndjson" if first == b"{" else "array" if first == b"[" else "csv"


def body_chunks(path: Path) -> Iterator[bytes]:
    if not is_compressed(path):
        with path.open("rb") as file:
            yield from chunks_of(file)
        return
    # Arrow's reader and not zstandard's: that one takes a file cut short for a whole one.
    try:
        with pa.input_stream(str(path), compression="zstd") as body:
            while chunk := body.read(CHUNK):
                yield chunk
    except OSError as error:
        raise Permanent(
            f"the stored body {path.name} is damaged: {error}. Restore it from a backup, or download the "
            "snapshot again while the vendor still has it."
        ) from error
