"""Which files are meant: the session of the processor, the whole inventory, a folder, or a list of names."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.errors import BadInput
from workbench.files import spelled_as
from workbench.upload.inventory import OURS, Row
from workbench.upload.names import id_in_name, is_original, kind_by_name
from workbench.upload.paths import parts_of

READY: Final = "uploaded"  # where the processor puts what is ready; the folder's name is the team's
_TEAM: Final = ("tracking", "archive", "data")  # beside it in the creatives' root, and no creatives


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file that is meant to be uploaded; without a `path` nobody found it, and `why` says where was looked."""

    unique_id: str
    part: str
    pair_id: str | None
    name: str
    path: str | None  # below the creatives' root, with forward slashes
    line: int | None = None  # of the inventory
    values: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    said: str | None = None  # the path by which it was meant, as the sheet or the person spelt it
    archived: str | None = None  # where it lies in the archive already

    @property
    def key(self) -> tuple[str, str]:
        return self.unique_id, self.part

    @property
    def known_id(self) -> str:
        """The platform's id, where the inventory has one."""
        return self.values.get(OURS[0], "").strip()


class Files:
    """The files below a creatives' root, by name."""

    def __init__(self, root: Path, archives: Iterable[Path] = ()) -> None:
        self.root = root
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in walk(root):
            self._by_name[_spelled(path.rsplit("/", 1)[-1])].append(path)
        self._archived = {_spelled(name): where for archive in archives for name, where in _archived(archive)}

    def candidate(self, row: Row) -> Candidate:
        """The row with its file."""
        path, why = self._find(row)
        return Candidate(
            unique_id=row.unique_id, part=row.part, pair_id=row.pair_id, name=row.name, path=path, line=row.line,
            values=row.values, why=why, said=row.path,
            archived=None if path else self._archived.get(_spelled(row.name)),
        )  # fmt: skip

    def _find(self, row: Row) -> tuple[str | None, str]:
        if row.path:
            try:
                path = "/".join(parts_of(self._below(row.path)))
            except BadInput as error:
                return None, error.message
            if there := spelled_as(self.root, path):
                return there.relative_to(self.root).as_posix(), ""
        found = self._by_name.get(_spelled(row.name), [])
        if len(found) > 1:
            found = [one for one in found if one.startswith(f"{READY}/")] or found
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{row.name} is there {len(found)} times: {', '.join(sorted(found)[:3])}"
        return None, f"{row.path or row.name} is not below {self.root}"

    def _below(self, path: str) -> str:
        """Absolute paths below the root are what some sheets hold."""
        root = f"{self.root}/"
        return path.removeprefix(root)

    def named(self, name: str) -> str:
        """The path of a file given by a person: below the root, in `uploaded`, or by its bare name."""
        asked = "/".join(parts_of(self._below(name.strip())))
        for path in (asked, f"{READY}/{asked}"):
            if there := spelled_as(self.root, path):
                return there.relative_to(self.root).as_posix()
        found = self._by_name.get(_spelled(asked), [])
        if len(found) > 1:
            raise BadInput(f"{asked} is there {len(found)} times: {', '.join(sorted(found)[:3])}; give its path.")
        return found[0] if found else asked


def _spelled(name: str) -> str:
    """The same for a name whose accents macOS took apart, and for one of a sheet."""
    return unicodedata.normalize("NFC", name)


def walk(root: Path) -> Iterator[str]:
    """Media files below the root, without the team's other folders; links are not followed."""
    for folder, folders, files in os.walk(root, followlinks=False):
        here = Path(folder)
        if here == root:
            folders[:] = [one for one in folders if one not in _TEAM]
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(files):
            if kind_by_name(name) and not name.startswith("."):
                yield (here / name).relative_to(root).as_posix()


def _archived(archive: Path) -> Iterator[tuple[str, str]]:
    for batch in sorted(archive.glob("batch_*")):
        for folder, _, files in os.walk(batch, followlinks=False):
            for name in files:
                yield name, (Path(folder) / name).relative_to(archive).as_posix()


def from_rows(files: Files, rows: Sequence[Row]) -> list[Candidate]:
    return [files.candidate(row) for row in rows]


def from_names(files: Files, names: Sequence[str], rows: Sequence[Row]) -> list[Candidate]:
    """Files that a person named, with their rows of the inventory where there are any."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[_spelled(row.name)].append(row)
    chosen = []
    for name in dict.fromkeys(names):
        path = files.named(name)
        known = by_name.get(_spelled(path.rsplit("/", 1)[-1]), [])
        if known:
            found = files.candidate(known[0])
            chosen.append(found if found.path == path else _with_path(found, path, files.root))
        else:
            chosen.append(from_path(path, files.root))
    return chosen


def _with_path(found: Candidate, path: str, root: Path) -> Candidate:
    plain = from_path(path, root)
    return Candidate(**{**vars(found), "path": plain.path, "why": plain.why, "said": plain.said, "archived": None})


def from_path(path: str, root: Path) -> Candidate:
    """A file that no inventory knows: what its name says; ids of names without one are made by `scan`."""
    name = path.rsplit("/", 1)[-1]
    unique_id, part = id_in_name(name) or ("", "")
    is_there = os.path.lexists(root / path)
    return Candidate(
        unique_id=unique_id, part=part, pair_id=unique_id if part else None, name=name,
        path=path if is_there else None, said=path, why="" if is_there else f"{path} is not below {root}",
    )  # fmt: skip


def from_folder(root: Path, folder: str = "") -> list[Candidate]:
    """Every media file of a folder below the root, originals too: they are shown as skipped."""
    below = "/".join(parts_of(folder)) + "/" if folder and folder != "." else ""
    found = [from_path(path, root) for path in walk(root) if path.startswith(below)]
    return sorted(found, key=lambda one: (is_original(one.name), one.path))
