"""Vendor keys → our columns: which keys are read, and how a value becomes the type that is pinned.

Every key is read as text, nested values as JSON text, so no drift of types can break a read. A value that does not fit
its column is NULL and is counted (`misfits`), its row stays, and the raw row has what was sent. What DuckDB cannot cast
as it stands is asked of values.py, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
from duckdb.func import SPECIAL
from duckdb.sqltypes import BIGINT, VARCHAR

from workbench.errors import BadInput
from workbench.lake import values
from workbench.lake.schema import IDENTITY, OWN_COLUMNS
from workbench.lake.sql import fill, literal, name

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
# Columns that are more than their type says. Programs that take an id for a number destroy it.
_CASTS_OF: Final = {"hashtags": "tags", "media_urls": "media", **dict.fromkeys(IDENTITY.values(), "id_of")}
# What may stand before a place, as in "handle:use_url": the name in an address, the number of an Instagram post.
_FUNCTIONS: Final = {"handle": "handle_in", "media": "media_of"}
# nested: also a value that came as JSON text, as in cells of CSV, or as Python prints it.
# whole: what is no plain number is read as people write counts; less than nothing is a count that is hidden.
# id_of: 123.0 was 123, ="123" keeps a spreadsheet from rounding it, and -1 is none; an id in scientific notation, or
# with more digits than a float keeps, is lost.
# moment: without a zone it is UTC; an epoch is in seconds, or in milliseconds where seconds would be past the
# year 5000; what Python cannot hold as a date is NULL.
# texts: a list, JSON text of one, one value, or text with commas; of an object in it the address or name. Where all
# are objects with an address, as media are, one look at the list replaces one at each of them.
MACROS: Final = r"""
create temp macro json_text(value) as case when json_valid(value) then value else json_of(value) end;
create temp macro nested(value) as
    case when left(value, 1) in ('{', '[') then try_cast(json_text(value) as json) end;
create temp macro plain(value) as nullif(value, '');
create temp macro whole(value) as
    case when value is null or value = '' then null
         when try_cast(value as bigint)::varchar = value
         then case when try_cast(value as bigint) >= 0 then try_cast(value as bigint) end
         else count_of(value) end;
create temp macro bare_id(value) as regexp_extract(value, '^[\s=''"]*(.*?)["\s]*$', 1);
create temp macro kept_id(value) as
    case when regexp_full_match(value, '[0-9]{1,15}[.]0+') then split_part(value, '.', 1)
         when regexp_full_match(value, '[0-9]+[.][0-9]*|[0-9]([.][0-9]+)?[eE][+][0-9]+') then null
         else nullif(value, '') end;
create temp macro id_of(value) as
    case when regexp_matches(value, '[.+=''"\s]') then kept_id(bare_id(value))
         when value not in ('', '-1') then value end;
create temp macro decimal_number(value) as try_cast(value as double);
create temp macro truth(value) as try_cast(value as boolean);

create temp macro media_of(value) as
    case when try_cast(value as uhugeint)::varchar = value then value else media_id(id_of(value)) end;
create temp macro something(value) as
    case when trim(value) not in ('', 'null', '[]', '{}', 'NaN', 'nan', 'None', 'NULL', '""', 'none') then value end;
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
create temp macro listed(value) as
    coalesce(try(from_json(value, '["VARCHAR"]')), try(from_json(json_of(value), '["VARCHAR"]')), apart(value));
create temp macro several(value) as
    case left(value, 1) when '[' then listed(value)
                        when '{' then [coalesce(json_text(value), value)]
                        when 'a' then case when left(value, 7) = 'array([' then listed(value) else apart(value) end
                        when '"' then apart(unquoted(value)) else apart(value) end;
create temp macro texts(value) as
    nullif(coalesce(if_all_have(addresses(value), value), entries(several(nullif(value, 'null')))), []);
create temp macro tag(value) as nullif(ltrim(trim(value), '#＃'), '');
create temp macro tags(value) as
    nullif(list_filter(list_transform(texts(value), lambda one: tag(one)), lambda one: one is not null), []);
create temp macro files_of(thing) as
    case when left(thing, 1) = '{' and json_valid(thing)
         then case when (thing->>'$.video_url') is null then [address_or_name(thing)]
                   else [thing->>'$.url', thing->>'$.video_url'] end
         else [unquoted(thing)] end;
create temp macro media(value) as
    case when contains(value, '"video_url"')
         then nullif(list_filter(flatten(list_transform(several(nullif(value, 'null')), lambda one: files_of(one))),
                                 lambda one: one <> ''), [])
         else texts(value) end;
create temp macro once(list) as list_filter(list, lambda one, place: list_position(list, one) = place);
"""
_JUDGED: Final = """
    select *, $source as "#source", $error is not null as "#error", $warning is not null as "#warning",
           case when $error is null then $any_value else $any_own_value end as "#data"
    from (select *, $nested from ($rows))
"""


@dataclass(frozen=True)
class Place:
    """Where in the vendor's row a value is: a key, or a path with dots."""

    path: str
    function: str = ""  # of _FUNCTIONS
    is_more: bool = False  # in a column of texts: added to what was found before, not instead of nothing

    @classmethod
    def of(cls, text: str) -> Place:
        """`+videos`, `handle:use_url`, or the bare path."""
        plain = text.removeprefix("+")
        function, colon, path = plain.partition(":")
        is_called = bool(colon) and function in _FUNCTIONS
        return cls(path if is_called else plain, function if is_called else "", text.startswith("+"))


