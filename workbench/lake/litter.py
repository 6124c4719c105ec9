"""What may be swept from the lake, and copying it whole: pure work on files, told what the ledger knows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from workbench.files import LAKE_ID, make_folder, sha256_of, written_beside

STAGING: Final = ".staging"
KEPT: Final = {"NOTE.txt", LAKE_ID}  # in no manifest, and no litter
_MOST_AT_ONCE: Final = 0.2  # of the lake's files: more is a mistake of somebody's, not litter


@dataclass(frozen=True)
class Litter:
    path: Path
    bytes: int
    why: str


def litter(lake: Path, listed: Collection[str], *, older_than: timedelta) -> list[Litter]:
    """Files of the lake that no manifest lists and nobody has touched for a while. `listed` is relative to the lake."""
    before = time.time() - older_than.total_seconds()
    known = set(listed)
    found = []
    for path in _files(lake):
        status = path.stat()
        if status.st_mtime > before or path.relative_to(lake).as_posix() in known or path.name in KEPT:
            continue
        why = "left by a step that was stopped" if STAGING in path.parts else "in no manifest"
        found.append(Litter(path, status.st_size, why))
    return found


def is_too_much(found: Collection[Litter], listed: Collection[str]) -> bool:
    """Whether so much would go that somebody should look first."""
    orphans = [one for one in found if STAGING not in one.path.parts]
    return len(orphans) > max(10, _MOST_AT_ONCE * (len(listed) + len(orphans)))


def sweep(lake: Path, found: Collection[Litter]) -> int:
    """Remove what `litter` found, and folders that are empty then; bytes that came free."""
    for one in found:
        one.path.unlink(missing_ok=True)
    for folder in sorted({one.path.parent for one in found}, key=lambda path: -len(path.parts)):
        while folder != lake and folder.is_dir() and not any(folder.iterdir()) and STAGING in folder.parts:
            folder.rmdir()
            folder = folder.parent  # noqa: PLW2901 - climbing
    return sum(one.bytes for one in found)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def copy_verified(source: Path, target: Path, sha256: str | None) -> bool:
    """Copy a file unless the target is already the same; False when the source is not what the ledger says."""
    if target.is_file() and sha256 is not None and sha256_of(target) == sha256:
        return True
    if not source.is_file() or (sha256 is not None and sha256_of(source) != sha256):
        return False
    make_folder(target.parent)
    with source.open("rb") as file, written_beside(target) as copy:
        shutil.copyfileobj(file, copy, 1 << 20)
    return True


def copy_tree(source: Path, target: Path) -> int:
    """Copy a small folder whole (inputs, sealed reports); how many files."""
    if not source.is_dir():
        return 0
    number = 0
    for path in _files(source):
        copy_verified(path, target / path.relative_to(source), None)
        number += 1
    return number
