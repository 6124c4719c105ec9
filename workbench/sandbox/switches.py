"""Switches: the failures that a caller can ask for, declared by each service, kept in its notes.

A `Strike` is a failure that strikes some requests: `true`, a chance from 0 to 1, or an object with `times` or `chance`,
with what it shall match (`on`: a route, `file`: a pattern of names, `account` …) and with what it then does.
Without `on` it strikes the routes where the service shows that failure by itself.
A `Countdown` is a number of requests, or an object with `requests` and what it shall match.
A `Number` and a `Choice` are settings of the service.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from workbench.sandbox.dice import share
from workbench.sandbox.notes import Notes

OFF: Final = 0
_MOST: Final = 86_400.0
FORMS: Final = 'a chance from 0 to 1, {"times": n} or {"chance": p}, the last two also with what they shall match'


class BadSwitch(ValueError):
    """A switch or value that does not exist; the text says what would."""


@dataclass(frozen=True)
class Number:
    default: float
    most: float = _MOST
    unit: str = ""


@dataclass(frozen=True)
class Choice:
    """One of some words; the first is the default."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Strike:
    match: tuple[str, ...] = ()
    # What the failure does, by name, with the value it has when nothing is said; of several words, the first.
    does: Mapping[str, Any] = field(default_factory=dict)
    # The routes that it strikes when no "on" is given (none: all), and further routes that "on" may name.
    routes: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    # The effect that a mere number means instead of a chance, and that an object must have.
    bare: str = ""
    most: float = 1.0

    @property
    def usual(self) -> dict[str, Any]:
        return {key: value[0] if isinstance(value, tuple) else value for key, value in self.does.items()}

    def read(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        return {self.bare: value} if self.bare else {"chance": float(value)}


@dataclass(frozen=True)
class Countdown:
    """A failure that lets so many matching requests pass, strikes the next one, and is over."""

    match: tuple[str, ...] = ()


Spec = Number | Choice | Strike | Countdown


class Switches:
    def __init__(self, notes: Notes, specs: Mapping[str, Spec]) -> None:
        self._notes = notes
        self._specs = specs

    def shown(self) -> dict[str, Any]:
        rows = self._notes.db.all("SELECT name, value FROM toggle WHERE service = ?", (self._notes.service,))
        stored = {row["name"]: json.loads(row["value"]) for row in rows}
        return {**{name: _default(spec) for name, spec in self._specs.items()}, **stored}

    def used(self) -> dict[str, int]:
        """How often each switch has struck."""
        sql = "SELECT name, used FROM toggle WHERE service = ? AND used > 0 ORDER BY name"
        return {row["name"]: row["used"] for row in self._notes.db.all(sql, (self._notes.service,))}

    def set(self, values: object) -> None:
        """All of them, or none: a bad one leaves everything as it was."""
        if not isinstance(values, dict):
            raise BadSwitch('send a JSON object, e.g. {"slow": {"times": 1}}')
        checked = {name: self._checked(name, value) for name, value in values.items()}
        with self._notes.db.writing():
            for name, value in checked.items():
                self._notes.db.run(
                    "INSERT OR REPLACE INTO toggle VALUES (?, ?, ?, 0)", (self._notes.service, name, json.dumps(value))
                )

    def number(self, name: str) -> float:
        return float(self._value(name))

    def choice(self, name: str) -> str:
        return str(self._value(name))

    def strikes(self, name: str, *, subject: str = "", **about: object) -> dict[str, Any] | None:
        """What the failure shall do, if it strikes what `about` tells, and which of its strikes this is.

        A subject is always judged alike.
        """
        spec = self._specs[name]
        if not isinstance(spec, Strike):
            raise TypeError(f"{name} is a setting")
        if not self._value(name):
            return None
        with self._notes.db.writing():
            value = self._value(name)
            given = spec.read(value)
            if not _matches(spec, given, about) or not self._falls(name, given, subject):
                return None
            if "times" in given:
                self._store(name, {**given, "times": given["times"] - 1})
            number = self._notes.db.value(
                "UPDATE toggle SET used = used + 1 WHERE service = ? AND name = ? RETURNING used",
                (self._notes.service, name),
            )
        return {
            "switch": name,
            "number": number,
            **spec.usual,
            **{key: given[key] for key in spec.does if key in given},
        }

    def runs_out(self, name: str, **about: object) -> bool:
        """Whether this is the request after the last one that the countdown lets pass."""
        with self._notes.db.writing():
            value = self._value(name)
            if not value or not _matches(self._specs[name], value, about):
                return False
            is_over = value["requests"] == 0
            self._store(name, OFF if is_over else {**value, "requests": value["requests"] - 1})
            return bool(is_over)

    def _falls(self, name: str, given: dict[str, Any], subject: str) -> bool:
        if given.get("times") == 0:
            return False
        chance = given.get("chance", 1)
        if chance in {0, 1}:
            return bool(chance)
        thrown = subject or self._notes.bump(f"looks:{name}")
        return share(self._notes.seed, name, thrown) < float(chance)

    def _value(self, name: str) -> Any:
        text = self._notes.db.value(
            "SELECT value FROM toggle WHERE service = ? AND name = ?", (self._notes.service, name)
        )
        return _default(self._specs[name]) if text is None else json.loads(text)

    def _store(self, name: str, value: object) -> None:
        self._notes.db.run(
            "UPDATE toggle SET value = ? WHERE service = ? AND name = ?", (json.dumps(value), self._notes.service, name)
        )

    def _checked(self, name: str, value: Any) -> Any:
        spec = self._specs.get(name)
        if spec is None:
            raise BadSwitch(f"unknown switch {name!r}; there are: {', '.join(self._specs)}")
        if isinstance(spec, Number):
            return _checked_number(name, value, spec.most, spec.unit)
        if isinstance(spec, Choice):
            if value not in spec.words:
                raise BadSwitch(f"{name} is one of {', '.join(spec.words)}; not {json.dumps(value)}")
            return value
        if isinstance(spec, Countdown):
            return _checked_countdown(name, value, spec)
        return _checked_strike(name, value, spec)


def _default(spec: Spec) -> Any:
    if isinstance(spec, Number):
        return spec.default
    return spec.words[0] if isinstance(spec, Choice) else OFF


def _matches(spec: Spec, given: dict[str, Any], about: dict[str, object]) -> bool:
    """Texts are patterns; what a request does not tell is not matched."""
    if isinstance(spec, Strike) and spec.routes and "on" not in given and about.get("on") not in spec.routes:
        return False
    wanted = {key: given[key] for key in getattr(spec, "match", ()) if key in given}
    return all(
        fnmatchcase(str(about.get(key, "")), value) if isinstance(value, str) else about.get(key) == value
        for key, value in wanted.items()
    )


def _checked_strike(name: str, value: Any, spec: Strike) -> Any:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, dict):
        return _checked_bare(name, value, spec)
    allowed = {"times", "chance", *spec.match, *spec.does}
    if unknown := set(value) - allowed:
        raise BadSwitch(f"{name} takes {', '.join(sorted(allowed))}; not {', '.join(sorted(unknown))}")
    if spec.bare and spec.bare not in value:
        raise BadSwitch(f"{name} takes {spec.bare}; not {json.dumps(value)} without them")
    routes = dict.fromkeys((*spec.routes, *spec.may))
    if routes and value.get("on", next(iter(routes))) not in list(routes):
        raise BadSwitch(f"{name}: on is one of {', '.join(routes)}; not {json.dumps(value['on'])}")
    if "chance" in value:
        _checked_number(name, value["chance"], 1)
    times = value.get("times", 0)
    if not isinstance(times, int) or isinstance(times, bool) or times < 0:
        raise BadSwitch(f"{name}: times is a whole number, 0 or more; not {json.dumps(times)}")
    for key in set(value) & set(spec.does):
        _check_effect(f"{name}: {key}", value[key], spec.does[key])
    return value


