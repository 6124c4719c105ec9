"""The buttons of the uploads notebook, and the batch as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.panels.markup import Html
from workbench.panels.sending import NOT_AT_WORK, Look, SendPanel, WorkPanel
from workbench.upload.panel import counts, progress, results_view

if TYPE_CHECKING:
    from workbench.upload.panel import Load


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
