"""Labels in each language, what the form offers to choose from, and the other names of renamed controls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workbench.sandbox.site import read_texts

_READ: Final = read_texts(Path(__file__).with_suffix(".toml"))
CATEGORIES: Final[Mapping[str, list[str]]] = _READ["categories"]
CONDITIONS: Final[list[str]] = _READ["conditions"]
GROUPS: Final[list[str]] = _READ["groups"]
MEETUPS: Final[list[str]] = _READ["meetups"]
SUGGESTED: Final[Mapping[str, list[str]]] = _READ["suggested"]
TOWNS: Final[list[tuple[str, str, str]]] = _READ["towns"]
LABELS: Final[Mapping[str, str]] = _READ["renamed"]
STOPS: Final[Mapping[str, Mapping[str, Any]]] = _READ["stops"]
LIMIT: Final = STOPS["blocked"]["lines"][1].removesuffix(" You can try again later.")
DAILY_LIMIT: Final = (
    "You can't add a listing to Marketplace right now because you reached your daily limit as a new Facebook account"
)


class Texts:
    """The texts of one page: language, renamed control, and the apostrophe of the stop pages."""

    def __init__(self, language: str = "en", renamed: str = "", *, is_curly: bool = False) -> None:
        self.language = language
        self.table: dict[str, str] = dict(_READ["de"]) if language == "de" else {}
        if renamed:
            self.table[renamed] = LABELS[renamed]
        self.is_curly = is_curly

    def __call__(self, english: str) -> str:
        text = self.table.get(english, english)
        return text.replace("'", "’") if self.is_curly else text


def towns_like(typed: str) -> list[str]:
    """What the site suggests for a typed place: town and perhaps the beginning of its region, long or short."""
    town, _, region = (part.strip().lower() for part in typed.partition(","))
    return [
        f"{name}, {place}"
        for name, place, short in TOWNS
        if town and name.lower().startswith(town) and (place.lower().startswith(region) or short.lower() == region)
    ]
