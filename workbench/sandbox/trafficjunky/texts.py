"""The site's labels in each language."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.sandbox.site import read_texts

TEXTS: Final[dict[str, dict[str, str]]] = read_texts(Path(__file__).with_suffix(".toml"))
RENAMED: Final = TEXTS.pop("renamed")
