"""The wire of all stand-ins: werkzeug's requests and responses on 127.0.0.1, kept alive, and broken on request.

werkzeug's own handler closes every connection after one answer and ends every body as it should. Ours keeps the
connection, as the real services do, and lets an answer break off where a switch says so. werkzeug's own server ends the
process where a port is taken, and leaves threads behind.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

import orjson
import werkzeug.wrappers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import WSGIRequestHandler

_HOST: Final = "127.0.0.1"
_PIECE: Final = 1 << 16
HTML: Final = "text/html; charset=utf-8"
WHOLE: Final = 1 << 18  # a body up to this size is sent with its length, a longer one in chunks


class HangUp(Exception):
    """The connection is reset, without an answer."""


class Request(werkzeug.wrappers.Request):
    """What came in: `args`, `form`, `files`, `cookies` and `headers` are werkzeug's."""

    max_form_memory_size = None  # lists of inputs may be long

    @cached_property
    def query(self) -> dict[str, str]:
        """Of a name that is given twice, the last value."""
        return dict(self.args.items(multi=True))

    @cached_property
    def body(self) -> bytes:
        return self.get_data()

    def read_json(self) -> Any:
        """Strictly JSON: a lone surrogate or NaN could not be written back."""
        return orjson.loads(self.body or b"null")

    def drain(self) -> None:
        """Read what nobody asked for: a caller that still sends would hear a reset instead of its answer."""
        while self.stream.read(_PIECE):
            pass


class Answer(werkzeug.wrappers.Response):
    """What goes out. A body shorter than its `content_length` ends there, and the connection with it."""

    default_mimetype = "application/json; charset=utf-8"
    # The body is sent in chunks, and the connection ends before the last one.
    breaks_off = False


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(json.dumps(value, ensure_ascii=False), status, named)


def as_text(text: str, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(text, status, named, content_type="text/plain; charset=utf-8")


def redirect(address: str) -> Answer:
    return Answer(status=302, headers={"Location": address}, content_type=HTML)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: WebServer  # type: ignore[assignment]  # it has what the environ is made of
    server_version = "sandbox"

    def run_wsgi(self) -> None:
        with self.server.busy(), contextlib.closing(Request(self.make_environ())) as request:
            answer = None
            try:
                with contextlib.suppress(HangUp):
                    answer = self.server.handle(request)
                request.drain()
            except ClientDisconnected:
                self.close_connection = True
                return
            if answer is None:
                self.server.reset(self.connection)
                self.close_connection = True
            else:
                self._send(answer, request)

    def _send(self, answer: Answer, request: Request) -> None:
        chunks = iter(answer.get_app_iter(request.environ))
        held: list[bytes] = []
        size = 0
        while size <= WHOLE and (chunk := next(chunks, None)) is not None:
            held.append(chunk)
            size += len(chunk)
        if answer.content_length is None and size <= WHOLE and not answer.breaks_off:
            answer.content_length = size
        is_chunked = answer.content_length is None
        left = answer.content_length or 0
        self.send_response(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        if is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in filter(None, itertools.chain(held, chunks)):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
            left -= len(chunk)
        if is_chunked and not answer.breaks_off:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        if answer.breaks_off or left > 0:
            self.close_connection = True

    def finish(self) -> None:
        """Let go of the socket, even where the caller went away in the middle of an answer."""
        with contextlib.closing(self.rfile), contextlib.suppress(ConnectionError):
            super().finish()

    def version_string(self) -> str:
        return "sandbox"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay silent: `GET /sandbox/count` tells what was answered."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Stay silent about requests that could not be read, too."""


class WebServer(socketserver.ThreadingTCPServer):
    """A service on its own port. Threads are joined on stop, so none outlives the home that it writes to."""

    allow_reuse_address = True
    request_queue_size = 128
    # What werkzeug writes into the environ of each request.
    multithread, multiprocess, ssl_context = True, False, None

    def __init__(self, handle: Callable[[Request], Answer], port: int = 0) -> None:
        self.handle = handle
        self.last_used = time.monotonic()
        self._guard = threading.Lock()
        self._in_flight = 0
        self._open: set[socket.socket] = set()
        self._resetting: set[socket.socket] = set()
        super().__init__((_HOST, port), _Handler)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"sandbox:{self.port}")

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):  # a knock, so that the wait for a caller ends
            socket.create_connection((_HOST, self.port), timeout=1).close()
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
