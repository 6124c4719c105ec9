"""What Marketplace's item form takes: limits, conditions, categories (`known.toml`, and the owner's own)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
            raise BadInput(
                f"the category {text!r} is not known; give one of: {names}. One that the form has and this list lacks: "
                "an entry [[categories]] in workbench.toml (docs/uploading-and-posting.md)."
            )
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


def with_own(entries: Sequence[Mapping[str, Any]]) -> Known:
    """With [[categories]] of the owner's: names, the heading above them where the menu is a hierarchy, other spellings.

    BadInput names the entry and what is wrong with it.
    """
    form = known()
    for number, entry in enumerate(entries, 1):
        try:
            form = _with(form, entry)
        except BadInput as error:
            raise BadInput(f"[[categories]] {number}: {error.message}") from error
    return form


def _with(form: Known, entry: Mapping[str, Any]) -> Known:
    strange = sorted(set(entry) - {"names", "heading", "also"})
    names, heading, also = entry.get("names"), entry.get("heading", ""), entry.get("also", {})
    if strange:
        raise BadInput(f"{strange[0]!r} is not known; it has names, heading and also.")
    if not isinstance(names, list) or not names or not all(isinstance(one, str) and one.strip() for one in names):
        raise BadInput('names are the categories as the form spells them: names = ["Boats"]')
    if not isinstance(heading, str):
        raise BadInput('heading is the text above them in the menu: heading = "Vehicles"')
    if not isinstance(also, dict) or not all(isinstance(one, str) and one in names for one in also.values()):
        raise BadInput('also gives other spellings, each of one of the names: also = { "Ships" = "Boats" }')
    for name in (*names, *also):
        if fold(name) in form.spellings:
            raise BadInput(f"{name!r} is known already; remove it.")
    own = tuple(Category(" ".join(name.split()), heading.strip()) for name in names)
    given = {"also": {other: " ".join(name.split()) for other, name in also.items()}}
    return replace(
        form,
        categories=(*form.categories, *own),
        spellings={**form.spellings, **_spellings(own, [given])},
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
