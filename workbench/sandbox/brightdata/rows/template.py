"""Rows from templates: JSON that looks as the vendor's rows do, with braces where a value is thrown or given.

    "{crowd 900}"                   a throw of the dice, of the type that it has; in a longer text, as text
    "{author}"                      what the maker gives under this name, or a throw of its own if that is a function
    "{tags text}"                   what is made of what has this name
    "{moment 3600}"                 the time of the record, so many seconds later
    {"let": {"name": X}, ...}       names for what comes after, in the object; no key of it
    {"1 in 3": X, "else": Y}        X now and then; Y, or null, otherwise
    {"if short": X, "else": Y}      X where the name is true
    {"3 times": X}, {"0-2 times": X}   a list, of a length that may be thrown

The order is the order of the throws: a template that is put in another order gives other rows for the same seed. The
names of throws are taken: no maker and no `let` may give another thing such a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from workbench.sandbox.brightdata.rows import words
from workbench.sandbox.brightdata.shapes import Row
from workbench.sandbox.dice import Dice, iso

_Fill = Callable[[Dice, Mapping[str, Any]], Any]
_EXPRESSION: Final = re.compile(r"\{([^{}]+)\}")
_THROWS: Final[dict[str, Callable[..., Any]]] = {
    "crowd": Dice.crowd,
    "digits": Dice.digits,
    "base36": Dice.base36,
    "base64": Dice.base64,
    "below": Dice.randrange,
    "between": Dice.randrange,
    "chance": Dice.now_and_then,
    "picture": words.picture,
    "caption": words.caption,
    "person": words.person,
    "user": lambda dice: words.handle_of(words.person(dice), dice),
    "place": lambda dice: dice.choice(words.PLACES),
    "reply": lambda dice: dice.choice(words.REPLIES),
    "tag": lambda dice: dice.choice(words.TAGS),
    "first_name": lambda dice: dice.choice(words.FIRST),
    "last_name": lambda dice: dice.choice(words.LAST),
}

_MADE: Final[dict[str, Callable[..., Any]]] = {
    "tags": lambda text: words.tags_in(text) or None,
    "bare_tags": lambda text: [tag.lstrip("#") for tag in words.tags_in(text)] or None,
    "small_tags": lambda text: [tag.lstrip("#").lower() for tag in words.tags_in(text)] or None,
    "cut": lambda text, length: text[:length],
    "str": str,
    "likes_of": lambda followers: followers - followers // 9,
    "more_than_one": lambda count: count if count > 1 else None,
    "title": lambda handle, *signs: handle.translate(_table(signs, " ")).title(),
    "host": lambda handle, *signs: handle.translate(_table(signs, "-")),
    "slug": lambda name: name.lower().replace(" ", "-"),
    "dashed": lambda handle: handle.replace("_", "-").replace("&", "and"),
}


def _table(signs: tuple[str, ...], instead: str) -> dict[int, str]:
    return dict.fromkeys(map(ord, "".join(signs)), instead)


class Template:
    def __init__(self, read: dict[str, Any]) -> None:
        self._read = read

    @cached_property
    def _row(self) -> _Fill:
        """Made when the first row is: a start of the stand-in needs none."""
        return _object(self._read)

    def fill(self, dice: Dice, **given: Any) -> Row:
        if taken := _THROWS.keys() & given.keys():
            raise ValueError(f"names of throws are given: {', '.join(taken)}")
        row: Row = self._row(dice, given)
        return row


def templates(module: str) -> dict[str, Template]:
    """The templates beside a module of makers, by name."""
    read = json.loads(Path(module).with_suffix(".json").read_text("utf-8"))
    return {name: Template(each) for name, each in read.items()}


def _is_constant(value: Any) -> bool:
    return "{" not in value if isinstance(value, str) else not isinstance(value, list | dict)


def _compiled(value: Any) -> _Fill:
    if _is_constant(value):
        return lambda _dice, _given: value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        items = [_compiled(each) for each in value]
        return lambda dice, given: [fill(dice, given) for fill in items]
    return _chosen(value) or _object(value)


def _object(value: dict[str, Any]) -> _Fill:
    let = [(name, _compiled(each)) for name, each in value.get("let", {}).items()]
    if taken := _THROWS.keys() & dict(let):
        raise ValueError(f"names of throws are given: {', '.join(taken)}")
    # Copied at once, in the order of the keys; what is thrown or given then takes its place.
    constant = {name: each if _is_constant(each) else None for name, each in value.items() if name != "let"}
    items = [(name, _compiled(value[name])) for name in constant if not _is_constant(value[name])]

    def fill(dice: Dice, given: Mapping[str, Any]) -> Row:
        if let:
            known = dict(given)
            for name, made in let:
                known[name] = made(dice, known)
            given = known
        row = constant.copy()
        for name, made in items:
            row[name] = made(dice, given)
        return row

    return fill


def _chosen(value: dict[str, Any]) -> _Fill | None:
    how, _, what = next(iter(value), "").partition(" ")
    then, other = _compiled(next(iter(value.values()), None)), _compiled(value.get("else"))
    if how == "if":
        return lambda dice, given: (then if given[what] else other)(dice, given)
    if what.startswith("in ") and how == "1":
        one_in = int(what.removeprefix("in "))
        return lambda dice, given: (then if dice.now_and_then(one_in) else other)(dice, given)
    if what == "times":
        least, _, most = how.partition("-")
        first, past = int(least), int(most or least) + 1
        if not most:
            return lambda dice, given: [then(dice, given) for _ in range(first)]
        return lambda dice, given: [then(dice, given) for _ in range(dice.randrange(first, past))]
    return None


def _text(value: str) -> _Fill:
    fills = [_expression(text) for text in _EXPRESSION.findall(value)]
    if _EXPRESSION.fullmatch(value):
        return fills[0]
    pattern = _EXPRESSION.sub("{}", value)
    return lambda dice, given: pattern.format(*[fill(dice, given) for fill in fills])


def _expression(text: str) -> _Fill:
    name, *rest = text.split()
    if name == "moment":
        later = int(rest[0]) if rest else 0
        return lambda _dice, given: iso(given["moment"] + later)
    if name == "user_of":
        return lambda dice, given: words.handle_of(given[rest[0]], dice)
    arguments = [int(each) if each.isdecimal() else each for each in rest]
    if name in _THROWS:
        throw = _THROWS[name]
        return lambda dice, _given: throw(dice, *arguments)
    if rest:
        made, (of, *more) = _MADE[name], arguments
        return lambda _dice, given: made(given[str(of)], *more)

    def fetch(dice: Dice, given: Mapping[str, Any]) -> Any:
        found = given[name]
        return found(dice) if callable(found) else found

    return fetch
