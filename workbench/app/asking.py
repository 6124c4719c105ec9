"""How everything stands, and the tables: questions, which change nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from workbench.app.parts import Parts, part
from workbench.collect import folders, status
from workbench.collect.recover import EXPIRING
from workbench.files import make_folder
from workbench.ledger import behind, queries, world
from workbench.ledger.behind import Behind
from workbench.ledger.clock import now

if TYPE_CHECKING:
    import pandas as pd

    from workbench.tables.catalog import Catalog


class Asking(Parts):
    @part
    def _shown(self) -> WeakKeyDictionary[Catalog, tuple[object, object]]:
        """The chain's heads at which the files and the tables of each catalog were last refreshed."""
        return WeakKeyDictionary()

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

    def broken_at(self) -> int | None:
        """The first event of the log that was changed, moved or removed since; None when all of them hold."""
        return queries.broken_at(self.ledger)

    def todo(self) -> list[dict[str, Any]]:
        at, retention = now(), timedelta(days=self.settings.retention_days)
        soon = queries.expiring(self.ledger, at + retention * EXPIRING, retention)
        waiting = status.todo(queries.waiting_for_person(self.ledger))
        return waiting + status.expiring(soon, at, retention) + [_for_comparing(one) for one in self._behind()]

    def _behind(self) -> list[Behind]:
        """Datasets and accounts of which only a person can say what is there."""
        return [one for one in behind.scopes(self.ledger) if one.waits]

    def behind(self) -> list[dict[str, Any]]:
        """{scope, why, since, waits}: where this ledger may not know what happened; `*` stands for all others."""
        return [
            {"scope": one.scope, "why": one.words, "since": one.since.isoformat(), "waits": one.waits}
            for one in behind.scopes(self.ledger)
        ]

    def unlisted(self) -> dict[str, str]:
        """Dataset → why Bright Data gives no list of what was started, so that nobody can look before a trigger."""
        return world.refusals(self.ledger)

    def folders(self, run: str | None = None) -> list[dict[str, Any]]:
        run_id = queries.find_run(self.ledger, run) if run else None
        return folders.tree(self.settings.lake, queries.runs(self.ledger, run_id))

    def story(self, kind: str, item_id: int | str) -> list[dict[str, Any]]:
        return queries.story(self.ledger, kind, str(item_id))

    def sources_without_rows(self, run: str) -> list[dict[str, Any]]:
        """Which sources of a run gave nothing, and why; those that may still give something are not told."""
        return queries.without_rows(self.ledger, queries.find_run(self.ledger, run))

    def spent_micro_usd(self, run: str) -> int:
        return queries.spent(self.ledger, queries.find_run(self.ledger, run))

    def refreshed(self, query: str | None = None) -> Catalog:
        """The catalog with everything that is published by now, as far as the query needs it."""
        with self.opening:  # an analyst and a watching panel may ask at the same moment
            self._refresh(self.catalog, query)
        return self.catalog

    def _refresh(self, catalog: Catalog, query: str | None = None) -> None:
        from workbench.tables.catalog import LakeFile

        head = self.ledger.head()
        files_at, tables_at = self._shown.get(catalog, (None, None))
        if head == files_at == tables_at:
            return
        # A copy of the ledger's tables takes seconds after a year of daily runs, and most questions are about posts.
        has_tables = not (query and catalog.asks_views_alone(query))
        if head == files_at and not has_tables:
            return
        files = [
            LakeFile(
                kind=row["kind"],
                path=row["path"],
                snapshot_id=row["provider_id"] or "",
                dataset_id=row["dataset_id"],
                rows=row["rows"],
            )
            for row in queries.manifest(self.ledger)
        ]
        catalog.refresh(files, queries.table_rows(self.ledger) if has_tables else None)
        self._shown[catalog] = (head, head if has_tables else tables_at)

    def sql(self, query: str) -> Any:
        """A DuckDB relation over posts, comments, profiles, ..., runs, jobs, brightdata_snapshots, ...

        What the query names is as of now; a table of the ledger that it does not name may be older, or not there yet.
        """
        # A cursor of its own: a later query on the same connection would cut this result short without a word.
        return self.refreshed(query).connection.cursor().sql(query)

    def select(self, query: str) -> Any:
        """The same for a query from outside: one SELECT, on a connection that reaches nothing but the lake."""
        from workbench.tables.catalog import Catalog
        from workbench.tables.guard import explained, select_only

        checked = select_only(query)
        catalog = Catalog(make_folder(self.settings.lake))
        self._refresh(catalog, checked)
        catalog.lock_down()
        with explained():
            return catalog.connection.sql(checked)

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


def _for_comparing(one: Behind) -> dict[str, Any]:
    return {"kind": "ledger", "id": one.scope, "why": one.waits, "command": "workbench recover compare"}
