"""Pictures without what they say besides their pixels: texts, EXIF, XMP, comments, thumbnails, what hangs behind.

Pixels, colours, animation and the way up stay as they are; nothing is encoded anew. A picture of another kind, or one
that is damaged, comes back as it was, and is looked through by whoever keeps it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n"
BASE64: Final = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")  # how PNG, JPEG, GIF and WebP begin in base64
LARGEST: Final = 64 << 20  # bytes that a part of a picture is unpacked to
_PNG_KEPT: Final = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD"),
    *(b"pHYs", b"acTL", b"fcTL", b"fdAT"),
}
_WEBP_KEPT: Final = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_SAYS: Final = 0x04 | 0x08  # of VP8X: there is XMP, there is EXIF
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SOS, _EOI = 0xDA, 0xD9
_ICC, _ADOBE = 0xE2, 0xEE  # of the segments for applications: colours, and how they were turned
_WORDS: Final = {*range(0xE1, 0xF0), 0xFE}  # segments for applications but the first, and comments
_UPRIGHT: Final = 1
_ORIENTATION: Final = 0x0112


def stripped(picture: bytes) -> bytes:
    try:
        if picture.startswith(PNG):
            return PNG + b"".join(whole for kind, _, whole in _chunks(picture) if kind in _PNG_KEPT)
        if picture.startswith(b"\xff\xd8"):
            return _jpeg(picture)
        if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
            return _webp(picture)
        if picture[:3] == b"GIF":
            return _gif(picture)
    except IndexError:  # it ends in the middle
        return picture
    return picture


def parts_of(picture: bytes) -> Iterator[bytes]:
    """A picture as it is, and unpacked what a PNG keeps packed: texts and profiles."""
    yield picture
    if not picture.startswith(PNG):
        return
    for kind, body, _ in _chunks(picture):
        if kind in {b"zTXt", b"iCCP"}:  # a name, NUL, how it is packed
            yield _unpacked(body.partition(b"\0")[2][1:])
        elif kind == b"iTXt":  # a name, NUL, two flags, a language, NUL, the name in it, NUL
            yield _unpacked(body.partition(b"\0")[2][2:].partition(b"\0")[2].partition(b"\0")[2])


def _unpacked(body: bytes) -> bytes:
    """As far as it can be: half of what was packed may be told, and a part that is not packed is told as it is."""
    try:
        return zlib.decompressobj().decompress(body, LARGEST)
    except zlib.error:
        return body


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and the whole of each part up to the end, and nothing behind it."""
    at, kind = len(PNG), b""
    while at + 8 <= len(png) and kind != b"IEND":
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        yield kind, png[at + 8 : at + 8 + size], png[at : at + 12 + size]
        at += size + 12


def _jpeg(picture: bytes) -> bytes:
    kept, at = [picture[:2]], 2
    while True:
        if picture[at] != 0xFF:  # noqa: PLR2004 - every segment begins so
            raise IndexError
        marker = picture[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a sign may be repeated to fill room
            at += 1
            continue
        if marker == _EOI:
            return b"".join([*kept, picture[at : at + 2]])
        end = at + 2 + int.from_bytes(picture[at + 2 : at + 4])
        segment = picture[at:end]
        at = end
        if marker == _SOS:
            found = _MARKER.search(picture, end)
            at = found.start() if found else len(picture)
            kept.append(segment + picture[end:at])
        elif segment[4:10] == b"Exif\0\0":
            way_up = _orientation(segment[10:])
            kept += [_turned(way_up)] if way_up != _UPRIGHT else []
        elif marker not in _WORDS or marker == _ADOBE or (marker == _ICC and segment[4:15] == b"ICC_PROFILE"):
            kept.append(segment)


def _orientation(tiff: bytes) -> int:
    if tiff[:2] not in {b"II", b"MM"}:
        return _UPRIGHT

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if tiff[:2] == b"II" else "big")

    first = number(4, 4)
    entries = (first + 2 + 12 * n for n in range(number(first, 2)))
    return next((number(at + 8, 2) for at in entries if number(at, 2) == _ORIENTATION), _UPRIGHT)


def _turned(way_up: int) -> bytes:
    """An EXIF that says which side is up, and nothing else."""
    entry = _ORIENTATION.to_bytes(2) + b"\0\3\0\0\0\1" + (way_up & 0xFF).to_bytes(2) + b"\0\0"
    body = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\1" + entry + b"\0\0\0\0"
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body


def _webp(picture: bytes) -> bytes:
    kept, at = [], 12
    end = min(len(picture), 8 + int.from_bytes(picture[4:8], "little"))
    while at + 8 <= end:
        kind, size = picture[at : at + 4], int.from_bytes(picture[at + 4 : at + 8], "little")
        whole = picture[at : at + 8 + size + size % 2]
        at += len(whole)
        if kind == b"VP8X":
            whole = whole[:8] + bytes([whole[8] & ~_WEBP_SAYS]) + whole[9:]
        if kind in _WEBP_KEPT:
            kept.append(whole)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _gif(picture: bytes) -> bytes:
    def colours(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    def blocks_end(at: int) -> int:
        while picture[at]:
            at += picture[at] + 1
        return at + 1

    at = 13 + colours(picture[10])
    kept = [picture[:at]]
    while picture[at] != 0x3B:  # noqa: PLR2004 - the end
        if picture[at] == 0x2C:  # noqa: PLR2004 - a picture
            end, is_kept = blocks_end(at + 10 + colours(picture[at + 9]) + 1), True
        else:  # an extension: how a frame is shown, how often all are; anything else is words
            end = blocks_end(at + 2)
            is_kept = picture[at + 1] == 0xF9 or picture[at + 3 : at + 14] == b"NETSCAPE2.0"  # noqa: PLR2004
        kept += [picture[at:end]] if is_kept else []
        at = end
    return b"".join([*kept, b"\x3b"])
