"""Files of the home as links: JupyterLab opens them beside the notebook, or the browser keeps a copy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.panels.assets import script, style
from workbench.panels.markup import Html, tag


class FileLinks(anywidget.AnyWidget):
    """A list of files. What does not lie below the home can be opened by nobody here: its path is told."""

    _esm = script("file_links")
    _css = style("file_links")
    caption = traitlets.Unicode().tag(sync=True)
    # [words, path below the home or "", name, is a folder]
    files: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, caption: str, home: Path, **more: Any) -> None:
        self._home = home
        super().__init__(caption=caption, **more)

    def show(self, files: Iterable[tuple[str, Path]]) -> None:
        """List these instead: (what it is, where it lies)."""
        told = [self._told(words, path) for words, path in files]
        if told != self.files:
            self.files = told

    def _told(self, words: str, path: Path) -> list[Any]:
        below = self._below(path)
        return [words, below, path.name if below else str(path), path.is_dir()]

    def _below(self, path: Path) -> str:
        return path.relative_to(self._home).as_posix() if path.is_relative_to(self._home) else ""

    def markup(self) -> Html:
        """Where no browser opens them: their paths, as the file browser beside the notebook shows them."""
        listed = [tag("li", tag("strong", words), ": ", below or name) for words, below, name, _ in self.files]
        return tag("div", tag("strong", self.caption), tag("ul", *listed)) if listed else Html()
