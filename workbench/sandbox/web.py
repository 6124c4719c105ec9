"""The wire of all stand-ins: HTTP/1.1 with keep-alive on 127.0.0.1, and answers that break on request."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import orjson

_PIECE: Final = 1 << 16
WHOLE: Final = 1 << 18  # a body up to this size is sent with its length, a longer one in chunks


class HangUp(Exception):
    """The connection is reset, without an answer."""


class Body:
    """A body of known length, read as it comes in."""

    def __init__(self, file: io.BufferedIOBase, size: int, *, is_on_wire: bool = False) -> None:
        self._file = file
        self._is_on_wire = is_on_wire
        self.left = size

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; ends early only where the caller went away."""
        piece = self._file.read(min(size, self.left))
        self.left = self.left - len(piece) if piece else 0
        return piece

    def drain(self) -> None:
        """A caller that still sends would hear a reset instead of its answer."""
        while self._is_on_wire and self.read(_PIECE):
            pass


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    client: str
    # For those who take a body in pieces; `body` takes the rest whole.
    upload: Body

    @cached_property
    def body(self) -> bytes:
        return self.upload.read(self.upload.left)

    def json(self) -> Any:
        """Strictly JSON: a lone surrogate or NaN could not be written back."""
        return orjson.loads(self.body or b"null")


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    # How the body breaks: the connection closes before the promised length, or before the last chunk.
    cut: Literal["", "length", "chunked"] = ""
    promised: int = 0


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers=named)


def as_text(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: WebServer

    def do_GET(self) -> None:
        with self.server.busy():
            request = self._request()
            try:
                answer = self.server.handle(request)
            except HangUp:
                self.server.reset(self.connection)
                self.close_connection = True
                return
            request.upload.drain()
            self._send(answer)

    do_POST = do_PUT = do_DELETE = do_GET

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command or "", parts.path, query, headers, self.client_address[0], self._body(headers))

    def _body(self, headers: Mapping[str, str]) -> Body:
        """Only forms are left on the wire: they may hold large files."""
        if headers.get("content-type", "").lower().startswith("multipart/form-data") and "content-length" in headers:
            return Body(self.rfile, int(headers["content-length"]), is_on_wire=True)
        is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        whole = b"".join(self._chunks()) if is_chunked else self.rfile.read(int(headers.get("content-length") or 0))
        return Body(io.BytesIO(whole), len(whole))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _send(self, answer: Answer) -> None:
        chunks = iter((answer.body,) if isinstance(answer.body, bytes) else answer.body)
        held: list[bytes] = []
        size = 0
        while size <= WHOLE and (chunk := next(chunks, None)) is not None:
            held.append(chunk)
            size += len(chunk)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.cut == "chunked" or (size > WHOLE and answer.cut != "length"):
            self._send_chunked(itertools.chain(held, chunks), whole=not answer.cut)
        else:
            self.send_header("Content-Length", str(answer.promised or size))
            self.end_headers()
            for chunk in itertools.chain(held, chunks):
                self.wfile.write(chunk)
        self.wfile.flush()
        if answer.cut:
            self.close_connection = True

    def _send_chunked(self, chunks: Iterable[bytes], *, whole: bool) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in filter(None, chunks):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if whole:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Stay silent: `GET /sandbox/count` tells what was answered."""


class WebServer(socketserver.ThreadingTCPServer):
    """A service on its own port. Threads are joined on stop, so none outlives the home that it writes to."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, handle: Callable[[Request], Answer], port: int = 0) -> None:
        self.handle = handle
        self.last_used = time.monotonic()
        self._guard = threading.Lock()
        self._in_flight = 0
        self._open: set[socket.socket] = set()
        self._resetting: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"sandbox:{self.port}")

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):  # a knock, so that the wait for a caller ends
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._thread.join()
        with self._guard:
            waiting = list(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            self.handle_request()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Keep the idle clock from running while a request is being answered."""
        with self._guard:
            self._in_flight += 1
        try:
            yield
        finally:
            with self._guard:
                self._in_flight -= 1
                self.last_used = time.monotonic()

    def idle_seconds(self) -> float:
        return 0.0 if self._in_flight else time.monotonic() - self.last_used

    def reset(self, connection: socket.socket) -> None:
        """Close with RST instead of FIN, once the handler has let go of the connection."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._resetting.add(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        if request in self._resetting:
            self._resetting.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a caller that went away is no error of ours
            super().handle_error(request, client_address)
