"""Each part of a workbench, opened when it is first needed, once, whichever thread asks first."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from workbench import practice
from workbench.accounts.store import may_act_from
from workbench.browser.shared_browser import sharing_browser
from workbench.budget.caps import Caps, writers
from workbench.collect import queries
from workbench.collect import store as collect_store
from workbench.collect.vendor_lists import VendorLists
from workbench.db.clock import now
from workbench.db.journal import NAME as JOURNAL
from workbench.db.journal import Journal
from workbench.db.ledger import Ledger, open_ledger
from workbench.engine.account_acts import AccountActs
from workbench.engine.behind import find_out
from workbench.engine.leases import Leases
from workbench.engine.locks import Locks
from workbench.engine.rate_limit import Breaker
from workbench.engine.retry import RetryPolicy
from workbench.engine.worker import EquippedFlow, Worker
from workbench.errors import BadInput, Misconfigured
from workbench.feature import EXECUTION_ID
from workbench.files import make_folder
from workbench.lake import store as lake_store
from workbench.lake.identity import know_lake
from workbench.logs import LogFolder
from workbench.secret import Redactor, Secret
from workbench.secretfiles import long_enough, read_secrets
from workbench.settings import BRIGHTDATA_LIVE, TOML, Origin, ScheduleEntries, Settings, as_environment

if TYPE_CHECKING:
    from workbench.accounts.service import Accounts
    from workbench.audit.service import Audit
    from workbench.brightdata.client import BrightData
    from workbench.brightdata.datasets import Dataset
    from workbench.brightdata.delivery import Webhook
    from workbench.brightdata.webhook_probe import ProbeResult
    from workbench.browser.account_page import AccountPage, Browsing
    from workbench.browser.artifacts import Evidence
    from workbench.browser.login import LoginGate
    from workbench.browser.session import Sessions
    from workbench.browser.sites import Site
    from workbench.budget.service import Budget
    from workbench.collect.browsing import Browse
    from workbench.collect.forgetting import ForgetCollected
    from workbench.collect.importing import Imports
    from workbench.collect.recovery import Recovery
    from workbench.collect.service import Collect
    from workbench.collect.tools import CollectTools
    from workbench.db.columns import TableRows
    from workbench.deliveries.service import Deliveries
    from workbench.engine.transitions import Writers
    from workbench.errorlog.service import ErrorLog
    from workbench.forgetting import Forgetting
    from workbench.lake.catalog import Catalog
    from workbench.lake.keeping import Keeping
    from workbench.lake.lost import LostFiles
    from workbench.lake.raw import RawFile
    from workbench.lake.service import Lake
    from workbench.lake.tending import Tending
    from workbench.overview import Overview
    from workbench.post.known import Known
    from workbench.post.pages import ItemForm
    from workbench.post.selling_page import SellingPage
    from workbench.post.service import Postings
    from workbench.post.tools import ItemContent, PostTools
    from workbench.schedule.service import Schedules
    from workbench.upload.pages import MediaLibrary
    from workbench.upload.service import Uploads
    from workbench.upload.tools import UploadTools
    from workbench.working import Working

log = logging.getLogger(__name__)

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


class Container:
    """Builds each part once, when it is first needed; it alone reads the settings."""

    def __init__(self, settings: Settings, origins: Sequence[Origin] = ()) -> None:
        self.settings = settings
        self.home = settings.home  # as people know it
        self.is_home = True  # False: nothing was ever done there, and to look at it changes nothing
        self.origins = tuple(origins)
        self.opening = threading.RLock()

    @property
    def sandbox(self) -> Path:
        """Practice mode's own world: whoever asks it only looks, and still finds what is there."""
        return self.home / "data" / "sandbox"

    def today(self) -> date:
        """In the time zone of the settings."""
        return now().astimezone(self.settings.zone).date()

    @part
    def ledger(self) -> Ledger:
        chosen = self.settings
        make_folder(chosen.data, mode=0o700)
        ledger = open_ledger(
            chosen.database_url, mode=chosen.mode, locks=chosen.data / "locks", zone=chosen.zone,
            execution_id=os.environ.get(EXECUTION_ID),
        )  # fmt: skip
        try:
            know_lake(ledger, chosen.lake, is_beside=not chosen.ledger_url)
        except BaseException:
            ledger.close()
            raise
        file = None if chosen.ledger_url else chosen.data / "ledger.db"
        try:
            find_out(ledger, self.journal, file)
        except OSError as error:  # doctor tells; and nothing is done outside while it cannot be written
            log.warning("%s cannot be read: %s", self.journal.path, error.strerror)
        return ledger

    @part
    def journal(self) -> Journal:
        return Journal(self.settings.data / JOURNAL)

    @part
    def vendor_lists(self) -> VendorLists:
        return VendorLists(self.ledger)

    @part
    def datasets(self) -> tuple[Dataset, ...]:
        """Every dataset that can be collected from: those that ship, and the entries of workbench.toml."""
        from workbench.brightdata.datasets import with_own
        from workbench.collect.own_datasets import read_own

        return with_own(read_own(self.settings.datasets))

    @part
    def item_form(self) -> Known:
        """What Marketplace's form takes, with the owner's categories of workbench.toml."""
        from workbench.post.known import with_own

        try:
            return with_own(self.settings.categories)
        except BadInput as error:
            raise Misconfigured(f"workbench.toml, {error.message}") from error

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
    def retry(self) -> RetryPolicy:
        return RetryPolicy(first=self.settings.backoff_seconds)

    @part
    def locks(self) -> Locks:
        return Locks(self.ledger, lease_time=self.settings.lease_seconds)

    @part
    def redactor(self) -> Redactor:
        from workbench.audit.lookalikes import of_environment

        own = [
            self.settings.brightdata_api_key,
            self.settings.notify_url,
            *of_environment({"ledger_url": self.settings.ledger_url}),
        ]
        with contextlib.suppress(Misconfigured):  # told by whoever needs them
            return Redactor([*own, *self.receiver_secrets()])
        return Redactor(own)

    @part
    def logs(self) -> LogFolder:
        return LogFolder(self.settings.data / "logs", self.redactor)

    def receiver_secrets(self) -> list[Secret]:
        """What callers of the receiver show: none where it is not set up."""
        has_webhook = self.settings.webhook_secret_file is not None
        return [*(self.webhook_secrets() if has_webhook else ()), *self.cron_secrets()]

    def webhook_secrets(self) -> list[Secret]:
        """One, or two while they are changed; Misconfigured without any that nobody else may read."""
        path = self.settings.webhook_secret_file
        return read_secrets(path and self.home / path, "WORKBENCH_WEBHOOK_SECRET_FILE")

    def cron_secrets(self) -> list[Secret]:
        """None where no cron address is wanted. The old CRON_SECRET of .env holds beside what the file has."""
        path, old = self.settings.cron_secret_file, self.settings.cron_secret
        filed = read_secrets(self.home / path, "WORKBENCH_CRON_SECRET_FILE") if path else []
        return [*filed, *([long_enough(old, "CRON_SECRET")] if old else [])]

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
            f"live mode needs BRIGHTDATA_API_KEY. Put it into {self.home / '.env'} (chmod 600), or practise "
            "with WORKBENCH_MODE=practice; nothing was sent."
        )

    def _brightdata_url(self) -> str:
        if self.settings.brightdata_url:
            return self.settings.brightdata_url
        if self.settings.mode == "live":
            return BRIGHTDATA_LIVE
        return practice.address(self.sandbox, "brightdata")

    @part
    def collect_tools(self) -> CollectTools:
        from workbench.collect.tools import CollectTools

        chosen = self.settings
        return CollectTools(
            # What is on our disk is read without the vendor: an import needs neither a key nor a stand-in.
            brightdata=cast("BrightData", _Later(lambda: self.brightdata)),
            lake=make_folder(chosen.lake),
            view=queries.LedgerQueries(self.ledger),
            now=now,
            poll=chosen.poll_seconds,
            stall=chosen.stall_seconds,
            retention=timedelta(days=chosen.retention_days),
            look_gaps=chosen.look_gaps,
            part_rows=chosen.download_batch_rows,
            datasets=self.datasets,
            webhook=self.webhook,
            vendor_lists=self.vendor_lists,
            reuse=timedelta(hours=chosen.reuse_hours),
            look_inputs=chosen.look_inputs,
        )

    @part
    def post_tools(self) -> PostTools:
        from workbench.post.queries import PostingQueries
        from workbench.post.tools import PostTools

        chosen = self.settings
        return PostTools(
            visit=lambda account_id: self.browsing.visit(account_id, self.site("marketplace")),
            item_form=self._item_form,
            selling_page=self._selling_page,
            view=PostingQueries(self.ledger),
            acts=AccountActs(self.ledger),
            home=chosen.home,
            form=self.item_form,
            now=now,
            may_act_from=lambda account_id: may_act_from(self.ledger, account_id, chosen.zone),
            look_gaps=chosen.look_gaps,
            patience=chosen.page_seconds,
        )

    @part
    def upload_tools(self) -> UploadTools:
        from workbench.upload.queries import LedgerUploads, inventory_rows
        from workbench.upload.record import write_inventory
        from workbench.upload.store import wake
        from workbench.upload.tools import UploadTools

        chosen = self.settings
        return UploadTools(
            visit=lambda account_id: self.browsing.visit(account_id, self.site("trafficjunky")),
            library=self._media_library,
            may_act_from=lambda account_id: may_act_from(self.ledger, account_id, chosen.zone),
            wake=lambda upload_id: wake(self.ledger, upload_id),
            write_inventory=lambda: write_inventory(chosen.creatives, inventory_rows(self.ledger), chosen.zone),
            creatives=chosen.creatives,
            archive=chosen.archive,
            sending=chosen.data / "sending",
            view=LedgerUploads(self.ledger),
            acts=AccountActs(self.ledger),
            now=now,
            poll=chosen.poll_seconds,
            file_time=chosen.file_seconds,
            look_gaps=chosen.look_gaps,
        )

    # Page objects bring Playwright with them, which only somebody who opens a page pays for.

    def _item_form(self, visit: AccountPage, item: ItemContent) -> ItemForm:
        from workbench.post.pages import ItemForm

        return ItemForm(visit, item)

    def _selling_page(self, visit: AccountPage) -> SellingPage:
        from workbench.post.selling_page import SellingPage

        return SellingPage(visit)

    def _media_library(self, visit: AccountPage) -> MediaLibrary:
        from workbench.upload.pages import MediaLibrary

        return MediaLibrary(visit, self.settings.page_seconds)

    @part
    def worker(self) -> Worker:
        from workbench.post.flow import flow as posting
        from workbench.upload.flow import flow as uploading

        chosen = self.settings
        return Worker(
            self.ledger,
            [
                *self._collecting(),
                EquippedFlow(
                    posting(retry=self.retry, look_every=chosen.poll_seconds, longest_act=2 * chosen.page_seconds),
                    self.post_tools,
                ),
                EquippedFlow(
                    uploading(
                        retry=self.retry,
                        batch_size=chosen.upload_batch_size,
                        look_every=chosen.poll_seconds,
                        longest_act=chosen.upload_batch_size * chosen.file_seconds,
                    ),
                    self.upload_tools,
                ),
            ],
            lease_time=chosen.lease_seconds,
            writers=self._writers,
            redact=self.redactor,
            in_thread=sharing_browser,
            journal=self.journal,
        )

    @property
    def _writers(self) -> Writers:
        return {**writers(self.caps), **lake_store.WRITERS, **collect_store.WRITERS}

    def read_one(self) -> bool:
        """One step of a snapshot whose bytes are here: its tables, or their place in the manifest. False: none is due.

        Nothing else is begun by it, and nothing is sent.
        """
        from workbench.collect.flow import reading

        worker = Worker(self.ledger, [], lease_time=self.settings.lease_seconds, writers=self._writers)
        return worker.advance(EquippedFlow(reading(retry=self.retry), self.collect_tools))

    def _collecting(self) -> list[EquippedFlow]:
        """None where there is no key for it and nothing to collect: posting and uploading go on without one."""
        from workbench.collect.flow import flow

        chosen = self.settings
        steps = flow(retry=self.retry, poll_every=chosen.poll_seconds, longest_trigger=chosen.trigger_seconds)
        try:
            return [EquippedFlow(steps, self.collect_tools)]
        except Misconfigured:
            if Leases(self.ledger, lease_time=self.settings.lease_seconds).next_due(steps) is not None:
                raise
        return []

    @part
    def evidence(self) -> Evidence:
        """What is kept of pages."""
        from workbench.browser.artifacts import Evidence

        return Evidence(self.settings.data / "evidence")

    @part
    def browsing(self) -> Browsing:
        """How accounts visit their sites."""
        from workbench.browser.account_page import Browsing

        chosen = self.settings
        return Browsing(
            sessions=self.sessions,
            evidence=self.evidence,
            browser=chosen.browser or None,
            headless=chosen.headless,
            page_seconds=chosen.page_seconds,
            keep_alive=chosen.keep_alive_seconds,
            cool_down=chosen.cool_down_seconds,
            redact=self.redactor,
        )

    @part
    def login_gate(self) -> LoginGate:
        """Where a person logs in to an account."""
        from workbench.browser.login import LoginGate

        return LoginGate(self.browsing)

    @part
    def sessions(self) -> Sessions:
        from workbench.browser.session import Sessions

        return Sessions(self.settings.data / "sessions")

    def site(self, channel: str) -> Site:
        """The site of a channel, at the address of the settings, the sandbox or the world."""
        from workbench.browser.sites import SITES

        if channel not in SITES:
            raise BadInput(f"{channel!r} is no channel; there are {', '.join(SITES)}.")
        site = SITES[channel]
        chosen = {"trafficjunky": self.settings.trafficjunky_url, "marketplace": self.settings.marketplace_url}[channel]
        if chosen:
            return site.at(chosen)
        if self.settings.mode == "live":
            return site
        return site.at(practice.address(self.sandbox, "trafficjunky" if channel == "trafficjunky" else "marketplace"))

    @part
    def catalog(self) -> Catalog:
        from workbench.lake.catalog import Catalog

        return Catalog(make_folder(self.settings.lake))

    def view_tables(self) -> dict[str, TableRows]:
        """The ledger as the tables that analysts ask."""
        from workbench.view_tables import table_rows

        return table_rows(self.ledger)

    # features -------------------------------------------------------------------------------------

    @part
    def collect(self) -> Collect:
        """Sources, plans and runs."""
        from workbench.collect.service import Collect

        return Collect(self)

    @part
    def browse(self) -> Browse:
        """What came, folder by folder."""
        from workbench.collect.browsing import Browse

        return Browse(self)

    @part
    def imports(self) -> Imports:
        """Files on disk that become snapshots."""
        from workbench.collect.importing import Imports

        return Imports(self)

    @part
    def recover(self) -> Recovery:
        """What exists at Bright Data against what we have."""
        from workbench.collect.recovery import Recovery

        return Recovery(self)

    @part
    def forget_collected(self) -> ForgetCollected:
        """Whoever is tracked, forgotten."""
        from workbench.collect.forgetting import ForgetCollected

        return ForgetCollected(self)

    @part
    def deliveries(self) -> Deliveries:
        """What webhooks brought."""
        from workbench.deliveries.service import Deliveries

        def stored(bodies: Sequence[Path], target: Path) -> RawFile:
            from workbench.lake.raw import store_raw

            return store_raw(bodies, target)

        def probed(address: str, secret: Secret, body: bytes) -> ProbeResult:
            from workbench.brightdata.webhook_probe import probe_webhook

            return probe_webhook(address, secret, body)

        return Deliveries(self, store_raw=stored, probe_webhook=probed)

    @part
    def budget(self) -> Budget:
        """What was spent, the caps, the stop switch."""
        from workbench.budget.service import Budget

        return Budget(self)

    @part
    def lake(self) -> Lake:
        """The tables."""
        from workbench.lake.service import Lake

        return Lake(self)

    @part
    def lost_files(self) -> LostFiles:
        """What of the lake is missing."""
        from workbench.lake.lost import LostFiles

        return LostFiles(self)

    @part
    def keeping(self) -> Keeping:
        """Compaction, sweep, backup and restore."""
        from workbench.lake.keeping import Keeping

        return Keeping(self)

    @part
    def tending(self) -> Tending:
        """What is kept in order beside the work."""
        from workbench.lake.tending import Tending

        return Tending(self)

    @part
    def accounts(self) -> Accounts:
        """Accounts, their logins and their pace."""
        from workbench.accounts.service import Accounts

        return Accounts(self)

    @part
    def postings(self) -> Postings:
        """Listings and posting jobs."""
        from workbench.post.service import Postings

        return Postings(self)

    @part
    def errorlog(self) -> ErrorLog:
        """What went wrong, whichever feature it happened to."""
        from workbench.errorlog.service import ErrorLog

        return ErrorLog(self)

    @part
    def uploads(self) -> Uploads:
        """Creatives and batches."""
        from workbench.upload.service import Uploads

        return Uploads(self)

    @part
    def audit(self) -> Audit:
        """Executed notebooks, kept."""
        from workbench.audit.service import Audit

        return Audit(self)

    @part
    def schedule(self) -> Schedules:
        """What runs by itself."""
        from workbench.schedule.service import Schedules

        def why_no_command(words: Sequence[str]) -> str | None:
            from workbench.cli.commands import why_no_command

            return why_no_command(words)

        is_written = any(one.name == "WORKBENCH_SCHEDULES" and one.source != "given" for one in self.origins)
        return Schedules(
            self,
            entries=ScheduleEntries(self.home / TOML, None if is_written else self.settings.schedules),
            environment=lambda: {**os.environ, **as_environment(self.settings)},
            why_no_command=why_no_command,
        )

    @part
    def working(self) -> Working:
        """The work of this process, and of one beside it."""
        from workbench.working import Working

        return Working(self)

    @part
    def forgetting(self) -> Forgetting:
        """Whom all features forget together."""
        from workbench.forgetting import Forgetting

        return Forgetting(self)

    @part
    def overview(self) -> Overview:
        """How everything stands."""
        from workbench.overview import Overview

        return Overview(self)

    def close(self) -> None:
        with self.opening:
            tools = ("upload_tools", "post_tools", "collect_tools")
            for name in ("catalog", "worker", *tools, "locks", "brightdata", "ledger", "logs"):
                found = self.__dict__.pop(name, None)
                if hasattr(found, "close"):
                    found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Later:
    """Stands for what is opened when it is first asked for something."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        try:
            found = self._make()
        except Misconfigured:
            raise
        except BadInput as error:  # no fault of the item that asked: the work ends, and its owner is told
            raise Misconfigured(error.message, code=error.code) from error
        return getattr(found, name)


def _micro(usd: float | None) -> int | None:
    return None if usd is None else round(usd * 1e6)
