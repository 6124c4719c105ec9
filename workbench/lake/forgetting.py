"""Which rows of the tables are a person's, and a body without them: every other line stays, under its own number."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

from workbench.files import make_folder
from workbench.lake import raw
from workbench.lake.schema import COLUMNS
from workbench.lake.sql import fill, literal, name
from workbench.person import Person

_OF_SOURCES: Final = "select snapshot_id, row_no from $table where source_id in ($ids)"
# What tells whose a row is, by the kinds of rows; an address of a post says nothing of who wrote it.
_SAY_WHOSE: Final = ("author_url", "author", "handle")
_OWN_PAGE: Final = ("profiles", "companies")  # kinds whose `url` is somebody's own page
# However an address is spelt, and with or without dots, some part of it is as in the name.
_MAY_BE: Final = """
select distinct $column from $table
where platform = $platform and contains(regexp_replace(lower($column), '[._-]', '', 'g'), $part)
"""
_BY_NAME: Final = """
select snapshot_id, row_no from $table where platform = $platform and $column in ($texts)
"""

_DOTS: Final = re.compile(r"[._-]")
_RUN: Final = re.compile(r"[a-z0-9]+")

Ask = Callable[[str], Any]  # a query → a relation


def rows_of(ask: Ask, source_ids: Collection[int], person: Person) -> dict[str, set[int]]:
    """Snapshot → numbers of the rows that answered these sources, or that the person wrote."""
    ids = ", ".join(map(str, sorted(source_ids)))
    parts = [fill(_OF_SOURCES, table=name(table), ids=ids) for table in (*COLUMNS, "rejects") if source_ids]
    for table, columns in COLUMNS.items():
        for column in (one for one in (*_SAY_WHOSE, *(["url"] if table in _OWN_PAGE else [])) if one in columns):
            for platform, handle in sorted(person.handles):
                where = {"column": name(column), "table": name(table), "platform": literal(platform)}
                texts = [text for (text,) in ask(fill(_MAY_BE, part=literal(_part(handle)), **where)).fetchall()]
                mine = ", ".join(literal(one) for one in texts if person.is_account(platform, one))
                parts += [fill(_BY_NAME, texts=mine, **where)] if mine else []
    found: dict[str, set[int]] = {}
    for snapshot_id, row_no in ask(" union all ".join(parts)).fetchall() if parts else ():
        found.setdefault(snapshot_id, set()).add(row_no)
    return found


def _part(handle: str) -> str:
    """What is written in one way alone."""
    return max(_RUN.findall(_DOTS.sub("", handle)), key=len, default="")


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
