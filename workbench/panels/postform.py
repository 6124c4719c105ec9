"""The widgets of posting: a form for one listing, the buttons that rehearse and post, and a job as it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import handled, in_background
from workbench.panels.postdrawn import progress_view, results_view
from workbench.panels.widgets import Bar, Panel, Region, button, show
from workbench.post.known import known

if TYPE_CHECKING:
    from workbench.app import Workbench
    from workbench.panels.postdrawn import Desk

_EVERY: Final = 0.5  # seconds between looks at a job
_WIDE: Final = ipywidgets.Layout(width="640px")
_TONES: Final = {"completed": "good", "failed": "bad", "cancelled": "bad"}


class FormPanel(Panel):
    """One more listing; checked like a line of a CSV, kept with a click, posted with the next job."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        text, area, choice = ipywidgets.Text, ipywidgets.Textarea, ipywidgets.Dropdown
        bounds = known()
        accounts = [(one["label"], str(one["account_id"])) for one in wb.accounts("marketplace")]
        self.fields: dict[str, Any] = {
            "title": text(description="Title", layout=_WIDE),
            "price": text(description="Price", layout=_WIDE, placeholder="whole units, no currency sign"),
            "category": choice(description="Category", options=[one.name for one in bounds.categories]),
            "condition": choice(description="Condition", options=bounds.conditions),
            "description": area(description="Description", layout=_WIDE),
            "location": text(description="Location", layout=_WIDE, placeholder="as the site suggests it"),
            "photos": text(description="Photos", layout=_WIDE, placeholder="a.jpg; b.jpg in data/inputs/photos"),
            "account": choice(description="Account", options=[("any", ""), *accounts]),
            "sku": text(description="SKU", layout=_WIDE),
        }
        self.said = Region(live="polite")
        self.keep = button("Keep this listing", "wb-listing-keep", style="primary")
        self.keep.on_click(lambda _: self._clicked())
        super().__init__([*self.fields.values(), self.keep, self.said])
        self.add_class("wb-listing-form")

    def markup(self) -> str:
        return self.said.html

    def _clicked(self) -> None:
        self.said.html = esc("Checking…")
        in_background(lambda: handled(self._keep, self._tell, self._wb.redactor), "keep-listing")

    def _keep(self) -> None:
        """Photos are opened here, so never on the kernel's own thread."""
        listing_id = self._wb.add_listing(**{name: one.value for name, one in self.fields.items()})
        self._tell(note("plain", f"Kept as listing {listing_id}. Run the check above again to see it."))

    def _tell(self, said: Html) -> None:
        self.said.html = said


class PostPanel(Panel):
    """Rehearse as often as you like; posting asks twice, as nobody can take it back."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self.said = Region(live="polite")
        self.alert = Region()
        self.rehearse = button("Rehearse: fill in, send nothing", "wb-post-rehearse")
        self.post = button("Post them…", "wb-post", style="primary")
        self.sure = button("Yes, publish them", "wb-post-sure", style="danger")
        self.keep = button("No", "wb-post-not")
        self.rehearse.on_click(lambda _: self._begin(self._rehearse))
        self.post.on_click(lambda _: self._ask(is_asked=True))
        self.keep.on_click(lambda _: self._ask(is_asked=False))
        self.sure.on_click(lambda _: self._begin(self._post))
        super().__init__([ipywidgets.HBox([self.rehearse, self.post, self.sure, self.keep]), self.said, self.alert])
        self.add_class("wb-post-panel")
        self._ask(is_asked=False)

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _ask(self, *, is_asked: bool) -> None:
        show(self.post, is_shown=not is_asked)
        show(self.sure, is_shown=is_asked)
        show(self.keep, is_shown=is_asked)

    def _begin(self, work: Callable[[], None]) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.rehearse.disabled:
                return
            self.rehearse.disabled = True
        self._ask(is_asked=False)
        self.said.html, self.alert.html = esc("At work…"), ""
        in_background(lambda: self._run(work), "post")

    def _run(self, work: Callable[[], None]) -> None:
        if not handled(work, self._show_error, self._desk.wb.redactor):
            self.said.html = ""
        self.rehearse.disabled = False

    def _rehearse(self) -> None:
        self.said.html = results_view(self._desk.wb, self._desk.rehearse())

    def _post(self) -> None:
        job_id = self._desk.start()
        self._desk.wb.start_worker()
        self.said.html = note("plain", f"Started: job {job_id}. It goes on when this page is closed.")

    def _show_error(self, error: Html) -> None:
        self.alert.html = error


class JobPanel(Panel):
    """The newest job of these listings; everything in it comes from the ledger."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.bar = Bar(label="Posting")
        self.body = Region(html=esc("This fills as soon as something is posted."))
        self.alert = Region()
        self.cancel = button("Cancel after the current listing", "wb-post-cancel")
        self.cancel.on_click(lambda _: self._clicked())
        show(self.bar, is_shown=False)
        show(self.cancel, is_shown=False)
        super().__init__([self.bar, self.body, self.cancel, self.alert])
        self.add_class("wb-job-panel")
        in_background(self._watch, "watch-posting")

    def markup(self) -> str:
        return self.body.html

    def _watch(self) -> None:
        """Until this panel is closed: another job may follow the one that is over."""
        while self.comm is not None:
            handled(self._look, self._show_error, self._desk.wb.redactor)
            time.sleep(_EVERY)

    def _look(self) -> None:
        job_id = self._desk.job_id
        if job_id is None:
            return
        job = self._desk.wb.posting_job(job_id)
        over = job["completed_posts"] + job["failed_posts"]
        with self.bar.hold_sync():
            self.bar.percent = round(100 * over / job["total_posts"])
            self.bar.text = f"{over} of {job['total_posts']}"
            self.bar.news = f"{job['status']}: {job['current_post_title'] or 'nothing is at work this moment'}"
            self.bar.tone = _TONES.get(job["status"], "moving")
        show(self.bar, is_shown=True)
        show(self.cancel, is_shown=job["status"] in {"queued", "running"})
        self.body.html = join([progress_view(job), results_view(self._desk.wb, {**job, "items": _plain(job)})])

    def _clicked(self) -> None:
        def cancel() -> None:
            if (job_id := self._desk.job_id) is not None:
                self._desk.wb.cancel_posting(job_id)

        in_background(lambda: handled(cancel, self._show_error, self._desk.wb.redactor), "cancel-posting")

    def _show_error(self, error: Html) -> None:
        self.alert.html = error


def _plain(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Without the pictures: twice a second they would be sent again."""
    return [{**one, "screenshot": None} for one in job["items"]]
