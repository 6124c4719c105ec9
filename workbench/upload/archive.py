"""recorded → archived: a verified copy in the archive first, the ledger's word for it, and only then the source goes.

Every moment of it may be the last one: the next visit sees by what is where how far it came.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.engine.flow import Move, Stay, Yielded
from workbench.errors import BadInput, Fault, NeedsPerson
from workbench.files import CHUNK, is_running
from workbench.upload.model import Upload, UploadState
from workbench.upload.paths import MissingPath, folder_below, open_below, parts_of
from workbench.upload.tools import UploadTools

_FOLDERS: Final = {
    "native_rollover": "Native/Video", "native_static": "Native/Image", "static": "Image", "video": "Video",
    "in_stream": "Video",
}  # fmt: skip
# Both halves of a pair have their ids, and whole copies, before the source of either goes.
_CONFIRMED: Final = frozenset({UploadState.RECORDED, UploadState.ARCHIVED})


def move(upload: Upload, tools: UploadTools) -> Iterator[Yielded]:
    other = tools.view.other_half(upload)
    if other is not None and (other.state not in _CONFIRMED or other.attention is not None):
        yield _rest(other)
        return
    target = upload.archive_path or place_of(upload, tools.view.batch_folder(upload.batch_id))
    _tidy(tools.archive / target)
    if upload.archive_path is None:
        _copied(tools.creatives, upload.path, tools.archive, target, _sha(upload))
        # The copy is whole and durable. Its place is committed first; the source goes in the next visit.
        yield Stay(after=timedelta(), values={"archive_path": target})
        return
    if other is not None and other.archive_path is None:
        tools.wake(other.id)  # it may rest because of us
        yield Stay(after=tools.poll)
        return
    _remove(tools.creatives, upload.path, tools.archive, target, _sha(upload))
    yield Move(to=UploadState.ARCHIVED, values={"archived_at": tools.now()})


def _rest(other: Upload) -> Move:
    """Not due until the other half wakes it, or a person has decided about that one."""
    reason = f"stays where it is: its other half, {other.name}, is {other.state}"
    return Move(to=UploadState.RECORDED, reason=reason, values={"next_at": None})


def place_of(upload: Upload, folder: str) -> str:
    return f"{folder}/{_FOLDERS[upload.tab]}/{upload.name}"


def _sha(upload: Upload) -> str:
    if upload.sha256 is None:
        raise NeedsPerson(f"nobody knows the hash of {upload.name} as it was uploaded; it is not archived.")
    return upload.sha256


def _copied(root: Path, source: str, archive: Path, target: str, sha256: str) -> None:
    """Make sure that the archive has the file, whole; what is there already and equal will do."""
    there = _found(archive, target)
    here = _found(root, source)
    if there == sha256:
        return
    if there is not None:
        raise NeedsPerson(
            f"{target} is in the archive already with other bytes; nothing was moved. Look at both, take one away, "
            "then: workbench upload retry"
        )
    if here is None:
        raise NeedsPerson(f"ALARM: {source} is gone, and it is not in the archive ({target}). Look for it at once.")
    if here != sha256:
        raise NeedsPerson(
            f"{source} is not the file that was uploaded: it was changed since. It is not archived.",
            fault=Fault(kind="file_changed"),
        )
    try:
        _copy(root, source, archive, target, sha256)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        raise NeedsPerson(
            f"the archive {archive} takes no more ({error.strerror}); {source} lies where it was. Make room, then: "
            "workbench upload retry",
            fault=Fault(kind="environment"),
        ) from error


def _copy(root: Path, source: str, archive: Path, target: str, sha256: str) -> None:
    *folders, name = PurePosixPath(target).parts
    archive.mkdir(parents=True, exist_ok=True)
    with folder_below(archive, tuple(folders), make=True) as folder:
        beside = f".{os.getpid()}-{uuid.uuid4().hex}.tmp"
        try:
            _write(root, source, folder, beside)
            with os.fdopen(os.open(beside, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise OSError(errno.EIO, "the copy differs from what was read", target)
            with contextlib.suppress(FileExistsError):  # somebody was as fast; the next look compares
                os.link(beside, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
        os.fsync(folder)
    for depth in range(len(folders) + 1):
        with folder_below(archive, tuple(folders[:depth])) as folder:
            os.fsync(folder)


def _tidy(target: Path) -> None:
    """Half copies of processes that died over them."""
    for left in target.parent.glob(".*-*.tmp"):
        owner = left.name[1:].partition("-")[0]
        if owner.isdecimal() and not is_running(int(owner)):
            left.unlink(missing_ok=True)


def _write(root: Path, source: str, folder: int, name: str) -> None:
    out = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    with os.fdopen(out, "wb") as copy, os.fdopen(open_below(root, source), "rb") as file:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())


def _remove(root: Path, source: str, archive: Path, target: str, sha256: str) -> None:
    """Take the source away, once the copy is proved again from the disk."""
    if _found(archive, target) != sha256:
        raise NeedsPerson(f"ALARM: the archive's {target} is not what was put there; {source} is left where it is.")
    here = _found(root, source)
    if here is None:
        return
    if here != sha256:
        raise NeedsPerson(
            f"{source} was changed since it was uploaded; the archive has the uploaded one. Look at it by hand, then: "
            "workbench upload retry",
            fault=Fault(kind="file_changed"),
        )
    *folders, name = parts_of(source)
    with folder_below(root, tuple(folders)) as folder:
        if stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)


def _found(root: Path, path: str) -> str | None:
    """The hash of a file; None where there is none."""
    try:
        with os.fdopen(open_below(root, path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (MissingPath, FileNotFoundError):
        return None
    except BadInput as error:
        raise NeedsPerson(f"{error.message} It is not archived.", fault=Fault(kind="file_changed")) from error
