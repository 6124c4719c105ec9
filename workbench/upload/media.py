"""What a file really is, and a small picture of it: a process of its own, with limits, that reads a question a line
(a relative path, or a path with a size) and answers JSON.

Media files come from outside. A picture that unpacks to gigabytes, or a container that makes a decoder loop, ends
this process; the one that started it says so of the file and starts another.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import resource
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Final

import av
from PIL import Image, ImageOps

from workbench import pictures
from workbench.errors import WorkbenchError
from workbench.files import CHUNK
from workbench.upload.paths import MissingPath, open_below

MOST_PIXELS: Final = 40_000_000
_MEMORY: Final = 2 << 30
_MOST_PACKETS: Final = 500_000
_HEAD: Final = 32
_READ: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")
_MOVIES: Final = ("mp4", "mov", "webm", "matroska", "avi", "flv", "asf", "mpegts")


def look(root: Path, relative: str) -> dict[str, Any]:
    """Bytes, hash, and what is inside. `problem` says why it cannot be used."""
    try:
        fd = open_below(root, relative)
    except MissingPath:
        return {"problem": "file_missing", "words": f"{relative} is not there"}
    except WorkbenchError as error:
        return {"problem": "unsafe_path", "words": error.message}
    with os.fdopen(fd, "rb") as file:
        found: dict[str, Any] = {"bytes": os.fstat(file.fileno()).st_size, "sha256": _sha(file)}
        if found["bytes"] == 0:
            return {**found, "problem": "empty", "words": "the file has no bytes"}
        file.seek(0)
        try:
            return {**found, **_inside(file)}
        except _Unreadable as error:
            return {**found, "problem": "unreadable", "words": str(error)}


class _Unreadable(Exception):
    """The bytes are not what they begin like."""


def _sha(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _inside(file: IO[bytes]) -> dict[str, Any]:
    head = file.read(pictures.HEAD)
    file.seek(0)
    kind = pictures.kind_of(head)
    return _movie(file) if kind is None else _picture(file, kind)


@contextlib.contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except (_Unreadable, MemoryError):
        raise
    except pictures.Cut as error:
        raise _Unreadable(f"the {what} cannot be read: {error}") from error
    except Exception as error:  # a decoder's refusal has many types; all of them say that the file is broken
        raise _Unreadable(f"the {what} cannot be read: it is damaged, or not what it seems") from error


def _picture(file: IO[bytes], kind: str) -> dict[str, Any]:
    if kind == "heic":
        raise _Unreadable("it is HEIC inside, which no site shows; save it as PNG or JPEG")
    with _reading("picture"), pictures.only_bombs(), Image.open(file, formats=_READ) as image:
        _check_size(*image.size)
        width, height = pictures.seen_size(image)
        frames = pictures.read_to_end(image, file)  # only the whole picture proves that it is whole
    return {"kind": "image", "container": kind, "width": width, "height": height, "frames": frames, "seconds": None}


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _Unreadable(f"it unpacks to {width}x{height}, which nobody shows")


def _movie(file: IO[bytes]) -> dict[str, Any]:
    with _reading("film"), av.open(file, mode="r", metadata_errors="replace") as container:
        names = container.format.name.split(",")
        video = container.streams.video[0] if container.streams.video else None
        if video is None or not any(name in names for name in _MOVIES):
            raise _Unreadable("it is neither a picture nor a film that we know")
        width, height = video.codec_context.width, video.codec_context.height
        _check_size(width, height)
        audio = container.streams.audio[0].codec_context.name if container.streams.audio else None
        codec, pixels = video.codec_context.name, video.codec_context.pix_fmt
        seconds, expected = _duration(container)
    if _turned(file) % 180:
        width, height = height, width
    if seconds is None:
        raise _Unreadable("the film has not a single picture")
    if expected is not None and seconds < expected * 0.9 - 0.5:
        raise _Unreadable(f"the film is cut off: {expected:.1f} s are promised and {seconds:.1f} s are there")
    return {
        "kind": "video", "container": _container(names, file), "codec": codec, "pixels": pixels, "audio": audio,
        "width": width, "height": height, "seconds": round(seconds, 3),
    }  # fmt: skip


def small(root: Path, relative: str, side: int) -> dict[str, Any]:
    """A PNG of a picture, or of a film's first one, at most `side` pixels wide and high; nothing of what is broken."""
    with contextlib.suppress(Exception), os.fdopen(open_below(root, relative), "rb") as file:
        kind = pictures.kind_of(file.read(pictures.HEAD))
        file.seek(0)
        image = _first_of_film(file) if kind is None else _upright(file, side)
        image.thumbnail((side, side))
        out = io.BytesIO()
        image.save(out, "PNG")
        return {"png": base64.b64encode(out.getvalue()).decode()}
    return {}


def _upright(file: IO[bytes], side: int) -> Image.Image:
    with pictures.only_bombs():
        image = Image.open(file, formats=_READ)
        _check_size(*image.size)
        image.draft("RGB", (side, side))
        turned: Image.Image = ImageOps.exif_transpose(image)
        return turned.convert("RGBA" if "transparency" in turned.info or "A" in turned.mode else "RGB")


def _first_of_film(file: IO[bytes]) -> Image.Image:
    with av.open(file, mode="r", metadata_errors="replace") as container:
        _check_size(container.streams.video[0].codec_context.width, container.streams.video[0].codec_context.height)
        frame = next(container.decode(video=0))
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
        return image.rotate(int(frame.rotation), expand=True)


def _turned(file: IO[bytes]) -> int:
    """Degrees that a player turns the film by: a phone notes how it was held."""
    file.seek(0)
    with contextlib.suppress(Exception), av.open(file, mode="r", metadata_errors="replace") as container:
        for frame in container.decode(video=0):
            return int(frame.rotation)
    return 0  # a first picture that cannot be unpacked is told by the file's length, not here


def _container(names: list[str], file: IO[bytes]) -> str:
    """mp4 and mov are one format to the reader; the brand at the file's beginning tells them apart."""
    if "mp4" not in names:
        return "webm" if "webm" in names and _is_webm(file) else names[0]
    at = file.tell()
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(at)
    return "mov" if head[4:8] != b"ftyp" or head[8:12] == b"qt  " else "mp4"


def _is_webm(file: IO[bytes]) -> bool:
    at = file.tell()
    file.seek(0)
    head = file.read(CHUNK // 16)
    file.seek(at)
    return b"webm" in head


def _duration(container: Any) -> tuple[float | None, float | None]:
    """Seconds of the packets that are there, and those that the header promises."""
    last: Fraction | None = None
    first: Fraction | None = None
    for number, packet in enumerate(container.demux(container.streams.video[0])):
        if number > _MOST_PACKETS:
            raise _Unreadable(f"it has more than {_MOST_PACKETS} pictures")
        if packet.pts is None or packet.time_base is None or packet.size == 0:
            continue
        begin = packet.pts * packet.time_base
        end = begin + (packet.duration or 0) * packet.time_base
        first = begin if first is None else min(first, begin)
        last = end if last is None else max(last, end)
    video = container.streams.video[0]
    promised = None if video.duration is None else float(video.duration * video.time_base)
    if last is None or first is None:
        return None, promised
    return float(last - first), promised


def main() -> None:
    root = Path(sys.argv[1])
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(OSError, ValueError):  # a system without this limit still has the time limit
            resource.setrlimit(what, (most, most))
    av.logging.set_level(None)
    answers = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found = look(root, asked) if isinstance(asked, str) else small(root, asked["path"], asked["side"])
        except MemoryError:
            found = {"problem": "unreadable", "words": "it takes more memory than a file of its kind may"}
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
