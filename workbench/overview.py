"""How everything stands, and what waits for a person: each feature says its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from workbench.db import history
from workbench.engine.orders import orders_at_work
from workbench.errorlog.model import Cut
from workbench.feature import Feature

_AT_WORK: Final = ("processing", "pending")  # statuses of a run that goes on
_ORDERS: Final = {"posting": ("job_id", "posting job"), "upload": ("batch_id", "upload")}


class Overview(Feature):
    """Answers about all features together."""

    def status(self, run: str | None = None) -> dict[str, Any]:
        """{mode, runs, posting_jobs, batches, attention}: how everything stands."""
        return {
            "mode": self.settings.mode,
            "runs": self._parts.collect.runs(run),
            "posting_jobs": self._parts.postings.jobs(),
            "batches": self._parts.uploads.shown(),
            "attention": self.todo(),
        }

    def todo(self) -> list[dict[str, Any]]:
        """Everything that waits for a person: {kind, id, why, command}."""
        parts = self._parts
        features = (
            parts.collect, parts.recover, parts.lost_files, parts.accounts, parts.deliveries, parts.budget,
            parts.uploads, parts.postings, parts.schedule,
        )  # fmt: skip
        return [one for feature in features for one in feature.todo()]

    def mark(self) -> object:
        """Changes whenever what `at_a_glance` answers may have changed, but for what time alone changes."""
        return self._parts.errorlog.mark()

    def at_a_glance(self, *, last: int = 10) -> dict[str, Any]:
        """{mode, sources, running, waiting, failed, expiring, runs}: what a person looks at first.

        `running`: what goes on, with how far it is; `failed`: how many errors since yesterday, and the newest;
        `expiring`: snapshots that are at Bright Data and not here, and the days until the first of them is gone;
        `runs`: the newest `last`.
        """
        errors = self._parts.errorlog
        failed, number = errors.found(errors.filter(since=1), Cut(limit=1))
        runs, total = self._parts.collect.runs_page(sort="created_at", descending=True, limit=last)
        return {
            "mode": self.settings.mode,
            "sources": self._parts.collect.sources_page(enabled_only=True, limit=1)[1],
            "running": self._running(),
            "waiting": self.todo(),
            "failed": {"count": number, "newest": failed[0]["sentence"] if failed else ""},
            "expiring": self._parts.collect.not_brought_in(),
            "runs": runs,
            "runs_in_all": total,
        }

    def _running(self) -> list[dict[str, Any]]:
        """{kind, id, name, finished, total} of everything that goes on by itself."""
        collect = self._parts.collect
        runs = [one for status in _AT_WORK for one in collect.runs_page(where={"status": status})[0]]
        found = [
            {"kind": "run", "id": one["run_id"], "name": one["name"], "finished": one["finished"],
             "total": one["snapshots"]}
            for one in runs
        ]  # fmt: skip
        for kind, (by, words) in _ORDERS.items():
            found += [
                {"kind": kind, "id": one.order_id, "name": f"{words} {one.order_id[:8]}", "finished": one.finished,
                 "total": one.total}
                for one in orders_at_work(self.ledger, kind, by)
            ]  # fmt: skip
        return found

    def effects_of(self, execution_id: str) -> list[dict[str, Any]]:
        """What was done outside by what an execution ordered, feature by feature.

        Each is a `feature.Effect`, as plain values.
        """
        features = (self._parts.collect, self._parts.recover, self._parts.uploads, self._parts.postings)
        return [asdict(one) for feature in features for one in feature.effects_of(execution_id)]

    def story(self, kind: str, item_id: int | str) -> list[dict[str, Any]]:
        """What happened to one item, event by event."""
        return history.story(self.ledger, kind, str(item_id))

    def broken_at(self) -> int | None:
        """The first event of the log that was changed, moved or removed since; None when all of them hold."""
        return history.broken_at(self.ledger)
