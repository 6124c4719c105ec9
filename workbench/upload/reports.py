"""Status CSV, log, summary, errors, manifest: written anew from the ledger, whole or not at all.

The columns are the team's. What came from outside is not obeyed by a spreadsheet: a cell that begins like a formula
gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

from workbench.engine.item import FOR_A_PERSON
from workbench.files import forget_leftovers, make_folder, plain, write_text

COLUMNS: Final = (
    "unique_id", "file_path", "file_name", "upload_date", "upload_time", "platform", "campaign_id", "tj_creative_id",
    "status", "error_message", "batch_id", "native_pair_id", "retries",
)  # fmt: skip
UNDO: Final = ("archived_as", "came_from", "sha256", "archived_at")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ABANDONED: Final = timedelta(hours=1)  # so long nobody takes to write a report
_SHOWN: Final = 4  # digits of an id in the log


def cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def totals(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts = Counter(str(row["status"]) for row in rows)
    return {
        "uploaded": counts["success"],
        "failed": counts["failed"] + counts["file_not_found"],
        "skipped": counts["skipped"],
        "unknown_id": counts["unknown_id"],
        "pending": counts["pending"],
    }


def write_all(
    tracking: Path,
    stamp: str,
    batch: Mapping[str, Any],
    *,
    rows: Sequence[Mapping[str, Any]],
    story: Sequence[Mapping[str, Any]],
    zone: tzinfo,
) -> dict[str, Path]:
    """The files of one batch; what is already as it should be is not touched."""
    make_folder(tracking)
    wrong = [row for row in rows if row["status"] in ("failed", "file_not_found", "unknown_id") or row["attention"]]
    columns = (*COLUMNS[:1], "file_name", "status", "state", "attention", "error_type", "error_message", "screenshot")
    texts = {
        "status_csv": (f"upload_status_{stamp}.csv", as_csv(COLUMNS, rows)),
        "log": (f"upload_log_{stamp}.txt", log_text(batch, rows, story, zone)),
        "report": (f"upload_summary_{stamp}.txt", summary(batch, rows, zone)),
        "errors": (f"upload_errors_{stamp}.csv", as_csv(columns, wrong)),
        "manifest": (f"upload_manifest_{stamp}.json", manifest(batch, rows)),
    }
    return {name: _written(tracking / file, text) for name, (file, text) in texts.items()}


def write_undo(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Beside the archived files: where each came from."""
    moved = [
        {
            "archived_as": row["archive_path"].split("/", 1)[-1], "came_from": row["file_path"],
            "sha256": row["sha256"], "archived_at": row["archived_at"],
        }
        for row in rows
        if row.get("archive_path") and folder.exists()
    ]  # fmt: skip
    if moved:
        _written(folder / "undo.csv", as_csv(UNDO, moved))


def _written(path: Path, text: str) -> Path:
    if not path.is_file() or path.read_text("utf-8") != text:
        forget_leftovers(path, older=_ABANDONED)
        write_text(path, text)
    return path


def manifest(batch: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    files = [
        {
            name: row.get(name)
            for name in ("unique_id", "file_name", "file_path", "sha256", "slot", "tj_creative_id", "status", "state",
                         "archive_path", "native_pair_id", "generation")
        }
        for row in rows
    ]  # fmt: skip
    whole = {"batch_id": batch["batch_id"], "platform": batch["platform"], "account_id": batch["account_id"],
             "campaign_id": batch["campaign_id"], "created_at": batch["created_at"], "files": files}  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=False, default=plain) + "\n"


def summary(batch: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], zone: tzinfo) -> str:
    counts = totals(rows)
    lines = [
        f"Batch {batch['batch_id']} to {batch['platform']}, {batch['created_at'].astimezone(zone):%Y-%m-%d %H:%M %Z}",
        ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()),
        "",
    ]
    for row in rows:
        what = row["tj_creative_id"] or row["error_message"] or row["state"]
        lines.append(f"{row['status']:<14} {row['unique_id']:<16} {one_line(row['file_name'])}  {one_line(what)}")
    waiting = [row for row in rows if row["attention"] in FOR_A_PERSON]
    if waiting:
        lines += ["", f"{len(waiting)} wait for a person: workbench todo"]
    return "\n".join(lines) + "\n"


def log_text(
    batch: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], story: Sequence[Mapping[str, Any]], zone: tzinfo
) -> str:
    """What happened to which file, in order. Ids are shortened: a log travels further than a table."""
    names = {str(row["upload_id"]): row["file_name"] for row in rows}
    lines = [f"{batch['created_at'].astimezone(zone):%Y-%m-%d %H:%M:%S}  {batch['batch_id']} begins"]
    for one in story:
        facts = one["facts"] or {}
        arrow = f"{one['from_state']} -> {one['to_state']}" if one["to_state"] else one["what"]
        known = facts.get("remote_id")
        tail = "  ".join(filter(None, (f"id …{str(known)[-_SHOWN:]}" if known else "", one_line(facts.get("reason")))))
        name = one_line(names.get(one["item_id"], one["item_id"]))
        lines.append(f"{one['at'].astimezone(zone):%Y-%m-%d %H:%M:%S}  {name}  {arrow}  {tail}".rstrip())
    return "\n".join(lines) + "\n"


def one_line(text: Any) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(text or "")).split())
