"""The wiring: settings → ledger, edges, flows. `open_workbench()` is the door for notebooks, scripts and faces.

lakeid.py       a ledger and its lake know each other
parts.py        each part, opened when it is first needed
collecting.py   sources, plans, runs
importing.py    files on disk that become snapshots
owndatasets.py  [[datasets]] of workbench.toml
recovering.py   what exists at Bright Data against what we have, and bringing it in
comparing.py    the ledger against the other side, by hand
spending.py     what was spent, the caps, the stop switch
delivering.py   deliveries: taken in (intake.py), matched, replayed, checked
working.py      the worker, and what is derived from the truth: folders, the serving copy
asking.py       status, what waits for a person, tables
tending.py      what the worker does in idle moments: compaction, the serving copy
keeping.py      compaction, the sweep, backup and restore
auditing.py     executed notebooks, kept
accounts.py     accounts, their logins and pace, the switch that stops one
posting.py      listings, posting jobs, what went wrong with them
uploading.py    creatives, batches, what became of every file
proving.py      what logins and selector packs are worth
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from workbench.app.asking import Asking
from workbench.app.auditing import Auditing
from workbench.app.collecting import Collecting
from workbench.app.comparing import Comparing
from workbench.app.importing import Importing
from workbench.app.keeping import Keeping
from workbench.app.posting import PostingDesk
from workbench.app.proving import Proving
from workbench.app.spending import Spending
from workbench.app.uploading import UploadDesk
from workbench.app.working import Working
from workbench.ledger.journal import NAME as JOURNAL
from workbench.settings import load


class Workbench(
    PostingDesk, UploadDesk, Collecting, Importing, Spending, Comparing, Working, Keeping, Proving, Asking, Auditing
):
    """Everything that a face may ask for. One object per process is enough; its threads may share it."""


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
        workbench.home, workbench.is_home = found.home, False
        yield workbench
