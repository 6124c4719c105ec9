"""The scripts and styles of our widgets, which lie in js/: each with what all of them share in front of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "js"


def script(name: str) -> str:
    return _read("common.js") + _read(f"{name}.js")


def style(name: str) -> str:
    return _read("common.css") + _read(f"{name}.css")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
