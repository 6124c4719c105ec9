"""What the tests of the tables share: bodies in, staged tables out, and the samples of real rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from workbench.lake.attribute import SourceRef
from workbench.lake.raw import store_raw
from workbench.lake.transform import Staged, TransformOrder, transform

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


@pytest.fixture(scope="session")
def samples() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip(f"the vendor's sample rows are not here ({folder})")
    return folder


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
