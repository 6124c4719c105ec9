"""The public receiver: `POST /api/brightdata/webhook/[<intent token>]` and the cron address, on a port of its own.

auth → size → stream to disk → hash → store → 200 → nudge. Whatever is refused gets one body that says nothing; whoever
shows no secret gets one answer, whatever was asked for, and leaves no trace but a count in the log.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from workbench.brightdata.delivery import PATH, TooLarge
from workbench.brightdata.webhook_probe import REFUSED
from workbench.deliveries.http import Gone, HttpAnswer, HttpLimits, HttpRequest, HttpServer
from workbench.errors import BadInput, Misconfigured, Transient
from workbench.parsing import as_names
from workbench.secret import Secret

if TYPE_CHECKING:
    from workbench.deliveries.intake import Intake
    from workbench.workbench import Workbench

T = TypeVar("T")

log = logging.getLogger(__name__)

CRON: Final = "/api/cron/process-brightdata-snapshots"
_WEBHOOK: Final = re.compile(re.escape(PATH.rstrip("/")) + r"(?:/([A-Za-z0-9_-]{0,64}))?/?")
_TAKEN: Final = HttpAnswer(200, b'{"status":"received"}')
_STRANGER: Final = HttpAnswer(401, REFUSED, (("WWW-Authenticate", "Bearer"),))
_BATCH: Final = 256 << 10  # bytes that are handed to a thread together
_THREADS: Final = 8
_REREAD: Final = 1.0  # seconds in which a changed file of secrets is noticed
_MATCH_EVERY: Final = 2.0  # seconds between looks for deliveries that could not be matched yet
_TELL_EVERY: Final = 60.0
_START_EVERY: Final = 5.0  # seconds between looks whether a worker is there


def _refused(status: int) -> HttpAnswer:
    return HttpAnswer(status, REFUSED)


class Keys:
    """The live secrets of one address, read again so that they can be changed while we run."""

    def __init__(self, read: Callable[[], Sequence[Secret]]) -> None:
        self._read = read
        self._digests = [_digest(secret.reveal().encode()) for secret in read()]
        self._read_at = time.monotonic()

    def open_for(self, authorization: str | None) -> bool:
        """Whether the header shows a live secret: raw, as Bearer, or as Basic (encoded, or its password)."""
        self._reread()
        shown = [_digest(one) for one in _shown_in(authorization or "")]
        # All are compared with all, in constant time: how long it takes says nothing.
        return any([hmac.compare_digest(one, live) for live in self._digests for one in shown])  # noqa: C419

    def _reread(self) -> None:
        if time.monotonic() - self._read_at < _REREAD:
            return
        self._read_at = time.monotonic()
        try:
            self._digests = [_digest(secret.reveal().encode()) for secret in self._read()]
        except Misconfigured as error:
            if self._digests:
                log.error("every caller is refused until this is mended: %s", error.message)  # noqa: TRY400
            self._digests = []


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _shown_in(authorization: str) -> list[bytes]:
    raw = authorization.strip().encode("latin-1")
    scheme, _, rest = raw.partition(b" ")
    rest = rest.strip()
    if scheme.lower() not in (b"bearer", b"basic"):
        return [raw]
    shown = [raw, rest]
    if scheme.lower() == b"basic":
        with contextlib.suppress(binascii.Error, ValueError):
            shown.append(base64.b64decode(rest, validate=True).partition(b":")[2])
    return shown


class Receiver:
    """Serves in a thread of its own from `start` to `stop`; `start_worker` is called when there is work to do."""

    def __init__(
        self, workbench: Workbench, host: str, port: int, *, start_worker: Callable[[], object] | None = None
    ) -> None:
        chosen = workbench.settings
        self._workbench = workbench
        self._host, self._port = host, port
        self._start_worker = start_worker
        self._webhook_keys = Keys(workbench.parts.webhook_secrets)
        self._cron_keys = Keys(workbench.parts.cron_secrets)
        self._hosts = {name.lower() for name in as_names(chosen.webhook_hosts)}
        self._largest = chosen.webhook_largest_mb << 20
        self._limits = HttpLimits(
            idle=chosen.webhook_idle_seconds.total_seconds(),
            total=chosen.webhook_total_seconds.total_seconds(),
            connections=chosen.webhook_connections,
        )
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="receiver")
        self._nudged, self._stopping = threading.Event(), threading.Event()
        self._serving = threading.Thread(target=self._serve, name="receiver", daemon=True)
        self._matching = threading.Thread(target=self._match, name="matcher", daemon=True)
        self._up: threading.Event = threading.Event()
        self._failed: OSError | None = None
        self._started_at = float("-inf")
        self._strangers, self._told_at = 0, time.monotonic()

    # its life -----------------------------------------------------------------------------------

    def start(self) -> Self:
        self._workbench.parts.ledger.head()  # opens it: without a ledger nothing may be taken
        self._workbench.deliveries.sweep_spool()
        self._serving.start()
        self._up.wait()
        if self._failed is not None:
            words = f"cannot listen at {self._host} port {self._port}: {self._failed.strerror}. Give another --port."
            raise BadInput(words) from self._failed
        self._matching.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._nudged.set()
        self._loop.call_soon_threadsafe(self._quit.set)
        self._serving.join()
        self._matching.join()
        self._pool.shutdown()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def _serve(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        self._loop, self._quit = asyncio.get_running_loop(), asyncio.Event()
        wire = HttpServer(self._handle, self._limits, _STRANGER)
        try:
            server = await wire.listen(self._host, self._port)
            self._port = server.sockets[0].getsockname()[1]
        except OSError as error:
            self._failed = error
            return
        finally:
            self._up.set()
        async with server:
            await self._quit.wait()
            await wire.close(server)

    # requests -----------------------------------------------------------------------------------

    async def _handle(self, request: HttpRequest) -> HttpAnswer:
        try:
            return await self._route(request)
        except Gone:
            raise
        except Exception as error:  # the boundary: nothing about us leaves, the log has it
            is_known = isinstance(error, Transient | OSError)
            log.log(logging.WARNING if is_known else logging.ERROR, "not taken: %r", error, exc_info=not is_known)
            return _refused(503 if is_known else 500)

    async def _route(self, request: HttpRequest) -> HttpAnswer:
        is_cron = request.path.rstrip("/") == CRON
        keys = self._cron_keys if is_cron else self._webhook_keys
        if not keys.open_for(request.headers.get("authorization")):
            self._strangers += 1
            return _STRANGER
        if self._hosts and request.headers.get("host", "").rsplit(":", 1)[0].lower() not in self._hosts:
            return _refused(403)
        request.welcome()
        if is_cron:
            return await self._cron() if request.method == "GET" else _refused(405)
        found = _WEBHOOK.fullmatch(request.path)
        if found is None:
            return _refused(404)
        return await self._deliver(request, found[1] or None) if request.method == "POST" else _refused(405)

    async def _deliver(self, request: HttpRequest, token: str | None) -> HttpAnswer:
        intake = self._workbench.deliveries.intake(token, request.headers, request.query)
        try:
            await self._take(request, intake)
            await self._run(intake.keep)
        except TooLarge as error:
            await self._run(partial(intake.refuse, error.message))
            return _refused(413)
        finally:
            self._pool.submit(intake.abandon)
            self._nudged.set()
        return _TAKEN

    async def _take(self, request: HttpRequest, intake: Intake) -> None:
        """The body to the disk, in batches, off the loop; raises TooLarge before it has read more than is allowed."""
        if (request.length or 0) > self._largest:
            raise TooLarge(f"it is larger than {self._largest >> 20} MB")
        received, batch = 0, bytearray()
        async for chunk in request.body():
            received += len(chunk)
            if received > self._largest:
                raise TooLarge(f"it is larger than {self._largest >> 20} MB")
            batch += chunk
            if len(batch) >= _BATCH:
                await self._fed(intake, batch)
        await self._fed(intake, batch)

    async def _fed(self, intake: Intake, batch: bytearray) -> None:
        full = bytes(batch)
        batch.clear()
        if full:
            await self._run(lambda: intake.feed(full))

    async def _cron(self) -> HttpAnswer:
        found = await self._run(self._workbench.deliveries.queue_unfinished)
        await self._run(self._wake)
        return HttpAnswer(200, json.dumps(found).encode())

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._pool, work)

    # after the answer ---------------------------------------------------------------------------

    def _match(self) -> None:
        """Deliveries find their snapshots one after the other, beside the answers."""
        while not self._stopping.is_set():
            self._nudged.wait(_MATCH_EVERY)
            self._nudged.clear()
            self._tell_of_strangers()
            try:
                became: Any = self._workbench.deliveries.match()
                if became and self._workbench.deliveries.has_work():
                    self._wake()
            except Exception as error:  # noqa: BLE001 - a thread's boundary: looked at again, and the worker looks too
                log.warning("deliveries could not be matched: %r", error)

    def _tell_of_strangers(self) -> None:
        """A line a minute at most: strangers must not fill the disk with our log either."""
        if self._strangers and time.monotonic() - self._told_at > _TELL_EVERY:
            log.warning("%d requests showed no valid secret", self._strangers)
            self._strangers, self._told_at = 0, time.monotonic()

    def _wake(self) -> None:
        """A worker, unless one is at work or was just started."""
        if self._start_worker is None or time.monotonic() - self._started_at < _START_EVERY:
            return
        self._started_at = time.monotonic()
        self._start_worker()
