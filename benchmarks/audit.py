"""The archive of reports after years: all of it verified, and searched."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection, insert

from benchmarks.results import Contender, Figure, Ratio
from workbench.audit.seal import manifest_of
from workbench.audit.verify_archive import GENESIS, MANIFEST, verify
from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.schema import execution, execution_text, seal
from workbench.workbench import Workbench, open_workbench

REPORTS = {"small": 200, "usual": 10_000, "full": 10_000}
VERIFY_SECONDS = 2.0
FIND_SECONDS = 0.2
AT_ONCE = 1_000  # reports a transaction
TEXT = 2_000  # signs of an execution's text; what `runs` leaves in practice


def run(size: str) -> Iterator[Figure]:
    count = REPORTS[size]
    with tempfile.TemporaryDirectory() as folder, open_workbench(folder) as workbench:
        _make(workbench, count)
        root = str(workbench.audit.reports)
        said = workbench.audit.verify()
        assert (said["reports"], said["changed"], said["missing"], said["added"]) == (count, [], [], [])
        verified = _cost(workbench.audit.verify)
        alone = _cost(lambda: verify(root))
        hashed = _cost(lambda: _hash(Path(root)))
        assert len(workbench.audit.find("HTTP 429 from number 77")) == 1
        found = _cost(lambda: workbench.audit.find("HTTP 429 from number 77"))
        by_parameter = _cost(lambda: workbench.audit.find(params={"n": "77"}))
    yield Figure(
        name="audit",
        title=f"An archive of {count:,} reports",
        contenders=(
            Contender("audit verify, with the ledger's events", verified),
            Contender("verify_archive.py, the archive alone", alone),
            Contender("reading and hashing its files alone", hashed),
            Contender("audit find, a text", found),
            Contender("audit find, a parameter", by_parameter),
        ),
        ratios=(
            Ratio("seconds to verify 10,000 reports", verified["wall s"] * 10_000 / count, VERIFY_SECONDS),
            Ratio("seconds to find a text in 10,000", found["wall s"] * 10_000 / count, FIND_SECONDS),
        ),
        drawn="wall s",
        words="Each report has its four files, of a few hundred bytes, and a manifest; "
        f"{TEXT:,} signs of each are looked through. Files are in the system's cache, and the ledger is SQLite.",
    )


def _cost(do: Callable[[], object]) -> dict[str, float]:
    """The least of three, each: what else the machine does is not ours."""
    wall, cpu = [], []
    for _ in range(3):
        begun, used = time.perf_counter(), time.process_time()
        do()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    return {"wall s": min(wall), "CPU s": min(cpu)}


def _hash(root: Path) -> None:
    for folder in root.glob("*/*/*/*"):
        for file in folder.iterdir():
            hashlib.sha256(file.read_bytes()).hexdigest()


def _make(workbench: Workbench, count: int) -> None:
    """As they would have been sealed, a thousand in a transaction and without waiting for the disk."""
    ledger, previous = workbench.parts.ledger, GENESIS
    for first in range(1, count + 1, AT_ONCE):
        seq, digest = ledger.head()
        made = []
        for number in range(first, min(first + AT_ONCE, count + 1)):
            row = _report(workbench, number, previous, {"id": ledger.ledger_id, "seq": seq, "hash": digest})
            previous = row["manifest"]
            made.append(row)
        ledger.write(lambda connection, made=made: _enter(workbench, connection, made))


def _report(workbench: Workbench, number: int, previous: str, head: dict[str, object]) -> dict[str, object]:
    execution_id = f"20261130-{number:06d}-runs"
    place = f"2026/{1 + number % 12:02d}/{1 + number % 28:02d}/{execution_id}"
    record = {
        "execution_id": execution_id, "kind": "report", "sequence": number, "previous": previous, "place": place,
        "ledger": head, "parameters": {"n": number, "sources": "sources.csv"}, "outcome": "succeeded", "effects": [],
        "code": {"version": "0.1.0", "commit": "0" * 40}, "kernel": {"python": "3.11"}, "tables": {},
    }  # fmt: skip
    names = ("input.ipynb", "output.ipynb", "report.html", "params.json")
    files = {name: f"{name} {number} ".encode() * 20 for name in names}
    manifest = manifest_of(files, record, {})
    folder = workbench.audit.reports / place
    folder.mkdir(parents=True)
    for name, data in {**files, MANIFEST: manifest}.items():
        (folder / name).write_bytes(data)
    return {
        "sequence": number, "kind": "report", "execution_id": execution_id, "place": place, "previous": previous,
        "manifest": hashlib.sha256(manifest).hexdigest(),
    }  # fmt: skip


def _enter(workbench: Workbench, connection: Connection, made: list[dict[str, object]]) -> None:
    at = now()
    connection.execute(insert(seal), [{**row, "begun_at": at, "sealed_at": at} for row in made])
    executions, texts, events = [], [], []
    for row in made:
        executions.append({
            "id": row["execution_id"], "notebook": "runs", "params": {"n": row["sequence"]}, "outcome": "succeeded",
            "actor": "benchmark", "folder": f"archive/reports/{row['place']}", "started_at": at, "ended_at": at,
        })  # fmt: skip
        text = (f"HTTP 429 from number {row['sequence']}. " + json.dumps(row) * 10)[:TEXT]
        texts.append({"execution_id": row["execution_id"], "parameters": {"n": row["sequence"]}, "text": text})
        events.append(Event("seal", str(row["execution_id"]), "sealed", facts=row))
    connection.execute(insert(execution), executions)
    connection.execute(insert(execution_text), texts)
    workbench.parts.ledger.append(connection, *events)
