"""What Marketplace's item form takes: limits, conditions, categories (`known.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from workbench.errors import BadInput

_FILE: Final = Path(__file__).with_name("known.toml")


@dataclass(frozen=True)
class Category:
    """As the form spells it, and the heading that it lies below where there is a hierarchy."""

    name: str
    heading: str


@dataclass(frozen=True, kw_only=True)
class Known:
    longest_title: int
    longest_description: int
    highest_price: int
    fewest_photos: int
    most_photos: int
    photo_formats: tuple[str, ...]
    photo_bytes: int
    photo_pixels: int
    shortest_side: int
    conditions: tuple[str, ...]
    categories: tuple[Category, ...]
    spellings: dict[str, Category]  # of the categories, folded

    def category(self, text: str) -> Category:
        found = self.spellings.get(fold(text))
        if found is None:
            names = ", ".join(one.name for one in self.categories)
            raise BadInput(f"the category {text!r} is not known; give one of: {names}.")
        return found

    def condition(self, text: str) -> str:
        found = [name for name in self.conditions if fold(name) == fold(text)]
        if not found:
            raise BadInput(f"the condition {text!r} is not known; give one of: {', '.join(self.conditions)}.")
        return found[0]


@cache
def known() -> Known:
    data = tomllib.loads(_FILE.read_text("utf-8"))
    categories = tuple(Category(name, group["heading"]) for group in data["categories"] for name in group["names"])
    photos = data["photos"]
    return Known(
        longest_title=data["title"]["longest"],
        longest_description=data["description"]["longest"],
        highest_price=data["price"]["highest"],
        fewest_photos=photos["fewest"],
        most_photos=photos["most"],
        photo_formats=tuple(photos["formats"]),
        photo_bytes=photos["megabytes"] * 1_000_000,
        photo_pixels=photos["megapixels"] * 1_000_000,
        shortest_side=photos["shortest_side"],
        conditions=tuple(data["conditions"]["names"]),
        categories=categories,
        spellings=_spellings(categories, data["categories"]),
    )


def _spellings(categories: Iterable[Category], groups: Iterable[dict[str, Any]]) -> dict[str, Category]:
    found = {fold(one.name): one for one in categories}
    for group in groups:
        found |= {fold(other): found[fold(name)] for other, name in group.get("also", {}).items()}
    return found


def fold(text: str) -> str:
    """The same word however it is written: case, blanks, `&` for `and`, curly apostrophes."""
    plain = text.replace("’", "'").replace("–", "-").replace(" and ", " & ")
    return " ".join(plain.casefold().split())
