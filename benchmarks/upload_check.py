"""Looking into creatives offline: the whole check, beside what reading every byte once costs alone."""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.results import Contender, Figure, Ratio
from workbench.upload import samples
from workbench.upload.check import check
from workbench.upload.gather import from_folder

AIM_SECONDS = 20.0  # for 500 files on two cores
FILES = {"small": 12, "usual": 500, "full": 2_000}
_MIX = 4  # banner, in-stream film, and the halves of a pair


def run(size: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _make(root, FILES[size])
        checked = _seconds(lambda: _check(root, FILES[size]))
        read = _seconds(lambda: _read(root))
    yield Figure(
        name="upload-check",
        title=f"Offline check of {FILES[size]} creatives",
        contenders=(
            Contender("workbench: type, size, length, pairs, hash", {"wall s": checked}),
            Contender("reading and hashing alone, one process", {"wall s": read}),
        ),
        ratios=(Ratio("seconds for 500 files", checked * 500 / FILES[size], AIM_SECONDS),),
        drawn="wall s",
        words="Banners, in-stream films of 20 s and native pairs, in equal parts. Every file is opened in a process "
        "with limits, decoded (pictures) or demuxed to its end (films), and hashed; no network is used.",
    )


def _make(root: Path, number: int) -> None:
    """A few different ones, copied: making them is not what is measured."""
    base = root / "base"
    made = (
        samples.picture(base / "b.png", (970, 90)),
        samples.film(base / "s.mp4", (640, 480), 20, sound=True),
        samples.film(base / "v.mp4"),
        samples.picture(base / "i.png", (640, 360)),
    )
    for each in range(number // _MIX):
        names = (
            f"B_ID-{each:07X}A.png",
            f"S_ID-{each:07X}B.mp4",
            f"V_ID-{each:07X}C-VID.mp4",
            f"I_ID-{each:07X}C-IMG.png",
        )
        for path, name in zip(made, names, strict=True):
            target = root / "uploaded" / name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
    shutil.rmtree(base)


def _check(root: Path, number: int) -> None:
    found = check(root, from_folder(root))
    assert len(found) == number // _MIX * _MIX
    assert not [one for one in found if one.verdict != "ok"]


def _read(root: Path) -> None:
    for path in (root / "uploaded").iterdir():
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
