"""GET snapshot/{id}: the rows of a snapshot, or one of the many ways in which they are not there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from workbench.sandbox.brightdata.accept import Refused
from workbench.sandbox.brightdata.datasets import DATASETS
from workbench.sandbox.brightdata.formats import FORMATS, counted, encode, gzipped
from workbench.sandbox.brightdata.store import Snapshot
from workbench.sandbox.brightdata.world import BrightDataWorld
from workbench.sandbox.web import Answer, Request, as_json, as_text

LEAST_BATCH: Final = 1000
# Three pages of the vendor's, three bodies; the 200 is the treacherous one.
_BUILDING: Final = (
    (202, "Snapshot is building, try again in 10s"),
    (202, "Dataset is not ready yet, try again in 30s"),
    (200, "Snapshot is building, try again in 10s"),
)
_HTML: Final = (
    b"<!DOCTYPE html><html><head><title>One moment</title></head><body><h1>Back in a moment</h1></body></html>"
)
_CUTS: Final = ("length", "chunked")
_PACKED_CUTS: Final = ("gzip", "length", "chunked")


@dataclass(frozen=True)
class _Wanted:
    form: str
    compress: bool
    batch: int | None
    part: int | None

    @property
    def bounds(self) -> tuple[int, int | None]:
        if self.batch is None:
            return 0, None
        first = ((self.part or 1) - 1) * self.batch
        return first, first + self.batch if self.part else None


def download(world: BrightDataWorld, request: Request, snapshot_id: str) -> Answer:
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_text("Snapshot does not exist", 404)
    wanted = _wanted(request.query)
    if (refusal := _not_ready(snapshot) or _kept_back(world, snapshot)) is not None:
        return refusal
    if (first := wanted.bounds[0]) and first >= snapshot.size:
        return _invalid(f"part must be at most {-(-snapshot.size // (wanted.batch or 1))}")
    if world.switches.strikes("html_body", on="download"):
        return Answer(_HTML, content_type="text/html; charset=utf-8")
    if struck := world.switches.strikes("truncated_body", on="download"):
        return _truncated(world, snapshot, wanted, struck["number"])
    body = _wrong(world, snapshot, wanted) or _body(world, snapshot, wanted)
    return Answer(body, content_type="application/gzip" if wanted.compress else FORMATS[wanted.form])


def body_of(world: BrightDataWorld, snapshot: Snapshot, form: str) -> Iterator[bytes]:
    """The whole snapshot in one format, counted as a download."""
    return _body(world, snapshot, _Wanted(form, compress=False, batch=None, part=None))


def _wanted(query: dict[str, str]) -> _Wanted:
    form = query.get("format", "ndjson")
    if form not in FORMATS:
        raise Refused(_invalid(f"format must be one of {', '.join(FORMATS)}"))
    batch, part = (_whole_number(query, name) for name in ("batch_size", "part"))
    if batch is not None and batch < LEAST_BATCH:
        raise Refused(as_text(f"Batch size should be at least {LEAST_BATCH}", 400))
    if part is not None and batch is None:
        raise Refused(_invalid("part needs batch_size"))
    return _Wanted(form, query.get("compress", "").lower() in {"true", "1"}, batch, part)


def _whole_number(query: dict[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if text and not re.fullmatch(r"[1-9]\d*", text):
        raise Refused(_invalid(f"{name} must be a whole number, 1 or more"))
    return int(text) if text else None


def _invalid(text: str) -> Answer:
    return as_json({"validation_errors": [text]}, 400)


def _not_ready(snapshot: Snapshot) -> Answer | None:
    if snapshot.status in {"starting", "running"}:
        message = "Snapshot is not ready yet, try again in 10s"
        return as_json({"status": snapshot.status, "message": message}, 202)
    if snapshot.status != "ready":
        return as_json({"error": "Snapshot is not ready for download"}, 409)
    return None


def _kept_back(world: BrightDataWorld, snapshot: Snapshot) -> Answer | None:
    """Ready, says progress; and yet."""
    strikes, flag = world.switches.strikes, world.store.flag
    if snapshot.expired or strikes("expired", on="download", subject=snapshot.id):
        flag(snapshot.id, "expired", 1)
        return as_text("Snapshot is expired", 400)
    if snapshot.size == 0 or snapshot.emptied or strikes("empty", on="download", subject=snapshot.id):
        flag(snapshot.id, "emptied", 1)
        return as_text("Snapshot is empty", 400)
    if struck := strikes("building_after_ready", on="download"):
        status, message = _BUILDING[(struck["number"] - 1) % len(_BUILDING)]
        return as_json({"status": "building", "message": message}, status)
    if strikes("ready_then_409", on="download"):
        return as_json({"error": "Snapshot is not ready for download"}, 409)
    return None


def _body(world: BrightDataWorld, snapshot: Snapshot, wanted: _Wanted, *, whole: bool = True) -> Iterator[bytes]:
    first, stop = wanted.bounds

    def finish(rows: int, broken: int) -> None:
        world.store.db.run(
            "INSERT INTO download VALUES (?, ?, ?, ?, ?, ?, ?)",
            (snapshot.id, time.time(), wanted.form, wanted.part, rows if whole else 0, broken if whole else 0, whole),
        )

    rows = world.rows(snapshot, first, stop)
    pieces = counted(encode(snapshot, DATASETS[snapshot.dataset_id], rows, wanted.form, first), finish)
    return gzipped(pieces) if wanted.compress else pieces


def _wrong(world: BrightDataWorld, snapshot: Snapshot, wanted: _Wanted) -> Iterator[bytes] | None:
    """A body that ends as it should and is another one: nothing, blanks, half of the rows, all twice, a stranger's."""
    strikes, (first, stop) = world.switches.strikes, wanted.bounds
    if strikes("empty_body", on="download"):
        pieces: Iterable[bytes] = ()
    elif strikes("blank_body", on="download"):
        pieces = (b" \n\n",)
    elif strikes("short_body", on="download"):
        pieces = _pieces(
            world, snapshot, wanted, first, first + max(min(stop or snapshot.size, snapshot.size) - first, 0) // 2
        )
    elif strikes("doubled_body", on="download"):
        pieces = [*_pieces(world, snapshot, wanted, first, stop)] * 2
    elif strikes("foreign_body", on="download") and (other := _another(world, snapshot)) is not None:
        pieces = _pieces(world, other, wanted, first, stop)
    else:
        return None
    return gzipped(pieces) if wanted.compress else iter(pieces)


