"""Deliveries by hand: what came, how each was understood, its body, once more, and whether the address is reached."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.deliveries.service import SHOWN_BYTES
from workbench.errors import Permanent
from workbench.panels.exhibit import Exhibit
from workbench.panels.form import Field, Form
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, badge, esc, join, note, shown, tag
from workbench.panels.page import page, still
from workbench.panels.paged import Column, PagedTable, Query, Rows
from workbench.panels.widgets import LiveRegion, Panel, Region, button, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.workbench import Workbench

__all__ = ["board"]  # what the notebook calls

_COLUMNS: Final = (
    Column("received_at", "Came", "time"),
    Column("snapshot_id", "Snapshot", "mono"),
    Column("status", "Status", "badge"),
    Column("error_message", "What was said"),
    Column("bytes", "Bytes", "number"),
    Column("copies", "Times", "number"),
)
_SORTS: Final = frozenset({"received_at", "snapshot_id", "status", "bytes", "copies"})
# The team's words for a status, and how it is coloured.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "received": ("received", "moving"),
    "processed": ("processed", "good"),
    "duplicate": ("duplicate", "plain"),
    "test_webhook": ("test, on its way", "moving"),
    "test_processed": ("test", "plain"),
    "unmatched": ("unmatched", "waits"),
    "json_error": ("not readable", "bad"),
    "file_url_error": ("file address refused", "bad"),
    "processing_error": ("not processed", "bad"),
    "error": ("error", "bad"),
}
_OUTCOMES: Final = {"arrived": "It is reachable", "other_server": "Another server answers there"}


def board(wb: Workbench, *, status: str = "", check: bool = False) -> None:
    """Show what came, and the check of the address. Without a person the address is checked where `check` says so,
    and one that is not reached fails the notebook.
    """
    if is_by_hand():
        page(wb, lambda: DeliveriesPanel(wb, status), lambda: AddressPanel(wb))
        return
    page(wb, DeliveriesPanel(wb, status))
    if check:
        found = wb.deliveries.check_address()
        still(checked(found))
        if found["outcome"] != "arrived":
            raise Permanent(f"{found['url']} is not reached: {found['said']}")


class DeliveriesPanel(Panel):
    """The table with its counts; one that is opened stands below it."""

    def __init__(self, wb: Workbench, status: str = "") -> None:
        self._wb = wb
        self._lock = threading.Lock()
        self._seen: object = None
        self._choices: list[tuple[str, str]] = []
        self._open_id: int | None = None
        self._more: list[Html] = []  # what else is said of the one that is open, whenever it is drawn anew
        self.filters = Form(
            [Field("status", "Status", "choice", default=status, choices=_all([], status))],
            is_inline=True,
            redact=wb.parts.redactor,
        )
        self.filters.blank.observe(lambda _: self._filtered(), "typed")
        self.table = PagedTable(
            "What came", _COLUMNS, self._rows, key="delivery_id", on_open=self._open, sort="received_at",
            descending=True, empty="Nothing came yet.", zone=wb.settings.zone, redact=wb.parts.redactor,
        )  # fmt: skip
        self.words = LiveRegion()
        self.replay = button("Look at it once more", "wb-delivery-replay", style="primary")
        self.replay.on_click(lambda _: self._replayed())
        self.body = Exhibit()
        self.detail = ipywidgets.VBox([self.words, self.replay, self.body])
        show(self.detail, is_shown=False)
        self.alert = Region()
        super().__init__([self.filters, self.table, self.alert, self.detail])
        self.add_class("wb-deliveries-panel")
        if is_by_hand():
            self.watch(wb, self._look)

    def markup(self) -> str:
        return self.table.markup()

    # in threads -----------------------------------------------------------------------------------

    def _rows(self, asked: Query) -> Rows:
        rows, total = self._wb.deliveries.page(
            status=self.filters.values()["status"] or None,
            text=asked.text,
            sort=asked.sort if asked.sort in _SORTS else "delivery_id",
            descending=asked.descending if asked.sort else True,
            limit=asked.limit,
            offset=asked.offset,
        )
        return Rows([{**one, "status": _worded(one["status"])} for one in rows], total)

    def _filtered(self) -> None:
        self.table.show()

    def _look(self) -> None:
        mark = self._wb.deliveries.mark()
        if mark == self._seen:
            return
        if self._seen is not None:
            self.table.refresh()
        self._seen = mark
        counts = self._wb.deliveries.counts()
        found = [(name, f"{_worded(name)[0]} ({number})") for name, number in counts.items()]
        if found != self._choices:
            self._choices = found
            self.filters.choices("status", _all(found, self.filters.values()["status"]))
        if self._open_id is not None:
            self._draw(self._open_id)

    def _open(self, key: str) -> None:
        self._open_id, self._more = int(key), []
        body = self._wb.deliveries.body(self._open_id)
        said = f"The body as it came: the first {SHOWN_BYTES >> 10} KB of {body.whole:,} bytes"
        whole = said if body.is_cut else f"The body as it came, {body.whole:,} bytes"
        self.body.fold([(whole, body.text)])
        more = body.gone or body.damage
        if more:
            self._more.append(note("plain", f"Of its body: {more}."))
        self._draw(self._open_id)
        show(self.detail, is_shown=True)

    def _draw(self, delivery_id: int) -> None:
        self.words.html = join([words_of(self._wb.deliveries.one(delivery_id), self._wb.settings.zone), *self._more])

    # clicks ---------------------------------------------------------------------------------------

    def _replayed(self) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            delivery_id = self._open_id
            if delivery_id is None or self.replay.disabled:
                return
            self.replay.disabled = True

        def work() -> None:
            try:
                self._wb.deliveries.replay(delivery_id)
                self._wb.working.start_worker()
            finally:
                self.replay.disabled = False
                self._seen = None
                self.table.refresh()
            if delivery_id == self._open_id:
                self._more = [note("plain", "It was looked at once more, just now.")]
                self._draw(delivery_id)

        self.act(self._wb, work, "replay")


class AddressPanel(Panel):
    """Whether what Bright Data is told to call comes here."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        known = wb.deliveries.address()
        self.said = LiveRegion(
            html=esc(
                f"Bright Data is told to deliver to {known}."
                if known
                else "No address is set (WORKBENCH_WEBHOOK_URL): Bright Data delivers nothing here, and snapshots are "
                "asked for. You may try an address all the same."
            ),
        )
        self.form = Form(
            [Field("url", "Public address", default=known or "", hint="Like https://hooks.example.com", check=_given)],
            actions=[("check", "Send a test through it")], on_submit=lambda _, values: self._check(values["url"]),
            redact=wb.parts.redactor,
        )  # fmt: skip
        self.alert = Region()
        head = Region(html=tag("h3", "Is the address reachable?", style="margin: 12px 0 4px;"))
        super().__init__([head, self.said, self.form, self.alert])
        self.add_class("wb-address-panel")

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _check(self, url: str | None) -> None:
        self.said.html = esc("A test delivery is on its way…")
        try:
            found = self._wb.deliveries.check_address(url)
        except BaseException:
            self.said.html = esc("It was not tried.")
            raise
        self.said.html = checked(found)


