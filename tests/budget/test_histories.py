"""Caps in generated histories: they hold whatever is ordered, paid, given back or crashes, however the clock jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.engine.world import S, a_flow, a_job, a_plan, a_snapshot, change, leases_of, recorder, row, start
from workbench.budget import caps as caps_module
from workbench.budget import money
from workbench.budget.caps import Caps, OverCap, allow_spending, stop_spending
from workbench.budget.model import Money, Release, Reserve, Settle
from workbench.collect.recovery_store import decide
from workbench.db.ledger import Ledger
from workbench.db.schema import snapshot, spend
from workbench.engine.flow import Intent, Move, Revoked
from workbench.engine.item import Lease
from workbench.engine.leases import Leases
from workbench.engine.transitions import Recorder

CAPS: Final = Caps(trigger=60, run=90, day=100, month=150, datasets={"gd_1": 80})
FLOW: Final = a_flow(dict.fromkeys((S.PLANNED, S.TRIGGERED, S.UNSURE), print))
_example = count()


@pytest.fixture
def kind() -> str:
    return "sqlite"


class Clock:
    """Every history has months of its own; within them the clock may jump, also back."""

    def __init__(self) -> None:
        number = next(_example) * 6
        self.at = datetime(2030 + number // 12, 1 + number % 12, 14, 12, tzinfo=UTC)
        self.first = self.at

    def __call__(self) -> datetime:
        return self.at

    def jump(self, hours: int) -> None:
        # Within the history's own months: before them lie the others'.
        least, most = self.first - timedelta(days=40), self.first + timedelta(days=60)
        self.at = min(max(self.at + timedelta(hours=hours), least), most)


@dataclass
class Order:
    """What the model knows of one snapshot's latest intent."""

    run: str
    dataset: str
    reserved: int = 0
    held: int = 0  # of the reserve, or what was paid in its place
    at: datetime | None = None
    state: str = "planned"


class History:
    """A ledger and the simplest model of it."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.ledger, self.clock, self.is_stopped = ledger, clock, False
        self.orders: dict[int, Order] = {}
        self.past: list[Order] = []  # intents that were followed by another
        for dataset in ("gd_1", "gd_2"):
            run = start(ledger, a_plan(a_job(*[a_snapshot()] * 2, dataset_id=dataset)))
            with ledger.read() as connection:
                keys = connection.execute(select(snapshot.c.id).where(snapshot.c.run_id == run)).scalars().all()
            self.orders |= {key: Order(run, dataset) for key in keys}
        self.keys = sorted(self.orders)

    # what may happen ----------------------------------------------------------------------------

    def order(self, key: int, amount: int) -> None:
        """A trigger is about to be sent."""
        model = self.orders[key]
        if model.state != "planned":
            return
        lease, record = self.take(key)
        try:
            record.armed([lease], Intent(intent_id=f"{key}-{next(_intents)}", writes=(Reserve(Money(amount, 1)),)))
            was_allowed = True
        except OverCap:
            was_allowed = False
        assert was_allowed == self.is_allowed(model, amount), (model, amount, self.orders)
        if not was_allowed:
            record.rest(lease, "person", "over")  # type: ignore[arg-type]
            return
        self.past.append(model)
        self.orders[key] = Order(model.run, model.dataset, amount, amount, self.clock.at, "armed")

    def bought(self, key: int, amount: int, share: int) -> None:
        self.order(key, amount)
        self.answered(key)
        self.delivered(key, share)

    def lost(self, key: int, amount: int) -> None:
        self.order(key, amount)
        self.crashed(key)

    def answered(self, key: int) -> None:
        self.end(key, "armed", "triggered", Move(to=S.TRIGGERED))

    def refused(self, key: int) -> None:
        if self.orders[key].state == "armed":
            lease, record = self.holder(key)
            record.disarmed([lease], Revoked("429"), (Release(),))
            record.retry(lease, timedelta(), "429")
            self.orders[key].held, self.orders[key].state = 0, "planned"

    def crashed(self, key: int) -> None:
        """Between order and answer: nobody knows."""
        if self.orders[key].state == "armed":
            change(self.ledger, key, lease_until_boot=0.0)
            self.only(key)
            leases = leases_of(self.ledger)
            if taken := leases.take(FLOW):  # it is due as soon as it is unsure
                leases.release(taken.leases)
            assert row(self.ledger, key).state == "unsure"
            self.orders[key].state = "unsure"

    def absent(self, key: int) -> None:
        if self.orders[key].state == "unsure":
            decide(self.ledger, key, S.PLANNED, "absent", release=True)
            self.orders[key].held, self.orders[key].state = 0, "planned"

    def found(self, key: int) -> None:
        if self.orders[key].state == "unsure":
            decide(self.ledger, key, S.TRIGGERED, "found")
            self.orders[key].state = "triggered"

    def delivered(self, key: int, share: int) -> None:
        """Never more than was reserved here: that what is delivered may cost more is another test's."""
        paid = self.orders[key].reserved * share // 100
        if self.end(key, "triggered", "over", Move(to=S.READY, writes=(Settle(Money(paid, 1)),))):
            self.orders[key].held = paid

    def failed(self, key: int) -> None:
        if self.end(key, "triggered", "over", Move(to=S.FAILED, writes=(Release(),))):
            self.orders[key].held = 0

    def jump(self, hours: int) -> None:
        self.clock.jump(hours)

    def switch(self, stopped: bool) -> None:
        stop_spending(self.ledger, "audit") if stopped else allow_spending(self.ledger)
        self.is_stopped = stopped

    # how ----------------------------------------------------------------------------------------

    def only(self, key: int) -> None:
        self.ledger.write(lambda one: one.execute(snapshot.update().values(next_at=None)))
        change(self.ledger, key, next_at=datetime(2020, 1, 1, tzinfo=UTC), attention=None)

    def take(self, key: int) -> tuple[Lease, Recorder]:
        self.only(key)
        leases = Leases(self.ledger, lease_time=timedelta(hours=1))
        taken = leases.take(FLOW)
        assert taken
        assert taken.items[0].id == key
        return taken.leases[0], recorder(self.ledger, leases, caps=CAPS)

    def holder(self, key: int) -> tuple[Lease, Recorder]:
        """Whoever has armed it goes on."""
        found = row(self.ledger, key)
        leases = Leases(self.ledger, lease_time=timedelta(hours=1))
        return Lease("snapshot", key, found.lease_token, found.lease_until_boot), recorder(self.ledger, leases)

    def end(self, key: int, before: str, after: str, move: Move) -> bool:
        if self.orders[key].state != before:
            return False
        lease, record = self.holder(key) if before == "armed" else self.take(key)
        record.move(lease, move, due=False)
        self.orders[key].state = after
        return True

    # what has to be true ------------------------------------------------------------------------

    def is_allowed(self, order: Order, amount: int) -> bool:
        day = self.clock.at.replace(hour=0)
        month = day.replace(day=1)
        sums = [
            (amount, 0, CAPS.trigger),
            (amount, self.held(lambda one: one.run == order.run), CAPS.run),
            (amount, self.held(lambda one: since(one, day)), CAPS.day),
            (amount, self.held(lambda one: since(one, month)), CAPS.month),
        ]
        if order.dataset in CAPS.datasets:
            of_dataset = self.held(lambda one: one.dataset == order.dataset and since(one, month))
            sums.append((amount, of_dataset, CAPS.datasets[order.dataset]))
        return not self.is_stopped and all(adding + held <= (cap or 0) for adding, held, cap in sums)

    def held(self, which: Callable[[Order], bool]) -> int:
        return sum(one.held for one in [*self.orders.values(), *self.past] if which(one))

    def check(self) -> None:
        """By the rows of the ledger alone."""
        intents = self.intents()
        for key, kinds in intents.items():
            assert not {"settle", "release"} <= kinds.keys(), key
            assert kinds["reserve"][0] <= (CAPS.trigger or 0)
        found: dict[Any, int] = {}
        for (item, _), kinds in intents.items():
            at, amount = kinds["reserve"][1], sum(money for money, _ in kinds.values())
            order = self.orders[item]
            for name in (("run", order.run), ("day", at.date()), ("month", at.month), (order.dataset, at.month)):
                found[name] = found.get(name, 0) + amount
        most = {"run": CAPS.run, "day": CAPS.day, "month": CAPS.month, **CAPS.datasets}
        over = {name: amount for name, amount in found.items() if amount > most.get(name[0], 10**9)}
        assert not over
        assert sum(sum(money for money, _ in kinds.values()) for kinds in intents.values()) == self.held(lambda _: True)

    def intents(self) -> dict[tuple[int, str], dict[str, tuple[int, datetime]]]:
        found: dict[tuple[int, str], dict[str, tuple[int, datetime]]] = {}
        with self.ledger.read() as connection:
            for one in connection.execute(select(spend).where(spend.c.item_id.in_(self.keys))):
                found.setdefault((one.item_id, one.intent_id), {})[one.kind] = (one.micro_usd, one.at)
        return found


