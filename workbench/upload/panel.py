"""Creatives in a notebook: check, rehearse or upload, watch, results. By hand and without a person.

By hand the calls draw buttons, and a worker of its own does the work. Executed without a person
(panels/front_end.py) `upload` goes as deep as `depth` says and leaves HTML that an offline report keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from IPython.display import display

from workbench.panels.facts import facts, mode_note
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, join, note, progress_bar, table
from workbench.panels.page import show_while, still
from workbench.panels.pictures import pictures
from workbench.panels.sending import NOT_AT_WORK, Look, SendPanel, WorkPanel, check_depth
from workbench.panels.waiting import tell_outcome
from workbench.parsing import as_names
from workbench.upload import batches
from workbench.upload.batches import how_far
from workbench.upload.service import UploadOrder

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_ITEMS: Final = ("unique_id", "file_name", "slot", "status", "tj_creative_id", "review_status", "error_message")
_FILES: Final = (("Status CSV", "status_csv"), ("Report", "report"), ("Archive", "archive"))
_HEADS: Final = ("Id", "File", "Slot", "Status", "At TrafficJunky", "Review", "What was said")


class Load:
    """What is to be uploaded, and the batch that came of it: the object that a notebook's cells hand on."""

    def __init__(self, wb: Workbench, asked: Mapping[str, Any]) -> None:
        self.wb, self.ask = wb, UploadOrder(**asked)
        self.rehearsed: dict[str, Any] | None = None
        self.batch_id: str | None = None
        self._planned: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"{len(self.plan()['items'])} files"

    def plan(self) -> dict[str, Any]:
        self._planned = self.wb.uploads.plan(self.ask)
        return self._planned

    def said(self) -> str:
        """What a batch would upload by the newest plan, how many, and as whom."""
        return self.wb.uploads.words_of(self._planned or self.plan(), self.ask)

    def rehearse(self) -> dict[str, Any]:
        self.rehearsed = self.wb.uploads.rehearse(self.ask)
        return self.rehearsed

    def start(self) -> str:
        self.batch_id = self.wb.uploads.start(self.ask)
        return self.batch_id

    def batch(self) -> dict[str, Any] | None:
        """The batch of these files: ours, or the newest that any of them is in, whoever started it."""
        if self.batch_id is not None:
            return self.wb.uploads.batch(self.batch_id)
        names = {one["file_name"] for one in self.plan()["items"]}
        found = self.wb.uploads.batches()
        return next((one for one in found if names & {each["file_name"] for each in one["items"]}), None)


def check(wb: Workbench, source: str = "", *, files: str = "", campaign: str = "", account: int = 0) -> Load:
    """Check every file offline; nothing is started. `source`: session, inventory, a CSV or a folder.

    `files`: names with commas between, instead of a source. `account`: its id, where there are several.
    """
    names = as_names(files)
    load = Load(wb, {"source": source, "files": names, "campaign": campaign or None, "account": account or None})
    still(plan_view(wb, load.plan()))
    return load


def plan_view(wb: Workbench, done: Mapping[str, Any]) -> Html:
    rows = [
        (one["unique_id"], one["file_name"], one["slot"], one["status"], one["error_message"]) for one in done["items"]
    ]
    heads = ("Id", "File", "Slot", "Status", "What is said about it")
    parts = [mode_note(wb.settings.mode), table("What would be uploaded", heads, rows), facts(counts(done))]
    if done["totals"]["failed"]:
        parts.append(
            note("error", f"{done['totals']['failed']} files would be refused; the others go on without them.")
        )
    return join(parts)


def counts(done: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), number) for name, number in done["totals"].items()]


def upload(load: Load, *, depth: str = "plan", wait_minutes: float = 60) -> None:
    """By hand: buttons that rehearse and upload. Without a person: as deep as `depth` says, `plan` by itself.

    What is there already, or on its way, is left alone, however often this runs.
    """
    check_depth(depth)
    if is_by_hand():
        display(UploadPanel(load))  # type: ignore[no-untyped-call]
    elif depth == "plan":
        still(note("plain", "Nothing was opened or uploaded, as depth is plan."))
    elif depth == "rehearse":
        still(results_view(load.wb, load.rehearse()))
    else:
        batch_id, limit = load.start(), timedelta(minutes=wait_minutes)
        show_while(
            lambda watch: progress_view(load.wb.uploads.work_on(batch_id, watch=watch, limit=limit)),
            lambda: progress_view(load.wb.uploads.batch(batch_id)),
        )


