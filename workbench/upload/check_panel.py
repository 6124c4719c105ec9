"""The form of an upload, and what becomes of each file: with its picture, and with what to do where it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workbench.panels.facts import facts
from workbench.panels.form import Field, Form
from workbench.panels.markup import Html, esc, join
from workbench.panels.paged import Column, PagedTable, among
from workbench.panels.widgets import LiveRegion, Panel, Region, show
from workbench.upload.load import Load
from workbench.upload.markup import LARGE, VERDICTS, gallery, looked_row, looked_view, refused_note
from workbench.upload.service import CHANNEL, UploadOrder
from workbench.upload.specs import SLOTS

_SMALL: Final = 120  # pixels of a picture beside its name
_TILES: Final = 24  # small pictures at once; the table names all files
_FOLDER, _TICKED = "folder", "ticked"  # further sources of the form
_SLOT_WORDS: Final = [("", "Where each file fits"), *((one, one.replace("_", " ")) for one in SLOTS)]


class UploadCheckPanel(Panel):
    """The form of an upload: which files, where they go, as whom. Below it what becomes of each, and what to do."""

    def __init__(self, load: Load) -> None:
        self._load, self._wb = load, load.wb
        self._rows: list[dict[str, Any]] = []
        self._items: dict[str, Mapping[str, Any]] = {}
        self._mark: tuple[Any, ...] = ()
        redact = self._wb.parts.redactor
        self.form = Form(self._fields(), actions=[("look", "Look at the files")], on_submit=self._look, redact=redact)
        self.ticks = PagedTable(
            "Files below the creatives' folder: tick those that are meant",
            [Column("file_name", "File"), Column("folder", "Folder"), Column("bytes", "Bytes", "number"),
             Column("changed_at", "Changed", "time")],
            among(self._wb.uploads.files_there), key="path", choose="many", sort="changed_at", descending=True, size=20,
            zone=self._wb.settings.zone, redact=redact,
            empty=f"No pictures or films are there yet. Put them below {self._root()} with the file browser.",
        )  # fmt: skip
        self.said = LiveRegion()
        self.table = PagedTable(
            "What would be uploaded",
            [Column("file_name", "File"), Column("what", "What it is"),
             Column("verdict", "What becomes of it", "badge"), Column("said", "Why"), Column("cure", "What to do")],
            among(lambda: self._rows), key="key", on_open=self._open, redact=redact,
            empty="No file is meant yet: choose above, then look at the files.",
        )  # fmt: skip
        self.detail = LiveRegion()
        self.tiles = Region()
        self.alert = Region()
        super().__init__([self.form, self.ticks, self.said, self.table, self.detail, self.tiles, self.alert])
        self.add_class("wb-check-panel")
        load.faces.insert(0, self)
        self.form.blank.observe(lambda _: self._show_ticks(), "typed")
        self._show_ticks()
        self._tick(load.ask)
        self.form.submit("look")
        self.watch(self._wb, self._follow, every=1.0)

    def markup(self) -> str:
        return join([self.form.markup(), Html(self.said.html), self.table.markup()])

    def _root(self) -> str:
        root, home = self._wb.settings.creatives, self._wb.settings.home
        return root.relative_to(home).as_posix() if root.is_relative_to(home) else str(root)

    def _fields(self) -> list[Field]:
        ask, folders = self._load.ask, self._wb.uploads.folders_there()
        sources = [
            ("", "The processor's last session, else the whole inventory"), ("session", "The processor's last session"),
            ("inventory", "The whole inventory"), (_FOLDER, "A folder"), (_TICKED, "Files that I tick"),
        ]  # fmt: skip
        source = _TICKED if ask.files else _FOLDER if ask.source in folders else ask.source
        if source not in {value for value, _ in sources}:
            sources.append((source, source))
        accounts = [
            (str(one["account_id"]), one["label"] if one["enabled"] else f"{one['label']} (stopped)")
            for one in self._wb.accounts.all(CHANNEL)
        ]
        return [
            Field("source", "Files", "choice", source, choices=sources),
            Field(
                "folder", "Folder", "choice", ask.source if source == _FOLDER else None,
                "Only where the files are those of a folder.", choices=["", *folders],
            ),
            Field("slot", "Slot", "choice", ask.slot or "", choices=_SLOT_WORDS),
            Field(
                "campaign", "Campaign", "text", ask.campaign, "Its number, noted beside every file; may stay empty.",
                lambda text: None if not text or text.isdecimal() else "A campaign is a number like 1234567890.",
            ),
            Field(
                "account", "Account", "choice", str(ask.account or (accounts[0][0] if len(accounts) == 1 else "")),
                check=lambda one: None if one or self._is_practice_without(accounts) else "Choose the account.",
                choices=accounts if len(accounts) == 1 else [("", _no_account(accounts)), *accounts],
            ),
        ]  # fmt: skip

    def _is_practice_without(self, accounts: Sequence[Any]) -> bool:
        return not accounts and self._wb.settings.mode == "practice"

    def _show_ticks(self) -> None:
        show(self.ticks, is_shown=self.form.values()["source"] == _TICKED)

    def _tick(self, ask: UploadOrder) -> None:
        """Files that the parameters name are ticked, as far as they are there."""
        if ask.files:
            wanted = {name.rsplit("/", 1)[-1] for name in ask.files}
            self.ticks.chosen = [one["path"] for one in self._wb.uploads.files_there() if one["file_name"] in wanted]

    def _order(self, values: Mapping[str, Any]) -> UploadOrder | None:
        source, files = values["source"], list[str]()
        if source == _TICKED:
            files, source = self.ticks.chosen, ""
            if not files:
                self.form.mistakes({"source": "Tick the files below that are meant, then look at them."})
                return None
        elif source == _FOLDER:
            source = values["folder"]
            if not source:
                self.form.mistakes({"folder": "Choose the folder whose files are meant."})
                return None
        account = int(values["account"]) if values["account"] else None
        return UploadOrder(
            source=source,
            files=files,
            slot=values["slot"] or None,
            campaign=values["campaign"] or None,
            account=account,
        )

    def _look(self, action: str, values: Mapping[str, Any]) -> None:
        order = self._order(values)
        if order is None:
            self.said.html = esc("")
            return
        self.said.html, self.detail.html, self.tiles.html = esc("Looking at the files…"), "", ""
        try:
            done = self._load.look_at(order)
        except BaseException:
            self.said.html = esc("")
            raise
        self._shown(done, is_new=True)
        # Of the first files, those that are refused before the others.
        seen = sorted(done["items"], key=lambda one: one["status"] != "failed")[:_TILES]
        self.tiles.html = gallery(seen, self._wb.uploads.small_pictures(seen, side=_SMALL))

    def _shown(self, done: Mapping[str, Any], *, is_new: bool = False) -> None:
        self._items = {looked_row(one)["key"]: one for one in done["items"]}
        self._rows = [looked_row(one) for one in done["items"]]
        if is_new:
            self.table.show()
        else:
            self.table.refresh()
        number = done["totals"]
        told = [("To upload", number["pending"]), ("Refused", number["failed"]), ("Left alone", number["skipped"])]
        self.said.html = join([facts(told), refused_note(done)])

    def _follow(self) -> None:
        """In the page's watcher: what was uploaded since is not said to be uploaded once more."""
        mark = self._wb.uploads.changed()
        before = self._load.planned
        if mark == self._mark or before is None or self.form.blank.is_busy:
            return
        self._mark = mark
        now = self._wb.uploads.as_it_is_now(before, self._load.ask) or self._wb.uploads.plan(self._load.ask)
        if now["items"] != before["items"] and self._load.follow(before, now):
            self._shown(now)

    def _open(self, key: str) -> None:
        one = self._items.get(key)
        if one is not None:
            png = self._wb.uploads.small_pictures([one], side=LARGE).get(one["file_name"])
            self.detail.html = looked_view(one, png, VERDICTS[one["status"]], side=LARGE)


def _no_account(accounts: Sequence[Any]) -> str:
    return "Choose one" if accounts else "None yet: one is made for practice, or added on Errors and accounts"
