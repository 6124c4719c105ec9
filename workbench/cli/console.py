"""What a terminal is shown: tables, times, money, JSON. Whatever came from outside is made harmless first."""

from __future__ import annotations

import functools
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:  # a third of what --help and --json would import, and they draw nothing
    from rich.console import Console

from workbench.files import plain

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on stdout.")]

_WIDE: Final = 200  # columns where nobody looks: a pipe or a file is not folded at 80
_BETWEEN: Final = 3  # signs that a column takes besides its text
_WHOLE: Final = frozenset({"command", "file"})  # columns whose cells hold spaces and are copied whole
_MICRO: Final = 1_000_000
# Colours, cursor moves, titles, clipboard: whole sequences go, so that no "[31m" is left over.
_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]", re.DOTALL
)
_JOINER: Final = "\u200d"  # holds emojis of several signs together


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # The names of outside are never markup, and an address is no reason for colour.
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=None if stream.isatty() else _WIDE)


@functools.cache
def out() -> Console:
    return _console(stderr=False)


@functools.cache
def err() -> Console:
    return _console(stderr=True)


def clean(value: object) -> str:
    """One line that can neither move the cursor nor reverse the reading order nor look like a second line."""
    text = _SEQUENCE.sub("", str(value))
    return " ".join("".join(map(_shown, text)).split())


def _shown(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind[0] == "Z" or kind == "Cc":
        return " "
    return "" if kind[0] == "C" and sign != _JOINER else sign


def say(text: str, *, style: str = "") -> None:
    """A line for a person, on stderr: stdout belongs to the answer."""
    _line(err(), text, style)


def show(text: str, *, style: str = "") -> None:
    """A line of the answer."""
    _line(out(), text, style)


def _line(console: Console, text: str, style: str) -> None:
    from rich.text import Text

    console.print(Text(clean(text), style=style), soft_wrap=True)


def practice(mode: str) -> None:
    """Say it wherever a person looks."""
    if mode == "practice":
        say("PRACTICE: stand-ins answer, nothing is real, nothing costs money", style="dim")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print rows; columns named in `right` hold numbers. Without any, the title alone."""
    listed = [["" if cell is None else clean(cell) for cell in row] for row in rows]
    if title:
        show(title)
    if not listed:
        return
    widths = _widths(columns, listed)
    if widths is None:
        _one_below_the_other(columns, listed)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in zip(columns, widths, strict=True):
        drawn.add_column(name, justify="right" if name in right else "left", width=width)
    for row in listed:
        drawn.add_row(*map(Text, row))
    out().print(drawn)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int] | None:
    """How wide each column is drawn; None where a word (an id, an address, a command) would have to be broken.

    What is broken cannot be copied, and an id that is not copied whole finds nothing.
    """
    from rich.cells import cell_len

    cells = list(zip(columns, *rows, strict=True))
    most = [max(map(cell_len, column)) for column in cells]
    least = [
        whole if name in _WHOLE else max(cell_len(word) for cell in column for word in cell.split() or [""])
        for name, column, whole in zip(columns, cells, most, strict=True)
    ]
    spare = out().width - _BETWEEN * len(columns) - sum(least)
    if spare < 0:
        return None
    # Who needs little gets it whole, the others share what is left.
    for nth, column in enumerate(sorted(range(len(columns)), key=lambda each: most[each] - least[each])):
        more = min(most[column] - least[column], spare // (len(columns) - nth))
        least[column] += more
        spare -= more
    return least


def _one_below_the_other(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len
    from rich.text import Text

    wide = max(map(cell_len, columns))
    for row in rows:
        show("─" * wide)
        for name, cell in zip(columns, row, strict=True):
            if cell:
                out().print(Text(f"{name:<{wide}}  {cell}"), soft_wrap=True)


def records(
    title: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, right: Sequence[str] = ()
) -> None:
    """A table of what has these names; a name that a record lacks is an empty cell."""
    table(title, columns, ([one.get(name) for name in columns] for one in rows), right=right)


def answer(value: Any) -> None:
    """The one JSON document of a command."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=plain)
    sys.stdout.write("".join(_escaped(sign) for sign in text) + "\n")


def reply(value: Any, words: str, *, json: bool) -> None:
    """The whole answer of a command that has one line to say: the document, or its words."""
    if json:
        answer(value)
    else:
        show(words)


def _escaped(sign: str) -> str:
    """Signs that a terminal obeys stand only inside texts of the document, where JSON has a harmless spelling."""
    kind = unicodedata.category(sign)
    hostile = sign != "\n" and (kind[0] == "C" or kind in ("Zl", "Zp"))
    return json.dumps(sign)[1:-1] if hostile else sign


def when(moment: str | datetime | None, zone: tzinfo) -> str:
    """A time for a person: in the zone of the settings, which is named."""
    if moment is None:
        return ""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def usd(micro: int) -> float:
    return round(micro / _MICRO, 6)


def dollars(micro: int) -> str:
    return f"${micro / _MICRO:,.2f}" if micro >= _MICRO else f"${micro / _MICRO:.4f}".rstrip("0").rstrip(".")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