def checked(found: Mapping[str, Any]) -> Html:
    """What came of a test delivery through a public address."""
    is_well = found["outcome"] == "arrived"
    outcome = _OUTCOMES.get(found["outcome"], f"It is not reached ({found['outcome'].replace('_', ' ')})")
    return note("plain" if is_well else "error", f"{found['url']}: {outcome}. {_sentence(found['said'])}")


def words_of(one: Mapping[str, Any], zone: Any) -> Html:
    """What is known of one delivery, beside its body."""
    word, tone = _worded(one["status"])
    named = "; ".join(f"{place}: {value}" for place, value in (one["named"] or {}).items())
    facts = [
        ("Snapshot", one["snapshot_id"]), ("Came", shown(_at(one["received_at"]), zone)),
        ("The same body came", f"{one['copies']} times" if one["copies"] > 1 else ""),
        ("Named in it", named), ("What was said", one["error_message"]), ("It looks like", one["hint"]),
        ("Waits for", "a person" if one["attention"] else ""),
    ]  # fmt: skip
    lines = [tag("li", tag("strong", f"{name}: "), value) for name, value in facts if value]
    return join(
        [
            tag("h3", f"Delivery {one['delivery_id']} ", badge(word, tone), style="margin: 8px 0 4px;"),
            tag("ul", join(lines), style="margin: 0 0 6px; padding-left: 18px; line-height: 1.45;"),
        ]
    )


def _worded(status: str) -> tuple[str, str]:
    return _WORDS.get(status, (status.replace("_", " "), "plain"))


def _all(found: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    is_there = not chosen or any(name == chosen for name, _ in found)
    return [("", "all"), *found, *([] if is_there else [(chosen, f"{_worded(chosen)[0]} (0)")])]


def _given(text: str) -> str | None:
    return None if text.startswith(("https://", "http://")) else "Give an address like https://hooks.example.com"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
