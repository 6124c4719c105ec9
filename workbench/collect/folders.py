"""The tree that people open: what folders are called, and a note wherever one has no rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from workbench.collect.model import SnapshotState
from workbench.files import make_folder, safe_name, write_text

NOTE: Final = "NOTE.txt"
DISPLAY: Final = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "x": "X",
}


def run_folder(name: str, day: date) -> str:
    """``<run name>_<YYYY-MM-DD>_<id6>``; the six signs of the run's id are filled in when it starts."""
    return f"{safe_name(name.replace('{id6}', ''), fallback='Run')}_{day.isoformat()}_{{id6}}"


def job_folder(platform: str, service: str, day: date, job_name: str) -> str:
    """``<Platform>/<service>/<Platform>_<SERVICE>_<date>_<job>``."""
    shown = DISPLAY.get(platform, safe_name(platform).capitalize())
    leaf = safe_name(f"{shown}_{service.upper()}_{day.isoformat()}_{job_name}")
    return f"{shown}/{safe_name(service)}/{leaf}"


def write_notes(lake: Path, jobs: Iterable[Mapping[str, Any]]) -> None:
    """Make every job's folder; one without rows holds a note that says why, which goes when rows come."""
    for job in jobs:
        folder = make_folder(lake / job["folder"])
        note = folder / NOTE
        text = _why_no_rows(job["id"], list(job["snapshots"]))
        if text is None:
            note.unlink(missing_ok=True)
        elif not note.exists() or note.read_text() != text:
            write_text(note, text)


def _why_no_rows(job_id: str, snapshots: list[Mapping[str, Any]]) -> str | None:
    """None as soon as one snapshot has rows in the folder."""
    lines = []
    for snapshot in snapshots:
        is_reused = snapshot["job_id"] != job_id
        if snapshot["state"] == SnapshotState.PUBLISHED and not is_reused:
            return None
        said = snapshot["reason"] or SnapshotState(snapshot["state"]).info.means
        name = snapshot["provider_id"] or "not sent yet"
        where = f" Reused, not paid again: its rows are in {snapshot['home_folder']}" if is_reused else ""
        lines.append(f"snapshot {name}: {snapshot['state']}. {_one_line(said)}{where}")
    unfinished = any(SnapshotState(snapshot["state"]).info.goes_on for snapshot in snapshots)
    head = "No rows yet." if unfinished else "No rows came."
    if snapshots and all(snapshot["job_id"] != job_id for snapshot in snapshots):
        head = "No rows here: younger runs had asked the same."
    return "\n".join([head, "", *lines, "", "What each state means and what to do: docs/operating.md", ""])


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]


def tree(lake: Path, runs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs → platforms → services → jobs, with counts: what `workbench folders` prints and notebooks draw."""
    found = []
    for run in runs:
        platforms: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for job in run["jobs"]:
            shown = DISPLAY.get(job["platform"], job["platform"])
            platforms.setdefault(shown, {}).setdefault(job["service"], []).append(_job(lake, job))
        found.append({"run_id": run["id"], "name": run["name"], "folder": run["folder"], "platforms": platforms})
    return found


def _job(lake: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    folder = lake / job["folder"]
    files = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    counts = {
        name: sum(snapshot[f"{name[:-1]}_count"] or 0 for snapshot in job["snapshots"])
        for name in ("rows", "warnings", "errors", "malformeds")
    }
    return {
        "job_id": job["id"],
        "folder": job["folder"],
        "rows": counts["rows"],
        "rejects": counts["warnings"] + counts["errors"] + counts["malformeds"],
        "snapshots": len(job["snapshots"]),
        "files": files,
    }
