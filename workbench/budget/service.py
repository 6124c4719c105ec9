"""Money: what was spent, what may be, and the switch that stops it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workbench.budget import caps
from workbench.budget import store as spending
from workbench.feature import Feature

_TELLING: Final = 0.02  # of the smaller number: differences above it are shown


class Budget(Feature):
    """What a person asks and says of the money."""

    def spend(self) -> dict[str, Any]:
        """{today, month, by_dataset, by_run, stopped, caps}, in micro-dollars; days and months are UTC."""
        with self.ledger.read() as connection:
            stopped = caps.why_stopped(connection)
        return {
            **spending.totals(self.ledger),
            "by_dataset": spending.by_dataset(self.ledger),
            "by_run": spending.by_run(self.ledger),
            "stopped": stopped,
            "caps": {
                "trigger": self._parts.caps.trigger,
                "run": self._parts.caps.run,
                "day": self._parts.caps.day,
                "month": self._parts.caps.month,
                "datasets": dict(self._parts.caps.datasets),
            },
        }

    def today(self) -> dict[str, Any]:
        """{spent, cap, stopped}, in micro-dollars, of the day (UTC): what a page shows at every moment."""
        with self.ledger.read() as connection:
            stopped = caps.why_stopped(connection)
        return {"spent": spending.totals(self.ledger)["today"], "cap": self._parts.caps.day, "stopped": stopped}

    def differences(self) -> list[dict[str, Any]]:
        """Snapshots that cost over 2 % more than was reserved, or have other rows than Bright Data lists."""
        listed = {one.snapshot_id: one.rows for one in self._parts.recover.scan()}
        found = []
        for row in spending.settled(self.ledger):
            theirs = listed.get(row["snapshot_id"])
            is_over = row["settled_records"] > row["reserved_records"] * (1 + _TELLING)
            if is_over or _differs(row["delivered_rows"], theirs):
                found.append({**row, "listed_rows": theirs})
        return found

    def todo(self) -> list[dict[str, Any]]:
        """What cost more than was reserved waits for somebody to see it, and so does the next of that dataset."""
        return [_dearer(one) for one in self.overruns()]

    def overruns(self) -> list[dict[str, Any]]:
        """{id, snapshot_id, dataset_id, reserved, settled}, in micro-dollars."""
        with self.ledger.read() as connection:
            return caps.overruns(connection)

    def accept_overruns(self, snapshots: Sequence[str] = ()) -> list[int]:
        """Agree to what these snapshots (or all) cost above their reserve; their keys."""
        return caps.accept_overruns(self.ledger, self._parts.recover.keys_of(snapshots) if snapshots else None)

    def stop(self, reason: str) -> None:
        caps.stop_spending(self.ledger, reason)

    def allow(self) -> None:
        caps.allow_spending(self.ledger)


def _dearer(one: Mapping[str, Any]) -> dict[str, Any]:
    why = (
        f"it cost ${one['settled'] / 1e6:.4f}, and ${one['reserved'] / 1e6:.4f} was reserved; nothing more of "
        f"{one['dataset_id']} is sent until somebody has seen it"
    )
    name = one["snapshot_id"] or str(one["id"])
    return {"kind": "spend", "id": name, "why": why, "command": f"workbench spend accept {one['id']}"}


def _differs(ours: int, theirs: int | None) -> bool:
    return theirs is not None and abs(ours - theirs) > _TELLING * max(min(ours, theirs), 1)
