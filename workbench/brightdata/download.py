"""A snapshot's rows to disk: streamed, decoded, verified to the last byte, resumable part by part."""

from __future__ import annotations

import errno
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, Final

import httpx

from workbench.brightdata.responses import Answer, NotReady, error_in, refusal
from workbench.brightdata.rows import shape_of
from workbench.brightdata.wire import Lost, Wire
from workbench.errors import Permanent, Transient
from workbench.files import CHUNK, make_folder, write_text, written_beside

OnBytes = Callable[[int, int | None], None]

_HEAD: Final = 64 << 10  # bytes that are looked at to tell rows from an answer about the snapshot
_GZIP: Final = b"\x1f\x8b"
_DISK_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Body:
    """The rows of a snapshot on disk: no parts when there are none.

    `bytes` and `sha256` are of the decoded rows of all parts, one after the other; `received_bytes` came over
    the wire this time, compressed.
    """

    parts: tuple[Path, ...]
    bytes: int
    received_bytes: int
    sha256: str


class Download:
    """One download of one snapshot into one folder; `part` is called for each part in order, then `body`.

    Two downloads into the same folder do not hurt each other: each writes under names of its own and renames.
    """

    def __init__(self, wire: Wire, path: str, folder: Path, *, on_bytes: OnBytes | None) -> None:
        self._wire = wire
        self._path = path
        self._folder = make_folder(folder)
        self._on_bytes = on_bytes or (lambda *_: None)
        self._digest = hashlib.sha256()
        self._parts: list[Path] = []
        self._bytes = self._received = 0

    def part(self, number: int, query: Mapping[str, Any], *, is_only: bool) -> None:
        """Fetch one part, unless it already lies here whole, fetched with the same query."""
        target = self._folder / f"part-{number:05}.ndjson"
        asked = {"path": self._path, **query}
        size = self._size_if_complete(target, asked)
        if size is None:
            size = self._fetch(target, asked, query, is_only=is_only)
        if size:
            self._parts.append(target)
            self._bytes += size

    def body(self) -> Body:
        return Body(tuple(self._parts), self._bytes, self._received, self._digest.hexdigest())

    def _size_if_complete(self, target: Path, asked: Mapping[str, Any]) -> int | None:
        digest = self._digest.copy()
        try:
            known = json.loads(_sidecar(target).read_bytes())
            if known["query"] != asked or target.stat().st_size != known["bytes"]:
                return None
            own = hashlib.sha256()
            with target.open("rb") as file:
                while chunk := file.read(CHUNK):
                    own.update(chunk)
                    digest.update(chunk)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if own.hexdigest() != known["sha256"]:
            return None
        self._digest = digest
        return int(known["bytes"])

    def _fetch(self, target: Path, asked: Mapping[str, Any], query: Mapping[str, Any], *, is_only: bool) -> int:
        try:
            with self._wire.stream(self._path, query=query) as response:
                self._refuse_if_no_rows(response)
                return self._keep(response, target, asked, is_only=is_only)
        except Lost as lost:
            raise Transient(f"{self._wire.address(self._path)} did not answer: {lost}", code="network") from None
        except OSError as error:
            if error.errno not in _DISK_FULL:
                raise
            raise Transient(
                f"the disk of {self._folder} is full. Make room there; the download then goes on by itself.",
                code="disk_full",
            ) from error

    def _refuse_if_no_rows(self, response: httpx.Response) -> None:
        if response.status_code != HTTPStatus.OK:
            raise refusal(self._wire.answer(self._path, response))
        if "html" in response.headers.get("content-type", "").lower():
            raise self._wire.answer(self._path, response).unexpected("rows")

    def _keep(self, response: httpx.Response, target: Path, asked: Mapping[str, Any], *, is_only: bool) -> int:
        digest, own, size, head = self._digest.copy(), hashlib.sha256(), 0, b""
        with written_beside(target) as file:
            for chunk in self._rows(response, is_only=is_only):
                head += chunk[: _HEAD - len(head)]
                size += len(chunk)
                if size > self._wire.limits.largest_part:
                    raise Permanent(f"{self._wire.address(self._path)} sends more than a snapshot can hold.")
                own.update(chunk)
                digest.update(chunk)
                file.write(chunk)
            self._refuse_if_answer(response, head, size)
            # The old note goes before the new rows come: a note never describes other rows than its own.
            _sidecar(target).unlink(missing_ok=True)
        if not size:
            target.unlink(missing_ok=True)
            return 0
        note = {"sha256": own.hexdigest(), "bytes": size, "query": dict(asked)}
        write_text(_sidecar(target), json.dumps(note, indent=1) + "\n")
        self._digest = digest
        return size

    def _rows(self, response: httpx.Response, *, is_only: bool) -> Iterator[bytes]:
        """The decoded bytes; `Transient` at the end when length, chunks or gzip say that some are missing.

        An answer with none of the three does not tell its end: the reader of the rows looks at the last line.
        """
        headers, before = response.headers, self._received
        length = headers.get("content-length", "")
        total = int(length) if is_only and length.isdigit() else None

        def received() -> Iterator[bytes]:
            limits = self._wire.limits
            since, counted = time.monotonic(), 0
            for chunk in _received(response):
                came = response.num_bytes_downloaded
                self._received = before + came
                self._on_bytes(self._received, total)
                yield chunk
                if (took := time.monotonic() - since) >= limits.download_idle.total_seconds():
                    if came - counted < limits.download_least:
                        raise Transient(
                            f"only {came - counted} bytes came in {took:.0f} s; fetched again.", code="slow"
                        )
                    since, counted = time.monotonic(), came

        # Twice: a gzip file can come in a gzip transfer, and the headers are not to be believed.
        yield from gunzipped(gunzipped(received()))
        if length.isdigit() and response.num_bytes_downloaded != int(length):
            raise _cut()

    def _refuse_if_answer(self, response: httpx.Response, head: bytes, size: int) -> None:
        """Refuse what came with 200 and is no rows: a web page, plain words, an answer about the snapshot."""
        shape, kind = shape_of(head), response.headers.get("content-type", "").lower()
        is_short = size == len(head)
        answer = Answer(200, response.headers, head, True, self._wire.address(self._path), self._wire.redact)
        if shape == "status" and is_short:
            raise error_in(answer) or NotReady(f"{answer.address}: {answer.words}", code=answer.code)
        if shape == "html" or (shape == "csv" and "csv" not in kind):
            raise (error_in(answer) if is_short else None) or answer.unexpected("rows")


def gunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What begins like gzip unpacked, member after member, in bounded memory; anything else as it is."""
    chunks, head = iter(chunks), b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_GZIP):
            break
    rest = chain((head,), chunks)
    if head[: len(_GZIP)] != _GZIP:
        yield from rest
        return
    try:
        yield from _members(rest)
    except zlib.error:
        raise Transient("the gzip of the answer is damaged.", code="cut") from None


def _members(chunks: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        rest = chunk
        while rest:
            if member.eof:
                rest = rest.lstrip(b"\0")  # padding between members
                if not rest:
                    break
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            # Asked until nothing comes: input can be used up while output still waits behind the limit.
            while data := member.decompress(rest, CHUNK):
                yield data
                # At the end of a member CPython leaves in unconsumed_tail what is in unused_data already.
                rest = b"" if member.eof else member.unconsumed_tail
            rest = member.unused_data
    if not member.eof:
        raise _cut()


def _received(response: httpx.Response) -> Iterator[bytes]:
    """The bytes as they were sent; a connection that breaks raises `Transient` without httpx's own error."""
    is_cut = False
    try:
        yield from response.iter_raw()
    except httpx.RequestError:
        is_cut = True
    if is_cut:
        raise _cut()


def _cut() -> Transient:
    return Transient("the connection broke off before the last row; the part is fetched again.", code="cut")


def _sidecar(part: Path) -> Path:
    return part.with_suffix(".json")