def _checked_bare(name: str, value: Any, spec: Strike) -> Any:
    if _is_number(value, spec.most):
        return value
    raise BadSwitch(f"{name} takes {spec.bare or FORMS}; not {json.dumps(value)}")


def _check_effect(name: str, given: Any, usual: Any) -> None:
    if isinstance(usual, tuple):
        if given not in usual:
            raise BadSwitch(f"{name} is one of {', '.join(usual)}; not {json.dumps(given)}")
    elif isinstance(usual, str):
        if not isinstance(given, str):
            raise BadSwitch(f"{name} is a text; not {json.dumps(given)}")
    else:
        _checked_number(name, given, _MOST)


def _checked_countdown(name: str, value: Any, spec: Countdown) -> Any:
    given = value if isinstance(value, dict) else {"requests": value}
    if unknown := set(given) - {"requests", *spec.match}:
        raise BadSwitch(f"{name} takes requests, {', '.join(spec.match)}; not {', '.join(sorted(unknown))}")
    requests = given.get("requests")
    if not isinstance(requests, int) or isinstance(requests, bool) or requests < 0:
        raise BadSwitch(f"{name} takes a whole number of requests, 0 or more; not {json.dumps(requests)}")
    return given if requests or isinstance(value, dict) else OFF


def _checked_number(name: str, value: Any, most: float, unit: str = "") -> Any:
    if not _is_number(value, most):
        raise BadSwitch(f"{name} takes a number {unit and f'of {unit} '}from 0 to {most:g}; not {json.dumps(value)}")
    return value


def _is_number(value: Any, most: float) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= most
