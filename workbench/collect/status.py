"""How runs stand, in the words that people and their scripts use: pure functions of the ledger's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench.collect.model import SnapshotState, roll_up


def run_tree(runs: Iterable[Mapping[str, Any]], lake: Path) -> list[dict[str, Any]]:
    return [_run(run, lake) for run in runs]


def _run(run: Mapping[str, Any], lake: Path) -> dict[str, Any]:
    snapshots = [snapshot for job in run["jobs"] for snapshot in job["snapshots"]]
    return {
        "run_id": run["id"],
        "name": run["name"],
        "project": run["project"],
        "status": status_of(snapshots),
        "attention": next((one["attention"] for one in snapshots if one["attention"]), None),
        "created_at": _iso(run["created_at"]),
        "cancelled_at": _iso(run["cancelled_at"]),
        "folder": str(lake / run["folder"]),
        "rows": sum(one["row_count"] or 0 for one in snapshots),
        "jobs": [_job(job, lake) for job in run["jobs"]],
    }


def _job(job: Mapping[str, Any], lake: Path) -> dict[str, Any]:
    return {
        "job_id": job["id"],
        "name": job["name"],
        "platform": job["platform"],
        "service": job["service"],
        "status": status_of(job["snapshots"]),
        "folder": str(lake / job["folder"]),
        "snapshots": [{**_snapshot(one), "reused": one["job_id"] != job["id"]} for one in job["snapshots"]],
    }


def _snapshot(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "snapshot_id": row["provider_id"],
        "key": row["id"],
        "dataset_id": row["dataset_id"],
        "state": row["state"],
        "status": SnapshotState(row["state"]).info.word,
        "attention": row["attention"],
        "rows": row["row_count"],
        "warnings": row["warning_count"],
        "errors": row["error_count"],
        "malformed": row["malformed_count"],
        "misfits": row["misfits"] or {},
        "reason": row["reason"],
        "inputs": len(row["inputs"]),
        "bytes": (row["raw"] or {}).get("bytes"),
        "vendor_status": row["vendor_status"],
        "next_at": _iso(row["next_at"]),
        "progress": _progress(row),
    }


def misfits_said(snapshots: Iterable[Mapping[str, Any]]) -> str:
    """What of the values that were delivered did not fit its column, in a sentence; empty when all did."""
    found: dict[str, int] = {}
    for one in snapshots:
        for column, count in (one.get("misfits") or {}).items():
            found[column] = found.get(column, 0) + count
    if not found:
        return ""
    listed = ", ".join(f"{column} {count:,}" for column, count in sorted(found.items()))
    return f"values that fit no column and are NULL: {listed}. As they were sent: view records"


def _progress(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["progress_done"] is None:
        return None
    return {"done": row["progress_done"], "total": row["progress_total"], "text": row["progress_text"]}


def status_of(snapshots: Iterable[Mapping[str, Any]]) -> str:
    return str(roll_up(SnapshotState(one["state"]) for one in snapshots))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


_CURE: Final = {
    SnapshotState.UNSURE: (
        "the answer to the trigger was lost; it may be running and paid at Bright Data",
        "workbench recover resolve {key} --adopt ID | --absent | --abandon",
    ),
    SnapshotState.PLANNED: ("it was not sent", "workbench recover requeue {key}"),
    SnapshotState.DOWNLOADED: ("what came is not what is due", "workbench recover requeue {key}"),
    SnapshotState.STALLED: ("Bright Data did not finish in time", "workbench recover requeue {key}"),
    SnapshotState.QUARANTINED: ("it stopped its worker, or surprised it", "workbench recover requeue {key}"),
}


def expiring(rows: Iterable[Mapping[str, Any]], now: datetime, retention: timedelta) -> list[dict[str, Any]]:
    """What no worker has brought in yet and is soon gone, as entries of `todo`."""
    found = []
    for row in rows:
        days = ((row["expires_at"] or row["triggered_at"] + retention) - now) / timedelta(days=1)
        left = f"{days:.1f} days left at Bright Data" if days > 0 else "it may be gone at Bright Data"
        why = f"{left}, and it is not here yet: let a worker bring it in"
        name = row["provider_id"] or str(row["id"])
        found.append({"kind": "snapshot", "id": name, "why": why, "command": "workbench work --until-idle"})
    return found


def todo(waiting: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Everything that waits for a person: {kind, id, why, command}."""
    found = []
    for row in waiting:
        why, command = _CURE.get(SnapshotState(row["state"]), ("it waits for a person", "workbench status {run}"))
        said = f"{why}: {' '.join(row['reason'].split())[:600]}" if row["reason"] else why
        name = row["provider_id"] or str(row["id"])
        found.append(
            {"kind": "snapshot", "id": name, "why": said, "command": command.format(run=row["run_id"], key=row["id"])}
        )
    return found
