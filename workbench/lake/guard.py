"""What people and pages may ask: one statement that only reads; and how far a locked connection reaches."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from workbench.errors import BadInput
from workbench.lake.sql import list_literal, literal, path_literal

# Order matters: what stays allowed is said before the door is closed, and the lock comes last.
_LOCKS: Final = (
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set python_enable_replacements = false",  # else a query could read the variables of the program
    "set enable_external_access = false",
    "set lock_configuration = true",
)
_COMMENT: Final = r"(?:--[^\n]*(?:\n|$)|/\*.*?\*/|\s)"
_EXPLAIN: Final = re.compile(
    rf"{_COMMENT}*explain{_COMMENT}+(?:analyze{_COMMENT}+)?(?:\([^)]*\){_COMMENT}*)?",
    re.IGNORECASE | re.DOTALL,
)


def lock_down(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    # Paths are also compared in the form in which their patterns are made harmless.
    folders = list_literal((literal(str(lake)), path_literal(lake)))
    for statement in (f"set allowed_directories = {folders}", *_LOCKS):
        connection.execute(statement)


def select_only(sql: str) -> str:
    """The statement itself, if it is one and only reads; everything else is refused.

    DuckDB's own parser decides. DESCRIBE, SHOW, SUMMARIZE and FROM are selects to it; EXPLAIN may go before.
    """
    kind = _kind(sql)
    if kind == duckdb.StatementType.EXPLAIN:
        kind = _kind(_EXPLAIN.sub("", sql, count=1))
    if kind != duckdb.StatementType.SELECT:
        raise BadInput(f"only questions are answered here (SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE), not {kind.name}.")
    return sql


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What DuckDB says about a query is for whoever asked it."""
    try:
        yield
    except duckdb.Error as error:
        said = str(error).split("\n\n", 1)[0]
        raise BadInput(f"the query cannot be answered: {said} What there is: workbench sql 'SHOW TABLES'") from error


def _kind(sql: str) -> duckdb.StatementType:
    try:
        sql.encode()  # half of a character pair is no text to DuckDB, which does not say so
        statements = duckdb.extract_statements(sql)
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise BadInput(str(error)) from error
    if len(statements) != 1:
        raise BadInput(f"one statement at a time; these are {len(statements)}.")
    return statements[0].type
