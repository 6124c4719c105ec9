"""The failures of the vendor that can be asked for; the forms of their values are told by `sandbox/switches.py`."""

from __future__ import annotations

import json
from typing import Any, Final

from workbench.sandbox.brightdata.store import BrightDataStore
from workbench.sandbox.switches import FORMS, BadSwitch, Number, Spec, Strike, Switches

ROUTES: Final = (
    *("trigger", "scrape", "rerun", "progress", "list", "log", "parts", "input", "cancel", "download"),
    *("deliver", "delivery", "datasets", "metadata", "balance", "status"),
)


def _failure(*routes: str) -> Strike:
    """Of every route, unless some are named."""
    return Strike(("on",), routes=routes, may=ROUTES)


SPECS: Final[dict[str, Spec]] = {
    "slow": Strike(("on",), {"seconds": 0.0}, may=ROUTES, bare="seconds", most=600),  # the answer waits
    "server_error_500": _failure(),
    "reset": _failure(),
    "too_many_429": _failure(),
    "ban": _failure(),
    "forbidden_403": _failure("list"),
    "input_forgotten": _failure("input"),
    "drop_after_trigger": _failure("trigger"),
    "answer_without_id": _failure("trigger"),
    "unknown_status": _failure("progress"),
    **dict.fromkeys(("building_after_ready", "ready_then_409", "expired", "empty"), _failure("download")),
    # a body that ends too early, or as it should and is another one
    **dict.fromkeys(("truncated_body", "html_body", "empty_body", "blank_body"), _failure("download")),
    **dict.fromkeys(("short_body", "doubled_body", "foreign_body"), _failure("download")),
    # decided once for a snapshot, when it is accepted or first looked at with the switch on
    **dict.fromkeys(("broken_lines", "snapshot_failed", "snapshot_canceled", "never_ready"), _failure()),
    **dict.fromkeys(("deliver_again", "test_delivery", "forged_delivery"), _failure()),
    "ready_after_seconds": Number(1.0, unit="seconds"),
    "sync_seconds": Number(60.0, unit="seconds"),
    "retry_after_seconds": Number(1.0, unit="seconds"),
    "delivery_gap_seconds": Number(1.0, unit="seconds"),
    "delivery_spread_seconds": Number(0.0, unit="seconds"),
}


class BrightDataSwitches(Switches):
    def __init__(self, store: BrightDataStore) -> None:
        super().__init__(store.notes, SPECS)
        self._store_of_snapshots = store

    def set(self, values: object) -> None:
        with self._notes.db.writing():
            super().set(values)
            given = values if isinstance(values, dict) else {}
            if given.get("never_ready") == 0:
                self._store_of_snapshots.release()
            if given.get("ban") == 0:
                self._notes.db.run("DELETE FROM throttle")

    def delay(self, route: str) -> float:
        struck = self.strikes("slow", on=route)
        return float(struck["seconds"]) if struck else 0.0

    def _checked(self, name: str, value: Any) -> Any:
        if isinstance(value, bool):
            raise BadSwitch(f"{name} takes {FORMS}; not {json.dumps(value)}")
        return super()._checked(name, value)
