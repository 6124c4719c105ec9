"""Every error that Workbench raises on purpose, and what each does to the item it hits.

WorkbenchError
├── BadInput            refused before anything happened; nothing was written
│   ├── Refused         the ledger or a cap says no (wrong mode, wrong schema, over a cap, no longer the shown plan)
│   └── Misconfigured   a setting is missing or wrong
├── Transient           asked again later, with backoff; counts as an attempt
│   └── Throttled       the vendor asks everybody to slow down, or a disk is full; does not count as an attempt
│       └── AccountWaits   one account is to act no sooner than `retry_after` from now
├── Permanent           the item fails; repeating would change nothing
├── Unanswered          it may have happened outside: the item becomes `unsure`
├── NeedsPerson         the item waits for a person
│   └── AccountStops       so does the whole account: its lock pauses, its items wait as they are
├── UiChanged           a page is not what the selector pack describes; the lock of the account stops
└── Fenced              our lease on the item is over; nothing of ours may be written any more
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True)
class FaultClass:
    """What a class of trouble in a browser means for those who look after it."""

    error_type: str  # of the six words that the team's sheets know
    is_retryable: bool = False
    needs_person: bool = False


# Classes of trouble on a page; which one it is, the state of the page decides, then the exception, text last.
FAULTS: Final[dict[str, FaultClass]] = {
    "session_expired": FaultClass("session_expired", needs_person=True),
    "captcha": FaultClass("captcha", needs_person=True),
    "checkpoint": FaultClass("captcha", needs_person=True),
    "account_restricted": FaultClass("unknown", needs_person=True),
    "rate_limit": FaultClass("rate_limit", is_retryable=True),
    "validation_error": FaultClass("validation_error"),
    "duplicate": FaultClass("validation_error"),
    "network_error": FaultClass("network_error", is_retryable=True),
    "timeout": FaultClass("network_error", is_retryable=True),
    "ui_changed": FaultClass("unknown", needs_person=True),
    "uncertain_submit": FaultClass("unknown", needs_person=True),
    "browser_closed": FaultClass("unknown", is_retryable=True),
    "environment": FaultClass("unknown", is_retryable=True),
    "file_missing": FaultClass("validation_error"),
    "file_changed": FaultClass("validation_error"),
    "cancelled": FaultClass("unknown"),
    "unknown": FaultClass("unknown", needs_person=True),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is kept of trouble in a browser, beside the error's sentence."""

    kind: str  # a key of FAULTS
    story: str = ""  # the stack trace, redacted
    evidence: str | None = None  # a folder relative to data/
    certain: bool = True  # whether nothing public can have happened

    @property
    def of(self) -> FaultClass:
        return FAULTS[self.kind]


class WorkbenchError(Exception):
    """Something in Workbench went wrong."""

    def __init__(self, message: str | None = None, *, code: str | None = None, fault: Fault | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.code = code
        self.fault = fault

    @property
    def message(self) -> str:
        return str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        """How IPython shows it: the sentence that names thing, place and cure, not the lines of code that led to it."""
        return [f"{type(self).__name__}: {self.message}"]


class BadInput(WorkbenchError):
    """The input was refused; nothing has been done."""


class Refused(BadInput):
    """The ledger refused; nothing has been done."""


class Misconfigured(BadInput):
    """A setting is missing or wrong; nothing has been done."""


class Transient(WorkbenchError):
    """It did not work this time; it will be tried again."""

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        fault: Fault | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, code=code, fault=fault)
        self.retry_after = retry_after


class Throttled(Transient):
    """The service asks everybody to slow down."""


class AccountWaits(Throttled):
    """The account is to act no sooner than that."""


class Permanent(WorkbenchError):
    """It did not work and repeating it would change nothing."""


class Unanswered(WorkbenchError):
    """The answer was lost: it may or may not have happened."""


class NeedsPerson(WorkbenchError):
    """A person has to look at this before it can go on."""


class AccountStops(NeedsPerson):
    """The account waits for a person, and all its items with it."""


class UiChanged(WorkbenchError):
    """The page is not the one that the selector pack describes."""


class Fenced(WorkbenchError):
    """The lease on this item has passed to another worker; nothing was written."""


def shortage_of(error: BaseException) -> str | None:
    """What of this machine ran out, in a sentence with its cure; None for any other error."""
    text = str(error)
    if isinstance(error, MemoryError) or type(error).__name__ in {"OutOfMemoryException", "ArrowMemoryError"}:
        return "this machine has no more memory for it. Close other programs, or give fewer --threads, and try again"
    is_thread = isinstance(error, RuntimeError) and "can't start new thread" in text
    if is_thread or (isinstance(error, OSError) and error.errno in {errno.EAGAIN, errno.ENOMEM}):
        return "this machine lets us start no more threads or processes. Close other programs, or raise ulimit -u"
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return "too many files are open. Close other programs, or raise ulimit -n"
    return None
