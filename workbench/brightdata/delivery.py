"""What Bright Data's webhook brings: unpacked within bounds, judged, and the places that may name the snapshot.

A delivery is a doorbell: the rows themselves are fetched with our key. So nothing here is believed; what stands in it
is a candidate until the ledger knows it, and an address in it (`file_url`) is never followed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import orjson

from workbench.brightdata.contents import is_id
from workbench.brightdata.rows import lines_of_array, shape_of
from workbench.errors import WorkbenchError
from workbench.secret import Secret

Kind = Literal["rows", "test", "file_url", "broken"]

PATH: Final = "/api/brightdata/webhook/"
UNSENT: Final = "none"  # as the name of a parameter
TEST_HEADER: Final = "x-brightdata-test"
WHOLE: Final = 2 << 20  # bytes of a body that are judged; of a longer one only its first row is looked at

# Bright Data sets these itself; the others were seen in old deliveries, and some of them proxies set too.
_VOUCHED: Final = ("snapshot-id", "dca-collection-id")
_HEADERS: Final = (*_VOUCHED, "x-snapshot-id", "x-brightdata-snapshot-id", "x-request-id", "x-brightdata-request-id")
_FACTS: Final = ("content-type", "content-encoding", "dca-dataset", "dca-filename", "user-agent", TEST_HEADER)
_QUERY: Final = ("snapshot_id", "id", "request_id", "snapshotId", "requestId")
_BODY: Final = (*_QUERY, "Snapshot-Id", "Request-Id", "Dca-Collection-Id", "job_id", "jobId")
_INNER: Final = ("metadata", "meta")
_LONGEST_FACT: Final = 200
_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_PIECE: Final = 64 << 10
_HOSTS: Final = {
    "instagram.com": "instagram",
    "facebook.com": "facebook",
    "linkedin.com": "linkedin",
    "tiktok.com": "tiktok",
    "youtube.com": "youtube",
    "x.com": "x",
    "twitter.com": "x",
}


class TooLarge(WorkbenchError):
    """The body is larger than a delivery may be."""


class Unreadable(WorkbenchError):
    """The kept body does not hold the rows of a snapshot."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Our public address as a trigger names it; the names of the parameters differ between the vendor's documents."""

    url: str
    secret: Secret
    endpoint_parameter: str
    notify_parameter: str
    auth_parameter: str

    def query(self, intent_id: str) -> dict[str, Secret]:
        """For one trigger: its token in the path is what we know its delivery by."""
        address = Secret(f"{address_of(self.url)}{intent_id}")
        named = {
            self.endpoint_parameter: address,
            self.notify_parameter: address,
            self.auth_parameter: Secret(f"Bearer {self.secret.reveal()}"),
        }
        return {name: value for name, value in named.items() if name != UNSENT}


def address_of(url: str) -> str:
    """Where deliveries go: `url` may be the whole address or only the host that the receiver stands behind."""
    base = url.rstrip("/")
    return f"{base}/" if base.endswith(PATH.rstrip("/")) else f"{base}{PATH}"


# ---- unpacking


class Unpacking:
    """Identity or one layer of gzip, told by its first bytes and never by a header, piece by piece."""

    def __init__(self, largest: int) -> None:
        self.size = 0
        self.damage: str | None = None  # why the rest could not be unpacked
        self._largest = largest
        self._head = b""
        self._member: Any = None
        self._is_plain = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What `chunk` unpacks to, in pieces of bounded size; raises TooLarge."""
        if self._is_plain:
            yield self._counted(chunk)
            return
        if self._member is None:
            self._head += chunk
            if len(self._head) < len(_GZIP):
                return
            chunk, self._head = self._head, b""
            if not chunk.startswith(_GZIP):
                self._is_plain = True
                yield self._counted(chunk)
                return
            self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        yield from self._inflated(chunk)

    def end(self) -> Iterator[bytes]:
        """The rest, once the body is over; afterwards `damage` says whether it was whole."""
        if self._head:
            yield self._counted(self._head)
        elif self._member is not None and not self._member.eof:
            self.damage = self.damage or "the gzip breaks off"

    def _counted(self, piece: bytes) -> bytes:
        self.size += len(piece)
        if self.size > self._largest:
            raise TooLarge(f"unpacked it is larger than {self._largest >> 20} MB")
        return piece

    def _inflated(self, rest: bytes) -> Iterator[bytes]:
        while rest and self.damage is None:
            if self._member.eof:
                rest = rest.lstrip(b"\0")  # padding between members
                if not rest:
                    return
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                while piece := self._member.decompress(rest, _PIECE):
                    yield self._counted(piece)
                    rest = b"" if self._member.eof else self._member.unconsumed_tail
            except zlib.error:
                self.damage = "the gzip is damaged"
                return
            rest = self._member.unused_data


# ---- judging


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a body says by itself."""

    kind: Kind
    error: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)  # place → candidate
    vouched: tuple[str, ...] = ()  # what a notice of Bright Data's calls the snapshot
    hint: str | None = None  # which platform the rows look like; for people, never a decision


