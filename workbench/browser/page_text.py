"""Texts of pages made comparable: the same words and the same price, however a page spells them."""

from __future__ import annotations

import re
from typing import Final

APOSTROPHES: Final = "['‘’]"


def folded(text: str) -> str:
    """For comparing what was written with what a page shows of it."""
    plain = re.sub(APOSTROPHES, "'", text).casefold().replace(" and ", " & ")
    return " ".join(plain.split())


def digits(text: str) -> str:
    """Of a price as the site writes it back: "$1,200" and "1.200,00 €" are 1200."""
    whole = re.sub(r"[.,]\d{2}(?!\d)", "", text.strip())
    return re.sub(r"\D", "", whole).lstrip("0") or "0"
