"""What came of an upload, as it comes: files, what waits for somebody, reports, pairs, archive, ads, pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.panels.deciding import Case, CasesPanel, Deeds
from workbench.panels.facts import facts
from workbench.panels.file_links import FileLinks
from workbench.panels.form import Field, Form
from workbench.panels.markup import esc, join, note, table
from workbench.panels.paged import Column, PagedTable, among
from workbench.panels.pictures import folded, pictures
from workbench.panels.widgets import LiveRegion, Panel, Region, show
from workbench.panels.words import badge_of, without_commands
from workbench.upload import batches, campaign
from workbench.upload.load import Load
from workbench.upload.markup import LARGE, archive_view, counts, item_row, looked_view, pairs_view, results_view
from workbench.upload.model import UploadState

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_NEWEST: Final = ("", "the newest of these files")


class UploadResultsPanel(Panel):
    """What came of it, as it comes: files, what waits for somebody, pairs, archive, reports, pictures."""

    def __init__(self, load: Load) -> None:
        self._load, self._wb = load, load.wb
        self._done: dict[str, Any] | None = None
        self._pictures: tuple[Any, ...] = ()
        self._picks: list[tuple[str, str]] = []
        redact = self._wb.parts.redactor
        self.said = Region(html=esc("Nothing was uploaded yet."))
        self.pick = Form([Field("pick", "Batch", "choice", "", choices=[_NEWEST])], redact=redact)
        self.pick.blank.observe(lambda _: self.look_soon(), "typed")
        self.cases = CasesPanel(
            self._wb, "wb-upload",
            Deeds("TrafficJunky", "like 1032530511", self._retry, self._found, self._absent, self._abandon),
            load.look_soon,
        )  # fmt: skip
        self.table = PagedTable(
            "Files of this batch",
            [Column("file_name", "File"), Column("badge", "Status", "badge"),
             Column("tj_creative_id", "At TrafficJunky", "mono"), Column("said", "What was said"),
             Column("next", "What to do"), Column("review_status", "Review"), Column("slot", "Slot"),
             Column("native_pair_id", "Pair", "mono")],
            among(lambda: [item_row(one) for one in (self._done or {"items": []})["items"]]), key="upload_id",
            on_open=self._open, redact=redact,
        )  # fmt: skip
        self.detail = LiveRegion()
        self.files = FileLinks("Reports of this batch", self._wb.settings.home)
        self.pairs = Region()
        self.campaign = CampaignPanel(self._wb, lambda: self._done, self._list_files)
        self.shots = Region()
        self.alert = Region()
        self._parts = [self.cases, self.table, self.detail, self.files, self.pairs, self.campaign, self.shots]
        for one in self._parts:
            show(one, is_shown=False)
        super().__init__([self.said, self.pick, *self._parts, self.alert])
        self.add_class("wb-results-panel")
        self.watch(self._wb, self._look, every=1.0)

    def markup(self) -> str:
        return (
            self.said.html if self._done is None else results_view(self._wb, self._wb.uploads.with_pictures(self._done))
        )

    # in the page's watcher ------------------------------------------------------------------------

    def _look(self) -> None:
        self._choices()
        picked = self.pick.values()["pick"]
        done = self._wb.uploads.batch(picked) if picked else self._load.seen()
        if done is None or done == self._done:
            if done is None and self._done is not None:  # other files are meant by now
                self._forget()
            return
        is_new = self._done is None or self._done["batch_id"] != done["batch_id"]
        self._done, done = done, self._wb.uploads.with_pictures(done)
        if is_new:
            self.detail.html = ""
            for one in self._parts:
                show(one, is_shown=True)
        self.said.html = join([facts([("Batch", done["batch_id"]), *counts(done)])])
        self.table.show() if is_new else self.table.refresh()
        self.cases.tell([self._case(one) for one in done["items"] if batches.waits_for_somebody(one)])
        self._list_files()
        pairs = self._wb.uploads.pairs(done["batch_id"])
        seen = join([pairs_view(pairs), archive_view(done["items"])])
        if seen != self.pairs.html:
            self.pairs.html = seen
        self._show_pictures(done)

    def _list_files(self) -> None:
        if self._done is not None:
            self.files.show(self._wb.uploads.files_of(self._done["batch_id"]))

    def _choices(self) -> None:
        found = [
            (str(one["batch_id"]), f"{one['batch_id']}, {one['files']} files") for one in self._wb.uploads.batch_list()
        ]
        choices = [_NEWEST, *found]
        if choices != self._picks:
            self._picks = choices
            self.pick.choices("pick", choices)
        show(self.pick, is_shown=bool(found))

    def _forget(self) -> None:
        self._done = None
        self.said.html = esc("Nothing of these files was uploaded yet.")
        for one in self._parts:
            show(one, is_shown=False)

    def _show_pictures(self, done: Mapping[str, Any]) -> None:
        """Of failures they stand with their case; the others come when all of it is over."""
        good = [one for one in done["items"] if one["screenshot"] and not batches.waits_for_somebody(one)]
        mark = tuple(one["screenshot"] for one in good) if batches.is_over(done) else ()
        if mark != self._pictures:
            self._pictures = mark
            shown = {one["screenshot"]: {**one, "title": one["file_name"]} for one in good}
            self.shots.html = folded(
                "Pictures of the pages", pictures(self._wb.settings.data, list(shown.values())) if mark else []
            )

    def _case(self, one: Mapping[str, Any]) -> Case:
        whom = f"TrafficJunky as {one['account']} (account {one['account_id']})"
        said = without_commands(one["error_message"] or one["reason"]) or UploadState(one["state"]).info.means
        return Case(
            key=str(one["upload_id"]), title=one["file_name"], badge=badge_of(one), said=said,
            next_step=batches.next_step(one), screenshot=one["screenshot"],
            again=f"try {one['file_name']} again: it is uploaded to {whom}, unless it is there"
            if batches.can_be_tried(one) else "",
            absent=f"upload {one['file_name']} once more to {whom}" if batches.is_in_doubt(one) else "",
        )  # fmt: skip

    # clicks ---------------------------------------------------------------------------------------

    def _open(self, key: str) -> None:
        one = next((each for each in (self._done or {"items": []})["items"] if str(each["upload_id"]) == key), None)
        if one is None:
            return
        png = self._wb.uploads.small_pictures([one], side=LARGE).get(one["file_name"])
        story = [(each["at"], each["to_state"] or each["what"], without_commands((each["facts"] or {}).get("reason")))
                 for each in self._wb.overview.story("upload", one["upload_id"])]  # fmt: skip
        (one,) = self._wb.uploads.with_pictures({"items": [one]})["items"]
        shown = [{**one, "title": one["file_name"]}] if one["screenshot"] else []
        told = table("What happened", ("When", "What", "Why"), story, zone=self._wb.settings.zone)
        self.detail.html = join(
            [looked_view(one, png, badge_of(one), side=LARGE), told, *pictures(self._wb.settings.data, shown)]
        )

    def _retry(self, keys: Sequence[str]) -> None:
        self._wb.uploads.retry(keys)
        self._wb.working.start_worker()

    def _found(self, key: str, remote_id: str) -> None:
        self._wb.uploads.resolve(key, remote_id=remote_id)
        self._wb.working.start_worker()

    def _absent(self, key: str) -> None:
        self._wb.uploads.resolve(key, absent=True)
        self._wb.working.start_worker()

    def _abandon(self, key: str) -> None:
        self._wb.uploads.resolve(key, abandon=True)


class CampaignPanel(Panel):
    """The texts of TrafficJunky's campaign CSVs; the files come as links above."""

    def __init__(self, wb: Workbench, done: Callable[[], Mapping[str, Any] | None], after: Callable[[], None]) -> None:
        self._wb, self._done, self._after = wb, done, after
        self.form = Form(
            [
                Field("target_url", "Target URL", hint="Where the ads lead; macros like {CampaignID} stay."),
                Field("headline", "Headline", hint="Of native ads."),
                Field("brand", "Brand name", hint="Of native ads."),
            ],
            actions=[("write", "Write the campaign CSVs")], on_submit=self._write, redact=wb.parts.redactor,
        )  # fmt: skip
        self.said = LiveRegion()
        self.alert = Region()
        head = Region(html=note("plain", "Campaign CSVs of what has its id by now:"))
        super().__init__([head, self.form, self.said, self.alert])
        self.add_class("wb-campaign-panel")

    def markup(self) -> str:
        return self.said.html

    def _write(self, action: str, values: Mapping[str, Any]) -> None:
        columns = {"target_url": "Target URL", "headline": "Headline", "brand": "Brand Name"}
        texts = {column: values[name] for name, column in columns.items() if values[name]}
        names = {column: name for name, column in columns.items()}
        wrong = campaign.mistakes(texts)
        self.form.mistakes({names[column]: words for column, words in wrong.items()})
        done = self._done()
        if wrong or done is None:
            return
        made, paths = self._wb.uploads.campaign_csv(texts, batch=done["batch_id"])
        written = [Path(path).name for path in paths]
        said = f"Written: {', '.join(written)}. " if written else "Nothing could be written yet. "
        orphans = table("In no campaign CSV", ("File", "Why"), made.orphans) if made.orphans else ""
        self.said.html = join([note("plain", said), orphans])
        self._after()
