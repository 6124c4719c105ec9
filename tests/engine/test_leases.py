"""engine/leases.py, locks.py, db/liveness.py: who may work on what, and what becomes of it when the owner dies."""

import itertools
from datetime import timedelta

import pytest

from tests.children import all_at_once, children, soon
from tests.engine.world import (
    RESERVE,
    S,
    a_flow,
    a_job,
    a_plan,
    a_snapshot,
    a_source,
    a_step,
    add,
    change,
    events,
    leases_of,
    money,
    recorder,
    row,
    start,
    story,
)
from workbench import view_tables
from workbench.budget.model import Release, Reserve, Settle
from workbench.collect import store as collecting
from workbench.collect.model import SourceResult
from workbench.db import event_log
from workbench.db.clock import boot_time, now
from workbench.db.schema import named_lock
from workbench.engine import leases, locks
from workbench.engine.flow import Intent, Move, Progress, Revoked, Stay
from workbench.engine.item import Attention
from workbench.engine.locks import Locks
from workbench.errors import Fenced
from workbench.lake import store as lake_store
from workbench.lake.model import LakeFile, ManifestFiles

DAY = timedelta(days=1)
FLOW = a_flow()
WITH_LOOKS = a_flow({S.PLANNED: print, S.UNSURE: print})


def later(monkeypatch, module, name, by):
    """That clock, in that module, goes on by so much."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda: real() + by)


# one owner ---------------------------------------------------------------------------------------


def test_two_owners_never_hold_one_item(ledger, open_another):
    add(ledger, 2)
    ours, theirs = leases_of(ledger), leases_of(open_another())

    taken = [ours.take(FLOW), theirs.take(FLOW), ours.take(FLOW), theirs.take(FLOW)]

    assert [one and one.items[0].id for one in taken] == [1, 2, None, None]


def test_four_processes_share_the_work_and_keep_one_gapless_chain(ledger, url, tmp_path):
    """Every item is moved once; every move is an event; every event follows the one before."""
    ids = add(ledger, 400)

    moved = all_at_once(4, "work", url, tmp_path / "locks")

    assert sorted(itertools.chain(*moved)) == ids
    assert [one.seq for one in events(ledger)] == list(range(1, 402))
    with ledger.read() as connection:
        assert event_log.broken_at(connection) is None


def test_tokens_grow_with_every_claim(ledger):
    add(ledger)
    mine = leases_of(ledger)
    tokens = []
    for _ in range(3):
        taken = mine.take(FLOW)
        tokens.append(taken.leases[0].token)
        mine.release(taken.leases)

    assert tokens == [1, 2, 3]


MOVE = Move(to=S.TRIGGERED, writes=(Settle(RESERVE), ManifestFiles(())))
VERBS = {
    "armed": lambda record, lease: record.armed([lease], Intent(intent_id="i", writes=(Reserve(RESERVE),))),
    "disarmed": lambda record, lease: record.disarmed([lease], Revoked("no"), (Release(),)),
    "progress": lambda record, lease: record.progress([lease], Progress(1)),
    "stay": lambda record, lease: record.stay(lease, Stay(), a_step(print), due=None),
    "move": lambda record, lease: record.move(
        lease, Move(to=S.TRIGGERED, writes=(Settle(RESERVE), ManifestFiles(()))), due=True
    ),
    "an illegal move": lambda record, lease: record.move(lease, Move(to=S.STAGED), due=True),
    "rest": lambda record, lease: record.rest(lease, Attention.PERSON, "look"),
    "retry": lambda record, lease: record.retry(lease, DAY, "again"),
    "give_up_act": lambda record, lease: record.give_up_act([lease], FLOW, "lost"),
}


@pytest.mark.parametrize("how", ["a newer token", "another owner", "released"])
@pytest.mark.parametrize("verb", VERBS)
def test_who_lost_the_item_writes_nothing(ledger, open_another, verb, how):
    (item,) = add(ledger)
    mine = leases_of(ledger)
    (lease,) = mine.take(FLOW).leases
    if how == "a newer token":
        change(ledger, item, lease_token=lease.token + 1)
    elif how == "another owner":
        change(ledger, item, lease_owner=open_another().liveness.me)
    else:
        mine.release([lease])
    before = row(ledger, item), ledger.head(), money(ledger, item)

    with pytest.raises(Fenced):
        VERBS[verb](recorder(ledger, mine), lease)
    assert (row(ledger, item), ledger.head(), money(ledger, item)) == before


# the lease ---------------------------------------------------------------------------------------


def test_the_lease_of_a_living_owner_is_not_stolen(ledger, open_another):
    add(ledger)
    held = leases_of(ledger).take(FLOW)

    assert held is not None
    assert leases_of(open_another()).take(FLOW) is None


def test_a_wall_clock_that_jumps_steals_nothing(ledger, open_another, monkeypatch):
    add(ledger)
    leases_of(ledger).take(FLOW)
    later(monkeypatch, leases, "now", DAY)

    assert leases_of(open_another()).take(FLOW) is None


def test_a_lease_ends_by_the_boot_time_clock(ledger, open_another, monkeypatch):
    """An owner that is suspended lives, but does not keep its items for ever."""
    add(ledger)
    leases_of(ledger).take(FLOW)
    later(monkeypatch, leases, "boot_time", 61)

    taken = leases_of(open_another()).take(FLOW)

    assert (taken.leases[0].token, taken.items[0].crashes) == (2, 1)


def test_an_owner_of_another_machine_keeps_its_lease_until_the_wall_clock_says_so(ledger, open_another, monkeypatch):
    """Its boot clock says nothing here. On SQLite it can only be an earlier boot of this machine: dead."""
    (item,) = add(ledger)
    leases_of(ledger).take(FLOW)
    change(
        ledger, item, lease_owner="far:1:another-boot:abc", lease_until_boot=boot_time() - 9, lease_until=now() + DAY
    )
    other = open_another()
    if ledger.engine.dialect.name == "postgresql":
        monkeypatch.setattr(other.liveness, "is_dead", lambda owner, connection: False)
        assert leases_of(other).take(FLOW) is None
        later(monkeypatch, leases, "now", 2 * DAY)

    assert leases_of(other).take(FLOW) is not None


def test_the_heartbeat_keeps_a_lease(ledger, monkeypatch):
    add(ledger)
    mine = leases_of(ledger)
    (lease,) = mine.take(FLOW).leases
    later(monkeypatch, leases, "boot_time", 50)
    mine.renew([lease])

    assert mine.remaining(lease) == pytest.approx(60, abs=1)


def test_the_heartbeat_does_not_revive_an_overslept_lease(ledger, monkeypatch):
    """Else a suspended process that wakes would take its own right to act from its sleep."""
    add(ledger)
    mine = leases_of(ledger)
    (lease,) = mine.take(FLOW).leases
    later(monkeypatch, leases, "boot_time", 61)
    mine.renew([lease])

    assert mine.remaining(lease) == pytest.approx(-1, abs=1)


def test_nothing_remains_of_a_lease_that_another_has(ledger, monkeypatch):
    (item,) = add(ledger)
    mine = leases_of(ledger)
    (lease,) = mine.take(FLOW).leases
    change(ledger, item, lease_token=2)

    assert mine.remaining(lease) < 0


@pytest.mark.parametrize("verb", ["armed", "progress"])
def test_every_write_renews_the_lease(ledger, monkeypatch, verb):
    add(ledger)
    mine = leases_of(ledger)
    (lease,) = mine.take(FLOW).leases
    later(monkeypatch, leases, "boot_time", 50)
    VERBS[verb](recorder(ledger, mine), lease)

    assert mine.remaining(lease) == pytest.approx(60, abs=1)


# death -------------------------------------------------------------------------------------------


def test_a_killed_owner_frees_its_items_at_once(ledger, url, tmp_path):
    (item,) = add(ledger)
    with children(1, "hold", url, tmp_path / "locks", "unarmed") as (child,):
        assert leases_of(ledger).take(FLOW) is None
        child.kill()

        taken = soon(lambda: leases_of(ledger).take(FLOW))

    assert (taken.items[0].id, taken.items[0].crashes) == (item, 1)
    assert story(ledger, item) == ["crashed"]


def test_a_forked_child_does_not_keep_its_dead_parent_alive(ledger, url, tmp_path):
    add(ledger)
    with children(1, "fork", url, tmp_path / "locks", "") as (child,):
        child.kill()

        assert soon(lambda: leases_of(ledger).take(FLOW)) is not None


def test_an_owner_that_ended_well_without_letting_go_is_dead(ledger, open_another):
    add(ledger)
    other = open_another()
    leases_of(other).take(FLOW)
    other.close()

    assert leases_of(ledger).take(FLOW) is not None


def test_an_owner_whose_sign_of_life_was_removed_begins_anew(ledger, open_another, kind, tmp_path):
    """By hand, or by a restart of the database: what it held is another's, what it takes from now on is its own."""
    add(ledger, 2)
    mine = leases_of(ledger)
    (lease,) = mine.take(FLOW).leases
    if kind == "sqlite":
        for file in (tmp_path / "locks").iterdir():
            file.unlink()
    else:
        with open_another().engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
    mine.renew([lease])

    with pytest.raises(Fenced):
        recorder(ledger, mine).move(lease, Move(to=S.TRIGGERED), due=False)
    assert soon(lambda: mine.take(FLOW)).items[0].crashes == 1
    assert leases_of(open_another()).take(FLOW).items[0].id == 2
    assert leases_of(open_another()).take(FLOW) is None


