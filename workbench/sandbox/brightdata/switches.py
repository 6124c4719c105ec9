"""Switches: the failures a caller can ask for, each by chance or for the next n matching requests."""

from __future__ import annotations

import json
from typing import Any, Final

from workbench.sandbox.brightdata.rows.dice import share
from workbench.sandbox.brightdata.store import Store

# name → the routes it matches by itself; () = every route of the API.
SWITCHES: Final[dict[str, tuple[str, ...]]] = {
    "slow": (),
    "server_error_500": (),
    "reset": (),
    "too_many_429": (),
    "ban": (),
    "forbidden_403": ("list",),
    "input_forgotten": ("input",),
    "drop_after_trigger": ("trigger",),
    "answer_without_id": ("trigger",),
    "unknown_status": ("progress",),
    "building_after_ready": ("download",),
    "ready_then_409": ("download",),
    "truncated_body": ("download",),
    "html_body": ("download",),
    "empty_body": ("download",),
    "blank_body": ("download",),
    "short_body": ("download",),
    "doubled_body": ("download",),
    "foreign_body": ("download",),
    "expired": ("download",),
    "empty": ("download",),
    "broken_lines": (),
    "snapshot_failed": (),
    "snapshot_canceled": (),
    "never_ready": (),
    "deliver_again": (),
    "test_delivery": (),
    "forged_delivery": (),
}
# Decided once for a snapshot, when it is accepted or first looked at with the switch on.
OF_SNAPSHOTS: Final = ("snapshot_failed", "snapshot_canceled", "never_ready", "broken_lines")
NUMBERS: Final[dict[str, float]] = {
    "ready_after_seconds": 1.0,
    "sync_seconds": 60.0,
    "retry_after_seconds": 1.0,
    "delivery_gap_seconds": 1.0,
    "delivery_spread_seconds": 0.0,
}
ROUTES: Final = (
    *("trigger", "scrape", "rerun", "progress", "list", "log", "parts", "input", "cancel", "download"),
    *("deliver", "delivery", "datasets", "metadata", "balance", "status"),
)
FORMS: Final = 'a chance from 0 to 1, {"times": n} or {"chance": p}, the last two also with "on": a route'


class BadSwitch(ValueError):
    """A switch or value that does not exist; the text says what would."""


class Switches:
    def __init__(self, store: Store) -> None:
        self._store = store

    def shown(self) -> dict[str, Any]:
        stored = {row["name"]: json.loads(row["value"]) for row in self._store.db.all("SELECT * FROM switch")}
        return {**dict.fromkeys(SWITCHES, 0), **NUMBERS, **stored}

    def set(self, values: object) -> None:
        """All of them, or none: a bad one leaves everything as it was."""
        if not isinstance(values, dict):
            raise BadSwitch('send a JSON object, e.g. {"expired": {"times": 1}}')
        checked = {name: _checked(name, value) for name, value in values.items()}
        with self._store.db.writing():
            for name, value in checked.items():
                self._store.db.run("INSERT OR REPLACE INTO switch VALUES (?, ?, 0)", (name, json.dumps(value)))
            if checked.get("never_ready") == 0:
                self._store.release()
            if checked.get("ban") == 0:
                self._store.db.run("DELETE FROM throttle")

    def number(self, name: str) -> float:
        return float(self.shown()[name])

    def strikes(self, name: str, route: str = "", subject: str = "") -> int:
        """0 if the switch lets this pass, else how many times it has struck. A subject is always judged alike."""
        sql = "SELECT value, used FROM switch WHERE name = ?"
        if self._store.db.one(sql, (name,)) is None:
            return 0
        with self._store.db.writing():
            row = self._store.db.one(sql, (name,))
            if row is None or not _matches(name, json.loads(row["value"]), route):
                return 0
            value = json.loads(row["value"])
            if isinstance(value, dict) and "times" in value:
                return self._spend(name, value, row["used"])
            chance = value.get("chance", 1) if isinstance(value, dict) else 1 if name == "slow" else value
            looks = self._store.bump(f"looks:{name}")
            if share(self._store.seed, name, subject or looks) >= chance:
                return 0
            self._store.db.run("UPDATE switch SET used = used + 1 WHERE name = ?", (name,))
            return int(row["used"]) + 1

    def _spend(self, name: str, value: dict[str, Any], used: int) -> int:
        if value["times"] == 0:
            return 0
        left = {**value, "times": value["times"] - 1}
        self._store.db.run("UPDATE switch SET value = ?, used = used + 1 WHERE name = ?", (json.dumps(left), name))
        return used + 1

    def delay(self, route: str) -> float:
        value = self.shown()["slow"]
        seconds = value["seconds"] if isinstance(value, dict) else value
        return float(seconds) if seconds and self.strikes("slow", route) else 0.0


def _matches(name: str, value: Any, route: str) -> bool:
    wanted = (value["on"],) if isinstance(value, dict) and "on" in value else SWITCHES[name]
    return not wanted or route in wanted


def _checked(name: str, value: Any) -> Any:
    if name in NUMBERS:
        return _number(name, value, most=86_400, form="a number of seconds")
    if name not in SWITCHES:
        raise BadSwitch(f"unknown switch {name!r}; there are: {', '.join([*SWITCHES, *NUMBERS])}")
    if name == "slow":
        return _checked_slow(value)
    if not isinstance(value, dict):
        return _number(name, value, most=1, form=FORMS)
    if set(value) not in ({"times"}, {"times", "on"}, {"chance"}, {"chance", "on"}):
        raise BadSwitch(f"{name} takes {FORMS}; not {json.dumps(value)}")
    _check_route(name, value)
    if "chance" in value:
        _number(name, value["chance"], most=1, form=FORMS)
    elif not isinstance(value["times"], int) or isinstance(value["times"], bool) or value["times"] < 0:
        raise BadSwitch(f"{name}: times is a whole number, 0 or more; not {json.dumps(value['times'])}")
    return value


def _checked_slow(value: Any) -> Any:
    form = 'seconds, or {"seconds": s} with "times": n and "on": a route'
    if not isinstance(value, dict):
        return _number("slow", value, most=600, form=form)
    if "seconds" not in value or set(value) - {"seconds", "times", "on"}:
        raise BadSwitch(f"slow takes {form}; not {json.dumps(value)}")
    _check_route("slow", value)
    _number("slow", value["seconds"], most=600, form=form)
    if "times" in value:
        _checked("reset", {"times": value["times"]})
    return value


def _check_route(name: str, value: dict[str, Any]) -> None:
    if value.get("on", "trigger") not in ROUTES:
        raise BadSwitch(f"{name}: on is one of {', '.join(ROUTES)}; not {value['on']!r}")


def _number(name: str, value: Any, *, most: float, form: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadSwitch(f"{name} takes {form}; not {json.dumps(value)}")
    return value
