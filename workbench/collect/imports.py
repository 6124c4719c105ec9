"""A file on disk → raw bytes in the lake, as if downloaded. What is plainly no body of the dataset is refused here.

Bodies are NDJSON, a JSON array or the vendor's CSV, packed with gzip or not, of any size. The sha256 of the unpacked
bytes names the snapshot, so that the same file is the same snapshot, however often and from wherever it comes.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Literal, cast
from urllib.parse import urlsplit

from workbench.brightdata import rows
from workbench.brightdata.datasets import Dataset
from workbench.collect.bodies import read_lines
from workbench.collect.model import IMPORTED
from workbench.errors import BadInput, Permanent
from workbench.lake.columns import Place
from workbench.lake.raw import RawFile, store_raw
from workbench.lake.schema import IDENTITY

_HEAD: Final = 4 << 20  # bytes that are looked at before anything is kept
_LOOKED_AT: Final = 200  # rows
_LONGEST_SIGN: Final = 4  # bytes of UTF-8
_DIGITS: Final = 15  # that a spreadsheet keeps of a number
_ROUNDED: Final = 2  # ids that may end in zeros by accident
_GZIP: Final = b"\x1f\x8b"
_OTHERS: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a ZIP archive or an Excel file; unpack it, or save it as 'CSV UTF-8'",
    b"PAR1": "a Parquet file; export the snapshot as NDJSON, JSON or CSV",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it first",
    b"\xff\xfe\0\0": "UTF-32 text; save it as UTF-8",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}
_ADDRESSES: Final = ("url", "post_url", "author_url", "company_url")  # columns that are on the platform
# A file is refused as another dataset's where that one finds most of its columns in the rows, and ours far fewer.
_FITS: Final = 0.8
_BETTER: Final = 0.2


OnBytes = Callable[[int, int], None]  # bytes of the file read so far, and its size


@dataclass(frozen=True)
class Packed:
    """A file, gzip or not, that opens unpacked and tells how far it was read."""

    path: Path
    on_bytes: OnBytes = lambda *_: None

    def open(self, mode: Literal["rb"] = "rb", /) -> IO[bytes]:
        file = io.BufferedReader(_Watched(self.path, mode, self.on_bytes))
        return cast("IO[bytes]", _Unpacked(file)) if file.peek(2)[:2] == _GZIP else file


class _Unpacked(gzip.GzipFile):
    """Closes the file below it too."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


class _Watched(io.FileIO):
    def __init__(self, path: Path, mode: str, on_bytes: OnBytes) -> None:
        super().__init__(path, mode)
        self._on_bytes = on_bytes
        self._size = path.stat().st_size

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self._on_bytes(self.tell(), self._size)
        return count


def look(path: Path, dataset: Dataset, among: Iterable[Dataset]) -> str:
    """The shape of the body. BadInput names what is wrong with a file that holds no rows of this dataset."""
    with _readable(path), Packed(path).open() as file:
        head = file.read(_HEAD)
        is_whole = not file.read(1)
    _check_bytes(path, head)
    shape = rows.shape_of(head[: 1 << 16])
    if shape == "html":
        raise BadInput(f"{path} is a web page, whatever its name says. Download the snapshot again.")
    if shape == "status":
        raise BadInput(f"{path} holds an answer about a snapshot, not its rows: {_text(head)}")
    if shape == "empty":
        raise BadInput(f"{path} is empty; there is nothing to bring in.")
    if shape == "csv":
        _check_text(path, head, is_whole=is_whole)
    found = _first_rows(head, shape, is_whole=is_whole)
    if not found and is_whole:
        what = "a header without rows, or words alone" if shape == "csv" else "a list without rows"
        raise BadInput(f"{path} holds {what}; there is nothing to bring in: {_text(head)}")
    if not any(isinstance(row, dict) for _, row in found):
        _check_text(path, head, is_whole=is_whole)
    _check_rows(path, found, dataset, among)
    return shape


def keep(path: Path, shape: str, folder: Path, on_bytes: OnBytes) -> RawFile:
    """The bytes as they are in the file, unpacked, under our own compression, in `folder`."""
    with _readable(path):
        return store_raw([Packed(path, on_bytes)], folder / f"body.raw.{suffix(shape)}")


def suffix(shape: str) -> str:
    return f"{ {'array': 'json', 'csv': 'csv'}.get(shape, 'ndjson') }.zst"


def snapshot_name(raw: RawFile) -> str:
    return f"{IMPORTED}{raw.sha256[:16]}"


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}; give the path of a downloaded snapshot.") from error
    except IsADirectoryError as error:
        raise BadInput(f"{path} is a folder; give one file at a time.") from error
    except gzip.BadGzipFile as error:
        if not str(error).startswith("Not a gzipped file"):
            raise BadInput(f"{path} is a gzip file that is damaged: {error}. Download it again.") from error
        raise BadInput(
            f"{path} has bytes behind the end of its gzip data that are no gzip: {str(error)[19:]}. What is before "
            f"them is whole: unpack it (gzip -dc {path.name} > rows.ndjson), look at its end, and bring that in."
        ) from error
    except (EOFError, zlib.error) as error:
        raise BadInput(f"{path} is a gzip file that is cut off or damaged: {error}. Download it again.") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read by you.") from error


def _check_bytes(path: Path, head: bytes) -> None:
    """Refuse what is no text of ours at all."""
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise BadInput(f"{path} is {what}.")
    if b"\0" in head[:1024]:
        if head[:1024].count(0) * 4 > len(head[:1024]):
            raise BadInput(f"{path} is {_OTHERS[bytes((255, 254))]}.")
        line = head[: head.index(0)].count(b"\n") + 1
        raise BadInput(f"{path}, line {line}: there is a NUL byte, which no text has. Download the snapshot again.")


