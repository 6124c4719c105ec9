"""Triggers through a network that drops, halves, delays, doubles: each is accepted once, or a person knows of it."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.collect.recover.proxy import Proxy
from tests.house import FIVE, House, check_every_row_once, snapshots, sources_csv
from workbench.db.schema import event
from workbench.engine import rate_limit
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

TRIGGER_SECONDS = 1.0
SETTINGS = {
    "batch_size": 1, "threads": 8, "trigger_seconds": TRIGGER_SECONDS, "look_gaps": "0.3,0.3,0.3",
    "backoff_seconds": 0.1, "poll_seconds": 0.3,
}  # fmt: skip


def storm(house: House, sandbox: Sandbox, proxy: Proxy, triggers: int) -> None:
    names = [f"page{n}" for n in range(triggers // len(FIVE))]
    began = time.monotonic()
    with house.open(**SETTINGS, brightdata_url=proxy.url) as workbench:
        plan = workbench.plan(sources_csv(house.home / "s.csv", names), num_posts=1)
        workbench.start(plan.hash)
        worked = workbench.work(limit=timedelta(minutes=25))
        assert worked.idle
        told = workbench.recover.adopt(everything=True)
    with house.open() as workbench:
        check(house, workbench, proxy, told, triggers)
        rows = check_every_row_once(house, workbench)
    fates = dict(proxy.log.fates.most_common())
    print(f"{triggers} triggers in {time.monotonic() - began:.0f} s, {rows} rows, {fates}")


def check(house: House, workbench: Workbench, proxy: Proxy, told: dict[str, Any], triggers: int) -> None:
    found = [one for one in snapshots(workbench) if not str(one["reason"]).startswith("DUPLICATE")]
    waiting = [one for one in found if one["state"] == "unsure"]
    sent = Counter(of_inputs(json.loads(body)) for body in proxy.log.arrived.elements())
    doubled = Counter(of_inputs(json.loads(body)) for body in proxy.log.doubled.elements())
    accepted = Counter(of_inputs(one["inputs"]) for one in house.ask("triggers"))
    print(f"{len(waiting)} unresolved, {doubled.total()} doubled")

    assert len(found) == triggers
    assert max(sent.values()) == 1, "we sent one twice that had arrived"
    assert accepted == sent + doubled
    assert sent.total() == triggers - len(waiting)
    assert {one["state"] for one in found} <= {"published", "empty", "unsure"}
    assert len(waiting) <= max(triggers // 200, 1)
    assert {one["id"] for one in workbench.todo()} == {str(one["key"]) for one in waiting}
    check_doubles(house, workbench, told, doubled)


def check_doubles(house: House, workbench: Workbench, told: dict[str, Any], doubled: Counter[str]) -> None:
    """Of each pair one was brought in, and of the other somebody was told."""
    published = {one["snapshot_id"] for one in snapshots(workbench) if one["state"] in ("published", "empty")}
    with workbench.parts.ledger.read() as connection:
        facts = [row.facts for row in connection.execute(select(event))]
    said = "\n".join(str(one.get("reason")) for one in facts if "DUPLICATE SPEND" in str(one.get("reason")))
    pairs: dict[str, list[str]] = {}
    for one in house.ask("triggers"):
        pairs.setdefault(of_inputs(one["inputs"]), []).append(one["snapshot_id"])
    for inputs in doubled:
        (other,) = [name for name in pairs[inputs] if name not in published]
        assert other in said, other
    assert all(one["snapshot_id"] in said for one in told["duplicates"])


def of_inputs(inputs: Any) -> str:
    return json.dumps(inputs, sort_keys=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor's five minutes are a second here; test_storm.py has the real ones."""
    monkeypatch.setattr(rate_limit, "WINDOW", timedelta(seconds=1))


def run(tmp_path: Path, seed: int, triggers: int) -> None:
    print(f"seed {seed}")
    with (
        Sandbox(tmp_path / "sandbox", seed=seed, switches={"ready_after_seconds": 1.5}) as sandbox,
        Proxy(sandbox.url, seed, late=2 * TRIGGER_SECONDS) as proxy,
    ):
        storm(House(tmp_path / "home", sandbox), sandbox, proxy, triggers)


def test_thirty_triggers(tmp_path: Path, quick: None) -> None:
    run(tmp_path, 20, 30)


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_a_thousand_triggers(tmp_path: Path, quick: None) -> None:
    run(tmp_path, random.SystemRandom().randrange(10**6), 1000)
