"""ready → downloaded: the raw bytes on our disk, whole and verified; they are never thrown away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from workbench.brightdata import rows
from workbench.brightdata.download import Body
from workbench.brightdata.responses import NotFound, NotReady, SnapshotEmpty, SnapshotExpired
from workbench.budget.model import Release
from workbench.collect import completeness
from workbench.collect.model import Snapshot, SnapshotState
from workbench.collect.poll import NO_ROWS, gone
from workbench.collect.tools import CollectTools, clear, in_lake, job_folder, provider_id, staging, workspace
from workbench.engine.flow import Move, Progress, Yielded
from workbench.errors import Permanent, Transient
from workbench.files import move_into_place
from workbench.lake.raw import store_raw
from workbench.lake.schema import TRANSFORM_VERSION

NOTHING: Final = Body((), 0, 0, hashlib.sha256().hexdigest())
_TAIL: Final = 1 << 20
# Of the body before: how often it was asked for, that it was published, and that a person took it as it is.
KEPT: Final = ("again", "corrects", "accepted", "accepted_by")
_DOUBTS: Final = 3  # a body that breaks off in its last line this often really is so at the vendor


def fetch(snapshot: Snapshot, tools: CollectTools) -> Iterator[Yielded]:
    try:
        body = yield from _download(snapshot, tools)
    except NotReady as error:
        # Bright Data says "ready" and then "building": back to polling.
        yield Move(to=SnapshotState.TRIGGERED, reason=error.message, after=tools.poll)
    except SnapshotEmpty as error:
        if any(rows for _, rows in completeness.counts(snapshot, provider_id(snapshot), tools)):
            yield _keep(snapshot, tools, NOTHING)  # it counts rows: judged like an empty answer
        else:
            yield Move(to=SnapshotState.EMPTY, reason=error.message, values=dict(NO_ROWS), writes=(Release(),))
    except SnapshotExpired as error:
        yield gone(snapshot, tools, error.message, {}, code=error.code)
    except NotFound as error:  # is it? whoever asks for its status sees it twice before it is given up
        yield Move(to=SnapshotState.TRIGGERED, reason=error.message, after=tools.poll)
    except Permanent as error:
        if error.code is None:
            raise
        # The vendor's no, as to an empty account: it says nothing of the snapshot, which is paid.
        raise Transient(error.message, code=error.code) from error
    else:
        yield _keep(snapshot, tools, body)


def _download(snapshot: Snapshot, tools: CollectTools) -> Generator[Yielded, None, Body]:
    received = [0, 0]

    def on_bytes(done: int, total: int | None) -> None:
        received[:] = done, total or 0

    # One request is the cheapest for ordinary snapshots. Once it broke off, parts keep what has arrived.
    part_rows = tools.part_rows if snapshot.attempts > 1 else None
    with ThreadPoolExecutor(1, thread_name_prefix="download") as pool:
        future = pool.submit(
            tools.brightdata.download, provider_id(snapshot), staging(snapshot, tools),
            batch_size=part_rows, on_bytes=on_bytes,
        )  # fmt: skip
        while True:
            try:
                body = future.result(timeout=1)
            except TimeoutError:
                yield Progress(received[0], received[1] or None, "bytes")
            else:
                return body


def _keep(snapshot: Snapshot, tools: CollectTools, body: Body) -> Move:
    if snapshot.attempts < _DOUBTS and body.parts and not _ends_whole(body.parts[-1]):
        clear(snapshot, tools)
        raise Transient(f"the rows of {provider_id(snapshot)} break off in the last line; fetched again")
    work, folder = workspace(snapshot, tools), job_folder(snapshot, tools)
    raw = store_raw(_as_lines(body, work), work / "raw.ndjson.zst")
    name = f"{provider_id(snapshot)}__v{TRANSFORM_VERSION}_{raw.sha256[:8]}"
    target = folder / f"{name}.raw.ndjson.zst"
    move_into_place(raw.path, target)
    clear(snapshot, tools)
    kept = {name: value for name, value in (snapshot.raw or {}).items() if name in KEPT}
    return Move(to=SnapshotState.DOWNLOADED, values={"raw": raw.facts(in_lake(target, tools)) | kept})


def _as_lines(body: Body, work: Path) -> list[Path]:
    """The parts as NDJSON: as they are, or a JSON array opened up (some servers ignore ``format=ndjson``)."""
    if not body.parts:
        return []
    with body.parts[0].open("rb") as part:
        shape = rows.shape_of(part.read(1 << 16))
    if shape != "array":
        return list(body.parts)
    opened = []
    for number, path in enumerate(body.parts):
        lines = work / f"lines-{number:05}.ndjson"
        with path.open("rb") as source, lines.open("wb") as target:
            target.writelines(line + b"\n" for line in rows.lines_of_array(iter(partial(source.read, _TAIL), b"")))
        opened.append(lines)
    return opened


def _ends_whole(path: Path) -> bool:
    """Whether the last line is JSON: a connection that simply closes can cut a body without a trace."""
    with path.open("rb") as part:
        size = part.seek(0, 2)
        part.seek(max(0, size - _TAIL))
        tail = part.read().rstrip()
    line = tail.rsplit(b"\n", 1)[-1]
    if not line or len(line) >= _TAIL - 1:
        return True  # nothing, or a line longer than we look back
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return line.endswith(b"]")  # the end of an array whose last row began earlier
    return True
