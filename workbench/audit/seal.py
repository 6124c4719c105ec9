"""redacted → sealed: the directory of one execution, written once, with the hash of every file in it.

It is built beside its final place and renamed: a half-written archive never appears. Then files are 0444 and
the directory 0555, against accidents; whoever wants to forge it is answered by the chain of manifests (chain.py).
"""

from __future__ import annotations

import glob
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from workbench.audit.verify_archive import MANIFEST
from workbench.errors import BadInput
from workbench.files import fsync_dir, make_folder, remove_tree, write_bytes

FORMAT: Final = 2  # 1 had no place in a chain

Seal = Callable[[Path, Mapping[str, bytes], Mapping[str, Any]], Path]


def canonical(value: Any) -> bytes:
    """One spelling of the same facts, so that their hash means something."""
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def manifest_of(files: Mapping[str, bytes], record: Mapping[str, Any], link: Mapping[str, Any]) -> bytes:
    """The manifest of `files`: `record` says what was executed, `link` where it stands in the chain."""
    fingerprints = {name: _fingerprint(data) for name, data in files.items()}
    return canonical({"format": FORMAT, **record, **link, "files": fingerprints})


def seal(folder: Path, files: Mapping[str, bytes], record: Mapping[str, Any]) -> Path:
    """Write `files` and their manifest as `folder`, outside of any chain; return the manifest's path."""
    return write_sealed(folder, files, manifest_of(files, record, {}))


def write_sealed(folder: Path, files: Mapping[str, bytes], manifest: bytes) -> Path:
    """Write `files` and `manifest` as `folder`, whole or not at all; return the manifest's path."""
    if folder.exists():
        raise BadInput(f"{folder} exists already; an execution is sealed once.")
    make_folder(folder.parent)
    beside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.sealing")
    beside.mkdir()
    try:
        for name, data in {**files, MANIFEST: manifest}.items():
            write_bytes(beside / name, data)
            (beside / name).chmod(0o444)
        beside.rename(folder)
    except BaseException:
        remove_tree(beside)
        raise
    folder.chmod(0o555)
    fsync_dir(folder.parent)
    return folder / MANIFEST


def forget_unsealed(folder: Path) -> None:
    """Remove what a sealer that was killed had written beside `folder`."""
    for beside in folder.parent.glob(f".{glob.escape(folder.name)}.*.sealing"):
        remove_tree(beside)


def remove_sealed(folder: Path) -> None:
    """Take a sealed folder away: at once under its name, then file by file."""
    beside = folder.with_name(f".{folder.name}.removing")
    if folder.exists():
        folder.chmod(0o755)
        folder.rename(beside)
        fsync_dir(folder.parent)
    remove_tree(beside)


def _fingerprint(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
