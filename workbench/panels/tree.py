"""A tree by keyboard, tabs, and what takes a table away: the kernel decides what is in them, the browser draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from workbench.panels.assets import script, style
from workbench.panels.markup import BADGES, tone_of


class Tree(anywidget.AnyWidget):
    """Lines of a tree that are open to the eye (`line`), and the filter above them; `on_msg` hears of clicks.

    A message is {open: id}, {close: id}, {choose: id} or {find: text, only: bool}.
    """

    _esm = script("tree")
    _css = style("tree")
    label = traitlets.Unicode().tag(sync=True)
    filter_words = traitlets.Unicode().tag(sync=True)  # of the box beside the filter
    empty = traitlets.Unicode("Nothing is here.").tag(sync=True)
    lines: Any = traitlets.List().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)


def line(
    name: str, label: str, *, level: int, place: int, of: int, counts: str = "", word: str = "",
    is_open: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A line of a tree: the `place`-th of `of` beside each other; `is_open`: None where nothing is in it."""
    tone = tone_of(word)
    return {
        "id": name, "label": label, "level": level, "place": place, "of": of, "counts": counts, "word": word,
        "tone": tone, "mark": BADGES[tone][0], "open": is_open,
    }  # fmt: skip


class Tabs(anywidget.AnyWidget):
    """One of several, by click and arrow keys; whoever owns it shows what belongs to `chosen`."""

    _esm = script("tabs")
    _css = style("tabs")
    label = traitlets.Unicode().tag(sync=True)
    tabs: Any = traitlets.List().tag(sync=True)  # (name, words)
    chosen = traitlets.Unicode().tag(sync=True)


class Handout(anywidget.AnyWidget):
    """Buttons that take away what is shown: files that `on_take` writes, and texts for the clipboard."""

    _esm = script("handout")
    _css = style("handout")
    label = traitlets.Unicode("Take away").tag(sync=True)
    files: Any = traitlets.List().tag(sync=True)  # (name, words)
    copies: Any = traitlets.List().tag(sync=True)  # (name, words)
    texts = traitlets.Dict().tag(sync=True)  # name of a copy → its text
    path = traitlets.Unicode().tag(sync=True)  # of the file that was written last, below the home
    said = traitlets.Unicode().tag(sync=True)
    is_busy = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, files: Sequence[tuple[str, str]], copies: Sequence[tuple[str, str]], on_take: Callable[[str], None]
    ) -> None:
        self._on_take = on_take
        super().__init__(files=[list(one) for one in files], copies=[list(one) for one in copies])
        self.on_msg(self._heard)

    def _heard(self, widget: Any, content: Mapping[str, Any], buffers: Any) -> None:
        if "take" in content and not self.is_busy:
            self._on_take(str(content["take"]))
