"""Deliveries shuffled, doubled, truncated and forged, a worker beside, the receiver killed again and again."""

from __future__ import annotations

import gzip
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from tests.deliveries.conftest import HOOK, SECRET, secret_file
from tests.house import DATES, House, check_every_row_once, check_triggers, sources_csv, states
from workbench.db.event_log import broken_at
from workbench.db.schema import delivery, snapshot
from workbench.deliveries.intake import digest_for
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

POSTS = [("instagram", "posts", "https://www.instagram.com/{}/")]
# So long between looks that only a doorbell brings a snapshot in within the test.
SLOW_POLL = {"poll_seconds": 300, "stall_seconds": 3600, "batch_size": 1, "threads": 8}


@dataclass(frozen=True)
class Call:
    token: str
    headers: dict[str, str]
    body: bytes
    is_forged: bool = False

    @property
    def digest(self) -> str:
        try:
            return str(digest_for(self.token or None, gzip.decompress(self.body)).hexdigest())
        except EOFError:
            return str(digest_for(self.token or None, self.body).hexdigest())


class Public:
    """The receiver as a process of its own, which comes back on the same port after every kill."""

    def __init__(self, house: House) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._environment = house.environment(webhook_secret_file=house.home / "secret")
        self._log = house.home.parent / "receiver.log"
        self.url = f"http://127.0.0.1:{self.port}{HOOK}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "workbench.home.receiver", "--port", str(self.port), "--no-worker"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout
        assert self.process.stdout.readline().startswith(b"receiver "), self._log.read_text()
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def calls_for(events: list[tuple[str, str, bytes]], copies: int, dice: random.Random) -> list[Call]:
    """Every event some times; some without their token, some cut, some with a secret that is none."""
    made = []
    for token, provider_id, body in events:
        for _ in range(copies):
            headers = {"Snapshot-Id": provider_id, "Content-Encoding": "gzip"} if dice.random() < 0.7 else {}
            path = "" if headers and dice.random() < 0.2 else token
            chance = dice.random()
            cut = body[: dice.randrange(3, len(body) - 1)] if chance < 0.05 else body
            made.append(Call(path, headers, cut, is_forged=chance > 0.98))
    dice.shuffle(made)
    return made


# One for all: making a client reads all certificates anew.
CLIENT = httpx.Client(timeout=30, verify=False)


def send(public: Public, call: Call, codes: Counter[int]) -> None:
    """As the vendor does it: again until it is answered."""
    secret = "a guess of somebody" if call.is_forged else SECRET
    last = time.monotonic() + 90
    while True:
        try:
            headers = {**call.headers, "Authorization": f"Bearer {secret}"}
            answer = CLIENT.post(public.url + call.token, content=call.body, headers=headers)
        except httpx.HTTPError:
            assert time.monotonic() < last
            time.sleep(0.1)
        else:
            codes[answer.status_code] += 1
            return


def bombard(public: Public, calls: list[Call], *, kills: int) -> Counter[int]:
    """Send everything from eight threads; kill and restart the receiver on the way."""
    codes: Counter[int] = Counter()
    done = threading.Event()

    def killer() -> None:
        for number in range(1, kills + 1):
            while sum(codes.values()) < len(calls) * number / (kills + 1) and not done.wait(0.005):
                pass
            public.kill()
            public.start()

    thread = threading.Thread(target=killer)
    thread.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda call: send(public, call, codes), calls))
    done.set()
    thread.join()
    return codes


@pytest.fixture
def big_house(tmp_path: Path) -> Iterator[House]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(tmp_path / "home", sandbox)
        secret_file(house.home / "secret", SECRET)
        yield house


def triggered(workbench: Workbench) -> list[tuple[str, str]]:
    query = select(snapshot.c.intent_id, snapshot.c.provider_id).where(snapshot.c.provider_id.is_not(None))
    with workbench.parts.ledger.read() as connection:
        return [(str(row[0]), str(row[1])) for row in connection.execute(query)]


def wait_for(is_true, seconds: float) -> None:
    last = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < last
        time.sleep(0.1)


