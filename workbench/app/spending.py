"""Money: what was spent, what may be, and the switch that stops it."""

from __future__ import annotations

from typing import Any, Final

from workbench.app.recovering import Recovering
from workbench.ledger import caps, spending

_TELLING: Final = 0.02  # of the smaller number: differences above it are shown


class Spending(Recovering):
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
                "trigger": self.caps.trigger,
                "run": self.caps.run,
                "day": self.caps.day,
                "month": self.caps.month,
                "datasets": dict(self.caps.datasets),
            },
        }

    def spend_differences(self) -> list[dict[str, Any]]:
        """Snapshots that cost over 2 % more than was reserved, or have other rows than Bright Data lists."""
        listed = {one.snapshot_id: one.rows for one in self.scan()}
        found = []
        for row in spending.settled(self.ledger):
            theirs = listed.get(row["snapshot_id"])
            is_over = row["settled_records"] > row["reserved_records"] * (1 + _TELLING)
            if is_over or _differs(row["delivered_rows"], theirs):
                found.append({**row, "listed_rows": theirs})
        return found

    def stop_spending(self, reason: str) -> None:
        caps.stop_spending(self.ledger, reason)

    def allow_spending(self) -> None:
        caps.allow_spending(self.ledger)


def _differs(ours: int, theirs: int | None) -> bool:
    return theirs is not None and abs(ours - theirs) > _TELLING * max(min(ours, theirs), 1)
