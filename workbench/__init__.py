"""Workbench: four flows, one ledger, three edges, three faces.

collect   plan → trigger → poll → download → stage → publish        sources  → rows an analyst can query
audit     execute → redact → seal                                   notebook → report that cannot silently change

cli | panels        FACE   what a person touches; imports app inside its handlers
app                 wiring: settings → ledger, edges, flows; open_workbench()
worker              advance(): claim, run a step, record what it yields
collect | audit     FLOW   one file per step; a state is named for the step that reached it
brightdata | browser | tables   EDGE   the only places that speak to Bright Data, Chromium, DuckDB
ledger              TRUTH  records, states, the store
files, secret, errors      ground that everything stands on
sandbox             stand-ins of the outside services; imports nothing of ours
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
