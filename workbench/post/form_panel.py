"""The widgets of posting: a form for one listing, the buttons that rehearse and post, and a job as it goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.panels.facts import facts
from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import handled, in_background
from workbench.panels.sending import NOT_AT_WORK, Look, SendPanel, WorkPanel
from workbench.panels.widgets import Panel, Region, button
from workbench.post.drawn import progress, results_view
from workbench.post.listing import COLUMNS

if TYPE_CHECKING:
    from workbench.post.drawn import Desk
    from workbench.workbench import Workbench

_WIDE: Final = ipywidgets.Layout(width="640px")
_TONES: Final = {"completed": "good", "failed": "bad", "cancelled": "bad"}


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
