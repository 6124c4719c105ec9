"""A batch as it is answered, and what is said of one before it exists: pure functions of checks and rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from workbench.engine.item import FOR_A_PERSON
from workbench.engine.outcome import OrderOutcome, of_item, of_rehearsed, worst
from workbench.upload.check import CheckedFile
from workbench.upload.model import PLATFORMS, UPLOAD_IN_DOUBT, Upload, UploadState, as_in_sheet
from workbench.upload.names import made_id
from workbench.upload.rehearse import RehearsedUpload
from workbench.upload.reports import COLUMNS

Row = Mapping[str, Any]

ITEM: Final = (*COLUMNS, "state", "attention", "account_id", "slot", "sha256", "screenshot")
_ORDER: Final = ("static", "native_static", "video", "native_rollover", "in_stream")  # images go first


def outcome(done: Row) -> OrderOutcome:
    """How a batch, or a rehearsal of one, ended."""
    if done["depth"] == "rehearse":
        stopped = [OrderOutcome.PERSON] if done.get("stopped") else []
        return worst([*stopped, *map(of_rehearsed, done["items"])])
    return worst(of_item("upload", one) for one in done["items"])


def in_order(found: Iterable[CheckedFile]) -> list[CheckedFile]:
    places = {tab: number for number, tab in enumerate(_ORDER)}
    return sorted(found, key=lambda one: places.get(one.tab or "", len(places)))


def item_of(one: CheckedFile, *, platform: str, campaign_id: str | None = None) -> dict[str, Any]:
    """A row of `uploads` for a file that is in no batch."""
    status = {"ok": "pending", "skip": "skipped", "block": "failed"}[one.verdict]
    row: dict[str, Any] = dict.fromkeys(ITEM)
    found = one.candidate
    path = as_in_sheet(found.values, found.path or found.said or "")
    return row | {
        "unique_id": unique_id(one), "file_path": path, "file_name": found.name,
        "upload_date": "", "upload_time": "", "platform": PLATFORMS[platform], "campaign_id": campaign_id,
        "tj_creative_id": one.candidate.known_id or None, "status": "file_not_found" if one.is_missing else status,
        "error_message": one.words or None, "native_pair_id": one.candidate.pair_id, "retries": 0, "slot": one.slot,
        "sha256": one.media.get("sha256"), "state": "planned" if status == "pending" else status,
        "findings": [
            {"level": str(each.level), "code": each.code, "words": each.words, "cure": each.cure}
            for each in one.findings
        ],
        "part": one.candidate.part, "is_known": one.is_known, "cure": one.cure, "media": dict(one.media),
        "path": one.candidate.path,
    }  # fmt: skip


def unique_id(one: CheckedFile) -> str:
    return one.candidate.unique_id or made_id(one.candidate.name)


def as_upload(number: int, one: CheckedFile, account_id: int, force_reason: str | None) -> Upload:
    """As a batch would hold it, without one: for a rehearsal."""
    return Upload(
        id=number, state=UploadState.CHECKED, batch_id="", account_id=account_id, creative_id=-1,
        unique_id=unique_id(one), part=one.candidate.part, native_pair_id=one.candidate.pair_id,
        path=str(one.candidate.path), name=one.candidate.name, platform="tj", slot=str(one.slot), tab=str(one.tab),
        generation=1, force_reason=force_reason, sha256=one.media.get("sha256"), media=one.media,
    )  # fmt: skip


def rehearsed_item(one: RehearsedUpload, row: Row) -> dict[str, Any]:
    fault = one.error.fault if one.error else None
    picture = one.screenshot or (f"{fault.evidence}/screen.png" if fault and fault.evidence else None)
    return {
        **row, "status": "failed" if one.error else "skipped" if one.remote_id else "pending",
        "state": "failed" if one.error else "rehearsed", "tj_creative_id": one.remote_id or row["tj_creative_id"],
        "error_message": one.error.message if one.error else one.words or None, "screenshot": picture,
        "error_type": fault.kind if fault else None,
    }  # fmt: skip


# what a person may decide, and what comes next ------------------------------------------------------------


def can_be_tried(one: Row) -> bool:
    """Whether `retry` takes it: it failed or was cancelled, or it waits where a person lets it go on."""
    if one["state"] in ("failed", "canceled", "quarantined"):
        return True
    return one["state"] != "unknown_id" and one["attention"] in FOR_A_PERSON and one["next_at"] is None


def is_in_doubt(one: Row) -> bool:
    """Whether a person may say what became of it: it is there, it is not, or it is given up."""
    return one["state"] in UPLOAD_IN_DOUBT


def needs_person(one: Row) -> bool:
    """Whether it comes no further without somebody; what is cancelled is meant to stay where it is."""
    if one["is_worked"] or one["state"] == "canceled":
        return False
    return can_be_tried(one) or one["state"] == "unknown_id" or one["attention"] in FOR_A_PERSON


def waits_for_somebody(one: Row) -> bool:
    """Whether a person may, or has to, say what becomes of it."""
    return needs_person(one) or (is_in_doubt(one) and not one["is_worked"])


def next_step(one: Row) -> str:
    """What a person does about it, in a sentence; empty where nothing is to be done."""
    if one["is_worked"]:
        return ""
    if not needs_person(one):
        return _LOOKED_FOR if one["state"] == "unsure" else ""
    if one["next_at"] is not None:
        return "Its account waits for somebody: see Errors and accounts."
    return _NEXT.get(one["state"], "Read what was said, then let it go on.")


_LOOKED_FOR: Final = "It is looked for in the media library by itself. If you see it there, say so here."
_NEXT: Final = {
    "failed": "Mend what was said, then try again.",
    "quarantined": "It surprised us twice: look into the media library, then say whether it is there, or try again.",
    "unsure": "Look into the media library: is a file of this name there? Say so here.",
    "unknown_id": "Find it in the media library by its name, and enter its id here; or say that it is not there.",
}


def how_far(told: Row) -> tuple[int, int, str]:
    """How many files of a batch rest, of how many, and which is at work this moment."""
    items = told["items"]
    resting = sum(not one["is_due"] and not one["is_worked"] for one in items)
    return resting, len(items), next((one["file_name"] for one in items if one["is_worked"]), "")


def is_over(told: Row) -> bool:
    """Whether no file of a batch moves by itself any more."""
    return not any(one["is_due"] or one["is_worked"] for one in told["items"])


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d}-{at:%H%M%S}"


def greatest_number(archives: Iterable[Path]) -> int:
    """Of the batches in the archive: a new one goes beyond them."""
    found = (re.match(r"batch_(\d{1,9})", each.name) for one in archives for each in one.glob("batch_*"))
    return max((int(each[1]) for each in found if each), default=0)
