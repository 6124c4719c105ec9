"""One SQLite file that all threads of a sandbox share; a block of `writing()` is one transaction."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Row = sqlite3.Row


class Database:
    """One connection behind one lock: a stand-in answers few callers, and order then needs no thought."""

    def __init__(self, path: Path, schema: str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A commit must survive kill -9 of this process, not a power cut.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(schema)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction; an inner block joins the outer one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def all(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        rows = self.all(sql, values)
        return rows[0] if rows else None

    def value(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        row = self.one(sql, values)
        return None if row is None else row[0]

    def run(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
        with self.writing():
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, values: Iterator[tuple[Any, ...]]) -> None:
        with self.writing():
            self._connection.executemany(sql, values)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
