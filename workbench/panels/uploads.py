"""Creatives in a notebook: check, rehearse or upload, watch, results. By hand and without a person.

By hand the calls draw buttons, and a worker of its own does the work. Executed without a person
(WORKBENCH_HEADLESS_NOTEBOOK) `upload` goes as deep as `depth` says and leaves HTML that an offline report keeps.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from IPython.display import display

from workbench.errors import BadInput, NeedsPerson, Permanent, Unanswered
from workbench.panels.drawn import facts, mode_note
from workbench.panels.markup import Html, join, note, table, tag
from workbench.panels.page import Still, is_headless, still
from workbench.panels.postdrawn import pictures
from workbench.panels.recovery import raise_or_show, waiting

if TYPE_CHECKING:
    from workbench.app import Workbench

DEPTHS: Final = ("plan", "rehearse", "real")
_REDRAW_SECONDS: Final = 0.5
_ITEMS: Final = ("unique_id", "file_name", "slot", "status", "tj_creative_id", "review_status", "error_message")
_HEADS: Final = ("Id", "File", "Slot", "Status", "At TrafficJunky", "Review", "What was said")


class Load:
    """What is to be uploaded, and the batch that came of it: the object that a notebook's cells hand on."""

    def __init__(self, wb: Workbench, asked: Mapping[str, Any]) -> None:
        from workbench.app.uploading import Ask

        self.wb, self.ask = wb, Ask(**asked)
        self.rehearsed: dict[str, Any] | None = None
        self.batch_id: str | None = None

    def __repr__(self) -> str:
        return f"{len(self.plan()['items'])} files"

    def plan(self) -> dict[str, Any]:
        return self.wb.upload_plan(self.ask)

    def rehearse(self) -> dict[str, Any]:
        self.rehearsed = self.wb.rehearse_upload(self.ask)
        return self.rehearsed

    def start(self) -> str:
        self.batch_id = self.wb.start_upload(self.ask)
        return self.batch_id

    def batch(self) -> dict[str, Any] | None:
        """The batch of these files: ours, or the newest that any of them is in, whoever started it."""
        if self.batch_id is not None:
            return self.wb.upload_batch(self.batch_id)
        names = {one["file_name"] for one in self.plan()["items"]}
        found = self.wb.upload_batches()
        return next((one for one in found if names & {each["file_name"] for each in one["items"]}), None)


def check(wb: Workbench, source: str = "", *, files: str = "", campaign: str = "", account: int = 0) -> Load:
    """Check every file offline; nothing is started. `source`: session, inventory, a CSV or a folder.

    `files`: names with commas between, instead of a source. `account`: its id, where there are several.
    """
    names = tuple(name.strip() for name in files.split(",") if name.strip())
    load = Load(wb, {"source": source, "files": names, "campaign": campaign or None, "account": account or None})
    still(plan_view(wb, load.plan()))
    return load


def plan_view(wb: Workbench, done: Mapping[str, Any]) -> Html:
    rows = [
        (one["unique_id"], one["file_name"], one["slot"], one["status"], one["error_message"]) for one in done["items"]
    ]
    heads = ("Id", "File", "Slot", "Status", "What is said about it")
    parts = [mode_note(wb.settings.mode), table("What would be uploaded", heads, rows), facts(_counts(done))]
    if done["totals"]["failed"]:
        parts.append(
            note("error", f"{done['totals']['failed']} files would be refused; the others go on without them.")
        )
    return join(parts)


def _counts(done: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), number) for name, number in done["totals"].items()]


def upload(load: Load, *, depth: str = "plan", wait_minutes: float = 60) -> None:
    """By hand: buttons that rehearse and upload. Without a person: as deep as `depth` says, `plan` by itself.

    What is there already, or on its way, is left alone, however often this runs.
    """
    if depth not in DEPTHS:
        raise BadInput(f"depth is {depth!r}; give one of {', '.join(DEPTHS)}.")
    if not is_headless():
        from workbench.panels.uploadform import UploadPanel

        display(UploadPanel(load))  # type: ignore[no-untyped-call]
    elif depth == "plan":
        still(note("plain", "Nothing was opened or uploaded, as depth is plan."))
    elif depth == "rehearse":
        still(results_view(load.wb, load.rehearse()))
    else:
        _work_and_show(load, load.start(), timedelta(minutes=wait_minutes))


