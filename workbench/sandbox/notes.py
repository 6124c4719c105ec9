"""What a service remembers: single values, tallies, the switches that are set, and tables of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from workbench.sandbox.database import Database

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS note (
    service TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (service, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
    service TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (service, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS toggle (
    service TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (service, name)
) WITHOUT ROWID;
"""


class Notes:
    """The notes of one service; services share the tables and see nothing of each other."""

    def __init__(self, database: Database, service: str, seed: int | None = None) -> None:
        self.db = database
        self.service = service
        if seed is not None:
            self.remember("seed", seed)
        self.seed = int(self.recall("seed") or 1)

    def remember(self, name: str, value: object) -> None:
        self.db.run("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", (self.service, name, json.dumps(value)))

    def recall(self, name: str) -> Any:
        text = self.db.value("SELECT value FROM note WHERE service = ? AND name = ?", (self.service, name))
        return None if text is None else json.loads(text)

    def bump(self, name: str, by: int = 1) -> int:
        sql = (
            "INSERT INTO tally VALUES (?, ?, ?)"
            " ON CONFLICT (service, name) DO UPDATE SET value = value + excluded.value RETURNING value"
        )
        with self.db.writing():
            return int(self.db.value(sql, (self.service, name, by)))

    def tallies(self, prefix: str = "") -> dict[str, int]:
        rows = self.db.all("SELECT name, value FROM tally WHERE service = ? ORDER BY name", (self.service,))
        return {row["name"].removeprefix(prefix): row["value"] for row in rows if row["name"].startswith(prefix)}

    def reset(self) -> None:
        """Forget tallies and switches; the seed and the like stay."""
        with self.db.writing():
            self.db.run("DELETE FROM tally WHERE service = ?", (self.service,))
            self.db.run("DELETE FROM toggle WHERE service = ?", (self.service,))


class Store:
    """The part of the file that belongs to one service: its notes, and its tables."""

    service: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]

    def __init__(self, database: Database, seed: int | None) -> None:
        self.db = database
        self.notes = Notes(database, self.service, seed)
        self.seed = self.notes.seed

    def insert(self, table: str, fields: Mapping[str, Any]) -> None:
        names, marks = ", ".join(fields), ", ".join(f":{name}" for name in fields)
        self.db.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", dict(fields))  # noqa: S608 (our own names)

    def reset(self) -> None:
        """A new world of the same seed: the same calls give the same ids again."""
        with self.db.writing():
            for table in self.tables:
                self.db.run(f"DELETE FROM {table}")  # noqa: S608 (our own names)
            self.notes.reset()
