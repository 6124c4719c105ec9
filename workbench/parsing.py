"""Values that people give by hand, in a call, a cell or a form."""

from __future__ import annotations

import contextlib
import re
from datetime import date, datetime
from typing import Any

from workbench.errors import BadInput


def as_date(value: Any, name: str) -> date | None:
    """A day given as YYYY-MM-DD, or None; `name` is what the error calls it."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    # The other ISO forms that Python reads are not ours.
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise BadInput(f"{name} is {value!r}; give a day that exists as YYYY-MM-DD.")


def as_names(text: str | None) -> tuple[str, ...]:
    """Names given in one text, with commas between; none where nothing is given."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def as_count(value: Any, name: str, *, least: int = 1) -> int | None:
    """A whole number given by hand, also as text, or None; `name` is what the error calls it."""
    if value is None or value == "":
        return None
    number: int | None = None
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            number = int(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):  # not a number, or without end
            number = int(value) if value == int(value) else None
    if number is None or number < least:
        raise BadInput(f"{name} is {value!r}; give a whole number, {least} or more.")
    return number
