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
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final
from urllib.parse import urlsplit

from workbench.sandbox import notes
from workbench.sandbox.brightdata import store as brightdata_store
from workbench.sandbox.brightdata import strangers
from workbench.sandbox.brightdata.service import BrightData
from workbench.sandbox.database import Database
from workbench.sandbox.marketplace import store as marketplace_store
from workbench.sandbox.marketplace.service import Marketplace
from workbench.sandbox.service import StandIn
from workbench.sandbox.trafficjunky import store as trafficjunky_store
from workbench.sandbox.trafficjunky.service import TrafficJunky
from workbench.sandbox.web import WebServer

ADDRESS: Final = "address.json"
LOCK: Final = "lock"
_FIRST_ANSWER_SECONDS: Final = 10.0


class HomeInUse(RuntimeError):
    """Another sandbox holds the lock of this home."""


_SCHEMA: Final = notes.SCHEMA + brightdata_store.SCHEMA + trafficjunky_store.SCHEMA + marketplace_store.SCHEMA
_NAMES: Final = (BrightData.name, TrafficJunky.name, Marketplace.name)


@dataclass(frozen=True)
class Site:
    """A service at its address."""

    service: StandIn
    web: WebServer

    @property
    def url(self) -> str:
        return self.web.url

    def switch(self, **values: Any) -> None:
        """Set switches without a request; names and values are in the service's `switches.py`."""
        self.service.world.switches.set(values)


class Sandbox:
    """The stand-ins of one home. What they were made to do is in `home` and survives any end of this object.

    Switches of Bright Data have plain names, those of the others their service's in front: `trafficjunky.slow`.

    >>> with Sandbox(tmp_path, switches={"ready_after_seconds": 0}) as sandbox:
    ...     use(sandbox.url, sandbox.trafficjunky.url)
    """

    def __init__(
        self,
        home: Path | str,
        *,
        port: int = 0,
        seed: int | None = None,
        switches: Mapping[str, Any] | None = None,
        strangers: bool = False,
    ) -> None:
        self.home = Path(home)
        self._port = port
        self._seed = seed
        self._strangers = strangers
        self._switches = _by_service(switches or {})
        self._sites: dict[str, Site] = {}
        self._ending = contextlib.ExitStack()

    def start(self) -> Sandbox:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as ending:
            ending.enter_context(_locked(self.home))
            # A predecessor that was killed left its address; nobody may take it for ours.
            (self.home / ADDRESS).unlink(missing_ok=True)
            database = Database(self.home / "sandbox.db", _SCHEMA)
            ending.callback(database.close)
            self.brightdata = BrightData(database, self._seed, self._switches[BrightData.name])
            if self._strangers:
                strangers.ship(self.brightdata.world)
            services: tuple[StandIn, ...] = (
                self.brightdata,
                TrafficJunky(database, self._seed, self._switches[TrafficJunky.name]),
                Marketplace(database, self._seed, self._switches[Marketplace.name]),
            )
            self._sites = {service.name: self._open(service, database, ending) for service in services}
            self._publish()
            ending.callback((self.home / ADDRESS).unlink, missing_ok=True)
            self._ending = ending.pop_all()
        return self

    def _open(self, service: StandIn, database: Database, ending: contextlib.ExitStack) -> Site:
        web = _listening(service, database, self._port if service is self.brightdata else 0)
        ending.callback(web.stop)
        web.start()
        ending.callback(service.stop)
        service.start()
        return Site(service, web)

    def stop(self) -> None:
        self._ending.close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of Bright Data."""
        return self._sites[BrightData.name].url

    def switch(self, **values: Any) -> None:
        """Set switches of Bright Data without a request; see `brightdata/switches.py` for names and values."""
        self._sites[BrightData.name].switch(**values)

    @property
    def trafficjunky(self) -> Site:
        return self._sites[TrafficJunky.name]

    @property
    def marketplace(self) -> Site:
        return self._sites[Marketplace.name]

    @property
    def addresses(self) -> dict[str, str]:
        return {name: site.url for name, site in self._sites.items()}

    def idle_seconds(self) -> float:
        return min(site.web.idle_seconds() for site in self._sites.values())

    def _publish(self) -> None:
        urls = {f"{name}_url": url for name, url in self.addresses.items()}
        address = {"pid": os.getpid(), **urls, "started_at": datetime.now(UTC).isoformat()}
        beside = self.home / f".{ADDRESS}.{os.getpid()}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(address, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.home / ADDRESS)


def _by_service(switches: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    sorted_out: dict[str, dict[str, Any]] = {name: {} for name in _NAMES}
    for given, value in switches.items():
        name, dot, switch = given.partition(".")
        service, switch = (name, switch) if dot else (BrightData.name, given)
        if service not in sorted_out:
            raise ValueError(f"unknown service {service!r} of switch {given!r}; there are: {', '.join(_NAMES)}")
        sorted_out[service][switch] = value
    return sorted_out


def _listening(service: StandIn, database: Database, port: int) -> WebServer:
    """On `port`, else on the port of last time if it is free: callers that kept the address find us again."""
    remembered = notes.Notes(database, service.name)
    last = 0 if port else int(remembered.recall("port") or 0)
    try:
        web = WebServer(service.handle, port or last)
    except OSError:
        if not last:
            raise
        web = WebServer(service.handle)
    remembered.remember("port", web.port)
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


def _print_addresses(addresses: Mapping[str, str]) -> None:
    print("".join(f"{name} {url}\n" for name, url in addresses.items()), end="", flush=True)


def serve(home: Path, *, idle_minutes: float, **world: Any) -> int:
    """Serve until SIGTERM, SIGINT or the idle time; the addresses are the first thing printed."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=ended.set).start()  # the main thread may be in the midst of its wait, with its lock

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        with Sandbox(home, **world) as sandbox:
            _print_addresses(sandbox.addresses)
            while not ended.wait(0.2) and sandbox.idle_seconds() < idle_minutes * 60:
                pass
    except HomeInUse as error:
        address = _wait_for_living(home)
        if address is None:
            print(f"{error}, but does not answer", file=sys.stderr)
            return 1
        _print_addresses({name: address[f"{name}_url"] for name in _NAMES})
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
    command.add_argument(
        "--port", type=int, default=0, help="of Bright Data; default: the port of last time, or a free one"
    )
    command.add_argument("--idle-minutes", type=float, default=60, help="stop after so long without a request")
    command.add_argument("--seed", type=int, help="default: the seed of last time, or 1")
    command.add_argument("--switch", type=_switch, action="append", default=[], metavar="NAME=JSON")
    command.add_argument("--strangers", action="store_true", help="with old snapshots that somebody else asked for")
    given = parser.parse_args(arguments)
    try:
        return serve(
            given.home,
            idle_minutes=given.idle_minutes,
            port=given.port,
            seed=given.seed,
            switches=dict(given.switch),
            strangers=given.strangers,
        )
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
