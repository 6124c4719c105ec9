"""All listings with how they stand, the form in which one is written or edited, and files that bring more of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from workbench.panels.bring import Bring
from workbench.panels.form import Field, Form
from workbench.panels.markup import Html, esc, join, note, table
from workbench.panels.paged import Column, PagedTable, Query, Rows, among
from workbench.panels.pictures import pictures
from workbench.panels.strip import ModeStrip
from workbench.panels.widgets import LiveRegion, Panel, Region, button
from workbench.panels.words import without_commands
from workbench.post import jobs
from workbench.post.listing import TEXTS, photo_names
from workbench.post.markup import listing_row, photos_view
from workbench.post.service import PHOTOS

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_PHOTO: Final = 100  # pixels
_STATES: Final = ("not ordered", "pending", "posting", "posted", "failed")
_PANELS: Final[WeakKeyDictionary[Any, ListingsPanel]] = WeakKeyDictionary()  # the one of a page, by its workbench


def ticked(wb: Workbench) -> list[int]:
    """The listings that a person ticked on this page."""
    panel = _PANELS.get(wb)
    return [] if panel is None else [int(one) for one in panel.table.chosen]


def strip_of(wb: Workbench) -> ModeStrip | None:
    """The strip of the page that the listings stand on: what stands below looks only while it is seen."""
    panel = _PANELS.get(wb)
    return None if panel is None else panel.strip


def edit_on_page(wb: Workbench, listing_id: str) -> None:
    """Open a listing in the form of this page."""
    panel = _PANELS.get(wb)
    if panel is not None:
        panel.edit(listing_id)


class ListingsPanel(Panel):
    """Listings as they are known: ticked to be posted, opened to be edited."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._mark: tuple[Any, ...] = ()
        redact = wb.parts.redactor
        states = [("", "every state"), *((one, one) for one in _STATES)]
        self.filters = Form([Field("state", "State", "choice", "", choices=states)], redact=redact)
        self.table = PagedTable(
            "Listings: tick those to post, click one to edit it",
            [Column("title", "Title"), Column("price", "Price", "number"), Column("account", "Account"),
             Column("badge", "Status", "badge"), Column("at", "At the site", "link"),
             Column("said", "What was said"), Column("next", "What to do"), Column("changed_at", "Changed", "time")],
            self._fetch, key="listing_id", choose="many", on_open=self.edit, size=20, zone=wb.settings.zone,
            redact=redact, empty="No listings yet: write one below, or bring a file.",
        )  # fmt: skip
        self.cancel = button("Take the ticked ones out of the queue", "wb-listings-cancel")
        self.cancel.on_click(lambda _: self.act(wb, self._cancel))
        self.said = LiveRegion()
        self.editor = EditorPanel(wb, self._kept)
        self.importer = ImportPanel(wb, self._kept)
        self.alert = Region()
        super().__init__([self.filters, self.table, self.cancel, self.said, self.alert, self.editor, self.importer])
        self.add_class("wb-listings-panel")
        self.filters.blank.observe(lambda _: self.table.show(), "typed")
        _PANELS[wb] = self
        self.watch(wb, self._look, every=2.0)

    def markup(self) -> str:
        return self.table.markup()

    def edit(self, key: str) -> None:
        """Put a listing into the form below."""
        self.editor.take_up(int(key))

    def _fetch(self, query: Query) -> Rows:
        state = self.filters.values()["state"]
        rows = (listing_row(one) for one in self._wb.postings.listings() if _is_of(one, state))
        return among(lambda: rows)(query)

    def _look(self) -> None:
        mark = self._wb.postings.changed()
        if mark != self._mark:
            self._mark = mark
            self.table.refresh()

    def _kept(self, said: str = "") -> None:
        self.said.html = note("plain", said) if said else ""
        self.table.refresh()

    def _cancel(self) -> None:
        chosen = {int(one) for one in self.table.chosen}
        found = [one for one in self._wb.postings.listings(listing_ids=chosen) if jobs.can_be_cancelled(one)]
        number = self._wb.postings.cancel(listing_ids=[one["listing_id"] for one in found]) if found else 0
        waits = "" if number else " Of those that are ticked none waits in the queue."
        self._kept(f"{number} taken out of the queue.{waits}")


def _is_of(one: Mapping[str, Any], state: str) -> bool:
    return not state or state == ("not ordered" if one["state"] is None else one["status"])


