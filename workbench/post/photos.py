"""Photos by name: found, really images, and within bounds. Nothing is unpacked that was not measured first."""

from __future__ import annotations

import errno
import io
import stat
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench import pictures
from workbench.errors import BadInput
from workbench.files import sha256_of, spelled_as
from workbench.post.known import known

# What a broken or hostile image makes Pillow raise, besides its own errors, which are OSErrors.
_BROKEN: Final = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, MemoryError,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Photo:
    path: str  # below the home where it lies there, otherwise absolute
    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class Album:
    """Where photos are looked for, in this order, and what their paths are kept relative to."""

    home: Path
    folders: tuple[Path, ...]

    def find(self, name: str) -> Path:
        """The file that a cell names; an absolute path is taken as it is."""
        given = Path(name)
        if "\0" in name:
            raise BadInput("the name of a photo holds a NUL byte.")
        for folder in self.folders:
            try:
                path = spelled_as(folder, name)
                is_there = path is not None and path.exists()
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:  # as of ten names with commas between
                    raise
                is_there = False
            if path is not None and is_there:
                return path.resolve()
        where = str(given.parent) if given.is_absolute() else ", ".join(map(str, self.folders))
        raise BadInput(f"there is no photo {name!r} in {where}. Several photos have ';' between them.")

    def kept(self, path: Path) -> str:
        home = self.home.resolve()
        return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def check(names: Sequence[str], album: Album) -> tuple[Photo, ...]:
    """The photos of one listing; BadInput names the one that cannot be sent, and why."""
    bounds = known()
    if not bounds.fewest_photos <= len(names) <= bounds.most_photos:
        raise BadInput(
            f"there are {len(names)} photos; give {bounds.fewest_photos} to {bounds.most_photos}, with ';' between."
        )
    found: dict[str, str] = {}
    photos = []
    for name in names:
        photo = measure(album.find(name), name, album)
        if photo.sha256 in found:
            raise BadInput(f"the photo {name!r} is the same picture as {found[photo.sha256]!r}; give one of them.")
        found[photo.sha256] = name
        photos.append(photo)
    return tuple(photos)


def measure(path: Path, name: str, album: Album) -> Photo:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f"the photo {name!r} is not a file.")
    limit = known().photo_bytes
    if status.st_size > limit:
        raise BadInput(
            f"the photo {name!r} has {status.st_size / 1e6:,.0f} MB; at most {limit // 1_000_000} MB are sent. Make it "
            "smaller."
        )
    width, height = _unpacked(path, name)
    return Photo(path=album.kept(path), sha256=sha256_of(path), width=width, height=height)


def _unpacked(path: Path, name: str) -> tuple[int, int]:
    """Width and height of an image that is whole: every byte of it was read."""
    from PIL import Image, UnidentifiedImageError

    bounds = known()
    listed = ", ".join(bounds.photo_formats)
    try:
        with path.open("rb") as file:
            kind = pictures.kind_of(file.read(pictures.HEAD))
            file.seek(0)
            if kind in {"avif", "heic"}:
                raise BadInput(f"the photo {name!r} is {kind.upper()} inside; give one of {listed}.")
            with pictures.only_bombs(), Image.open(file, formats=bounds.photo_formats) as image:
                width, height = pictures.seen_size(image)
                _refuse_size(width, height, name)
                image.draft("RGB", (width // 8, height // 8))  # a JPEG is read whole, but unpacked to an eighth
                pictures.read_to_end(image, file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadInput(f"the photo {name!r} unpacks to far more than its file: {error}") from error
    except UnidentifiedImageError as error:
        raise BadInput(f"the photo {name!r} is no image of a kind that is sent ({listed}). Save it as one.") from error
    except (*_BROKEN, pictures.Cut) as error:
        raise BadInput(f"the photo {name!r} is broken and cannot be opened ({error}). Save it anew.") from error
    return width, height


def small(path: Path, side: int) -> bytes | None:
    """A PNG of a photo, upright and at most `side` pixels wide and high; None for one that is gone or broken."""
    from PIL import Image, ImageOps

    try:
        with path.open("rb") as file, pictures.only_bombs(), Image.open(file, formats=known().photo_formats) as image:
            if image.width * image.height > known().photo_pixels:
                return None
            image.draft("RGB", (side, side))
            turned = ImageOps.exif_transpose(image).convert("RGB")
            turned.thumbnail((side, side))
            out = io.BytesIO()
            turned.save(out, "PNG")
            return out.getvalue()
    except (*_BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _refuse_size(width: int, height: int, name: str) -> None:
    bounds = known()
    if width * height > bounds.photo_pixels:
        raise BadInput(
            f"the photo {name!r} has {width} × {height} pixels; at most {bounds.photo_pixels // 1_000_000} megapixels "
            "are sent. Make it smaller."
        )
    if min(width, height) < bounds.shortest_side:
        raise BadInput(
            f"the photo {name!r} has {width} × {height} pixels; its sides need {bounds.shortest_side} at least."
        )
