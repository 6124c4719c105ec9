"""The notebooks that ship, in a home: copied where missing, offered where newer ones ship, never overwritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from workbench.errors import BadInput
from workbench.files import SHIPPED_NOTEBOOKS, make_folder, sha256_of, write_bytes, write_text

_KEPT: Final = ".shipped.json"  # beside them: which version of each was copied


def bring_notebooks(folder: Path, shipped: Path = SHIPPED_NOTEBOOKS) -> list[str]:
    """Copy the notebooks that are not in `folder` yet; their names. One that is there is its owner's."""
    if folder.resolve() == shipped.resolve():
        return []
    missing = [one for one in _shipped(shipped) if not (make_folder(folder) / one.name).exists()]
    for one in missing:
        _copy(one, folder)
    return [one.name for one in missing]


def offered_notebooks(folder: Path, shipped: Path = SHIPPED_NOTEBOOKS) -> list[str]:
    """Names of notebooks of which another version ships than the one that was copied, and the owner's is not it."""
    if folder.resolve() == shipped.resolve():
        return []
    known = _copied(folder)
    return [
        one.name
        for one in _shipped(shipped)
        if (folder / one.name).exists()
        and known.get(one.name) != (now := sha256_of(one))
        and sha256_of(folder / one.name) != now
    ]


def take_notebook(name: str, folder: Path, at: datetime, shipped: Path = SHIPPED_NOTEBOOKS) -> Path | None:
    """Bring the version of `name` that ships; where the owner's lies now, as it was."""
    new = shipped / f"{Path(name).stem}.ipynb"
    if new not in list(_shipped(shipped)) or folder.resolve() == shipped.resolve():
        known = ", ".join(one.stem for one in _shipped(shipped))
        raise BadInput(f"no notebook {name!r} ships with Workbench; there are {known}.")
    own, kept = make_folder(folder) / new.name, None
    if own.exists():
        kept = folder / f"{new.stem} until {at:%Y-%m-%d %H%M%S}.ipynb"
        os.replace(own, kept)
    _copy(new, folder)
    return kept


def _shipped(shipped: Path) -> Iterator[Path]:
    yield from sorted(shipped.glob("*.ipynb"))


def _copy(one: Path, folder: Path) -> None:
    write_bytes(folder / one.name, one.read_bytes())
    write_text(folder / _KEPT, json.dumps({**_copied(folder), one.name: sha256_of(one)}, indent=1))


def _copied(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / _KEPT).read_text())
    except (OSError, ValueError):  # never written, or by somebody else: then every difference is offered
        return {}
    return found if isinstance(found, dict) else {}
