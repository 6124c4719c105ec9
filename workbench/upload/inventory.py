"""The creative inventory as it is on disk, owned together with the processor that rewrites it whenever it likes.

Under our lock the file is read again, six columns are set by id, and it is replaced only if it is still what was
read; otherwise everything begins anew. A cell of ours that somebody changed is left alone and told.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import hashlib
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from workbench.errors import BadInput, Transient
from workbench.files import CHUNK, fsync_dir, write_bytes, write_text
from workbench.sheets import Record
from workbench.upload import sheet
from workbench.upload.names import id_in_name, split_id
from workbench.upload.sheet import Sheet

INVENTORY: Final = "tracking/creative_inventory.csv"
SESSION: Final = "tracking/creative_inventory_session.csv"
OURS: Final = (
    "tj_creative_id", "tj_upload_date", "tj_campaign_id", "exo_creative_id", "exo_upload_date", "upload_status",
)  # fmt: skip
NAMES: Final = ("new_filename", "file_name", "filename")
PATHS: Final = ("file_path", "path")
_TRIES: Final = 40
_SETTLED: Final = 0.2  # seconds without a change: a writer that is not atomic may be in the middle of it
_SHRUNK: Final = 1.5  # the same, for a file that became shorter
_PATIENCE: Final = 10.0  # seconds for it to finish

Key = tuple[str, str]  # the id as the sheet has it, and the part


@dataclass(frozen=True, kw_only=True)
class Row:
    """One creative of an inventory; `values` has every column, whatever it is."""

    line: int
    unique_id: str
    part: str
    pair_id: str | None
    name: str
    path: str | None
    values: Mapping[str, str]

    @property
    def key(self) -> Key:
        return self.unique_id, self.part


def read(path: Path) -> list[Row]:
    """Every row; BadInput names the file, and the column that is missing."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder; give the path of a CSV.")
    try:
        with _Read(path.resolve()) as found:
            data = found.data
    except FileNotFoundError as error:
        raise BadInput(
            f"there is no {path}; the creative processor writes it, and workbench creatives scan makes one of a folder."
        ) from error
    made = parsed(data, path.name)
    return [_row(made, record) for record in made.rows()]


def parsed(data: bytes, name: str) -> Sheet:
    made = sheet.parse(data, name, required="unique_id")
    has = ", ".join(made.columns) or "none"
    if "unique_id" not in made.columns:
        raise BadInput(f"{name} has no column unique_id (it has: {has}); ids are how its rows are known.")
    if not any(each in made.columns for each in (*NAMES, *PATHS)):
        raise BadInput(f"{name} has no column {NAMES[0]} (or {', '.join((*NAMES[1:], *PATHS))}); it has: {has}.")
    return made


def _row(made: Sheet, record: Record) -> Row:
    values = made.values(record)
    path = next((values[each] for each in PATHS if values.get(each)), None)
    name = next((values[each] for each in NAMES if values.get(each)), "") or Path(path or "").name
    unique_id = values["unique_id"].strip()
    part = (split_id(unique_id) or ("", ""))[1] or (id_in_name(name) or ("", ""))[1]
    base = (split_id(unique_id) or (unique_id, ""))[0]
    return Row(
        line=record.number, unique_id=unique_id, part=part, name=name, path=path, values=values,
        pair_id=values.get("native_pair_id") or (base if part else None),
    )  # fmt: skip


# Writing ------------------------------------------------------------------------------------------


@dataclass
class Written:
    """What became of an update; nothing in `changed` was overwritten."""

    is_replaced: bool = False
    changed: dict[Key, str] = field(default_factory=dict)  # cells of ours that somebody changed, in words
    missing: set[Key] = field(default_factory=set)  # no row of the sheet has this id


