"""Tables of the stand-in and the questions asked of them; what was accepted is committed before it is answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from workbench.sandbox.brightdata.plan import Options
from workbench.sandbox.database import Database, Row
from workbench.sandbox.dice import Dice, share
from workbench.sandbox.notes import Store

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS throttle (at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, dataset_id TEXT NOT NULL, method TEXT NOT NULL,
    query TEXT NOT NULL, options TEXT NOT NULL, seed INTEGER NOT NULL, caller TEXT NOT NULL,
    created REAL NOT NULL, begins REAL NOT NULL, ends REAL NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'ready', error_message TEXT,
    held INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0, emptied INTEGER NOT NULL DEFAULT 0,
    broken REAL NOT NULL DEFAULT 0, answered TEXT NOT NULL DEFAULT 'id',
    inputs INTEGER NOT NULL, data INTEGER NOT NULL, warnings INTEGER NOT NULL, errors INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS input (
    snapshot_id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (snapshot_id, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS download (
    snapshot_id TEXT NOT NULL, at REAL NOT NULL, format TEXT NOT NULL, part INTEGER,
    rows INTEGER NOT NULL, broken INTEGER NOT NULL, whole INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY, snapshot_id TEXT NOT NULL, kind TEXT NOT NULL, url TEXT NOT NULL, headers TEXT NOT NULL,
    format TEXT NOT NULL, compress INTEGER NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'running', error TEXT, code INTEGER
);
"""
_STATUS: Final = """CASE WHEN :now < begins THEN 'starting' WHEN held OR :now < ends THEN 'running' ELSE outcome END"""
# What may be asked of the stand-in's own flags of a snapshot.
FLAGS: Final = frozenset({"held", "expired", "emptied", "broken", "answered"})
# Homes of before kept these in tables of Bright Data's own.
_MOVED: Final = {"meta": "note", "counter": "tally", "switch": "toggle"}


@dataclass(frozen=True)
class Snapshot:
    """One accepted trigger; `status` is what the clock says."""

    id: str
    dataset_id: str
    method: str
    query: dict[str, str]
    options: Options
    seed: int
    caller: str
    created: float
    ends: float
    status: str
    outcome: str
    error_message: str | None
    held: bool
    expired: bool
    emptied: bool
    broken: float
    answered: str
    inputs: int
    data: int
    warnings: int
    errors: int

    @property
    def size(self) -> int:
        """Rows delivered, of any kind, after the cap on all results."""
        cap = self.options.limit_multiple_results
        whole = self.data + self.warnings + self.errors
        return whole if cap is None else min(whole, cap)

    @property
    def billed(self) -> int:
        """Records paid for: rows with data, once collected. Error rows are not billed; warnings are not here."""
        return min(self.data, self.size) if self.status == "ready" else 0


def _snapshot(row: Row) -> Snapshot:
    options = json.loads(row["options"])
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    kept = {name: row[name] for name in Snapshot.__dataclass_fields__ if name not in {"query", "options"}}
    return Snapshot(**kept, query=json.loads(row["query"]), options=Options(**read))


