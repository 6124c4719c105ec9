"""Secrets out of every text of a notebook, and the scan that says whether one was left in a finished file.

Known secrets go in every spelling, also in pieces; what looks like a secret goes by its shape (lookalikes.py); what a
picture says besides its pixels goes always (pixels.py).
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.audit import lookalikes
from workbench.audit.lookalikes import Span
from workbench.audit.notebook import Notebook
from workbench.audit.pixels import BASE64, parts_of, stripped
from workbench.errors import BadInput
from workbench.secret import MASK, Redactor, Secret

WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"
PICTURE: Final = "[withheld: this picture held a secret]"
WITHHELD: Final = "[withheld: this text held a secret in a form that cannot be cut out]"
ANSI: Final = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_EMBEDDED: Final = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]+=*\s*")
_TAG: Final = re.compile(r"<[/!a-zA-Z][^<>]*>")
_LEAST: Final = 4  # a shorter value under the name of a secret is none
_MOST_PLACES: Final = 5  # that a refusal names


class Redaction:
    """Applies one redactor to whole structures and counts what it took out."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor  # it learns from fields for passwords
        self.count = 0

    def __call__(self, value: Any) -> Any:
        """A copy of `value` with every text, also keys, redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        return [self(item) for item in value] if isinstance(value, list | tuple) else value

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        is_notebook = isinstance(value.get("cells"), list)
        if is_notebook:
            self.redactor = self.redactor.also(_typed_passwords(value))
        clean: dict[Any, Any] = {}
        for key, item in value.items():
            if str(key).startswith("image/"):
                kept = self._picture(item)
                clean |= {"text/plain": PICTURE} if kept is None else {key: kept}
            elif isinstance(item, str) and self._is_secret_by_place(key, item, value):
                self.count += 1
                clean[self(key)] = MASK
            else:
                clean[self(key)] = self(item)
        return self._pieces_masked(clean) if is_notebook else clean

    @staticmethod
    def _is_secret_by_place(key: object, item: str, whole: Mapping[Any, Any]) -> bool:
        if key == "value" and _is_password_field(whole):
            return item not in {"", MASK}
        is_named = isinstance(key, str) and len(item) >= _LEAST and lookalikes.is_name_of_secret(key)
        return is_named and item != MASK

    # --- pictures

    def _picture(self, item: Any) -> Any:
        """A picture as a notebook spells it, pixels alone; None where a secret is in what is left. SVG is text."""
        spelt = "".join(item) if isinstance(item, list) else item
        return self._pixels(spelt) if isinstance(spelt, str) and _is_base64(spelt) else self(item)

    def _pixels(self, spelt: str) -> str | None:
        picture = _decoded(spelt)
        pure = stripped(picture)
        is_held = any(map(self.redactor.is_in_bytes, parts_of(picture)))
        self.count += is_held
        kept = spelt if pure == picture else base64.b64encode(pure).decode() + "\n" * spelt.endswith("\n")
        is_held = self.redactor.count(kept) > 0 or (is_held and any(map(self.redactor.is_in_bytes, parts_of(pure))))
        return None if is_held else kept

    def _embedded(self, match: re.Match[str]) -> str:
        """A picture within a page; one that cannot be shown becomes an empty one."""
        kept = self._pixels(match[1])
        return "data:," if kept is None else match[0].replace(match[1], kept)

    # --- texts

    def text(self, text: str) -> str:
        if text.startswith(BASE64) and _is_base64(text):
            return self._pixels(text) or PICTURE
        if "base64," in text:  # before a mask is put into the middle of a picture
            text = _EMBEDDED.sub(self._embedded, text)
        clean, found = self._masked(text)
        # Colours cut a secret into pieces (a traceback), entities and elements spell it otherwise (a table in HTML).
        if "\x1b" in clean:
            plain, hidden = self._masked(ANSI.sub("", clean))
            clean, found = (plain, found + hidden) if hidden else (clean, found)
        if ("&" in clean or "<" in clean) and (hidden := max(map(self.redactor.count, _spelt_in_markup(clean)))):
            clean, found = WITHHELD, found + hidden
        self.count += found
        return clean

    def _masked(self, text: str) -> tuple[str, int]:
        known = self.redactor.count(text)
        clean, alike = lookalikes.masked(self.redactor(text) if known else text)
        return clean, known + alike

    def is_needed(self, text: str) -> bool:
        return bool(self.redactor.count(text) or lookalikes.spans(text))

    # --- what was said in pieces

    def _pieces_masked(self, book: dict[str, Any]) -> dict[str, Any]:
        """A secret that was printed in pieces, by one cell or by several: each stream is read as one text."""
        cells = [cell.get("outputs") or () for cell in book["cells"] if isinstance(cell, dict)]
        outputs = list(itertools.chain.from_iterable(cells))
        for said in _streams(outputs):
            found = self.redactor.spread(_replaced(said))
            self._put(said, found)
        for within in cells:  # a header is known by the word before it, which the same cell has said
            for said in _streams(within):
                texts = _replaced(said)
                joined = "".join(texts)
                self._put(said, _cut(texts, lookalikes.spans(joined)) if len(texts) > 1 else {})
        for output in outputs:
            lines = output.get("traceback")
            if isinstance(lines, list) and lines and all(isinstance(line, str) for line in lines):
                plain = [ANSI.sub("", line) for line in lines]
                found = self.redactor.spread(plain)
                output["traceback"] = [found.get(n, line) for n, line in enumerate(lines)]
                self.count += bool(found)
        return book

    def _put(self, said: Sequence[dict[str, Any]], found: Mapping[int, str]) -> None:
        for number, text in found.items():
            said[number]["text"] = text
        self.count += bool(found)


def _streams(outputs: Sequence[Any]) -> Iterator[list[dict[str, Any]]]:
    """What was printed: to each stream, and in all."""
    for name in ("stdout", "stderr", ""):
        yield [one for one in outputs if one.get("output_type") == "stream" and name in ("", one.get("name"))]


def _replaced(said: Sequence[Mapping[str, Any]]) -> list[str]:
    """Their texts; without colours, where there are any. A text may be a list of lines."""
    texts = ["".join(one["text"]) for one in said]
    return [ANSI.sub("", text) for text in texts] if any("\x1b" in text for text in texts) else texts


def _cut(texts: Sequence[str], found: Sequence[Span]) -> dict[int, str]:
    """Which of these texts have a part of what was found in all of them together; each with its part masked."""
    cut: dict[int, str] = {}
    first = 0
    for number, text in enumerate(texts):
        last = first + len(text)
        for begin, end in reversed(found):  # from its end to its beginning, so that places stay what they are
            if begin < last and end > first:
                kept = cut.get(number, text)
                cut[number] = kept[: max(begin - first, 0)] + MASK + kept[max(end - first, 0) :]
        first = last
    return cut


def _spelt_in_markup(text: str) -> Iterator[str]:
    yield html.unescape(text)
    if "<" in text:
        yield html.unescape(_TAG.sub("", text))


def _is_password_field(widget: Mapping[Any, Any]) -> bool:
    return widget.get("_model_name") == "PasswordModel" or widget.get("_view_name") == "PasswordView"


def _typed_passwords(book: Mapping[str, Any]) -> list[Secret]:
    """What fields for passwords hold is a secret wherever else it stands."""
    kept = book.get("metadata", {}).get("widgets", {})
    models = [model for one in kept.values() if isinstance(one, Mapping) for model in (one.get("state") or {}).values()]
    states = [model.get("state") for model in models if isinstance(model, Mapping)]
    typed = [state.get("value") for state in states if isinstance(state, Mapping) and _is_password_field(state)]
    return [Secret(value) for value in typed if isinstance(value, str) and lookalikes.is_telling(value)]


def still_face(nb: Notebook) -> Notebook:
    """Drop a widget's live view where there is HTML: viewers prefer the view, and cannot draw it later."""
    for cell in nb["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop(WIDGET_VIEW, None)
    return nb


# --- the scan of what is finished


def refuse_leaks(files: Mapping[str, bytes], redactor: Redactor, kept_in: object) -> None:
    """Raise where a finished file still holds a known secret, before anything of it is sealed."""
    if places := leaks(files, redactor):
        more = f", and {len(places) - _MOST_PLACES} more places" if len(places) > _MOST_PLACES else ""
        raise BadInput(
            f"nothing was sealed, because a secret is still in {'; '.join(places[:_MOST_PLACES])}{more}. Change the "
            f"cell so that it does not print it, and run the notebook again; what this run left is in {kept_in}, "
            "which only its owner can read."
        )


def leaks(files: Mapping[str, bytes], redactor: Redactor) -> list[str]:
    """Where these files (notebooks, pages, JSON, text) hold a known secret in any spelling, in words."""
    found: list[str] = []
    for name, data in files.items():
        text = data.decode("utf-8", "replace")
        places = []
        if name.endswith((".ipynb", ".json")):
            value = json.loads(text)
            places = [f"{name}, {place}" for place in dict.fromkeys(_places(value, redactor))]
            places += [f"{name}, what was printed in pieces"] if any(map(redactor.spread, _printed(value))) else []
        found += places or [f"{name}, line {n}" for n in _lines(text, redactor)]
    return found


def _printed(value: Any) -> Iterator[list[str]]:
    cells = value.get("cells") if isinstance(value, dict) else None  # of a manifest, numbers
    outputs = [one for cell in (cells if isinstance(cells, list) else ()) for one in cell.get("outputs") or ()]
    yield from (_replaced(said) for said in _streams(outputs))


def _lines(text: str, redactor: Redactor) -> list[int]:
    if not _holds(text, redactor):
        return []
    return [n for n, line in enumerate(text.splitlines(), 1) if _holds(line, redactor)] or [1]


def _places(value: Any, redactor: Redactor, place: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if _holds(value, redactor):
            yield place or "its beginning"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(str(key), redactor, f"{place} {MASK}".strip())
            yield from _places(item, redactor, f"{place} {redactor(str(key))}".strip())
    elif isinstance(value, list):
        is_text = value and all(isinstance(item, str) for item in value)
        if is_text and _holds("".join(value), redactor):
            yield place
        for number, item in enumerate([] if is_text else value):
            yield from _places(item, redactor, f"{place.removesuffix('s')} {number + 1}")


def _holds(text: str, redactor: Redactor) -> bool:
    if redactor.count(text):
        return True
    if "\x1b" in text and redactor.count(ANSI.sub("", text)):
        return True
    if ("&" in text or "<" in text) and any(map(redactor.count, _spelt_in_markup(text))):
        return True
    pictures = [text] if text.startswith(BASE64) else [match[1] for match in _EMBEDDED.finditer(text)]
    return any(redactor.is_in_bytes(part) for one in pictures for part in parts_of(_decoded(one)))


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None


def _decoded(spelt: str) -> bytes:
    """As far as it goes: what was cut off in the middle still shows what it holds."""
    signs = "".join(spelt.split()).rstrip("=")
    return base64.b64decode(signs[: len(signs) - (len(signs) % 4 == 1)] + "==")
