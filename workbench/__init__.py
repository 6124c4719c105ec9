"""Workbench: sources are collected, listings posted, creatives uploaded, and every run is kept as a report.

A feature is a folder, and whoever knows one knows them all:
    collect · deliveries · lake · budget · accounts · upload · post · audit · schedule
In each: `service.py` what faces ask for, with plain values in and out; `store.py` its part of the ledger; `flow.py` and
one file a step; `commands.py` its commands; `panel.py` its panels.

home                 on top of all features: init, doctor, demo, lab, work, status, todo
workbench.py         the object that people hold: it has the features
container.py         builds each part once, when it is first needed; it alone reads the settings
working.py           the work of this process, and of one beside it
overview.py          how everything stands, and what waits for a person: each feature says its own
forgetting.py        a person taken out of everything; each feature takes them out of its own
view_tables.py       the ledger as the tables that analysts ask
feature.py           what the services have in common

engine               how any item moves: leases, moves, locks, rate limit, worker
db                   the database: schema, migrations, the event log
brightdata | browser the only places that speak to Bright Data and to Chromium
cli | panels         kits, for commands and panels alone
sandbox              stand-ins of the outside services; imports nothing of ours

settings.py errors.py files.py secret.py secretfiles.py logs.py practice.py processes.py parsing.py pictures.py
person.py addresses.py sheets.py    ground that everything stands on
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.workbench import Workbench


def open_workbench(home: str | Path | None = None, **settings: Any) -> Workbench:
    """Open the workbench of `home` (default: ``WORKBENCH_HOME``, else the current folder)."""
    from workbench.workbench import open_workbench as open_it

    return open_it(home, **settings)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext workbench``: lets an analyst's own ``asyncio.run(...)`` work in a cell; nothing of ours needs it."""
    import nest_asyncio  # type: ignore[import-untyped]

    nest_asyncio.apply()
    ipython.push({"open_workbench": open_workbench})
