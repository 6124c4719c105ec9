"""Files below a root, opened without ever following a symbolic link: what was checked is what is read."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from workbench.errors import BadInput, Fault, Permanent


class MissingPath(Permanent):
    """The file is not there."""


def parts_of(relative: str) -> tuple[str, ...]:
    """The names on the way; BadInput for a path that could leave its root."""
    path = PurePosixPath(relative.replace("\\", "/"))
    if not relative.strip() or path.is_absolute() or ".." in path.parts or "\x00" in relative or not path.parts:
        raise BadInput(f"the path {relative!r} leaves the creatives' folder; give one below it.")
    return path.parts


@contextlib.contextmanager
def folder_below(root: Path, names: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder `names` below `root`."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=fd)
            deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = deeper
        yield fd
    finally:
        os.close(fd)


def open_below(root: Path, relative: str) -> int:
    """A descriptor of a regular file; Missing, or BadInput where a link is in the way."""
    *folders, name = parts_of(relative)
    try:
        with folder_below(root, tuple(folders)) as folder:
            # Not blocking: somebody may have put a pipe there, which would keep us waiting for ever.
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError as error:
        raise MissingPath(f"{relative} is not there", fault=Fault(kind="file_missing")) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise BadInput(
                f"{relative} is, or lies behind, a symbolic link or no folder; links are not followed. Put the file "
                "itself there.",
                fault=Fault(kind="file_changed"),
            ) from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise BadInput(f"{relative} is no ordinary file.", fault=Fault(kind="file_changed"))
    return fd
