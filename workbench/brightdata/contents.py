"""What the vendor's JSON answers hold, read into values; whatever holds something else is `Transient`."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from workbench.brightdata.responses import Answer, words_of
from workbench.brightdata.rows import lines_of_csv, shape_of
from workbench.errors import Permanent, Transient, Unanswered
from workbench.files import canonical


@dataclass(frozen=True)
class SnapshotProgress:
    """`status` is the vendor's word, which may be one that nobody has seen before."""

    status: str
    error_message: str | None
    dataset_id: str | None
    row_count: int | None = None  # where it counts them


@dataclass(frozen=True)
class Listed:
    """One snapshot as the vendor lists it; `record` is its whole entry, at times with cost or error."""

    snapshot_id: str
    dataset_id: str | None
    status: str
    row_count: int | None
    created_at: datetime | None
    record: Mapping[str, Any]
    error: str | None = None  # why it failed, where the list says so
    error_code: str | None = None


@dataclass(frozen=True)
class Balance:
    """The account's money; the key needs an extra permission to see it."""

    available_micro_usd: int
    pending_micro_usd: int


def new_id_in(answer: Answer, key: str) -> str:
    """The id in an answer of success; without one it happened all the same, and nobody can say as what."""
    try:
        found = answer.json_object().get(key)
    except (Transient, Permanent) as error:
        raise Unanswered(error.message, code=error.code) from None
    if not isinstance(found, str) or not is_id(found):
        raise Unanswered(f"{answer.address} answered {answer.status} without a {key}: {answer.words}", code="no_id")
    return found


def is_id(text: str) -> bool:
    """Ids are opaque: s_, sd_ and snap_ have been seen. This only keeps an id from becoming another path."""
    return bool(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text))


def progress_in(answer: Answer) -> SnapshotProgress:
    found = answer.json_object()
    if not isinstance(found.get("status"), str):
        raise answer.unexpected("a status")
    rows = _count(found, "records", "dataset_size")
    return SnapshotProgress(found["status"], _text(found.get("error_message")), _text(found.get("dataset_id")), rows)


def count_in(answer: Answer) -> int:
    count = answer.json_object().get("parts")
    if type(count) is not int or count < 0:
        raise answer.unexpected("a number of parts")
    return count


def objects_in(answer: Answer) -> list[dict[str, Any]]:
    """A list of objects, bare or as the one list inside an object (the shape that `with_total` gives)."""
    found = answer.json()
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise answer.unexpected("a list")
    return found


def snapshots_in(answer: Answer) -> list[Listed]:
    return [_listed(row, answer) for row in objects_in(answer)]


def inputs_in(answer: Answer) -> list[dict[str, Any]]:
    """A JSON list, or the CSV that the snapshot was triggered with."""
    if not answer.is_whole or shape_of(answer.body) != "csv" or b"\n" not in answer.body.strip():
        return objects_in(answer)
    rows = [json.loads(line) for line in lines_of_csv(io.BytesIO(answer.body))]
    if not all(isinstance(row, dict) for row in rows):
        raise answer.unexpected("inputs")
    return rows


def balance_in(answer: Answer) -> Balance:
    found = answer.json_object()
    try:
        return Balance(_micro_usd(found["balance"]), _micro_usd(found.get("pending_balance") or 0))
    except (KeyError, ArithmeticError, ValueError):
        raise answer.unexpected("a balance") from None


def _listed(row: dict[str, Any], answer: Answer) -> Listed:
    snapshot_id = row.get("id") or row.get("snapshot_id")
    if not isinstance(snapshot_id, str):
        raise answer.unexpected("a list of snapshots")
    told = {name: row[name] for name in ("error", "error_message") if row.get(name)}
    return Listed(
        snapshot_id=snapshot_id,
        dataset_id=_text(row.get("dataset_id")),
        status=_text(row.get("status")) or "",
        row_count=_count(row, "dataset_size", "records"),
        created_at=_time(row.get("created")),
        record=row,
        error=words_of(canonical(told).encode(), answer.redact) if told else None,
        error_code=_text(row.get("error_code")),
    )


def _count(found: Mapping[str, Any], *names: str) -> int | None:
    """The first of `names`, in any case of letters (the vendor's pages differ), that is a number of rows."""
    folded = {key.casefold(): value for key, value in found.items()}
    given = (folded.get(name) for name in names)
    return next((value for value in given if type(value) is int and value >= 0), None)


def _micro_usd(amount: Any) -> int:
    return round(Decimal(str(amount)) * 1_000_000)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
