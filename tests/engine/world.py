"""What tests of the ledger share: factories with silent defaults, and a flow of one-line steps."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from workbench.budget.caps import NO_CAPS, Caps, writers
from workbench.budget.model import Money, Release
from workbench.collect import store as collecting
from workbench.collect.model import NewSource, Plan, PlannedJob, PlannedSnapshot, SnapshotState
from workbench.db import history
from workbench.db.ledger import Ledger
from workbench.db.schema import event, snapshot, spend
from workbench.engine.flow import Flow, Move, Step
from workbench.engine.leases import Leases
from workbench.engine.retry import RetryPolicy
from workbench.engine.transitions import Recorder, Writers
from workbench.lake import store as lake_store

S = SnapshotState
MINUTE = timedelta(minutes=1)
FORWARD = {
    S.PLANNED: S.TRIGGERED,
    S.TRIGGERED: S.READY,
    S.READY: S.DOWNLOADED,
    S.DOWNLOADED: S.STAGED,
    S.STAGED: S.PUBLISHED,
}


def a_source(**fields: Any) -> NewSource:
    return NewSource(
        **{"name": "Acme", "platform": "instagram", "service": "posts", "url": "https://i.example/acme"} | fields
    )


def a_snapshot(source_ids: Iterable[int] = (), **fields: Any) -> PlannedSnapshot:
    """One input that may bring ten records, a cent and a half."""
    inputs = fields.pop("inputs", ({"url": "https://i.example/acme"},))
    defaults = {
        "inputs": inputs, "source_ids": tuple(source_ids), "records": (10,) * len(inputs), "query": {},
        "price_micro_usd": 1500,
    }  # fmt: skip
    return PlannedSnapshot(**defaults | fields)


def a_job(*snapshots: PlannedSnapshot, **fields: Any) -> PlannedJob:
    defaults = {
        "name": "Acme", "platform": "instagram", "service": "posts", "kind": "posts", "dataset_id": "gd_1",
        "folder": "Instagram/posts", "snapshots": snapshots or (a_snapshot(),),
    }  # fmt: skip
    return PlannedJob(**defaults | fields)


def a_plan(*jobs: PlannedJob, **fields: Any) -> Plan:
    defaults = {"name": "daily", "project": None, "params": {}, "jobs": jobs or (a_job(),), "hash": uuid.uuid4().hex}
    return Plan(**defaults | fields)


def start(ledger: Ledger, plan: Plan) -> str:
    collecting.save_plan(ledger, plan)
    return collecting.start_run(ledger, plan.hash, folder="daily_{id6}").run_id


def add(ledger: Ledger, count: int = 1, **fields: Any) -> list[int]:
    """`count` planned snapshots of a new run, due now; their ids. `fields` are the job's."""
    run_id = start(ledger, a_plan(a_job(*[a_snapshot()] * count, **fields)))
    with ledger.read() as connection:
        query = select(snapshot.c.id).where(snapshot.c.run_id == run_id).order_by(snapshot.c.id)
        return list(connection.execute(query).scalars())


def a_flow(steps: dict[SnapshotState, Any] | None = None, longest_act: timedelta = timedelta(), **options: Any) -> Flow:
    """Steps by state: a Step, or its function; by default every state goes on to the next."""
    if steps is None:
        steps = {state: lambda item, tools, to=to: Move(to=to) for state, to in FORWARD.items()}
    made = {state: step if isinstance(step, Step) else a_step(step, **options) for state, step in steps.items()}
    ends = {"failed": S.FAILED, "unsure": S.UNSURE, "quarantined": S.QUARANTINED}
    return Flow(kind="snapshot", steps=made, longest_act=longest_act, writes_on_failure=(Release(),), **ends)


def a_step(run: Any, **options: Any) -> Step:
    """`options` are the step's and its retry policy's; a first pause of a second."""
    of_step = {name: options.pop(name) for name in tuple(options) if name in _OF_STEP}
    return Step(run, RetryPolicy(**{"first": timedelta(seconds=1), **options}), **of_step)


_OF_STEP = frozenset({"max_items", "group_by", "on_page", "is_act"})


def recorder(ledger: Ledger, leases: Leases, caps: Caps = NO_CAPS) -> Recorder:
    return Recorder(ledger, leases, all_writers(caps))


def all_writers(caps: Caps = NO_CAPS) -> Writers:
    return {**writers(caps), **lake_store.WRITERS, **collecting.WRITERS}


def leases_of(ledger: Ledger, lease_time: timedelta = MINUTE) -> Leases:
    return Leases(ledger, lease_time=lease_time)


def row(ledger: Ledger, item_id: int) -> Any:
    with ledger.read() as connection:
        return connection.execute(select(snapshot).where(snapshot.c.id == item_id)).one()


def change(ledger: Ledger, item_id: int, **values: Any) -> None:
    """As a person with a database tool would: past all rules."""
    ledger.write(
        lambda connection: connection.execute(snapshot.update().where(snapshot.c.id == item_id).values(**values))
    )


def story(ledger: Ledger, item_id: int) -> list[str]:
    """What happened to an item, in words: ``moved planned→triggered``, ``armed``."""
    return [
        f"{one['what']} {one['from_state']}→{one['to_state']}" if one["what"] == "moved" else one["what"]
        for one in history.story(ledger, "snapshot", str(item_id))
    ]


def money(ledger: Ledger, item_id: int) -> list[tuple[str, int]]:
    with ledger.read() as connection:
        query = select(spend.c.kind, spend.c.micro_usd).where(spend.c.item_id == item_id).order_by(spend.c.id)
        return [(one.kind, one.micro_usd) for one in connection.execute(query)]


def events(ledger: Ledger) -> list[Any]:
    with ledger.read() as connection:
        return list(connection.execute(select(event).order_by(event.c.seq)))


RESERVE = Money(15_000, 10)
