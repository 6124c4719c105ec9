"""A vendor on the wire: a handler behind the real client, or a little server on loopback that can break off."""

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from workbench.brightdata.client import BrightData
from workbench.secret import Secret

KEY = "test-key-0123456789abcdef"

Fate = Callable[[socket.socket], None]


@dataclass
class Request:
    """What reached the server."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Vendor:
    """Answers one connection after the other with the next fate; the last one stays."""

    fates: list[Fate] = field(default_factory=list)
    connections: int = 0
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._is_over = threading.Event()
        self._threads[0].start()

    def _serve(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        fate = self.fates.pop(0) if len(self.fates) > 1 else self.fates[0]
        with contextlib.closing(connection), contextlib.suppress(OSError):
            if fate is drop:
                connection.recv(1)  # else the connection itself may fail, and nothing has been sent
            else:
                self.requests.append(_read_request(connection))
            fate(connection)

    def close(self) -> None:
        self._is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)


def _read_request(connection: socket.socket) -> Request:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, body = received.split(b"\r\n\r\n", 1)
    line, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (header.split(": ", 1) for header in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _some(connection)
    return Request(line, headers, body)


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the client went away")
    return received


def drop(connection: socket.socket) -> None:
    """The connection is reset; as a fate of its own, before the request was read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drop_after(connection: socket.socket) -> None:
    """The request was read, and the connection is reset instead of an answer."""
    drop(connection)


def stall(connection: socket.socket) -> None:
    connection.recv(1)


class Wire:
    """The fates by name, for tests: functions that answer on a socket."""

    drop = staticmethod(drop)
    drop_after = staticmethod(drop_after)
    stall = staticmethod(stall)

    @staticmethod
    def reply(
        status: int = 200, body: object = b"", headers: dict[str, str] | None = None, *, length: int | None = None
    ) -> Fate:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Content-Length": str(len(raw) if length is None else length), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
        return Wire.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + raw)

    @staticmethod
    def send(raw: bytes) -> Fate:
        return lambda connection: connection.sendall(raw)

    @staticmethod
    def then_drop(raw: bytes) -> Fate:
        def fate(connection: socket.socket) -> None:
            connection.sendall(raw)
            drop(connection)

        return fate

    @staticmethod
    def trickle(raw: bytes, every: float) -> Fate:
        def fate(connection: socket.socket) -> None:
            for byte in raw:
                connection.sendall(bytes([byte]))
                threading.Event().wait(every)

        return fate


@pytest.fixture
def wire() -> type[Wire]:
    return Wire


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    yield server
    server.close()


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def connect() -> Iterator[Callable[..., BrightData]]:
    """A client of a server on loopback."""
    with contextlib.ExitStack() as stack:
        yield lambda url, **given: stack.enter_context(BrightData(url, Secret(KEY), **given))


@pytest.fixture
def site() -> Iterator[Callable[..., BrightData]]:
    """A client whose vendor is a function from request to response, or one response for everything."""
    with contextlib.ExitStack() as stack:

        def build(answer: Callable[[httpx.Request], httpx.Response] | httpx.Response, **given: object) -> BrightData:
            def handler(request: httpx.Request) -> httpx.Response:
                found = answer(request) if callable(answer) else answer
                # As on a wire, where nothing has been read yet.
                unread = httpx.ByteStream(found.content) if found.is_stream_consumed else found.stream
                return httpx.Response(found.status_code, headers=found.headers, stream=unread)

            transport = httpx.MockTransport(handler)
            return stack.enter_context(
                BrightData("https://api.example.test", Secret(KEY), transport=transport, **given)  # type: ignore[arg-type]
            )

        yield build


@pytest.fixture
def ndjson() -> Callable[[int], bytes]:
    """So many small rows, gzipped."""
    return lambda count: gzip.compress(b"".join(b'{"id":"%d","timestamp":"t"}\n' % n for n in range(count)))
