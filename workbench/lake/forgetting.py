"""Which rows of the tables are a person's, and a body without them: every other line stays, under its own number."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

from workbench.files import make_folder
from workbench.lake import raw
from workbench.lake.schema import COLUMNS
from workbench.lake.sql import fill, literal, name
from workbench.person import Person

_OF_SOURCES: Final = "select snapshot_id, row_no from $table where source_id in ($ids)"
_ADDRESSES: Final = ("author_url", "url", "author", "handle")  # what tells whose a row is; of posts and the like only
_BY_ADDRESS: Final = """
select snapshot_id, row_no, platform, $column from $table
where platform = $platform and contains(lower($column), $part)
"""
_OWN_PAGE: Final = ("profiles", "companies")  # kinds whose `url` is somebody's own page

Ask = Callable[[str], Any]  # a query → a relation


def rows_of(ask: Ask, source_ids: Collection[int], person: Person) -> dict[str, set[int]]:
    """Snapshot → numbers of the rows that answered these sources, or that the person wrote."""
    found: dict[str, set[int]] = {}
    ids = ", ".join(map(str, sorted(source_ids)))
    for table in (*COLUMNS, "rejects") if source_ids else ():
        for snapshot_id, row_no in ask(fill(_OF_SOURCES, table=name(table), ids=ids)).fetchall():
            found.setdefault(snapshot_id, set()).add(row_no)
    for table, columns in COLUMNS.items():
        for column in (one for one in _ADDRESSES if one in columns and (one != "url" or table in _OWN_PAGE)):
            for platform, handle in sorted(person.handles):
                query = fill(
                    _BY_ADDRESS,
                    column=name(column),
                    table=name(table),
                    platform=literal(platform),
                    part=literal(handle),
                )
                for snapshot_id, row_no, _, text in ask(query).fetchall():
                    if person.is_account(platform, text):
                        found.setdefault(snapshot_id, set()).add(row_no)
    return found


def look_through(lines: Path, drop: Callable[[int, bytes], bool], person: Person) -> tuple[int, int]:
    """How many lines are the person's, and how many others name the person."""
    dropped = named = 0
    for number, line in raw.body_lines(lines):
        if raw.is_blank(line):
            continue
        if drop(number, line):
            dropped += 1
        elif person.masked_line(line) != line:
            named += 1
    return dropped, named


def without(lines: Path, drop: Callable[[int, bytes], bool], person: Person, work: Path, target: Path) -> raw.RawFile:
    """Store the body of `lines` without what is the person's, and with a mask where others name the person.

    A line that goes is blank then, so that the numbers of the others stay; of a body that goes whole nothing is left.
    """
    body = make_folder(work) / "body.ndjson"
    kept = False
    try:
        with body.open("wb") as file:
            for number, line in raw.body_lines(lines):
                is_kept = not drop(number, line)
                kept = kept or (is_kept and not raw.is_blank(line))
                file.write((person.masked_line(line) if is_kept else b"") + b"\n")
        return raw.store_raw([body] if kept else [], target)
    finally:
        body.unlink(missing_ok=True)
