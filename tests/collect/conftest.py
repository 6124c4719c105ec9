"""A desk for the steps of collect: a real ledger, a lake in a folder, and a vendor on the wire or in the sandbox."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from tests.engine.world import all_writers
from tests.house import House
from workbench.brightdata.client import BrightData
from workbench.collect import queries
from workbench.collect import store as collecting
from workbench.collect.flow import flow
from workbench.collect.model import NewSource, Plan, Snapshot
from workbench.collect.plan import PlanRequest, make_plan
from workbench.collect.tools import CollectTools
from workbench.db.clock import now
from workbench.db.ledger import Ledger, open_ledger
from workbench.db.schema import snapshot as snapshot_table
from workbench.db.schema import spend
from workbench.engine.item import to_record
from workbench.engine.retry import RetryPolicy
from workbench.engine.worker import EquippedFlow, Worker
from workbench.sandbox.serve import Sandbox
from workbench.secret import Secret

KEY = Secret("a-key-of-no-value-0123")
DAY = date(2025, 10, 2)
ID = "sd_test0001"


class Vendor:
    """A vendor of a few lines: `answers["progress"]` is one answer, or a list of which the last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"trigger": {"snapshot_id": ID}, "progress": {"status": "ready"}}
        self.answers |= {"cancel": "OK", "parts": {"parts": 1}, "snapshots": [[]]}
        self.requests: list[httpx.Request] = []
        self.on_request: Callable[[httpx.Request], object] = lambda _: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.on_request(request)
        answer = self.answers[self.route(request)]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        found = answer if isinstance(answer, httpx.Response) else reply(200, answer)
        # a stream, as a socket gives one, and a new one each time
        return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content))

    @staticmethod
    def route(request: httpx.Request) -> str:
        last, *_ = reversed(request.url.path.split("/"))
        known = ("trigger", "parts", "cancel", "snapshots", "input")
        return last if last in known else "progress" if "/progress/" in request.url.path else "download"

    def asked(self, route: str) -> list[httpx.Request]:
        return [request for request in self.requests if self.route(request) == route]


