"""SQL put together from templates: whatever is not ours goes in as a literal or a quoted name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Template


def fill(template: str, **parts: object) -> str:
    """`$name` in the template becomes the part of that name; parts are SQL already."""
    return Template(template).substitute(parts)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def path_literal(path: Path) -> str:
    """One file, for a reader of files: DuckDB takes `[`, `*` and `?` for patterns, also in a list."""
    return literal("".join(f"[{char}]" if char in "*?[" else char for char in str(path)))


def list_literal(literals: Iterable[str]) -> str:
    return "[" + ", ".join(literals) + "]"
