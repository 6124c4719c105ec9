"""The second witness: a file of this host with every act that was ordered, so that a ledger knows when it is too old.

A line is appended and flushed to the disk after the intent is committed and before the act. Backups do not take the
file, and neither restore nor sweep touches it. Nothing here knows the ledger; `behind.py` compares the two.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from workbench.files import fsync_dir

NAME: Final = "acts.journal"
UNDONE: Final = "undone"
_TAIL: Final = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One act that was ordered, for one item; or (`kind` undone) the proof that it did not happen."""

    ledger_id: str
    mode: str
    seq: int  # of the ledger's last event then, and that event's hash
    hash: str
    kind: str  # snapshot | posting | upload | undone
    scope: str  # the dataset, or the account
    key: str  # hash of what was asked for, the same in every ledger
    intent_id: str
    reserve: int = 0  # micro-dollars
    mark: str | None = None  # by which the other side shows it as ours
    at: str = ""


class Journal:
    """The journal of one home; appended by any of its processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """Bytes of the file; 0 when there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, entries: Sequence[Entry]) -> int:
        """Write `entries` durably; where they begin. Raises OSError when that is not certain: then none is there."""
        is_new = not self.path.exists()
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            begin = os.fstat(fd).st_size
            lines = "".join(json.dumps(asdict(one), separators=(",", ":")) + "\n" for one in entries).encode()
            # A line that a crash tore is closed, so that it spoils no other.
            torn = begin > 0 and os.pread(fd, 1, begin - 1) != b"\n"
            try:
                _write_all(fd, b"\n" + lines if torn else lines)
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, begin)
                raise
        finally:
            os.close(fd)
        if is_new:
            fsync_dir(self.path.parent)
        return begin

    def last(self) -> Entry | None:
        """The newest whole entry."""
        size = self.size()
        if not size:
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, size - _TAIL))
            newest_first = reversed(file.read().splitlines(keepends=True))
            found = next(_whole(newest_first), None)
        return found or next(iter(list(self.entries())[-1:]), None)

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """Every whole entry from the byte `since`, oldest first; what a crash tore is passed over."""
        if not self.size():
            return
        with self.path.open("rb") as file:
            file.seek(since)
            yield from _whole(file)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _whole(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        entry = _read(line) if line.endswith(b"\n") else None
        if entry is not None:
            yield entry


def _read(line: bytes) -> Entry | None:
    try:
        found: dict[str, Any] = json.loads(line)
        return Entry(**{name: found[name] for name in Entry.__dataclass_fields__ if name in found})
    except (ValueError, TypeError, AttributeError):
        return None
