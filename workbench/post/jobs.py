"""How posting jobs stand, in the team's words: pure functions of their listings, never counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.ledger.records import WAITS
from workbench.ledger.states import (
    POSTING_BAD,
    POSTING_GOOD,
    POSTING_UNFINISHED,
    Attention,
    PostingState,
    posting_roll_up,
)

P = PostingState
Row = Mapping[str, Any]


def job(row: Row) -> dict[str, Any]:
    """A posting job as `job-status` answers it, with what does not move and why."""
    items: Sequence[Row] = row["items"]
    states = [P(one["state"]) for one in items]
    done, failed = (sum(state in each for state in states) for each in (POSTING_GOOD, POSTING_BAD))
    status = posting_roll_up(
        states, is_begun=any(one["begun_at"] for one in items), is_cancelled=row["cancelled_at"] is not None
    )
    current = next((one for one in items if one["is_worked"]), None)
    is_over = not any(state in POSTING_UNFINISHED for state in states)
    return {
        "job_id": row["id"],
        "status": status,
        "total_posts": len(items),
        "completed_posts": done,
        "failed_posts": failed,
        "current_post_id": current and current["listing_id"],
        "current_post_title": current and current["title"],
        "created_at": row["created_at"],
        "started_at": min((one["begun_at"] for one in items if one["begun_at"]), default=None),
        "completed_at": max((one["changed_at"] for one in items), default=None) if is_over else None,
        "progress_percentage": round(100 * done / len(items), 1) if items else 0.0,
        "error_message": _why(items) if status == "failed" else None,
        "attention": attention(items),
    }


def attention(items: Iterable[Row]) -> str | None:
    """The heaviest of the listings'."""
    found = {one["attention"] for one in items}
    return next((str(one) for one in (Attention.REVIEW, Attention.PERSON, Attention.RECONCILE) if one in found), None)


def _why(items: Iterable[Row]) -> str | None:
    return next((one["error_message"] for one in items if one["error_message"]), None)


def todo(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What waits for a person: {kind, id, why, command}."""
    return [
        {
            "kind": "listing",
            "id": str(row["listing_id"]),
            "why": f"{row['state']}: {row['reason'] or 'a person has to look at it'}",
            "command": f"workbench post {_cure(row)}",
        }
        for row in rows
    ]


def _cure(row: Row) -> str:
    if row["state"] == P.QUEUED and not str(row["reason"] or "").startswith(WAITS):
        return f"retry {row['listing_id']}"
    return f"resolve {row['listing_id']} --adopt ID | --absent | --abandon"