class BrightDataStore(Store):
    service = "brightdata"
    tables: ClassVar = ("throttle", "snapshot", "input", "download", "delivery")

    def __init__(self, database: Database, seed: int | None) -> None:
        with database.writing():
            for old, new in _MOVED.items():
                if database.one("SELECT 1 FROM sqlite_master WHERE name = ?", (old,)):
                    database.run(f"INSERT OR IGNORE INTO {new} SELECT ?, * FROM {old}", (self.service,))  # noqa: S608
                    database.run(f"DROP TABLE {old}")
        super().__init__(database, seed)

    def new_id(self, kind: str) -> str:
        """Ids of 2026 begin with `sd_`, older ones with `s_`; both are seen, so both are given."""
        number = self.notes.bump(f"ids:{kind}")
        prefix = kind if kind != "snapshot" else "s" if number % 5 == 0 else "sd"
        return f"{prefix}_{Dice(self.seed, kind, number).base36(18)}"

    def add_snapshot(self, fields: dict[str, Any], inputs: Iterable[dict[str, Any]]) -> str:
        snapshot_id = self.new_id("snapshot")
        self.put_snapshot({**fields, "id": snapshot_id}, inputs)
        return snapshot_id

    def put_snapshot(self, fields: dict[str, Any], inputs: Iterable[dict[str, Any]]) -> None:
        with self.db.writing():
            self.insert("snapshot", {**fields, "seed": self.seed})
            self.db.run_many(
                "INSERT INTO input VALUES (?, ?, ?)",
                ((fields["id"], number, json.dumps(body)) for number, body in enumerate(inputs)),
            )

    def snapshot(self, snapshot_id: str) -> Snapshot | None:
        found = self._snapshots("WHERE id = :id", {"id": snapshot_id})
        return found[0] if found else None

    def accepted(self) -> list[Snapshot]:
        """What was triggered here, oldest first."""
        return self._snapshots("WHERE number > 0 ORDER BY number", {})

    def snapshots(self, where: str = "", values: dict[str, Any] | None = None) -> list[Snapshot]:
        """Newest first; `where` may use the column `status` and values by name."""
        return self._snapshots(where, values or {})

    def _snapshots(self, where: str, values: dict[str, Any]) -> list[Snapshot]:
        sql = f"SELECT * FROM (SELECT *, {_STATUS} AS status FROM snapshot) {where}"  # noqa: S608 (no outside text)
        rows = self.db.all(sql, {"now": time.time(), **values})
        return [_snapshot(row) for row in rows]

    def count_snapshots(self, where: str, values: dict[str, Any]) -> int:
        sql = f"SELECT count(*) FROM (SELECT *, {_STATUS} AS status FROM snapshot) {where}"  # noqa: S608
        return int(self.db.value(sql, {"now": time.time(), **values}))

    def flag(self, snapshot_id: str, name: str, value: object) -> None:
        if name not in FLAGS:
            raise KeyError(name)
        self.db.run(f"UPDATE snapshot SET {name} = ? WHERE id = ?", (value, snapshot_id))  # noqa: S608 (in FLAGS)

    def decide(self, snapshot_id: str, outcome: str, message: str | None = None) -> None:
        self.db.run("UPDATE snapshot SET outcome = ?, error_message = ? WHERE id = ?", (outcome, message, snapshot_id))

    def cancel(self, snapshot_id: str) -> None:
        now = time.time()
        self.db.run(
            "UPDATE snapshot SET outcome = 'canceled', held = 0, begins = ?, ends = ? WHERE id = ?",
            (now, now, snapshot_id),
        )

    def release(self) -> None:
        """Let go of the snapshots that `never_ready` held."""
        self.db.run("UPDATE snapshot SET held = 0")

    def inputs(self, snapshot_id: str) -> Iterator[dict[str, Any]]:
        """In the order given, a few at a time: a job may have tens of thousands."""
        last = -1
        while rows := self.db.all(
            "SELECT number, body FROM input WHERE snapshot_id = ? AND number > ? ORDER BY number LIMIT 200",
            (snapshot_id, last),
        ):
            yield from (json.loads(row["body"]) for row in rows)
            last = rows[-1]["number"]

    def add_throttled(self, window: float) -> int:
        """Note a 429 and tell how many there were within `window` seconds."""
        now = time.time()
        with self.db.writing():
            self.db.run("INSERT INTO throttle VALUES (?)", (now,))
            return int(self.db.value("SELECT count(*) FROM throttle WHERE at > ?", (now - window,)))


def is_broken(snapshot: Snapshot, position: int) -> bool:
    """A share of the lines, and always at least one."""
    if not snapshot.broken:
        return False
    surely = int(share(snapshot.seed, snapshot.id, "broken") * snapshot.size)
    return position == surely or share(snapshot.seed, snapshot.id, "broken", position) < snapshot.broken
