"""Each part of a workbench, opened when it is first needed, once, whichever thread asks first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from workbench import practice
from workbench.collect.flow import flow
from workbench.collect.tools import Tools
from workbench.errors import Misconfigured
from workbench.files import make_folder
from workbench.ledger import queries
from workbench.ledger.breaker import Breaker
from workbench.ledger.clock import now
from workbench.ledger.lanes import Lanes
from workbench.ledger.store import Ledger, open_ledger
from workbench.secret import Redactor, Secret
from workbench.settings import BRIGHTDATA_LIVE, Origin, Settings
from workbench.worker import Bench, Worker

if TYPE_CHECKING:
    from workbench.brightdata.client import BrightData
    from workbench.tables.catalog import Catalog

T = TypeVar("T")


class part(Generic[T]):  # noqa: N801 - reads as the decorator that it is
    """A property that is made once and kept; functools' own lets two threads make two."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, owner: Any, kind: type[Any]) -> T:
        with owner.opening:
            if self._name not in owner.__dict__:
                owner.__dict__[self._name] = self._make(owner)
            kept: T = owner.__dict__[self._name]
            return kept


class Parts:
    def __init__(self, settings: Settings, origins: Sequence[Origin] = ()) -> None:
        self.settings = settings
        self.origins = tuple(origins)
        self.opening = threading.RLock()

    @part
    def ledger(self) -> Ledger:
        make_folder(self.settings.data, mode=0o700)
        return open_ledger(self.settings.database_url, mode=self.settings.mode, locks=self.settings.data / "locks")

    @part
    def lanes(self) -> Lanes:
        return Lanes(self.ledger, lease_time=self.settings.lease_seconds)

    @part
    def redactor(self) -> Redactor:
        return Redactor([self.settings.brightdata_api_key])

    @part
    def brightdata(self) -> BrightData:
        from workbench.brightdata.client import BrightData

        return BrightData(self._brightdata_url(), self._brightdata_key(), gate=Breaker(self.ledger, "brightdata"))

    def _brightdata_key(self) -> Secret:
        key = self.settings.brightdata_api_key
        if key:
            return key
        if self.settings.mode == "practice":
            return Secret(practice.KEY)
        raise Misconfigured(
            f"live mode needs BRIGHTDATA_API_KEY. Put it into {self.settings.home / '.env'} (chmod 600), or practise "
            "with WORKBENCH_MODE=practice; nothing was sent."
        )

    def _brightdata_url(self) -> str:
        if self.settings.brightdata_url:
            return self.settings.brightdata_url
        if self.settings.mode == "live":
            return BRIGHTDATA_LIVE
        return practice.brightdata_url(self.settings.data / "sandbox")

    @part
    def worker(self) -> Worker:
        chosen = self.settings
        tools = Tools(
            brightdata=self.brightdata,
            lake=make_folder(chosen.lake),
            view=queries.View(self.ledger),
            now=now,
            poll=chosen.poll_seconds,
            stall=chosen.stall_seconds,
            retention=timedelta(days=chosen.retention_days),
            part_rows=chosen.download_batch_rows,
        )
        return Worker(
            self.ledger,
            [Bench(flow(chosen.poll_seconds), tools)],
            lease_time=chosen.lease_seconds,
            backoff=chosen.backoff_seconds,
            redact=self.redactor,
        )

    @part
    def catalog(self) -> Catalog:
        from workbench.tables.catalog import Catalog

        return Catalog(make_folder(self.settings.lake))

    def close(self) -> None:
        with self.opening:
            for name in ("catalog", "worker", "lanes", "brightdata", "ledger"):
                found = self.__dict__.pop(name, None)
                if hasattr(found, "close"):
                    found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
