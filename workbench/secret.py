"""Secrets: a type that does not print itself, and redaction in every encoding we know to leak."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

MASK: Final = "***"
_BETWEEN: Final = dict.fromkeys(map(ord, " \t\r\n\v\f\"'`,+;|\\\u200b\ufeff"))  # what may lie between two pieces
_LEAST_APART: Final = 10  # a shorter one would be found across ordinary words
_SHORTEST: Final = 6  # a shorter "secret" would redact ordinary words


class Secret:
    """A value that is only ever shown as ``***``; `reveal` is called where it leaves for the wire."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __deepcopy__(self, memo: object) -> Secret:
        return self  # it cannot change, and settings that hold one may be copied

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: pass the name of its setting instead")


def encodings(value: str) -> set[str]:
    """The forms in which `value` turns up in logs, notebooks, reports and tracebacks."""
    raw = value.encode()
    forms = {value, html.escape(value), html.escape(value, quote=False), repr(value)[1:-1], repr(raw)[2:-1]}
    forms |= {quote(value), quote(value, safe=""), quote_plus(value), raw.hex(), raw.hex().upper()}
    forms |= {re.sub("%..", lambda octet: octet[0].lower(), form) for form in forms}
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        # A notebook is JSON that holds what a cell printed, which may be JSON itself.
        forms |= {text, text.replace("/", "\\/"), json.dumps(text, ensure_ascii=ascii_only)[1:-1]}
    for lead in range(3):
        # The same text has three base64 spellings, by its place in the encoded bytes; the first and
        # last characters depend on the neighbours and are left out.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * lead + raw).decode().rstrip("=")
            forms.add(text[(lead * 8 + 5) // 6 : -1])
    return {form for form in forms if len(form) >= _SHORTEST}


class Redactor:
    """Replaces every known secret, in every encoding, by ``***``."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._know({form for secret in secrets for form in encodings(secret.reveal().strip())})

    def _know(self, forms: set[str]) -> None:
        self._forms = forms
        self._pattern = _any_of(forms)
        apart = {form.translate(_BETWEEN) for form in forms}
        self._apart = _any_of(form for form in apart if len(form) >= _LEAST_APART)

    def also(self, secrets: Iterable[Secret]) -> Redactor:
        """One that knows these secrets too."""
        both = Redactor(secrets)
        both._know(both._forms | self._forms)
        return both

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def count(self, text: str) -> int:
        """How many occurrences of a secret `text` holds."""
        return len(self._pattern.findall(text)) if self._pattern else 0

    def is_in_bytes(self, data: bytes) -> bool:
        """Whether bytes that are no text hold a secret, in one byte a sign or in two."""
        if not self._pattern:
            return False
        wide = [data[first:].decode(code, "ignore") for first in (0, 1) for code in ("utf-16-le", "utf-16-be")]
        return any(map(self._pattern.search, [data.decode("latin-1"), data.decode("utf-8", "ignore"), *wide]))

    def spread(self, texts: Sequence[str]) -> dict[int, str]:
        """Which of these texts, said one after the other, hold pieces of a secret; each with its pieces masked.

        Between two pieces there may be white space, quotes, commas and plus signs.
        """
        if not self._apart:
            return {}
        plain = [text.translate(_BETWEEN) for text in texts]
        whole = "".join(plain)
        pieces: dict[int, list[tuple[int, int]]] = {}
        for match in self._apart.finditer(whole):
            first = 0
            for number, one in enumerate(plain):
                begin, end = max(match.start() - first, 0), min(match.end() - first, len(one))
                if begin < end:
                    pieces.setdefault(number, []).append((begin, end))
                first += len(one)
        return {number: _masked(texts[number], found) for number, found in pieces.items()}


def _any_of(forms: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _masked(text: str, pieces: list[tuple[int, int]]) -> str:
    """`pieces` are places among the signs that count; what stands between those of one piece goes too."""
    places = [place for place, sign in enumerate(text) if ord(sign) not in _BETWEEN]
    for begin, end in reversed(pieces):
        text = text[: places[begin]] + MASK + text[places[end - 1] + 1 :]
    return text
