"""What people hold: the features of one home, and short ways to what is asked most."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from workbench.container import Container
from workbench.db.journal import NAME as JOURNAL
from workbench.settings import Origin, Settings, load

if TYPE_CHECKING:
    import pandas as pd

    from workbench.accounts.service import Accounts
    from workbench.audit.service import Audit
    from workbench.budget.service import Budget
    from workbench.collect.browsing import Browse
    from workbench.collect.importing import Imports
    from workbench.collect.model import Plan
    from workbench.collect.recovery import Recovery
    from workbench.collect.service import Collect
    from workbench.deliveries.service import Deliveries
    from workbench.engine.worker import Worked
    from workbench.errorlog.service import ErrorLog
    from workbench.forgetting import Forgetting
    from workbench.lake.keeping import Keeping
    from workbench.lake.lost import LostFiles
    from workbench.lake.service import Lake
    from workbench.lake.tending import Tending
    from workbench.overview import Overview
    from workbench.post.service import Postings
    from workbench.schedule.service import Schedules
    from workbench.upload.service import Uploads
    from workbench.working import Working


class Workbench:
    """Everything that a face may ask for. One object per process is enough; its threads may share it.

    It has features and is none of them; `parts` has what they are made of.
    """

    def __init__(self, settings: Settings, origins: Sequence[Origin] = ()) -> None:
        self.parts = Container(settings, origins)

    # features -------------------------------------------------------------------------------------

    @property
    def collect(self) -> Collect:
        """Sources, plans and runs."""
        return self.parts.collect

    @property
    def browse(self) -> Browse:
        """What came, folder by folder."""
        return self.parts.browse

    @property
    def imports(self) -> Imports:
        """Files on disk that become snapshots."""
        return self.parts.imports

    @property
    def recover(self) -> Recovery:
        """What exists at Bright Data against what we have."""
        return self.parts.recover

    @property
    def deliveries(self) -> Deliveries:
        """What webhooks brought."""
        return self.parts.deliveries

    @property
    def budget(self) -> Budget:
        """What was spent, the caps, the stop switch."""
        return self.parts.budget

    @property
    def lake(self) -> Lake:
        """The tables."""
        return self.parts.lake

    @property
    def lost_files(self) -> LostFiles:
        """What of the lake is missing."""
        return self.parts.lost_files

    @property
    def keeping(self) -> Keeping:
        """Compaction, sweep, backup and restore."""
        return self.parts.keeping

    @property
    def tending(self) -> Tending:
        """What is kept in order beside the work."""
        return self.parts.tending

    @property
    def accounts(self) -> Accounts:
        """Accounts, their logins and their pace."""
        return self.parts.accounts

    @property
    def postings(self) -> Postings:
        """Listings and posting jobs."""
        return self.parts.postings

    @property
    def uploads(self) -> Uploads:
        """Creatives and batches."""
        return self.parts.uploads

    @property
    def errorlog(self) -> ErrorLog:
        """What went wrong, and what mends it."""
        return self.parts.errorlog

    @property
    def audit(self) -> Audit:
        """Executed notebooks, kept."""
        return self.parts.audit

    @property
    def schedule(self) -> Schedules:
        """What runs by itself."""
        return self.parts.schedule

    @property
    def working(self) -> Working:
        """The work of this process, and of one beside it."""
        return self.parts.working

    @property
    def forgetting(self) -> Forgetting:
        """Somebody's data, out of everything that is kept."""
        return self.parts.forgetting

    @property
    def overview(self) -> Overview:
        """How everything stands."""
        return self.parts.overview

    # short ways -----------------------------------------------------------------------------------

    @property
    def plan(self) -> Callable[..., Plan]:
        """What a run would do and cost: `collect.plan` itself, with its parameters and its help."""
        return self.collect.plan

    @property
    def start(self) -> Callable[..., str]:
        """Start a kept plan: `collect.start`; the run's id."""
        return self.collect.start

    @property
    def work(self) -> Callable[..., Worked]:
        """Work here until everything rests: `working.work`."""
        return self.working.work

    def status(self, run: str | None = None) -> dict[str, Any]:
        """How everything stands: `overview.status`."""
        return self.overview.status(run)

    def todo(self) -> list[dict[str, Any]]:
        """Everything that waits for a person: `overview.todo`."""
        return self.overview.todo()

    def sql(self, query: str) -> Any:
        """A DuckDB relation over all tables: `lake.sql`."""
        return self.lake.sql(query)

    def posts(self) -> pd.DataFrame:
        return self.lake.posts()

    def comments(self) -> pd.DataFrame:
        return self.lake.comments()

    def profiles(self) -> pd.DataFrame:
        return self.lake.profiles()

    def rejects(self) -> pd.DataFrame:
        return self.lake.rejects()

    # the home -------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self.parts.settings

    @property
    def home(self) -> Path:
        """As people know it."""
        return self.parts.home

    @property
    def is_home(self) -> bool:
        """False: nothing was ever done there, and to look at it changes nothing."""
        return self.parts.is_home

    def close(self) -> None:
        self.parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_workbench(home: str | Path | None = None, **settings: Any) -> Workbench:
    """Open the workbench of `home`; `settings` override files and environment. Nothing is started yet."""
    return Workbench(*load(home, **settings))


_OURS: Final = ("ledger.db", JOURNAL, "lake", "locks")  # what a home has below data/


@contextlib.contextmanager
def looking_at(home: str | Path | None = None, **settings: Any) -> Iterator[Workbench]:
    """The workbench of `home`, for questions: a folder that is no home stays as it is, and answers as an empty one.

    A home without its ledger is one: it has a journal, which tells what was done there.
    """
    found, origins = load(home, **settings)
    data = found.data
    is_home = (data.exists() and not data.is_dir()) or any((data / name).exists() for name in _OURS)
    if is_home or found.ledger_url:
        with Workbench(found, origins) as workbench:
            yield workbench
        return
    with (
        tempfile.TemporaryDirectory(prefix="workbench-") as folder,
        # What people bring (sheets, photos, creatives, secrets) and the stand-ins are where they are.
        Workbench(
            found.model_copy(update={"home": Path(folder), "creatives_root": str(found.creatives)}), origins
        ) as workbench,
    ):
        workbench.parts.home, workbench.parts.is_home = found.home, False
        yield workbench
