"""What is shown of listings and posting jobs, as markup: the same for both faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.panels.facts import facts, mode_note
from workbench.panels.markup import Html, join, link, note, progress_bar, table
from workbench.panels.pictures import pictures
from workbench.post.jobs import how_far

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_ITEMS: Final = ("listing_id", "title", "price", "account", "status", "at", "error_class", "error_message")
_HEADS: Final = ("Listing", "Title", "Price", "Account", "Status", "At the site", "Error", "What was said")


class Desk:
    """What is to be posted, and the job that came of it: the object that a notebook's cells hand on."""

    def __init__(self, wb: Workbench, listings: str, accounts: Sequence[int]) -> None:
        self.wb, self.accounts = wb, tuple(accounts)
        self.file = wb.settings.home / listings if listings else None
        self.rehearsed: dict[str, Any] | None = None
        self._ids: set[int] = set()
        self._planned: list[dict[str, Any]] = []
        self.plan()

    def __repr__(self) -> str:
        return f"{len(self._ids)} known listings" + (f" of {self.file.name}" if self.file else "")

    def plan(self) -> list[dict[str, Any]]:
        """What a job would do with each listing now; every photo is looked at."""
        rows = self.wb.postings.plan(self._what, accounts=self.accounts)
        self._ids |= {one["listing_id"] for one in rows if one.get("listing_id")}
        self._planned = rows
        return rows

    def said(self) -> str:
        """What a job would publish by the newest plan, how many, and as whom."""
        return self.wb.postings.words_of(self._planned, accounts=self.accounts)

    @property
    def _what(self) -> Path | list[int]:
        if self.file is not None:
            return self.file
        mine = (
            one
            for one in self.wb.postings.listings()
            if not self.accounts or one["account_id"] in {*self.accounts, None}
        )
        return [one["listing_id"] for one in mine]

    def start(self) -> str:
        made = self.wb.postings.start(self._what, accounts=self.accounts)
        self._ids |= {*made.listing_ids, *made.already}
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


def plan_view(desk: Desk) -> Html:
    names = {one["account_id"]: one["label"] for one in desk.wb.accounts.all("marketplace")}
    rows = [
        (one.get("line") or one.get("listing_id"), one["title"], one.get("price"),
         names.get(one.get("account_id")), one["todo"], one["why"])
        for one in desk.plan()
    ]  # fmt: skip
    first = "Listing" if desk.file is None else "Line"
    refused = sum(row[4] == "refused" for row in rows)
    parts = [
        mode_note(desk.wb.settings.mode),
        table("What would be posted", (first, "Title", "Price", "Account", "To do", "Why"), rows),
        facts([("To post", sum(row[4] == "post" for row in rows)), ("Refused", refused)]),
    ]
    if refused:
        parts.append(note("error", "Nothing of this file is posted before its refused lines are mended."))
    return join(parts)


def progress(job: Mapping[str, Any]) -> tuple[int, str]:
    """Percent, and how many are over in which way."""
    over, total, _ = how_far(job)
    words = f"{over} of {total} listings: {job['completed_posts']} posted, {job['failed_posts']} failed"
    return round(100 * over / total) if total else 0, words


def progress_view(job: Mapping[str, Any]) -> Html:
    now, waits = job["current_post_title"], job["attention"]
    said = facts([("Job", job["job_id"][:8]), ("State", job["status"]), ("Now", now), ("Waits for", waits)])
    return join([progress_bar("Posting", *progress(job)), said])


def results_view(wb: Workbench, done: Mapping[str, Any]) -> Html:
    names = {one["account_id"]: one["label"] for one in wb.accounts.all("marketplace")}
    # An address is cut where it is long, and its end is the id.
    items = [
        {
            **one,
            "account": names.get(one["account_id"]),
            "at": link(one.get("remote_url") or "", one.get("remote_id") or ""),
        }
        for one in done["items"]
    ]
    what = "Rehearsed, nothing was sent" if done["job_id"] is None else f"Posting job {done['job_id']}"
    rows = [[one.get(name) for name in _ITEMS] for one in items]
    return join([table(f"{what}: {done['status']}", _HEADS, rows), *pictures(wb.settings.data, items)])
