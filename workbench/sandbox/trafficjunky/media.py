"""What a file is by its bytes: kind, size in pixels, seconds. Enough to judge it, not to play it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

_HEAD: Final = 32
_MOST_BOXES: Final = 10_000
_MOST_HEADER: Final = 256
_DEEPEST: Final = 2
_INSIDE: Final = frozenset({b"moov", b"trak"})
# JPEG: the frames that carry the size; C4, C8 and CC are tables.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True)
class Media:
    """`kind` is "" for what is none of ours; a size of 0 could not be read."""

    kind: str = ""
    width: int = 0
    height: int = 0
    seconds: float = 0.0

    @property
    def dimensions(self) -> str:
        return f"{self.width}x{self.height}" if self.width and self.height else ""


def look(file: IO[bytes]) -> Media:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD)
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return Media("png", *struct.unpack(">II", head[16:24]))
        if head.startswith((b"GIF87a", b"GIF89a")):
            return Media("gif", *struct.unpack("<HH", head[6:10]))
        if head.startswith(b"\xff\xd8\xff"):
            return Media("jpg", *_jpeg_size(file))
        if head[4:8] == b"ftyp":
            return _mp4(file, size)
    except struct.error:  # shorter than its own headers say
        pass
    return Media()


def _jpeg_size(file: IO[bytes]) -> tuple[int, int]:
    file.seek(2)
    for _ in range(_MOST_BOXES):
        lead = file.read(2)
        if len(lead) < 2 or lead[0] != 0xFF:
            break
        if lead[1] == 0xFF:  # padding before a marker
            file.seek(-1, os.SEEK_CUR)
        elif lead[1] in _FRAMES:
            height, width = struct.unpack(">3xHH", file.read(7))
            return width, height
        elif lead[1] not in _BARE:
            (length,) = struct.unpack(">H", file.read(2))
            file.seek(max(length - 2, 0), os.SEEK_CUR)
    return 0, 0


def _mp4(file: IO[bytes], size: int) -> Media:
    seconds = 0.0
    width = height = 0
    for kind, content in _boxes(file, 0, size):
        if kind == b"mvhd":
            scale, duration = (
                struct.unpack(">20xIQ", content[:32]) if content[:1] == b"\1" else struct.unpack(">12xII", content[:20])
            )
            seconds = duration / scale if scale else 0.0
        elif kind == b"tkhd":
            wide, high = struct.unpack(">II", content[-8:])
            width, height = max(width, wide >> 16), max(height, high >> 16)
    return Media("mp4", width, height, seconds)


def _boxes(file: IO[bytes], start: int, end: int, depth: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """The headers of film and tracks; what is not asked for is stepped over."""
    for _ in range(_MOST_BOXES):
        if end - start < 8:
            return
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        begins = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            begins += 8
        stop = end if size == 0 else min(end, start + size)
        if stop <= start or (size and size < 8):
            return
        if kind in _INSIDE and depth < _DEEPEST:
            yield from _boxes(file, begins, stop, depth + 1)
        elif kind in {b"mvhd", b"tkhd"}:
            yield kind, file.read(min(stop - begins, _MOST_HEADER))
        start = stop