def _work_and_show(load: Load, batch_id: str, limit: timedelta) -> None:
    page, last = Still(), [0.0]

    def redraw() -> None:
        if time.monotonic() - last[0] >= _REDRAW_SECONDS:
            last[0] = time.monotonic()
            page.show(progress_view(load.wb.upload_batch(batch_id)))

    redraw()
    page.show(progress_view(load.wb.work_on_upload(batch_id, watch=redraw, limit=limit)))


def progress(done: Mapping[str, Any]) -> tuple[int, str, str]:
    """Percent, how many are over, and what is at work this moment."""
    items = done["items"]
    over = sum(not one["is_due"] and not one["is_worked"] for one in items)
    now = next((one["file_name"] for one in items if one["is_worked"]), "")
    return round(100 * over / len(items)) if items else 0, f"{over} of {len(items)} files", now


def progress_view(done: Mapping[str, Any]) -> Html:
    percent, words, now = progress(done)
    fill = tag("div", style=f"width: {percent}%; height: 12px; background-color: #1f6feb;")
    bar = tag(
        "div", fill, role="progressbar", aria_label="Uploading", aria_valuemin=0, aria_valuemax=100,
        aria_valuenow=percent, aria_valuetext=words,
        style="border: 1px solid #8888; border-radius: 7px; overflow: hidden; max-width: 860px;",
    )  # fmt: skip
    head = tag("div", tag("strong", "Uploading"), f": {words}", style="padding: 4px 0;")
    return join([head, bar, facts([("Batch", done["batch_id"]), ("Now", now), *_counts(done)])])


def watch(load: Load) -> None:
    """By hand: the newest batch of these files as it goes, also after a restart of the kernel."""
    if not is_headless():
        from workbench.panels.uploadform import BatchPanel

        display(BatchPanel(load))  # type: ignore[no-untyped-call]


def results(load: Load) -> None:
    """Every file with its id or its error, and the pictures of the pages."""
    found = load.batch()
    if found is not None:
        still(results_view(load.wb, found))
    elif load.rehearsed is None:
        still(note("plain", "Nothing was uploaded yet."))


def results_view(wb: Workbench, done: Mapping[str, Any]) -> Html:
    what = f"Batch {done['batch_id']}" if done["batch_id"] else "Rehearsed, nothing was uploaded"
    rows = [[one.get(name) for name in _ITEMS] for one in done["items"]]
    shown = {one["screenshot"]: {**one, "title": one["file_name"]} for one in done["items"] if one.get("screenshot")}
    files = [(name, done[name]) for name in ("status_csv", "report", "archive") if done[name]]
    return join([table(what, _HEADS, rows), facts([*_counts(done), *files]),
                 *pictures(wb.settings.data, list(shown.values()))])  # fmt: skip


def outcome(load: Load) -> None:
    """Say how it went; without a person, fail the notebook where a file failed, or somebody has to decide."""
    done = load.batch() if load.batch_id or load.rehearsed is None else load.rehearsed
    if done is None:
        still(note("plain", "Nothing was uploaded or rehearsed."))
        return
    failed = [one["file_name"] for one in done["items"] if one["status"] in ("failed", "file_not_found")]
    if any(one["attention"] in ("person", "review") for one in done["items"]):
        waiting(load.wb)
        raise_or_show(NeedsPerson("a person has to look at some of these files: workbench todo."))
    elif failed:
        raise_or_show(Permanent(f"{len(failed)} of {len(done['items'])} files failed: {', '.join(failed[:5])}."))
    elif done["batch_id"] and done["totals"]["pending"]:
        raise_or_show(Unanswered("not every file is over; the rest goes on with: workbench work"))
    else:
        still(note("plain", "Done: " + ", ".join(f"{number} {name}" for name, number in _counts(done)) + "."))