class Mapped:
    """The SQL of one kind and its mapping: what to read of a row, and what our columns are made of."""

    def __init__(self, kind: str, columns: Mapping[str, Sequence[str]], scraped_at_key: str) -> None:
        _check(kind, columns)
        self.kind, self.scraped_at_key = kind, scraped_at_key
        self.columns = {column: tuple(map(Place.of, places)) for column, places in columns.items()}
        paths = [place.path for places in self.columns.values() for place in places]
        self.values = tuple(dict.fromkeys(path.partition(".")[0] for path in paths))
        self.keys = tuple(dict.fromkeys((*self.values, *_SYSTEM, *_ASKED, scraped_at_key)))
        if len({key.casefold() for key in self.keys}) < len(self.keys):
            raise BadInput(f"of the keys {sorted(self.keys)} two differ in case alone; DuckDB cannot read both.")

    def value(self, column: str) -> str:
        """Our column, where a value that does not fit is noticed on its way to NULL."""
        if not self.columns.get(column):
            return f"null::{OWN_COLUMNS[self.kind][column]}"
        made = self._made(column)
        noticed = f"noticed({literal(column)}, {self.sent(column)})"
        return f"coalesce({made}, try_cast(nullif({noticed}, '') as {OWN_COLUMNS[self.kind][column]}))"

    def misfit(self, column: str) -> str:
        """Whether something was sent for the column and nothing of it fits."""
        return f"(({self._made(column)}) is null and {self.sent(column)} is not null)"

    def sent(self, column: str) -> str:
        """What was sent for the column, as text; NULL where that is nothing, in whatever words."""
        texts = ", ".join(f"something({_at(place.path)})" for place in self.columns[column])
        return f"coalesce({texts})"

    def _made(self, column: str) -> str:
        """The first of its places that has a value of the right type, and what is to be added to it."""
        places = self.columns[column]
        if not self._is_begun(column):
            return f"coalesce({', '.join(self._tried(column, place, _at(place.path)) for place in places)})"
        made, is_joined = _begun(column, 0), False
        for number, place in enumerate(places[1:], 1):
            if place.is_more:
                made = f"nullif(list_concat(coalesce({made}, []), coalesce({_begun(column, number)}, [])), [])"
                is_joined = True
            else:
                made = f"coalesce({made}, {_begun(column, number)})"
        return f"once({made})" if is_joined else made

    def _tried(self, column: str, place: Place, text: str) -> str:
        cast = _FUNCTIONS[place.function] if place.function else _CASTS_OF.get(column)
        return f"{cast or _CASTS[OWN_COLUMNS[self.kind][column]]}({text})"

    def begun(self, rows: str) -> str:
        """Rows with the lists that their places give, where a column has several: each is worked out once.

        The texts come in a select of their own: a macro repeats what it is given, and those of lists do so dozens of
        times. To plan a question of such a length took seconds.
        """
        several = [(column, number, place) for column, places in self.columns.items() if self._is_begun(column)
                   for number, place in enumerate(places)]  # fmt: skip
        texts = [f", {_at(place.path)} as {_text_of(column, number)}" for column, number, place in several]
        lists = [
            f", {self._tried(column, place, _text_of(column, number))} as {_begun(column, number)}"
            for column, number, place in several
        ]
        inner = fill("select *$texts from ($rows)", texts="".join(texts), rows=rows)
        return fill("select *$lists from ($rows)", lists="".join(lists), rows=inner)

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
        parents = {place.path.partition(".")[0] for places in self.columns.values() for place in places
                   if "." in place.path}  # fmt: skip
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


class Noticed:
    """The columns in which a value did not fit, noticed while rows were written: how often is then counted apart."""

    def __init__(self) -> None:
        self.columns: set[str] = set()

    def note(self, column: str, _sent: str) -> str:
        self.columns.add(column)
        return ""


def _or_null(function: Callable[[str], Any]) -> Callable[[str | None], Any]:
    return lambda text: None if text is None else function(text)


def prepare(connection: duckdb.DuckDBPyConnection) -> Noticed:
    """Give the connection our functions and macros."""
    noticed = Noticed()
    # Where nothing was sent its argument is NULL, and it is not called at all.
    connection.create_function("noticed", noticed.note, [VARCHAR, VARCHAR], VARCHAR, side_effects=True)
    for function, returned in ((values.count_of, BIGINT), (values.media_id, VARCHAR), (values.handle_in, VARCHAR),
                               (values.json_of, VARCHAR)):  # fmt: skip
        connection.create_function(function.__name__, _or_null(function), [VARCHAR], returned, null_handling=SPECIAL)
    connection.execute(MACROS)
    return noticed


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


def _text_of(column: str, number: int) -> str:
    return name(f"#text {column} {number}")


def _begun(column: str, number: int) -> str:
    return name(f"#list {column} {number}")


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
        raise BadInput(f"{kind} has no column {', '.join(unknown)}; its columns are in lake/schema.py.")
    if IDENTITY[kind] not in columns and "url" not in columns:
        raise BadInput(f"an order for {kind} maps neither {IDENTITY[kind]} nor url: its rows could not be told apart.")


def _quoted(key: str) -> str:
    if '"' in key or "\\" in key:
        raise BadInput(f"the vendor key {key!r} holds a quote or a backslash, which a path cannot.")
    return f'"{key}"'
