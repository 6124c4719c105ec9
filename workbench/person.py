"""Whom to forget: how a person is spelt, wherever that stands, and a mask in its place."""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from workbench import addresses
from workbench.errors import BadInput

MASK: Final = "[forgotten]"
GONE: Final = "forgotten:"  # begins what stands in the place of an address
SHORTEST: Final = 3  # signs; a shorter name is part of too much else
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
# Of a line of JSON: a text, as a key or a value, or a number.
_TOKEN: Final = re.compile(rb'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*')
_FIELD: Final = re.compile(r"[a-z][A-Za-z_]*")  # how fields are called: not masked, whoever is called so too
# Writing that puts no space between words, where a name is found among others.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_LETTER: Final = rf"[^\W{_UNSPACED}]"
# A word of its own; also behind an escape of an address or of JSON, which ends in a letter.
_BEGINS: Final = rf"(?:(?<=%[0-9A-Fa-f]{{2}})|(?<=\\[nrtbf])|(?<!{_LETTER})(?<!{_LETTER}[.\-]))"
_ENDS: Final = rf"(?!{_LETTER})(?![.\-]{_LETTER})"
_ACCOUNTS: Final = frozenset({"", "in", "company", "school", "showcase", "channel", "c", "user"})  # before a name
_NAMES: Final = frozenset({"creator", "name", "label"})
_RUN: Final = re.compile(r"[a-z0-9_-]+")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


@dataclass(frozen=True)
class Person:
    """`names` as people write them; `accounts`: (platform, key of the address) of each page that is tracked.

    `others`: names and addresses of other people, which stay where this person's name is a part of them.
    """

    names: tuple[str, ...]
    urls: tuple[str, ...]
    accounts: frozenset[tuple[str, str]]
    others: tuple[str, ...] = ()

    @cached_property
    def handles(self) -> frozenset[tuple[str, str]]:
        """(platform, name of the account there), of those addresses that are accounts."""
        return frozenset((platform, name) for platform, key in self.accounts if (name := _handle(key)))

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """What is looked for in texts, the longest first."""
        found = {*self.names, *self.urls, *(name for _, name in self.handles)}
        known = {_undotted(name) for _, name in self.handles}
        for url in self.urls:
            bare = _bare(url)
            written = unquote(bare.partition("?")[0].rpartition("/")[2]).removeprefix("@")
            is_account = _undotted(written) in known
            # A name in the address is found by itself, whatever stands before it.
            found |= {bare, written} if is_account else {bare, f"www.{bare}"}
        return tuple(sorted((one for one in found if len(one) >= SHORTEST), key=lambda one: (-len(one), one)))

    def beside(self, others: Iterable[str | None]) -> Person:
        """The person, with those of `others` (names and addresses of other people) that have a name of theirs within.

        Who is called exactly so is masked too: nobody can tell which of them a text means.
        """
        mine = {_folded(one) for one in self.spellings}
        texts = {form for one in others if one for form in (one, _bare(one), one.rstrip("/"))}
        kept = {one for one in texts if _folded(one) not in mine and self.is_in(one)}
        return replace(self, others=tuple(sorted(kept, key=lambda one: (-len(one), one))))

    @property
    def too_short(self) -> tuple[str, ...]:
        """Names that are not looked for in texts."""
        return tuple(sorted(one for one in self.names if len(one) < SHORTEST))

    @cached_property
    def _words(self) -> re.Pattern[str]:
        mine, others = _any_of(self.spellings), _any_of(self.others)
        return re.compile(f"{_BEGINS}(?:(?P<other>{others})|{mine}){_ENDS}", re.IGNORECASE)

    @cached_property
    def _signs(self) -> re.Pattern[bytes]:
        """The same in bytes, JSON's escapes and HTML's too, without a look at what stands beside it."""
        forms = (form for one in self.spellings for form in dict.fromkeys(_composed(one)))
        return re.compile(b"|".join(map(_spelt, forms)) or rb"(?!)", re.IGNORECASE)

    @cached_property
    def _cores(self) -> tuple[bytes, ...]:
        """A part of each spelling that is written in one way alone; none where one has no such part."""
        found = [max(_RUN.findall(one.lower()), key=len, default="").encode() for one in self.spellings]
        return tuple(dict.fromkeys(found)) if all(found) else ()

    def is_in(self, text: str) -> bool:
        return any(found["other"] is None for found in self._words.finditer(text))

    def _without(self, text: str) -> str:
        small = text.lower()
        if self._cores and not any(core.decode() in small for core in self._cores):
            return text
        return self._words.sub(lambda found: MASK if found["other"] is None else found[0], text)

    def may_be_in(self, data: bytes) -> bool:
        """Whether the bytes have to be looked at more closely."""
        if self._cores:  # most bytes name nobody, and a search for a few letters is a hundred times as fast
            small = data.lower()
            if not any(core in small for core in self._cores):
                return False
        return bool(self._signs.search(data))

    def is_in_file(self, data: bytes) -> bool:
        """Whether a file names the person: as text, within HTML, JSON or an address. Pictures are not read."""
        if not self.may_be_in(data):
            return False
        text = data.decode("utf-8", "replace")
        return any(map(self.is_in, (text, html.unescape(text), unquote_plus(text), _unescaped(text))))

    def masked(self, value: Any) -> Any:
        """`value` with the mask in the place of the person, in every text and name within."""
        if isinstance(value, str):
            return self._without(value)
        if isinstance(value, Mapping):
            return {self._masked_key(key): self._masked_of(key, item) for key, item in value.items()}
        return [self.masked(item) for item in value] if isinstance(value, list | tuple) else value

    def _masked_key(self, key: Any) -> Any:
        return key if isinstance(key, str) and _FIELD.fullmatch(key) else self.masked(key)

    def _masked_of(self, key: Any, item: Any) -> Any:
        """A name that is too short for texts is known by the word before it."""
        return MASK if key in _NAMES and item in self.names else self.masked(item)

    def masked_line(self, line: bytes) -> bytes:
        """A line of JSON with the mask in its texts; every other byte as it was. Of no JSON: as text."""
        if not self.may_be_in(line):
            return line
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            return self.masked_text(_STRING.sub(lambda found: self._masked_string(found[0]), line))
        return _TOKEN.sub(self._masked_token, line)

    def masked_text(self, data: bytes) -> bytes:
        """Bytes of a text in UTF-8; what is none of it stays."""
        if not self.may_be_in(data):
            return data
        text = data.decode("utf-8", "surrogateescape")
        return self._without(text).encode("utf-8", "surrogateescape")

    def _masked_token(self, found: re.Match[bytes]) -> bytes:
        text, colon = found[1], found[2] or b""
        if text is None:  # a number, which may be that of an account
            return json.dumps(MASK).encode() if found[0].decode() in self.spellings else found[0]
        is_field = colon and _FIELD.fullmatch(text[1:-1].decode("utf-8", "replace"))
        return found[0] if is_field else self._masked_string(text) + colon

    def _masked_string(self, quoted: bytes) -> bytes:
        try:
            text = json.loads(quoted)
        except ValueError:
            return self.masked_text(quoted)
        clean = self._without(text)
        return quoted if clean == text else json.dumps(clean).encode()

    def owns(self, platform: str, row: Mapping[str, Any]) -> bool:
        """Whether a row that nobody has attributed says that it answers what was asked of the person."""
        asked = (row.get(place) for place in ("discovery_input", "input"))
        texts = (text for one in asked if isinstance(one, Mapping) for text in one.values() if isinstance(text, str))
        return any(self.is_account(platform, text) for text in texts)

    def is_account(self, platform: str, text: str) -> bool:
        """Whether a text as a whole is the address or the name of one of the accounts."""
        if (platform, addresses.handle(text)) in self.handles:
            return True
        return any((platform, key) in self.accounts for key in keys_of(platform, text))


