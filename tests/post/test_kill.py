"""kill -9 at every boundary and at random moments: nothing is there twice, nothing is called posted that is not."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.post.desk import Desk, check_truth
from tests.zygote import Zygote
from workbench.sandbox.serve import Sandbox

KILLED = -signal.SIGKILL
# Where it matters most: the site has it, and nothing here knows it. The soak takes every boundary.
CRITICAL = ["after the call", 1]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(3000)]


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    zygote = Zygote(tmp_path / "zygote.log")
    yield zygote
    zygote.close()


def order(desk: Desk, number: int, accounts: tuple[str, ...] = ("north",)) -> None:
    with desk.open(*accounts) as wb:
        wb.postings.start(desk.csv(*desk.rows(number, accounts)))


def ended(desk: Desk) -> Counter[str]:
    with desk.open() as wb:
        check_truth(desk, wb)
        return Counter(str(one["state"]) for one in wb.postings.listings())


def killed_at(folder: Path, point: list[Any], zygote: Zygote) -> str | None:
    """What is wrong after a worker was killed at `point` and another one has worked."""
    folder.mkdir()
    with Sandbox(folder / "sandbox", seed=7) as sandbox:
        desk = Desk(folder, sandbox)
        order(desk, 1)
        if zygote.work(desk.home, desk.settings(), at=point, threads=1) != KILLED:
            return f"{point}: was not reached"
        if (code := zygote.work(desk.home, desk.settings(), threads=1)) != 0:
            return f"{point}: the next worker ended with {code}"
        states, there = ended(desk), sum(desk.there().values())
        clicks = sum(desk.count()["publish_clicks"].values())
    # Killed between the order and the call, nobody can know: it is not there, and a person is asked.
    good = (states == {"posted": 1} and there == 1) or (states == {"unsure": 1} and there == 0)
    return None if good and clicks <= 1 else f"{point}: {dict(states)}, {there} there, {clicks} clicks"


@pytest.mark.long
def test_killed_behind_the_click(tmp_path: Path, zygote: Zygote) -> None:
    assert killed_at(tmp_path / "desk", CRITICAL, zygote) is None


@pytest.mark.soak
def test_killed_at_every_boundary(desk: Desk, tmp_path: Path, zygote: Zygote) -> None:
    order(desk, 1)
    assert zygote.work(desk.home, desk.settings(), record=str(tmp_path / "points"), threads=1) == 0
    points = [json.loads(line) for line in (tmp_path / "points").read_text().splitlines()]
    points = [point for point in points if "renew" not in point[0]]  # which comes with time, not with the work
    wrong = [said for n, point in enumerate(points) if (said := killed_at(tmp_path / f"k{n}", point, zygote))]

    assert len(points) > 20
    assert wrong == []


def kill_at_random(
    desk: Desk, zygote: Zygote, *, listings: int, accounts: tuple[str, ...], kills: int, seed: int
) -> int:
    """Kill the worker that often, or until nothing moves by itself any more; how often it was."""
    dice = random.Random(seed)
    order(desk, listings, accounts)
    done, longest, waiting = 0, 3.0, listings
    while done < kills:
        points = desk.home / f"points-{done}"
        settings = desk.settings(headless=True)
        pid = zygote.begin(desk.home, settings, threads=len(accounts), record=str(points))
        while not (is_over := zygote.is_over(0.05)) and not (points.exists() and "filling" in points.read_text()):
            pass
        # A moment to be killed at; nothing is asserted about it.
        if not is_over and not zygote.is_over(dice.uniform(0, longest)):
            os.kill(pid, signal.SIGKILL)
            done += 1
        if zygote.end() == 0 and not is_due(desk):
            break
        go_on(desk)
        left = ended(desk)["queued"]
        # On a slow machine none would ever come to its click; on a fast one all would be past it.
        longest, waiting = (longest * 1.25 if left == waiting else longest * 0.8), left
    for _ in range(3):
        assert zygote.work(desk.home, desk.settings(), threads=len(accounts), limit=600) == 0
    return done


def go_on(desk: Desk) -> None:
    """A person looks at the site, says of those that three workers died over what became of them, and lets accounts
    go on that something stopped.
    """
    there = {(one["account"], one["title"]): one["listing_id"] for one in desk.count()["listings"]}
    with desk.open() as wb:
        for one in wb.postings.listings():
            if one["state"] == "quarantined":
                found = there.get((one["account"], one["title"]))
                wb.postings.resolve(one["listing_id"], adopt=found, absent=found is None)
        for account in wb.accounts.all():
            if account["paused_kind"]:
                wb.accounts.resume(account["account_id"])


def is_due(desk: Desk) -> bool:
    with desk.open() as wb:
        return any(one["is_due"] for one in wb.postings.listings())


@pytest.mark.soak
def test_killed_at_random_moments(desk: Desk, zygote: Zygote) -> None:
    desk.sandbox.marketplace.switch(commit_then_drop={"times": 1}, under_review={"chance": 0.3})
    kill_at_random(desk, zygote, listings=3, accounts=("north", "south"), kills=3, seed=11)
    states = ended(desk)

    assert sum(states.values()) == 3
    # One that three workers died over waits for a person, whoever killed them.
    assert set(states) <= {"posted", "unsure", "quarantined"}


@pytest.mark.soak
@pytest.mark.timeout(14_000)
def test_killed_100_times_with_every_fault(tmp_path: Path, zygote: Zygote) -> None:
    """30 listings of 3 accounts, every failure of the site mixed in; anew with 30 more once nothing moves any more."""
    done, seed = 0, 12
    while done < 100:
        with Sandbox(tmp_path / f"site-{seed}", seed=seed) as sandbox:
            desk = Desk(tmp_path / f"desk-{seed}", sandbox)
            sandbox.marketplace.switch(
                commit_then_drop=0.1, drop_before=0.05, answer_without_id=0.1, under_review=0.2, query_error=0.05,
                field_error={"field": "title", "chance": 0.05}, cards_without_links=0.1, server_error_500=0.03,
                slow=0.05,
            )  # fmt: skip
            accounts = ("north", "south", "east")
            done += kill_at_random(desk, zygote, listings=30, accounts=accounts, kills=100 - done, seed=seed)
            states = ended(desk)
            print(f"seed {seed}: {done} kills so far, {dict(states)}, {sum(desk.there().values())} at the site")
            assert sum(states.values()) == 30
            check_that_a_person_is_asked(desk)
        seed += 1


def check_that_a_person_is_asked(desk: Desk) -> None:
    """About all that is neither posted nor refused, with evidence."""
    with desk.open() as wb:
        rest = [one for one in wb.postings.listings() if one["state"] not in {"posted", "failed"}]
        logs = {one["post"] for one in wb.postings.errors(limit=None) if one["evidence"]}
        paused = {one["label"] for one in wb.accounts.all() if one["paused_kind"]}
    # A worker that is killed leaves no picture; what waits because its account does is told as the account's.
    waiting = [one for one in rest if not (one["next_at"] and one["account"] in paused)]
    assert all(one["attention"] in {"person", "review"} for one in waiting)
    assert all(one["listing_id"] in logs for one in waiting if one["state"] != "quarantined")
