"""triggered → ready: ask the vendor whether the snapshot is finished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from workbench.brightdata.contents import SnapshotProgress
from workbench.brightdata.responses import Meaning, NotFound, SnapshotExpired, meaning_of_status
from workbench.budget.model import Release
from workbench.collect.model import Snapshot, SnapshotState
from workbench.collect.tools import CollectTools, provider_id
from workbench.engine.flow import Move, Stay
from workbench.engine.item import Attention
from workbench.errors import Permanent, Transient
from workbench.lake.model import LakeFile, ManifestFiles

S = SnapshotState

# Without a meaning the vendor is still at work. The deadline below, not this table, decides when it is stalled.
STATE_OF: Final[Mapping[Meaning, SnapshotState]] = {
    Meaning.READY: SnapshotState.READY,
    Meaning.EMPTY: SnapshotState.EMPTY,
    Meaning.FAILED: SnapshotState.FAILED,
    Meaning.CANCELED: SnapshotState.CANCELED,
}
# A snapshot that was triggered a moment ago may not be known everywhere at the vendor yet.
_GRACE: Final = timedelta(seconds=60)
EXPIRED: Final = "expired"  # the code of one that the vendor gave none for
_NOT_FOUND: Final = "not found"  # as the vendor's status, until a second look says so too


def state_of(status: str, error_message: str | None = None) -> SnapshotState | None:
    """The state that a status of the vendor's leads to; None while it is still at work."""
    meaning = meaning_of_status(status, error_message)
    return None if meaning is None else STATE_OF[meaning]


def check(snapshot: Snapshot, tools: CollectTools) -> Move | Stay:
    if snapshot.cancel_requested and _cancelled(snapshot, tools):
        code = {"error_code": str(SnapshotState.CANCELED)}
        return Move(to=SnapshotState.CANCELED, reason="cancelled at Bright Data", values=code, writes=(Release(),))
    at = tools.now()
    age = at - (snapshot.triggered_at or at)
    try:
        answer = tools.brightdata.progress(provider_id(snapshot))
    except (NotFound, SnapshotExpired) as error:
        seen = {"vendor_status": _NOT_FOUND, "last_checked_at": at}
        if age < min(_GRACE, tools.stall / 4) or snapshot.vendor_status != _NOT_FOUND:
            return Stay(values=seen)
        return gone(snapshot, tools, error.message, seen, code=error.code)
    except Permanent as error:  # an empty account, a gateway: says nothing of the snapshot, which is paid
        if age > deadline_of(tools.stall, tools.view.collection_seconds(snapshot.dataset_id)):
            return Move(to=SnapshotState.STALLED, reason=error.message, attention=Attention.REVIEW)
        raise Transient(error.message, code=error.code) from error
    return _judge(snapshot, tools, answer, at, age)


def _judge(
    snapshot: Snapshot, tools: CollectTools, answer: SnapshotProgress, at: datetime, age: timedelta
) -> Move | Stay:
    seen = {"vendor_status": answer.status[:60], "last_checked_at": at}
    state = state_of(answer.status, answer.error_message)
    deadline = deadline_of(tools.stall, tools.view.collection_seconds(snapshot.dataset_id))
    # One that was ready before came back from the download: "building". That may not go on for ever either.
    if state is SnapshotState.READY and not (snapshot.ready_at and age > deadline):
        ready_at = snapshot.ready_at or at
        expires_at = snapshot.expires_at or ready_at + tools.retention
        return Move(to=state, values={**seen, "ready_at": ready_at, "expires_at": expires_at})
    if state is SnapshotState.EMPTY:
        return Move(
            to=SnapshotState.EMPTY, reason=answer.error_message, values={**seen, **NO_ROWS}, writes=(Release(),)
        )
    if state not in (None, SnapshotState.READY):
        reason = answer.error_message or f"{answer.status} at Bright Data"
        return gone(snapshot, tools, reason, seen, to=state, code=str(state))
    if age > deadline:
        status = "building" if state is SnapshotState.READY else answer.status
        reason = f"still {status!r} at Bright Data after {_hours(age)}; expected within {_hours(deadline)}"
        return Move(to=SnapshotState.STALLED, reason=reason, attention=Attention.REVIEW, values=seen)
    return Stay(values=seen)


def gone(
    snapshot: Snapshot,
    tools: CollectTools,
    reason: str,
    values: Mapping[str, Any],
    *,
    to: SnapshotState = S.EXPIRED,
    code: str | None = None,
) -> Move:
    """The vendor has it no longer. What had been published before, and was asked for again, is as it was then."""
    staged = snapshot.staged or {}
    over = {**values, "error_code": code or EXPIRED}
    if snapshot.processed_at is None or not staged.get("files"):
        return Move(to=to, reason=reason, values=over, writes=(Release(),))
    before = S.PUBLISHED if snapshot.row_count else S.EMPTY
    if snapshot.raw and (tools.lake / str(snapshot.raw["path"])).is_file():
        return Move(to=before, reason=f"{reason}; what was read before stays", values=values)
    kept = tuple(LakeFile(**one) for one in staged["files"] if (tools.lake / one["path"]).is_file())
    tables = [one for one in staged["files"] if one["kind"] not in ("raw", "lines")]
    lost = {"raw": None, **values}
    if len(tables) == len([one for one in kept if one.kind not in ("raw", "lines")]):
        said = f"{reason}, and its raw body is lost; the rows that were read before stay"
        return Move(to=before, reason=said, values=lost, writes=(ManifestFiles(kept),))
    lost_all = {**over, "raw": None}
    return Move(
        to=to, reason=f"{reason}, and its files are lost", values=lost_all, writes=(ManifestFiles(kept), Release())
    )


NO_ROWS: Final = {"row_count": 0, "warning_count": 0, "error_count": 0, "malformed_count": 0}


def deadline_of(shortest: timedelta, seconds: list[float]) -> timedelta:
    """How long a collection may take: four times the dataset's own 95th percentile, but not less than `shortest`."""
    if not seconds:
        return shortest
    p95 = sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))]
    return max(shortest, timedelta(seconds=4 * p95))


def _cancelled(snapshot: Snapshot, tools: CollectTools) -> bool:
    """False when the snapshot is over by itself: what was collected is paid, so it is brought in."""
    try:
        return tools.brightdata.cancel(provider_id(snapshot))
    except NotFound:
        return False


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.1f} h" if time >= timedelta(hours=1) else f"{time.total_seconds():.0f} s"