class EditorPanel(Panel):
    """One listing, written or changed; every mistake is told beside its field, nothing is kept before all is well."""

    def __init__(self, wb: Workbench, kept: Callable[..., None]) -> None:
        self._wb, self._kept = wb, kept
        self.listing_id: int | None = None  # None: what is kept is a new one
        self.head = LiveRegion()
        self.form = Form(
            self._fields(), actions=[("keep", "Keep this listing"), ("new", "Begin another one")],
            on_submit=self._submitted, redact=wb.parts.redactor,
        )  # fmt: skip
        self.photos = Bring("Bring photos from this computer", ["image/*"], self._brought, redact=wb.parts.redactor)
        self.seen = Region()
        self.alert = Region()
        super().__init__([self.head, self.form, self.photos, self.seen, self.alert])
        self.add_class("wb-listing-form")
        self._clear()

    def markup(self) -> str:
        return join([Html(self.head.html), self.form.markup()])

    def _fields(self) -> list[Field]:
        bounds = self._wb.parts.item_form
        accounts = [(str(one["account_id"]), one["label"]) for one in self._wb.accounts.all("marketplace")]
        texts = {name: Field(name, name.replace("_", " ").capitalize()) for name in TEXTS}
        return [
            Field("title", "Title"),
            Field("price", "Price", hint="Whole units, no currency sign."),
            Field("category", "Category", "choice", "", choices=_unchosen(one.name for one in bounds.categories)),
            Field("condition", "Condition", "choice", "", choices=_unchosen(bounds.conditions)),
            Field("description", "Description", "lines"),
            Field("location", "Location", hint="As the site suggests it, like Springfield, Illinois."),
            Field("photos", "Photos", "lines", hint=f"One name a line, of files in {PHOTOS}."),
            Field("account", "Account", "choice", "", choices=[("", "any"), *accounts]),
            Field("sku", "SKU", hint="Your own number for it; may stay empty."),
            *texts.values(),
        ]

    def take_up(self, listing_id: int) -> None:
        """Show a listing; one that is on its way or at the site is the beginning of a new one."""
        found = self._wb.postings.listings(listing_ids=[listing_id])
        if not found:
            return
        one = found[0]
        can_edit = jobs.can_be_edited(one)
        self.listing_id = listing_id if can_edit else None
        cells = self._wb.postings.cells_of(listing_id)
        home = f"{self._wb.settings.home / PHOTOS}/"
        names = [name.removeprefix(home) for name in cells["photos"]]
        self.form.mistakes({})
        self.form.fill({**cells, "photos": "\n".join(names), "sku": cells["sku"] if can_edit else ""})
        word = "not ordered yet" if one["state"] is None else one["status"]
        said = (
            f"Listing {listing_id} is {word}: change it here, and keep it."
            if can_edit
            else f"Listing {listing_id} is {word}, so it stays as it is. What you keep here becomes a new listing."
        )
        error = without_commands(one["error_message"])
        shown = [{**one, "title": one["title"]}] if one["screenshot"] else []
        self.head.html = join([note("plain", said), note("error", f"What was said: {error}") if error else ""])
        photos = self._wb.postings.small_photos(listing_id, side=_PHOTO)
        self.seen.html = join([photos_view(photos), *pictures(self._wb.settings.data, shown)])

    def _clear(self) -> None:
        self.listing_id = None
        self.head.html = note("plain", "A new listing: fill it in, and keep it. Nothing is posted by that.")
        self.seen.html = ""

    def _submitted(self, action: str, values: Mapping[str, Any]) -> None:
        if action == "new":
            self.form.fill(dict.fromkeys(values, ""))
            self.form.mistakes({})
            self._clear()
            return
        cells = {**values, "photos": ";".join(photo_names(str(values["photos"]).replace("\n", ";")))}
        wrong = self._wb.postings.mistakes(cells)
        self.form.mistakes(wrong)
        if wrong:
            return
        is_new = self.listing_id is None
        self.listing_id = self._wb.postings.keep_listing(self.listing_id, cells)
        words = f"Kept as listing {self.listing_id}." if is_new else f"Listing {self.listing_id} is changed."
        self.head.html = note("plain", words, " Tick it above to post it.")
        self.seen.html = photos_view(self._wb.postings.small_photos(self.listing_id, side=_PHOTO))
        self._kept()

    def _brought(self, name: str, data: bytes) -> str:
        path = self._wb.postings.bring_file(name, data).removeprefix(f"{PHOTOS}/")
        before = str(self.form.values()["photos"]).split("\n")
        self.form.fill({"photos": "\n".join(dict.fromkeys([*filter(None, before), path]))})
        return f"{path} is there, and written into the form."


def _unchosen(names: Iterable[str]) -> list[tuple[str, str]]:
    """Nothing is chosen until somebody does: a first entry would be kept unseen."""
    return [("", "choose one"), *((name, name) for name in names)]


class ImportPanel(Panel):
    """Tables of listings: looked at whole, taken whole or not at all."""

    def __init__(self, wb: Workbench, kept: Callable[..., None]) -> None:
        self._wb, self._kept = wb, kept
        self.bring = Bring("Bring a listings.csv from this computer", [".csv"], self._brought, redact=wb.parts.redactor)
        self.form = Form(
            [Field("file", "File of listings", hint="Its path below the home, like data/inputs/listings.csv.")],
            actions=[("take", "Take its listings in")], on_submit=self._take, redact=wb.parts.redactor,
        )  # fmt: skip
        self.said = LiveRegion()
        self.alert = Region()
        head = Region(html=note("plain", "Listings of a file:"))
        super().__init__([head, self.bring, self.form, self.said, self.alert])
        self.add_class("wb-import-panel")

    def markup(self) -> str:
        return self.said.html

    def _brought(self, name: str, data: bytes) -> str:
        path = self._wb.postings.bring_file(name, data)
        self.form.fill({"file": path})
        self.form.submit("take")
        return f"{path} is there."

    def _take(self, action: str, values: Mapping[str, Any]) -> None:
        path = str(values["file"])
        if not path:
            self.form.mistakes({"file": "Write which file, or bring one."})
            return
        self.said.html = esc("Looking at every line…")
        try:
            bad = [one for one in self._wb.postings.check(path) if one.problem]
            if bad:
                self.said.html = refused_lines(path, bad)
                return
            done = self._wb.postings.import_listings(path)
        except BaseException:
            self.said.html = ""
            raise
        number = len(done.listing_ids)
        words = f"{path}: {number} listings, {done.added} new, {done.changed} changed."
        self.said.html = note("plain", words)
        self._kept(words)


def refused_lines(path: str, bad: Sequence[Any]) -> Html:
    """What keeps a file from being taken in, line by line."""
    rows = [(one.line, one.title, without_commands(one.problem)) for one in bad]
    lines = "1 line has" if len(rows) == 1 else f"{len(rows)} lines have"
    words = f"Nothing of {path} was taken in: {lines} to be mended first."
    return join([note("error", words, role="alert"), table("Lines to mend", ("Line", "Title", "What is wrong"), rows)])
