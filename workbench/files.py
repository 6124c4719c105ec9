"""Files that are whole or absent: write beside, fsync, rename; names made safe; hashes; people's CSV files."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import IO, Any, Final

from workbench import sheets
from workbench.errors import BadInput

CHUNK: Final = 1 << 20
_PACKAGE: Final = Path(__file__).parent
# In a checkout they lie beside the package, in a wheel within it.
SHIPPED_NOTEBOOKS: Final = next(
    one for one in (_PACKAGE.parent / "notebooks", _PACKAGE / "notebooks") if one.is_dir() or one.parent == _PACKAGE
)
LAKE_ID: Final = ".lake_id"  # the file that says which lake a folder is
_RESERVED: Final = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')
_JOINERS: Final = {"\u200c", "\u200d"}  # invisible, but letters and emoji are made with them
_PART_OF_NAME: Final = 50  # signs of a name, of at most four bytes each, that a temporary file beside it bears
_LONGEST_NAME: Final = 120  # bytes; leaves room for a suffix within the 255 of common file systems


def fsync_dir(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def written_beside(target: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Yield a temporary file that becomes `target`, durably, when the block ends well; otherwise nothing."""
    # By a part of its name only: a name that just fits leaves no room for more.
    beside = target.with_name(f".{target.name[:_PART_OF_NAME]}.{uuid.uuid4().hex[:12]}.tmp")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    fsync_dir(target.parent)


def forget_leftovers(target: Path, *, older: timedelta) -> None:
    """Remove what processes that were killed left beside `target`; a younger one may be at work."""
    before = time.time() - older.total_seconds()
    for path in target.parent.glob(f".{glob.escape(target.name[:_PART_OF_NAME])}.*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()


def write_bytes(target: Path, data: bytes, *, mode: int = 0o644) -> None:
    with written_beside(target, mode=mode) as file:
        file.write(data)


def write_text(target: Path, text: str, *, mode: int = 0o644) -> None:
    write_bytes(target, text.encode(), mode=mode)


def move_into_place(source: Path, target: Path) -> None:
    """Publish a finished file under its final name, durably; `source` is already on the same file system."""
    fd = os.open(source, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    os.replace(source, target)
    fsync_dir(target.parent)


def make_folder(folder: Path, *, mode: int = 0o755) -> Path:
    """Create `folder` and its parents; the error names the folder and the cure."""
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"cannot create the folder {folder}: {error.strerror}. Make its parent writable, or set WORKBENCH_HOME to "
            "a folder that you may write to."
        ) from error
    return folder


def remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def is_running(pid: int) -> bool:
    """Whether this machine has a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def safe_name(text: str, *, fallback: str = "unnamed") -> str:
    """A readable file name: Unicode kept (NFC), separators, controls, reserved names and length dealt with."""
    visible = "".join(one for one in text if unicodedata.category(one) != "Cf" or one in _JOINERS)
    name = unicodedata.normalize("NFC", visible.encode("utf-8", "replace").decode())
    name = _UNSAFE.sub("_", re.sub(r"\s+", " ", name)).strip(" .")
    name = name.encode()[:_LONGEST_NAME].decode("utf-8", "ignore").strip(" .")
    if name.split(".")[0].strip().lower() in _RESERVED:
        name = f"_{name}"
    return name or fallback


def inside(root: Path, relative: str) -> Path:
    """The path `relative` below `root`; refuses whatever would leave it, also through symbolic links."""
    try:
        path = (root / relative).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links; a NUL
        raise BadInput(f"the path {relative!r} cannot be followed: {error}.") from error
    if not path.is_relative_to(root.resolve()):
        raise BadInput(f"the path {relative!r} leaves {root}; give one below it.")
    return path


def plain(value: object) -> str:
    """What JSON has no word for, as text: times in ISO 8601, UTC, with a T; all else as it shows itself."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date | clock) else str(value)


def canonical(value: Any) -> str:
    """One spelling of JSON, so that equal values have equal bytes and equal hashes; always encodable."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    except TypeError:  # numbers and texts as keys of one object do not sort; as JSON all keys are texts
        return canonical(json.loads(json.dumps(value, default=str)))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as vendors send; escaped, it comes back as it was
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return text


def read_csv(path: Path, *, needed: Collection[str], known: Collection[str]) -> list[tuple[int, dict[str, str]]]:
    """(line, cells) of a CSV that people made; BadInput names the file, every line that is wrong, and the cure."""
    text = _csv_text(path)
    said = sheets.told(text, list(known))
    lines = sheets.records(text[len(said.before) :], said.separator, str(path), first=said.before.count("\n") + 1)
    header, *rows = [one for one in lines if not one.is_empty] or [sheets.Record(1, [], "")]
    names = _column_names(path, header, needed, known)
    found, problems = [], list[str]()
    for row in rows:
        cells = [sheets.value_of(cell) for cell in row.cells]
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()  # columns that a spreadsheet left empty
        lost = [cell for name, cell in zip(names, cells, strict=False) if not name and cell.strip()]
        if len(cells) != len(names):
            problems.append(
                f"{path}, line {row.number}: the line has {len(cells)} cells and not {len(names)}, as line "
                f"{header.number} has."
            )
        elif lost:
            problems.append(
                f"{path}, line {row.number}: {lost[0]!r} stands below no column; take it out, or give its column a "
                f"name that is known: {', '.join(known)}."
            )
        else:
            found.append((row.number, {name: cell for name, cell in zip(names, cells, strict=True) if name}))
    sheets.refuse_all(problems)
    return found


def _csv_text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}; give the path of a CSV file.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}, line {line}: this is not UTF-8 text. Save the file as 'CSV UTF-8'.") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"{path}, line {line}: there is a NUL byte, which no text has. Save the file as 'CSV UTF-8'.")
    return text


def _column_names(path: Path, header: sheets.Record, needed: Collection[str], known: Collection[str]) -> list[str]:
    """The names as they are compared; empty for a column that has none."""
    names = sheets.names_of(header.cells)
    while names and not names[-1]:
        names.pop()
    where = f"{path}, line {header.number}"
    problems = [
        f"{where}: the column {name!r} is missing. Needed: {', '.join(needed)}; known: {', '.join(known)}."
        for name in needed
        if name not in names
    ]
    named = dict.fromkeys(name for name in names if name)
    unknown = [name for name in named if name not in known]
    problems += [f"{where}: the column {name!r} is not known. Known: {', '.join(known)}." for name in unknown]
    twice = [name for name in named if names.count(name) > 1]
    problems += [f"{where}: the column {name!r} is there twice; remove one of them." for name in twice]
    sheets.refuse_all(problems)
    return names


def spelled_as(folder: Path, relative: str) -> Path | None:
    """The file below `folder` that is called so, also where its name holds the same letters in other code points.

    macOS takes accents apart, spreadsheets and most keyboards do not. BadInput where two files are called so.
    """
    here = folder
    for part in Path(relative).parts:
        if part in {"..", "/"} or os.path.lexists(here / part):
            here = here / part
            continue
        wanted = unicodedata.normalize("NFC", part)
        try:
            alike = [one.name for one in here.iterdir() if unicodedata.normalize("NFC", one.name) == wanted]
        except (FileNotFoundError, NotADirectoryError):
            return None
        if len(alike) > 1:
            raise BadInput(f"{here} has {len(alike)} files called {wanted!r}; rename one of them.")
        if not alike:
            return None
        here = here / alike[0]
    return here
