"""What the routes share, and how a snapshot is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from workbench.sandbox.brightdata.plan import Kind, Plan, Terms, plan_for
from workbench.sandbox.brightdata.shapes import Row
from workbench.sandbox.brightdata.store import BrightDataStore, Snapshot
from workbench.sandbox.brightdata.switches import BrightDataSwitches
from workbench.sandbox.dice import share
from workbench.sandbox.world import World

# Texts that the vendor's page of errors lists for failed snapshots.
FAILURES: Final = (
    "No data found in discovery",
    "Failed to trigger collector",
    "Failed to download response",
    "Internal Server Error",
    "Something went wrong",
)
_SOME_LINES: Final = 0.2


@dataclass
class BrightDataWorld(World[BrightDataStore, BrightDataSwitches]):
    # Told when a delivery was added.
    on_delivery: Callable[[], None] = lambda: None

    def look(self, snapshot_id: str) -> Snapshot | None:
        """The snapshot as it is now; what the switches hold for it is decided here, once."""
        snapshot = self.store.snapshot(snapshot_id)
        if snapshot is None:
            return None
        self._decide(snapshot)
        return self.store.snapshot(snapshot_id)

    def _decide(self, snapshot: Snapshot) -> None:
        if snapshot.outcome == "ready":
            if self.switches.strikes("snapshot_failed", subject=snapshot.id):
                index = int(share(snapshot.seed, snapshot.id) * len(FAILURES))
                self.store.decide(snapshot.id, "failed", FAILURES[index])
            elif self.switches.strikes("snapshot_canceled", subject=snapshot.id):
                self.store.decide(snapshot.id, "canceled")
        running = snapshot.status in {"starting", "running"}
        if running and not snapshot.held and self.switches.strikes("never_ready", subject=snapshot.id):
            self.store.flag(snapshot.id, "held", 1)
        if not snapshot.broken and (lines := self._broken_share(snapshot.id)):
            self.store.flag(snapshot.id, "broken", lines)

    def _broken_share(self, snapshot_id: str) -> float:
        """A chance is one for every line; `times` picks whole snapshots, of which some lines are broken."""
        value = self.switches.shown()["broken_lines"]
        if isinstance(value, dict) and "times" in value:
            return _SOME_LINES if self.switches.strikes("broken_lines", subject=snapshot_id) else 0.0
        return float(value["chance"] if isinstance(value, dict) else value)

    def plans(self, snapshot: Snapshot) -> Iterator[Plan]:
        terms = Terms(snapshot.seed, snapshot.dataset_id, snapshot.method, snapshot.options, snapshot.created)
        return (plan_for(terms, given) for given in self.store.inputs(snapshot.id))

    def rows(self, snapshot: Snapshot, first: int = 0, stop: int | None = None) -> Iterator[tuple[Kind, Row]]:
        """Rows `first` to `stop`, made as they are read; inputs before `first` are only counted."""
        stop = snapshot.size if stop is None else min(stop, snapshot.size)
        seen = 0
        for plan in self.plans(snapshot):
            if seen >= stop:
                return
            size = sum(plan.sizes.values())
            if seen + size > first:
                yield from islice(plan.rows(), max(first - seen, 0), stop - seen)
            seen += size


def planned_sizes(terms: Terms, inputs: Iterable[dict[str, Any]]) -> dict[Kind, int]:
    total: dict[Kind, int] = {"data": 0, "warning": 0, "error": 0}
    for given in inputs:
        for kind, count in plan_for(terms, given).sizes.items():
            total[kind] += count
    return total
