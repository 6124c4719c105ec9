"""redacted → sealed: the directory of one execution, written once, with the hash of every file in it.

It is built beside its final place and renamed: a half-written archive never appears. Then files are 0444 and
the directory 0555, against accidents; whoever wants to forge it is answered by the chain of manifests.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workbench.errors import BadInput
from workbench.files import fsync_dir, make_folder, remove_tree, write_bytes

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"


def canonical(value: Any) -> bytes:
    """One spelling of the same facts, so that their hash means something."""
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def seal(folder: Path, files: Mapping[str, bytes], record: Mapping[str, Any], facts: Mapping[str, Any]) -> Path:
    """Write `files` and their manifest as `folder`; return the manifest's path.

    `facts` is what only the caller knows: `effects` (what was done outside) and `previous` (the hash of the
    manifest sealed before it).
    """
    manifest = {
        "format": FORMAT,
        **record,
        "effects": list(facts.get("effects", ())),
        "previous": facts.get("previous"),
        "files": {name: _fingerprint(data) for name, data in files.items()},
    }
    if folder.exists():
        raise BadInput(f"{folder} exists already; an execution is sealed once.")
    make_folder(folder.parent)
    beside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.sealing")
    beside.mkdir()
    try:
        for name, data in {**files, MANIFEST: canonical(manifest)}.items():
            write_bytes(beside / name, data)
            (beside / name).chmod(0o444)
        beside.rename(folder)
    except BaseException:
        remove_tree(beside)
        raise
    folder.chmod(0o555)
    fsync_dir(folder.parent)
    return folder / MANIFEST


def _fingerprint(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
