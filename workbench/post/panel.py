"""Listings in a notebook: check, rehearse or post, watch, results. By hand and without a person.

By hand the calls draw a form and buttons, and a worker of its own does the work. Executed without a person
(panels/front_end.py) `post` goes as deep as `depth` says and leaves HTML that an offline report keeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
from IPython.display import display

from workbench.errors import BadInput
from workbench.panels.facts import facts
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import handled, in_background, show_while, still
from workbench.panels.sending import NOT_AT_WORK, Look, SendPanel, WorkPanel, check_depth
from workbench.panels.waiting import tell_outcome
from workbench.panels.widgets import Panel, Region, button
from workbench.parsing import as_names
from workbench.post import jobs
from workbench.post.listing import COLUMNS, TEXTS
from workbench.post.markup import Desk, plan_view, progress, progress_view, results_view

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_WIDE: Final = ipywidgets.Layout(width="640px")
_TONES: Final = {"completed": "good", "failed": "bad", "cancelled": "bad"}


def check(wb: Workbench, listings: str = "", *, accounts: str = "") -> Desk:
    """Check every listing offline; nothing is started. `listings`: a CSV below the home, empty: all that are known.

    `accounts`: ids or labels with commas between; only their listings, and those that name none.
    """
    desk = Desk(wb, listings, _accounts(wb, accounts))
    still(plan_view(desk))
    return desk


def _accounts(wb: Workbench, text: str) -> list[int]:
    names = as_names(text)
    known = {one["label"]: one["account_id"] for one in wb.accounts.all("marketplace")}
    known |= {str(number): number for number in known.values()}
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"there is no account {unknown[0]!r} for Marketplace; there are {', '.join(known) or 'none'}.")
    return [known[name] for name in names]


def form(wb: Workbench) -> None:
    """By hand: a form for one more listing. Without a person: nothing."""
    if is_by_hand():
        display(FormPanel(wb))  # type: ignore[no-untyped-call]


def post(desk: Desk, *, depth: str = "plan", wait_minutes: float = 60) -> None:
    """By hand: buttons that rehearse and post. Without a person: as deep as `depth` says, which is `plan` by itself.

    What is posted already, or on its way, is left alone, however often this runs.
    """
    check_depth(depth)
    if is_by_hand():
        display(PostPanel(desk))  # type: ignore[no-untyped-call]
    elif depth == "plan":
        still(note("plain", "Nothing was opened or sent, as depth is plan."))
    elif depth == "rehearse":
        still(results_view(desk.wb, desk.rehearse()))
    elif any(one["todo"] != "nothing" for one in desk.plan()):  # refused lines: the order says so
        job_id, limit = desk.start(), timedelta(minutes=wait_minutes)
        show_while(
            lambda watch: progress_view(desk.wb.postings.work_on(job_id, watch=watch, limit=limit)),
            lambda: progress_view(desk.wb.postings.job(job_id)),
        )
    else:
        still(note("plain", f"Nothing is left to post; job {desk.job_id} is shown below."))


def watch(desk: Desk) -> None:
    """By hand: the newest job of these listings as it goes, also after a restart of the kernel."""
    if is_by_hand():
        display(JobPanel(desk))  # type: ignore[no-untyped-call]


def results(desk: Desk) -> None:
    """Every listing with its address or its error, and the pictures of the pages."""
    job_id = desk.job_id
    if job_id is not None:
        still(results_view(desk.wb, desk.wb.postings.job(job_id)))
    elif desk.rehearsed is None:
        still(note("plain", "Nothing was posted yet."))


def outcome(desk: Desk) -> None:
    """Say how it went; without a person, fail the notebook where a listing failed, or somebody has to decide."""
    job_id = desk.job_id
    done = desk.rehearsed if job_id is None else desk.wb.postings.job(job_id)
    if done is None:
        still(note("plain", "Nothing was posted or rehearsed."))
        return
    failed = [one["title"] for one in done["items"] if one["status"] == "failed"]
    said = f"Done: {done['completed_posts']}"
    if done["job_id"] is None:
        said = f"Nothing was sent: rehearsed {done['rehearsed_posts']}"
    tell_outcome(
        desk.wb, "listing", jobs.outcome(done), total=done["total_posts"], failed=failed,
        done=f"{said} of {done['total_posts']} listings.",
    )  # fmt: skip


# widgets ------------------------------------------------------------------------------------------------


class FormPanel(Panel):
    """One more listing; checked like a line of a CSV, kept with a click, posted with the next job."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        text, area, choice = ipywidgets.Text, ipywidgets.Textarea, ipywidgets.Dropdown
        bounds = wb.parts.item_form
        accounts = [(one["label"], str(one["account_id"])) for one in wb.accounts.all("marketplace")]
        made: dict[str, Any] = {
            "title": text(description="Title", layout=_WIDE),
            "price": text(description="Price", layout=_WIDE, placeholder="whole units, no currency sign"),
            "category": choice(description="Category", options=_unchosen(one.name for one in bounds.categories)),
            "condition": choice(description="Condition", options=_unchosen(bounds.conditions)),
            "description": area(description="Description", layout=_WIDE),
            "location": text(description="Location", layout=_WIDE, placeholder="as the site suggests it"),
            "photos": text(description="Photos", layout=_WIDE, placeholder="a.jpg; b.jpg in data/inputs/photos"),
            "account": choice(description="Account", options=[("any", ""), *accounts]),
            "sku": text(description="SKU", layout=_WIDE),
            **{name: text(description=name.replace("_", " ").capitalize(), layout=_WIDE) for name in TEXTS},
        }
        self.fields = {name: made[name] for name in COLUMNS}
        self.said = Region(live="polite")
        self.keep = button("Keep this listing", "wb-listing-keep", style="primary")
        self.keep.on_click(lambda _: self._clicked())
        super().__init__([*self.fields.values(), self.keep, self.said])
        self.add_class("wb-listing-form")

    def markup(self) -> str:
        return self.said.html

    def _clicked(self) -> None:
        self.said.html = esc("Checking…")
        in_background(lambda: handled(self._keep, self._tell, self._wb.parts.redactor), "keep-listing")

    def _keep(self) -> None:
        """Photos are opened here, so never on the kernel's own thread."""
        listing_id = self._wb.postings.add_listing(**{name: one.value for name, one in self.fields.items()})
        self._tell(note("plain", f"Kept as listing {listing_id}. Run the check above again to see it."))

    def _tell(self, said: Html) -> None:
        self.said.html = said


