"""Pictures as a person sees them: what is inside, which way up, and whether all of it is there.

Upload and post judge by these same rules. Pillow reads; what of a file's notes about itself is odd is no reason to
refuse the picture, which every viewer shows.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:  # Pillow costs every command a tenth of a second
    from PIL import Image

HEAD: Final = 64  # bytes that tell what a file is
_STARTS: Final = {
    b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif", b"BM": "bmp",
}  # fmt: skip
# A box of brands begins such a file; a film has other ones.
_BRANDS: Final = {
    "avif": frozenset({b"avif", b"avis"}),
    "heic": frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}),
}
_GENERAL: Final = frozenset({b"mif1", b"msf1"})  # the further brands say what is inside
_ORIENTATION: Final = 0x0112
_ON_ITS_SIDE: Final = frozenset({5, 6, 7, 8})
_ANIMATED: Final = frozenset({"GIF", "WEBP", "PNG", "AVIF"})  # a JPEG's further pictures are previews
_LONGEST_NOTE: Final = 16 << 20  # bytes of a text within a PNG; programs that draw write down how, at length
_MOST_PIXELS: Final = 2_000_000_000  # of all pictures of an animation


class Cut(Exception):
    """A picture that is not to be read to its end."""


def kind_of(head: bytes) -> str | None:
    """png, jpeg, gif, bmp, webp, avif or heic, by the bytes alone; None where it is no picture."""
    found = next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)
    if found or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return found or "webp"
    if head[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[at : at + 4] for at in (8, *range(16, length - 3, 4))}
    main = head[8:12]
    kinds = [kind for kind, mine in _BRANDS.items() if main in mine or (main in _GENERAL and mine & brands)]
    return kinds[0] if kinds else None


@contextlib.contextmanager
def only_bombs() -> Iterator[None]:
    """Pillow's warnings: one of a decompression bomb is an error, others tell of odd notes in a sound file."""
    from PIL import Image, PngImagePlugin

    PngImagePlugin.MAX_TEXT_CHUNK = _LONGEST_NOTE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def seen_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as it is shown: cameras note which way up they were held. Ask before it is unpacked."""
    width, height = image.size
    turned = 1
    with contextlib.suppress(Exception):  # notes that cannot be read turn nothing, as in every viewer
        turned = int(image.getexif().get(_ORIENTATION, 1))
    return (height, width) if turned in _ON_ITS_SIDE else (width, height)


def read_to_end(image: Image.Image, file: IO[bytes]) -> int:
    """Unpack every picture of it, of an animation each; how many there are. Raises Cut, or what Pillow says."""
    if image.format == "GIF":
        _walk_gif(file)
    frames = int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1
    if frames > 1 and frames * image.width * image.height > _MOST_PIXELS:
        raise Cut(f"it unpacks to {frames} pictures of {image.width} × {image.height}, which nobody looks at")
    image.load()
    for number in range(1, frames):
        image.seek(number)
        image.load()
    return frames


def _walk_gif(file: IO[bytes]) -> None:
    """Pillow takes the end of a file for the end of an animation."""
    at = file.tell()
    try:
        file.seek(6)
        _skip(file, 7, table_at=4)
        while (kind := _read(file, 1)) != b";":
            if kind == b"!":
                _read(file, 1)
            elif kind == b",":
                _skip(file, 9, table_at=8)
                _read(file, 1)  # the size of its codes
            else:
                raise Cut("it holds something that is no part of a GIF")
            while size := _read(file, 1)[0]:
                _read(file, size)
    finally:
        file.seek(at)


def _skip(file: IO[bytes], length: int, *, table_at: int) -> None:
    """A head, and the table of colours that one of its bytes announces."""
    flags = _read(file, length)[table_at]
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), os.SEEK_CUR)


def _read(file: IO[bytes], length: int) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise Cut("it is cut off before its end")
    return found
