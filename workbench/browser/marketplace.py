"""Marketplace's item form, on one page or several: what is there is looked at, never assumed.

Every page is filled and read back before it is left. `press.py` presses the last button, `selling.py` looks afterwards.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from playwright.sync_api import Error, Locator
from playwright.sync_api import TimeoutError as TooSlow

from workbench.browser import fields
from workbench.browser.fields import folded, refused
from workbench.browser.pagestate import PageState
from workbench.browser.visit import Visit
from workbench.errors import Fault, NeedsPerson, UiChanged

CREATE: Final = "/marketplace/create/item"

_MOST_PAGES: Final = 6
_PAGE_PATIENCE: Final = timedelta(seconds=15)
_DRAWING: Final = timedelta(seconds=10)
_DRAWN: Final = timedelta(seconds=0.5)  # in which a page brings no further control: it is drawn
# Whether that is so before `most` ms are over. Controls are what a person could use or has to wait for, not what
# they hold. The page is asked once, and looks at itself: ten questions a second cost more than the rest of the form.
_RESTS: Final = """(_, [quiet, most]) => new Promise((answer) => {
  const controls = () => [...document.querySelectorAll(
      'input, textarea, select, button, a, [role=button], [role=combobox], [role=checkbox], [role=switch], ' +
      '[role=option], [role=textbox], [role=progressbar]')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}))
    .map((one) => [one.tagName, one.getAttribute("role"), one.getAttribute("aria-label")].join(" ")).join("\\n");
  const began = performance.now();
  let seen = controls(), since = began;
  const timer = setInterval(() => {
    const here = controls(), at = performance.now();
    if (here !== seen) [seen, since] = [here, at];
    if (at - since >= quiet || at - began >= most) { clearInterval(timer); answer(at - since >= quiet); }
  }, 50);
})"""
_NEEDED: Final = frozenset({"title", "price", "category", "condition", "description", "location", "photos"})
# Boxes about handing over; they may stand beside the groups where all is one page.
_HANDING_OVER: Final = frozenset({"public meetup", "door pickup", "door dropoff", "local pickup only", "shipping"})


@dataclass(frozen=True, kw_only=True)
class ItemContent:
    """What the form is to say."""

    title: str
    price: int
    category: str
    heading: str  # above the category, where the menu is a hierarchy
    condition: str
    description: str
    location: str
    photos: tuple[Path, ...]
    sku: str
    hide_from_friends: bool = False
    groups: frozenset[str] = frozenset()


class ItemForm:
    """One run through the form, from its first page to the button that ends it."""

    def __init__(self, visit: Visit, item: ItemContent) -> None:
        self._visit = visit
        self._item = item
        self._filled: set[str] = set()
        self._unfolded = False
        self._place = ""

    @property
    def has_sku(self) -> bool:
        """Whether our token stands in the listing: not every account is offered the field."""
        return "sku" in self._filled

    def fill(self) -> None:
        """Fill all pages up to the last button, which is enabled then; nothing is sent."""
        self._visit.goto(CREATE, expect="item_form")
        for _ in range(_MOST_PAGES):
            self._fill_page()
            self._read_back()
            if self._button("publish") is not None:
                break
            self._go_on()
        else:
            raise _changed(f"the form has no end after {_MOST_PAGES} pages.")
        missing = _NEEDED - self._filled
        if missing and self._visit.wait(lambda: any(map(self._field, missing)), limit=_PAGE_PATIENCE):
            self._fill_page()
            self._read_back()
            missing = _NEEDED - self._filled
        if missing:
            raise _changed(f"the form asked for no {', '.join(sorted(missing))} on any page.")
        if self._item.groups and "groups" not in self._filled:
            raise refused("the form offers no groups to this account.")
        if self._item.hide_from_friends and "hide_from_friends" not in self._filled:
            raise refused("the form offers this account no way to hide the listing from friends.")

    # pages ----------------------------------------------------------------------------------------

    def _fill_page(self) -> None:
        """Some fields come late, and some only when others are filled."""
        before = -1
        while len(self._filled) > before:
            before = len(self._filled)
            self._wait_until_drawn()
            self._fill_fields()
        if "hide_from_friends" not in self._filled and self._visit.pack.maybe(
            self._visit.page, "hide_from_friends_words"
        ):
            raise _changed('the switch beside "Hide from friends" is not found, so it cannot be read.')

    def _wait_until_drawn(self) -> None:
        """A page may draw itself in pieces: the settings that the site remembers must not come behind our back."""
        page, pack = self._visit.page, self._visit.pack
        last = time.monotonic() + _DRAWING.total_seconds()

        def is_drawn() -> bool:
            most = max(0.0, last - time.monotonic()) * 1000
            with contextlib.suppress(Error):  # between two pages
                rests = page.locator("html").evaluate(
                    _RESTS, [_DRAWN.total_seconds() * 1000, most], timeout=_DRAWING.total_seconds() * 1000
                )
                return rests is True and pack.anything(page, "next", "publish").count() > 0
            return False

        self._visit.wait(is_drawn, limit=_DRAWING, every=timedelta(milliseconds=100))

    def _fill_fields(self) -> None:
        fill: dict[str, Callable[[Locator], None]] = {
            "photos": self._fill_photos,
            "title": lambda field: field.fill(self._item.title),
            "price": lambda field: field.fill(str(self._item.price)),
            "category": self._fill_category,
            "condition": self._fill_condition,
            "description": lambda field: field.fill(self._item.description),
            "sku": lambda field: field.fill(self._item.sku),
            "location": self._fill_place,
            "hide_from_friends": lambda field: fields.switch_to(field, on=self._item.hide_from_friends),
        }
        for name, work in fill.items():
            if name in self._filled:
                continue
            if name in {"description", "sku"}:
                self._unfold(name)
            field = self._field(name)
            if field is not None:
                work(field)
                self._filled.add(name)
        self._fill_groups()

    def _field(self, name: str) -> Locator | None:
        """The field if this page has it. The condition may come a moment after the category."""
        if name == "condition" and "category" in self._filled and "condition" not in self._filled:
            return self._visit.pack.one(self._visit.page, name)
        return self._visit.pack.maybe(self._visit.page, name)

    def _fill_photos(self, field: Locator) -> None:
        """They are sent as they are attached: not before the page below can be used."""
        title = self._visit.pack.maybe(self._visit.page, "title")
        if title is not None:
            self._visit.refuse_cover(title)
        fields.attach(self._visit, field, [str(path) for path in self._item.photos])

    def _fill_category(self, field: Locator) -> None:
        item = self._item
        fields.choose(self._visit, field, item.category, label="Category", heading=item.heading)

    def _fill_condition(self, field: Locator) -> None:
        fields.choose(self._visit, field, self._item.condition, label="Condition")

    def _fill_place(self, field: Locator) -> None:
        self._place = fields.place(self._visit, field, self._item.location)

    def _unfold(self, name: str) -> None:
        """Description and SKU may stand under "More details"."""
        pack, page = self._visit.pack, self._visit.page
        field = pack.maybe(page, name)
        more = pack.maybe(page, "more_details")
        if more is None or (field is not None and field.is_visible()):
            return
        # One that does not say whether it is open would be closed by a second click.
        said = more.get_attribute("aria-expanded")
        if said == "false" or (said is None and not self._unfolded):
            self._unfolded = True
            more.click()
            self._visit.wait(lambda: pack.maybe(page, name) is not None, limit=timedelta(seconds=1))

    def _fill_groups(self) -> None:
        """Exactly the chosen ones: the site remembers those of the listing before."""
        boxes = self._groups()
        for name, box in boxes.items():
            fields.switch_to(box, on=name in {folded(one) for one in self._item.groups})
        if boxes:
            self._filled.add("groups")
            unknown = [one for one in self._item.groups if folded(one) not in boxes]
            if unknown:
                raise refused(f"the form offers no group {unknown[0]!r}; it offers {', '.join(sorted(boxes))}.")

    def _groups(self) -> dict[str, Locator]:
        found: dict[str, Locator] = {}
        for box in self._visit.pack.many(self._visit.page, "groups").all():
            name = " ".join((box.get_attribute("aria-label") or box.inner_text()).split())
            if name and folded(name) not in _HANDING_OVER:
                found[folded(name)] = box
        return found

    def _go_on(self) -> None:
        """To the next page, which is another one: the button alone may be on each of them."""
        button = self._button("next")
        if button is None:
            self._visit.check()
            self._visit.pack.one(self._visit.page, "publish")  # says what is missing
            return
        before = self._shape()
        try:
            button.click(timeout=_PAGE_PATIENCE.total_seconds() * 1000)
        except TooSlow:
            self._refuse_field_errors()
            raise
        self._visit.wait(lambda: self._shape() != before or self._has_field_error(), limit=_PAGE_PATIENCE)
        self._refuse_field_errors()
        self._wait_until_drawn()
        if self._shape() == before:
            alerts = self._visit.check().facts.alerts
            if alerts:
                raise refused(f"the button Next did not lead to another page, and the form says: {'; '.join(alerts)}.")
            raise _changed("the button Next did not lead to another page.")
        self._refuse_field_errors()

    def _shape(self) -> tuple[bool, ...]:
        """What distinguishes the pages of the form."""
        pack, page = self._visit.pack, self._visit.page
        names = (*sorted(_NEEDED), "groups", "publish", "next")
        return tuple(pack.anything(page, name).filter(visible=True).count() > 0 for name in names)

    def _has_field_error(self) -> bool:
        return self._visit.look().state is PageState.FIELD_ERROR

    def _refuse_field_errors(self) -> None:
        """What stops the account is raised by the check itself."""
        verdict = self._visit.check()
        if verdict.state is PageState.FIELD_ERROR:
            raise refused(f"the form marks a field as wrong: {'; '.join(verdict.facts.alerts) or verdict.why}.")

    def _button(self, name: str) -> Locator | None:
        return self._visit.pack.maybe(self._visit.page, name)

    # reading back ---------------------------------------------------------------------------------

    def _read_back(self) -> None:
        """What this page shows of what was filled in; a difference stops before anything is sent."""
        wrong = list(self._differences())
        if wrong:
            raise refused(f"the form shows other than was filled in: {'; '.join(wrong)}.")

    def _differences(self) -> Iterator[str]:
        item = self._item
        wanted: dict[str, tuple[str, Callable[[Locator], str]]] = {
            "title": (item.title, fields.said),
            "price": (str(item.price), lambda field: fields.digits(fields.said(field))),
            "category": (folded(item.category), lambda field: folded(fields.said(field, "Category"))),
            "condition": (folded(item.condition), lambda field: folded(fields.said(field, "Condition"))),
            "description": (_lines(item.description), fields.said),
            "sku": (item.sku, fields.said),
        }
        for name, (want, read) in wanted.items():
            field = self._shown(name)
            if field is not None and (found := read(field)) != want:
                yield f"{name} {found!r} instead of {want!r}"
        yield from self._other_differences()

    def _other_differences(self) -> Iterator[str]:
        item = self._item
        if self._shown("title") is not None and (count := fields.photo_count(self._visit)) != len(item.photos):
            yield f"{count} photos instead of {len(item.photos)}"
        field = self._shown("location")
        if field is not None and not fields.is_same_place(item.location, self._place, fields.said(field)):
            yield f"location {fields.said(field)!r} instead of {self._place!r}"
        switch = self._shown("hide_from_friends")
        if switch is not None and fields.is_on(switch) != item.hide_from_friends:
            yield "hide from friends is " + ("off" if item.hide_from_friends else "on")
        chosen = {folded(one) for one in item.groups}
        if "groups" in self._filled:
            yield from (
                f"group {name!r}" for name, box in self._groups().items() if fields.is_on(box) != (name in chosen)
            )

    def _shown(self, name: str) -> Locator | None:
        """A field that was filled and is still on this page."""
        return self._visit.pack.maybe(self._visit.page, name) if name in self._filled else None

    # the last button ------------------------------------------------------------------------------

    def ready(self, name: str) -> Locator:
        """The button that ends the form, proved to take a click now; raises why it does not."""
        self._visit.check()
        self._fill_page()  # what came since the page was filled
        self._read_back()
        button = self._visit.pack.one(self._visit.page, name)
        try:
            button.click(trial=True, timeout=3000)
        except TooSlow as error:
            self._refuse_field_errors()
            self._visit.refuse_cover(button)
            raise NeedsPerson(
                f"the button that ends the form ({name}) stays disabled, and the page does not say why; nothing was "
                "sent. Look at the picture in the evidence.",
                fault=Fault(kind="unknown"),
            ) from error
        return button


def _lines(text: str) -> str:
    """As a text area gives it back, without blank lines, which `said` leaves out."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _changed(message: str) -> UiChanged:
    return UiChanged(message, fault=Fault(kind="ui_changed"))
