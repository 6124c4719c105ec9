"""A file on disk → raw bytes in the lake, as if downloaded. What is plainly no body of the dataset is refused here.

Bodies are NDJSON, a JSON array or the vendor's CSV, packed with gzip or not, of any size. The sha256 of the unpacked
bytes names the snapshot, so that the same file is the same snapshot, however often and from wherever it comes.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
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
from workbench.errors import BadInput, Permanent
from workbench.tables.raw import RawFile, store_raw
from workbench.tables.schema import IDENTITY

PREFIX: Final = "file_"  # of the ids of snapshots that were files
_HEAD: Final = 4 << 20  # bytes that are looked at before anything is kept
_LOOKED_AT: Final = 200  # rows
_GZIP: Final = b"\x1f\x8b"
_OTHERS: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a ZIP archive or an Excel file; unpack it, or save it as 'CSV UTF-8'",
    b"PAR1": "a Parquet file; export the snapshot as NDJSON, JSON or CSV",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it first",
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
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise BadInput(f"{path} is {what}.")
    shape = rows.shape_of(head[: 1 << 16])
    if shape == "html":
        raise BadInput(f"{path} is a web page, whatever its name says. Download the snapshot again.")
    if shape == "status":
        raise BadInput(f"{path} holds an answer about a snapshot, not its rows: {_text(head)}")
    if shape == "empty":
        raise BadInput(f"{path} is empty; there is nothing to bring in.")
    _check_rows(path, _first_rows(head, shape, is_whole=is_whole), dataset, among, is_whole=is_whole)
    return shape


def keep(path: Path, shape: str, folder: Path, on_bytes: OnBytes) -> RawFile:
    """The bytes as they are in the file, unpacked, under our own compression, in `folder`."""
    with _readable(path):
        return store_raw([Packed(path, on_bytes)], folder / f"body.raw.{suffix(shape)}")


def suffix(shape: str) -> str:
    return f"{ {'array': 'json', 'csv': 'csv'}.get(shape, 'ndjson') }.zst"


def snapshot_name(raw: RawFile) -> str:
    return f"{PREFIX}{raw.sha256[:16]}"


def is_imported(provider_id: str) -> bool:
    return provider_id.startswith(PREFIX)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}; give the path of a downloaded snapshot.") from error
    except IsADirectoryError as error:
        raise BadInput(f"{path} is a folder; give one file at a time.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{path} is a gzip file that is cut off or damaged: {error}. Download it again.") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read by you.") from error


def _first_rows(head: bytes, shape: str, *, is_whole: bool) -> list[Any]:
    """Up to so many rows; what is no JSON comes as None, what the head cut off does not come."""
    plain = (line for line in head.split(b"\n") if line.strip())
    lines: Iterator[bytes] = plain if shape == "ndjson" else read_lines(iter([head]), shape)
    found: list[bytes] = []
    with contextlib.suppress(Permanent):  # the CSV breaks here; what came before is enough to look at
        found.extend(islice(lines, _LOOKED_AT + 1))
    if not is_whole and len(found) <= _LOOKED_AT:
        found = found[:-1]
    return [_parsed(line) for line in found[:_LOOKED_AT]]


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _check_rows(
    path: Path, found: Sequence[Any], dataset: Dataset, among: Iterable[Dataset], *, is_whole: bool
) -> None:
    objects = [row for row in found if isinstance(row, dict)]
    if not found and is_whole:
        raise BadInput(f"{path} holds a list without rows; there is nothing to bring in.")
    if found and not objects:
        raise BadInput(f"{path} holds no rows: the first {len(found)} lines are no JSON objects: {_text_of(found)}")
    data = [row for row in objects if rows.kind_of_row(row) == "data"]
    if not data:
        return  # warnings and errors alone, or one row that is too long to look at: for the tables to say
    why = _why_not(dataset, data)
    best = max((dataset, *among), key=lambda one: _fit(one, data))
    is_better = _fit(best, data) >= _FITS and _fit(best, data) - _fit(dataset, data) >= _BETTER
    if why or is_better:
        hint = f" Its rows look like those of {best.platform}/{best.service}." if is_better else ""
        raise BadInput(f"{path} has no rows of {dataset.name}{why}.{hint}")


def _why_not(dataset: Dataset, data: Sequence[Mapping[str, Any]]) -> str:
    """What speaks against rows of the dataset; empty when nothing does."""
    keys = ", ".join(list(data[0])[:8])
    known = {*dataset.columns.get(IDENTITY[dataset.kind], ()), *dataset.columns.get("url", ())}
    if not any(_has(row, place) for row in data for place in known):
        return f": none has {' or '.join(sorted(known))}, but {keys}"
    hosts = _hosts_of(data, dataset)
    if dataset.hosts and hosts and not any(host.endswith(known) for host in hosts for known in dataset.hosts):
        return f": its addresses are on {', '.join(sorted(hosts)[:3])}"
    places = {place for places in dataset.columns.values() for place in places}
    found = [place for place in places if any(_has(row, place) for row in data)]
    if len(places) > len(found) == 1:
        return f": of what it has there is {found[0]} alone, but {keys}"
    return ""


def _fit(dataset: Dataset, data: Sequence[Mapping[str, Any]]) -> float:
    """The share of the dataset's columns that the rows have a value for."""
    mapped = [places for places in dataset.columns.values() if places]
    filled = [places for places in mapped if any(_has(row, place) for row in data for place in places)]
    return len(filled) / max(len(mapped), 1)


def _hosts_of(data: Sequence[Mapping[str, Any]], dataset: Dataset) -> set[str]:
    places = [place for column in _ADDRESSES for place in dataset.columns.get(column, ())]
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


def _text_of(found: Sequence[Any]) -> str:
    return _text(json.dumps(found[0]).encode())


def _text(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split())
