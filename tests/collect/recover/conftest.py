"""A vendor that remembers what was started, for the desk; and one that has a history, for the house."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.collect.conftest import Desk, Vendor, reply
from workbench.collect.model import Snapshot
from workbench.db.clock import now
from workbench.db.ledger import Ledger, open_ledger
from workbench.db.schema import snapshot as snapshot_table
from workbench.sandbox.brightdata import service
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.serve import Sandbox
from workbench.sandbox.web import as_text

KEY = "a-key-of-no-value-0123"
POSTS = "gd_lk5ns7kz21pck8jpis"
TEA = {"url": "https://www.instagram.com/tea.club/"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Begun:
    """One collection at the vendor."""

    snapshot_id: str
    inputs: Any
    created: datetime
    status: str = "running"


@dataclass
class Account(Vendor):
    """A vendor that lists what was begun, tells its inputs, and cancels."""

    begun: list[Begun] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        Vendor.__init__(self)

    def begin(self, snapshot_id: str, inputs: Any, *, ago: timedelta = timedelta(), status: str = "running") -> None:
        """Somebody started `snapshot_id`; inputs that are an answer are what the vendor says instead of them."""
        self.begun.append(Begun(snapshot_id, inputs, datetime.now(UTC) - ago, status))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route = self.route(request)
        one = next((one for one in self.begun if one.snapshot_id in request.url.path.split("/")), None)
        if route == "snapshots" and self.begun:
            listed = [{"id": each.snapshot_id, "created": each.created.isoformat(), "status": each.status} for each in
                      reversed(self.begun)]  # fmt: skip
            self.answers["snapshots"] = [listed]
        elif one and route == "input":
            self.answers["input"] = one.inputs if isinstance(one.inputs, httpx.Response) else reply(200, one.inputs)
        elif one and route == "cancel":
            self.cancelled.append(one.snapshot_id)
            one.status = "canceled" if self.answers["cancel"] == "OK" else one.status
        elif one and route == "progress":
            self.answers["progress"] = {"status": one.status}
        return super().__call__(request)


@pytest.fixture
def vendor() -> Account:
    return Account()


@pytest.fixture
def lost(desk: Desk, vendor: Account) -> Desk:
    """One trigger whose answer was lost; nothing of it is at the vendor yet."""
    vendor.answers["trigger"] = httpx.ReadError("reset")
    desk.start()
    assert desk.advance().state == "unsure"
    return desk


def look(desk: Desk, *, after: timedelta = timedelta()) -> Snapshot:
    """The next look, so long after the order."""
    desk.late = after
    return desk.advance()


def set_values(desk: Desk, key: int, **values: Any) -> None:
    """As a person with a database tool would: past all rules."""
    change = snapshot_table.update().where(snapshot_table.c.id == key).values(values)
    desk.ledger.write(lambda connection: connection.execute(change))


def step(desk: Desk, key: int) -> None:
    """The next step of this snapshot alone; the others rest from now on."""
    everything = snapshot_table.update().values(next_at=None)
    desk.ledger.write(lambda connection: connection.execute(everything))
    set_values(desk, key, next_at=now())
    assert desk.worker.advance(desk.bench)


def ours(desk: Desk) -> list[dict[str, Any]]:
    """What the first snapshot asked for."""
    return [dict(one) for one in desk.snapshot().inputs]


# a house ----------------------------------------------------------------------------------------------


def collected(
    sandbox: Sandbox,
    *inputs: Mapping[str, Any],
    dataset: str = POSTS,
    ago: timedelta = DAY,
    by: str | None = "url",
    posts: int = 3,
    **flags: Any,
) -> str:
    """A snapshot that somebody else collected `ago`, in the sandbox's own books; its id. `flags`: expired=1, ..."""
    query: dict[str, Any] = {"dataset_id": dataset, "format": "ndjson", "include_errors": "true"}
    if by:
        query |= {"type": "discover_new", "discover_by": by, "limit_per_input": posts}
    answer = httpx.post(
        f"{sandbox.url}/datasets/v3/trigger", params=query, json=list(inputs or [TEA]),
        headers={"Authorization": f"Bearer {KEY}"}, timeout=30,
    )  # fmt: skip
    found = str(answer.json()["snapshot_id"])
    at = time.time() - ago.total_seconds()
    values = {"created": at, "begins": at, "ends": at, **flags}
    names = ", ".join(f"{name} = :{name}" for name in values)
    sandbox.brightdata.world.store.db.run(f"UPDATE snapshot SET {names} WHERE id = :id", {**values, "id": found})
    return found


@pytest.fixture
def forget_inputs(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """As the vendor does after a while: the rows of a snapshot are there, what was asked is not."""

    def forget(snapshot_id: str) -> None:
        address = f"/datasets/v3/snapshot/{snapshot_id}/input"
        gone = Route("GET", address, lambda *_: as_text("Snapshot input does not exist", 400), "input")
        monkeypatch.setattr(service, "ROUTES", Routes(gone, *service.ROUTES))

    return forget


def said(command: Any) -> Any:
    """What a command printed as JSON, and its exit code."""
    out, err = command.communicate(timeout=100)
    assert "Traceback" not in err, err
    return json.loads(out), command.returncode


def ids(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [row["snapshot_id"] for row in rows]


@pytest.fixture
def open_second(tmp_path: Path, desk: Desk) -> Iterator[Any]:
    """The desk's ledger as another owner opens it."""
    opened = []

    def another() -> Ledger:
        opened.append(open_ledger(str(desk.ledger.address), mode="practice", locks=tmp_path / "locks"))
        return opened[-1]

    yield another
    for ledger in opened:
        ledger.close()
