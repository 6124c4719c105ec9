"""Marketplace's item form, on one page or several, and the one click that publishes it.

Look at what is there, never assume it: every page is filled and read back before it is left. The fields are those of
`LISTING_FIELDS`; a plain text field needs nothing here but its selector in browser/packs/. What the site says to the
click is read from the network first, from the address second, from the page last.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Error, Locator
from playwright.sync_api import TimeoutError as TooSlow

from workbench.browser import fields
from workbench.browser.account_page import AccountPage
from workbench.browser.fields import refused
from workbench.browser.page_state import PageState
from workbench.browser.page_text import digits, folded
from workbench.browser.request_guard import RequestGuard
from workbench.errors import Fault, NeedsPerson, Transient, UiChanged
from workbench.post.model import LISTING_FIELDS
from workbench.post.selling_page import SELLING
from workbench.post.site_listings import listing_id_in

if TYPE_CHECKING:
    from workbench.post.tools import ItemContent

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
_NEEDED: Final = frozenset(one.name for one in LISTING_FIELDS if one.is_needed)
# They may stand under "More details".
_UNDER_MORE_DETAILS: Final = frozenset({"description", *(one.name for one in LISTING_FIELDS if not one.is_needed)})
_MENUS: Final = {"category": "Category", "condition": "Condition"}  # with their labels, which they show as well
# How the text of a field is compared with what the form shows of it; all others as lines.
_COMPARED: Final = {"price": digits, "category": folded, "condition": folded}
_MARKED: Final = "sku"  # bears our token; not every account is offered it, and a listing is known without it
_LAST_LOOK: Final = 1.0  # seconds that a page may still change after its call was lost
_STAYS: Final = 2.0  # seconds that an alert stands there without anything being sent
_LOOK_MS: Final = 40
_PAGE_EVERY: Final = 0.2  # seconds between looks at the whole page, which cost it more than the look at its calls
_NAMES: Final = frozenset({"listing_id", "listingid", "marketplace_listing_id"})
_FORM: Final = ("publish", "title", "next")  # the site may go back to the page of the field
_SILENT: Final = frozenset({PageState.OK, PageState.SHELL})
_UNDECIDED: Final = frozenset({PageState.OK, PageState.SHELL, PageState.UNKNOWN})
# Boxes about handing over; they may stand beside the groups where all is one page.
_HANDING_OVER: Final = frozenset({"public meetup", "door pickup", "door dropoff", "local pickup only", "shipping"})


class ItemForm:
    """One run through the form, from its first page to the button that ends it."""

    def __init__(self, visit: AccountPage, item: ItemContent) -> None:
        self._visit = visit
        self._item = item
        self._filled: set[str] = set()
        self._unfolded = False
        self._place = ""

    @property
    def has_sku(self) -> bool:
        """Whether our token stands in the listing."""
        return _MARKED in self._filled

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
        if unasked := self._item.texts.keys() - self._filled - {_MARKED}:
            raise refused(f"the form offers this account no field for {', '.join(sorted(unasked))}.")
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
            **{name: partial(self._fill_text, name) for name in self._item.texts},
            "category": self._fill_category,
            "condition": self._fill_condition,
            "location": self._fill_place,
            "hide_from_friends": lambda field: fields.switch_to(field, on=self._item.hide_from_friends),
        }
        for name, work in fill.items():
            if name in self._filled:
                continue
            if name in _UNDER_MORE_DETAILS:
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

    def _fill_text(self, name: str, field: Locator) -> None:
        field.fill(self._item.texts[name])

    def _fill_photos(self, field: Locator) -> None:
        """They are sent as they are attached: not before the page below can be used."""
        title = self._visit.pack.maybe(self._visit.page, "title")
        if title is not None:
            self._visit.refuse_cover(title)
        fields.attach(self._visit, field, [str(path) for path in self._item.photos])

    def _fill_category(self, field: Locator) -> None:
        item = self._item
        fields.choose(self._visit, field, item.texts["category"], label=_MENUS["category"], heading=item.heading)

    def _fill_condition(self, field: Locator) -> None:
        fields.choose(self._visit, field, self._item.texts["condition"], label=_MENUS["condition"])

    def _fill_place(self, field: Locator) -> None:
        self._place = fields.place(self._visit, field, self._item.texts["location"])

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
        for name, text in self._item.texts.items():
            field = self._shown(name)
            if field is None or name == "location":
                continue
            plain = _COMPARED.get(name, _lines)
            want, found = plain(text), plain(fields.said(field, _MENUS.get(name, "")))
            if found != want:
                yield f"{name} {found!r} instead of {want!r}"
        yield from self._other_differences()

    def _other_differences(self) -> Iterator[str]:
        item = self._item
        if self._shown("title") is not None and (count := fields.photo_count(self._visit)) != len(item.photos):
            yield f"{count} photos instead of {len(item.photos)}"
        field = self._shown("location")
        if field is not None and not fields.is_same_place(item.texts["location"], self._place, fields.said(field)):
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

    def click_once(self, button: Locator, known: frozenset[str], *, patience: timedelta) -> ClickAnswer | None:
        """Publish; None when the site does not say what became of it. `known`: ids that are of earlier listings."""
        return PublishClick(self._visit, patience=patience, title=self._item.texts["title"]).click_once(button, known)


def _lines(text: str) -> str:
    """As a text area gives it back, without blank lines, which `said` leaves out."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _changed(message: str) -> UiChanged:
    return UiChanged(message, fault=Fault(kind="ui_changed"))


