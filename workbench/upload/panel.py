"""Creatives in a notebook: choose, check, rehearse or upload, watch, decide, results. By hand and without a person.

By hand the calls draw forms and buttons, and a worker of its own does the work. Executed without a person
(panels/front_end.py) `upload` goes as deep as `depth` says and leaves HTML that an offline report keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from IPython.display import display

from workbench.panels.facts import facts
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, join, note
from workbench.panels.page import page, show_while, still
from workbench.panels.sending import NOT_AT_WORK, Look, SendPanel, WorkPanel, check_depth
from workbench.panels.waiting import tell_outcome
from workbench.panels.widgets import LiveRegion, Panel, Region
from workbench.panels.words import without_commands
from workbench.parsing import as_names
from workbench.upload import batches
from workbench.upload.check_panel import UploadCheckPanel
from workbench.upload.inventory_panel import InventoryPanel, stock_table
from workbench.upload.load import Load
from workbench.upload.markup import counts, plan_view, progress, progress_view, results_view
from workbench.upload.results_panel import UploadResultsPanel

if TYPE_CHECKING:
    from workbench.workbench import Workbench


def check(wb: Workbench, source: str = "", *, files: str = "", campaign: str = "", account: int = 0) -> Load:
    """Check every file offline; nothing is started. `source`: session, inventory, a CSV or a folder.

    `files`: names with commas between, instead of a source. `account`: its id, where there are several. By hand a
    form, in which all of it is chosen.
    """
    names = as_names(files)
    load = Load(wb, {"source": source, "files": names, "campaign": campaign or None, "account": account or None})
    if is_by_hand():
        page(wb, lambda: UploadCheckPanel(load))
    else:
        still(plan_view(wb, load.plan()))
    return load


def upload(load: Load, *, depth: str = "plan", wait_minutes: float = 60) -> None:
    """By hand: buttons that rehearse and upload. Without a person: as deep as `depth` says, `plan` by itself.

    What is there already, or on its way, is left alone, however often this runs.
    """
    check_depth(depth)
    if is_by_hand():
        _show(load, UploadPanel(load))
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


def watch(load: Load) -> None:
    """By hand: the newest batch of these files as it goes, also after a restart of the kernel."""
    if is_by_hand():
        _show(load, BatchPanel(load))


def results(load: Load) -> None:
    """Every file with its id or its error, what waits for a person, the reports, and the pictures of the pages."""
    if is_by_hand():
        _show(load, UploadResultsPanel(load))
        return
    found = load.batch()
    if found is not None:
        still(results_view(load.wb, load.wb.uploads.with_pictures(found)))
    elif load.rehearsed is None:
        still(note("plain", "Nothing was uploaded yet."))


def outcome(load: Load) -> None:
    """Say how it went; without a person, fail the notebook where a file failed, or somebody has to decide."""
    if is_by_hand():
        _show(load, UploadOutcomePanel(load))
        return
    done = load.batch() if load.batch_id or load.rehearsed is None else load.rehearsed
    if done is None:
        still(note("plain", "Nothing was uploaded or rehearsed."))
        return
    tell_outcome(
        load.wb, "file", batches.outcome(done), total=len(done["items"]), failed=_failed(done), done=_done(done)
    )


def _failed(done: Mapping[str, Any]) -> list[str]:
    return [one["file_name"] for one in done["items"] if one["status"] in ("failed", "file_not_found")]


def _done(done: Mapping[str, Any]) -> str:
    return "Done: " + ", ".join(f"{number} {name}" for name, number in counts(done)) + "."


def inventory(wb: Workbench) -> None:
    """Every creative that the sheet or the ledger knows, a page at a time: slot, state, id, last upload."""
    if is_by_hand():
        display(InventoryPanel(wb))  # type: ignore[no-untyped-call]
    else:
        still(stock_table(wb).markup())


def _show(load: Load, panel: Panel) -> None:
    """Below the page whose strip the check drew."""
    panel.strip = load.faces[0].strip if load.faces else None
    load.faces.append(panel)
    display(panel)  # type: ignore[no-untyped-call]


# widgets ------------------------------------------------------------------------------------------------


class UploadPanel(SendPanel):
    def __init__(self, load: Load) -> None:
        self._load = load
        super().__init__(
            load.wb, "wb-upload", self._rehearsal, load.start_agreed,
            rehearse="Rehearse: open everything, attach nothing", send="Upload them…",
            sure="Yes, upload them", what=load.said, after=load.look_soon,
        )  # fmt: skip

    def _rehearsal(self) -> Html:
        done = self._load.rehearse()
        self._load.look_soon()
        return results_view(self._load.wb, done)


class BatchPanel(WorkPanel):
    def __init__(self, load: Load) -> None:
        self._load = load
        super().__init__(
            load.wb, "wb-batch", self._newest, self._stop,
            label="Uploading", nothing="This fills as soon as something is uploaded.",
            cancel="Cancel what is not attached yet", every=1.0,
        )  # fmt: skip

    def _newest(self) -> Look | None:
        done = self._load.seen()
        if done is None:
            return None
        percent, words, now = progress(done)
        is_over = batches.is_over(done)
        ended = ", ".join(f"{number} {name}" for name, number in counts(done) if number)
        said = [("Batch", done["batch_id"]), *counts(done), ("Waits", _waits(done, self._wb))]
        return Look(
            percent, words, now or (f"over: {ended}" if is_over else NOT_AT_WORK),
            tone="bad" if is_over and done["totals"]["failed"] else "good" if is_over else "moving",
            is_over=is_over, body=join([facts(said), self._others(done)]),
        )  # fmt: skip

    def _others(self, done: Mapping[str, Any]) -> Html:
        """What else is at work, by whomever it was ordered."""
        moving = [
            f"{one['batch_id']} ({one['moving']} of {one['files']} files to go)"
            for one in self._wb.uploads.batch_list()
            if one["moving"] and one["batch_id"] != done["batch_id"]
        ]
        return facts([("Also at work", ", ".join(moving))]) if moving else Html()

    def _stop(self) -> None:
        done = self._load.seen()
        if done is not None:
            self._wb.uploads.cancel(done["batch_id"])
            self._wb.working.start_worker()


def _waits(done: Mapping[str, Any], wb: Workbench) -> str:
    """Why the next file does not go at once: the pace of its account."""
    one = next((one for one in done["items"] if one["wait_reason"] and one["not_before"]), None)
    if one is None or batches.is_over(done):
        return ""
    return f"{one['wait_reason']}, until {one['not_before'].astimezone(wb.settings.zone):%Y-%m-%d %H:%M %Z}"


class UploadOutcomePanel(Panel):
    """One sentence that is true at every moment."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.said = LiveRegion()
        self.alert = Region()
        super().__init__([self.said, self.alert])
        self.add_class("wb-outcome-panel")
        self.watch(load.wb, self._look, every=1.0)

    def markup(self) -> str:
        return self.said.html

    def _look(self) -> None:
        done = self._load.seen()
        if done is None and self._load.rehearsed is not None:
            done = self._load.rehearsed
        said = _said(done)
        if said != self.said.html:
            self.said.html = said


def _said(done: Mapping[str, Any] | None) -> Html:
    if done is None:
        return note("plain", "Nothing was uploaded or rehearsed.")
    if done["depth"] == "rehearse":
        failed = _failed(done)
        stopped = without_commands(done.get("stopped"))
        if failed or stopped:
            return note("error", f"Rehearsed, nothing was uploaded; {len(failed)} would have failed. {stopped}")
        return note("plain", f"Rehearsed, nothing was uploaded. {_done(done)}")
    waiting = sum(batches.waits_for_somebody(one) for one in done["items"])
    over, total, _ = batches.how_far(done)
    if not batches.is_over(done):
        more = f" {_wait(waiting)} for you, see above." if waiting else ""
        return note("plain", f"At work: {over} of {total} files are over.{more}")
    if waiting:
        return note("error", f"{_done(done)} {_wait(waiting)} for you: see above what to do.")
    return note("plain", _done(done))


def _wait(number: int) -> str:
    return f"{number} wait{'s' if number == 1 else ''}"
