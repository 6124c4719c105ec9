"""Addresses that somebody pasted, one a line: which platform each is of, and what would be collected from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.addresses import clean
from workbench.brightdata import datasets
from workbench.brightdata.datasets import Dataset
from workbench.collect.model import NewSource
from workbench.collect.sources import check
from workbench.errors import BadInput

_MOST: Final = 10_000  # lines
_HOW: Final = "give its full address, like https://www.instagram.com/name/"


@dataclass(frozen=True, kw_only=True)
class PastedLine:
    """What one line was found to be; `why` says what is wrong with it, or where it has been said already."""

    line: int
    text: str
    source: NewSource | None = None
    why: str = ""
    is_again: bool = False  # of an address that an earlier line has: nothing is wrong

    @property
    def is_wrong(self) -> bool:
        return self.source is None and not self.is_again


def read_pasted(text: str, *, project: str | None = None, among: Sequence[Dataset]) -> list[PastedLine]:
    """Every line that is not blank; "instagram comments ADDRESS" says what to collect where an address alone does not.

    An address that could be collected in several ways is that of an account's posts.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > _MOST:
        raise BadInput(f"these are {len(lines):,} lines; paste at most {_MOST:,}, or bring them in as a sheet.")
    found: list[PastedLine] = []
    first: dict[tuple[str, str, str], int] = {}
    for number, line in lines:
        one = _read(number, line, project, among)
        if one.source is not None:
            key = (one.source.platform, one.source.service, one.source.url)
            if key in first:
                why = f"the same as line {first[key]}; it is asked once"
                one = PastedLine(line=number, text=line, why=why, is_again=True)
            first.setdefault(key, number)
        found.append(one)
    return found


def _read(number: int, line: str, project: str | None, among: Sequence[Dataset]) -> PastedLine:
    try:
        dataset, address = _recognised(line, among)
        row = {"platform": dataset.platform, "service": dataset.service, "url": address, "project": project}
        (source,) = check([(0, row)], place="the address", among=among)
    except BadInput as error:
        return PastedLine(line=number, text=line, why=error.message.removeprefix("the address: "))
    return PastedLine(line=number, text=line, source=source)


def _recognised(line: str, among: Sequence[Dataset]) -> tuple[Dataset, str]:
    words = line.split()
    if len(words) == len(("platform", "service", "address")):
        return datasets.find(words[0], words[1], among=among), words[2]
    address = clean(line)
    if "." not in address or len(words) != 1:
        raise BadInput(f"no platform is recognised in it; {_HOW}")
    for dataset in sorted(among, key=lambda one: one.kind != "posts"):
        if _takes(dataset, address):
            return dataset, address
    raise BadInput(f"it is of no platform that is known here; {_HOW}")


def _takes(dataset: Dataset, address: str) -> bool:
    try:
        return bool(dataset.hosts) and datasets.accepts(dataset, datasets.address_of(dataset, address).spelled)
    except BadInput:
        return False
