"""One value against one type: text is read, everything else must be what the type says, exactly."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast

Value = str | int | float | bool | None | list["Value"]

KINDS: Final = ("str", "int", "float", "bool", "date", "list")
_INT: Final = re.compile(r"[+-]?[0-9]{1,1000}")
_FLOAT: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN: Final = 60
_INT_BITS: Final = 3_300  # about 1,000 digits; Python refuses to print integers of more than 4,300


class WrongValue(ValueError):
    """A value or a declaration does not fit; `wanted` says what was expected, and nothing of the value."""

    def __init__(self, wanted: str, *values: object) -> None:
        super().__init__(", not ".join([wanted, *map(shown, values)]))
        self.wanted = wanted


@dataclass(frozen=True)
class Type:
    """``any`` is a parameter without annotation whose default is None: text stays text."""

    kind: str = "any"
    items: str = "any"
    choices: tuple[str, ...] = ()
    is_nullable: bool = False

    def __str__(self) -> str:
        base = f"list[{self.items}]" if self.kind == "list" and self.items != "any" else self.kind
        if self.choices:
            base = "one of " + ", ".join(map(repr, self.choices))
        return f"{base} or None" if self.is_nullable and self.kind != "any" else base


def type_of(value: object) -> Type:
    if value is None:
        return Type(is_nullable=True)
    if isinstance(value, str):
        return Type("date" if _DATE.fullmatch(value) and _is_date(value) else "str")
    if isinstance(value, list):
        kinds = {type_of(item).kind for item in value}
        return Type("list", kinds.pop() if len(kinds) == 1 else "any")
    if type(value).__name__ not in KINDS:
        raise WrongValue(f"has a default of type {type(value).__name__}; use one of {', '.join(KINDS)}")
    return Type(type(value).__name__)


def fitting(kind: Type, value: object) -> Value:
    if kind.is_nullable and (value is None or _says_none(kind, value)):
        return None
    if kind.kind == "list":
        return [_scalar(kind.items, item) for item in _listed(value)]
    scalar = _scalar(kind.kind, value)
    if kind.choices and scalar not in kind.choices:
        raise WrongValue(f"must be {kind}", value)
    return scalar


def _says_none(kind: Type, value: object) -> bool:
    """Text that means None where text is not the type itself."""
    is_text = kind.kind in {"str", "any"}
    return not is_text and isinstance(value, str) and value.strip().lower() in {"", "none"}


def _listed(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        raise WrongValue("must be a list", value)
    if not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    try:
        listed: list[object] = json.loads(value)
    except (ValueError, RecursionError):
        raise WrongValue("must be a list (a,b,c or JSON)", value) from None
    return listed


def _scalar(kind: str, value: object) -> Value:
    """`value` as exactly the built-in type: a subclass may print itself as anything."""
    if kind == "any" and value is None:
        return None
    read = _READ[_kind_of(value) if kind == "any" else kind](value)
    if read is None:
        raise WrongValue(f"must be {'a date (YYYY-MM-DD)' if kind == 'date' else kind}", value)
    return read


def _kind_of(value: object) -> str:
    for kind, python in _PYTHON.items():
        if isinstance(value, python):
            return kind
    raise WrongValue("must be a plain value", value)


def _str(value: object) -> str | None:
    return _text(value) if isinstance(value, str) else None


def _int(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if _INT.fullmatch(value.strip()) else None
    fits = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _INT_BITS
    return int(cast("int", value)) if fits else None


def _float(value: object) -> float | None:
    if isinstance(value, str):
        value = float(value) if _FLOAT.fullmatch(value.strip()) else None
    elif not isinstance(value, float):
        value = _int(value)
    try:
        number = math.inf if value is None else float(cast("float", value))
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _bool(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _date(value: object) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    text = value.strip() if isinstance(value, str) else ""
    return _text(text) if _DATE.fullmatch(text) and _is_date(text) else None


_READ: Final[Mapping[str, Callable[[object], Value]]] = {
    "str": _str,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "date": _date,
}
_PYTHON: Final[Mapping[str, type]] = {"str": str, "bool": bool, "int": int, "float": float, "date": date}


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise WrongValue("is not valid Unicode") from None
    return str.__str__(value)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def shown(value: object) -> str:
    """A value in a message: short, and by its type where printing it could go wrong."""
    if isinstance(value, str | bool | float | None):
        said = repr(value)
        return said if len(said) <= _SHOWN else said[:_SHOWN] + "..."
    return f"a value of type {type(value).__name__}"