# the click that publishes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class ClickAnswer:
    """How the site took the click."""

    was_taken: bool
    remote_id: str | None = None
    why: str = ""


class PublishClick:
    """Click by Playwright's own click, once, and wait for what the site says to it."""

    def __init__(self, visit: AccountPage, *, patience: timedelta, title: str) -> None:
        self._visit = visit
        self._patience = patience
        self._title = title
        self._alerts: frozenset[str] = frozenset()  # that stood there before the click
        self._was_wrong = False  # a field was marked before the click: the mark says nothing of it
        self._refused_since: float | None = None

    def click_once(self, button: Locator, known: frozenset[str]) -> ClickAnswer | None:
        """Click; None when the site does not say what became of it. `known`: ids that are of earlier listings."""
        before = self._visit.look()
        self._alerts = frozenset(before.facts.alerts)
        self._was_wrong = before.state is PageState.FIELD_ERROR
        with RequestGuard(self._visit) as sent:
            button.click(no_wait_after=True)
            return self._wait(sent, known)

    def _wait(self, sent: RequestGuard, known: frozenset[str]) -> ClickAnswer | None:
        end = time.monotonic() + self._patience.total_seconds()
        was_lost, looked_at = False, -_PAGE_EVERY
        while True:
            answer = _by_network(sent, known, self._title) or self._by_address(known)
            if answer is None and time.monotonic() - looked_at >= _PAGE_EVERY:
                answer, looked_at = self._by_page(sent), time.monotonic()
            if answer is not None:
                return answer
            if sent.is_lost and not was_lost:
                was_lost, end = True, min(end, time.monotonic() + _LAST_LOOK)
            if time.monotonic() > end:
                return None
            self._visit.page.wait_for_timeout(_LOOK_MS)

    def _by_address(self, known: frozenset[str]) -> ClickAnswer | None:
        address = urlsplit(self._visit.page.url).path
        remote_id = listing_id_in(address)
        if remote_id and remote_id not in known:
            return ClickAnswer(was_taken=True, remote_id=remote_id, why="the address of the listing")
        if address.startswith(SELLING):
            return ClickAnswer(was_taken=True, why="the site went on to Your listings")
        return None

    def _by_page(self, sent: RequestGuard) -> ClickAnswer | None:
        """A field that is marked as wrong while the form is still there is proof that nothing was published. So is
        an alert that the click brought, where nothing was sent, or every answer was a no.
        """
        try:
            verdict = self._visit.look()
        except (Error, Transient):  # between two pages
            return None
        fresh = [one for one in verdict.facts.alerts if one not in self._alerts]
        is_quiet = not sent.unrefused and not sent.is_lost
        is_alert = bool(fresh) and verdict.state in _SILENT and is_quiet
        if is_alert or (verdict.state is PageState.FIELD_ERROR and (is_quiet or not self._was_wrong)):
            is_form = any(self._visit.pack.maybe(self._visit.page, one) for one in _FORM)
            if is_form and (not is_alert or self._stays()):
                sent.stop()
                return ClickAnswer(was_taken=False, why="; ".join(verdict.facts.alerts) or verdict.why)
        else:
            self._refused_since = None
        if verdict.state not in _UNDECIDED:
            self._visit.check()  # raises what the page means
        return None

    def _stays(self) -> bool:
        """An alert may only tell that the page is at it."""
        self._refused_since = self._refused_since or time.monotonic()
        return time.monotonic() - self._refused_since >= _STAYS


def _by_network(sent: RequestGuard, known: frozenset[str], title: str) -> ClickAnswer | None:
    """Other calls of the page may be answered with other listings, and before the one that counts is sent."""
    waiting, sent.answers = sent.answers, []
    for one in waiting:
        remote_id = next((each for each in _ids(one.body) if each not in known), None)
        if one.is_good and remote_id and one.may_be_about(title):
            return ClickAnswer(was_taken=True, remote_id=remote_id, why="the site's answer to the click")
    return None


def _ids(value: Any, above: str = "") -> Iterator[str]:
    """Numbers that an answer names as a listing's."""
    if isinstance(value, dict):
        for key, one in value.items():
            name = str(key).casefold()
            is_named = name in _NAMES or (name == "id" and "listing" in above)
            if is_named and isinstance(one, str | int) and re.fullmatch(r"\d{3,30}", str(one)):
                yield str(one)
            yield from _ids(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one, above)
