"""sources.csv → sources: every line checked before the first is kept, one address one source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from workbench import files
from workbench.brightdata import datasets
from workbench.collect.model import NewSource, Source
from workbench.errors import BadInput
from workbench.files import canonical
from workbench.sheets import refuse_all

COLUMNS: Final = ("name", "platform", "service", "url", "creator", "project", "options")
_EXAMPLE: Final = '{"post_type": "Reel"}'
NEEDED: Final = ("platform", "service", "url")


def read_csv(
    path: Path, *, project: str | None = None, among: Sequence[datasets.Dataset] = datasets.DATASETS
) -> list[NewSource]:
    """The sources of a CSV file; BadInput names the file, the line, the column and the cure."""
    rows = files.read_csv(path, needed=NEEDED, known=COLUMNS)
    return check(rows, place=str(path), project=project, among=among)


def check(
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    place: str,
    project: str | None = None,
    among: Sequence[datasets.Dataset] = datasets.DATASETS,
) -> list[NewSource]:
    """Checked sources from (line, cells); used for files, forms and code alike, which have no lines: 0."""
    found: dict[tuple[str, str, str], _Given] = {}
    problems: list[str] = []
    for line, row in rows:
        where = f"{place}, line {line}" if line else place
        try:
            one, key = _checked(_source(row, project), among)
            given = _Given(replace(one, written=str(row["url"]).strip()), line)
            found[key] = _once(found[key], given, where) if key in found else given
        except BadInput as error:
            problems.append(f"{where}: {error.message}")
    refuse_all(problems)
    if not found:
        raise BadInput(f"{place} has no sources; give at least one line below the header.")
    return [given.source for given in found.values()]


@dataclass(frozen=True)
class _Given:
    """A source and the line in which it came first."""

    source: NewSource
    line: int


def key_of(one: NewSource | Source, among: Iterable[datasets.Dataset]) -> str:
    """What tells a source from the others of its platform and service, however its address is written."""
    try:
        return datasets.address_of(datasets.find(one.platform, one.service, among=among), one.url, one.options).key
    except BadInput:  # of a dataset that is no longer known: it is what it is called
        return one.url


def twins(sources: Iterable[Source], among: Sequence[datasets.Dataset]) -> list[list[Source]]:
    """Sources that are asked the same although they are several: one address in several spellings."""
    alike: dict[tuple[str, ...], list[Source]] = {}
    for one in sources:
        if one.merged_into is None:
            key = (one.platform, one.service, key_of(one, among), canonical(one.options))
            alike.setdefault(key, []).append(one)
    return [some for some in alike.values() if len(some) > 1]


def _checked(one: NewSource, among: Sequence[datasets.Dataset]) -> tuple[NewSource, tuple[str, str, str]]:
    dataset = datasets.find(one.platform, one.service, among=among)
    address = datasets.address_of(dataset, one.url, one.options)
    name = address.spelled if one.name == one.url else one.name
    one = replace(one, url=address.spelled, name=name)
    datasets.inputs_for(dataset, one.url, one.options)
    return one, (one.platform, one.service, address.key)


def _once(first: _Given, again: _Given, where: str) -> _Given:
    """The first of two lines about one account; what is said twice in the same words is a mistake."""
    kept, other = first.source, again.source
    if kept.written == other.written:
        raise BadInput(f"the same platform, service and url as line {first.line}; remove one of them.")
    if kept.options != other.options:
        raise BadInput(
            f"{other.written} is the address of line {first.line}, written differently, and its options ask for "
            "something else. A source is asked one thing; remove one of the lines."
        )
    told = [f"{name} {getattr(other, name)!r}" for name in ("creator", "project")
            if getattr(other, name) not in {None, getattr(kept, name)}]  # fmt: skip
    lost = f"; its {' and '.join(told)} is not kept" if told else ""
    told_once = f"{where}: {other.written} is {kept.url} of line {first.line}, written differently{lost}."
    return replace(first, source=replace(kept, also=(*kept.also, told_once)))


def _source(row: Mapping[str, Any], project: str | None) -> NewSource:
    cells = {name: str(row.get(name) or "").strip() for name in COLUMNS if name != "options"}
    for name in NEEDED:
        if not cells[name]:
            raise BadInput(f"the cell {name!r} is empty.")
    options = row.get("options") or {}
    if isinstance(options, str):
        options = _options(options)
    return NewSource(
        name=cells["name"] or cells["url"],
        platform=cells["platform"].lower(),
        service=cells["service"].lower(),
        url=cells["url"],
        creator=cells["creator"] or None,
        project=cells["project"] or project,
        options=options,
    )


def _options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the cell 'options' is not JSON: {error}. Write for example {_EXAMPLE}") from error
    if options is None:  # as a program writes an empty cell
        return {}
    if not isinstance(options, dict):
        raise BadInput(f"the cell 'options' is not a JSON object; write for example {_EXAMPLE}")
    return options
