"""Every creative that the sheet or the ledger knows, a page at a time, with filters; a click shows one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.panels.facts import facts
from workbench.panels.form import Field, Form
from workbench.panels.markup import join, note, table
from workbench.panels.paged import Column, PagedTable, Query, Rows
from workbench.panels.widgets import LiveRegion, Panel, Region
from workbench.panels.words import without_commands
from workbench.upload.markup import LARGE, looked_view
from workbench.upload.model import UploadState
from workbench.upload.specs import SLOTS
from workbench.upload.stock import NOT_UPLOADED, UNDECIDED, StockQuery

if TYPE_CHECKING:
    from workbench.workbench import Workbench


def stock_table(wb: Workbench, **more: Any) -> PagedTable:
    labels = {
        "file_name": "File", "slot": "Slot", "native_pair_id": "Pair", "state": "State",
        "tj_creative_id": "At TrafficJunky", "review_status": "Review", "uploaded_at": "Last upload",
        "batch_id": "Batch",
    }  # fmt: skip
    kinds = {"native_pair_id": "mono", "tj_creative_id": "mono", "uploaded_at": "time",
             "state": "badge"}  # fmt: skip
    order = (
        "file_name",
        "state",
        "slot",
        "uploaded_at",
        "tj_creative_id",
        "review_status",
        "native_pair_id",
        "batch_id",
    )
    columns = [Column(name, labels[name], kinds.get(name, "text")) for name in order]  # type: ignore[arg-type]
    return PagedTable(
        "All creatives", columns, **{"fetch": lambda query: stock_page(wb, query), **more}, key="key",
        sort="uploaded_at", descending=True, zone=wb.settings.zone, redact=wb.parts.redactor,
        empty="No creative is known yet: the processor's inventory is empty, and nothing was uploaded.",
    )  # fmt: skip


def stock_page(wb: Workbench, query: Query, *, slot: str = "", state: str = "") -> Rows:
    asked = StockQuery(
        offset=query.offset, limit=query.limit, sort=query.sort or "file_name", descending=query.descending,
        text=query.text, slot=slot, state=state,
    )  # fmt: skip
    rows, total = wb.uploads.stock(asked)
    shown = [
        {**one, "slot": (one["slot"] or "").replace("_", " "), "state": _state_badge(one["state"])} for one in rows
    ]
    return Rows(shown, total)


def _state_badge(state: str) -> tuple[str, str]:
    found = UploadState.__members__.get(state.upper())
    if found is None:
        return state, "good" if state == "uploaded" else "plain"
    tone = "good" if found.info.is_good else "bad" if found.info.is_bad else "moving" if found.info.goes_on else "plain"
    return state.replace("_", " "), "waits" if found in (UploadState.UNSURE, UploadState.UNKNOWN_ID) else tone


class InventoryPanel(Panel):
    """All creatives with filters; a click shows one of them."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._mark: tuple[Any, ...] = ()
        states = [NOT_UPLOADED, *(str(one) for one in UploadState)]
        self.filters = Form(
            [
                Field("slot", "Slot", "choice", "", choices=[
                    ("", "every slot"), *((one, one.replace("_", " ")) for one in (*SLOTS, UNDECIDED))]),
                Field("state", "State", "choice", "", choices=[
                    ("", "every state"), *((one, one.replace("_", " ")) for one in states)]),
            ],
            redact=wb.parts.redactor,
        )  # fmt: skip
        self.table = stock_table(wb, fetch=self._fetch, on_open=self._open)
        self.detail = LiveRegion()
        self.alert = Region()
        super().__init__([self.filters, self.table, self.detail, self.alert])
        self.add_class("wb-inventory-panel")
        self.filters.blank.observe(lambda _: self.table.show(), "typed")
        self.watch(wb, self._look, every=2.0)

    def markup(self) -> str:
        return self.table.markup()

    def _fetch(self, query: Query) -> Rows:
        chosen = self.filters.values()
        return stock_page(self._wb, query, slot=chosen["slot"], state=chosen["state"])

    def _look(self) -> None:
        mark = self._wb.uploads.changed()
        if mark != self._mark:
            self._mark = mark
            self.table.refresh()

    def _open(self, key: str) -> None:
        one = self._wb.uploads.creative(key)
        png = self._wb.uploads.small_pictures([one], side=LARGE).get(one["file_name"])
        told = [("Id", one["unique_id"]), ("Pair", one["native_pair_id"]), ("At TrafficJunky", one["tj_creative_id"]),
                ("Review", one["review_status"]), ("In the archive", one.get("archive_path"))]  # fmt: skip
        uploads = [
            (each["uploaded_at"] or each["created_at"], each["batch_id"], each["account"], each["status"],
             each["tj_creative_id"], without_commands(each["error_message"]))
            for each in one["uploads"]
        ]  # fmt: skip
        heads = ("When", "Batch", "Account", "Status", "At TrafficJunky", "What was said")
        zone = self._wb.settings.zone
        past = table("Its uploads", heads, uploads, zone=zone) if uploads else note("plain", "It was never uploaded.")
        word = _state_badge(one["state"])
        self.detail.html = join([looked_view(one, png, word, side=LARGE), facts(told), past])