def facts_in(headers: Mapping[str, str], query: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What is kept of a request: the places that may name a snapshot, and what the body was said to be."""
    told = {name: _short(headers[name]) for name in (*_HEADERS, *_FACTS) if headers.get(name)}
    return {"headers": told, "query": {name: _short(query[name]) for name in _QUERY if query.get(name)}}


def named_in(sent: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Candidates in headers and query, by their place."""
    headers = {f"header {name}": value for name, value in sent["headers"].items() if name in _HEADERS}
    return headers | {f"query {name}": value for name, value in sent["query"].items()}


def vouched_in(sent: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """The ids in Bright Data's own headers, each once."""
    found = (sent["headers"].get(name, "") for name in _VOUCHED)
    return tuple(dict.fromkeys(one for one in found if is_id(one)))


def is_test(sent: Mapping[str, Mapping[str, str]]) -> bool:
    return sent["headers"].get(TEST_HEADER, "").lower() == "true"


def judge(head: bytes, *, is_whole: bool) -> Content:
    """A body by its first `WHOLE` unpacked bytes; `is_whole` says that there are no more."""
    text = head.removeprefix(_BOM).strip()
    if not text:
        return Content(kind="rows")
    if text.startswith(_GZIP):
        return Content(kind="broken", error="there is gzip inside the gzip")
    rows, error = _rows(text, is_whole=is_whole)
    first = rows[0] if rows else None
    if not isinstance(first, dict):
        return Content(kind="broken", error=error) if error else Content(kind="rows")
    is_single = len(rows) == 1 and text[:1] == b"{"
    named, vouched = _named_in_body(first), _notice(first) if is_single else ()
    if error:
        return Content(kind="broken", error=error, named=named, vouched=vouched)
    kind: Kind = "rows"
    if is_single and "test" in first:
        kind = "test"
    elif is_single and isinstance(first.get("file_url"), str):
        kind = "file_url"
    return Content(kind=kind, named=named, vouched=vouched, hint=_platform(first))


def lines_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A kept body as NDJSON, byte for byte, broken lines with it; raises Unreadable for what holds no rows."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _PIECE:
            break
    shape, rest = shape_of(head[:_PIECE]), chain((head,), pieces)
    if shape == "array":
        yield from (line + b"\n" for line in lines_of_array(rest))
    elif shape == "ndjson":
        yield from rest
    else:
        raise Unreadable(f"its body is no rows ({shape})")


def _rows(text: bytes, *, is_whole: bool) -> tuple[list[Any], str | None]:
    """The rows, and what is wrong with them; of a body that goes on, its first row at most."""
    if not is_whole:
        return _first_row(text), None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _lines(text, f"it is no JSON: {_short(str(error))}")
    return (found if isinstance(found, list) else [found]), None


def _lines(text: bytes, otherwise: str) -> tuple[list[Any], str | None]:
    """NDJSON line by line; the first broken line is named."""
    rows: list[Any] = []
    error = None
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as wrong:
            error = error or f"line {number} is no JSON: {_short(str(wrong))}"
    return rows, error if rows else otherwise


def _first_row(text: bytes) -> list[Any]:
    start = text[1:].lstrip() if text[:1] == b"[" else text
    try:
        first, _ = json.JSONDecoder().raw_decode(start.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return []
    return [first, None]  # there are more


def _named_in_body(first: Mapping[str, Any]) -> dict[str, str]:
    found = {f"body {name}": first[name] for name in _BODY if name in first}
    for outer in _INNER:
        inner = first.get(outer)
        if isinstance(inner, dict):
            found |= {f"body {outer}.{name}": inner[name] for name in _BODY if name in inner}
    return {place: value for place, value in found.items() if isinstance(value, str) and is_id(value)}


def _notice(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The id in ``{"snapshot_id", "status"}``, which Bright Data's notify sends."""
    said = body.get("snapshot_id")
    is_notice = isinstance(said, str) and is_id(said) and isinstance(body.get("status"), str)
    return (str(said),) if is_notice else ()


def _platform(row: Mapping[str, Any]) -> str | None:
    for value in row.values():
        if isinstance(value, str) and value.startswith(("https://", "http://")):
            try:
                host = (urlsplit(value[:500]).hostname or "").removeprefix("www.")
            except ValueError:
                continue
            if host in _HOSTS:
                return _HOSTS[host]
    return None


def _short(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text[:_LONGEST_FACT])
