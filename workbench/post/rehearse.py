"""A listing filled in and read back up to the enabled last button, which is not pressed. No state changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import AccountStops, AccountWaits, UiChanged, WorkbenchError
from workbench.post.model import Posting
from workbench.post.tools import DRAFT, PostTools, item_of


@dataclass(frozen=True)
class RehearsedListing:
    """How far it came; `error` says what would have stopped it."""

    posting: Posting
    screenshot: str | None = None
    error: WorkbenchError | None = None

    @property
    def stops(self) -> bool:
        """Whether the account would stop here, so that nothing more of it is tried."""
        return isinstance(self.error, AccountStops | AccountWaits | UiChanged)

    @property
    def facts(self) -> dict[str, Any]:
        fault = None if self.error is None else self.error.fault
        return {
            "status": "rehearsed" if self.error is None else "failed",
            "error_type": fault.of.error_type if fault else None,
            "error_class": fault.kind if fault else None,
            "error_message": None if self.error is None else self.error.message,
            "screenshot": self.screenshot or (f"{fault.evidence}/screen.png" if fault and fault.evidence else None),
        }


def rehearse(posting: Posting, tools: PostTools) -> RehearsedListing:
    try:
        return replace(RehearsedListing(posting), screenshot=_filled(posting, tools))
    except WorkbenchError as error:
        return RehearsedListing(posting, error=error)


def _filled(posting: Posting, tools: PostTools) -> str:
    with tools.visit(posting.account_id) as visit:
        visit.goto(visit.site.start)
        visit.is_signed_in()
        form = tools.item_form(visit, item_of(posting, tools))
        form.fill()
        form.ready("save_draft" if posting.end == DRAFT else "publish")
        return visit.shot("rehearsed")