def _pieces(
    world: BrightDataWorld, snapshot: Snapshot, wanted: _Wanted, first: int, stop: int | None
) -> Iterator[bytes]:
    rows = encode(snapshot, DATASETS[snapshot.dataset_id], world.rows(snapshot, first, stop), wanted.form, first)
    return (piece for piece, _, _ in rows)


def _another(world: BrightDataWorld, snapshot: Snapshot) -> Snapshot | None:
    where = "WHERE dataset_id = :dataset_id AND id <> :id AND status = 'ready' ORDER BY number DESC LIMIT 1"
    found = world.store.snapshots(where, {"dataset_id": snapshot.dataset_id, "id": snapshot.id})
    return found[0] if found else None


def _truncated(world: BrightDataWorld, snapshot: Snapshot, wanted: _Wanted, strike: int) -> Answer:
    """Half of the body: with a length that promises all of it, an aborted chunk stream, or a cut gzip stream."""
    cuts = _PACKED_CUTS if wanted.compress else _CUTS
    cut = cuts[(strike - 1) % len(cuts)]
    size = sum(map(len, _body(world, snapshot, wanted, whole=False)))
    first, stop = wanted.bounds
    rows = encode(snapshot, DATASETS[snapshot.dataset_id], world.rows(snapshot, first, stop), wanted.form, first)
    pieces: Iterable[bytes] = (piece for piece, _, _ in rows)
    answer = Answer(
        _first_bytes(gzipped(pieces) if wanted.compress else pieces, size // 2),
        content_type="application/gzip" if wanted.compress else FORMATS[wanted.form],
    )
    if cut == "length":
        answer.content_length = size
    answer.breaks_off = cut == "chunked"
    return answer


def _first_bytes(pieces: Iterable[bytes], left: int) -> Iterator[bytes]:
    for piece in pieces:
        if left <= 0:
            return
        yield piece[:left]
        left -= len(piece)
