"""Every error that Workbench raises on purpose, and what each does to the item it hits.

WorkbenchError
├── BadInput            refused before anything happened; nothing was written
│   ├── Refused         the ledger or a cap says no (wrong mode, wrong schema, over a cap, no longer the shown plan)
│   └── Misconfigured   a setting is missing or wrong
├── Transient           asked again later, with backoff; counts as an attempt
│   └── Throttled       the vendor asks everybody to slow down; does not count as an attempt
├── Permanent           the item fails; repeating would change nothing
├── Unanswered          it may have happened outside: the item becomes `unsure`
├── NeedsPerson         the item waits for a person; the lane of its account pauses
├── UiChanged           a page is not what the selector pack describes; the lane stops
└── Fenced              our claim on the item is over; nothing of ours may be written any more
"""

from __future__ import annotations

from datetime import timedelta


class WorkbenchError(Exception):
    """Something in Workbench went wrong."""

    def __init__(self, message: str | None = None, *, code: str | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.code = code

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
        self, message: str | None = None, *, code: str | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Throttled(Transient):
    """The service asks everybody to slow down."""


class Permanent(WorkbenchError):
    """It did not work and repeating it would change nothing."""


class Unanswered(WorkbenchError):
    """The answer was lost: it may or may not have happened."""


class NeedsPerson(WorkbenchError):
    """A person has to look at this before it can go on."""


class UiChanged(WorkbenchError):
    """The page is not the one that the selector pack describes."""


class Fenced(WorkbenchError):
    """The claim on this item has passed to another worker; nothing was written."""