def test_killed_owners_leave_no_files(ledger, url, tmp_path, kind, open_another):
    if kind != "sqlite":
        pytest.skip("PostgreSQL's locks leave nothing")
    assert ledger.liveness
    for _ in range(2):
        with children(1, "hold", url, tmp_path / "locks", "unarmed"):
            pass
    assert open_another().liveness

    assert len(list((tmp_path / "locks").iterdir())) == 2


@pytest.mark.parametrize("how", ["act", "armed"])
def test_armed_items_of_a_killed_owner_become_unsure(ledger, url, tmp_path, how):
    """An act's items together; each look at the other side is due at once; the money stays reserved."""
    ids = add(ledger, 3)
    with children(1, "hold", url, tmp_path / "locks", how) as (child,):
        child.kill()
    mine, flow = leases_of(ledger), a_flow({S.PLANNED: print, S.TRIGGERED: print})

    assert soon(lambda: True if mine.take(flow) is None and mine.next_due(flow) is None else None)
    for item in ids:
        after = row(ledger, item)
        assert (after.state, after.attention, after.armed, after.lease_owner) == ("unsure", "reconcile", False, None)
        assert after.next_at is None
        assert money(ledger, item) == [("reserve", 15_000)]
        assert story(ledger, item)[-1] == "moved planned→unsure"


