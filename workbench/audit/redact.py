"""Secrets out of every text of a notebook, and a still face for what only a live page could draw."""

from __future__ import annotations

import base64
import html
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from workbench.audit.notebook import Notebook
from workbench.secret import Redactor

WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"
PICTURE: Final = "[withheld: this picture held a secret]"
_EMBEDDED: Final = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_LARGEST: Final = 64 << 20  # bytes that a part of a picture is unpacked to
WITHHELD: Final = "[withheld: this text held a secret in a form that cannot be cut out]"
ANSI: Final = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class Redaction:
    """Applies one redactor to whole structures and counts what it took out."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.count = 0

    def __call__(self, value: Any) -> Any:
        """A copy of `value` with every text, also keys, redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            held = {key for key, item in value.items() if str(key).startswith("image/") and self._is_held(item)}
            self.count += len(held)
            clean = {self.text(key): self(item) for key, item in value.items() if key not in held}
            clean |= {"text/plain": PICTURE} if held else {}
            return self._pieces_masked(clean) if isinstance(clean.get("cells"), list) else clean
        return [self(item) for item in value] if isinstance(value, list | tuple) else value

    def _is_held(self, item: Any) -> bool:
        """Whether a picture, as a notebook spells it, holds a secret; SVG is text."""
        spelt = "".join(item) if isinstance(item, list) else item
        if not isinstance(spelt, str) or "<" in spelt:
            return False
        try:
            return any(map(self._redactor.is_in_bytes, parts_of(base64.b64decode(spelt))))
        except ValueError:  # no base64, so a text like any other
            return False

    def _pieces_masked(self, book: dict[str, Any]) -> dict[str, Any]:
        """A secret that was printed in pieces, by one cell or by several: each stream is read as one text."""
        outputs = [one for cell in book["cells"] if isinstance(cell, dict) for one in cell.get("outputs") or ()]
        for name in ("stdout", "stderr", ""):
            said = [one for one in outputs if one.get("output_type") == "stream" and name in ("", one.get("name"))]
            texts = ["".join(one["text"]) for one in said]  # the text of a stream may be a list of lines
            if any("\x1b" in text for text in texts):
                texts = [ANSI.sub("", text) for text in texts]
            found = self._redactor.spread(texts)
            for number, text in found.items():
                said[number]["text"] = text
            self.count += bool(found)
        return book

    def is_needed(self, text: str) -> bool:
        return bool(self._redactor.count(text))

    def text(self, text: str) -> str:
        held = 0
        if "base64," in text:  # before a mask is put into the middle of a picture
            text, held = self._without_pictures(text)
        found = self._redactor.count(text)
        clean = self._redactor(text) if found else text
        # Colours cut a secret into pieces (a traceback), entities spell it otherwise (a table in HTML).
        if "\x1b" in clean and (hidden := self._redactor.count(plain := ANSI.sub("", clean))):
            clean, found = self._redactor(plain), found + hidden
        if "&" in clean and (hidden := self._redactor.count(html.unescape(clean))):
            clean, found = WITHHELD, found + hidden
        self.count += found + held
        return clean

    def _without_pictures(self, text: str) -> tuple[str, int]:
        """Pictures within the page: one that holds a secret becomes an empty one."""
        held = {match[0] for match in _EMBEDDED.finditer(text) if self._is_held(match[1])}
        for one in held:
            text = text.replace(one, "data:,")
        return text, len(held)


def parts_of(picture: bytes) -> Iterator[bytes]:
    """A picture as it is, and unpacked what a PNG keeps packed: texts and profiles."""
    yield picture
    if not picture.startswith(_PNG):
        return
    at = len(_PNG)
    while at + 8 <= len(picture):
        size, kind = int.from_bytes(picture[at : at + 4]), picture[at + 4 : at + 8]
        body = picture[at + 8 : at + 8 + size]
        at += size + 12
        if kind in (b"zTXt", b"iCCP"):  # a name, NUL, how it is packed
            yield _unpacked(body.partition(b"\0")[2][1:])
        elif kind == b"iTXt":  # a name, NUL, two flags, a language, NUL, the name in it, NUL
            yield _unpacked(body.partition(b"\0")[2][2:].partition(b"\0")[2].partition(b"\0")[2])


def _unpacked(body: bytes) -> bytes:
    """As far as it can be: half of what was packed may be told, and a part that is not packed is told as it is."""
    try:
        return zlib.decompressobj().decompress(body, _LARGEST)
    except zlib.error:
        return body


def still_face(nb: Notebook) -> Notebook:
    """Drop a widget's live view where there is HTML: viewers prefer the view, and cannot draw it later."""
    for cell in nb["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop(WIDGET_VIEW, None)
    return nb
