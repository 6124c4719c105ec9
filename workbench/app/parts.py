"""Each part of a workbench, opened when it is first needed, once, whichever thread asks first."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from workbench import practice
from workbench.app.secretfiles import read_secrets
from workbench.errors import Misconfigured
from workbench.files import make_folder
from workbench.ledger import queries
from workbench.ledger.breaker import Breaker
from workbench.ledger.caps import Caps
from workbench.ledger.clock import now
from workbench.ledger.lanes import Lanes
from workbench.ledger.store import Ledger, open_ledger
from workbench.secret import Redactor, Secret
from workbench.settings import BRIGHTDATA_LIVE, Origin, Settings
from workbench.worker import Bench, Worker

if TYPE_CHECKING:
    from workbench.brightdata.client import BrightData
    from workbench.brightdata.datasets import Dataset
    from workbench.brightdata.delivery import Webhook
    from workbench.collect.tools import Tools
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
    def datasets(self) -> tuple[Dataset, ...]:
        """Every dataset that can be collected from: those that ship, and the entries of workbench.toml."""
        from workbench.app.owndatasets import read_own
        from workbench.brightdata.datasets import with_own

        return with_own(read_own(self.settings.datasets))

    @part
    def caps(self) -> Caps:
        chosen = self.settings
        return Caps(
            trigger=_micro(chosen.cap_trigger_usd),
            run=_micro(chosen.cap_run_usd),
            day=_micro(chosen.cap_day_usd),
            month=_micro(chosen.cap_month_usd),
            datasets={name: round(usd * 1e6) for name, usd in chosen.cap_dataset_usd.items()},
        )

    @part
    def lanes(self) -> Lanes:
        return Lanes(self.ledger, lease_time=self.settings.lease_seconds)

    @part
    def redactor(self) -> Redactor:
        with contextlib.suppress(Misconfigured):  # told by whoever needs them
            return Redactor([self.settings.brightdata_api_key, *self.receiver_secrets()])
        return Redactor([self.settings.brightdata_api_key])

    def receiver_secrets(self) -> list[Secret]:
        """What callers of the receiver show: none where it is not set up."""
        has_webhook = self.settings.webhook_secret_file is not None
        return [*(self.webhook_secrets() if has_webhook else ()), *self.cron_secrets()]

    def webhook_secrets(self) -> list[Secret]:
        """One, or two while they are changed; Misconfigured without any that nobody else may read."""
        path = self.settings.webhook_secret_file
        return read_secrets(path and self.settings.home / path, "WORKBENCH_WEBHOOK_SECRET_FILE")

    def cron_secrets(self) -> list[Secret]:
        """None where no cron address is wanted."""
        path = self.settings.cron_secret_file
        return read_secrets(self.settings.home / path, "WORKBENCH_CRON_SECRET_FILE") if path else []

    @part
    def webhook(self) -> Webhook | None:
        """Our public address for triggers; None: polling alone."""
        from workbench.brightdata.delivery import Webhook

        chosen = self.settings
        if not chosen.webhook_url:
            return None
        return Webhook(
            url=chosen.webhook_url,
            secret=self.webhook_secrets()[0],
            endpoint_parameter=chosen.webhook_endpoint_parameter,
            notify_parameter=chosen.webhook_notify_parameter,
            auth_parameter=chosen.webhook_auth_parameter,
        )

    @part
    def brightdata(self) -> BrightData:
        from workbench.brightdata.client import BrightData, Limits

        return BrightData(
            self._brightdata_url(),
            self.brightdata_key(),
            gate=Breaker(self.ledger, "brightdata"),
            limits=Limits(trigger=self.settings.trigger_seconds),
        )

    def brightdata_key(self) -> Secret:
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
    def collect_tools(self) -> Tools:
        from workbench.collect.tools import Tools

        chosen = self.settings
        return Tools(
            brightdata=self.brightdata,
            lake=make_folder(chosen.lake),
            view=queries.View(self.ledger),
            now=now,
            poll=chosen.poll_seconds,
            stall=chosen.stall_seconds,
            retention=timedelta(days=chosen.retention_days),
            look_gaps=chosen.look_gaps,
            part_rows=chosen.download_batch_rows,
            datasets=self.datasets,
            webhook=self.webhook,
        )

    @part
    def worker(self) -> Worker:
        from workbench.collect.flow import flow

        chosen = self.settings
        steps = flow(poll_every=chosen.poll_seconds, longest_trigger=chosen.trigger_seconds)
        return Worker(
            self.ledger,
            [Bench(steps, self.collect_tools)],
            lease_time=chosen.lease_seconds,
            backoff=chosen.backoff_seconds,
            caps=self.caps,
            redact=self.redactor,
        )

    @part
    def catalog(self) -> Catalog:
        from workbench.tables.catalog import Catalog

        return Catalog(make_folder(self.settings.lake))

    def close(self) -> None:
        with self.opening:
            for name in ("catalog", "worker", "collect_tools", "lanes", "brightdata", "ledger"):
                found = self.__dict__.pop(name, None)
                if hasattr(found, "close"):
                    found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _micro(usd: float | None) -> int | None:
    return None if usd is None else round(usd * 1e6)
