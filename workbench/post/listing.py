"""listings.csv and forms → checked listings: every line looked at, nothing kept unless all of them can be posted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from workbench import files
from workbench.accounts.model import Account
from workbench.errors import BadInput
from workbench.post import photos
from workbench.post.known import Known, known
from workbench.post.model import LISTING_CONTENT, LISTING_FIELDS, NewListing, listing_identity
from workbench.post.photos import Album, Photo
from workbench.sheets import refuse_all

COLUMNS: Final = tuple(one.name for one in LISTING_FIELDS)
NEEDED: Final = tuple(one.name for one in LISTING_FIELDS if one.is_needed)
# Optional texts without a rule of their own: a new one of the table needs nothing here.
TEXTS: Final = tuple(one.name for one in LISTING_FIELDS if one.is_content and not one.is_needed and one.name != "sku")
CHANNEL: Final = "marketplace"
_LONGEST_SKU: Final = 40
_LONGEST_PLACE: Final = 100
_LONGEST_TEXT: Final = 100  # of an optional field
_LONGEST_PRICE: Final = 20  # signs
# They turn the order of what is read, so that a text is not what it seems.
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What to post, as the item form will take it."""

    title: str
    price: int  # whole units of the account's currency
    category: str
    condition: str
    description: str
    location: str
    photos: tuple[Photo, ...]
    account_id: int | None = None  # None: whoever is chosen for the job
    sku: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)  # those of TEXTS that say something

    def order(self) -> NewListing:
        """As the ledger keeps it."""
        words = {name: getattr(self, name) for name in LISTING_CONTENT if name not in TEXTS}
        content = {**words, **self.texts, "photos": [{"path": one.path, "sha256": one.sha256} for one in self.photos]}
        return NewListing(account_id=self.account_id, content=content, sha=listing_identity(content), sku=self.sku)


@dataclass(frozen=True)
class CheckedListing:
    """One line of a file or form: a listing, or why it is none."""

    line: int
    title: str
    listing: Listing | None = None
    problem: str = ""


@dataclass(frozen=True)
class Checks:
    """What the lines are checked against."""

    album: Album
    accounts: Sequence[Account]
    form: Known = field(default_factory=known)

    def account_id(self, text: str) -> int | None:
        """By id or label, of the accounts that post."""
        if not text:
            return None
        mine = [one for one in self.accounts if one.channel == CHANNEL and one.removed_at is None]
        number = text.removesuffix(".0")  # as programs write whole numbers of a column with empty cells
        found = [one for one in mine if one.label == text] or [one for one in mine if str(one.id) == number]
        if not found:
            listed = ", ".join(f"{one.id} ({one.label})" for one in mine) or "none yet"
            raise BadInput(
                f"there is no account {text!r} for Marketplace; there are: {listed}. workbench accounts add --channel "
                f"{CHANNEL} --label {text!r} adds it."
            )
        if len(found) > 1:
            raise BadInput(f"several accounts are called {text!r}; give the id of one of them.")
        return found[0].id


def read_csv(path: Path, checks: Checks) -> list[Listing]:
    """The listings of a CSV file; BadInput names the file and every line that cannot be posted."""
    return accepted(look(path, checks), place=str(path))


def look(path: Path, checks: Checks) -> list[CheckedListing]:
    """Every line with its finding; BadInput where the file itself cannot be read."""
    return check(files.read_csv(path, needed=NEEDED, known=COLUMNS), checks)


def accepted(checked: Sequence[CheckedListing], *, place: str) -> list[Listing]:
    bad = [f"{place}, line {one.line}: {one.problem}" for one in checked if one.problem]
    refuse_all(bad)
    if not checked:
        raise BadInput(f"{place} has no listings; give at least one line below the header.")
    return [one.listing for one in checked if one.listing]


def check(rows: Iterable[tuple[int, Mapping[str, Any]]], checks: Checks) -> list[CheckedListing]:
    """Checked lines from (line, cells); used for files, forms and code alike."""
    seen: dict[object, int] = {}
    found = []
    for line, row in rows:
        title = " ".join(str(row.get("title") or "").split())
        try:
            listing = typed(row, checks)
            _refuse_twice(listing, line, seen)
        except BadInput as error:
            found.append(CheckedListing(line, title, problem=error.message))
        else:
            found.append(CheckedListing(line, title, listing))
    return found


class Misfit(BadInput):
    """What one field says cannot be posted. `beside`: the same, where it stands beside its field."""

    def __init__(self, message: str, beside: str = "") -> None:
        super().__init__(message)
        self.beside = beside or message


def typed(row: Mapping[str, Any], checks: Checks) -> Listing:
    """One row as a listing; BadInput says which cell and the cure."""
    said, wrong = _read(row, checks)
    if wrong:
        raise next(iter(wrong.values()))
    return Listing(**said)


def mistakes(row: Mapping[str, Any], checks: Checks) -> dict[str, str]:
    """All that keeps a row from being posted: field → what is wrong there and the cure, as a form says it."""
    _, wrong = _read(row, checks)
    told = {name: error.beside if isinstance(error, Misfit) else error.message for name, error in wrong.items()}
    return {name: told[name][:1].upper() + told[name][1:] for name in COLUMNS if name in told}


