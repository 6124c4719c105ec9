"""identified → recorded: the ids into the inventory, which the processor may be rewriting at this moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from workbench.engine.flow import Move, Yielded
from workbench.errors import BadInput, NeedsPerson
from workbench.upload.inventory import INVENTORY, SESSION, Key, update
from workbench.upload.model import Upload, UploadState
from workbench.upload.tools import UploadTools

UPLOADED: Final = "uploaded"  # the inventory's word; a batch's own table says success


def write(uploads: Sequence[Upload], tools: UploadTools) -> Iterator[Yielded]:
    try:
        changed = tools.write_inventory()
    except BadInput as error:  # the ids are ours all the same
        raise NeedsPerson(f"the inventory cannot be written: {error.message}") from error
    held = []
    for one in uploads:
        if (one.unique_id, one.part) in changed:
            held.append(one)
        else:
            yield Move(to=UploadState.RECORDED, item_id=one.id, values={"recorded_at": tools.now()})
    if held:
        words = "; ".join(changed[one.unique_id, one.part] for one in held[:3])
        raise NeedsPerson(
            f"somebody changed a cell of ours: {words}. Nothing was overwritten. Empty the cell (or put our value), "
            f"then: workbench upload retry {' '.join(str(one.id) for one in held[:20])}"
        )


def write_inventory(root: Any, rows: Sequence[Mapping[str, Any]], zone: tzinfo) -> dict[Key, str]:
    """Set our columns in both inventories, as the ledger has them; cells that somebody changed, in words."""
    wanted: dict[Key, Mapping[str, str]] = {}
    known: dict[Key, frozenset[str]] = {}
    for row in rows:
        key = (row["unique_id"], row["part"])
        wanted[key] = _cells(row, zone)
        known[key] = frozenset(row["known"])
    changed: dict[Key, str] = {}
    for name in (INVENTORY, SESSION):
        if wanted and (root / name).is_file():
            changed |= update(root / name, wanted, known=known).changed
    return changed


def _cells(row: Mapping[str, Any], zone: tzinfo) -> dict[str, str]:
    status = UPLOADED if row["status"] == "success" else row["status"]
    if not row["remote_id"]:
        return {"upload_status": status}
    at = row["uploaded_at"]
    return {
        "tj_creative_id": row["remote_id"],
        "tj_upload_date": f"{at.astimezone(zone):%Y-%m-%d}" if at else "",
        "tj_campaign_id": row["campaign_id"] or "",
        "upload_status": status,
    }
