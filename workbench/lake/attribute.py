"""Rows → sources: by what was asked for, never by the author.

The vendor echoes what it was asked in `discovery_input` (for rows that it discovered) and in `input`. A row
belongs to the source whose own input keys have the same values there, addresses compared as workbench/addresses.py
spells them; of several, to that of the lowest id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

import duckdb
from duckdb.sqltypes import VARCHAR

from workbench import addresses
from workbench.lake.columns import asked, below
from workbench.lake.sql import fill, list_literal, literal

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
    platform: str,
    are_all: bool = True,
) -> str:
    """Make the sources known to the connection; the SQL that gives a row's source as a struct, or NULL."""
    connection.create_function("address", partial(addresses.key, platform), [VARCHAR], VARCHAR)
    connection.create_function("handle", addresses.handle, [VARCHAR], VARCHAR)
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
