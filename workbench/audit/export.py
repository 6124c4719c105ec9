"""A report for somebody who has nothing of ours: its folder, its evidence, its chain, and what proves them."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from workbench.audit import verify_archive
from workbench.audit.seal import canonical
from workbench.audit.verify_archive import EVIDENCE, EXPORT, MANIFEST
from workbench.errors import BadInput
from workbench.files import fsync_dir, inside, make_folder, remove_tree

_README: Final = """This folder has one report of an executed notebook, and what proves it.

{place}/report.html   open it in any browser
evidence/   what the report's effects name, as far as it was still kept
the other folders   manifests of what was sealed afterwards: each names the one before it

To check it: python3 verify_archive.py . --anchor ANCHOR
ANCHOR is a file that the owner of the archive has kept elsewhere since (workbench audit anchor).
"""


def exported(reports: Path, data: Path, target: Path, place: str, after: Sequence[str]) -> dict[str, Any]:
    """Write the bundle as `target`, whole or not at all; `after`: the places of what was sealed after `place`."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput(f"{target} is there already; give a folder that is new or empty.")
    make_folder(target.parent)
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.exporting")
    try:
        _copy(reports / place, beside / place)
        for one in after:
            if (reports / one / MANIFEST).is_file():  # else it was removed, and its tombstone is on the list
                _copy(reports / one / MANIFEST, beside / one / MANIFEST)
        kept, gone = _evidence(reports / place, data, beside)
        _copy(Path(verify_archive.__file__), beside / "verify_archive.py")
        (beside / EXPORT).write_bytes(canonical({"format": 1, "places": [place]}))
        (beside / "README.txt").write_text(_README.format(place=place), encoding="utf-8")
        if target.exists():
            target.rmdir()
        beside.rename(target)
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        remove_tree(beside)
    fsync_dir(target.parent)
    return {"folder": str(target), "report": str(target / place / "report.html"), "evidence": kept, "missing": gone}


def _evidence(report: Path, data: Path, beside: Path) -> tuple[list[str], list[str]]:
    kept, gone = [], []
    for one in json.loads((report / MANIFEST).read_bytes()).get("effects", ()):
        name = one.get("evidence")
        if not name or name in kept:
            continue
        if (file := inside(data, name)).is_file():
            _copy(file, beside / EVIDENCE / name)
            kept.append(name)
        else:
            gone.append(name)
    return kept, gone


def _copy(source: Path, target: Path) -> None:
    make_folder(target.parent)
    if source.is_dir():
        target.mkdir()
        for one in source.iterdir():
            shutil.copyfile(one, target / one.name)
    else:
        shutil.copyfile(source, target)
