"""Secrets: a type that does not print itself, and redaction in every encoding we know to leak."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

MASK: Final = "***"
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
        forms = {form for secret in secrets for form in encodings(secret.reveal().strip())}
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def count(self, text: str) -> int:
        """How many occurrences of a secret `text` holds."""
        return len(self._pattern.findall(text)) if self._pattern else 0
