"""One sandbox per home: a lock, an address file, a process that stops when nobody asks anything of it any more."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final
from urllib.parse import urlsplit

from workbench.sandbox.brightdata.service import BrightData
from workbench.sandbox.brightdata.store import SCHEMA
from workbench.sandbox.database import Database
from workbench.sandbox.web import WebServer

ADDRESS: Final = "address.json"
LOCK: Final = "lock"
_FIRST_ANSWER_SECONDS: Final = 10.0


class HomeInUse(RuntimeError):
    """Another sandbox holds the lock of this home."""


class Sandbox:
    """The stand-ins of one home. What they were made to do is in `home` and survives any end of this object.

    >>> with Sandbox(tmp_path, switches={"ready_after_seconds": 0}) as sandbox:
    ...     use(sandbox.url)
    """

    def __init__(
        self, home: Path | str, *, port: int = 0, seed: int | None = None, switches: Mapping[str, Any] | None = None
    ) -> None:
        self.home = Path(home)
        self._port = port
        self._seed = seed
        self._switches = dict(switches or {})
        self._ending = contextlib.ExitStack()

    def start(self) -> Sandbox:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as ending:
            ending.enter_context(_locked(self.home))
            # A predecessor that was killed left its address; nobody may take it for ours.
            (self.home / ADDRESS).unlink(missing_ok=True)
            database = Database(self.home / "sandbox.db", SCHEMA)
            ending.callback(database.close)
            self.brightdata = BrightData(database, self._seed, self._switches)
            self._web = _listening(self.brightdata, self._port)
            ending.callback(self._web.stop)
            self._web.start()
            ending.callback(self.brightdata.stop)
            self.brightdata.start()
            self._publish()
            ending.callback((self.home / ADDRESS).unlink, missing_ok=True)
            self._ending = ending.pop_all()
        return self

    def stop(self) -> None:
        self._ending.close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of Bright Data."""
        return self._web.url

    def switch(self, **values: Any) -> None:
        """Set switches without a request; see `brightdata/switches.py` for names and values."""
        self.brightdata.world.switches.set(values)

    def idle_seconds(self) -> float:
        return self._web.idle_seconds()

    def _publish(self) -> None:
        address = {"pid": os.getpid(), "brightdata_url": self.url, "started_at": datetime.now(UTC).isoformat()}
        beside = self.home / f".{ADDRESS}.{os.getpid()}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(address, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.home / ADDRESS)


def _listening(service: BrightData, port: int) -> WebServer:
    """On `port`, else on the port of last time if it is free: callers that kept the address find us again."""
    store = service.world.store
    last = 0 if port else int(store.recall("port") or 0)
    try:
        web = WebServer(service.handle, port or last)
    except OSError:
        if not last:
            raise
        web = WebServer(service.handle)
    store.remember("port", web.port)
    return web


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[IO[bytes]]:
    with (home / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HomeInUse(f"another sandbox runs in {home}") from error
        yield lock


def living_address(home: Path | str) -> dict[str, Any] | None:
    """The address of the sandbox that answers for this home now, if any."""
    try:
        address = json.loads((Path(home) / ADDRESS).read_text())
        parts = urlsplit(address["brightdata_url"])
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=2)
        try:
            connection.request("GET", "/sandbox")
            about = json.loads(connection.getresponse().read())
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError, KeyError):
        return None
    return address if about.get("pid") == address["pid"] else None


def _wait_for_living(home: Path) -> dict[str, Any] | None:
    last = time.monotonic() + _FIRST_ANSWER_SECONDS
    while time.monotonic() < last:
        if address := living_address(home):
            return address
        time.sleep(0.05)
    return None


def _print_addresses(brightdata_url: str) -> None:
    print(f"brightdata {brightdata_url}", flush=True)


def serve(home: Path, *, port: int, seed: int | None, idle_minutes: float, switches: Mapping[str, Any]) -> int:
    """Serve until SIGTERM, SIGINT or the idle time; the addresses are the first thing printed."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        with Sandbox(home, port=port, seed=seed, switches=switches) as sandbox:
            _print_addresses(sandbox.url)
            while not ended.wait(0.2) and sandbox.idle_seconds() < idle_minutes * 60:
                pass
    except HomeInUse as error:
        address = _wait_for_living(home)
        if address is None:
            print(f"{error}, but does not answer", file=sys.stderr)
            return 1
        _print_addresses(address["brightdata_url"])
    return 0


def _switch(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value")
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"the value of {name} is not JSON: {value}") from error


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m workbench.sandbox", description=__doc__)
    command = parser.add_subparsers(required=True).add_parser("serve", help="serve in the foreground")
    command.add_argument("--home", type=Path, required=True, help="folder of the sandbox's own state")
    command.add_argument("--port", type=int, default=0, help="default: the port of last time, or a free one")
    command.add_argument("--idle-minutes", type=float, default=60, help="stop after so long without a request")
    command.add_argument("--seed", type=int, help="default: the seed of last time, or 1")
    command.add_argument("--switch", type=_switch, action="append", default=[], metavar="NAME=JSON")
    given = parser.parse_args(arguments)
    try:
        return serve(
            given.home, port=given.port, seed=given.seed, idle_minutes=given.idle_minutes, switches=dict(given.switch)
        )
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
