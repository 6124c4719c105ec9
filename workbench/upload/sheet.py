"""A CSV whose cells can be set without touching anything else: encoding, mark, separator, quotes, order, line ends.

Rows are kept as the texts of their cells, so that whatever is not set comes out byte for byte as it went in.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from workbench.errors import BadInput
from workbench.sheets import Record, names_of, records, spelt, told

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass
class Sheet:
    name: str
    mark: bytes
    encoding: str
    separator: str
    records: list[Record]  # the first one is the header
    columns: dict[str, int] = field(default_factory=dict)
    before: str = ""  # what stands before the header: a `sep=` line, empty rows

    def rows(self) -> list[Record]:
        return [one for one in self.records[1:] if not one.is_empty]

    def values(self, record: Record) -> dict[str, str]:
        return {name: record.value(position) for name, position in self.columns.items()}

    def set(self, record: Record, values: Mapping[str, str]) -> bool:
        """Set cells by column, adding columns that are missing; whether anything changed."""
        changed = False
        for name, value in values.items():
            position = self._position(name)
            if record.value(position) == value and position < len(record.cells):
                continue
            record.cells.extend([""] * (position + 1 - len(record.cells)))
            record.cells[position] = spelt(value, self.separator)
            changed = True
        return changed

    def ensure(self, names: Sequence[str]) -> None:
        """Have these columns; those that are missing come last, in this order."""
        for name in names:
            self._position(name)

    def add(self, values: Mapping[str, str]) -> None:
        """A new last row."""
        last = self.records[-1]
        end = last.end or (self.records[0].end or "\n")
        last.end = end
        record = Record(last.number + 1, [""] * len(self.records[0].cells), end)
        self.records.append(record)
        self.set(record, values)

    def _position(self, name: str) -> int:
        if name not in self.columns:
            header = self.records[0]
            self.columns[name] = len(header.cells)
            header.cells.append(spelt(name, self.separator))
        return self.columns[name]

    def data(self) -> bytes:
        width = len(self.records[0].cells)
        lines = []
        for one in self.records:
            cells = one.cells
            if len(cells) < width and any(cells):
                cells = cells + [""] * (width - len(cells))
            lines.append(self.separator.join(cells) + one.end)
        text = "".join(lines)
        try:
            return self.mark + (self.before + text).encode(self.encoding)
        except UnicodeEncodeError as error:
            raise BadInput(f"{self.name} is kept as {self.encoding}, which cannot spell {error.object!r}.") from error


def parse(data: bytes, name: str, *, required: str) -> Sheet:
    """Read a CSV as it is. `required` names the column by which the separator is recognised."""
    mark, encoding, text = _decoded(data, name)
    if not text.strip(" \t\r\n,;|"):
        raise BadInput(f"{name} is empty; it needs at least a header with the column {required}.")
    if "\x00" in text:
        raise BadInput(f"{name} is no text: it has a NUL byte; give the CSV of the creative processor.")
    said = told(text, [required])
    first = said.before.count("\n") + 1
    lines = records(text[len(said.before) :], said.separator, name, first=first)
    empty = next(number for number, one in enumerate(lines) if not one.is_empty)
    before = said.before + "".join(said.separator.join(one.cells) + one.end for one in lines[:empty])
    sheet = Sheet(name, mark, encoding, said.separator, lines[empty:], before=before)
    for position, column in enumerate(names_of(sheet.records[0].cells)):
        if column and column in sheet.columns:
            raise BadInput(f"{name} has two columns {column}; keep one of them.")
        if column:
            sheet.columns[column] = position
    return sheet


def _decoded(data: bytes, name: str) -> tuple[bytes, str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return mark, encoding, data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise BadInput(f"{name} begins like {encoding} and is not: {error.reason}.") from error
    for encoding in ("utf-8", "cp1252"):
        try:
            return b"", encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return b"", "latin-1", data.decode("latin-1")  # takes every byte, and gives it back
