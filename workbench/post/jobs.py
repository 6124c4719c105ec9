"""How posting jobs stand, in the team's words: pure functions of their listings, never counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.engine.behind import WAITS
from workbench.engine.outcome import OrderOutcome, of_item, of_rehearsed, worst
from workbench.post.model import PostingState, posting_told

P = PostingState
Row = Mapping[str, Any]


def job(row: Row) -> dict[str, Any]:
    """A posting job as `job-status` answers it, with what does not move and why."""
    told = posting_told(row["items"], is_cancelled=row["cancelled_at"] is not None)
    return {"job_id": row["id"], "created_at": row["created_at"], **told}


def outcome(told: Row) -> OrderOutcome:
    """How a job, or a rehearsal of one, ended."""
    if told["job_id"] is None:
        return worst(map(of_rehearsed, told["items"]))
    return worst(of_item("posting", one) for one in told["items"])


def how_far(told: Row) -> tuple[int, int, str]:
    """How many listings of a job are over, of how many, and which is at work this moment."""
    return told["completed_posts"] + told["failed_posts"], told["total_posts"], told["current_post_title"] or ""


def todo(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What waits for a person: {kind, id, why, command}."""
    return [
        {
            "kind": "listing",
            "id": str(row["listing_id"]),
            "why": f"{row['state']}: {row['reason'] or 'a person has to look at it'}",
            "command": _cure(row),
        }
        for row in rows
    ]


def _cure(row: Row) -> str:
    if row["state"] == P.QUEUED and not str(row["reason"] or "").startswith(WAITS):
        return f"workbench post retry {row['listing_id']}"
    return f"workbench post resolve {row['listing_id']} --adopt ID | --absent | --abandon"
