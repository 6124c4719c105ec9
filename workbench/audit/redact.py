"""Secrets out of every text of a notebook, and a still face for what only a live page could draw."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from workbench.audit.notebook import Notebook
from workbench.secret import Redactor

WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"
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
            return {self.text(key): self(item) for key, item in value.items()}
        return [self(item) for item in value] if isinstance(value, list | tuple) else value

    def is_needed(self, text: str) -> bool:
        return bool(self._redactor.count(text))

    def text(self, text: str) -> str:
        found = self._redactor.count(text)
        clean = self._redactor(text) if found else text
        # Colours cut a secret into pieces (a traceback), entities spell it otherwise (a table in HTML).
        if "\x1b" in clean and (hidden := self._redactor.count(plain := ANSI.sub("", clean))):
            clean, found = self._redactor(plain), found + hidden
        if "&" in clean and (hidden := self._redactor.count(html.unescape(clean))):
            clean, found = WITHHELD, found + hidden
        self.count += found
        return clean


def still_face(nb: Notebook) -> Notebook:
    """Drop a widget's live view where there is HTML: viewers prefer the view, and cannot draw it later."""
    for cell in nb["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop(WIDGET_VIEW, None)
    return nb
