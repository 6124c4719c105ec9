"""What the tests of the tables share: bodies in, staged tables out; and a house with two published runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.house import House
from workbench.lake.attribute import SourceRef
from workbench.lake.raw import store_raw
from workbench.lake.transform import Staged, TransformOrder, transform
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

POSTS = {
    "post_id": ("post_id", "pk"),
    "url": ("url",),
    "author": ("user_posted",),
    "text": ("description",),
    "published_at": ("date_posted",),
    "like_count": ("likes",),
    "comment_count": ("num_comments",),
    "view_count": ("stats.views", "views"),
    "share_count": (),
    "hashtags": ("hashtags",),
    "media_urls": ("photos", "videos"),
}
SOURCE = SourceRef(7, "https://www.instagram.com/duba", "Duba", "spring", {"url": "https://www.instagram.com/duba"})


@pytest.fixture
def order() -> Callable[..., TransformOrder]:
    def order(kind: str = "posts", columns: Mapping[str, Sequence[str]] = POSTS, **changed: Any) -> TransformOrder:
        constants = {
            "platform": "instagram", "service": kind, "run_id": "r1", "job_id": "j1", "snapshot_id": "sd_1",
            "dataset_id": "gd_1",
        }  # fmt: skip
        given = {"sources": (SOURCE,), "match_keys": ("url",), "constants": constants, **changed}
        return TransformOrder(kind=kind, columns={name: tuple(paths) for name, paths in columns.items()}, **given)

    return order


@pytest.fixture
def stage(tmp_path: Path, order: Callable[..., TransformOrder]) -> Callable[..., Any]:
    """Rows or bytes → what transform made of them, with the tables read back."""
    made: list[Path] = []

    def stage(body: bytes | Sequence[Any], *, kind: str = "posts", **changed: Any) -> Any:
        folder = tmp_path / f"stage{len(made)}"
        folder.mkdir()
        made.append(folder)
        data = body if isinstance(body, bytes) else b"".join(json.dumps(row).encode() + b"\n" for row in body)
        (folder / "part").write_bytes(data)
        raw = store_raw([folder / "part"], folder / "raw.ndjson.zst")
        return read(transform(raw.path, order(kind, **changed), folder / "out", counted=raw.body), kind)

    return stage


def read(staged: Staged, kind: str) -> Any:
    files = {file.kind: file for file in staged.files}
    return SimpleNamespace(
        staged=staged,
        files=files,
        rows=pq.read_table(files[kind].path).to_pylist() if kind in files else [],
        rejects=pq.read_table(files["rejects"].path).to_pylist() if "rejects" in files else [],
    )


# a house ----------------------------------------------------------------------------------------------

READY = {"ready_after_seconds": 0}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a home and of its vendor, at rest: made once, and a copy of it for every test."""
    folder = tmp_path_factory.mktemp("published")
    with Sandbox(folder / "sandbox", seed=7, switches=READY) as sandbox:
        house = House(folder / "home", sandbox)
        for names in (["tea"], ["rain"]):
            house.start(names)
        with house.open() as workbench:
            workbench.work()
    return folder


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """With the two runs where the test asks for `workbench`, else new."""
    if "workbench" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("published"), tmp_path, dirs_exist_ok=True)
    with Sandbox(tmp_path / "sandbox", seed=7, switches=READY) as sandbox:
        yield House(tmp_path / "home", sandbox)


@pytest.fixture
def workbench(house: House) -> Iterator[Workbench]:
    with house.open() as workbench:
        workbench.sql("SELECT count(*) FROM runs")  # its tables are open, as they were for whoever published them
        yield workbench
