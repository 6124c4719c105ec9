"""A folder into the inventory, for people who have no processor: the same columns, what is there stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from workbench.errors import BadInput
from workbench.files import make_folder, write_text
from workbench.upload import inventory
from workbench.upload.gather import Candidate, from_folder
from workbench.upload.inventory import INVENTORY, SESSION
from workbench.upload.media_pool import probe_all
from workbench.upload.names import made_id, suffix
from workbench.upload.reports import as_csv

COLUMNS: Final = (
    "unique_id", "original_filename", "new_filename", "creator_name", "language", "category", "content_type",
    "creative_type", "duration_seconds", "aspect_ratio", "width_px", "height_px", "file_size_mb", "file_format",
    "date_processed", "source_path", "notes", "native_pair_id", "file_path",
)  # fmt: skip
_MB: Final = 1_000_000


def scan(root: Path, folder: str, *, on: date, only: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Enter what the inventory does not know yet; the session inventory then holds exactly that.

    `only`: the names of the files that are meant; all of the folder without.
    """
    if not (root / (folder or ".")).is_dir():
        raise BadInput(f"there is no folder {folder or '.'} below {root}; put creatives there, or name another one.")
    target = root / INVENTORY
    known = inventory.read(target) if target.is_file() else []
    names, keys = {row.name for row in known}, {row.key for row in known}
    found = (one for one in from_folder(root, folder) if only is None or one.name in only)
    candidates = [one for one in found if one.name not in names]
    probed = probe_all(root, [one.path for one in candidates if one.path])
    rows = [_row(one, probed[str(one.path)], on) for one in candidates]
    fresh = [row for row in rows if (row["unique_id"], _part(row)) not in keys]
    make_folder(target.parent)
    if not target.is_file():
        write_text(target, as_csv(COLUMNS, fresh))
    elif fresh:
        inventory.append(target, fresh)
    if fresh:
        write_text(root / SESSION, as_csv(COLUMNS, fresh))
    return fresh


def _part(row: Mapping[str, Any]) -> str:
    return row["unique_id"][-3:] if row["native_pair_id"] else ""


def _row(one: Candidate, probed: Mapping[str, Any], on: date) -> dict[str, Any]:
    base = one.unique_id or made_id(one.name, str(probed.get("sha256", "")))
    kind = probed.get("kind")
    width, height = probed.get("width"), probed.get("height")
    return dict.fromkeys(COLUMNS, "") | {
        "unique_id": f"{base}-{one.part}" if one.part else base,
        "original_filename": one.name,
        "new_filename": one.name,
        "creative_type": f"native_{kind}" if one.part else kind or "",
        "duration_seconds": probed.get("seconds") or 0,
        "aspect_ratio": _ratio(width, height),
        "width_px": width or "",
        "height_px": height or "",
        "file_size_mb": round(probed.get("bytes", 0) / _MB, 2),
        "file_format": probed.get("container") or suffix(one.name).lstrip("."),
        "date_processed": on.isoformat(),
        "source_path": one.path,
        "notes": probed.get("words", ""),
        "native_pair_id": one.pair_id or "",
        "file_path": one.path,
    }


def _ratio(width: int | None, height: int | None) -> str:
    if not width or not height:
        return ""
    a, b = width, height
    while b:
        a, b = b, a % b
    return f"{width // a}:{height // a}"
