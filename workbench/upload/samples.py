"""Small harmless media made on the spot: what the demo uploads, and what tests are made of."""

from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # a film costs what its libraries cost to load; whoever makes none does not pay
    from PIL import Image

_RATE: Final = 10  # pictures a second
_HERTZ: Final = 44_100
_SAMPLES: Final = 1024  # in a frame of AAC


def picture(
    path: Path, size: tuple[int, int] = (300, 250), *, form: str | None = None, label: str | None = None
) -> Path:
    """A picture with its name on it, so that no two of them have the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _drawn(size, label or path.stem).save(path, format=form or _form(path))
    return path


def film(
    path: Path,
    size: tuple[int, int] = (640, 360),
    seconds: float = 4.0,
    *,
    codec: str = "libx264",
    form: str = "mp4",
    sound: bool = False,
    label: str | None = None,
) -> Path:
    """A film of one picture, H.264 in MP4 unless something else is asked for."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    container: Any = av.open(str(path), mode="w", format=form)
    with container:
        stream = container.add_stream(codec, rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        silence = container.add_stream("aac", rate=_HERTZ, layout="mono") if sound else None
        frames: Any = av.VideoFrame
        still = frames.from_image(_drawn(size, label or path.stem))
        for number in range(round(seconds * _RATE)):
            still.pts, still.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(still))
        container.mux(stream.encode(None))
        if silence is not None:
            _add_silence(container, silence, seconds)
    return path


def _add_silence(container: Any, stream: Any, seconds: float) -> None:
    import av

    for number in range(int(seconds * _HERTZ / _SAMPLES)):
        frame: Any = av.AudioFrame(format="fltp", layout="mono", samples=_SAMPLES)
        frame.sample_rate, frame.pts, frame.time_base = _HERTZ, number * _SAMPLES, Fraction(1, _HERTZ)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _drawn(size: tuple[int, int], label: str) -> Image.Image:
    from PIL import Image, ImageDraw

    colour = zlib.crc32(label.encode()) & 0xFFFFFF
    image = Image.new("RGB", size, (colour >> 16, colour >> 8 & 0xFF, colour & 0xFF))
    ImageDraw.Draw(image).text((8, 8), label, fill="white")
    return image


def _form(path: Path) -> str:
    form = path.suffix.lower().lstrip(".")
    return "JPEG" if form == "jpg" else form.upper()
