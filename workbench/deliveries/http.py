"""HTTP/1.1 for a public port: one request a connection, every size and time bounded, nothing said about ourselves.

h11 reads what comes, strictly. Whoever has not shown a secret is a stranger: when connections run out, the stranger who
has been there longest goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import h11

log = logging.getLogger(__name__)

_HEADER_BYTES: Final = 16 << 10
_READ: Final = 64 << 10
_BACKLOG: Final = 1024
_TURNS: Final = 10  # of the loop, until a connection that was just accepted has begun
_LINGER: Final = 2.0  # seconds in which a refused caller may finish sending, so that it reads our answer


@dataclass(frozen=True)
class HttpLimits:
    """Seconds, and a number of connections."""

    idle: float
    total: float
    connections: int


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Gone(Exception):
    """The caller went away, stalled, or broke the protocol in its body."""


@dataclass
class HttpRequest:
    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case; of several of one name the last
    query: Mapping[str, str]
    length: int | None  # None: sent in chunks
    _talk: _Talk = field(repr=False)

    def welcome(self) -> None:
        """The caller has shown a secret."""
        self._talk.is_stranger = False

    async def body(self) -> AsyncIterator[bytes]:
        """The body as it comes, undecoded; raises Gone when it does not come whole."""
        while True:
            event = await self._talk.event()
            if isinstance(event, h11.EndOfMessage):
                return
            if isinstance(event, h11.Data):
                yield bytes(event.data)


Handle = Callable[[HttpRequest], Awaitable[HttpAnswer]]


class HttpServer:
    """Listens and answers; `refusal` is what everybody gets who cannot be understood."""

    def __init__(self, handle: Handle, limits: HttpLimits, refusal: HttpAnswer) -> None:
        self._handle = handle
        self._limits = limits
        self._refusal = refusal
        self._talks: dict[asyncio.Task[None], _Talk] = {}
        self._is_closing = False

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connected, host, port, backlog=_BACKLOG, limit=_READ)

    async def close(self, server: asyncio.Server) -> None:
        """End every conversation; one that was accepted a moment ago begins first, so that it is closed too."""
        self._is_closing = True
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        ending = list(self._talks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        if self._is_closing or not self._has_room():
            writer.transport.abort()
            return
        talk = self._talks[task] = _Talk(reader, writer, self._limits)
        try:
            async with asyncio.timeout(self._limits.total):
                await self._answer(talk)
        except (TimeoutError, Gone, ConnectionError):
            log.debug("a connection ended without its request")
        except asyncio.CancelledError:
            log.debug("a stranger's connection made room, or the receiver stops")
        finally:
            self._talks.pop(task, None)
            writer.transport.abort()

    def _has_room(self) -> bool:
        if len(self._talks) < self._limits.connections:
            return True
        oldest = next((task for task, talk in self._talks.items() if talk.is_stranger), None)
        if oldest is None:
            return False
        del self._talks[oldest]
        oldest.cancel()
        return True

    async def _answer(self, talk: _Talk) -> None:
        try:
            request = await talk.request()
        except h11.RemoteProtocolError:
            await talk.send(self._refusal)
            return
        await talk.send(await self._handle(request))


class _Talk:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: HttpLimits) -> None:
        self.is_stranger = True
        self._reader, self._writer, self._limits = reader, writer, limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_BYTES)

    async def request(self) -> HttpRequest:
        """Raises Gone, or h11's own error for what is no request."""
        event = await self._next()
        if not isinstance(event, h11.Request):
            raise Gone
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in event.headers}
        try:
            parts = urlsplit(event.target.decode("ascii"))
            query = dict(parse_qsl(parts.query, max_num_fields=50))
        except ValueError as error:
            raise h11.RemoteProtocolError("the target is no address") from error
        length = headers.get("content-length")
        return HttpRequest(
            event.method.decode("ascii"), parts.path, headers, query,
            int(length) if length is not None else None if "transfer-encoding" in headers else 0, self,
        )  # fmt: skip

    async def event(self) -> Any:
        """The next of the body."""
        if self._http.they_are_waiting_for_100_continue:
            self._http.send(h11.InformationalResponse(status_code=100, headers=[]))
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            event = await self._next()
        except h11.RemoteProtocolError as error:
            raise Gone from error
        if isinstance(event, h11.ConnectionClosed):
            raise Gone
        return event

    async def _next(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            try:
                async with asyncio.timeout(self._limits.idle):
                    came = await self._reader.read(_READ)
            except (TimeoutError, ConnectionError) as error:
                raise Gone from error
            self._http.receive_data(came)
        return event

    async def send(self, answer: HttpAnswer) -> None:
        named = (
            ("Content-Type", "application/json"), ("Content-Length", str(len(answer.body))), ("Connection", "close"),
            *answer.headers,
        )  # fmt: skip
        head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", *(f"{n}: {v}" for n, v in named)]
        self._writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)
        await self._writer.drain()
        await self._linger()

    async def _linger(self) -> None:
        """A connection that is closed on unread bytes is reset, and the answer lost with it."""
        self.is_stranger = True  # it has its answer: it may make room
        with contextlib.suppress(TimeoutError, OSError):
            self._writer.write_eof()
            async with asyncio.timeout(_LINGER):
                while await self._reader.read(_READ):
                    pass
