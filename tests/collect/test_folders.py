"""collect/folders.py: names that people can read and no system refuses, and a note where no rows are."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from workbench.collect.folders import NOTE, job_folder, run_folder, tree, write_notes
from workbench.collect.model import SnapshotState

DAY = date(2025, 8, 5)
HOSTILE = [
    pytest.param("../../etc/passwd", id="up and away"),
    pytest.param("/absolute", id="absolute"),
    pytest.param("..", id="dots"),
    pytest.param("", id="nothing"),
    pytest.param("   ", id="spaces"),
    pytest.param("a/b\\c:d*e?f|g<h>i", id="separators and signs of other systems"),
    pytest.param("CON", id="a reserved name"),
    pytest.param("nul.txt", id="a reserved name with a suffix"),
    pytest.param("x" * 400, id="too long"),
    pytest.param("名" * 200, id="too long in bytes"),
    pytest.param("Кампания «Весна» 🌸", id="letters of the world"),
    pytest.param("line\nbreak\ttab", id="control characters"),
    pytest.param("nul\x00byte", id="a NUL"),
    pytest.param("\u202egnp.exe", id="a direction override"),
    pytest.param("{id6}", id="our own placeholder"),
    pytest.param("{0}{name}%s", id="somebody's placeholders"),
    pytest.param("\udcff", id="a surrogate"),
    pytest.param(".hidden", id="a hidden name"),
    pytest.param("ends with a dot.", id="a dot at the end"),
]


def test_a_job_folder_as_the_team_knows_it() -> None:
    assert job_folder("instagram", "posts", DAY, "Batch Job - instagram - posts") == (
        "Instagram/posts/Instagram_POSTS_2025-08-05_Batch Job - instagram - posts"
    )


def test_a_run_folder_waits_for_the_runs_id() -> None:
    assert run_folder("Spring", DAY) == "Spring_2025-08-05_{id6}"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_inside_and_can_be_made(tmp_path: Path, name: str) -> None:
    run = run_folder(name, DAY).replace("{id6}", "abc123")
    folder = tmp_path / run / job_folder("instagram", "posts", DAY, f"{name} - instagram - posts")
    folder.mkdir(parents=True)
    (folder / ("s" * 60 + ".posts.parquet")).touch()

    assert len(Path(run).parts) == 1
    assert folder.resolve().is_relative_to(tmp_path.resolve())
    assert folder.resolve().relative_to(tmp_path.resolve()).parts[1:3] == ("Instagram", "posts")
    assert run.endswith("_2025-08-05_abc123")


def a_job(*states: str, folder: str = "Run/Instagram/posts/Job", **more: Any) -> dict[str, Any]:
    snapshots = [
        {
            "state": state, "reason": None, "provider_id": f"sd_{n}", "job_id": "j1", "row_count": 2,
            "warning_count": 1, "error_count": 1, "malformed_count": 0, **more,
        }
        for n, state in enumerate(states)
    ]  # fmt: skip
    return {"id": "j1", "folder": folder, "platform": "instagram", "service": "posts", "snapshots": snapshots}


def note(lake: Path) -> str | None:
    path = lake / "Run/Instagram/posts/Job" / NOTE
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize("state", [state for state in SnapshotState if state != SnapshotState.PUBLISHED])
def test_a_folder_without_rows_says_why(tmp_path: Path, state: SnapshotState) -> None:
    write_notes(tmp_path, [a_job(state)])

    assert f"snapshot sd_0: {state}." in (note(tmp_path) or "")


def test_the_vendors_words_are_in_the_note_on_one_line(tmp_path: Path) -> None:
    write_notes(tmp_path, [a_job("failed", reason="Collection failed:\n  blocked")])

    assert "snapshot sd_0: failed. Collection failed: blocked\n" in (note(tmp_path) or "")


def test_the_note_goes_when_rows_come(tmp_path: Path) -> None:
    write_notes(tmp_path, [a_job("triggered")])
    write_notes(tmp_path, [a_job("published", "failed")])

    assert note(tmp_path) is None


@pytest.mark.parametrize(
    ("states", "head"),
    [
        pytest.param(("triggered", "failed"), "No rows yet.", id="one is on its way"),
        pytest.param(("failed", "empty"), "No rows came.", id="all are over"),
        pytest.param(("unsure",), "No rows yet.", id="unsure is not over"),
    ],
)
def test_the_note_says_whether_there_is_hope(tmp_path: Path, states: tuple[str, ...], head: str) -> None:
    write_notes(tmp_path, [a_job(*states)])

    assert (note(tmp_path) or "").startswith(head)


def test_an_unchanged_note_is_not_written_again(tmp_path: Path) -> None:
    write_notes(tmp_path, [a_job("triggered")])
    path = tmp_path / "Run/Instagram/posts/Job" / NOTE
    before = path.stat().st_ino
    write_notes(tmp_path, [a_job("triggered")])

    assert path.stat().st_ino == before


def test_the_tree_counts_rows_and_rejects(tmp_path: Path) -> None:
    job = a_job("published", "published")
    (tmp_path / job["folder"]).mkdir(parents=True)
    (tmp_path / job["folder"] / "b.parquet").touch()
    run = {"id": "r1", "name": "Spring", "folder": "Run", "jobs": [job]}
    ((leaf,),) = [one["platforms"]["Instagram"]["posts"] for one in tree(tmp_path, [run])]

    assert (leaf["rows"], leaf["rejects"], leaf["snapshots"], leaf["files"]) == (4, 4, 2, ["b.parquet"])


def test_a_reused_snapshot_says_where_its_rows_are(tmp_path: Path) -> None:
    write_notes(tmp_path, [a_job("published", job_id="another", home_folder="Older/Instagram/posts/Job")])

    assert "Reused, not paid again: its rows are in Older/Instagram/posts/Job" in (note(tmp_path) or "")
