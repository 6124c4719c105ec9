"""One call to Bright Data: through the gate, with the key, within a total time limit.

Nothing here knows what an answer means, and nothing here asks twice.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Protocol, Self

import httpx

from workbench.brightdata.responses import LARGEST, Answer, retry_after
from workbench.errors import Misconfigured
from workbench.secret import Redactor, Secret

# httpx raises these before the first byte of a request leaves: the one proof that nothing happened.
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True)
class Limits:
    """How long each kind of call may take in total, connecting and answer included."""

    # Until the connection stands; nothing has been sent before that.
    connect: timedelta = timedelta(seconds=10)
    # Starting a collection: after this long none can still be on its way, so that looking for it makes sense.
    trigger: timedelta = timedelta(seconds=60)
    # One look at one snapshot.
    poll: timedelta = timedelta(seconds=30)
    # One page of up to 5,000 snapshots.
    list: timedelta = timedelta(minutes=2)
    # The inputs of one snapshot: tens of thousands of addresses at most.
    inputs: timedelta = timedelta(minutes=5)
    # Cancel, deliver, and the questions about account and catalogue.
    manage: timedelta = timedelta(seconds=60)
    # Until rows begin to come; the vendor may build the file in that time.
    download_start: timedelta = timedelta(minutes=2)
    # Between two pieces of rows; the whole may take hours.
    download_idle: timedelta = timedelta(seconds=60)
    # Bytes that come in the time between two pieces, at least: a body that drips holds a worker for days.
    download_least: int = 1024
    # Bytes of rows in one answer: the vendor stops at 5 GB compressed, so more is no snapshot.
    largest_part: int = 64 << 30


class Gate(Protocol):
    """The breaker that all processes share: the vendor blocks an address after 25 times 429 in 5 minutes."""

    def enter(self, call_limit: timedelta) -> str:
        """A ticket that is held for `call_limit` at most; raises `Throttled` while nobody may call."""

    def leave(self, ticket: str, *, refused: bool = False, retry_after: timedelta | None = None) -> None:
        """Give the ticket back; `refused` says that the vendor answered 429."""


class OpenGate:
    """Lets every call through: for one process alone."""

    def enter(self, call_limit: timedelta) -> str:  # noqa: ARG002 - the protocol's
        return ""

    def leave(self, ticket: str, *, refused: bool = False, retry_after: timedelta | None = None) -> None:
        pass


class Lost(Exception):
    """There is no answer; `was_sent` is False only when no byte of the request can have left."""

    def __init__(self, why: str, *, was_sent: bool) -> None:
        super().__init__(why)
        self.was_sent = was_sent


@dataclass(frozen=True, repr=False)
class Request:
    """What is sent. A `Secret` in query or payload is revealed on the wire, masked in the answer."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = None
    files: Mapping[str, Any] | None = None

    def content(self) -> str | None:
        return None if self.payload is None else json.dumps(self.payload, default=_reveal, allow_nan=False)

    def headers(self) -> dict[str, str]:
        return {} if self.payload is None else {"Content-Type": "application/json"}


