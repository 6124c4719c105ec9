"""sandbox/trafficjunky: a form read as it comes in, and what a file is by its bytes."""

from __future__ import annotations

import hashlib
import io
import re
from fractions import Fraction
from typing import Any

import av
import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from PIL import Image
from werkzeug.exceptions import ClientDisconnected

from tests.sandbox.advertisers import box, mp4, png
from workbench.sandbox.trafficjunky.media import Media, look
from workbench.sandbox.trafficjunky.multipart import BadForm, read_form
from workbench.sandbox.web import Request


class Trickle(io.RawIOBase):
    """A wire that brings a few bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        self._file = io.BytesIO(content)
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        piece = self._file.read(min(len(into), self._step))
        into[: len(piece)] = piece
        return len(piece)


def _request(content: bytes, boundary: str = "edge", step: int = 7, size: int | None = None) -> Request:
    return Request(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": f"multipart/form-data; boundary={boundary}",
            "CONTENT_LENGTH": str(len(content) if size is None else size),
            "wsgi.input": Trickle(content, step),
        }
    )


def _form(content: bytes, name: str = "tea.png", boundary: str = "edge") -> bytes:
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="type"\r\n\r\nstatic\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode() + content + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip


# Contents made of what a reader could mistake for a mark, and steps that cut anywhere.
@given(
    content=some.lists(some.sampled_from([b"\r\n", b"--", b"edge", b"\r", b"-", b"\n--edg", b"x" * 70, b"\0"])),
    step=some.integers(1, 90),
)
def test_any_content_comes_through_whole(content: list[bytes], step: int) -> None:
    whole = b"".join(content)
    assume(not re.search(rb"[\r\n]--edge", b"\r\n" + whole))
    with read_form(_request(_form(whole), step=step)) as (fields, file):
        assert fields == {"type": "static", "empty": ""}
        assert file is not None
        file.content.seek(0)
        assert (file.content.read(), file.size) == (whole, len(whole))
        assert file.sha256 == hashlib.sha256(whole).hexdigest()


def test_a_file_is_whole_wherever_its_last_mark_falls() -> None:
    """A body is read in pieces of 64 KiB."""
    for size in range((1 << 16) - 250, (1 << 16) + 20):
        with read_form(_request(_form(b"x" * size), step=1 << 20)) as (_, file):
            assert file is not None
            assert file.size == size


def test_a_caller_that_leaves_half_way_is_no_file() -> None:
    with pytest.raises(ClientDisconnected), read_form(_request(_form(b"x" * 500)[:400], size=900)):
        pass


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'--edge\r\nContent-Disposition: form-data; name="type"\r\n\r\n' + b"x" * 140_000 + b"\r\n--edge--\r\n",
        b"--edge\r\nX: " + b"x" * 20_000 + b"\r\n\r\n\r\n--edge--\r\n",
        b"--edge\r\nContent-Disposition: form-data\r\n\r\n\r\n--edge--\r\n",
        b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 30 + b"--edge--\r\n",
        b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n\r\n' * 2 + b"--edge--\r\n",
    ],
    ids=["empty", "long field", "long head", "no name", "many parts", "two files"],
)
def test_a_form_of_no_sane_shape_is_refused(content: bytes) -> None:
    with pytest.raises(BadForm), read_form(_request(content, step=1 << 20)):
        pass


def test_browsers_escapes_in_names_are_undone() -> None:
    with read_form(_request(_form(b"", name="a%22b%0D%0A;c\\d é.png"))) as (_, file):
        assert file is not None
        assert file.name == 'a"b\r\n;c\\d é.png'


def _film(seconds: int, width: int, height: int) -> io.BytesIO:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as film:
        stream = film.add_stream("mpeg4", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(seconds * 25):
            film.mux(stream.encode(av.VideoFrame(width, height, "yuv420p")))
        film.mux(stream.encode(None))
    return file


@pytest.mark.parametrize("kind", ["png", "jpg", "gif"])
def test_pictures_of_a_real_encoder_are_known(kind: str) -> None:
    file = io.BytesIO()
    # What an encoder writes before the size is stepped over.
    more = {"exif": b"x" * 900} if kind == "jpg" else {}
    Image.new("RGB", (640, 360)).save(file, {"jpg": "jpeg"}.get(kind, kind), **more)

    assert look(file) == Media(kind, 640, 360)


def test_films_of_a_real_encoder_are_known() -> None:
    assert look(_film(3, 640, 360)) == Media("mp4", 640, 360, 3.0)


@given(content=some.binary(max_size=200), head=some.sampled_from([b"", png(1, 1)[:12], b"\xff\xd8\xff", mp4(1)[:40]]))
def test_no_bytes_are_too_strange(content: bytes, head: bytes) -> None:
    assert look(io.BytesIO(head + content)).kind in {"", "png", "jpg", "gif", "mp4"}


def test_boxes_within_boxes_end() -> None:
    nested = b""
    for _ in range(3000):
        nested = box(b"moov", nested)

    assert look(io.BytesIO(box(b"ftyp", b"isom") + nested)) == Media("mp4")
    assert look(io.BytesIO(box(b"ftyp", b"isom") + b"\0\0\0\0moov" * 50)) == Media("mp4")