def _check_text(path: Path, head: bytes, *, is_whole: bool) -> None:
    """Refuse a sheet in another encoding: its rows would be rejects one by one, or damaged."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if not is_whole and error.start > len(head) - _LONGEST_SIGN:
            return  # the head ends within a sign
        line = head[: error.start].count(b"\n") + 1
        raise BadInput(
            f"{path}, line {line}: this is not UTF-8 text: {_text(head.splitlines()[line - 1])}. Save it as "
            f"'CSV UTF-8', or, of a spreadsheet on Windows: iconv -f WINDOWS-1252 -t UTF-8 {path.name}"
        ) from error


def _first_rows(head: bytes, shape: str, *, is_whole: bool) -> list[tuple[bytes, Any]]:
    """Up to so many lines with their rows; what is no JSON has None, what the head cut off does not come."""
    plain = (line for line in head.split(b"\n") if line.strip())
    lines: Iterator[bytes] = plain if shape == "ndjson" else read_lines(iter([head]), shape)
    found: list[bytes] = []
    with contextlib.suppress(Permanent):  # the CSV breaks here; what came before is enough to look at
        found.extend(islice(lines, _LOOKED_AT + 1))
    if not is_whole and len(found) <= _LOOKED_AT:
        found = found[:-1]
    return [(line, _parsed(line)) for line in found[:_LOOKED_AT]]


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _check_rows(path: Path, found: Sequence[tuple[bytes, Any]], dataset: Dataset, among: Iterable[Dataset]) -> None:
    objects = [row for _, row in found if isinstance(row, dict)]
    if found and len(objects) == len(found) and all(map(rows.is_answer, objects)):
        raise BadInput(f"{path} holds an answer about a snapshot, not its rows: {_text(found[0][0])}")
    if found and not objects:
        lines = "line is no JSON object" if len(found) == 1 else f"{len(found)} lines are no JSON objects"
        raise BadInput(f"{path} holds no rows: the first {lines}: {_text(found[0][0])}")
    data = [row for row in objects if rows.kind_of_row(row) == "data"]
    if not data:
        return  # warnings and errors alone, or one row that is too long to look at: for the tables to say
    _check_ids(path, dataset, data)
    why = _why_not(dataset, data)
    best = max((dataset, *among), key=lambda one: _fit(one, data))
    is_better = _fit(best, data) >= _FITS and _fit(best, data) - _fit(dataset, data) >= _BETTER
    if why or is_better:
        hint = f" Its rows look like those of {best.platform}/{best.service}." if is_better else ""
        first = next(line for line, row in found if isinstance(row, dict))
        raise BadInput(f"{path} has no rows of {dataset.name}{why}.{hint} The first one: {_text(first)}")


def _check_ids(path: Path, dataset: Dataset, data: Sequence[Mapping[str, Any]]) -> None:
    """Refuse ids that a spreadsheet rounded: different posts have the same one then."""
    for place in _places(dataset, IDENTITY[dataset.kind]):
        long = [text for row in data if re.fullmatch(r"\d{16,}", text := str(_at(row, place) or ""))]
        rounded = [text for text in long if set(text[_DIGITS:]) == {"0"} and len(text) > _DIGITS + 1]
        if len(rounded) > _ROUNDED and len(rounded) * 2 > len(long):
            raise BadInput(
                f"{path}: {len(rounded)} of {len(long)} ids in {place} end in zeros, as {rounded[0]}: a spreadsheet "
                f"rounded them to {_DIGITS} digits. Bring in the file as it was downloaded, or without that column."
            )


def _why_not(dataset: Dataset, data: Sequence[Mapping[str, Any]]) -> str:
    """What speaks against rows of the dataset; empty when nothing does."""
    keys = ", ".join(list(data[0])[:8])
    known = {*_places(dataset, IDENTITY[dataset.kind]), *_places(dataset, "url")}
    if not any(isinstance(_at(row, place), str | int) and _has(row, place) for row in data for place in known):
        return f": none has {' or '.join(sorted(known))}, but {keys}"
    hosts = _hosts_of(data, dataset)
    if dataset.hosts and hosts and not any(host.endswith(known) for host in hosts for known in dataset.hosts):
        return f": its addresses are on {', '.join(sorted(hosts)[:3])}"
    places = {place for column in dataset.columns for place in _places(dataset, column)}
    found = [place for place in places if any(_has(row, place) for row in data)]
    if len(places) > len(found) == 1:
        return f": of what it has there is {found[0]} alone, but {keys}"
    return ""


def _fit(dataset: Dataset, data: Sequence[Mapping[str, Any]]) -> float:
    """The share of the dataset's columns that the rows have a value for."""
    mapped = [places for column in dataset.columns if (places := _places(dataset, column))]
    filled = [places for places in mapped if any(_has(row, place) for row in data for place in places)]
    return len(filled) / max(len(mapped), 1)


def _places(dataset: Dataset, column: str) -> list[str]:
    return [Place.of(text).path for text in dataset.columns.get(column, ())]


def _hosts_of(data: Sequence[Mapping[str, Any]], dataset: Dataset) -> set[str]:
    places = [place for column in _ADDRESSES for place in _places(dataset, column)]
    texts = [_at(row, place) for row in data for place in places]
    found = set()
    for text in texts:
        with contextlib.suppress(ValueError):
            found.add(urlsplit(text if isinstance(text, str) else "").hostname or "")
    return found - {""}


def _has(row: Mapping[str, Any], place: str) -> bool:
    return _at(row, place) not in (None, "", [], {})


def _at(row: Mapping[str, Any], place: str) -> Any:
    value: Any = row
    for key in place.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split())
