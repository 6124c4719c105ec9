"""What a dataset is, and what one input of it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """One input, read: whose records, and how many of which time. `given` is what the caller sent."""

    seed: int
    given: Mapping[str, Any]
    url: str
    handle: str
    method: str
    post_type: str = ""
    count: int = 1
    start: int = 0
    end: int = 0
    without: frozenset[str] = frozenset()

    @property
    def last(self) -> str:
        """The last part of the address."""
        return self.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]

    @property
    def number(self) -> str:
        """The last part of the address if it is a number, as ids of posts are; else ""."""
        return self.last if self.last.isdigit() else ""


Maker = Callable[[Ask, int], Row]


@dataclass(frozen=True)
class Method:
    """One way to ask a dataset: which keys an input may have, and whether it gives one record or many."""

    keys: frozenset[str]
    required: tuple[str, ...] = ("url",)
    many: bool = False
    # The scraper goes on to the address of each record: `input` is that, `discovery_input` what was asked.
    discovers: bool = False
    # Keys that the rows repeat as "" when the caller left them out, as real rows do.
    filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    dataset_id: str
    name: str
    columns: Mapping[str, str]  # name → type of the vendor's metadata
    methods: Mapping[str, Method]  # "" is the plain collection; otherwise the value of discover_by
    make: Maker
    warning: str
    # Facebook's warning rows carry every other key, null.
    warns_in_full: bool = False
    # `input` of a discovered row holds what was asked once more.
    repeats_asked: bool = False
    quoted_dates: frozenset[str] = field(default=frozenset())


def columns(text: str) -> dict[str, str]:
    """`"likes:number url"` → `{"likes": "number", "url": "text"}`."""
    return {name: kind or "text" for name, _, kind in (word.partition(":") for word in text.split())}


def keys(text: str) -> frozenset[str]:
    return frozenset(text.split())
