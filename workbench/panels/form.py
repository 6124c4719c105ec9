"""A form: every field labelled, every mistake told at once and beside its field, and what was typed stays."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

import anywidget
import traitlets

from workbench.errors import WorkbenchError
from workbench.panels.assets import script, style
from workbench.panels.markup import Html, table
from workbench.panels.page import handled, in_background
from workbench.panels.widgets import Panel, Region

Kind = Literal["text", "number", "date", "choice", "ticks", "lines", "toggle"]
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,9})?")  # without groups: a comma is a point to some
_NOTHING: Final[Mapping[str, Any]] = {"toggle": False, "ticks": []}


@dataclass(frozen=True, slots=True)
class Field:
    """`check` gets the value and says what is wrong with it, or nothing; what it raises of ours is said too.

    `choices` of choice and ticks: (value, words), or words that are the value.
    """

    name: str
    label: str
    kind: Kind = "text"
    default: Any = None
    hint: str = ""
    check: Callable[[Any], str | None] | None = None
    choices: Sequence[str | tuple[str, str]] = field(default=())


class Blank(anywidget.AnyWidget):
    """The form in the browser."""

    _esm = script("form")
    _css = style("form")
    fields = traitlets.List(traitlets.Any()).tag(sync=True)
    actions = traitlets.List(traitlets.Any()).tag(sync=True)
    typed = traitlets.Dict().tag(sync=True)
    wrong = traitlets.Dict().tag(sync=True)
    is_busy = traitlets.Bool(False).tag(sync=True)


class Form(Panel):
    """Fields, and buttons that hand on what was typed; `on_submit` gets the button's name and the values.

    It is called off the kernel's own thread, once however often the button is pressed meanwhile, and only if every
    field is well.
    """

    def __init__(
        self, fields: Sequence[Field], *, actions: Sequence[tuple[str, str]] = (),
        on_submit: Callable[[str, dict[str, Any]], object] | None = None, redact: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.fields = tuple(fields)
        self._on_submit, self._redact = on_submit, redact
        self._lock = threading.Lock()
        self.blank = Blank(
            fields=[_drawn(one) for one in fields], actions=[list(one) for one in actions],
            typed={one.name: _typed(one, one.default) for one in fields},
        )  # fmt: skip
        self.alert = Region()
        super().__init__([self.blank, self.alert])
        self.add_class("wb-form-panel")
        self.blank.on_msg(self._heard)

    def values(self) -> dict[str, Any]:
        """What the fields hold: numbers as int or float, dates as date, None where nothing was typed.

        A text that is no number or date stays text; `check` says so.
        """
        return {one.name: _value(one, self.blank.typed.get(one.name)) for one in self.fields}

    def fill(self, values: Mapping[str, Any]) -> None:
        """Put values into fields; the others stay."""
        known = {one.name: one for one in self.fields}
        self.blank.typed = {
            **self.blank.typed, **{name: _typed(known[name], value) for name, value in values.items()},
        }  # fmt: skip

    def choices(self, name: str, choices: Sequence[str | tuple[str, str]]) -> None:
        """Other choices for a field; what was typed stays."""
        drawn: list[dict[str, Any]] = list(self.blank.fields)
        self.blank.fields = [one | ({"choices": _pairs(choices)} if one["name"] == name else {}) for one in drawn]

    def mistakes(self, mistakes: Mapping[str, str]) -> None:
        """Tell what is wrong, by field; a name that is no field's is told on top. Empty: everything is well."""
        self.blank.wrong = {name: words for name, words in mistakes.items() if words}

    def check(self) -> bool:
        """Look at every field, tell all mistakes at once; whether there are none."""
        values = self.values()
        self.mistakes({one.name: _mistake(one, values[one.name]) for one in self.fields})
        return not self.blank.wrong

    def submit(self, action: str = "") -> None:
        """As if the button had been pressed."""
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.blank.is_busy:
                return
            self.blank.is_busy = True
        self.alert.html = ""
        in_background(lambda: self._begin(action), "submit")

    def markup(self) -> Html:
        return table(
            "What is filled in", ("Field", "Value"), [(one.label, self.values()[one.name]) for one in self.fields]
        )

    def _heard(self, widget: Any, content: Mapping[str, Any], buffers: Any) -> None:
        if "submit" in content:
            self.blank.typed = dict(content["typed"])  # what the last key changed has not come by itself yet
            self.submit(str(content["submit"]))

    def _begin(self, action: str) -> None:
        on_submit = self._on_submit
        try:
            if self.check() and on_submit is not None:
                handled(lambda: on_submit(action, self.values()), self._show_error, self._redact)
        finally:
            self.blank.is_busy = False


def _drawn(one: Field) -> dict[str, Any]:
    return {"name": one.name, "label": one.label, "kind": one.kind, "hint": one.hint, "choices": _pairs(one.choices)}


def _pairs(choices: Sequence[str | tuple[str, str]]) -> list[list[str]]:
    return [[one, one] if isinstance(one, str) else list(one) for one in choices]


def _typed(one: Field, value: Any) -> Any:
    if one.kind == "toggle":
        return bool(value)
    if one.kind == "ticks":
        return [str(each) for each in value or ()]
    if value is None and one.kind == "choice" and one.choices:
        return _pairs(one.choices)[0][0]
    return "" if value is None else str(value)


def _value(one: Field, typed: Any) -> Any:
    if one.kind in _NOTHING:
        return _NOTHING[one.kind] if typed is None else typed
    text = str(typed or "").strip()
    if one.kind in ("number", "date") and not text:
        return None
    if one.kind == "number" and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if one.kind == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text  # `_mistake` says so
    return text


def _mistake(one: Field, value: Any) -> str:
    if one.kind == "number" and isinstance(value, str):
        return f"“{value}” is not a number; write it like 1000 or 2.50."
    if one.kind == "date" and isinstance(value, str):
        return f"“{value}” is not a day; write it like 2026-01-31."
    if one.check is None:
        return ""
    try:
        return one.check(value) or ""
    except WorkbenchError as error:
        return error.message
