"""Files from a person's own machine into the home: chosen or dropped, sent piece by piece, kept by who asked for them.

A kernel takes messages of some megabytes only, so that ipywidgets' own FileUpload breaks the connection over a photo.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import anywidget
import traitlets

from workbench.errors import BadInput
from workbench.panels.assets import script, style
from workbench.panels.page import handled, in_background
from workbench.panels.widgets import Panel, Region

_MOST: Final = 200 << 20  # bytes of one file: it is held in memory until it is whole


class Doorway(anywidget.AnyWidget):
    """The control in the browser."""

    _esm = script("bring")
    _css = style("bring")
    label = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)


class Bring(Panel):
    """`on_file` gets the name and the bytes of each file, off the kernel's own thread, and says what it did."""

    def __init__(self, label: str, accept: Sequence[str], on_file: Callable[[str, bytes], str],
                 *, redact: Callable[[str], str] = str) -> None:  # fmt: skip
        self._on_file, self._redact = on_file, redact
        self._lock = threading.Lock()
        self._parts: dict[str, bytearray] = {}
        self.door = Doorway(label=label, accept=",".join(accept))
        self.alert = Region()
        super().__init__([self.door, self.alert])
        self.add_class("wb-bring-panel")
        self.door.on_msg(self._heard)

    def _heard(self, widget: Any, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        if "name" not in content:
            return
        key, name = str(content.get("key")), str(content["name"])
        with self._lock:
            data = self._parts.setdefault(key, bytearray())
            data += b"".join(bytes(one) for one in buffers)
            is_whole = bool(content.get("last")) or len(data) > _MOST
            if is_whole:
                self._parts.pop(key)
        self.door.send({"got": key, "ends": is_whole})
        if is_whole:
            self.alert.html = ""
            in_background(
                lambda: handled(lambda: self._take(name, bytes(data)), self._show_error, self._redact), "bring"
            )

    def _take(self, name: str, data: bytes) -> None:
        self.door.said = ""
        if len(data) > _MOST:
            raise BadInput(f"{name} has more than {_MOST >> 20} MB. Put it into its folder by hand; nothing was kept.")
        self.door.said = self._on_file(name, data)
