"""upload/archive.py: every moment may be the last one; what is where says how far it came."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.engine.flow import Move, Stay
from workbench.errors import NeedsPerson
from workbench.upload.archive import move
from workbench.upload.model import Upload, UploadState

BYTES = b"bytes of a creative" * 9999
SHA = hashlib.sha256(BYTES).hexdigest()
PLACE = "batch_001-2025-11-12/Image/x.png"


def an_upload(**values: Any) -> Upload:
    return Upload(
        **{
            "id": 1, "state": UploadState.RECORDED, "batch_id": "batch_001", "account_id": 1, "creative_id": 1,
            "unique_id": "ID-AAAAAAA1", "part": "", "native_pair_id": None, "path": "uploaded/x.png", "name": "x.png",
            "platform": "tj", "slot": "static", "tab": "static", "generation": 1, "sha256": SHA, **values,
        }
    )  # fmt: skip


class Place:
    def __init__(self, folder: Path) -> None:
        self.source = folder / "creatives" / "uploaded" / "x.png"
        self.target = folder / "archive" / PLACE
        self.source.parent.mkdir(parents=True)
        self.other: Upload | None = None
        self.woken: list[int] = []
        view = SimpleNamespace(other_half=lambda _: self.other, batch_folder=lambda _: "batch_001-2025-11-12")
        self.tools: Any = SimpleNamespace(
            creatives=folder / "creatives", archive=folder / "archive", view=view, poll=timedelta(seconds=1),
            now=lambda: datetime.now(UTC), wake=self.woken.append,
        )  # fmt: skip

    def have(self, source: bytes | None, target: bytes | None) -> None:
        for path, data in ((self.source, source), (self.target, target)):
            if data is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def run(self, upload: Upload) -> Any:
        (said,) = list(move(upload, self.tools))
        return said


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_is_copied_then_committed_then_removed(place: Place) -> None:
    place.have(BYTES, None)
    first = place.run(an_upload())
    assert isinstance(first, Stay)
    assert first.values == {"archive_path": PLACE}
    assert place.source.exists()
    assert place.target.read_bytes() == BYTES

    second = place.run(an_upload(archive_path=PLACE))
    assert isinstance(second, Move)
    assert second.to == UploadState.ARCHIVED
    assert not place.source.exists()
    assert list(place.target.parent.iterdir()) == [place.target]


@pytest.mark.parametrize(
    ("source", "target", "archived", "said"),
    [
        pytest.param(BYTES, BYTES, False, None, id="both, equal: nothing to copy"),
        pytest.param(None, BYTES, False, None, id="only in the archive: commit"),
        pytest.param(None, BYTES, True, None, id="only in the archive, and committed: done"),
        pytest.param(BYTES, b"other", False, "other bytes", id="both, different"),
        pytest.param(None, None, False, "ALARM", id="nowhere"),
        pytest.param(b"changed", None, False, "changed since", id="the source was changed before"),
        pytest.param(b"changed", BYTES, True, "changed since", id="the source was changed after"),
        pytest.param(BYTES, b"other", True, "ALARM", id="the copy was changed"),
    ],
)
def test_what_is_where_decides(
    place: Place, source: bytes | None, target: bytes | None, archived: bool, said: str | None
) -> None:
    place.have(source, target)
    upload = an_upload(archive_path=PLACE if archived else None)
    if said is None:
        place.run(upload)
        return

    with pytest.raises(NeedsPerson, match=said):
        place.run(upload)
    assert place.source.exists() == (source is not None)
    assert place.target.exists() == (target is not None)


def test_a_full_disk_leaves_everything_where_it_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.have(BYTES, None)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", lambda *_, **__: full())
    with pytest.raises(NeedsPerson, match="takes no more"):
        place.run(an_upload())

    assert place.source.read_bytes() == BYTES
    assert list(place.target.parent.iterdir()) == []


def test_a_link_in_the_way_is_not_followed(place: Place, tmp_path: Path) -> None:
    place.have(BYTES, None)
    (tmp_path / "archive").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "archive" / "batch_001-2025-11-12").symlink_to(tmp_path / "elsewhere")

    with pytest.raises((NeedsPerson, OSError)):
        place.run(an_upload())
    assert place.source.exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("state", "moves"),
    [("recorded", True), ("archived", True), ("sent", False), ("unsure", False), ("failed", False)],
)
def test_a_half_goes_with_its_other_half(place: Place, state: str, moves: bool) -> None:
    place.have(BYTES, None)
    half = an_upload(part="IMG", native_pair_id="ID-AAAAAAA1", slot="native", tab="native_static")
    place.other = replace(half, id=2, part="VID", state=UploadState(state))
    said = place.run(half)

    assert ((place.tools.archive / "batch_001-2025-11-12").exists()) is moves
    if not moves:
        assert (said.to, said.values) == (UploadState.RECORDED, {"next_at": None})


def test_no_source_goes_before_both_halves_are_copied(place: Place) -> None:
    place.have(BYTES, BYTES)
    half = an_upload(part="IMG", native_pair_id="ID-AAAAAAA1", slot="native", tab="native_static", archive_path=PLACE)
    place.other = replace(half, id=2, part="VID", archive_path=None)
    first = place.run(half)
    assert isinstance(first, Stay)
    assert place.woken == [2]
    assert place.source.exists()

    place.other = replace(place.other, archive_path="batch_001-2025-11-12/Native/Video/x.mp4")
    assert place.run(half).to == UploadState.ARCHIVED
    assert not place.source.exists()
