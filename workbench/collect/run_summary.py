"""How a run stands, in words for a person: a pure function of what `wb.status()` answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from workbench.collect.model import SnapshotState, Status
from workbench.collect.stages import BEHIND, NAMES, Stages, stages
from workbench.collect.status import misfits_said

S = SnapshotState

# state → what a person reads
WORDS: Final[Mapping[SnapshotState, str]] = {
    S.PLANNED: "waiting to be sent",
    S.TRIGGERED: "being collected at Bright Data",
    S.READY: "ready to be downloaded",
    S.DOWNLOADED: "downloaded, waiting to be read",
    S.STAGED: "read, waiting to be published",
    S.PUBLISHED: "published",
    S.EMPTY: "finished without rows",
    S.REUSED: "answered by an earlier snapshot",
    S.FAILED: "failed",
    S.CANCELED: "cancelled",
    S.EXPIRED: "expired at Bright Data",
    S.STALLED: "stalled at Bright Data",
    S.UNSURE: "unsure whether it was sent",
    S.QUARANTINED: "set aside for a person",
}
MARKS: Final[Mapping[str, str]] = {
    Status.PENDING: "○",
    Status.PROCESSING: "◐",
    Status.COMPLETED: "✓",
    Status.PARTIAL: "!",
    Status.FAILED: "✗",
    Status.CANCELLED: "–",
}
OVER: Final = frozenset({Status.COMPLETED, Status.PARTIAL, Status.FAILED, Status.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class JobLine:
    name: str
    status: str
    mark: str
    finished: int
    total: int
    rows: int
    rejects: int
    now: str  # "2 being collected at Bright Data, 1 published"
    why: tuple[str, ...]  # reasons of what did not go well, each once


@dataclass(frozen=True, kw_only=True)
class RunStanding:
    run_id: str
    name: str
    mode: str
    status: str
    created_at: datetime | None
    is_cancelled: bool
    percent: int
    stages: Stages
    finished: int
    total: int
    rows: int
    rejects: int
    jobs: tuple[JobLine, ...]
    waiting: tuple[tuple[str, str], ...]  # why, and the command that resolves it

    @property
    def is_over(self) -> bool:
        """Nothing can become of it by itself any more, and nobody is asked for."""
        return self.status in OVER

    @property
    def count(self) -> str:
        return f"{self.finished} of {self.total} snapshot{'' if self.total == 1 else 's'}"

    @property
    def progress(self) -> str:
        """The sentence that stays in an executed notebook: "100 %, 12 of 12 snapshots"."""
        return f"{self.percent} %, {self.count}"

    @property
    def news(self) -> str:
        """What is read aloud: it changes when a snapshot ends, not with every step."""
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        if not self.is_over:
            return f"{self.count} finished, {rows} so far."
        said = {
            Status.COMPLETED: "The run is complete",
            Status.PARTIAL: "The run is finished, but not everything came",
            Status.FAILED: "The run failed",
            Status.CANCELLED: "The run was cancelled",
        }[Status(self.status)]
        rejects = f", {self.rejects:,} rejected" if self.rejects else ""
        return f"{said}: {rows}{rejects}."

    @property
    def mark(self) -> tuple[object, ...]:
        """Differs when tables and folders may have changed."""
        return (self.status, self.finished, self.rows, self.rejects)


def standing(status: Mapping[str, Any]) -> RunStanding:
    """Of the one run in `status`."""
    run = status["runs"][0]
    snapshots = [one for job in run["jobs"] for one in job["snapshots"]]
    now = stages(snapshots)
    mine = {str(name) for one in snapshots for name in (one["snapshot_id"], one["key"]) if name is not None}
    jobs = tuple(_line(job) for job in run["jobs"])
    return RunStanding(
        run_id=run["run_id"],
        name=run["name"],
        mode=status["mode"],
        status=run["status"],
        created_at=datetime.fromisoformat(run["created_at"]) if run["created_at"] else None,
        is_cancelled=run["cancelled_at"] is not None,
        # Rounded down: 100 % is said when everything has ended, not before.
        percent=100 * now.steps_done // now.steps_total if now.steps_total else 0,
        stages=now,
        finished=sum(_is_finished(one) for one in snapshots),
        total=len(snapshots),
        rows=sum(job.rows for job in jobs),
        rejects=sum(job.rejects for job in jobs),
        jobs=jobs,
        waiting=tuple((one["why"], one["command"]) for one in status["attention"] if str(one["id"]) in mine),
    )


def _line(job: Mapping[str, Any]) -> JobLine:
    snapshots = job["snapshots"]
    return JobLine(
        name=job["name"],
        status=job["status"],
        mark=MARKS[job["status"]],
        finished=sum(_is_finished(one) for one in snapshots),
        total=len(snapshots),
        rows=sum(one["rows"] or 0 for one in snapshots),
        rejects=sum(one[kind] or 0 for one in snapshots for kind in ("warnings", "errors", "malformed")),
        now=_now(snapshots),
        why=(*_reasons(snapshots), *filter(None, [misfits_said(snapshots)])),
    )


def _is_finished(snapshot: Mapping[str, Any]) -> bool:
    return BEHIND.get(S(snapshot["state"]), len(NAMES)) == len(NAMES)


def _now(snapshots: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(S(one["state"]) for one in snapshots)
    said = [f"{counts[state]} {words}" for state, words in WORDS.items() if counts[state]]
    reused = sum(bool(one["reused"]) for one in snapshots)
    return ", ".join([*said, *([f"{reused} of them of an earlier run, not paid again"] if reused else [])])


def _reasons(snapshots: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of snapshots that ended badly, or are asked again; each said once."""
    said = [" ".join(one["reason"].split()) for one in snapshots if one["reason"] and one["state"] != S.PUBLISHED]
    return list(dict.fromkeys(said))
