"""Tables of the site and the questions asked of them; what was taken is committed before it is answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Final

from workbench.sandbox.database import Row
from workbench.sandbox.dice import share
from workbench.sandbox.notes import Store

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tj_creative (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, tab TEXT NOT NULL, name TEXT NOT NULL,
    kind TEXT NOT NULL, dimensions TEXT NOT NULL, review TEXT NOT NULL, decided INTEGER NOT NULL DEFAULT 0,
    is_terse INTEGER NOT NULL, hidden INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS tj_creative_name ON tj_creative (account, tab, name);
CREATE TABLE IF NOT EXISTS tj_file (
    number INTEGER PRIMARY KEY, account TEXT NOT NULL, tab TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, outcome TEXT NOT NULL, id TEXT, message TEXT, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tj_session (
    token TEXT PRIMARY KEY, account TEXT NOT NULL, created REAL NOT NULL, seen REAL NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0, ended TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tj_challenge (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT, session TEXT,
    word TEXT NOT NULL, polled REAL NOT NULL DEFAULT 0, typed TEXT NOT NULL DEFAULT '', solved TEXT,
    used INTEGER NOT NULL DEFAULT 0
);
"""
_FIRST_ID: Final = 1_032_500_000
PER_PAGE: Final = 12


@dataclass(frozen=True)
class Creative:
    id: str
    account: str
    tab: str
    name: str
    kind: str
    dimensions: str
    review: str
    is_terse: bool
    created: float


def _creative(row: Row) -> Creative:
    return Creative(**{name: row[name] for name in Creative.__dataclass_fields__})


def digest(token: str) -> str:
    """What is kept of a cookie: it opens nothing."""
    return sha256(token.encode()).hexdigest()


class TrafficJunkyStore(Store):
    service = "trafficjunky"
    tables: ClassVar = ("tj_creative", "tj_file", "tj_session", "tj_challenge")

    def add_creative(self, fields: dict[str, Any]) -> str:
        """Ids are of ten digits, rise, and leave gaps: other advertisers upload too."""
        with self.db.writing():
            last = int(self.db.value("SELECT max(id) FROM tj_creative") or _FIRST_ID)
            creative_id = str(last + 1 + int(share(self.seed, "gap", last) * 40))
            usual = {"hidden": 0, "review": "pending", "created": time.time()}
            self.insert("tj_creative", {**usual, **fields, "id": creative_id})
        return creative_id

    def knows(self, account: str, tab: str, name: str) -> bool:
        sql = "SELECT 1 FROM tj_creative WHERE account = ? AND tab = ? AND name = ? LIMIT 1"
        return self.db.value(sql, (account, tab, name)) is not None

    def page(self, account: str, tab: str, number: int) -> tuple[list[Creative], bool]:
        """Newest first, and whether another page follows."""
        rows = self.db.all(
            "SELECT * FROM tj_creative WHERE account = ? AND tab = ? AND NOT hidden ORDER BY number DESC"
            " LIMIT ? OFFSET ?",
            (account, tab, PER_PAGE + 1, (number - 1) * PER_PAGE),
        )
        return [_creative(row) for row in rows[:PER_PAGE]], len(rows) > PER_PAGE

    def count(self, account: str, tab: str) -> int:
        sql = "SELECT count(*) FROM tj_creative WHERE account = ? AND tab = ? AND NOT hidden"
        return int(self.db.value(sql, (account, tab)))

    def remove_newest(self, account: str, tab: str) -> None:
        self.db.run(
            "DELETE FROM tj_creative WHERE number ="
            " (SELECT max(number) FROM tj_creative WHERE account = ? AND tab = ? AND NOT hidden)",
            (account, tab),
        )

    def reveal(self, account: str) -> None:
        """Show what waited for the page to be loaded again."""
        self.db.run("UPDATE tj_creative SET hidden = 0 WHERE account = ? AND hidden", (account,))

    def undecided(self, before: float) -> list[Creative]:
        rows = self.db.all("SELECT * FROM tj_creative WHERE NOT decided AND created <= ?", (before,))
        return [_creative(row) for row in rows]

    def decide(self, creative_id: str, review: str) -> None:
        self.db.run("UPDATE tj_creative SET review = ?, decided = 1 WHERE id = ?", (review, creative_id))

    def add_file(self, fields: dict[str, Any]) -> None:
        self.insert("tj_file", {"id": None, "message": None, **fields, "at": time.time()})
