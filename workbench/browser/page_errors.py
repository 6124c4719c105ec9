"""From what was raised at a page to what it means: our error, its class of trouble, a short story without secrets."""

from __future__ import annotations

import re
import traceback
from typing import Any, Final, TypeGuard

from playwright.sync_api import TimeoutError as TooSlow

from workbench.errors import (
    BadInput,
    Fault,
    Fenced,
    NeedsPerson,
    Permanent,
    Transient,
    UiChanged,
    Unanswered,
    WorkbenchError,
)

_QUERY: Final = re.compile(r"(https?://[^\s\"'<>?#]*)[?#][^\s\"'<>]*")
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_STORY_LINES: Final = 12
_LONGEST_LINE: Final = 300
_OURS: Final = 3  # frames from `story` to who asked a visit for it


def has_known_cause(error: BaseException) -> TypeGuard[WorkbenchError]:
    """Whoever raised it knew what it was; all others are read by the page that they came up on."""
    if not isinstance(error, WorkbenchError):
        return False
    known = error.fault is not None and error.fault.kind != "ui_changed"
    return known or isinstance(error, BadInput | Permanent | Unanswered | Fenced)


def is_of_closed_browser(error: BaseException) -> bool:
    # The class lives in a private module, so it is known by its name.
    return type(error).__name__ == "TargetClosedError"


def is_of_left_page(error: BaseException) -> bool:
    return not isinstance(error, TooSlow) and "context was destroyed" in str(error)


def by_exception(error: BaseException, said: str) -> WorkbenchError:
    """Where the page itself tells nothing."""
    if isinstance(error, WorkbenchError):
        return error
    text = str(error)
    if "net::ERR_" in text:
        return Transient(said, fault=Fault(kind="network_error"))
    if isinstance(error, TooSlow):
        return Transient(said, fault=Fault(kind="timeout"))
    if "strict mode violation" in text:
        return UiChanged(said, fault=Fault(kind="ui_changed"))
    if isinstance(error, OSError):
        return Transient(said, fault=Fault(kind="environment"))
    return NeedsPerson(said, fault=Fault(kind="unknown"))


def first_line(error: BaseException) -> str:
    """Of Playwright's messages the rest is a log of calls, with what they filled in."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:_LONGEST_LINE]


def story(error: BaseException) -> str:
    # One that is made to be told, and not raised yet, has no frames of its own: those that led here are its story.
    lines = traceback.format_tb(error.__traceback__) or traceback.format_stack()[:-_OURS]
    return "".join(lines[-_STORY_LINES:]) + f"{type(error).__name__}: {first_line(error)}"


def without_queries(text: str) -> str:
    """What follows the path of an address may hold a token."""
    return _QUERY.sub(r"\1?…", text)


def without_emails(text: str) -> str:
    return _EMAIL.sub("***", text)


def each_text(value: Any, clean: Any) -> Any:
    """`value`, with every text in it cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: each_text(one, clean) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [each_text(one, clean) for one in value]
    return value
