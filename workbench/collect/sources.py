"""sources.csv → sources: every line checked before the first is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench import files
from workbench.brightdata import datasets
from workbench.errors import BadInput
from workbench.ledger.records import NewSource

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
    found: dict[tuple[str, str, str], int] = {}
    sources = []
    for line, row in rows:
        where = f"{place}, line {line}" if line else place
        try:
            one = _source(row, project)
            datasets.inputs_for(datasets.find(one.platform, one.service, among=among), one.url, one.options)
        except BadInput as error:
            raise BadInput(f"{where}: {error.message}") from error
        key = (one.platform, one.service, one.url)
        if key in found:
            raise BadInput(f"{where}: the same platform, service and url as line {found[key]}; remove one of them.")
        found[key] = line
        sources.append(one)
    if not sources:
        raise BadInput(f"{place} has no sources; give at least one line below the header.")
    return sources


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
    if not isinstance(options, dict):
        raise BadInput(f"the cell 'options' is not a JSON object; write for example {_EXAMPLE}")
    return options
