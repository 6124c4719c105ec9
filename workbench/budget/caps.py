"""Caps: how much may be spent, checked in the transaction that reserves, and once more before a run starts.

A day's and a month's allowance counts every intent by the day of its reserve (UTC), so money that is released later,
or a clock that jumps over midnight, opens no second allowance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from workbench.budget.model import Money, PaidBefore, Release, Reserve, Settle
from workbench.budget.money import OVERRUN, adopt, release_open, reserve, settle
from workbench.db.clock import now
from workbench.db.event_log import lock
from workbench.db.ledger import Ledger
from workbench.db.schema import meta, run, snapshot, spend
from workbench.engine.behind import lost_spend
from workbench.engine.item import Lease
from workbench.engine.transitions import Writers
from workbench.errors import NeedsPerson, Refused

_STOP: Final = "spend_stop"


class OverCap(NeedsPerson):
    """It would cost more than is allowed; nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Micro-dollars; None: no cap of that kind."""

    trigger: int | None = None
    run: int | None = None
    day: int | None = None
    month: int | None = None
    datasets: Mapping[str, int] = field(default_factory=dict)  # a month each
    own: int | None = None  # of the one run that is looked at, as whoever ordered it said


NO_CAPS: Final = Caps()


def check_trigger(connection: Connection, caps: Caps, snapshot_id: int, money: Money) -> None:
    """Raise OverCap when reserving `money` for the snapshot would break a cap, or spending is stopped."""
    refuse_when_stopped(connection)
    query = select(snapshot.c.run_id, snapshot.c.dataset_id, run.c.params).join(run, run.c.id == snapshot.c.run_id)
    row = connection.execute(query.where(snapshot.c.id == snapshot_id)).one()
    refuse_after_overrun(connection, [row.dataset_id])
    caps = replace(caps, own=own_cap(row.params))
    _check(connection, caps, row.run_id, {row.dataset_id: money.micro_usd}, [money.micro_usd])


def own_cap(params: Mapping[str, Any]) -> int | None:
    """Micro-dollars that a run may cost by the word of whoever ordered it; None where nothing was said."""
    usd = params.get("cap_usd")
    return None if usd is None else round(usd * 1e6)


def check_start(connection: Connection, caps: Caps, wanted: Iterable[tuple[str, int]]) -> None:
    """The same for a whole run that is about to start: (dataset, micro-dollars) of each of its triggers.

    Raises Refused: the run is not kept, so nobody has to do anything about it later.
    """
    each = list(wanted)
    by_dataset: dict[str, int] = {}
    for dataset_id, micro_usd in each:
        by_dataset[dataset_id] = by_dataset.get(dataset_id, 0) + micro_usd
    try:
        if each:
            refuse_when_stopped(connection)
            refuse_after_overrun(connection, by_dataset)
        _check(connection, caps, None, by_dataset, [micro_usd for _, micro_usd in each])
    except OverCap as error:
        raise Refused(error.message, code=error.code) from error


def will_wait(connection: Connection, caps: Caps, wanted: Iterable[tuple[str, int]]) -> str | None:
    """Why part of a run that is about to start will wait for a cap: others began before it, and are not sent yet.

    (dataset, micro-dollars) of each of its triggers, as for `check_start`, which they pass alone.
    """
    by_dataset: dict[str, int] = {}
    for dataset_id, micro_usd in wanted:
        by_dataset[dataset_id] = by_dataset.get(dataset_id, 0) + micro_usd
    adding = sum(by_dataset.values())
    if not adding:
        return None
    before = _unsent(connection)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        for what, cap, since in (("a day", caps.day, day), ("a month", caps.month, day.replace(day=1))):
            if cap is not None:
                so_far = spent(connection, since=since) + lost_spend(connection, since=since)
                _hold(what, f"WORKBENCH_CAP_{what.split()[1].upper()}_USD", cap, so_far + sum(before.values()) + adding)
        for dataset_id, more in by_dataset.items():
            if (cap := caps.datasets.get(dataset_id)) is not None:
                so_far = spent(connection, snapshot.c.dataset_id == dataset_id, since=day.replace(day=1))
                so_far += before.get(dataset_id, 0)
                _hold(f"{dataset_id} a month", "cap_dataset_usd", cap, so_far + more)
    except OverCap as error:
        return error.message.replace("nothing was sent.", "what comes last will wait for it: workbench todo.")
    return None


def _unsent(connection: Connection) -> dict[str, int]:
    """Dataset → micro-dollars that started runs still have to reserve, as far as they go on by themselves."""
    amount = func.sum(snapshot.c.estimate_records * snapshot.c.price_micro_usd)
    waits = (snapshot.c.state == "planned") & snapshot.c.next_at.is_not(None) & snapshot.c.armed.is_(False)
    query = select(snapshot.c.dataset_id, amount).where(waits).group_by(snapshot.c.dataset_id)
    return {dataset_id: int(micro_usd) for dataset_id, micro_usd in connection.execute(query).all()}


def _check(
    connection: Connection, caps: Caps, run_id: str | None, by_dataset: Mapping[str, int], triggers: list[int]
) -> None:
    adding, at = sum(by_dataset.values()), now()
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    _hold("a trigger", "WORKBENCH_CAP_TRIGGER_USD", caps.trigger, max(triggers, default=0))
    has_cap = caps.run is not None or caps.own is not None
    spent_by_run = spent(connection, snapshot.c.run_id == run_id) if run_id is not None and has_cap else 0
    _hold("a run", "WORKBENCH_CAP_RUN_USD", caps.run, spent_by_run + adding)
    _hold("this run", "the cap that was given with it", caps.own, spent_by_run + adding)
    if caps.day is not None:
        so_far = spent(connection, since=day) + lost_spend(connection, since=day)
        _hold("a day", "WORKBENCH_CAP_DAY_USD", caps.day, so_far + adding)
    if caps.month is not None:
        so_far = spent(connection, since=month) + lost_spend(connection, since=month)
        _hold("a month", "WORKBENCH_CAP_MONTH_USD", caps.month, so_far + adding)
    for dataset_id, more in by_dataset.items():
        if dataset_id in caps.datasets:
            so_far = spent(connection, snapshot.c.dataset_id == dataset_id, since=month)
            so_far += lost_spend(connection, since=month, dataset_id=dataset_id)
            _hold(f"{dataset_id} a month", "cap_dataset_usd", caps.datasets[dataset_id], so_far + more)


def _hold(what: str, setting: str, cap: int | None, amount: int) -> None:
    if cap is not None and amount > cap:
        raise OverCap(
            f"this would come to ${amount / 1e6:.4f} for {what}; the cap is ${cap / 1e6:.4f}. Raise {setting} if that "
            "is meant, or take fewer sources or posts; nothing was sent.",
            code="over_cap",
        )


def spent(connection: Connection, *where: Any, since: datetime | None = None) -> int:
    """Micro-dollars of all intents whose reserve was made since `since`: reserved, settled and released together."""
    of_snapshot = and_(spend.c.item_kind == "snapshot", spend.c.item_id == snapshot.c.id)
    query = select(func.coalesce(func.sum(spend.c.micro_usd), 0)).join(snapshot, of_snapshot).where(*where)
    if since is not None:
        reserves = select(spend.c.intent_id).where(spend.c.kind == "reserve", spend.c.at >= since)
        query = query.where(spend.c.intent_id.in_(reserves))
    return int(connection.execute(query).scalar_one())


# The stop switch ------------------------------------------------------------------------------------


def stop_spending(ledger: Ledger, reason: str) -> None:
    """From now on nothing is triggered, in no process, until `allow_spending`."""

    def change(connection: Connection) -> None:
        if connection.execute(update(meta).where(meta.c.key == _STOP).values(value=reason)).rowcount == 0:
            connection.execute(insert(meta), {"key": _STOP, "value": reason})

    ledger.write(change)


def allow_spending(ledger: Ledger) -> None:
    ledger.write(lambda connection: connection.execute(delete(meta).where(meta.c.key == _STOP)))


def why_stopped(connection: Connection) -> str | None:
    found: str | None = connection.execute(select(meta.c.value).where(meta.c.key == _STOP)).scalar_one_or_none()
    return found


def refuse_when_stopped(connection: Connection) -> None:
    reason = why_stopped(connection)
    if reason is not None:
        raise OverCap(
            f"spending is stopped ({reason or 'no reason given'}); nothing was sent. To go on: workbench spend allow",
            code="stopped",
        )


# What cost more than was reserved --------------------------------------------------------------------


def overruns(connection: Connection) -> list[dict[str, Any]]:
    """{id, snapshot_id, dataset_id, reserved, settled} of snapshots above their reserve that nobody agreed to."""
    rows = connection.execute(select(meta).where(meta.c.key.startswith(OVERRUN, autoescape=True))).all()
    told = {int(row.key.removeprefix(OVERRUN)): json.loads(row.value) for row in rows}
    query = select(snapshot.c.id, snapshot.c.provider_id, snapshot.c.dataset_id).where(snapshot.c.id.in_(told))
    return [
        {"id": row.id, "snapshot_id": row.provider_id, "dataset_id": row.dataset_id, **told[row.id]}
        for row in (connection.execute(query.order_by(snapshot.c.id)) if told else ())
    ]


def refuse_after_overrun(connection: Connection, dataset_ids: Iterable[str]) -> None:
    """What was dearer than its estimate is looked at before the same dataset is paid again."""
    wanted = set(dataset_ids)
    first = next((one for one in overruns(connection) if one["dataset_id"] in wanted), None)
    if first is not None:
        raise OverCap(
            f"snapshot {first['snapshot_id']} of {first['dataset_id']} cost ${first['settled'] / 1e6:.4f}, and "
            f"${first['reserved'] / 1e6:.4f} was reserved for it; nothing more of that dataset is sent until somebody "
            f"has seen it: workbench spend accept {first['id']}",
            code="overrun",
        )


def accept_overruns(ledger: Ledger, snapshot_ids: Iterable[int] | None = None) -> list[int]:
    """A person has seen that these cost more than was reserved (or all that did); which they were."""

    def change(connection: Connection) -> list[int]:
        chosen = None if snapshot_ids is None else set(snapshot_ids)
        found = [one["id"] for one in overruns(connection) if chosen is None or one["id"] in chosen]
        connection.execute(delete(meta).where(meta.c.key.in_([f"{OVERRUN}{one}" for one in found])))
        return found

    return ledger.write(change)


# What a worker writes of money ---------------------------------------------------------------------


def writers(caps: Caps) -> Writers:
    """How the money of intents and moves is written; a reserve that would pass one of `caps` is refused."""

    def reserve_within(connection: Connection, lease: Lease, one: Reserve) -> None:
        lock(connection)  # two who look at once would both find room below a cap
        check_trigger(connection, caps, lease.item_id, one.money)
        intent_id = connection.execute(select(snapshot.c.intent_id).where(snapshot.c.id == lease.item_id)).scalar_one()
        reserve(connection, lease, intent_id, one.money)

    return {
        Reserve: reserve_within,
        PaidBefore: adopt,
        Settle: lambda connection, lease, one: settle(connection, lease, one.money, corrects=one.corrects),
        Release: lambda connection, lease, _: release_open(connection, lease),
    }
