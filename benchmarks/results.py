"""What was measured: shown, kept as JSON (one file per figure), and from there drawn in docs/benchmarks.md.

A figure is a table of contenders with any columns, and the ratios that have an aim. Nothing fails by time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Ratio:
    what: str
    value: float
    aim: float | None = None  # None: told, and nothing aimed at
    is_at_most: bool = True

    @property
    def is_met(self) -> bool:
        return self.aim is None or (self.value <= self.aim if self.is_at_most else self.value >= self.aim)

    def words(self) -> str:
        if self.aim is None:
            return f"{self.what}: {number(self.value)}"
        sign = "at most" if self.is_at_most else "at least"
        return f"{self.what}: {number(self.value)} (aim: {sign} {self.aim:g}){'' if self.is_met else ', NOT MET'}"


@dataclass(frozen=True)
class Contender:
    name: str
    values: Mapping[str, float]  # column with its unit, as "wall s" → value; a column may be missing
    note: str = ""


@dataclass(frozen=True)
class Figure:
    name: str  # the file's: letters, digits, hyphens
    title: str
    contenders: tuple[Contender, ...]
    ratios: tuple[Ratio, ...] = ()
    drawn: str = ""  # the column of the chart; none without
    words: str = ""  # what is compared, for the page
    machine: Mapping[str, object] = field(default_factory=lambda: machine())  # noqa: PLW0108  # defined below

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9-]+", self.name):
            raise ValueError(self.name)


def machine() -> dict[str, object]:
    """What the numbers depend on; nothing that names the machine."""
    return {
        "measured": f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),  # of one minute, our own processes too
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def show(figure: Figure) -> None:
    print(f"\n{figure.title} (load {figure.machine['load']} on {figure.machine['cores']} cores)")
    heads = columns(figure)
    print(f"{'':44} {' '.join(f'{head:>12}' for head in heads)}")
    for one in figure.contenders:
        cells = " ".join(f"{number(one.values.get(head)):>12}" for head in heads)
        print(f"{one.name:44} {cells}{'  ' + one.note if one.note else ''}")
    for ratio in figure.ratios:
        print(ratio.words())


def keep(figure: Figure, folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    text = json.dumps(asdict(figure), indent=1, ensure_ascii=False) + "\n"
    (folder / f"{figure.name}.json").write_text(text)


def kept(folder: Path = FOLDER) -> list[Figure]:
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def columns(figure: Figure) -> list[str]:
    return list(dict.fromkeys(head for one in figure.contenders for head in one.values))


def number(value: float | None) -> str:
    """Three digits that say something."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _read(path: Path) -> Figure:
    found = json.loads(path.read_text())
    return Figure(**{**found, "contenders": _all(Contender, found), "ratios": _all(Ratio, found)})


def _all(kind: type[Contender | Ratio], found: Mapping[str, Iterable[Mapping[str, object]]]) -> tuple:
    name = "contenders" if kind is Contender else "ratios"
    return tuple(kind(**one) for one in found[name])