def test_an_unsure_item_is_due_when_there_is_a_step_that_looks(ledger, open_another):
    add(ledger)
    other = open_another()
    theirs = leases_of(other)
    recorder(other, theirs).armed(theirs.take(WITH_LOOKS).leases, Intent(intent_id="i"))
    other.close()

    assert leases_of(ledger).take(WITH_LOOKS).state is S.UNSURE


@pytest.mark.parametrize(("clock", "wait"), [(0, None), (61, 120)], ids=["dead", "suspended"])
def test_looks_begin_when_the_act_must_be_over(ledger, open_another, monkeypatch, clock, wait):
    """A dead owner acts no more; a suspended one may still be inside its act when it wakes."""
    (item,) = add(ledger)
    flow = a_flow({S.PLANNED: print, S.UNSURE: print}, longest_act=timedelta(seconds=120))
    other = open_another()
    theirs = leases_of(other)
    recorder(other, theirs).armed(theirs.take(flow).leases, Intent(intent_id="i"))
    if wait is None:
        other.close()
    later(monkeypatch, leases, "boot_time", clock)
    taken = leases_of(ledger).take(flow)

    assert row(ledger, item).state == "unsure"
    assert (taken is None) == (wait is not None)
    if wait is not None:
        assert leases_of(ledger).next_due(flow) == pytest.approx(wait, abs=2)


def test_items_of_an_act_become_unsure_together(ledger, open_another):
    """Also those whose lease was renewed a moment later: the act is one."""
    first, second = add(ledger, 2)
    other = open_another()
    theirs, flow = leases_of(other), a_flow({S.PLANNED: print}, max_items=2)
    recorder(other, theirs).armed(theirs.take(flow).leases, Intent(intent_id="i"))
    change(ledger, first, lease_until_boot=boot_time() - 1)
    leases_of(ledger).take(flow)

    assert [row(ledger, item).state for item in (first, second)] == ["unsure", "unsure"]


def test_items_of_an_act_that_were_answered_stay_answered(ledger, open_another):
    first, second = add(ledger, 2)
    other = open_another()
    theirs, flow = leases_of(other), a_flow({S.PLANNED: print}, max_items=2)
    held = theirs.take(flow).leases
    record = recorder(other, theirs)
    record.armed(held, Intent(intent_id="i"))
    record.move(held[0], Move(to=S.TRIGGERED), due=False)
    other.close()
    leases_of(ledger).take(flow)

    assert [row(ledger, item).state for item in (first, second)] == ["triggered", "unsure"]


