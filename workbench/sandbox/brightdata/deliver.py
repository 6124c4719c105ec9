"""POST deliver/{id}, GET delivery/{id}, and the courier that really calls endpoints and notify addresses.

It calls loopback addresses only: a practice world must not reach anybody outside.
"""

from __future__ import annotations

import gzip
import ipaddress
import json
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from typing import IO, Any, Final
from urllib.parse import urlsplit

from workbench.sandbox.brightdata.accept import Refused, read_json
from workbench.sandbox.brightdata.datasets import DATASETS
from workbench.sandbox.brightdata.formats import FORMATS, encode
from workbench.sandbox.brightdata.snapshots import NOT_FOUND
from workbench.sandbox.brightdata.store import Snapshot
from workbench.sandbox.brightdata.world import BrightDataWorld
from workbench.sandbox.database import Row
from workbench.sandbox.dice import share
from workbench.sandbox.web import Answer, Request, as_json, as_text

TYPES: Final = ("azure", "build", "email", "gcs", "gcp_pubsub", "s3", "sftp", "snowflake", "webhook", "ali_oss")
MOST_TRIES: Final = 4
_PATIENCE: Final = 30.0  # the vendor waits so long for a receiver's answer
_PREFIX: Final = "webhook_header_"
_WORKER: Final = "BRD dca-ds-delivery-worker/1.473.306"


@dataclass(frozen=True)
class _Call:
    kind: str  # data | notify | test
    url: str
    due: float
    headers: dict[str, str] = field(default_factory=dict)
    form: str = "json"
    compress: bool = False


def order_deliveries(world: BrightDataWorld, snapshot_id: str, query: dict[str, str], due: float) -> None:
    """What a trigger's `endpoint` and `notify` ask for, written down with the trigger."""
    headers = {name.removeprefix(_PREFIX): value for name, value in query.items() if name.startswith(_PREFIX)}
    if query.get("auth_header"):
        headers["Authorization"] = query["auth_header"]
    if query.get("endpoint"):
        compress = query.get("uncompressed_webhook", "").lower() not in {"true", "1"}
        form = query.get("format", "json")
        _add_some(world, snapshot_id, _Call("data", query["endpoint"], due, headers, form, compress))
    if query.get("notify", "").startswith("http"):
        _add_some(world, snapshot_id, _Call("notify", query["notify"], due, headers))


def _add_some(world: BrightDataWorld, snapshot_id: str, call: _Call) -> None:
    """The call, once to three times and out of order where the switches want it, and the oddities beside it."""
    again = 0
    if world.switches.strikes("deliver_again", subject=f"{snapshot_id} {call.kind}"):
        again = 1 + (share(world.store.seed, snapshot_id, call.kind, "again") >= 0.5)
    calls = [call] * (1 + again)
    if world.switches.strikes("test_delivery", subject=f"{snapshot_id} {call.kind}"):
        calls.append(replace(call, kind="test", headers={**call.headers, "X-Brightdata-Test": "true"}))
    if world.switches.strikes("forged_delivery", subject=f"{snapshot_id} {call.kind}"):
        calls.append(replace(call, headers={**call.headers, "Authorization": "Bearer a-guess-of-somebody"}))
    spread = world.switches.number("delivery_spread_seconds")
    for number, one in enumerate(calls):
        late = share(world.store.seed, snapshot_id, call.kind, number) * spread
        _add(world, snapshot_id, replace(one, due=one.due + late))


def _add(world: BrightDataWorld, snapshot_id: str, call: _Call) -> str:
    delivery_id = world.store.new_id("dl")
    world.store.db.run(
        "INSERT INTO delivery (id, snapshot_id, kind, url, headers, format, compress, due) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (delivery_id, snapshot_id, call.kind, call.url, json.dumps(call.headers), call.form, call.compress, call.due),
    )
    return delivery_id


def deliver(world: BrightDataWorld, request: Request, snapshot_id: str) -> Answer:
    snapshot = world.look(snapshot_id)
    if snapshot is None:
        return as_json(NOT_FOUND, 404)
    for wrong, text in (
        (snapshot.status != "ready", "Snapshot is not ready"),
        (snapshot.expired, "Snapshot is expired"),
        (snapshot.size == 0 or snapshot.emptied, "Snapshot is empty"),
    ):
        if wrong:
            return as_text(text, 400)
    body = read_json(request)
    options = _checked(body)
    form = str(options["filename"].get("extension", "json"))
    call = _Call("data", str(options.get("endpoint", "")), time.time(), {}, form, bool(body.get("compress", True)))
    delivery_id = _add(world, snapshot_id, call)
    if request.query.get("notify"):
        _add(world, snapshot_id, _Call("notify", request.query["notify"], time.time()))
    world.on_delivery()
    return as_json({"id": delivery_id})


