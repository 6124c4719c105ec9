"""A multipart form, read as it comes in: small fields as text, the one file into a spooled copy with its hash."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final

from workbench.sandbox.web import Body, Request

MOST_BYTES: Final = 1 << 30
_PIECE: Final = 1 << 16
_MOST_HEAD: Final = 1 << 14
_MOST_FIELD: Final = 1 << 16
_MOST_PARTS: Final = 20
_IN_MEMORY: Final = 1 << 20
_NAME: Final = re.compile(r'[;\s]name="([^"]*)"')
_FILE_NAME: Final = re.compile(r'[;\s]filename="([^"]*)"')


class BadForm(ValueError):
    """No form that we read; the text says why."""


class Cut(ConnectionError):
    """The caller went away in the middle of the form."""


@dataclass
class File:
    name: str
    content: IO[bytes]
    sha256: str = ""
    size: int = 0


@dataclass
class Form:
    fields: dict[str, str] = field(default_factory=dict)
    file: File | None = None

    def close(self) -> None:
        if self.file is not None:
            self.file.content.close()


def read_form(request: Request, form: Form) -> None:
    """Fill `form`, which knows the file's name even where the caller goes away half-way."""
    marked = re.search(r'boundary="?([^";]{1,200})"?', request.headers.get("content-type", ""))
    if marked is None or not request.upload.left:
        raise BadForm("send multipart/form-data with a boundary and its length")
    if request.upload.left > MOST_BYTES:
        raise BadForm(f"more than {MOST_BYTES:,} bytes")
    parts = _Parts(request.upload, b"\r\n--" + marked[1].encode("latin-1"))
    for number, head in enumerate(parts.heads()):
        if number >= _MOST_PARTS:
            raise BadForm(f"more than {_MOST_PARTS} parts")
        _take(head, parts.content(), form)


def _take(head: str, content: Iterator[bytes], form: Form) -> None:
    name, file_name = _NAME.search(head), _FILE_NAME.search(head)
    if name is None:
        raise BadForm("a part without a name")
    if file_name is None:
        form.fields[_unquoted(name[1])] = _text(content)
        return
    if form.file is not None:
        raise BadForm("more than one file")
    # Closed with the form.
    form.file = File(_unquoted(file_name[1]), tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
        form.file.size += len(piece)
        form.file.content.write(piece)
    form.file.sha256 = digest.hexdigest()


def _text(content: Iterator[bytes]) -> str:
    read = bytearray()
    for piece in content:
        read += piece
        if len(read) > _MOST_FIELD:
            raise BadForm(f"a field of more than {_MOST_FIELD:,} bytes")
    return read.decode("utf-8", "replace")


def _unquoted(name: str) -> str:
    """Browsers escape three characters of a name in a form's head, and nothing else."""
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


class _Parts:
    """`heads` yields the head of each part; its `content` must be read before the next head is asked for."""

    def __init__(self, body: Body, mark: bytes) -> None:
        self._body = body
        self._mark = mark
        self._held = b"\r\n"  # the first mark stands at the very beginning

    def heads(self) -> Iterator[str]:
        for _ in self.content():
            pass
        while True:
            self._fill(2)
            if self._held.startswith(b"--"):
                return
            yield self._head()

    def _head(self) -> str:
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > _MOST_HEAD:
                raise BadForm("the head of a part is too long")
            self._fill(len(self._held) + 1)
        head, self._held = self._held[:end], self._held[end + 4 :]
        return head.decode("utf-8", "replace")

    def content(self) -> Iterator[bytes]:
        """Pieces up to the next mark, which is taken too."""
        while (end := self._held.find(self._mark)) < 0:
            # The end of what is held may be the beginning of a mark.
            safe = max(0, len(self._held) - len(self._mark) + 1)
            if safe:
                yield self._held[:safe]
                self._held = self._held[safe:]
            self._fill(len(self._held) + 1)
        piece, self._held = self._held[:end], self._held[end + len(self._mark) :]
        if piece:
            yield piece

    def _fill(self, size: int) -> None:
        while len(self._held) < size:
            piece = self._body.read(_PIECE)
            if not piece:
                raise Cut("the form ends before its last mark")
            self._held += piece