def reply(code: int, body: Any = b"", **headers: str) -> httpx.Response:
    """An answer with JSON, text or bytes; headers are written retry_after="2"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str | bytes):
        return httpx.Response(code, content=body, headers={"content-type": "text/plain"} | named)
    return httpx.Response(code, json=body, headers=named)


def lines(*rows: Mapping[str, Any] | str) -> httpx.Response:
    """Rows as the vendor sends them: NDJSON in gzip."""
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return httpx.Response(200, content=gzip.compress(text.encode()), headers={"content-type": "application/gzip"})


def a_post(number: int, source: str = "tea.club", **more: Any) -> dict[str, Any]:
    """A data row of Instagram posts, as discovery by url delivers it."""
    asked = {"url": f"https://www.instagram.com/{source}/"}
    url = f"https://www.instagram.com/p/P{number}/"
    return {
        "url": url, "post_id": str(number), "user_posted": source, "description": f"post {number}", "likes": number,
        "date_posted": "2025-09-02T10:00:00.000Z", "timestamp": "2025-10-02T08:00:00.000Z", "input": {"url": url},
        "discovery_input": asked, **more,
    }  # fmt: skip


def a_source(url: str = "https://www.instagram.com/tea.club/", **more: Any) -> NewSource:
    return NewSource(**{"name": url, "platform": "instagram", "service": "posts", "url": url, **more})


FLOW = flow(
    retry=RetryPolicy(first=timedelta(milliseconds=1)), poll_every=timedelta(), longest_trigger=timedelta(seconds=60)
)


class Desk:
    """One ledger with the flow's steps, advanced by hand; `clock` is what the steps take for the time."""

    def __init__(self, ledger: Ledger, lake: Path, brightdata: BrightData) -> None:
        self.ledger, self.lake, self.brightdata = ledger, lake, brightdata
        self.late = timedelta()
        self.tools = CollectTools(
            brightdata=brightdata, lake=lake, view=queries.LedgerQueries(ledger), now=lambda: now() + self.late,
            poll=timedelta(), stall=timedelta(hours=2), retention=timedelta(days=16), part_rows=1000,
            look_gaps=(timedelta(hours=1), timedelta(hours=2)),
        )  # fmt: skip
        self.bench = EquippedFlow(FLOW, self.tools)
        self.worker = Worker(ledger, [self.bench], lease_time=timedelta(seconds=60), writers=all_writers())

    def plan(self, *sources: NewSource, **ask: Any) -> Plan:
        ids = collecting.add_sources(self.ledger, sources or [a_source()]).source_ids
        asked = PlanRequest(**{"day": DAY, "start": date(2025, 9, 1), "end": date(2025, 9, 30), "num_posts": 3, **ask})
        plan = make_plan(queries.list_sources(self.ledger, ids=ids), asked)
        collecting.save_plan(self.ledger, plan)
        return plan

    def start(self, *sources: NewSource, **ask: Any) -> str:
        return collecting.start_run(self.ledger, self.plan(*sources, **ask).hash, folder="Run_{id6}").run_id

    def advance(self, until: str | None = None, *, most: int = 30) -> Snapshot:
        """Run the next step now; or steps until the first snapshot's state is `until`."""
        for _ in range(most):
            self.make_due()
            assert self.worker.advance(self.bench), "nothing is due"
            if until in (None, str(self.snapshot().state)):
                return self.snapshot()
        raise AssertionError(f"{until} was not reached: {self.snapshot()}")

    def make_due(self) -> None:
        due = update(snapshot_table).where(snapshot_table.c.next_at.is_not(None)).values(next_at=now())
        self.ledger.write(lambda connection: connection.execute(due))

    def snapshots(self) -> list[Snapshot]:
        with self.ledger.read() as connection:
            rows = connection.execute(select(snapshot_table).order_by(snapshot_table.c.id)).mappings().all()
        return [to_record("snapshot", row) for row in rows]  # type: ignore[misc]

    def snapshot(self) -> Snapshot:
        return self.snapshots()[0]

    def cancel(self) -> None:
        collecting.cancel_run(self.ledger, self.snapshot().run_id)

    def money(self) -> dict[str, int]:
        """What was reserved, settled, released, and what it comes to, in micro-dollars."""
        found = {"sum": 0}
        with self.ledger.read() as connection:
            for row in connection.execute(select(spend)):
                for name in (row.kind, "sum"):
                    found[name] = found.get(name, 0) + row.micro_usd
        return found

    def files(self) -> dict[str, bytes]:
        """What lies in the lake: name → bytes."""
        return {path.name: path.read_bytes() for path in self.lake.rglob("*") if path.is_file()}

    def table(self, kind: str = "posts") -> list[dict[str, Any]]:
        """The rows of the staged or published files of a kind, in row order."""
        import pyarrow.parquet

        found = [
            row
            for path in sorted(self.lake.rglob(f"*.{kind}.parquet"))
            for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()
        ]
        return sorted(found, key=lambda row: row["row_no"])


@pytest.fixture
def make_desk(migrated: Path, tmp_path: Path) -> Iterator[Callable[[BrightData], Desk]]:
    opened: list[Desk] = []

    def make(brightdata: BrightData) -> Desk:
        shutil.copy(migrated, tmp_path / "ledger.db")
        ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", mode="practice", locks=tmp_path / "locks")
        lake = tmp_path / "lake"
        lake.mkdir()
        opened.append(Desk(ledger, lake, brightdata))
        return opened[-1]

    yield make
    for desk in opened:
        desk.brightdata.close()
        desk.ledger.close()


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def desk(vendor: Vendor, make_desk: Callable[[BrightData], Desk]) -> Desk:
    """Its vendor answers what the test says."""
    return make_desk(BrightData("https://vendor.test", KEY, transport=httpx.MockTransport(vendor)))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield sandbox


@pytest.fixture
def house(tmp_path: Path, sandbox: Sandbox) -> House:
    return House(tmp_path / "home", sandbox)


@pytest.fixture
def wired(sandbox: Sandbox, make_desk: Callable[[BrightData], Desk]) -> Desk:
    """Its vendor is the sandbox, over a real socket."""
    return make_desk(BrightData(sandbox.url, KEY))


@pytest.fixture
def planned(desk: Desk) -> Desk:
    desk.start()
    return desk


@pytest.fixture
def triggered(planned: Desk) -> Desk:
    planned.advance(until="triggered")
    return planned


@pytest.fixture
def ready(triggered: Desk) -> Desk:
    triggered.advance(until="ready")
    return triggered


@pytest.fixture
def downloaded(ready: Desk, vendor: Vendor) -> Desk:
    vendor.answers.setdefault("download", lines(a_post(1), a_post(2), {"error": "gone", "error_code": "dead_page"}))
    ready.advance(until="downloaded")
    return ready


@pytest.fixture
def staged(downloaded: Desk) -> Desk:
    downloaded.advance(until="staged")
    return downloaded
