"""What came of a posting job, as it comes: listings, what waits for somebody, links, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workbench.panels.deciding import Case, CasesPanel, Deeds
from workbench.panels.facts import facts
from workbench.panels.form import Field, Form
from workbench.panels.markup import esc, join, table
from workbench.panels.paged import Column, PagedTable, among
from workbench.panels.pictures import folded, pictures
from workbench.panels.widgets import LiveRegion, Panel, Region, button, show
from workbench.panels.words import badge_of, without_commands
from workbench.post import jobs
from workbench.post.listings_panel import edit_on_page
from workbench.post.markup import listing_row, results_view
from workbench.post.model import PostingState
from workbench.post.order import Desk

_NEWEST: Final = ("", "the newest of these listings")


class PostResultsPanel(Panel):
    def __init__(self, desk: Desk) -> None:
        self._desk, self._wb = desk, desk.wb
        self._done: dict[str, Any] | None = None
        self._pictures: tuple[Any, ...] = ()
        self._picks: list[tuple[str, str]] = []
        redact = self._wb.parts.redactor
        self.said = Region(html=esc("Nothing was posted yet."))
        self.pick = Form([Field("pick", "Job", "choice", "", choices=[_NEWEST])], redact=redact)
        self.pick.blank.observe(lambda _: self.look_soon(), "typed")
        self.cases = CasesPanel(
            self._wb, "wb-post",
            Deeds(
                "Marketplace", "its number or address", self._retry, self._found, self._absent, self._abandon,
                lambda key: edit_on_page(self._wb, key),
            ),
            desk.look_soon,
        )  # fmt: skip
        self.table = PagedTable(
            "Listings of this job",
            [Column("title", "Title"), Column("price", "Price", "number"), Column("account", "Account"),
             Column("badge", "Status", "badge"), Column("at", "At the site", "link"),
             Column("said", "What was said"), Column("next", "What to do")],
            among(lambda: [listing_row(one) for one in (self._done or {"items": []})["items"]]), key="listing_id",
            choose="many", on_open=self._open, zone=self._wb.settings.zone, redact=redact,
        )  # fmt: skip
        self.cancel = button("Take the ticked ones out of the queue", "wb-post-cancel")
        self.cancel.on_click(lambda _: self.act(self._wb, self._cancel))
        self.told = LiveRegion()
        self.detail = LiveRegion()
        self.shots = Region()
        self.alert = Region()
        self._parts = [self.cases, self.table, self.cancel, self.told, self.detail, self.shots]
        for one in self._parts:
            show(one, is_shown=False)
        super().__init__([self.said, self.pick, *self._parts, self.alert])
        self.add_class("wb-results-panel")
        self.watch(self._wb, self._look, every=1.0)

    def markup(self) -> str:
        return (
            self.said.html
            if self._done is None
            else results_view(self._wb, self._wb.postings.with_pictures(self._done))
        )

    # in the page's watcher ------------------------------------------------------------------------

    def _look(self) -> None:
        self._choices()
        picked = self.pick.values()["pick"]
        done = self._wb.postings.job(picked) if picked else self._desk.seen()
        if done is None or done == self._done:
            if done is None and self._done is not None:  # other listings are meant by now
                self._forget()
            return
        is_new = self._done is None or self._done["job_id"] != done["job_id"]
        self._done, done = done, self._wb.postings.with_pictures(done)
        if is_new:
            self.detail.html = self.told.html = ""
            for one in self._parts:
                show(one, is_shown=True)
        words = [("Job", done["job_id"][:8]), ("Status", done["status"]), ("Posted", done["completed_posts"]),
                 ("Failed", done["failed_posts"]), ("Of", done["total_posts"])]  # fmt: skip
        self.said.html = facts(words)
        if is_new:
            self.table.show()
        else:
            self.table.refresh()
        show(self.cancel, is_shown=any(jobs.can_be_cancelled(one) for one in done["items"]))
        self.cases.tell([self._case(one) for one in done["items"] if jobs.waits_for_somebody(one)])
        self._show_pictures(done)

    def _choices(self) -> None:
        zone = self._wb.settings.zone
        found = [
            (str(one["job_id"]), f"{one['created_at'].astimezone(zone):%Y-%m-%d %H:%M}, {one['listings']} listings")
            for one in self._wb.postings.job_list()
        ]
        choices = [_NEWEST, *found]
        if choices != self._picks:
            self._picks = choices
            self.pick.choices("pick", choices)
        show(self.pick, is_shown=bool(found))

    def _forget(self) -> None:
        self._done = None
        self.said.html = esc("Nothing of these listings was posted yet.")
        for one in self._parts:
            show(one, is_shown=False)

    def _show_pictures(self, done: Mapping[str, Any]) -> None:
        """Of failures they stand with their case; the others come when all of it is over."""
        good = [one for one in done["items"] if one["screenshot"] and not jobs.waits_for_somebody(one)]
        mark = tuple(one["screenshot"] for one in good) if jobs.is_over(done) else ()
        if mark != self._pictures:
            self._pictures = mark
            self.shots.html = folded("Pictures of the pages", pictures(self._wb.settings.data, good) if mark else [])

    def _case(self, one: Mapping[str, Any]) -> Case:
        whom = f"as {one['account']} (account {one['account_id']})"
        said = without_commands(one["error_message"]) or PostingState(one["state"]).info.means
        return Case(
            key=str(one["listing_id"]), title=str(one["title"]), badge=badge_of(one), said=said,
            next_step=jobs.next_step(one), screenshot=one["screenshot"],
            again=f"post “{one['title']}” on Marketplace {whom}, with what the listing says now"
            if jobs.can_be_tried(one) else "",
            absent=f"post “{one['title']}” on Marketplace {whom}" if jobs.is_in_doubt(one) else "",
            can_edit=jobs.can_be_edited(one),
        )  # fmt: skip

    # clicks ---------------------------------------------------------------------------------------

    def _open(self, key: str) -> None:
        one = next((each for each in (self._done or {"items": []})["items"] if str(each["listing_id"]) == key), None)
        if one is None:
            return
        told = [(each["at"], each["to_state"] or each["what"], without_commands((each["facts"] or {}).get("reason")))
                for each in self._wb.overview.story("posting", one["posting_id"])]  # fmt: skip
        shown = pictures(self._wb.settings.data, self._wb.postings.with_pictures({"items": [one]})["items"])
        past = table(f"What happened to {one['title']}", ("When", "What", "Why"), told, zone=self._wb.settings.zone)
        self.detail.html = join([past, *shown])

    def _retry(self, keys: Sequence[str]) -> None:
        self._wb.postings.retry([int(one) for one in keys])
        self._wb.working.start_worker()

    def _found(self, key: str, remote_id: str) -> None:
        self._wb.postings.resolve(int(key), adopt=remote_id)
        self._wb.working.start_worker()

    def _absent(self, key: str) -> None:
        self._wb.postings.resolve(int(key), absent=True)
        self._wb.working.start_worker()

    def _abandon(self, key: str) -> None:
        self._wb.postings.resolve(int(key), abandon=True)

    def _cancel(self) -> None:
        chosen = set(self.table.chosen)
        items = (self._done or {"items": []})["items"]
        keys = [one["listing_id"] for one in items if str(one["listing_id"]) in chosen and jobs.can_be_cancelled(one)]
        number = self._wb.postings.cancel(listing_ids=keys) if keys else 0
        self.told.html = esc(f"{number} taken out of the queue.")
