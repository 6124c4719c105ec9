"""The wiring: settings → ledger, edges, flows. `open_workbench()` is the door for notebooks, scripts and faces.

lakeid.py       a ledger and its lake know each other
parts.py        each part, opened when it is first needed
collecting.py   sources, plans, runs
importing.py    files on disk that become snapshots
owndatasets.py  [[datasets]] of workbench.toml
recovering.py   what exists at Bright Data against what we have, and bringing it in
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

from pathlib import Path
from typing import Any

from workbench.app.asking import Asking
from workbench.app.auditing import Auditing
from workbench.app.collecting import Collecting
from workbench.app.importing import Importing
from workbench.app.keeping import Keeping
from workbench.app.posting import PostingDesk
from workbench.app.proving import Proving
from workbench.app.spending import Spending
from workbench.app.uploading import UploadDesk
from workbench.app.working import Working
from workbench.settings import load


class Workbench(PostingDesk, UploadDesk, Collecting, Importing, Spending, Working, Keeping, Proving, Asking, Auditing):
    """Everything that a face may ask for. One object per process is enough; its threads may share it."""


def open_workbench(home: str | Path | None = None, **settings: Any) -> Workbench:
    """Open the workbench of `home`; `settings` override files and environment. Nothing is started yet."""
    return Workbench(*load(home, **settings))
