"""Moves of four processes at once: through the ledger, and through bare SQLAlchemy with the same durability."""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from benchmarks.results import Contender, Figure, Ratio

PROCESSES = 4
AIM = 0.5
_ITEMS = {"small": 40, "usual": 1_200, "full": 4_000}  # each of five moves
_WORDS = {
    "ours": "Workbench: claim, then move",
    "two": "bare SQLAlchemy: take, then move",
    "one": "bare SQLAlchemy: move alone",
}
_STATES = ("planned", "triggered", "ready", "downloaded", "staged", "published")


def run(size: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield _figure("ledger", "SQLite", lambda name: f"sqlite:///{folder}/{name}.db", size)
    with contextlib.ExitStack() as ending:
        try:
            server = ending.enter_context(_postgres())
        except LookupError:
            return
        yield _figure("ledger-postgresql", "PostgreSQL", lambda name: _database(server, name), size)


def _figure(name: str, what: str, address: Callable[[str], str], size: str) -> Figure:
    rates: dict[str, list[float]] = {who: [] for who in _WORDS}
    for number in range(1 if size == "small" else 3):  # in turns: a disk that slows down slows all of them
        for who, seen in rates.items():
            seen.append(_rate(who, address(f"{who}_{number}"), _ITEMS[size]))
    found = {who: statistics.median(seen) for who, seen in rates.items()}
    share = found["ours"] / found["one"]
    return Figure(
        name=name,
        title=f"Moves in the ledger: {what}, {PROCESSES} processes",
        contenders=tuple(
            Contender(words, {"moves/s": found[who]}, f"ours is {share:.2f} of it" if who == "one" else "")
            for who, words in _WORDS.items()
        ),
        ratios=(
            Ratio("ours ÷ the bare loop that takes and moves", found["ours"] / found["two"], AIM, is_at_most=False),
        ),
        drawn="moves/s",
        words="Every commit reaches the disk in all three. A move of Workbench is two transactions: the oldest due "
        "item is claimed with a lease and a token, then its new state is written with an event in the hash chain. "
        "The first bare loop does these two without token, chain or checks; the second never asks what is due.",
    )


def _rate(who: str, url: str, items: int) -> float:
    """Moves a second of all processes together, from the first that begins to the last that ends."""
    with tempfile.TemporaryDirectory() as locks:
        command = [sys.executable, "-m", "benchmarks.ledger", who, url, locks]
        moves = items * (len(_STATES) - 1)
        subprocess.run([*command, "prepare", str(items)], check=True)
        with contextlib.ExitStack() as crew:
            workers = [
                crew.enter_context(
                    subprocess.Popen(
                        [*command, str(n), str(items)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                    )
                )
                for n in range(PROCESSES)
            ]
            for one in workers:
                assert one.stdout.readline() == "ready\n"
            begun = time.monotonic()
            for one in workers:
                one.stdin.write("go\n")
                one.stdin.flush()
            done = [int(one.stdout.readline()) for one in workers]
            seconds = time.monotonic() - begun
        assert [one.returncode for one in workers] == [0] * PROCESSES
        assert sum(done) == moves, (who, done, moves)
    return moves / seconds


# in the processes ---------------------------------------------------------------------------------------


def ours(url: str, locks: str, number: str, items: int) -> None:
    from workbench.collect import store as collecting
    from workbench.collect.model import Plan, PlannedJob, PlannedSnapshot, SnapshotState
    from workbench.db.ledger import open_ledger
    from workbench.engine.flow import Flow, Move, Step
    from workbench.engine.leases import Leases
    from workbench.engine.retry import RetryPolicy
    from workbench.engine.transitions import Recorder

    ledger = open_ledger(url, mode="practice", locks=Path(locks))
    if number == "prepare":
        asked = {"inputs": ({"url": "https://x.example"},), "source_ids": (), "records": (1,), "query": {}}
        one = PlannedSnapshot(**asked, price_micro_usd=1)
        job = PlannedJob(
            name="a", platform="a", service="a", kind="posts", dataset_id="gd_1", folder="a", snapshots=(one,) * items
        )
        plan = Plan(name="a", project=None, params={}, jobs=(job,), hash="a" * 64)
        collecting.save_plan(ledger, plan)
        collecting.start_run(ledger, plan.hash, folder="a_{id6}")
        return
    leases = Leases(ledger, lease_time=timedelta(minutes=2))
    recorder = Recorder(ledger, leases, {})
    ends = {"failed": SnapshotState.FAILED, "unsure": SnapshotState.UNSURE, "quarantined": SnapshotState.QUARANTINED}
    steps = {SnapshotState(state): Step(print, RetryPolicy()) for state in _STATES[:-1]}
    flow = Flow(kind="snapshot", steps=steps, longest_act=timedelta(), **ends)
    after = {SnapshotState(a): SnapshotState(b) for a, b in pairwise(_STATES)}
    _wait()
    moves = 0
    while True:
        leased = leases.take(flow)
        if leased is None:
            if leases.next_due(flow) is None:
                break
            continue
        (lease,) = leased.leases
        to = after[leased.state]
        recorder.move(lease, Move(to=to), due=to in steps)
        moves += 1
    print(moves, flush=True)


def bare(url: str, number: str, items: int, *, takes: bool) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        sa.event.listen(engine, "connect", _as_durable)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    metadata = sa.MetaData()
    job = sa.Table(
        "job", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("state", sa.Integer),
        sa.Column("at", sa.Float), sa.Column("due", sa.Integer, index=True), sa.Column("token", sa.Integer),
    )  # fmt: skip
    event = sa.Table(
        "event", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("job", sa.Integer),
        sa.Column("before", sa.Integer), sa.Column("after", sa.Integer), sa.Column("at", sa.Float),
    )  # fmt: skip
    last = len(_STATES) - 1
    if number == "prepare":
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(sa.insert(job), [{"id": n, "state": 0, "due": n, "token": 0} for n in range(items)])
        return
    oldest = sa.select(job.c.id, job.c.state).where(job.c.due.is_not(None)).order_by(job.c.due).limit(1)
    oldest = oldest.with_for_update(skip_locked=True)
    write = sa.update(job).where(job.c.id == sa.bindparam("key"))
    with engine.connect():
        pass
    _wait()
    moves = 0

    def move(connection, key, state) -> None:
        at = time.time()
        due = None if state + 1 == last else key + (state + 1) * items
        connection.execute(write.values(state=sa.bindparam("to"), at=sa.bindparam("when"), due=sa.bindparam("next")),
                           {"key": key, "to": state + 1, "when": at, "next": due})  # fmt: skip
        connection.execute(sa.insert(event), {"job": key, "before": state, "after": state + 1, "at": at})

    if not takes:
        for key in range(int(number), items, PROCESSES):
            for state in range(last):
                with engine.begin() as connection:
                    move(connection, key, state)
                moves += 1
    while takes:
        with engine.begin() as connection:
            found = connection.execute(oldest).first()
            if found is not None:
                connection.execute(write.values(due=None, token=job.c.token + 1), {"key": found.id})
        if found is None:
            break
        with engine.begin() as connection:
            move(connection, found.id, found.state)
        moves += 1
    print(moves, flush=True)


def _as_durable(connection, _) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


# PostgreSQL, where there is one -------------------------------------------------------------------------


@contextlib.contextmanager
def _postgres() -> Iterator[str]:
    from tests.postgres import NoServer, private_postgres

    try:
        with private_postgres(is_durable=True) as server:
            yield server
    except NoServer as error:
        raise LookupError(str(error)) from error


def _database(server: str, name: str) -> str:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


if __name__ == "__main__":
    who, url, locks, number, items = sys.argv[1:]
    if who == "ours":
        ours(url, locks, number, int(items))
    else:
        bare(url, number, int(items), takes=who == "two")
