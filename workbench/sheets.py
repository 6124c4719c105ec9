"""Sheets that people fill in: CSV as spreadsheets leave it, read in one way wherever one is read.

Any of the usual separators, a `sep=` line, the mark that Excel writes, empty rows and columns, blanks around names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.errors import BadInput

SEPARATORS: Final = (",", ";", "\t", "|")
_TOLD: Final = 10  # mistakes that one error names


def refuse_all(problems: Sequence[str]) -> None:
    """Raise BadInput that names the mistakes, one a line, where there are any."""
    if problems:
        more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
        raise BadInput("\n".join([*problems[:_TOLD], *more]))


@dataclass
class Record:
    """One line as people count them, its cells as they are spelt, and how it ends."""

    number: int
    cells: list[str]
    end: str

    def value(self, position: int) -> str:
        return value_of(self.cells[position]) if position < len(self.cells) else ""

    @property
    def is_empty(self) -> bool:
        return not any(value_of(cell).strip() for cell in self.cells)


@dataclass(frozen=True)
class Told:
    """What a spreadsheet says before the header: a `sep=` line as it stands, and the separator."""

    before: str
    separator: str


def told(text: str, wanted: Sequence[str]) -> Told:
    """The separator: as the sheet says it, or the one by which its header has the most of the wanted columns."""
    first, end, _ = text.partition("\n")
    if found := re.fullmatch(r'\s*"?sep=(.)"?[,;\t|]*\r?', first, re.IGNORECASE):
        return Told(first + end, found[1])
    header = next((line for line in text.splitlines() if line.strip(" \t,;|")), "")

    def fits(sign: str) -> tuple[int, int]:
        names = names_of(header.split(sign))
        return sum(name in names for name in wanted), header.count(sign)

    return Told("", max(SEPARATORS, key=fits))


def records(text: str, separator: str, name: str, *, first: int = 1) -> list[Record]:
    """Every line, byte for byte, numbered from `first`; BadInput names the line in which a cell has no end."""
    sign = re.escape(separator)
    cell = re.compile(rf'(?P<cell>[ \t]*"(?:[^"]|"")*"[^{sign}\r\n]*|[^{sign}\r\n]*)(?P<end>{sign}|\r\n|\n|\r|\Z)')
    found_records, cells, number, at = list[Record](), list[str](), first, 0
    while at < len(text):
        found = cell.match(text, at)
        if found is None or (found["cell"].lstrip().startswith('"') and found["cell"].count('"') % 2):
            raise BadInput(f'{name}, line {number}: a cell begins with " and does not end; mend it in the file.')
        cells.append(found["cell"])
        at = found.end()
        if found["end"] == separator:
            if at == len(text):
                cells.append("")
            else:
                continue
        found_records.append(Record(number, cells, found["end"] if found["end"] != separator else ""))
        number += found["end"].count("\n") + (found["end"] == "\r") + sum(one.count("\n") for one in cells)
        cells = []
    return found_records


def names_of(cells: Sequence[str]) -> list[str]:
    """Names of columns as they are compared, without what nobody sees: a mark that was written twice, say."""
    visible = ("".join(one for one in cell if unicodedata.category(one) != "Cf") for cell in cells)
    return [value_of(cell).strip().lower() for cell in visible]


def value_of(cell: str) -> str:
    """What a cell says, without its quotes and the blanks around them."""
    text = cell.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text


def spelt(value: str, separator: str) -> str:
    """A value as a cell."""
    if any(sign in value for sign in (separator, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value
