"""How single fields of Marketplace's form are filled and read back, whatever they are made of."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as TooLate

from workbench.browser.account_page import AccountPage
from workbench.browser.page_text import APOSTROPHES, folded
from workbench.errors import Fault, Permanent, UiChanged

PATIENCE: Final = timedelta(seconds=10)
_PHOTOS_PATIENCE: Final = timedelta(seconds=90)
_CLICK_MS: Final = 3_000  # for a row of a list, which may be drawn anew just then
_TYPING_MS: Final = 40  # a key: suggestions are asked for while somebody types
_RESTED: Final = 1.0  # seconds without another suggestion: these are all
# The value of an input, or what stands in it; never what is only read to the blind.
_SAID: Final = "(one) => ('value' in one ? one.value : one.innerText) || ''"
_UNSEEN: Final = re.compile("[\u200b\u200e\u200f\u2060\ufeff]")  # pages hold menus open with them
_ROLES: Final = ("option", "menuitem", "menuitemradio")


def said(control: Locator, label: str = "") -> str:
    """What the control shows, without its own label."""
    text = str(control.evaluate(_SAID))
    lines = [line.strip() for line in (_UNSEEN.sub("", text) if label else text).splitlines() if line.strip()]
    if label and lines and folded(lines[0]).startswith(folded(label)):
        lines[0] = lines[0][len(label) :].strip()
    return "\n".join(line for line in lines if line)


def is_on(switch: Locator) -> bool:
    """A switch says it by aria-checked, by being a checked input, or by its name."""
    found = switch.evaluate(
        """(one) => one.getAttribute("aria-checked") ?? (one.type === "checkbox" ? String(one.checked)
           : {Enabled: "true", Disabled: "false"}[one.getAttribute("aria-label")])"""
    )
    if found not in {"true", "false"}:
        raise UiChanged("a switch of the form does not say whether it is on.", fault=Fault(kind="ui_changed"))
    return bool(found == "true")


def switch_to(switch: Locator, *, on: bool) -> None:
    """Read first: the site remembers the switch from the listing before."""
    if is_on(switch) != on:
        switch.click()


# choosing from a menu --------------------------------------------------------------------------------


def choose(visit: AccountPage, control: Locator, name: str, *, label: str, heading: str = "") -> None:
    """Choose `name` from the menu of a combobox; below `heading` where the menu is a hierarchy."""
    if folded(said(control, label)) == folded(name):
        return
    control.click()
    opened = [False]

    def picked() -> bool:
        option = _option(visit, name)
        if option is None and heading and not opened[0] and (above := _option(visit, heading)) is not None:
            opened[0] = True
            above.click()
        elif option is not None:
            return _clicked(option)
        return False

    if not visit.wait(picked, limit=PATIENCE):
        visit.check()
        offered = _offered(visit)
        if not offered:
            raise UiChanged(
                f"the menu of {label!r} did not open, or has no options that we know.", fault=Fault(kind="ui_changed")
            )
        raise refused(f"the form offers no {label.lower()} {name!r}; it offers {offered}.")
    if not visit.wait(lambda: folded(said(control, label)) == folded(name), limit=PATIENCE):
        raise refused(f"{label} was chosen as {name!r}, and the form shows {said(control, label)!r}.")


def _spelled(name: str) -> re.Pattern[str]:
    """The name and nothing more: "New" is part of much else."""
    parts = (re.escape(word) for word in name.replace("’", "'").split())
    text = r"\s+".join(parts).replace("'", APOSTROPHES).replace(r"\&", "(?:&|and)")
    return re.compile(rf"^\s*{text}\s*$", re.IGNORECASE)


def _option(visit: AccountPage, name: str) -> Locator | None:
    """The one row of the open menu with that name, whichever role rows have on this account."""
    pattern = _spelled(name)
    for role in _ROLES:
        if (found := _single(visit.page.get_by_role(role, name=pattern))) is not None:
            return found
    menus = visit.pack.many(visit.page, "menu")
    return _single(menus.get_by_role("button", name=pattern))


def _clicked(row: Locator) -> bool:
    """False where the row went before it could be clicked; whoever waits looks again."""
    try:
        row.click(timeout=_CLICK_MS)
    except TooLate:
        return False
    return True


def _single(rows: Locator) -> Locator | None:
    """Headings of a group carry an icon, and sometimes the same name as a row below them."""
    shown = rows.filter(visible=True)
    number = shown.count()
    if number > 1:
        shown = shown.filter(has_not=shown.page.locator("[aria-hidden=true]"))
        number = shown.count()
    return shown if number == 1 else None


def _offered(visit: AccountPage) -> str:
    page = visit.page
    roles = ", ".join(f"[role={role}]" for role in _ROLES)
    texts = page.locator(roles).filter(visible=True).all_inner_texts()
    texts += visit.pack.many(page, "menu").get_by_role("button").all_inner_texts()
    return ", ".join(repr(" ".join(one.split())[:60]) for one in texts[:12])


# the place -------------------------------------------------------------------------------------------


def place(visit: AccountPage, control: Locator, wanted: str) -> str:
    """Type the place slowly and choose the suggestion that is it; the text that was chosen.

    The same words are taken at once. Those that go on are taken only once no further suggestion comes, and only where
    a single one fits: towns share names, and the first suggestion is not the one that was meant.
    """
    control.click()
    control.fill("")
    control.press_sequentially(wanted, delay=_TYPING_MS)
    chosen: list[str] = []
    offered: list[str] = []
    since = time.monotonic()

    def picked() -> bool:
        nonlocal since
        rows = visit.pack.many(visit.page, "location_options")
        here = [_parted(one) for one in rows.all_inner_texts()]
        if here != offered:
            offered[:], since = here, time.monotonic()
        has_rested = time.monotonic() - since >= _RESTED
        number = _best(wanted, here)
        if number is None:
            return has_rested and _fitting(wanted, here) > 1
        is_same = _words(here[number]) == _words(wanted)
        if not (is_same or has_rested) or not _clicked(rows.nth(number)):
            return False
        chosen.append(here[number])
        return True

    if not visit.wait(picked, limit=PATIENCE) or not chosen:
        visit.check()
        told = "; ".join(offered[:8]) or "nothing"
        number = _fitting(wanted, offered)
        why = f"{number} places are called {wanted!r}" if number > 1 else f"the site knows no place {wanted!r}"
        raise refused(f"{why}; it offers: {told}. Write the location like one of them.")
    return chosen[0]


def _best(wanted: str, offered: list[str]) -> int | None:
    """The suggestion with the same words; or the only one that says more. Several that fit are no answer."""
    same = [n for n, one in enumerate(offered) if _words(one) == _words(wanted)]
    if same:
        return same[0] if len(same) == 1 else None
    near = [n for n, one in enumerate(offered) if _begins(wanted, one)]
    return near[0] if len(near) == 1 else None


def _fitting(wanted: str, offered: list[str]) -> int:
    return sum(_begins(wanted, one) for one in offered)


def _begins(wanted: str, one: str) -> bool:
    """Whether `one` says `wanted` and then something else: "New York, New York" does of "New York".

    Never half of a name: "New York Mills" is another town. An accent may be left out.
    """
    words, so_far = _unaccented(_words(wanted)), list[str]()
    for part in one.split(","):
        so_far += _unaccented(_words(part))
        if so_far == words:
            return True
    return False


def _parted(text: str) -> str:
    """A suggestion with its parts between commas, as one line: some stand below each other."""
    lines = (" ".join(line.split()).strip(" ,·") for line in re.split(r"[\n·]", text))
    return ", ".join(line for line in lines if line)


def _words(text: str) -> list[str]:
    return folded(unicodedata.normalize("NFC", text)).replace(",", " ").split()


def _unaccented(words: list[str]) -> list[str]:
    apart = (unicodedata.normalize("NFD", word) for word in words)
    return ["".join(sign for sign in word if not unicodedata.combining(sign)) for word in apart]


def is_same_place(wanted: str, chosen: str, shown: str) -> bool:
    """Whether the field still shows what was chosen, with more or fewer parts, but not fewer than were asked for."""
    here = _parted(shown)
    return (
        _words(here) in (_words(chosen), _words(wanted))
        or _begins(chosen, here)
        or (_begins(here, chosen) and _begins(wanted, here))
    )


# photos ----------------------------------------------------------------------------------------------


def attach(visit: AccountPage, control: Locator, paths: list[str]) -> None:
    """Attach all photos at once, and wait until each has a thumbnail of its own."""
    if photo_count(visit):
        raise refused("the form has photos of an earlier listing; discard that draft on the site by hand.")
    control.set_input_files(paths)
    arrived: Callable[[], bool] = lambda: photo_count(visit) >= len(paths)  # noqa: E731 - said once more below
    if not visit.wait(arrived, limit=_PHOTOS_PATIENCE):
        visit.check()
        raise refused(f"{photo_count(visit)} of {len(paths)} photos arrived at the form.")


def photo_count(visit: AccountPage) -> int:
    """By the controls that remove one; where an account has none, by the form's own words."""
    controls = visit.pack.many(visit.page, "photo_remove").filter(visible=True).count()
    if controls:
        return controls
    counter = visit.pack.maybe(visit.page, "photo_count")
    found = None if counter is None else re.search(r"(\d+)\s*/", counter.inner_text())
    return int(found[1]) if found else 0


def refused(message: str) -> Permanent:
    """The listing cannot be posted like that; nothing was sent."""
    return Permanent(f"{message} Nothing was published.", fault=Fault(kind="validation_error"))
