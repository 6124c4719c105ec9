"""The sweep takes what no manifest lists, and nothing else."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from workbench.errors import NeedsPerson
from workbench.workbench import Workbench

NOW = timedelta()
OLD = time.time() - 3 * 24 * 3600


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 100)
    os.utime(path, (OLD, OLD))
    return path


def everything(lake: Path) -> set[Path]:
    return {path for path in lake.rglob("*") if path.is_file()}


def test_published_files_stay(workbench: Workbench) -> None:
    workbench.keeping.compact()
    before = everything(workbench.settings.lake)

    workbench.keeping.sweep(older_than=NOW, dry=False)

    assert everything(workbench.settings.lake) == before


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(".staging/sd_1/work-1-2/part-00001.ndjson", id="of a step that was stopped"),
        pytest.param("Run/x.posts.parquet", id="of a step that was stopped between rename and commit"),
        pytest.param(".compact/posts/0000.parquet", id="of a compaction that was not swapped in"),
    ],
)
def test_litter_is_shown_first_and_removed_when_asked(workbench: Workbench, place: str) -> None:
    litter = put(workbench.settings.lake / place)

    shown = workbench.keeping.sweep()

    assert [one["path"] for one in shown["files"]] == [str(litter)]
    assert litter.exists()
    assert workbench.keeping.sweep(dry=False)["swept"]
    assert not litter.exists()


def test_what_is_young_may_be_somebodys(workbench: Workbench) -> None:
    young = put(workbench.settings.lake / ".staging/sd_1/part-00001.ndjson")
    os.utime(young)

    assert workbench.keeping.sweep()["files"] == []


def test_the_raw_file_of_a_snapshot_on_its_way_stays(workbench: Workbench) -> None:
    """Reprocessing puts a snapshot back to downloaded, where its raw file is all there is."""
    names = [row[0] for row in workbench.sql("SELECT snapshot_id FROM brightdata_snapshots").fetchall()]
    workbench.recover.reprocess(names)

    assert workbench.keeping.sweep(older_than=NOW)["files"] == []


def test_a_lake_of_strangers_is_left_for_a_person(workbench: Workbench) -> None:
    for number in range(50):
        put(workbench.settings.lake / f"Old run/{number}.parquet")

    with pytest.raises(NeedsPerson, match="in no manifest"):
        workbench.keeping.sweep(dry=False)

    assert len(list((workbench.settings.lake / "Old run").iterdir())) == 50
