"""The wiring: settings → ledger, edges, flows. `open_workbench()` is the door for notebooks, scripts and faces.

parts.py        each part, opened when it is first needed
collecting.py   sources, plans, runs
importing.py    files on disk that become snapshots
owndatasets.py  [[datasets]] of workbench.toml
recovering.py   what exists at Bright Data against what we have, and bringing it in
spending.py     what was spent, the caps, the stop switch
delivering.py   deliveries: taken in (intake.py), matched, replayed, checked
working.py      the worker, and what is derived from the truth: folders, the serving copy
asking.py       status, what waits for a person, tables
keeping.py      compaction, the sweep, backup and restore
auditing.py     executed notebooks, kept
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.app.asking import Asking
from workbench.app.auditing import Auditing
from workbench.app.collecting import Collecting
from workbench.app.importing import Importing
from workbench.app.keeping import Keeping
from workbench.app.spending import Spending
from workbench.app.working import Working
from workbench.settings import load


class Workbench(Collecting, Keeping, Importing, Spending, Working, Asking, Auditing):
    """Everything that a face may ask for. One object per process is enough; its threads may share it."""


def open_workbench(home: str | Path | None = None, **settings: Any) -> Workbench:
    """Open the workbench of `home`; `settings` override files and environment. Nothing is started yet."""
    return Workbench(*load(home, **settings))
