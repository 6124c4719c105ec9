"""Every creative that is known, by the sheet or by the ledger: one row each, filtered, sorted and cut to a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from workbench.errors import BadInput
from workbench.upload.inventory import OURS, Row
from workbench.upload.names import is_original

Told = Mapping[str, Any]
NOT_UPLOADED: Final = "not uploaded"
UNDECIDED: Final = "undecided"  # a film that nobody looked into may be a banner or go in stream
COLUMNS: Final = (
    "unique_id", "file_name", "slot", "native_pair_id", "state", "tj_creative_id", "review_status", "uploaded_at",
    "batch_id",
)  # fmt: skip
_FOUND_BY: Final = ("unique_id", "file_name", "native_pair_id", "tj_creative_id", "batch_id")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class StockQuery:
    """Which page of which creatives: `slot` and `state` as the rows have them, `text` anywhere in names and ids."""

    offset: int = 0
    limit: int = 50
    sort: str = "uploaded_at"
    descending: bool = True
    text: str = ""
    slot: str = ""
    state: str = ""


def merged(sheet: Iterable[Row], uploads: Iterable[Told]) -> list[dict[str, Any]]:
    """One row for each creative: what the sheet says, and over it what the ledger knows; originals are none."""
    found = {one.key: _of_sheet(one) for one in sheet if not is_original(one.name)}
    for told in uploads:
        key = (told["unique_id"], told["part"])
        before = found.get(key, {})
        found[key] = {**before, **{name: told[name] for name in COLUMNS if told[name] or name not in before}}
    return [{"key": "|".join(key), **one} for key, one in found.items()]


def _of_sheet(one: Row) -> dict[str, Any]:
    known = one.values.get(OURS[0], "").strip()
    return {
        "unique_id": one.unique_id, "file_name": one.name, "slot": _slot(one), "native_pair_id": one.pair_id,
        "state": one.values.get("upload_status") or ("uploaded" if known else NOT_UPLOADED),
        "tj_creative_id": known or None, "review_status": None, "uploaded_at": None, "batch_id": None,
    }  # fmt: skip


def _slot(one: Row) -> str:
    kind = one.values.get("creative_type", "").lower()
    if one.part or kind.startswith("native"):
        return "native"
    return "static" if kind in ("image", "static") else UNDECIDED


def page(rows: Sequence[dict[str, Any]], asked: StockQuery) -> tuple[list[dict[str, Any]], int]:
    """The rows of one page, and how many there are in all."""
    if asked.sort not in COLUMNS:
        raise BadInput(f"creatives have no column {asked.sort!r}; there are {', '.join(COLUMNS)}.")
    text = asked.text.casefold().strip()
    found = [
        one
        for one in rows
        if asked.slot in ("", one["slot"])
        and asked.state in ("", one["state"])
        and (not text or any(text in str(one[name] or "").casefold() for name in _FOUND_BY))
    ]
    empty: Any = _NEVER if asked.sort == "uploaded_at" else ""
    found.sort(key=lambda one: one[asked.sort] or empty, reverse=asked.descending)
    return found[asked.offset : asked.offset + asked.limit], len(found)


def pairs(items: Iterable[Told]) -> list[dict[str, Any]]:
    """Native pairs, each half with its file, its id and how it stands; whole only where both have an id."""
    found: dict[str, dict[str, Told]] = {}
    for one in items:
        if one["native_pair_id"] and one["part"]:
            found.setdefault(str(one["native_pair_id"]), {})[one["part"]] = one
    return [
        {
            "native_pair_id": pair,
            "video": halves.get("VID"),
            "image": halves.get("IMG"),
            "is_whole": all(half in halves and halves[half]["tj_creative_id"] for half in ("VID", "IMG")),
        }
        for pair, halves in found.items()
    ]
