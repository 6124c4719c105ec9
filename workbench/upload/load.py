"""What is to be uploaded, and the batch that came of it: the object that a notebook's cells hand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.panels.page import Face
from workbench.panels.widgets import Panel
from workbench.upload.service import UploadOrder

if TYPE_CHECKING:
    from workbench.workbench import Workbench


class Load:
    """Files that are meant, as whom and where they go. Views ask it how the newest batch of them stands."""

    def __init__(self, wb: Workbench, asked: Mapping[str, Any]) -> None:
        self.wb, self.ask = wb, UploadOrder(**asked)
        self.rehearsed: dict[str, Any] | None = None
        self.batch_id: str | None = None
        self.faces: list[Face] = []  # that show something of it
        self._planned: dict[str, Any] | None = None
        self._agreed: dict[str, Any] | None = None
        self._found: tuple[tuple[Any, ...], str | None] | None = None

    def __repr__(self) -> str:
        return f"{len(self.plan()['items'])} files"

    def plan(self) -> dict[str, Any]:
        self._planned = self.wb.uploads.plan(self.ask)
        return self._planned

    def look_at(self, order: UploadOrder) -> dict[str, Any]:
        """Mean other files from now on; what would become of each."""
        self.ask, self.batch_id, self.rehearsed, self._found = order, None, None, None
        planned = self.plan()
        self._found = None  # whoever asked meanwhile asked about the files of before
        self.look_soon()
        return planned

    @property
    def planned(self) -> dict[str, Any] | None:
        """The newest plan; None while the files are looked at for the first time."""
        return self._planned

    def follow(self, before: dict[str, Any], now: dict[str, Any]) -> bool:
        """Put the plan as it is now in the place of `before`; False where another one came meanwhile."""
        if self._planned is not before:
            return False
        self._planned = now
        return True

    def look_soon(self) -> None:
        """Somebody has acted: all that shows something of it looks now."""
        for one in self.faces:
            if isinstance(one, Panel):
                one.look_soon()

    def said(self) -> str:
        """What a batch would upload by the newest plan, how many, and as whom; whoever agrees, agrees to that."""
        self._agreed = self._planned
        if self._agreed is None:
            return "nothing yet: the files are still being looked at. Say no, and ask again in a moment"
        return self.wb.uploads.words_of(self._agreed, self.ask)

    def rehearse(self) -> dict[str, Any]:
        self.rehearsed = self.wb.uploads.rehearse(self.ask)
        return self.rehearsed

    def start(self) -> str:
        self.batch_id = self.wb.uploads.start(self.ask)
        return self.batch_id

    def start_agreed(self) -> str:
        """Start what a person said yes to, and nothing else."""
        if self._agreed is None:
            raise BadInput("the files were still being looked at. Ask again; nothing was started.")
        self.batch_id = self.wb.uploads.start(self.ask, agreed=self._agreed)
        return self.batch_id

    def batch(self) -> dict[str, Any] | None:
        """The batch of these files: ours, or the newest that any of them is in, whoever started it."""
        if self.batch_id is not None:
            return self.wb.uploads.batch(self.batch_id)
        names = {one["file_name"] for one in (self._planned or self.plan())["items"]}
        found = self.wb.uploads.batch_of(names)
        return None if found is None else self.wb.uploads.batch(found)

    def seen(self) -> dict[str, Any] | None:
        """As `batch`, looked for again only when something changed: a page asks every second."""
        if self.batch_id is None and self._planned is not None:
            newest = tuple(one["batch_id"] for one in self.wb.uploads.batch_list(1))
            if self._found is None or self._found[0] != newest:
                found = self.batch()
                self._found = newest, None if found is None else str(found["batch_id"])
            return None if self._found[1] is None else self.wb.uploads.batch(self._found[1])
        return self.batch() if self.batch_id is not None else None
