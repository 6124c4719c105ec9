"""leases.py, transitions.py, worker.py: items of accounts are worked on in the lock of their account, at its pace."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from tests.engine.world import MINUTE, a_step
from workbench.db import history
from workbench.db.clock import now
from workbench.db.schema import account, error_log, listing, named_lock, posting, posting_job
from workbench.engine.flow import Flow, Intent, Move
from workbench.engine.leases import Leases
from workbench.engine.locks import Locks, lock_of_account
from workbench.engine.worker import EquippedFlow, Worker
from workbench.errors import AccountStops, AccountWaits, Fault, NeedsPerson, Transient, UiChanged
from workbench.post import queries as posting_queries
from workbench.post.model import PostingState as P

DAY = timedelta(days=1)
BASELINE = {"ids": ["1", "2"]}


@pytest.fixture
def kind(request):
    return getattr(request, "param", "sqlite")


both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def add(ledger, *accounts, **fields):
    """One queued posting for each account named; accounts are made as they are met. Ids of the postings."""

    def change(connection):
        at, made = now(), []
        connection.execute(insert(posting_job), {"id": "job", "params": {}, "created_at": at})
        for number, owner in enumerate(accounts, start=1):
            known = connection.execute(select(account.c.id).where(account.c.id == owner)).first()
            if known is None:
                row = {"id": owner, "channel": "marketplace", "label": f"a{owner}", "created_at": at, **fields}
                connection.execute(insert(account), row)
            content = {"title": f"Chair {number}"}
            row = {"id": number, "account_id": owner, "content": content, "sha": str(number)}
            connection.execute(insert(listing), row)
            row = {
                "state": "queued", "state_at": at, "next_at": at, "created_at": at, "job_id": "job",
                "listing_id": number, "account_id": owner, "content": content,
                "content_sha": str(number), "token": f"t{number}",
            }  # fmt: skip
            made.append(connection.execute(insert(posting), row).inserted_primary_key[0])
        return made

    return ledger.write(change)


def a_flow(step, look=lambda item, tools: None, **options):
    steps = {
        P.QUEUED: a_step(step, on_page=True, is_act=True, **options),
        P.SUBMITTED: a_step(look, on_page=True),
        P.UNSURE: a_step(look, on_page=True, counts=False),
    }
    return Flow(
        kind="posting", steps=steps, failed=P.FAILED, unsure=P.UNSURE, quarantined=P.QUARANTINED, longest_act=MINUTE
    )


def a_worker(ledger, step, **options):
    bench = EquippedFlow(a_flow(step, **options), "tools")
    return Worker(ledger, [bench], lease_time=MINUTE), bench


def rows(ledger, table):
    with ledger.read() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def posted(item, tools):
    yield Intent(intent_id=f"i{item.id}", baseline=BASELINE)
    yield Move(to=P.POSTED, values={"remote_id": str(item.id)})


def raising(error, *before):
    def step(item, tools):
        yield from before
        raise error

    return step


@both
def test_one_lane_for_an_account_and_several_accounts_side_by_side(ledger):
    add(ledger, 1, 1, 2)
    leases = Leases(ledger, lease_time=MINUTE)
    flow = a_flow(posted)

    first, second, third = leases.take(flow), leases.take(flow), leases.take(flow)

    assert [one.account_id for one in (*first.items, *second.items)] == [1, 2]
    assert third is None  # the other item of account 1 waits for its lock
    leases.leave_page(first.leases)
    leases.release(first.leases)
    assert leases.take(flow).items[0].account_id == 1


@both
def test_threads_never_meet_in_a_lane(ledger):
    add(ledger, *[1, 2, 3] * 6)
    inside, most, guard = {1: 0, 2: 0, 3: 0}, [], threading.Lock()

    def step(item, tools):
        with guard:
            inside[item.account_id] += 1
            most.append(dict(inside))
        time.sleep(0.01)
        yield Intent(intent_id=f"i{item.id}", baseline={})
        with guard:
            inside[item.account_id] -= 1
        yield Move(to=P.POSTED)

    worker, _ = a_worker(ledger, step)
    worker.work(threads=5, until_idle=True, limit=MINUTE)

    assert {row.state for row in rows(ledger, posting)} == {"posted"}
    assert max(max(one.values()) for one in most) == 1
    assert max(sum(one.values()) for one in most) > 1


def test_a_lane_that_a_person_holds_is_respected(ledger):
    add(ledger, 1)
    locks = Locks(ledger, lease_time=MINUTE)
    token = locks.take(lock_of_account(1), "login")
    leases = Leases(ledger, lease_time=MINUTE)

    assert leases.take(a_flow(posted)) is None
    locks.release(lock_of_account(1), token)
    assert leases.take(a_flow(posted)) is not None


def test_who_lost_the_lane_writes_nothing(ledger):
    add(ledger, 1)

    def step(item, tools):
        ledger.write(lambda connection: connection.execute(update(named_lock).values(token=named_lock.c.token + 1)))
        yield Move(to=P.POSTED)

    worker, bench = a_worker(ledger, step)
    worker.advance(bench)

    assert rows(ledger, posting)[0].state == "queued"


@both
@pytest.mark.parametrize(
    ("error", "kind_of_pause"),
    [
        pytest.param(AccountStops("log in", fault=Fault(kind="session_expired")), "session_expired", id="login"),
        pytest.param(AccountStops("prove who you are", fault=Fault(kind="checkpoint")), "checkpoint", id="checkpoint"),
        pytest.param(UiChanged("no button"), "ui_changed", id="changed page"),
    ],
)
def test_an_account_that_is_stopped_stops_alone(ledger, error, kind_of_pause):
    add(ledger, 1, 1, 1, 2)
    ledger.write(lambda connection: connection.execute(update(account).values(proof="ok")))
    reached = []

    def step(item, tools):
        reached.append(item.account_id)
        if item.account_id == 1:
            raise error
        yield from posted(item, tools)

    worker, bench = a_worker(ledger, step)
    worker.work(threads=1, until_idle=True, limit=MINUTE)

    assert reached == [1, 2]  # within one listing
    assert [(row.state, row.attempts) for row in rows(ledger, posting)] == [("queued", 0)] * 3 + [("posted", 0)]
    stopped, going = rows(ledger, account)
    assert (stopped.paused_kind, stopped.paused_reason) == (kind_of_pause, error.message)
    assert going.paused_kind is None
    # What the site said now outweighs what was proved before; a page that has changed says nothing of the login.
    assert (stopped.proof, going.proof) == ("ok" if kind_of_pause == "ui_changed" else None, "ok")
    (logged,) = rows(ledger, error_log)
    assert (logged.error_class, logged.needs_person, logged.certain, logged.account_id) == (
        kind_of_pause, True, True, 1,
    )  # fmt: skip
    assert worker.leases.next_due(bench.flow) is None  # what waits for a person rests
    assert history.story(ledger, "account", "1")[-1]["what"] == "paused"


def test_a_resumed_account_goes_on(ledger):
    add(ledger, 1)
    worker, bench = a_worker(ledger, raising(AccountStops("log in", fault=Fault(kind="session_expired"))))
    worker.advance(bench)
    ledger.write(lambda connection: connection.execute(update(account).values(paused_kind=None)))

    worker, bench = a_worker(ledger, posted)

    assert worker.advance(bench) is True
    row = rows(ledger, posting)[0]
    assert (row.state, row.error_type) == ("posted", None)


def test_an_account_that_is_switched_off_does_nothing(ledger):
    add(ledger, 1, enabled=False)
    worker, bench = a_worker(ledger, posted)

    assert worker.advance(bench) is False
    assert worker.leases.next_due(bench.flow) is None


@both
def test_a_cool_down_holds_the_account_and_survives(ledger):
    add(ledger, 1, 1, 2)
    worker, bench = a_worker(
        ledger, raising(AccountWaits("slow down", fault=Fault(kind="rate_limit"), retry_after=DAY))
    )

    worker.advance(bench)

    held, free = rows(ledger, account)
    assert timedelta(hours=23) < held.not_before - now() <= DAY
    assert (free.not_before, held.paused_kind) == (None, None)
    again, bench = a_worker(ledger, posted)
    assert again.advance(bench) is True  # account 2
    assert again.advance(bench) is False
    assert 23 * 3600 < again.leases.next_due(bench.flow) <= 24 * 3600
    assert rows(ledger, error_log)[0].error_type == "rate_limit"


def test_after_an_act_the_account_waits_for_its_gap(ledger):
    add(ledger, 1, 1, gap_seconds=3600)
    worker, bench = a_worker(ledger, posted)

    assert [worker.advance(bench), worker.advance(bench)] == [True, False]
    assert 3500 < worker.leases.next_due(bench.flow) <= 3600


def test_looks_do_not_wait_for_the_pace(ledger):
    def submitted(item, tools):
        yield Intent(intent_id="i", baseline={})
        yield Move(to=P.SUBMITTED)

    add(ledger, 1, gap_seconds=3600)
    worker, bench = a_worker(ledger, submitted, look=lambda item, tools: Move(to=P.POSTED))

    assert [worker.advance(bench), worker.advance(bench)] == [True, True]
    assert rows(ledger, posting)[0].state == "posted"


@both
@pytest.mark.parametrize(
    ("error", "paused", "waits"),
    [
        pytest.param(Transient("cut off", fault=Fault(kind="network_error")), None, False, id="network"),
        pytest.param(AccountStops("log in", fault=Fault(kind="session_expired")), "session_expired", False, id="login"),
        pytest.param(AccountWaits("slow", retry_after=DAY), None, True, id="limit"),
    ],
)
def test_after_armed_it_is_unsure_whatever_else_it_means(ledger, error, paused, waits):
    add(ledger, 1)
    worker, bench = a_worker(ledger, raising(error, Intent(intent_id="i", baseline=BASELINE)))

    worker.advance(bench)

    row = rows(ledger, posting)[0]
    assert (row.state, row.attention, row.acts) == ("unsure", "reconcile", 1)
    (who,) = rows(ledger, account)
    assert (who.paused_kind, who.not_before is not None) == (paused, waits)
    assert rows(ledger, error_log)[0].certain is False
    assert posting_queries.PostingQueries(ledger).baseline(row) == BASELINE


def test_a_person_is_needed_for_one_item_alone(ledger):
    add(ledger, 1, 1)
    worker, bench = a_worker(ledger, raising(NeedsPerson("two are alike")))
    worker.advance(bench)

    assert rows(ledger, account)[0].paused_kind is None
    assert rows(ledger, posting)[0].attention == "person"
    assert worker.advance(bench) is True  # the other one


def test_a_lane_is_free_again_after_each_visit(ledger):
    add(ledger, 1)
    worker, bench = a_worker(ledger, raising(Transient("no answer")))
    worker.advance(bench)

    assert Locks(ledger, lease_time=MINUTE).take(lock_of_account(1)) is not None
