"""The buttons of the uploads notebook, and the batch as it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import ipywidgets

from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import handled, in_background
from workbench.panels.uploads import progress, progress_view, results_view
from workbench.panels.widgets import Bar, Panel, Region, button, show

if TYPE_CHECKING:
    from workbench.panels.uploads import Load

_EVERY: Final = 1.0  # seconds between looks at the ledger


class UploadPanel(Panel):
    """Rehearse as often as you like; uploading asks twice, as nobody can take it back."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._lock = threading.Lock()
        self.said = Region(live="polite")
        self.alert = Region()
        self.rehearse = button("Rehearse: open everything, attach nothing", "wb-upload-rehearse")
        self.upload = button("Upload them…", "wb-upload", style="primary")
        self.sure = button("Yes, upload them", "wb-upload-sure", style="danger")
        self.keep = button("No", "wb-upload-not")
        self.rehearse.on_click(lambda _: self._begin(self._rehearse))
        self.upload.on_click(lambda _: self._ask(is_asked=True))
        self.keep.on_click(lambda _: self._ask(is_asked=False))
        self.sure.on_click(lambda _: self._begin(self._upload))
        buttons = ipywidgets.HBox([self.rehearse, self.upload, self.sure, self.keep])
        super().__init__([buttons, self.said, self.alert])
        self.add_class("wb-upload-panel")
        self._ask(is_asked=False)

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _ask(self, *, is_asked: bool) -> None:
        show(self.upload, is_shown=not is_asked)
        show(self.sure, is_shown=is_asked)
        show(self.keep, is_shown=is_asked)

    def _begin(self, work: Callable[[], None]) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.rehearse.disabled:
                return
            self.rehearse.disabled = self.sure.disabled = True
        self._ask(is_asked=False)
        self.said.html, self.alert.html = esc("At work…"), ""
        in_background(lambda: self._run(work), "upload")

    def _run(self, work: Callable[[], None]) -> None:
        if not handled(work, self._show_error, self._load.wb.redactor):
            self.said.html = ""
        self.rehearse.disabled = self.sure.disabled = False

    def _rehearse(self) -> None:
        self.said.html = results_view(self._load.wb, self._load.rehearse())

    def _upload(self) -> None:
        batch_id = self._load.start()
        self._load.wb.start_worker()
        self.said.html = note("plain", f"Started: {batch_id}. It goes on when this page is closed.")

    def _show_error(self, error: Html) -> None:
        self.alert.html = error


class BatchPanel(Panel):
    """The newest batch of these files; everything in it comes from the ledger."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.bar = Bar(label="Uploading")
        self.body = Region(html=esc("This fills as soon as something is uploaded."))
        self.alert = Region()
        self.cancel = button("Cancel what is not attached yet", "wb-upload-cancel")
        self.cancel.on_click(lambda _: self._clicked())
        show(self.bar, is_shown=False)
        show(self.cancel, is_shown=False)
        super().__init__([self.bar, self.body, self.cancel, self.alert])
        self.add_class("wb-batch-panel")
        in_background(self._watch, "watch-uploading")

    def markup(self) -> str:
        return self.body.html

    def _watch(self) -> None:
        """Until this panel is closed: another batch may follow the one that is over."""
        while self.comm is not None:
            handled(self._look, self._show_error, self._load.wb.redactor)
            time.sleep(_EVERY)

    def _look(self) -> None:
        done = self._load.batch()
        if done is None:
            return
        percent, words, now = progress(done)
        is_over = not any(one["is_due"] or one["is_worked"] for one in done["items"])
        with self.bar.hold_sync():
            self.bar.percent, self.bar.text = percent, words
            self.bar.news = now or ("over" if is_over else "nothing is at work this moment")
            self.bar.tone = "bad" if is_over and done["totals"]["failed"] else "good" if is_over else "moving"
        show(self.bar, is_shown=True)
        show(self.cancel, is_shown=not is_over)
        # Without pictures: the cell below shows them, and this one is drawn every second.
        plain = [{**one, "screenshot": None} for one in done["items"]]
        self.body.html = join([progress_view(done), results_view(self._load.wb, {**done, "items": plain})])

    def _clicked(self) -> None:
        def cancel() -> None:
            done = self._load.batch()
            if done is not None:
                self._load.wb.cancel_upload(done["batch_id"])
                self._load.wb.start_worker()

        in_background(lambda: handled(cancel, self._show_error, self._load.wb.redactor), "cancel")

    def _show_error(self, error: Html) -> None:
        self.alert.html = error
