"""How posting jobs stand, in the team's words: pure functions of their listings, never counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from workbench.engine.behind import WAITS
from workbench.engine.item import FOR_A_PERSON
from workbench.engine.outcome import OrderOutcome, of_item, of_rehearsed, worst
from workbench.post.model import POSTING_GONE, POSTING_IN_DOUBT, PostingState, posting_told

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


# what a person may decide, and what comes next ------------------------------------------------------------


def can_be_tried(one: Row) -> bool:
    """Whether `retry` takes it: it failed or was cancelled, or it waits where a person lets it go on."""
    waits = one["state"] in (P.QUEUED, P.SUBMITTED) and one["attention"] is not None and one["next_at"] is None
    return waits or one["state"] in POSTING_GONE


def can_be_cancelled(one: Row) -> bool:
    """Whether it still waits in the queue, with nothing sent."""
    return one["state"] == P.QUEUED and not one["is_worked"]


def can_be_edited(one: Row) -> bool:
    """Whether what it says may change: it is neither on its way nor at the site."""
    return one["state"] is None or one["state"] in POSTING_GONE


def is_in_doubt(one: Row) -> bool:
    """Whether a person may say what became of the click: it is there, it is not, or it is given up."""
    is_asked = one["state"] == P.QUEUED and one["attention"] is not None and one["next_at"] is None
    return is_asked or one["state"] in POSTING_IN_DOUBT


def needs_person(one: Row) -> bool:
    """Whether it comes no further without somebody; what is cancelled is meant to stay where it is."""
    if one["state"] is None or one["is_worked"] or one["state"] == P.CANCELED:
        return False
    return one["state"] in (P.FAILED, P.QUARANTINED) or one["attention"] in FOR_A_PERSON


def waits_for_somebody(one: Row) -> bool:
    """Whether a person may, or has to, say what becomes of it."""
    return needs_person(one) or (is_in_doubt(one) and not one["is_worked"])


def next_step(one: Row) -> str:
    """What a person does about it, in a sentence; empty where nothing is to be done."""
    if one["is_worked"] or one["state"] is None:
        return ""
    if not needs_person(one):
        return _LOOKED_FOR if one["state"] == P.UNSURE else ""
    if one["next_at"] is not None:
        return "Its account waits for somebody: see Errors and accounts."
    return _NEXT.get(one["state"], "Read what was said, then let it go on.")


_LOOKED_FOR: Final = "It is looked for in Your listings by itself. If you see it there, say so here."
_NEXT: Final = {
    P.FAILED: "Edit the listing as was said, then try again.",
    P.QUARANTINED: "It surprised us twice: look into Your listings of that account, then say whether it is there.",
    P.UNSURE: "Look into Your listings of that account: is it there? Say so here.",
    P.SUBMITTED: "Look into Your listings of that account: is it there? Say so here.",
}


def is_over(told: Row) -> bool:
    """Whether no listing of a job moves by itself any more."""
    return told["status"] not in {"queued", "running"}


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
