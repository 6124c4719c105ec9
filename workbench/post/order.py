"""What is to be posted, and the job that came of it: the object that a notebook's cells hand on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.panels.page import Face
from workbench.panels.widgets import Panel

if TYPE_CHECKING:
    from workbench.workbench import Workbench


class Desk:
    """Listings of a file, those that were chosen, or all that are known; and as whom they are posted."""

    def __init__(self, wb: Workbench, listings: str, accounts: Sequence[int], *, look: bool = True) -> None:
        """`look`: plan at once; a page does so when it is drawn, aside of the kernel's own thread."""
        self.wb, self.accounts = wb, tuple(accounts)
        self.file = wb.settings.home / listings if listings else None
        self.chosen: tuple[int, ...] | None = None  # listings that a person ticked; None: all that are known
        self.rehearsed: dict[str, Any] | None = None
        self.faces: list[Face] = []  # that show something of it
        self.planned: list[dict[str, Any]] = []
        self.is_looked_at = False
        self._ids: set[int] = set()
        self._agreed: list[dict[str, Any]] | None = None
        self._found: tuple[tuple[Any, ...], str | None] | None = None
        if look:
            self.plan()

    def __repr__(self) -> str:
        return f"{len(self._ids)} known listings" + (f" of {self.file.name}" if self.file else "")

    def plan(self) -> list[dict[str, Any]]:
        """What a job would do with each listing now; every photo is looked at."""
        rows = self.wb.postings.plan(self._what, accounts=self.accounts)
        self._ids |= {one["listing_id"] for one in rows if one.get("listing_id")}
        self.planned, self.is_looked_at, self._found = rows, True, None
        return rows

    def look_at(self, file: str, chosen: Sequence[int] | None, accounts: Sequence[int]) -> list[dict[str, Any]]:
        """Mean other listings from now on; what would become of each."""
        self.file = self.wb.settings.home / file if file else None
        self.chosen, self.accounts = None if chosen is None else tuple(chosen), tuple(accounts)
        self._ids, self.rehearsed = set(), None
        rows = self.plan()
        self.look_soon()
        return rows

    def look_soon(self) -> None:
        """Somebody has acted: all that shows something of it looks now."""
        for one in self.faces:
            if isinstance(one, Panel):
                one.look_soon()

    def said(self) -> str:
        """What a job would publish by the newest plan, how many, and as whom; whoever agrees, agrees to that."""
        if not self.is_looked_at:
            return "nothing yet: the listings are still being looked at. Say no, and ask again in a moment"
        self._agreed = self.planned
        return self.wb.postings.words_of(self.planned, accounts=self.accounts)

    @property
    def _what(self) -> Path | list[int]:
        if self.file is not None:
            return self.file
        if self.chosen is not None:
            return list(self.chosen)
        mine = (
            one
            for one in self.wb.postings.listings()
            if not self.accounts or one["account_id"] in {*self.accounts, None}
        )
        return [one["listing_id"] for one in mine]

    def start(self) -> str:
        return self._start(None)

    def start_agreed(self) -> str:
        """Start what a person said yes to, and nothing else."""
        if self._agreed is None:
            raise BadInput("the listings were still being looked at. Ask again; nothing was started.")
        return self._start(self._agreed)

    def _start(self, agreed: list[dict[str, Any]] | None) -> str:
        made = self.wb.postings.start(self._what, accounts=self.accounts, agreed=agreed)
        self._ids |= {*made.listing_ids, *made.already}
        self._found = None
        return made.job_id

    def rehearse(self) -> dict[str, Any]:
        self.rehearsed = self.wb.postings.rehearse(self._what, accounts=self.accounts)
        return self.rehearsed

    @property
    def job_id(self) -> str | None:
        """The newest job that these listings are in, whoever started it."""
        jobs = {str(one["job_id"]) for one in self.wb.postings.listings(listing_ids=self._ids) if one["job_id"]}
        if len(jobs) <= 1:
            return next(iter(jobs), None)
        newest_first = (str(one["job_id"]) for one in self.wb.postings.jobs())
        return next(one for one in newest_first if one in jobs)

    def seen(self) -> dict[str, Any] | None:
        """The job of these listings as it stands, looked for again only when there is a newer one."""
        newest = tuple(one["job_id"] for one in self.wb.postings.job_list(1))
        found = self._found
        if found is None or found[0] != newest:
            found = self._found = newest, self.job_id
        return None if found[1] is None else self.wb.postings.job(found[1])