def progress(done: Mapping[str, Any]) -> tuple[int, str, str]:
    """Percent, how many are over, and what is at work this moment."""
    over, total, now = how_far(done)
    return round(100 * over / total) if total else 0, f"{over} of {total} files", now


def progress_view(done: Mapping[str, Any]) -> Html:
    percent, words, now = progress(done)
    said = facts([("Batch", done["batch_id"]), ("Now", now), *counts(done)])
    return join([progress_bar("Uploading", percent, words), said])


def watch(load: Load) -> None:
    """By hand: the newest batch of these files as it goes, also after a restart of the kernel."""
    if is_by_hand():
        display(BatchPanel(load))  # type: ignore[no-untyped-call]


def results(load: Load) -> None:
    """Every file with its id or its error, and the pictures of the pages."""
    found = load.batch()
    if found is not None:
        still(results_view(load.wb, found))
    elif load.rehearsed is None:
        still(note("plain", "Nothing was uploaded yet."))


def results_view(wb: Workbench, done: Mapping[str, Any]) -> Html:
    what = str(done["batch_id"] or "Rehearsed, nothing was uploaded")
    rows = [[one.get(name) for name in _ITEMS] for one in done["items"]]
    shown = {one["screenshot"]: {**one, "title": one["file_name"]} for one in done["items"] if one.get("screenshot")}
    # Below the home, as the file browser beside the notebook shows them.
    files = [facts([(name, done[key].removeprefix(f"{wb.settings.home}/"))]) for name, key in _FILES if done[key]]
    return join([table(what, _HEADS, rows), facts(counts(done)), *files,
                 *pictures(wb.settings.data, list(shown.values()))])  # fmt: skip


def outcome(load: Load) -> None:
    """Say how it went; without a person, fail the notebook where a file failed, or somebody has to decide."""
    done = load.batch() if load.batch_id or load.rehearsed is None else load.rehearsed
    if done is None:
        still(note("plain", "Nothing was uploaded or rehearsed."))
        return
    failed = [one["file_name"] for one in done["items"] if one["status"] in ("failed", "file_not_found")]
    tell_outcome(
        load.wb, "file", batches.outcome(done), total=len(done["items"]), failed=failed,
        done="Done: " + ", ".join(f"{number} {name}" for name, number in counts(done)) + ".",
    )  # fmt: skip


# widgets ------------------------------------------------------------------------------------------------


class UploadPanel(SendPanel):
    def __init__(self, load: Load) -> None:
        self._load = load
        super().__init__(
            load.wb, "wb-upload", self._rehearsal, self._order,
            rehearse="Rehearse: open everything, attach nothing", send="Upload them…",
            sure="Yes, upload them", what=load.said,
        )  # fmt: skip

    def _rehearsal(self) -> Html:
        return results_view(self._load.wb, self._load.rehearse())

    def _order(self) -> str:
        return self._load.start()


class BatchPanel(WorkPanel):
    def __init__(self, load: Load) -> None:
        self._load = load
        super().__init__(
            load.wb, "wb-batch", self._newest, self._stop,
            label="Uploading", nothing="This fills as soon as something is uploaded.",
            cancel="Cancel what is not attached yet", every=1.0,
        )  # fmt: skip

    def _newest(self) -> Look | None:
        done = self._load.batch()
        if done is None:
            return None
        percent, words, now = progress(done)
        is_over = not any(one["is_due"] or one["is_worked"] for one in done["items"])
        ended = ", ".join(f"{number} {name}" for name, number in counts(done) if number)
        # Without pictures: the cell below shows them, and this one is drawn every second.
        plain = [{**one, "screenshot": None} for one in done["items"]]
        return Look(
            percent, words, now or (f"over: {ended}" if is_over else NOT_AT_WORK),
            tone="bad" if is_over and done["totals"]["failed"] else "good" if is_over else "moving",
            is_over=is_over, body=results_view(self._wb, {**done, "items": plain}),
        )  # fmt: skip

    def _stop(self) -> None:
        done = self._load.batch()
        if done is not None:
            self._wb.uploads.cancel(done["batch_id"])
            self._wb.working.start_worker()
