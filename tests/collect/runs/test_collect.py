"""A whole run through the front door: what the sandbox delivered is in the tables exactly once, whatever goes wrong."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.house import (
    KINDS,
    MINUTE,
    House,
    check_every_row_once,
    check_triggers,
    content,
    snapshots,
    states,
)
from workbench.sandbox.serve import Sandbox

NAMES = ("tea", "nothing.here", "private.one", "patchy.two")
# A share of everything that can go wrong; the 429s are counted, since ten of them stop all work for five minutes.
STORM = {
    "slow": 0.01,
    "ready_after_seconds": 0.2,
    "retry_after_seconds": 0.1,
    "server_error_500": 0.08,
    "reset": 0.05,
    "too_many_429": {"times": 4},
    "ban": {"times": 1},
    "drop_after_trigger": 0.1,
    "answer_without_id": 0.1,
    "unknown_status": 0.3,
    "building_after_ready": 0.3,
    "ready_then_409": 0.2,
    "truncated_body": 0.3,
    "html_body": 0.2,
    "broken_lines": 0.05,
    "expired": 0.05,
    "empty": 0.05,
    "snapshot_failed": 0.05,
    "snapshot_canceled": 0.05,
    "never_ready": {"times": 1},
}


def test_a_quiet_run_brings_in_every_row(house: House) -> None:
    run = house.start(NAMES)
    with house.open() as workbench:
        worked = workbench.work(limit=MINUTE)
        rows = check_every_row_once(house, workbench)
        (told,) = workbench.status()["runs"]
        count = house.ask("count")

        assert worked.idle
        assert states(workbench).keys() <= {"published", "empty"}
        assert told["status"] == "completed"
        assert told["rows"] == count["records_billed"]
        assert rows == sum(count["rows_delivered"].values())
        assert workbench.collect.spent_micro_usd(run) == count["records_billed"] * 2000
        assert count["triggers_accepted"] == len(snapshots(workbench)) == count["downloads"]
        assert count["answers"].keys() == {"200"}


def test_all_five_datasets_and_all_sources_are_there(house: House) -> None:
    house.start(("tea", "coffee"))
    with house.open() as workbench:
        workbench.work(limit=MINUTE)
        found = workbench.sql(" UNION ALL ".join(f"SELECT platform, service, creator FROM {kind}" for kind in KINDS))
        given = workbench.sql("SELECT creator, sum(row_count) FROM source_results GROUP BY ALL ORDER BY ALL").fetchall()

        assert {row[:2] for row in found.fetchall()} == {
            ("instagram", "posts"), ("instagram", "profiles"), ("instagram", "comments"), ("facebook", "posts"),
            ("linkedin", "posts"),
        }  # fmt: skip
        assert [name for name, _ in given] == ["coffee", "tea"]
        assert sum(rows for _, rows in given) == house.ask("count")["records_billed"]


def test_the_estimate_is_the_worst_case_where_limits_are_sent(house: House) -> None:
    run = house.start(NAMES)
    with house.open() as workbench:
        reserved = {one["key"]: one for one in snapshots(workbench)}
        workbench.work(limit=MINUTE)
        estimate = workbench.sql("SELECT sum(micro_usd) FROM spend WHERE kind = 'reserve'").fetchone()[0]

        assert workbench.collect.spent_micro_usd(run) <= estimate
        assert reserved


def test_a_second_run_that_pays_again_adds_and_loses_nothing(house: House) -> None:
    house.start(NAMES)
    with house.open(reuse_hours=0) as workbench:
        workbench.work(limit=MINUTE)
        first = content(workbench, without="scraped_at, run_id, job_id")
        house.start(NAMES, reuse_hours=0)
        workbench.work(limit=MINUTE)
        both = content(workbench, without="scraped_at, run_id, job_id")
        check_every_row_once(house, workbench)

        assert {kind: sorted(rows * 2, key=str) for kind, rows in first.items()} == {
            kind: sorted(rows, key=str) for kind, rows in both.items()
        }
        assert len(workbench.status()["runs"]) == 2
        posts = {row[0] for row in workbench.sql("SELECT platform || post_id FROM posts").fetchall()}
        assert workbench.sql("SELECT count(*) FROM posts_latest").fetchone() == (len(posts),)


def test_a_second_run_of_the_same_day_is_answered_by_the_first(house: House) -> None:
    house.start(NAMES)
    with house.open() as workbench:
        workbench.work(limit=MINUTE)
        first, accepted = content(workbench), house.ask("count")["triggers_accepted"]
        house.start(NAMES)
        workbench.work(limit=MINUTE)
        check_every_row_once(house, workbench)

        assert content(workbench) == first
        assert house.ask("count")["triggers_accepted"] == accepted


def test_work_again_changes_nothing(house: House) -> None:
    house.start(("tea",))
    with house.open() as workbench:
        workbench.work(limit=MINUTE)
        head = workbench.parts.ledger.head()
        again = workbench.work(limit=MINUTE)

        assert (again.steps, workbench.parts.ledger.head()) == (0, head)


@pytest.mark.parametrize("seed", [1, pytest.param(None, id="a random one")])
def test_every_switch_on_at_once(tmp_path: Path, seed: int | None) -> None:
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    with Sandbox(tmp_path / "sandbox", seed=seed, switches=STORM) as sandbox:
        house = House(tmp_path / "home", sandbox)
        house.start(("tea", "nothing.here", "patchy.two"), num_posts=5, batch_size=1)
        with house.open(batch_size=1) as workbench:
            began = time.monotonic()

            def let_go() -> None:
                if time.monotonic() - began > 3:
                    sandbox.switch(never_ready=0)

            worked = workbench.work(limit=MINUTE, watch=let_go)
            found = states(workbench)
            print(f"seed {seed}: {dict(found)}, {house.ask('count')['answers']}")
            check_triggers(house, workbench)
            rows = check_every_row_once(house, workbench)

            assert worked.idle
            assert rows
            assert found.keys() <= {"published", "empty", "failed", "canceled", "expired", "unsure"}
            assert len(workbench.todo()) == found["unsure"]
