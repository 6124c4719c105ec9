"""Rows → sources: by what was asked for, never by the author.

The vendor echoes what it was asked in `discovery_input` (for rows that it discovered) and in `input`. A row
belongs to the source whose own input keys have the same values there; of several, to that of the lowest id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from workbench.tables.columns import asked, below
from workbench.tables.sql import fill, list_literal, literal

if TYPE_CHECKING:  # recover asks for TELLING alone, and with it every command
    import duckdb

# A query is no part of an address, except where it alone says what is meant: profile.php?id=…, watch?v=…
TELLING: Final = (
    "id", "v", "q", "list", "fbid", "story_fbid", "set", "search_query", "keyword", "keywords", "search_keyword",
)  # fmt: skip
MACROS: Final = r"""
create temp macro bare_address(value) as
    regexp_replace(regexp_replace(trim(value), '#.*$', ''), '^([A-Za-z][A-Za-z0-9+.-]*:)?//', '');
create temp macro told_apart_by(query) as
    list_sort(list_filter(string_split(query, '&'), lambda part: regexp_matches(
        part, '^($telling)=.')));
create temp macro address_of(bare, query) as
    regexp_replace(lower(regexp_extract(bare, '^[^/?]*')), '^www\.', '')
    || rtrim(regexp_extract(bare, '^[^/?]*([^?]*)', 1), '/')
    || case when query = '' then '' else array_to_string(told_apart_by(query), '&') end;
create temp macro address(value) as
    nullif(address_of(bare_address(value), regexp_extract(bare_address(value), '\?(.*)$', 1)), '');
create temp macro handle(value) as nullif(lower(trim(value)), '');
""".replace("$telling", "|".join(TELLING))
_SOURCES: Final = """
set variable sources = from_json($listed, '[{"source_id": "BIGINT", "url": "VARCHAR", "creator": "VARCHAR",
                                             "project": "VARCHAR", "inputs": "JSON"}]')
"""
# The vendor repeats most addresses letter by letter: those are found without being taken apart.
_SPELLED: Final = """
set variable spelled_$number = (
    select map(list(spelling), list(position))
    from (select $spelling as spelling, arg_min(position, source.source_id) as position
          from (select getvariable('sources')[position] as source, position
                from (select unnest($positions) as position))
          group by spelling)
    where spelling is not null)
"""
_KNOWN: Final = """
set variable known_$number = (
    select map(list(signature), list(position))
    from (select $signature as signature, arg_min(position, source.source_id) as position
          from (select getvariable('sources')[position] as source, position
                from (select unnest($positions) as position))
          group by signature)
    where signature is not null)
"""
# Behind a CASE, so that only what is not spelled alike is taken apart.
_FOUND: Final = """
case when ($spelling) is null then null
     when getvariable('spelled_$number')[$spelling] is not null then getvariable('spelled_$number')[$spelling]
     else getvariable('known_$number')[$signature] end
"""


@dataclass(frozen=True)
class SourceRef:
    """A source and what was asked for it: the values of its input keys, as sent."""

    source_id: int
    url: str
    creator: str | None
    project: str | None
    inputs: Mapping[str, str]


def introduce(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[SourceRef],
    keys: Sequence[str],
    *,
    are_all: bool = True,
) -> str:
    """Make the sources known to the connection; the SQL that gives a row's source as a struct, or NULL."""
    connection.execute(fill(_SOURCES, listed=literal(json.dumps([asdict(source) for source in sources]))))
    if are_all and len(sources) == 1:
        return "getvariable('sources')[1]"
    lookups = []
    groups = _asked_alike(sources, keys)
    for number, (wanted, positions) in enumerate(groups):
        of_source = [f"(source.inputs->>{below(key)})" for key in wanted]
        listed = list_literal(map(str, positions))
        for statement in (_KNOWN, _SPELLED):
            signature, spelling = _signature(wanted, of_source), _spelling(of_source)
            connection.execute(fill(statement, number=number, signature=signature, spelling=spelling, positions=listed))
    for place in ("discovery_input", "input"):
        for number, (wanted, _) in enumerate(groups):
            of_row = [asked(place, key) for key in wanted]
            spelling, signature = _spelling(of_row), _signature(wanted, of_row)
            lookups.append(fill(_FOUND, number=number, spelling=spelling, signature=signature))
    return f"getvariable('sources')[coalesce({', '.join([*lookups, 'null::bigint'])})]"


def _asked_alike(sources: Sequence[SourceRef], keys: Sequence[str]) -> list[tuple[tuple[str, ...], list[int]]]:
    """Sources by which of the keys they were asked with, the fullest set first; positions begin at 1."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, source in enumerate(sources, start=1):
        if wanted := tuple(key for key in keys if str(source.inputs.get(key) or "").strip()):
            groups.setdefault(wanted, []).append(position)
    return sorted(groups.items(), key=lambda group: -len(group[0]))


def _signature(wanted: Sequence[str], values: Sequence[str]) -> str:
    """One text of all the values; NULL when any is missing."""
    return _spelling(
        f"{'address' if key.casefold().endswith('url') else 'handle'}({value})"
        for key, value in zip(wanted, values, strict=True)
    )


def _spelling(values: Iterable[str]) -> str:
    return " || chr(31) || ".join(values)