def _unchosen(names: Iterable[str]) -> list[tuple[str, str]]:
    """Nothing is chosen until somebody does: a first entry would be kept unseen."""
    return [("choose one", ""), *((name, name) for name in names)]


class PostPanel(SendPanel):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        super().__init__(
            desk.wb, "wb-post", self._rehearsal, self._order,
            rehearse="Rehearse: fill in, send nothing", send="Post them…",
            sure="Yes, publish them", what=desk.said,
        )  # fmt: skip

    def _rehearsal(self) -> Html:
        return results_view(self._desk.wb, self._desk.rehearse())

    def _order(self) -> str:
        return f"job {self._desk.start()}"


class JobPanel(WorkPanel):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        super().__init__(
            desk.wb, "wb-job", self._newest, self._stop,
            label="Posting", nothing="This fills as soon as something is posted.",
            cancel="Cancel after the current listing", every=0.5,
        )  # fmt: skip

    def _newest(self) -> Look | None:
        job_id = self._desk.job_id
        if job_id is None:
            return None
        job = self._wb.postings.job(job_id)
        percent, words = progress(job)
        now, is_over = job["current_post_title"] or NOT_AT_WORK, job["status"] not in {"queued", "running"}
        # Without the pictures: twice a second they would be sent again.
        plain = [{**one, "screenshot": None} for one in job["items"]]
        return Look(
            percent, words, job["status"] if is_over else f"{job['status']}: {now}",
            tone=_TONES.get(job["status"], "moving"), is_over=is_over,
            body=join([facts([("Waits for", job["attention"])]), results_view(self._wb, {**job, "items": plain})]),
        )  # fmt: skip

    def _stop(self) -> None:
        if (job_id := self._desk.job_id) is not None:
            self._wb.postings.cancel(job_id)
