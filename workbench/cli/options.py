"""Options that several commands take, declared once: as the fields of a dataclass."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

Options = TypeVar("Options")
Own = ParamSpec("Own")
Answer = TypeVar("Answer")


def takes(
    declared: type[Options],
) -> Callable[[Callable[Concatenate[Options, Own], Answer]], Callable[..., Answer]]:
    """Give a command the fields of the dataclass `declared` as options, before its own.

    The command gets them as one object: its first argument.
    """
    hints = get_type_hints(declared, include_extras=True)
    shared = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(declared)  # type: ignore[arg-type]  # a dataclass, which no type says
    ]

    def around(command: Callable[Concatenate[Options, Own], Answer]) -> Callable[..., Answer]:
        @functools.wraps(command)
        def called(**given: Any) -> Answer:
            mine = {one.name: given.pop(one.name) for one in shared}
            return command(declared(**mine), **given)  # type: ignore[call-arg]

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
        called.__signature__ = inspect.Signature([*shared, *keywords])  # type: ignore[attr-defined]
        return called

    return around