def test_three_crashes_quarantine(ledger, open_another):
    (item,) = add(ledger)
    for _ in range(2):
        other = open_another()
        assert leases_of(other).take(FLOW) is not None
        other.close()
    third = open_another()
    assert leases_of(third).take(FLOW).items[0].crashes == 2
    third.close()

    assert leases_of(ledger).take(FLOW) is None
    assert (row(ledger, item).state, row(ledger, item).attention, row(ledger, item).crashes) == (
        "quarantined",
        "review",
        3,
    )
    assert story(ledger, item) == ["crashed", "crashed", "crashed", "moved planned→quarantined"]
    assert "died 3 times" in row(ledger, item).reason


def test_a_crash_between_good_visits_is_forgotten(ledger, open_another):
    (item,) = add(ledger)
    change(ledger, item, crashes=2)
    mine = leases_of(ledger)
    recorder(ledger, mine).move(mine.take(FLOW).leases[0], Move(to=S.TRIGGERED), due=True)

    assert row(ledger, item).crashes == 0


@pytest.mark.parametrize("values", [{"armed": True}, {"armed": True, "intent_id": "i"}], ids=["no intent", "no owner"])
def test_the_database_refuses_an_armed_item_without_intent_or_owner(ledger, values):
    (item,) = add(ledger)
    with pytest.raises(Exception, match=r"(?i)check constraint"):
        change(ledger, item, **values)


# groups and order --------------------------------------------------------------------------------


def test_items_alike_are_claimed_together_each_with_its_token(ledger):
    ids = add(ledger, 5)
    change(ledger, ids[0], lease_token=7)

    taken = leases_of(ledger).take(a_flow({S.PLANNED: print}, max_items=3))

    assert [(one.item_id, one.token) for one in taken.leases] == [(ids[0], 8), (ids[1], 1), (ids[2], 1)]
    assert [item.id for item in taken.items] == ids[:3]


def test_a_group_is_alike_in_state_and_in_the_columns_named(ledger):
    same, other_state, other_dataset, same_too, held, not_due = ids = add(ledger, 6)
    change(ledger, other_state, state="triggered")
    change(ledger, other_dataset, dataset_id="gd_2")
    change(ledger, held, lease_owner=ledger.liveness.me, lease_until_boot=boot_time() + 60)
    change(ledger, not_due, next_at=now() + DAY)
    assert ids

    flow = a_flow({S.PLANNED: print, S.TRIGGERED: print}, max_items=10, group_by=("dataset_id", "error_code"))

    assert [item.id for item in leases_of(ledger).take(flow).items] == [same, same_too]


def test_after_a_crash_an_item_goes_alone(ledger):
    """Neither takes it others along, nor is it taken along: a poisonous one shows itself."""
    first, second, third = add(ledger, 3)
    change(ledger, first, crashes=1)
    change(ledger, third, crashes=1)
    mine, flow = leases_of(ledger), a_flow({S.PLANNED: print}, max_items=10)

    assert [[item.id for item in mine.take(flow).items] for _ in range(3)] == [[first], [second], [third]]


def test_oldest_due_first(ledger):
    ids = add(ledger, 3)
    for item, minutes in zip(ids, (1, 3, 2), strict=True):
        change(ledger, item, next_at=now() - timedelta(minutes=minutes))
    mine = leases_of(ledger)

    assert [mine.take(FLOW).items[0].id for _ in ids] == [ids[1], ids[2], ids[0]]


def test_what_is_not_due_waits(ledger):
    (item,) = add(ledger)
    change(ledger, item, next_at=now() + timedelta(seconds=90))
    mine = leases_of(ledger)

    assert mine.take(FLOW) is None
    assert mine.next_due(FLOW) == pytest.approx(90, abs=2)
    change(ledger, item, next_at=None)
    assert mine.next_due(FLOW) is None


def test_only_states_with_a_step_are_taken(ledger):
    (item,) = add(ledger)
    change(ledger, item, state="published")

    assert leases_of(ledger).take(FLOW) is None
    assert leases_of(ledger).next_due(FLOW) is None


