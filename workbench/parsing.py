"""Values that people give by hand, in a call, a cell or a form; and many names, as a person is asked about them."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from workbench.errors import BadInput

RELATIVE_DAY: Final = re.compile(r"today(?:([+-])([0-9]{1,4})d)?")


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


def relative_day(text: str, today: date) -> date | None:
    """The day that `today`, `today-7d` or `today+1d` means; None for any other text."""
    found = RELATIVE_DAY.fullmatch(text)
    if found is None:
        return None
    sign, days = found.groups()
    return today + timedelta(days=int(f"{sign or '+'}{days or 0}"))


def as_day(value: Any, name: str, today: date) -> date | None:
    """A day as YYYY-MM-DD or relative to `today` ("today-7d"), or None; `name` is what the error calls it."""
    if isinstance(value, str):
        text = value.strip().lower()
        if (found := relative_day(text, today)) is not None:
            return found
        if re.fullmatch(r"today\b.*|yesterday|tomorrow", text):
            raise BadInput(f"{name} is {value!r}; give a day as YYYY-MM-DD, or today, today-7d, today+1d.")
        value = text
    return as_date(value, name)


def as_usd(value: Any, name: str) -> float | None:
    """An amount of dollars given by hand, also as text, or None; `name` is what the error calls it."""
    if value is None or value == "":
        return None
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise BadInput(f"{name} is {value!r}; give an amount of dollars, like 2.50.")
    return number


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


_NAMED: Final = 3  # of many things that a person is asked about


def named(names: Iterable[str]) -> str:
    """Names behind a colon for a question to a person, of many the first; nothing where there are none."""
    # A name on a disk may hold whatever a terminal obeys.
    every = [" ".join("".join(sign if sign.isprintable() else " " for sign in one).split()) for one in names]
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return f": {', '.join(every[:_NAMED])}{more}" if every else ""