def bar(house: House, *, events: int, copies: int, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    with house.open(**SLOW_POLL) as workbench:
        sources = sources_csv(house.home / "sources.csv", [f"tea{n}" for n in range(events)], POSTS)
        workbench.start(workbench.plan(sources, num_posts=2, **DATES).hash)
        stop = threading.Event()
        working = threading.Thread(target=workbench.work, kwargs={"until_idle": False, "stop": stop})
        working.start()
        try:
            wait_for(lambda: len(triggered(workbench)) == events, 30 + events * 0.2)
            bodies = [(token, key, gzip.compress(rows_of(house, key))) for token, key in triggered(workbench)]
            calls = calls_for(bodies, copies, dice)
            public = Public(house)
            try:
                codes = bombard(public, calls, kills=kills)
                wait_for(lambda: states(workbench)["published"] == events, 60 + events * 0.2)
            finally:
                public.kill()
        finally:
            stop.set()
            working.join()
        workbench.deliveries.match()

        forged = sum(call.is_forged for call in calls)
        assert codes == {200: len(calls) - forged} | ({401: forged} if forged else {})
        check_kept(workbench, calls)
        assert check_every_row_once(house, workbench) == sum(house.ask("count")["rows_delivered"].values())
        assert house.ask("count")["downloads"] == events
        check_triggers(house, workbench)


def rows_of(house: House, key: str) -> bytes:
    """What Bright Data would deliver."""
    return json.dumps([json.loads(row["line"]) for row in house.ask(f"rows/{key}")]).encode()


def check_kept(workbench: Workbench, calls: list[Call]) -> None:
    """Against a single-threaded oracle: every body once, counted as often as sent, or more where we were killed."""
    sent = Counter(call.digest for call in calls if not call.is_forged)
    with workbench.parts.ledger.read() as connection:
        kept = {row.digest: row for row in connection.execute(select(delivery))}
        assert broken_at(connection) is None
    assert kept.keys() == sent.keys()
    assert not [digest for digest, row in kept.items() if row.copies < sent[digest]]
    assert {row.status for row in kept.values()} <= {"processed", "duplicate", "json_error"}
    assert not [row.id for row in kept.values() if row.attention or row.snapshot is None]
    folder = workbench.settings.data / "deliveries"
    assert {path.name for path in folder.glob("??/*")} == {f"{digest}.body" for digest in kept}


@pytest.mark.long
def test_every_row_once_whatever_the_webhook_does(big_house: House) -> None:
    bar(big_house, events=40, copies=5, kills=4, seed=4)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_whole_bar(big_house: House) -> None:
    bar(big_house, events=2000, copies=5, kills=20, seed=5)


@pytest.mark.soak
def test_the_sandbox_delivers_out_of_order_forged_and_up_to_three_times(big_house: House) -> None:
    """The trigger names our address; the vendor calls it; nobody asks by himself."""
    house, secrets = big_house, big_house.home / "secret"
    house.sandbox.switch(
        ready_after_seconds=0.5, deliver_again=0.7, delivery_spread_seconds=1, test_delivery=0.3, forged_delivery=0.3,
        drop_after_trigger={"times": 2},
    )  # fmt: skip
    public = Public(house)
    try:
        chosen = {**SLOW_POLL, "webhook_url": public.url, "webhook_secret_file": secrets}
        with house.open(**chosen) as workbench:
            sources = sources_csv(house.home / "sources.csv", [f"tea{n}" for n in range(12)], POSTS)
            workbench.start(workbench.plan(sources, num_posts=2, **DATES).hash)
            stop = threading.Event()
            working = threading.Thread(target=workbench.work, kwargs={"until_idle": False, "stop": stop})
            working.start()
            try:
                wait_for(lambda: states(workbench)["published"] == 12, 60)
                wait_for(lambda: all(one["status"] != "running" for one in house.ask("count")["deliveries"]), 60)
            finally:
                stop.set()
                working.join()
            workbench.deliveries.match()
            told = Counter(one["status"] for one in workbench.deliveries.all())
            calls = Counter(one["code"] for one in house.ask("count")["deliveries"])

            assert check_every_row_once(house, workbench)
            assert len(house.ask("triggers")) == 12
            assert told.keys() <= {"processed", "duplicate", "test_processed"}
            assert calls.keys() <= {200, 401}
            assert max(one["copies"] for one in workbench.deliveries.all()) > 1
    finally:
        public.kill()