class Wire:
    """The connection to one base address. Thread-safe; every status is an answer, no redirect is followed."""

    def __init__(
        self,
        base_url: str,
        api_key: Secret,
        *,
        gate: Gate | None,
        limits: Limits,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self.limits = limits
        self._base = _checked_base(base_url)
        self._key = api_key
        self._gate = gate or OpenGate()
        self.redact = Redactor([api_key])
        is_secured = self._base.startswith("https:")
        self._client = httpx.Client(
            transport=transport,
            # To check is to read all certificates first, which costs as much as many calls: plain http has none.
            verify=is_secured,
            # A connection of its own for every call: a kept one may be dead already, and a trigger sent down
            # a dead connection is an answer lost. httpx's own transport has retries=0.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"Connection": "close", "Accept-Encoding": "gzip", "User-Agent": "workbench"},
            follow_redirects=False,
            # A proxy of the environment would see a plain-http request with its key: with https alone.
            trust_env=is_secured,
        )

    def close(self) -> None:
        self._client.close()

    def address(self, path: str) -> str:
        """The address as it may be shown: without the query, which can carry secrets."""
        return f"{self._base}{path}"

    def call(self, request: Request, limit: timedelta, *, since: float | None = None) -> Answer:
        """Send once and read the whole answer; `Lost` when there is none.

        The limit counts from `since` (of `boot_clock`), or from now: past it nothing is sent any more.
        """
        with _Watch(limit, since) as watch, contextlib.closing(self._send(request, watch, idle=limit)) as response:
            return self.answer(request.path, response, hide=_secrets_in([request.query, request.payload]))

    @contextlib.contextmanager
    def stream(self, path: str, *, query: Mapping[str, Any]) -> Iterator[httpx.Response]:
        """GET and yield when the headers are there; the body is the caller's to read."""
        with _Watch(self.limits.download_start) as watch:
            response = self._send(Request("GET", path, query), watch, idle=self.limits.download_idle)
        with contextlib.closing(response):
            yield response

    def answer(self, path: str, response: httpx.Response, *, hide: Iterable[Secret] = ()) -> Answer:
        """The rest of a response as an answer; a body that breaks off is kept as far as it came."""
        body, is_whole = _read(response)
        redact = Redactor([self._key, *hide])
        return Answer(response.status_code, response.headers, body, is_whole, self.address(path), redact)

    def _send(self, request: Request, watch: _Watch, *, idle: timedelta) -> httpx.Response:
        self._check_key()
        response, lost = None, Lost("", was_sent=False)
        ticket = self._gate.enter(watch.limit)
        try:
            # One expression: httpx's request is in no local variable that a traceback could show.
            response = self._client.send(
                self._client.build_request(
                    request.method,
                    self.address(request.path),
                    params=_plain_query(request.query),
                    content=request.content(),
                    files=request.files,
                    headers=request.headers() | {"Authorization": f"Bearer {self._key.reveal()}"},
                    timeout=httpx.Timeout(idle.total_seconds(), connect=self.limits.connect.total_seconds()),
                    extensions={"trace": watch.trace},
                ),
                stream=True,
            )
        except _NOT_SENT as error:
            lost = Lost(self._why(error, watch), was_sent=False)
        except (httpx.RequestError, OSError) as error:
            lost = Lost(self._why(error, watch), was_sent=True)
        finally:
            refused = response is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS
            wait = retry_after(response.headers) if response is not None and refused else None
            self._gate.leave(ticket, refused=refused, retry_after=wait)
        if response is None:
            # Raised here and not above, so that it does not carry httpx's error, whose request holds the key.
            raise lost
        return response

    def _why(self, error: Exception, watch: _Watch) -> str:
        if watch.has_expired:
            return f"no answer within {watch.limit.total_seconds():g} s"
        return self.redact(str(error)) or type(error).__name__

    def _check_key(self) -> None:
        if not self._key:
            raise Misconfigured("BRIGHTDATA_API_KEY is not set. Put the key of your Bright Data account into .env.")
        if not re.fullmatch(r"[\x21-\x7e]+", self._key.reveal()):
            raise Misconfigured("BRIGHTDATA_API_KEY holds a character that no key has, perhaps a space. Copy it again.")


def boot_clock() -> float:
    """Seconds that go on while this process, or the whole machine, is suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class _Watch:
    """Ends a call at its total limit by shutting its socket down: httpx limits single reads and writes."""

    def __init__(self, limit: timedelta, since: float | None = None) -> None:
        self.limit = limit
        self.has_expired = False
        self._ends = (boot_clock() if since is None else since) + limit.total_seconds()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(limit.total_seconds(), self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """The "trace" extension of httpx: tells which socket is ours and when the request will leave."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
        # By the clock: after a suspended process wakes, this thread may run before the timer's does.
        if event.endswith(".send_request_headers.started") and (self.has_expired or boot_clock() >= self._ends):
            raise httpx.ConnectTimeout("the time was over before anything was sent")

    def _expire(self) -> None:
        self.has_expired = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # The plain socket's method: SSLSocket's own takes the session from under the reading thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _WithoutQuery(logging.Filter):
    """httpx logs every address at INFO, and a query of ours can hold the webhook's secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                str(arg.copy_with(query=None)) if isinstance(arg, httpx.URL) else arg for arg in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutQuery())


def _checked_base(base_url: str) -> str:
    """The base address without a closing slash; plain http is for stand-ins on this machine only."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise Misconfigured(
            "the address of Bright Data is like https://api.brightdata.com. Correct WORKBENCH_BRIGHTDATA_URL."
        )
    if url.scheme == "http" and not _is_loopback(url.host):
        raise Misconfigured(
            f"plain http would show the key to the network between here and {url.host}. "
            "Use https in WORKBENCH_BRIGHTDATA_URL."
        )
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")


def _secrets_in(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets_in(inner)


def _plain_query(query: Mapping[str, Any]) -> dict[str, str]:
    """Unset values left out, truth values in the vendor's spelling, secrets revealed."""

    def plain(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return value.reveal() if isinstance(value, Secret) else str(value)

    return {key: plain(value) for key, value in query.items() if value is not None}


def _read(response: httpx.Response) -> tuple[bytes, bool]:
    """The body, and whether it is whole: httpx raises where it is shorter than its length or its chunks say."""
    body = bytearray()
    with contextlib.suppress(httpx.RequestError, OSError):
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST:
                return bytes(body), False
        return bytes(body), True
    return bytes(body), False
