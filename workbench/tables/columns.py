"""Vendor keys → our columns: which keys are read, and how a value becomes the type that is pinned.

Every key is read as text, nested values as JSON text, so no drift of types can break a read. Every cast is a
TRY_CAST: a value that does not fit is NULL, its row stays, and the raw row has what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from workbench.errors import BadInput
from workbench.tables.schema import IDENTITY, OWN_COLUMNS
from workbench.tables.sql import fill, literal, name

# Our own columns beside the vendor's keys begin with a sign that no key of theirs begins with.
ROW: Final = '"#row"'

_SYSTEM: Final = ("error", "error_code", "warning", "warning_code")
_ASKED: Final = ("discovery_input", "input")
_CASTS: Final = {
    "VARCHAR": "plain",
    "BIGINT": "whole",
    "DOUBLE": "decimal_number",
    "BOOLEAN": "truth",
    "TIMESTAMPTZ": "moment",
    "VARCHAR[]": "texts",
}
# nested: also a value that came as JSON text, as in cells of CSV.
# moment: without a zone it is UTC; an epoch is in seconds, or in milliseconds where seconds would be past the
# year 5000; what Python cannot hold as a date is NULL.
# texts: a list, JSON text of one, one value, or text with commas; of an object in it the address or name. Where all
# are objects with an address, as media are, one look at the list replaces one at each of them.
MACROS: Final = r"""
create temp macro nested(value) as case when left(value, 1) in ('{', '[') then try_cast(value as json) end;
create temp macro plain(value) as nullif(value, '');
create temp macro whole(value) as try_cast(value as bigint);
create temp macro decimal_number(value) as try_cast(value as double);
create temp macro truth(value) as try_cast(value as boolean);

create temp macro unquoted(value) as trim(value, ' "');
create temp macro from_epoch(n) as
    case when abs(n) between 100000000 and 99999999999 then make_timestamp(n * 1000000::bigint)
         when abs(n) between 100000000000 and 99999999999999 then make_timestamp(n * 1000::bigint)
    end::timestamptz;
create temp macro is_in_range(moment) as
    moment >= '0001-01-02'::timestamptz and moment < '9999-12-31'::timestamptz;
create temp macro in_range(moment) as case when is_in_range(moment) then moment end;
create temp macro any_moment(value) as in_range(coalesce(
    try_cast(unquoted(value) as timestamptz), from_epoch(try_cast(unquoted(value) as bigint))));
create temp macro moment(value) as
    case when is_in_range(try_cast(value as timestamptz)) then try_cast(value as timestamptz)
         else any_moment(value) end;

create temp macro address_or_name(thing) as
    coalesce(thing->>'$.hashtag', thing->>'$.url', thing->>'$.video_url', thing->>'$.link', thing->>'$.name',
             thing->>'$.title');
create temp macro entry(value) as
    nullif(case when left(value, 1) in ('{', '[') and json_valid(value) then address_or_name(value) else value end, '');
create temp macro entries(list) as
    list_filter(list_transform(list, lambda item: entry(item)), lambda item: item is not null);
create temp macro addresses(value) as
    case when left(value, 2) = '[{' and not contains(value, '"hashtag"')
         then try(json_extract_string(value, '$[*].url')) end;
create temp macro if_all_have(list, value) as
    case when list is null then null
         when list_count(list) = json_array_length(value) then list_filter(list, lambda item: item <> '') end;
create temp macro apart(value) as
    case when left(value, 4) = 'http' then [value]
         else list_transform(string_split(value, ','), lambda part: trim(part)) end;
create temp macro several(value) as
    case left(value, 1) when '[' then coalesce(try(from_json(value, '["VARCHAR"]')), apart(value))
                        when '{' then [value] else apart(value) end;
create temp macro texts(value) as
    nullif(coalesce(if_all_have(addresses(value), value), entries(several(nullif(value, 'null')))), []);
"""
_JUDGED: Final = """
    select *, $source as "#source", $error is not null as "#error", $warning is not null as "#warning",
           case when $error is null then $any_value else $any_own_value end as "#data"
    from (select *, $nested from ($rows))
