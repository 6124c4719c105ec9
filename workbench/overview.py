"""How everything stands, and what waits for a person: each feature says its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workbench.db import history
from workbench.feature import Feature


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
