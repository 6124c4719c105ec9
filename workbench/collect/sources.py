"""sources.csv → sources: every line checked before the first is kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}; give the path of a sources.csv.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}, line {line}: this is not UTF-8 text. Save the file as 'CSV UTF-8'.") from error
    return check(_rows(path, text), place=str(path), project=project, among=among)


def _rows(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"{path}, line {line}: there is a NUL byte, which no text has. Save the file as 'CSV UTF-8'.")
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","  # how spreadsheets of half of Europe save
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise BadInput(
            f"{path}, line 1: the column {missing[0]!r} is missing. Needed: {', '.join(NEEDED)}; "
            f"known: {', '.join(COLUMNS)}."
        )
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise BadInput(f"{path}, line 1: the column {unknown[0]!r} is not known. Known: {', '.join(COLUMNS)}.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise BadInput(f"{path}, line 1: the column {twice[0]!r} is there twice; remove one of them.")
    reader.fieldnames = names
    found = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise BadInput(f"{path}, line {reader.line_num}: the line has not {len(names)} cells, as line 1 has.")
            found.append((reader.line_num, row))
    except csv.Error as error:
        raise BadInput(f"{path}, line {reader.line_num}: {error}. Check the quotes of that line.") from error
    return found


def check(
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    place: str,
    project: str | None = None,
    among: Sequence[datasets.Dataset] = datasets.DATASETS,
) -> list[NewSource]:
    """Checked sources from (line, cells); used for files, forms and code alike."""
    found: dict[tuple[str, str, str], int] = {}
    sources = []
    for line, row in rows:
        where = f"{place}, line {line}"
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