_intents = count()


def since(one: Order, at: datetime) -> bool:
    return one.at is not None and one.at >= at


KEYS = st.integers(0, 3)
EVENTS = st.one_of(
    st.tuples(st.just("order"), KEYS, st.integers(0, 70)),
    st.tuples(st.just("order"), KEYS, st.integers(25, 55)),
    st.tuples(st.just("bought"), KEYS, st.integers(25, 55), st.integers(0, 100)),
    st.tuples(st.just("lost"), KEYS, st.integers(25, 55)),
    st.tuples(st.just("answered"), KEYS),
    st.tuples(st.sampled_from(["refused", "crashed", "absent", "found", "failed"]), KEYS),
    st.tuples(st.just("delivered"), KEYS, st.integers(0, 100)),
    st.tuples(st.just("jump"), st.integers(-30, 30)),
    st.tuples(st.just("jump"), st.integers(-800, 800)),
    st.tuples(st.just("switch"), st.booleans()),
)


def live(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, happened: list[tuple[Any, ...]]) -> None:
    clock = Clock()
    monkeypatch.setattr(money, "now", clock)
    monkeypatch.setattr(caps_module, "now", clock)
    history = History(ledger, clock)
    for verb, *more in happened:
        given_key = verb not in ("jump", "switch")
        getattr(history, verb)(*([history.keys[more[0]], *more[1:]] if given_key else more))
        history.check()
    history.switch(stopped=False)
    ledger.write(lambda one: one.execute(snapshot.update().values(next_at=None, lease_owner=None, armed=False)))


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@given(st.lists(EVENTS, min_size=5, max_size=20))
@settings(max_examples=25, suppress_health_check=QUIET)
def test_caps_hold(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, happened: list[tuple[Any, ...]]) -> None:
    live(ledger, monkeypatch, happened)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(10))
@given(st.lists(EVENTS, min_size=5, max_size=40))
@settings(max_examples=500, suppress_health_check=QUIET)
def test_caps_hold_in_five_thousand(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, part: int, happened: list[tuple[Any, ...]]
) -> None:
    live(ledger, monkeypatch, happened)