def _checked(body: Any) -> dict[str, Any]:
    options = body.get("deliver") if isinstance(body, dict) else None
    if not isinstance(options, dict):
        raise Refused(as_text("Deliver options are missing", 400))
    errors = []
    if options.get("type") not in TYPES:
        errors.append(f"deliver.type must be one of {', '.join(TYPES)}")
    if not isinstance(options.get("filename"), dict):
        errors.append("deliver.filename is required")
    elif options["filename"].get("extension", "json") not in FORMATS:
        errors.append("deliver.filename.extension: the sandbox writes json, ndjson, jsonl and csv")
    if options.get("type") != "webhook" and not errors:
        errors.append("deliver.type: the sandbox delivers to webhooks only")
    if errors:
        raise Refused(as_json({"validation_errors": errors}, 400))
    return options


def delivery(world: BrightDataWorld, _request: Request, delivery_id: str) -> Answer:
    row = world.store.db.one("SELECT * FROM delivery WHERE id = ?", (delivery_id,))
    return as_json({"error": "Delivery not found"}, 404) if row is None else as_json(as_delivery(row))


def as_delivery(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "snapshot_id", "kind", "url", "status", "tries", "code", "error")}


class Courier:
    """The thread that calls when a snapshot is over, a few times if need be; unfinished calls survive a restart."""

    def __init__(self, world: BrightDataWorld) -> None:
        self._world = world
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sandbox:courier")
        world.on_delivery = self._wake.set

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        db = self._world.store.db
        while True:
            # Cleared before the look at `stopping`: a stop that comes in between must not be slept over.
            self._wake.clear()
            if self._world.stopping.is_set():
                return
            waiting = db.all("SELECT * FROM delivery WHERE status = 'running' ORDER BY due")
            for row in (row for row in waiting if row["due"] <= time.time()):
                if self._world.stopping.is_set():
                    return
                self._call(row)
            soonest = db.value("SELECT min(due) FROM delivery WHERE status = 'running'")
            self._wake.wait(None if soonest is None else min(max(soonest - time.time(), 0.02), 5))

    def _call(self, row: Row) -> None:
        snapshot = self._world.look(row["snapshot_id"])
        if snapshot is None or snapshot.status in {"starting", "running"}:
            self._set(row, due=time.time() + 0.2)
            return
        if row["kind"] == "data" and snapshot.status != "ready":
            self._set(row, status="canceled", error=f"the snapshot is {snapshot.status}")
            return
        code, error = self._post(row, snapshot)
        tries = row["tries"] + 1
        if code == 200:
            self._set(row, status="done", code=code, tries=tries, error=None)
        elif tries >= MOST_TRIES or not is_loopback(row["url"]):
            self._set(row, status="failed", code=code, tries=tries, error=error)
        else:
            gap = self._world.switches.number("delivery_gap_seconds") * 2 ** (tries - 1)
            self._set(row, code=code, tries=tries, error=error, due=time.time() + gap)

    def _set(self, row: Row, **values: Any) -> None:
        pairs = ", ".join(f"{name} = :{name}" for name in values)
        self._world.store.db.run(f"UPDATE delivery SET {pairs} WHERE id = :id", {**values, "id": row["id"]})  # noqa: S608

    def _post(self, row: Row, snapshot: Snapshot) -> tuple[int | None, str | None]:
        if not is_loopback(row["url"]):
            return None, "not a loopback http address: the sandbox calls nobody outside"
        with tempfile.TemporaryFile() as body:
            headers = json.loads(row["headers"]) | {"User-Agent": _WORKER}
            headers |= self._write(row, snapshot, body)
            headers["Content-Length"] = str(body.tell())
            body.seek(0)
            return _post(row["url"], headers, body)

    def _write(self, row: Row, snapshot: Snapshot, body: IO[bytes]) -> dict[str, str]:
        if row["kind"] == "test":
            body.write(json.dumps({"test": True}).encode())
            return {"Content-Type": "application/json"}
        if row["kind"] == "notify":
            body.write(json.dumps({"snapshot_id": snapshot.id, "status": snapshot.status}).encode())
            return {"Content-Type": "application/json"}
        rows = self._world.rows(snapshot)
        pieces = encode(snapshot, DATASETS[snapshot.dataset_id], rows, row["format"])
        with tempfile.TemporaryFile() as plain:
            for piece, _, _ in pieces:
                plain.write(piece)
            plain.seek(0)
            if row["compress"]:
                with gzip.GzipFile(fileobj=body, mode="wb", mtime=0) as packed:
                    shutil.copyfileobj(plain, packed)
            else:
                shutil.copyfileobj(plain, body)
        name = f"{snapshot.id}.{row['format']}" + (".gz" if row["compress"] else "")
        named = {
            "Snapshot-Id": snapshot.id,
            "Dca-Collection-Id": snapshot.id,
            "Dca-Dataset": "true",
            "Dca-Filename": name,
        }
        if row["compress"]:
            return {**named, "Content-Type": "application/gzip", "Content-Encoding": "gzip"}
        return {**named, "Content-Type": FORMATS[row["format"]]}


def is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            return False
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _post(url: str, headers: dict[str, str], body: IO[bytes]) -> tuple[int | None, str | None]:
    parts = urlsplit(url)
    try:
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE)
    except ValueError as error:  # a port that is no number
        return None, str(error)
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        code = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return code, None if code == 200 else f"the receiver answered {code}"
