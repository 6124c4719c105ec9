"""The form of an upload: small fields as text, the one file into a spooled copy with its hash."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Final, cast

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from workbench.sandbox.web import Request

MOST_BYTES: Final = 1 << 30
_MOST_FIELD: Final = 1 << 17
_MOST_PARTS: Final = 20
_IN_MEMORY: Final = 1 << 20
_LONGEST_MARK: Final = 1 << 8
_FILE_NAME: Final = re.compile(r'[;\s]filename="([^"]*)"')


class BadForm(ValueError):
    """No form that we read; the text says why."""


@dataclass(frozen=True)
class File:
    name: str
    content: IO[bytes]
    sha256: str
    size: int


class _Pieces:
    """A body in full pieces and its end in one: of a last mark in two, werkzeug takes the first byte for the file's."""

    def __init__(self, request: Request) -> None:
        self._stream = request.stream
        self._left = request.content_length or 0

    def read(self, size: int) -> bytes:
        wanted = self._left if self._left < size + _LONGEST_MARK else size
        piece = bytearray()
        while len(piece) < wanted:
            piece += self._stream.read(wanted - len(piece))
        self._left -= wanted
        return bytes(piece)


@contextmanager
def read_form(request: Request) -> Iterator[tuple[dict[str, str], File | None]]:
    """Read the form to its end; a caller that goes away half-way is werkzeug's ClientDisconnected."""
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary or not request.content_length:
        raise BadForm("send multipart/form-data with a boundary and its length")
    if request.content_length > MOST_BYTES:
        raise BadForm(f"more than {MOST_BYTES:,} bytes")
    with ExitStack() as opened:

        def spooled(*_: object, **__: object) -> IO[bytes]:
            return opened.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))

        # Not `request.form`: that takes a form of no sane shape for an empty one.
        parser = MultiPartParser(spooled, _MOST_FIELD, max_form_parts=_MOST_PARTS)
        try:
            body = cast("IO[bytes]", _Pieces(request))
            fields, files = parser.parse(body, boundary.encode("latin-1"), request.content_length)
        except (ValueError, RequestEntityTooLarge) as error:
            raise BadForm(str(error)) from error
        sent = list(files.values())
        if len(list(files.items(multi=True))) > 1 or None in {*fields, *files}:
            raise BadForm("more than one file, or a part without a name")
        yield dict(fields.items()), _file(sent[0]) if sent else None


def _file(sent: FileStorage) -> File:
    """Browsers escape three characters of a name in a form's head, and nothing else; werkzeug looks for more."""
    named = _FILE_NAME.search(sent.headers["content-disposition"])
    name = named[1].replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n") if named else ""
    digest = hashlib.file_digest(sent.stream, "sha256").hexdigest()  # type: ignore[arg-type]
    return File(name, sent.stream, digest, sent.stream.tell())