def _read(row: Mapping[str, Any], checks: Checks) -> tuple[dict[str, Any], dict[str, BadInput]]:
    """The fields of a listing as far as they can be read, and of each other one what is wrong, gravest first."""
    wrong: dict[str, BadInput] = {}

    def tried(name: str, read: Callable[[], Any]) -> Any:
        if name not in wrong:
            try:
                return read()
            except BadInput as error:
                wrong[name] = error
        return None

    cells = {name: tried(name, partial(_cell, row, name)) for name in COLUMNS if name != "photos"}
    for name in NEEDED:
        tried(name, partial(_refuse_empty, name, row.get(name) if name == "photos" else cells[name]))
    bounds = checks.form
    said = {
        "title": tried("title", lambda: _title(cells["title"])),
        "price": tried("price", lambda: price(cells["price"])),
        "category": tried("category", lambda: bounds.category(cells["category"]).name),
        "condition": tried("condition", lambda: bounds.condition(cells["condition"])),
        "description": tried(
            "description", lambda: _text(cells["description"], "description", bounds.longest_description)
        ),
        "location": tried("location", lambda: _text(cells["location"], "location", _LONGEST_PLACE)),
        "photos": tried("photos", lambda: photos.check(photo_names(row["photos"]), checks.album)),
        "account_id": tried("account", lambda: checks.account_id(cells["account"])),
        "sku": tried("sku", lambda: _text(cells["sku"], "sku", _LONGEST_SKU) or None),
    }
    texts = {name: tried(name, partial(_text, cells[name], name, _LONGEST_TEXT)) for name in TEXTS if cells[name]}
    return {**said, "texts": texts}, wrong


def _refuse_empty(name: str, value: Any) -> None:
    if not value:
        raise Misfit(f"the cell {name!r} is empty.", "fill this in.")


def photo_names(given: Any) -> list[str]:
    """The names in a cell, or in a list of them."""
    names = given.split(";") if isinstance(given, str) else [str(one) for one in given]
    return [name.strip() for name in names if name.strip()]


def _cell(row: Mapping[str, Any], name: str) -> str:
    """Lines of a description stay; HTML is a text like any other."""
    value = row.get(name)
    text = "" if value is None else str(value)
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    allowed = "\n\t" if name == "description" else ""
    for sign in plain:
        if sign in allowed:
            continue
        if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} or sign in _BIDI:
            raise Misfit(
                f"the cell {name!r} holds the control character U+{ord(sign):04X}; remove it.",
                "there is an invisible sign in this text; type it anew instead of pasting it.",
            )
    return plain


def _title(text: str) -> str:
    """The form counts as browsers do: an emoji is two."""
    plain = " ".join(text.split())
    longest, length = known().longest_title, len(plain.encode("utf-16-le")) // 2
    if length > longest:
        raise BadInput(f"the title has {length} characters; at most {longest} fit. Shorten it.")
    return _text(plain, "title", longest)


def _text(text: str, name: str, longest: int) -> str:
    if len(text) > longest:
        said = f"has {len(text)} characters; at most {longest} fit. Shorten it."
        raise Misfit(f"the cell {name!r} {said}", f"this {said}")
    return text


_SPACES: Final = " \u00a0\u2009\u202f"
_GROUPED: Final = re.compile(
    rf"(?P<whole>0|[1-9][0-9]{{0,2}}(?:(?P<by>[,.'’{_SPACES}])[0-9]{{3}})(?:(?P=by)[0-9]{{3}})*"  # 1,200,000 · 1.200
    rf"|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}"  # 12,34,567
    rf"|[0-9]{{1,12}})(?:(?P<point>[.,])(?P<cents>[0-9]{{1,2}}))?"
)
_CURRENCY: Final = (
    r"(?:[A-Z]{1,2}?\$|[$€£¥₹₽₩₺₴]|\b(?:USD|EUR|GBP|CAD|AUD|NZD|CHF|INR|PLN|SEK|NOK|DKK|JPY|Rs\.?|kr\.?|zł)(?!\w))"
)
_SIGN: Final = re.compile(rf"^{_CURRENCY}[{_SPACES}]*|[{_SPACES}]*{_CURRENCY}$")


def price(text: str) -> int:
    """Whole units as people write them: 1200, 1,200, 1.200,00, 1 200, 1,20,000.

    The form drops the rest, so a price of cents would be another price: that is asked about, and so is a currency sign,
    for a listing is in the currency of its account. What is asked names the price that was written, or none.
    """
    highest = known().highest_price
    plain = text.strip(_SPACES)
    bare = _SIGN.sub("", plain, count=1)
    found = _amount(bare)
    if found is not None and bare == plain and not found[1] and found[0] <= highest:
        return found[0]
    cure = f"write whole units without a currency sign, 0 to {highest}"
    if found is not None and found[0] < highest:
        whole, cents = found
        cure += f": {whole} or {whole + 1}" if cents else f": {whole}"
    raise BadInput(f"the price is {text[:60]!r}; {cure}.")


def _amount(text: str) -> tuple[int, int] | None:
    """Whole units and cents; None where it cannot be one price alone."""
    found = _GROUPED.fullmatch(text)
    if found is None or len(found["whole"]) > _LONGEST_PRICE:
        return None
    is_grouped = not found["whole"].isdecimal()
    if found["point"] and is_grouped and (found["by"] or ",") == found["point"]:
        return None  # 1.200.00: which of them parts the cents?
    return int(re.sub(r"[^0-9]", "", found["whole"])), int((found["cents"] or "0").ljust(2, "0"))


def _refuse_twice(listing: Listing, line: int, seen: dict[object, int]) -> None:
    order = listing.order()
    keys: list[object] = [(order.account_id, order.sha)]
    if order.sku:
        keys.append((order.account_id, "sku", order.sku))
    for key in keys:
        if key in seen:
            what = "the same listing" if key is keys[0] else f"the same sku {order.sku!r} for the same account"
            raise BadInput(f"{what} as line {seen[key]}; remove one of them.")
    seen.update(dict.fromkeys(keys, line))
