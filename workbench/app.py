"""The wiring: settings → ledger, edges, flows. `open_workbench()` is the door for notebooks, scripts and faces."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from workbench import practice
from workbench.collect import folders, status
from workbench.collect.flow import flow
from workbench.collect.plan import Ask, make_plan
from workbench.collect.sources import check, read_csv
from workbench.collect.tools import Tools
from workbench.errors import BadInput, Misconfigured, WorkbenchError
from workbench.files import make_folder
from workbench.ledger import collecting, queries
from workbench.ledger.breaker import Breaker
from workbench.ledger.clock import now
from workbench.ledger.collecting import Imported
from workbench.ledger.records import Plan, Source
from workbench.ledger.store import Ledger, open_ledger
from workbench.logs import log_to_folder
from workbench.secret import Redactor, Secret
from workbench.settings import BRIGHTDATA_LIVE, Origin, Settings, load
from workbench.worker import Bench, Worked, Worker

if TYPE_CHECKING:
    import pandas as pd

    from workbench.audit.execute import Execution
    from workbench.brightdata.client import BrightData
    from workbench.tables.catalog import Catalog

_PROJECT_EVERY: Final = 5.0  # seconds between rebuilds of what is derived, while work goes on


def open_workbench(home: str | Path | None = None, **settings: Any) -> Workbench:
    """Open the workbench of `home`; `settings` override files and environment. Nothing is started yet."""
    return Workbench(*load(home, **settings))


class Workbench:
    """Everything that a face may ask for. Each edge opens when it is first needed; one object per process is enough."""

    def __init__(self, settings: Settings, origins: Sequence[Origin] = ()) -> None:
        self.settings = settings
        self.origins = tuple(origins)
        self._opening = threading.RLock()
        self._served: object = None
        self._shown: dict[int, object] = {}

    # parts ----------------------------------------------------------------------------------------

    @cached_property
    def ledger(self) -> Ledger:
        with self._opening:
            make_folder(self.settings.data, mode=0o700)
            return open_ledger(
                self.settings.database_url, mode=self.settings.mode, locks=self.settings.data / "locks"
            )

    @cached_property
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

    @cached_property
    def redactor(self) -> Redactor:
        return Redactor([self.settings.brightdata_api_key])

    @cached_property
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

    @cached_property
    def catalog(self) -> Catalog:
        from workbench.tables.catalog import Catalog

        return Catalog(make_folder(self.settings.lake))

    # sources --------------------------------------------------------------------------------------

    def import_sources(self, path: str | Path, *, project: str | None = None) -> Imported:
        """Bring in a sources.csv; all of it, or (BadInput) nothing."""
        return collecting.add_sources(self.ledger, read_csv(Path(path), project=project))

    def add_source(self, platform: str, service: str, url: str, **more: Any) -> Imported:
        """Add one source from code: name, creator, project and options may be given."""
        row = {"platform": platform, "service": service, "url": url, **more}
        return collecting.add_sources(self.ledger, check([(1, row)], place="the source"))

    def edit_source(self, source_id: int, **values: Any) -> None:
        collecting.edit_source(self.ledger, source_id, **values)

    def sources(self, *, project: str | None = None) -> list[Source]:
        return queries.list_sources(self.ledger, project=project)

    # collect --------------------------------------------------------------------------------------

    def plan(
        self,
        sources: str | Path | Sequence[int] | None = None,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        num_posts: int | None = None,
        name: str | None = None,
        project: str | None = None,
    ) -> Plan:
        """What a run of `sources` (a sources.csv, ids, or every enabled one) would do and cost. Kept; not started."""
        ids = self._source_ids(sources, project)
        chosen = self.settings
        ask = Ask(
            name=name or "",
            project=project,
            start=as_date(start, "start"),
            end=as_date(end, "end"),
            num_posts=num_posts,
            day=now().astimezone(chosen.zone).date(),
            batch_size=chosen.batch_size,
            price_usd_per_record=chosen.price_usd_per_record,
        )
        plan = make_plan(queries.list_sources(self.ledger, ids=ids), ask)
        collecting.save_plan(self.ledger, plan)
        return plan

    def _source_ids(self, sources: str | Path | Sequence[int] | None, project: str | None) -> list[int]:
        if isinstance(sources, str | Path):
            return collecting.enabled_sources(self.ledger, ids=self.import_sources(sources, project=project).source_ids)
        return collecting.enabled_sources(self.ledger, ids=sources, project=None if sources else project)

    def start(self, plan_hash: str) -> str:
        """Start the kept plan, once: a second call answers the same run. The run's id; somebody must `work`."""
        plan = collecting.load_plan(self.ledger, plan_hash)
        day = now().astimezone(self.settings.zone).date()
        run_id, _ = collecting.start_run(self.ledger, plan.hash, folder=folders.run_folder(plan.name, day))
        self._project(run_id)
        return run_id

    def cancel(self, run: str) -> str:
        run_id = queries.find_run(self.ledger, run)
        collecting.cancel_run(self.ledger, run_id)
        return run_id

    # work -----------------------------------------------------------------------------------------

    def work(
        self,
        *,
        run: str | None = None,
        until_idle: bool = True,
        limit: timedelta | None = None,
        threads: int | None = None,
        watch: Callable[[], None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> Worked:
        """Work here until everything rests (or until `run` is finished, or the time `limit`).

        Raises Misconfigured as soon as a setting keeps the work from going on. `watch` is called twice a second.
        """
        run_id = queries.find_run(self.ledger, run) if run else None
        log_to_folder(self.settings.data / "logs", self.redactor)
        last = time.monotonic()

        def meanwhile() -> None:
            nonlocal last
            if time.monotonic() - last > _PROJECT_EVERY:
                last = time.monotonic()
                self._project(run_id)
            watch()

        try:
            worked = self.worker.work(
                threads=threads or self.settings.threads,
                until_idle=until_idle and run_id is None,
                until=(lambda: self._is_over(run_id)) if run_id else (lambda: False),
                limit=limit,
                meanwhile=meanwhile,
                stop=stop,
            )
        finally:
            self._project(run_id)
            watch()
        if worked.steps:
            self.serve_copy()
        return worked

    def _is_over(self, run_id: str) -> bool:
        """Nothing is due in the run any more: finished, or waiting for a person."""
        run = queries.runs(self.ledger, run_id)[0]
        return all(one["next_at"] is None for job in run["jobs"] for one in job["snapshots"])

    def start_worker(self) -> bool:
        """Start a detached worker unless one is at work; returns at once. False when one was there already."""
        if self.is_worked():
            return False
        log = (make_folder(self.settings.data / "logs", mode=0o700) / "worker.log").open("ab")
        with log:
            subprocess.Popen(
                [sys.executable, "-m", "workbench.cli", "work", "--until-idle"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.settings.home,
                env={**os.environ, "WORKBENCH_HOME": str(self.settings.home), "WORKBENCH_MODE": self.settings.mode},
            )  # fmt: skip
        return True

    def is_worked(self) -> bool:
        """Whether a living worker is at work on this ledger."""
        return bool(self.worker.lanes.living("worker"))

    def _project(self, run_id: str | None = None) -> None:
        """Bring what is derived up to date: folders with their notes, and the serving copy."""
        if self.settings.auto_create_folders:
            jobs = [job for run in queries.runs(self.ledger, run_id) for job in run["jobs"]]
            folders.write_notes(make_folder(self.settings.lake), jobs)

    def serve_copy(self) -> Path | None:
        """Build data/workbench.duckdb anew when the truth moved; one process at a time, the others leave it be."""
        from workbench.tables.serve import build

        target = self.settings.data / "workbench.duckdb"
        head = self.ledger.head()
        if head == self._served and target.exists():
            return target
        token = self.worker.lanes.take("serve")
        if token is None:
            return None
        try:
            build(target, self.refreshed())
            self._served = head
        finally:
            self.worker.lanes.release("serve", token)
        return target

    # questions ------------------------------------------------------------------------------------

    def status(self, run: str | None = None) -> dict[str, Any]:
        """{mode, runs, posting_jobs, batches, attention}: how everything stands."""
        run_id = queries.find_run(self.ledger, run) if run else None
        return {
            "mode": self.settings.mode,
            "runs": status.run_tree(queries.runs(self.ledger, run_id), self.settings.lake),
            "posting_jobs": [],
            "batches": [],
            "attention": self.todo(),
        }

    def todo(self) -> list[dict[str, Any]]:
        return status.todo(queries.waiting_for_person(self.ledger))

    def folders(self, run: str | None = None) -> list[dict[str, Any]]:
        run_id = queries.find_run(self.ledger, run) if run else None
        return folders.tree(self.settings.lake, queries.runs(self.ledger, run_id))

    def story(self, kind: str, item_id: int | str) -> list[dict[str, Any]]:
        return queries.story(self.ledger, kind, str(item_id))

    def spent_micro_usd(self, run: str) -> int:
        return queries.spent(self.ledger, queries.find_run(self.ledger, run))

    def refreshed(self) -> Catalog:
        """The catalog with everything that is published by now."""
        self._refresh(self.catalog)
        return self.catalog

    def _refresh(self, catalog: Catalog) -> None:
        from workbench.tables.catalog import LakeFile

        head = self.ledger.head()
        if head == self._shown.get(id(catalog)):
            return
        files = [
            LakeFile(
                kind=row["kind"],
                path=row["path"],
                snapshot_id=row["provider_id"],
                dataset_id=row["dataset_id"],
                rows=row["rows"],
            )
            for row in queries.manifest(self.ledger)
        ]
        catalog.refresh(files, queries.table_rows(self.ledger))
        self._shown[id(catalog)] = head

    def sql(self, query: str) -> Any:
        """A DuckDB relation over posts, comments, profiles, ..., runs, jobs, brightdata_snapshots, ..."""
        return self.refreshed().connection.sql(query)

    def select(self, query: str) -> Any:
        """The same for a query from outside: one SELECT, on a connection that reaches nothing but the lake."""
        from workbench.tables.catalog import Catalog
        from workbench.tables.guard import select_only

        checked = select_only(query)
        catalog = Catalog(make_folder(self.settings.lake))
        self._refresh(catalog)
        catalog.lock_down()
        return catalog.connection.sql(checked)

    def posts(self) -> pd.DataFrame:
        return self._frame("posts")

    def _frame(self, view: str) -> pd.DataFrame:
        found: pd.DataFrame = self.sql(f"FROM {view}").df()
        return found

    def comments(self) -> pd.DataFrame:
        return self._frame("comments")

    def profiles(self) -> pd.DataFrame:
        return self._frame("profiles")

    def rejects(self) -> pd.DataFrame:
        return self._frame("rejects")

    # audit ----------------------------------------------------------------------------------------

    def audit_run(
        self,
        notebook: str | Path,
        params: Mapping[str, object] | None = None,
        *,
        limit: timedelta = timedelta(hours=6),
        on_progress: Callable[[Any], None] = lambda _: None,
    ) -> Execution:
        """Execute a notebook and keep what came of it in archive/reports/, whatever its outcome."""
        from workbench.audit.execute import execute
        from workbench.ledger.auditing import begin_execution, end_execution

        path = self._notebook(notebook)
        at = now().astimezone(self.settings.zone)
        execution_id = f"{at:%Y%m%d-%H%M%S}-{path.stem[:40]}-{secrets.token_hex(3)}"
        folder = self.settings.archive / "reports" / f"{at:%Y}" / f"{at:%m}" / f"{at:%d}" / execution_id
        given = dict(params or {})
        begin_execution(
            self.ledger, execution_id, notebook=str(notebook), params=given,
            folder=folder.relative_to(self.settings.home).as_posix(),
        )  # fmt: skip
        outcome, facts = "refused", dict[str, Any]()
        error: str | None = "it did not begin"
        try:
            done = execute(
                path, given, folder=folder, home=self.settings.home, redactor=self.redactor, limit=limit,
                env=self._notebook_env(), on_progress=on_progress,
            )  # fmt: skip
            outcome, error = str(done.outcome), done.error_value
            facts = {"cells_run": done.cells_run, "cells_total": done.cells_total}
        except WorkbenchError as refusal:
            error = refusal.message
            raise
        finally:
            end_execution(self.ledger, execution_id, outcome=outcome, error=error, facts=facts)
        return done

    def _notebook(self, notebook: str | Path) -> Path:
        """A path, or the name of a notebook that ships with Workbench."""
        path = Path(notebook)
        shipped = Path(__file__).parent.parent / "notebooks" / f"{path.stem}.ipynb"
        found = next((one for one in (path, self.settings.home / path, shipped) if one.is_file()), None)
        if found is None:
            raise BadInput(f"there is no notebook {notebook}; give the path of an .ipynb file, or for example: runs")
        return found.resolve()

    def _notebook_env(self) -> dict[str, str]:
        return {**os.environ, "WORKBENCH_HOME": str(self.settings.home), "WORKBENCH_MODE": self.settings.mode}

    # ----------------------------------------------------------------------------------------------

    def close(self) -> None:
        for part in ("brightdata", "ledger", "catalog"):
            found = self.__dict__.pop(part, None)
            if found is not None:
                found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def as_date(value: date | str | None, name: str) -> date | None:
    """A day given as YYYY-MM-DD, or None; `name` is what the error calls it."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        if len(value) == len("YYYY-MM-DD"):  # the other ISO forms that Python reads are not ours
            return date.fromisoformat(value)
        raise ValueError
    except ValueError:
        raise BadInput(f"{name} is {value!r}; give a day that exists as YYYY-MM-DD.") from None