def update(
    path: Path, wanted: Mapping[Key, Mapping[str, str]], *, known: Mapping[Key, frozenset[str]] = MappingProxyType({})
) -> Written:
    """Set our columns of the rows with these keys, whoever rewrites the file meanwhile.

    `known`: ids that a row may have had before and that may be replaced.
    """
    path = path.resolve()  # what a link leads to is what is replaced
    with _locked(path):
        for _ in range(_TRIES):
            with _Read(path) as before:
                told, data, cells = _merged(before.data, path, wanted, known)
                if data == before.data:
                    return told
                # What is about to be written counts as ours already: after a crash no hand is blamed for it.
                _remember(path, cells, data)
                if not before.replace(data):
                    continue
                told.is_replaced = True
                if before.is_untouched():
                    return told
                # A writer still had the old file open: what it wrote there is newer, so it is merged once more,
                # unless another one began in the new file meanwhile.
                late = before.finished()
                with _Read(path) as ours:
                    if ours.data == data:
                        ours.replace(late)
    raise Transient(f"{path} is being rewritten all the time; it is tried again later.")


def append(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows at the end; columns that the file has not are added to it."""
    path = path.resolve()
    with _locked(path):
        for _ in range(_TRIES):
            with _Read(path) as before:
                made = parsed(before.data, path.name)
                for row in rows:
                    made.add({name: str(value) for name, value in row.items() if value != ""})
                _remember(path, _remembered(path), made.data())
                if before.replace(made.data()):
                    return
    raise Transient(f"{path} is being rewritten all the time; it is tried again later.")


def _merged(
    data: bytes, path: Path, wanted: Mapping[Key, Mapping[str, str]], known: Mapping[Key, frozenset[str]]
) -> tuple[Written, bytes, dict[str, dict[str, list[str]]]]:
    made, told, memory = parsed(data, path.name), Written(), _remembered(path)
    rows = [(record, key) for record in made.rows() if (key := _row(made, record).key) in wanted]
    if rows:
        made.ensure(OURS)
    seen = set[Key]()
    for record, key in rows:
        seen.add(key)
        label = "|".join(key)
        ours = memory.get(label, {})
        setting = {}
        for name, value in wanted[key].items():
            there = record.value(made.columns[name]) if name in made.columns else ""
            if there and not value and name not in ours:
                continue  # somebody planned it in the sheet, and we have nothing to say of it
            fine = {"", value, *ours.get(name, ()), *known.get(key, ())}
            if there in fine or (not ours and name != OURS[0]):
                setting[name] = value
            else:
                words = f"{path.name}, line {record.number}: {name} is {there!r}, and we have {value!r}"
                told.changed[key] = "; ".join(filter(None, (told.changed.get(key), words)))
        made.set(record, setting)
        last = {name: [*ours.get(name, ())][-1:] for name in setting}
        memory[label] = {**ours, **{name: [*dict.fromkeys([*last[name], value])] for name, value in setting.items()}}
    told.missing = set(wanted) - seen
    return told, made.data(), memory


class _Read:
    """The file as it was read while nobody wrote, held open: whoever had it open too is noticed after the move."""

    def __init__(self, path: Path) -> None:
        self._path = path
        deadline = time.monotonic() + _PATIENCE
        is_first = True
        while True:
            try:
                self._fd = os.open(path, os.O_RDONLY)
            except FileNotFoundError as error:  # some programs take the old one away before they write the new one
                if is_first:
                    raise
                if time.monotonic() > deadline:
                    raise Transient(f"{path} is gone; it is tried again later.") from error
                time.sleep(_SETTLED / 2)
                continue
            is_first = False
            self._stat = os.fstat(self._fd)  # before the bytes: what is written while they are read changes it
            self.data = _all(self._fd)
            is_open = _is_being_written(self._fd)
            if not is_open and self._is_at_rest() and self.is_untouched():
                return
            os.close(self._fd)
            if time.monotonic() > deadline:
                how = "open for writing in another program" if is_open else "being rewritten all the time"
                raise Transient(f"{path} is {how}; it is tried again later.")
            time.sleep(_SETTLED / 2)

    def _is_at_rest(self) -> bool:
        """Whether these are our own bytes, or nobody wrote for a moment."""
        known = _memory(self._path)
        # Shorter than it was when we wrote it last: perhaps somebody is in the middle of writing it anew.
        needed = _SHRUNK if len(self.data) < known.get("bytes", 1) else _SETTLED
        age = time.time() - self._stat.st_mtime
        return not 0 <= age < needed or hashlib.sha256(self.data).hexdigest() == known.get("sha256")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    @property
    def mode(self) -> int:
        return self._stat.st_mode & 0o777

    def replace(self, data: bytes) -> bool:
        """Put `data` there unless the name leads to anything but exactly what was read."""
        beside = _beside(self._path, f"{uuid.uuid4().hex[:12]}.tmp")
        write_bytes(beside, data, mode=self.mode)
        try:
            if not self._is_current():
                return False
            if not _exchanged(beside, self._path):
                os.replace(beside, self._path)  # no such call on this system: a moment is left to lose a race in
                return True
            if _same(beside.stat(), self._stat) and not _is_being_written(self._fd):
                return True
            # Somebody wrote between our look and our move, or is at it. Theirs goes back, however often that happens.
            while _exchanged(beside, self._path) and beside.read_bytes() != data:
                continue
            return False
        finally:
            beside.unlink(missing_ok=True)
            fsync_dir(self._path.parent)

    def _is_current(self) -> bool:
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            return _same(os.fstat(file.fileno()), self._stat) and file.read() == self.data
        return False

    def is_untouched(self) -> bool:
        return _same(os.fstat(self._fd), self._stat)

    def finished(self) -> bytes:
        """What the old file holds once its writer has let it be for a moment."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            before = os.fstat(self._fd)
            time.sleep(_SETTLED)
            if _same(os.fstat(self._fd), before) and not _is_being_written(self._fd):
                break
        return _all(self._fd)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two names at once, so that whatever was there is still ours to look at; False where that is not offered."""
    import ctypes  # here alone: every command imports this module

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here = -100  # AT_FDCWD; 2 is RENAME_EXCHANGE
    return call is not None and call(here, os.fsencode(one), here, os.fsencode(other), 2) == 0


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


def _is_being_written(fd: int) -> bool:
    """Whether anybody has the file open for writing, which Linux tells who asks for a lease; elsewhere False."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # A writer that comes while we hold it is told to wait, and we are told by a signal, whose own would end us.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _all(fd: int) -> bytes:
    os.lseek(fd, 0, os.SEEK_SET)
    found = bytearray()
    while chunk := os.read(fd, CHUNK):
        found += chunk
    return bytes(found)


# What we wrote last lies beside the file, so that a hand's change can be told from our own.


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{kind}")


def _memory(path: Path) -> dict[str, Any]:
    with contextlib.suppress(FileNotFoundError, ValueError):
        found = json.loads(_beside(path, "ours").read_text("utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _remembered(path: Path) -> dict[str, dict[str, list[str]]]:
    cells = _memory(path).get("cells")
    return cells if isinstance(cells, dict) else {}


def _remember(path: Path, cells: Mapping[str, Any], data: bytes) -> None:
    told = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "cells": cells}
    write_text(_beside(path, "ours"), json.dumps(told, ensure_ascii=False, sort_keys=True))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One of ours at a time; the processor does not know our lock, which is why the file is compared as well."""
    with _beside(path, "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for dots in (".", ".."):  # of a process that died before its rename: of the file, of what lies beside it
            for left in path.parent.glob(f"{dots}{glob.escape(path.name)}.*.tmp"):
                left.unlink(missing_ok=True)
        try:
            yield
        except FileNotFoundError as error:
            raise Transient(f"{path} is gone at the moment; it is tried again later.") from error
