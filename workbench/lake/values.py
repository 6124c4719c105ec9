"""Values as people, programs and spreadsheets write them → what they mean, or nothing where that is not sure.

These are asked only for what DuckDB's own casts do not take as it stands, value by value.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

_BLANKS: Final = re.compile(r"\s")
_SIGNS: Final = str.maketrans("’٬٫，．", "',.,.")  # Arabic and Chinese ones beside the usual
_PLAIN: Final = re.compile(r"\d+(?:[.,]\d+)?(?:[eE][+]?\d{1,2})?")
# Groups of three, or as in India of two before the last three; a group that begins with 0 is a fraction.
_GROUPED: Final = re.compile(r"[1-9]\d{0,2}(?P<sign>[., '])\d{3}(?:(?P=sign)\d{3})*")
_INDIAN: Final = re.compile(r"[1-9]\d?(?:(?P<sign>[, ])\d{2})(?:(?P=sign)\d{2})*(?P=sign)\d{3}")
_WITH_FRACTION: Final = re.compile(rf"({_GROUPED.pattern})(?P<point>[.,])0+")
_LARGEST: Final = (1 << 63) - 1
_TEXT: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_BETWEEN: Final = re.compile(r"[\s,]*(?:(?:None|nan|null)[\s,]*)*")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@lru_cache(maxsize=4096)
def count_of(text: str) -> int | None:
    """A count as people write it (1,234 · 1.234 · 1 234 · 1234.0); None where it is none, or not a whole one.

    1.2K was rounded by whoever wrote it: nobody knows what it was. Less than nothing is how some scrapers say that a
    site hides its count: that is none.
    """
    number = _BLANKS.sub(" ", "".join(map(_digit, text)).translate(_SIGNS)).strip().removeprefix("+")
    if (found := _WITH_FRACTION.fullmatch(number)) and found["sign"] != found["point"]:
        number = found[1]
    if _GROUPED.fullmatch(number) or _INDIAN.fullmatch(number):
        number = re.sub(r"\D", "", number)
    if not _PLAIN.fullmatch(number):
        return None
    try:
        value = Decimal(number.replace(",", "."))
    except InvalidOperation:
        return None
    return int(value) if value == value.to_integral_value() and value <= _LARGEST else None


def _digit(sign: str) -> str:
    return str(unicodedata.digit(sign)) if not sign.isascii() and unicodedata.category(sign) == "Nd" else sign


def media_id(text: str) -> str | None:
    """The number of an Instagram post: alone, before its owner's, or written as the shortcode of its address."""
    if found := re.fullmatch(r"(\d+)(?:_\d+)?", text):
        return found[1]
    code = re.search(r"(?:/(?:p|reel|reels|tv)/|^)([\w-]{9,11})(?=[/?#]|$)", text, re.ASCII)
    if not code:
        return None
    number = 0
    for sign in code[1]:
        number = number * 64 + _LETTERS.index(sign)
    return str(number)


def handle_in(text: str) -> str | None:
    """The name of the account whose page an address is; None where it has none."""
    found = re.match(
        r"(?i)\s*\"?(?:(?:https?:)?//[^/?#]+|[\w-]+(?:\.[\w-]+)+)/(?:(?:comm|mwlite)/)?"
        r"(?:(?:in|company|school|showcase|user|c|channel|pub)/)?@?([^/?#@\"]+)",
        text,
    )
    name = unquote(found[1]) if found else ""
    return name if name and not name.casefold().endswith(".php") and name.casefold() != "people" else None


def json_of(text: str) -> str | None:
    """JSON of a list or object that was written as Python, numpy or pandas print it; None where it is neither."""
    try:
        found: Any = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        found = None
    # numpy prints texts side by side, and Python takes such for one text.
    if isinstance(found, list | tuple) and ("{" in text or len(_TEXT.findall(text)) <= len(found)):
        return _json(list(found))
    if isinstance(found, dict):
        return _json(found)
    inner = re.fullmatch(r"(?:array\()?\[(.*?)\](?:,\s*dtype=\w+\))?", text.strip(), re.DOTALL)
    if not inner or _BETWEEN.fullmatch(_TEXT.sub("", inner[1])) is None:
        return None
    texts = [one[1] if one[1] is not None else one[2] for one in _TEXT.finditer(inner[1])]
    return _json([re.sub(r"\\(['\"\\])", r"\1", one) for one in texts])


def _json(found: Any) -> str | None:
    try:
        return json.dumps(found, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return None
