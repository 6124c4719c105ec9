"""What shows how it was: a picture that can be looked at more closely, and long texts, folded, to be copied."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from workbench.panels.assets import script, style

_LONGEST: Final = 64 << 10  # characters of a folded text


class Exhibit(anywidget.AnyWidget):
    """Either or both; everything in it is text to the browser, never markup."""

    _esm = script("exhibit")
    _css = style("exhibit")
    picture = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    folded: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def show_picture(self, path: Path | None, *, alt: str = "", caption: str = "") -> None:
        """Show a PNG of ours, or none."""
        encoded = "" if path is None else base64.b64encode(path.read_bytes()).decode()
        with self.hold_sync():
            self.picture = f"data:image/png;base64,{encoded}" if encoded else ""
            self.alt, self.caption = alt, caption

    def fold(self, parts: Sequence[tuple[str, str]]) -> None:
        """Texts by their headings; an empty one is left out, of a very long one the end is kept."""
        self.folded = [
            [label, text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"] for label, text in parts if text
        ]