def test_tries_are_counted_at_the_claim_unless_the_step_does_not_count(ledger):
    first, second = add(ledger, 2)
    mine = leases_of(ledger)

    assert mine.take(a_flow({S.PLANNED: print})).items[0].attempts == 1
    assert mine.take(a_flow({S.PLANNED: print}, counts=False)).items[0].attempts == 0
    assert (row(ledger, first).attempts, row(ledger, second).attempts) == (1, 0)


def test_a_record_is_the_row(ledger):
    (item,) = add(ledger)
    taken = leases_of(ledger).take(FLOW).items[0]

    assert (taken.id, taken.state, taken.inputs, taken.armed) == (
        item,
        S.PLANNED,
        ({"url": "https://i.example/acme"},),
        False,
    )


def test_release_leaves_an_armed_item_held(ledger):
    (item,) = add(ledger)
    mine = leases_of(ledger)
    held = mine.take(FLOW).leases
    recorder(ledger, mine).armed(held, Intent(intent_id="i"))
    mine.release(held)

    assert row(ledger, item).lease_owner is not None


def test_release_can_delay_and_uncount(ledger):
    (item,) = add(ledger)
    mine = leases_of(ledger)
    mine.release(mine.take(FLOW).leases, after=DAY, uncount=True)

    assert (row(ledger, item).attempts, row(ledger, item).lease_owner) == (0, None)
    assert mine.next_due(FLOW) == pytest.approx(DAY.total_seconds(), abs=2)


# locks -------------------------------------------------------------------------------------------


def locks_of(ledger):
    return Locks(ledger, lease_time=timedelta(minutes=1))


def test_a_lane_has_one_holder(ledger, open_another):
    ours, theirs = locks_of(ledger), locks_of(open_another())

    token = ours.take("account:1")
    assert token == 1
    assert theirs.take("account:1") is None
    assert ours.take("account:1") is None
    ours.release("account:1", token)
    assert theirs.take("account:1") == 2


def test_the_lane_of_a_dead_holder_is_free_at_once(ledger, open_another):
    other = open_another()
    locks_of(other).take("account:1")
    other.close()

    assert locks_of(ledger).take("account:1") == 2


@pytest.mark.parametrize(("clock", "by", "token"), [("now", DAY, None), ("boot_time", 61, 2)], ids=["wall", "boot"])
def test_a_lane_ends_by_the_boot_time_clock(ledger, open_another, monkeypatch, clock, by, token):
    locks_of(ledger).take("account:1")
    later(monkeypatch, locks, clock, by)

    assert locks_of(open_another()).take("account:1") == token


def test_a_lane_is_renewed_by_its_holder_alone(ledger, open_another, monkeypatch):
    ours, theirs = locks_of(ledger), locks_of(open_another())
    token = ours.take("account:1")
    later(monkeypatch, locks, "boot_time", 61)
    ours.renew("account:1", token)
    assert theirs.take("account:1") is None
    later(monkeypatch, locks, "boot_time", 61)
    theirs.take("account:1")

    with pytest.raises(Fenced):
        ours.renew("account:1", token)
    ours.release("account:1", token)
    assert ours.take("account:1") is None


def test_who_is_at_work_is_known_and_the_dead_are_swept(ledger, open_another):
    ours, other, third = locks_of(ledger), open_another(), open_another()
    theirs = locks_of(other)
    name, gone = ours.announce("worker"), theirs.announce("worker")
    assert sorted(ours.living("worker")) == sorted([name, gone])

    other.close()
    assert ours.living("worker") == [name]
    assert locks_of(third).announce("worker") in ours.living("worker")
    with ledger.read() as connection:
        assert gone not in connection.execute(named_lock.select().with_only_columns(named_lock.c.name)).scalars().all()
    ours.withdraw(name)
    assert name not in ours.living("worker")


def test_results_and_files_are_written_with_the_move(ledger):
    collecting.add_sources(ledger, [a_source()])
    start(ledger, a_plan(a_job(a_snapshot([1]))))
    mine = leases_of(ledger)
    result = SourceResult(source_id=1, row_count=3, warning_count=2, error_count=1, reason="?")
    file = LakeFile(kind="posts", path="a.parquet", rows=3, bytes=4, sha256="x")
    move = Move(to=S.TRIGGERED, writes=(result, ManifestFiles((file,))))
    recorder(ledger, mine).move(mine.take(FLOW).leases[0], move, due=True)

    assert view_tables.table_rows(ledger)["source_results"]["row_count"][1] == [3]
    assert [one["path"] for one in lake_store.manifest(ledger)] == ["a.parquet"]
