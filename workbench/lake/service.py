"""The tables: questions, which change nothing."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from workbench.feature import Feature
from workbench.files import make_folder
from workbench.lake import show
from workbench.lake import store as lakes
from workbench.lake.catalog import Catalog, TableFile
from workbench.lake.guard import explained, select_only

if TYPE_CHECKING:
    import pandas as pd

    from workbench.container import Container
    from workbench.lake.catalog import Catalog

log = logging.getLogger(__name__)


class Lake(Feature):
    """What a person asks of the tables."""

    def __init__(self, parts: Container) -> None:
        super().__init__(parts)
        # The chain's heads at which the files and the tables of each catalog were last refreshed.
        self._shown: WeakKeyDictionary[Catalog, tuple[object, object]] = WeakKeyDictionary()

    def refreshed(self, query: str | None = None) -> Catalog:
        """The catalog with everything that is published by now, as far as the query needs it."""
        with self._parts.opening:  # an analyst and a watching panel may ask at the same moment
            self.refresh(self._parts.catalog, query)
        return self._parts.catalog

    def refresh(self, catalog: Catalog, query: str | None = None) -> None:
        """Bring a catalog up to what is published by now, as far as the query needs it."""
        files_at, tables_at = self._shown.get(catalog, (None, None))
        # A file that goes away between two questions is missed by the second; the first looks at all of them anyway.
        lost_files = self._parts.lost_files
        lost = lost_files.listed() if files_at is not None else lost_files.known
        head = (self.ledger.head(), tuple(one["path"] for one in lost))
        if head == files_at == tables_at:
            return
        # A copy of the ledger's tables takes seconds after a year of daily runs, and most questions are about posts.
        has_tables = not (query and catalog.asks_views_alone(query))
        if head == files_at and not has_tables:
            return
        files = [
            TableFile(
                kind=row["kind"],
                path=row["path"],
                snapshot_id=row["provider_id"] or "",
                dataset_id=row["dataset_id"],
                rows=row["rows"],
            )
            for row in self._manifest()
        ]
        catalog.refresh(files, self._parts.view_tables() if has_tables else None)
        self._shown[catalog] = (head, head if has_tables else tables_at)

    def _manifest(self) -> list[dict[str, Any]]:
        """Of compacted files that are lost, the small ones they were made of."""
        lake, rows = self.settings.lake, lakes.manifest(self.ledger)
        lost = [row["path"] for row in rows if row["provider_id"] is None and not (lake / row["path"]).is_file()]
        # The latest rows go with the file that they were taken from.
        lost += [f"{path.removesuffix('.parquet')}.latest.parquet" for path in lost]
        return lakes.manifest(self.ledger, but=lost) if lost else rows

    def sql(self, query: str) -> Any:
        """A DuckDB relation over posts, comments, profiles, ..., runs, jobs, brightdata_snapshots, ...

        What the query names is as of now; a table of the ledger that it does not name may be older, or not there yet.
        """
        catalog = self.refreshed(query)
        found = catalog.ask(query, look_again=lambda: self._look_again(query))
        for one in catalog.lacks_for(query) if catalog.missing else ():
            warnings.warn(str(one), stacklevel=2)
        return found

    def _look_again(self, query: str) -> None:
        """At the lake, though it was looked at a moment ago."""
        self._parts.lost_files.look_again()
        self.refreshed(query)

    def select(self, query: str, *, on_missing: Callable[[str], None] = log.warning) -> Any:
        """The same for a query from outside: one SELECT, on a connection that reaches nothing but the lake.

        `on_missing` is told of each file that the answer should have been made of and the lake no longer has.
        """
        checked = select_only(query)
        catalog = Catalog(make_folder(self.settings.lake))
        self.refresh(catalog, checked)
        for one in catalog.lacks_for(checked) if catalog.missing else ():
            on_missing(str(one))
        catalog.lock_down()
        with explained():
            return catalog.connection.sql(checked)

    def contents(self) -> dict[str, dict[str, Any]]:
        """Kind of table → how many rows it has, and a hash by which two moments are compared."""
        return lakes.contents(self.ledger)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The answer as plain rows: what `sql --format json` writes."""
        return list(show.rows(self.sql(query)))

    def posts(self) -> pd.DataFrame:
        return self._frame("posts")

    def _frame(self, view: str) -> pd.DataFrame:
        # By way of Arrow: DuckDB's own .df() warns with pandas 3.
        found: pd.DataFrame = self.sql(f"FROM {view}").to_arrow_table().to_pandas()
        return found

    def comments(self) -> pd.DataFrame:
        return self._frame("comments")

    def profiles(self) -> pd.DataFrame:
        return self._frame("profiles")

    def rejects(self) -> pd.DataFrame:
        return self._frame("rejects")