def gone_address(ledger_id: str, platform: str, key: str) -> str:
    """What stands in the place of an address, so that the same is known again when it comes."""
    return f"{GONE}{digest_of(ledger_id, platform, key)}"


def digest_of(ledger_id: str, *parts: str) -> str:
    """What is kept of a name: the same for the same one in the same ledger, and no name."""
    return hashlib.sha256("\0".join((ledger_id, *(one.casefold() for one in parts))).encode()).hexdigest()[:32]


def keys_of(platform: str, text: str) -> set[str]:
    """The keys of what a text may be: an address, or the name of an account."""
    found = {addresses.key(platform, text)}
    with contextlib.suppress(BadInput):  # a name that could be several pages
        found.add(addresses.key(platform, addresses.of_handle(platform, text)))
    return found


def _handle(key: str) -> str:
    """Of a key as addresses spell it: `instagram tea.club`, `linkedin in/anna`, `tiktok @bob`, `facebook id 1234`.

    A group, a tag or a search is nobody: its word is everybody's.
    """
    _, _, page = key.partition(" ")
    kind, _, number = page.partition(" ")
    if number:
        return number if kind == "id" else ""
    before, _, name = page.rpartition("/")
    return name.removeprefix("@").casefold() if before in _ACCOUNTS and "?" not in name else ""


def _bare(url: str) -> str:
    return re.sub(r"(?i)^https?://(www\.)?", "", url).rstrip("/")


def _undotted(name: str) -> str:
    return name.casefold().replace(".", "")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _any_of(texts: Iterable[str]) -> str:
    """In whatever way texts, addresses and HTML write them; nothing where there are none."""
    forms = (form for one in texts for form in dict.fromkeys(_composed(one)))
    return "|".join(_spelt(form).decode() for form in forms) or r"(?!)"


def _unescaped(text: str) -> str:
    """JSON's escapes as what they stand for, also where JSON holds JSON."""
    plain = re.sub(r"\\+u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    joined = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub(r"\\+([/\"])", r"\1", joined)


def _composed(text: str) -> Iterator[str]:
    yield unicodedata.normalize("NFC", text)
    yield unicodedata.normalize("NFD", text)


def _spelt(text: str) -> bytes:
    return b"".join(_sign(one) for one in text)


def _sign(one: str) -> bytes:
    """One sign as texts, JSON, addresses and HTML write it, in either case."""
    if one.lower() in _PLAIN:
        return re.escape(one).encode()
    forms: set[bytes] = set()
    for each in {one, one.lower(), one.upper()}:
        octets, units = each.encode(), each.encode("utf-16-be").hex()
        escape = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        forms |= {re.escape(octets), re.escape(escape).encode(), re.escape("\\" + escape).encode()}
        forms.add("".join(f"%{octet:02X}" for octet in octets).encode())
    more: Iterable[bytes] = {"/": [rb"\\+/"], "&": [b"&amp;"], " ": [rb"\+"], "'": [b"&#x?[0-9a-f]+;"]}.get(one, ())
    return b"(?:" + b"|".join([*sorted(forms), *more]) + b")"
