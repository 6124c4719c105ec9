"""Raw bodies: kept as received under one compression, and read back line by line."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, Protocol

import pyarrow as pa
import zstandard

from workbench.errors import Permanent
from workbench.files import CHUNK, written_beside

Shape = Literal["ndjson", "array", "csv", "empty"]

# Bytes. The widest real rows have half a megabyte; DuckDB sets twice this aside for each file that it reads.
LONGEST_LINE: Final = 16 << 20
_BLOCK: Final = 1024  # lines
_BLANK: Final = b" \t\r"
_BOM: Final = b"\xef\xbb\xbf"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_LEVEL: Final = 3


@dataclass(frozen=True)
class RawFile:
    path: Path
    sha256: str  # of the bytes as received, not of the file
    bytes: int
    stored_bytes: int
    lines: int  # blank ones too
    shape: Shape


@dataclass(frozen=True)
class Body:
    """What counting found; `lines` has the blank ones in it, because a row's number does."""

    lines: int
    blank: int
    longest: int
    densest: int  # bytes of a line where lines are longest: the mean of the heaviest block

    @property
    def is_plain(self) -> bool:
        """Whether line n is also the n-th thing to read."""
        return not self.blank and self.longest <= LONGEST_LINE


class Part(Protocol):
    """A file, or what opens like one."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


def store_raw(parts: Sequence[Part], target: Path) -> RawFile:
    """Write the parts as one body to `target`, zstd, in one pass; the same parts give the same bytes on disk.

    Parts are joined at line ends: one that stops without a line end gets it before the next begins.
    """
    digest, size, ends, last, head = hashlib.sha256(), 0, 0, b"\n", b""
    with compressed(target) as file:
        for chunk in _joined(parts):
            digest.update(chunk)
            file.write(chunk)
            size, ends, last = size + len(chunk), ends + chunk.count(b"\n"), chunk[-1:]
            head = head or chunk.removeprefix(_BOM).lstrip()[:1]
    return RawFile(
        path=target,
        sha256=digest.hexdigest(),
        bytes=size,
        stored_bytes=target.stat().st_size,
        lines=ends + (last != b"\n"),
        shape=_shape(head),
    )


def body_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of every line, blank ones too; of one that is too long one byte more than allowed."""
    number, held, length = 0, list[bytes](), 0
    for chunk in body_chunks(path):
        first, *more = chunk.split(b"\n")
        for piece in more:
            number += 1
            yield number, _line(number, [*held, first])
            held, length, first = [], 0, piece
        if length <= LONGEST_LINE:  # what is past the limit is not kept in memory
            held.append(first)
        length += len(first)
    if length:
        yield number + 1, _line(number + 1, held)


def is_blank(line: bytes) -> bool:
    return not line.strip(_BLANK)


def count(path: Path) -> Body:
    number = blank = longest = densest = block = 0
    for number, line in body_lines(path):
        blank += is_blank(line)
        longest = max(longest, len(line))
        block += len(line)
        if number % _BLOCK == 0:
            densest, block = max(densest, block // _BLOCK), 0
    return Body(number, blank, longest, max(densest, block // (number % _BLOCK or 1)))


@contextlib.contextmanager
def compressed(target: Path) -> Iterator[Squeezed]:
    """A file to write to, whole or absent; the same writes give the same bytes."""
    with written_beside(target) as file:
        squeezed = Squeezed(file, zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj())
        yield squeezed
        file.write(squeezed.stream.flush())


@dataclass(frozen=True)
class Squeezed:
    file: IO[bytes]
    stream: zstandard.ZstdCompressionObj

    def write(self, data: bytes) -> None:
        self.file.write(self.stream.compress(data))


def is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _ZSTD_MAGIC


def _line(number: int, pieces: list[bytes]) -> bytes:
    line = b"".join(pieces)[: LONGEST_LINE + 1]
    return line.removeprefix(_BOM) if number == 1 else line


def _joined(parts: Iterable[Part]) -> Iterator[bytes]:
    last = b"\n"
    for part in parts:
        with part.open("rb") as file:
            for chunk in _read(file):
                if last != b"\n" and file.tell() == len(chunk):
                    yield b"\n"
                yield chunk
                last = chunk[-1:]


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _shape(first: bytes) -> Shape:
    if not first:
        return "empty"
    return "ndjson" if first == b"{" else "array" if first == b"[" else "csv"


def body_chunks(path: Path) -> Iterator[bytes]:
    if not is_compressed(path):
        with path.open("rb") as file:
            yield from _read(file)
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