"""


class Mapped:
    """The SQL of one kind and its mapping: what to read of a row, and what our columns are made of."""

    def __init__(self, kind: str, columns: Mapping[str, Sequence[str]], scraped_at_key: str) -> None:
        _check(kind, columns)
        self.kind, self.columns, self.scraped_at_key = kind, columns, scraped_at_key
        paths = [path for paths in columns.values() for path in paths]
        self.values = tuple(dict.fromkeys(path.partition(".")[0] for path in paths))
        self.keys = tuple(dict.fromkeys((*self.values, *_SYSTEM, *_ASKED, scraped_at_key)))
        if len({key.casefold() for key in self.keys}) < len(self.keys):
            raise BadInput(f"of the keys {sorted(self.keys)} two differ in case alone; DuckDB cannot read both.")

    def value(self, column: str) -> str:
        """Our column: the first of its paths that has a value of the right type."""
        target, paths = OWN_COLUMNS[self.kind][column], self.columns.get(column, ())
        if self._is_begun(column):
            rest = ", ".join(f"texts({_at(path)})" for path in paths[1:])
            return f"case when {_first(column)} is not null then {_first(column)} else coalesce({rest}) end"
        tried = [f"{_CASTS[target]}({_at(path)})" for path in paths]
        return f"coalesce({', '.join(tried)})" if tried else f"null::{target}"

    def begun(self, rows: str) -> str:
        """Rows with the first try of lists that have several; the others wait for it behind a CASE.

        What a coalesce says twice is worked out beforehand for every row (as macros do); what a CASE guards is not.
        """
        tried = [f", texts({_at(paths[0])}) as {_first(column)}" for column, paths in self.columns.items()
                 if self._is_begun(column)]  # fmt: skip
        return fill("select *$tried from ($rows)", tried="".join(tried), rows=rows)

    def _is_begun(self, column: str) -> bool:
        return OWN_COLUMNS[self.kind][column] == "VARCHAR[]" and len(self.columns.get(column, ())) > 1

    def scraped_at(self) -> str:
        return f"moment({name(self.scraped_at_key)})"

    def read_columns(self) -> str:
        """What read_json shall read."""
        return "{" + ", ".join(f"{literal(key)}: 'VARCHAR'" for key in self.keys) + "}"

    def structure(self) -> str:
        """The same for from_json."""
        return literal("{" + ", ".join(f'{_quoted(key)}: "VARCHAR"' for key in self.keys) + "}")

    def judged(self, rows: str, source: str) -> str:
        """Rows with what they are: error, warning, whether they have data, and whose they are.

        Beside an error only data of its own makes a row data, not the echo of what was asked.
        """
        values = [key for key in self.values if key not in {*_SYSTEM, *_ASKED, self.scraped_at_key}]
        parents = {path.partition(".")[0] for paths in self.columns.values() for path in paths if "." in path}
        return fill(
            _JUDGED,
            rows=rows,
            source=source,
            nested=", ".join(f"nested({name(key)}) as {_parent(key)}" for key in sorted(parents | {*_ASKED})),
            error="coalesce(plain(error), plain(error_code))",
            warning="coalesce(plain(warning), plain(warning_code))",
            any_value=" or ".join(f"{name(key)} is not null" for key in values) or "false",
            any_own_value=" or ".join(_is_own(key) for key in values) or "false",
        )


def asked(place: str, key: str) -> str:
    """A field of what was asked for, as text."""
    return _at(f"{place}.{key}")


def below(*steps: str) -> str:
    """The path to a nested value."""
    return literal("$" + "".join(f".{_quoted(step)}" for step in steps))


def casts(columns: Mapping[str, str], values: Iterable[str]) -> str:
    """A select list: the values under their pinned names and types."""
    pairs = zip(columns.items(), values, strict=True)
    return ",\n    ".join(f"({value})::{kind} as {name(column)}" for (column, kind), value in pairs)


def _at(path: str) -> str:
    key, *steps = path.split(".")
    return f"({_parent(key)}->>{below(*steps)})" if steps else name(key)


def _parent(key: str) -> str:
    return name(f"#in {key}")


def _first(column: str) -> str:
    return name(f"#first {column}")


def _is_own(key: str) -> str:
    echoes = ", ".join(asked(place, key) for place in _ASKED)
    return (
        f"(coalesce({name(key)}, '') not in ('', '[]', '{{}}', 'null')"
        f" and not coalesce({name(key)} in ({echoes}), false))"
    )


def _check(kind: str, columns: Mapping[str, Sequence[str]]) -> None:
    if kind not in OWN_COLUMNS:
        raise BadInput(f"there is no kind of table {kind!r}; the kinds are {', '.join(OWN_COLUMNS)}.")
    if unknown := sorted(set(columns) - set(OWN_COLUMNS[kind])):
        raise BadInput(f"{kind} has no column {', '.join(unknown)}; its columns are in tables/schema.py.")
    if IDENTITY[kind] not in columns and "url" not in columns:
        raise BadInput(f"an order for {kind} maps neither {IDENTITY[kind]} nor url: its rows could not be told apart.")


def _quoted(key: str) -> str:
    if '"' in key or "\\" in key:
        raise BadInput(f"the vendor key {key!r} holds a quote or a backslash, which a path cannot.")
    return f'"{key}"'
