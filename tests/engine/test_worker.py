"""engine/worker.py: what a step yields is recorded, what it raises decides, and nothing is sent twice."""

import contextlib
import os
import signal
import threading
import time
from datetime import timedelta

import pytest

from tests.children import children
from tests.engine.world import (
    MINUTE,
    RESERVE,
    S,
    a_flow,
    a_step,
    add,
    all_writers,
    change,
    events,
    leases_of,
    money,
    row,
    story,
)
from workbench.budget.model import Reserve
from workbench.db.clock import now
from workbench.deliveries.matching import look_now
from workbench.engine import transitions
from workbench.engine import worker as worker_module
from workbench.engine.flow import Intent, Move, Progress, Revoked, Stay
from workbench.engine.worker import EquippedFlow, Worker
from workbench.errors import (
    BadInput,
    Fenced,
    Misconfigured,
    NeedsPerson,
    Permanent,
    Refused,
    Throttled,
    Transient,
    UiChanged,
    Unanswered,
    WorkbenchError,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
ARM = Intent(intent_id="i", writes=(Reserve(RESERVE),))


@pytest.fixture
def kind(request):
    """One database is enough here, unless a test asks for both."""
    return getattr(request, "param", "sqlite")


both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def a_worker(ledger, *steps, lease_time=MINUTE, redact=str, **options):
    """A worker and its first bench; each of `steps` is a table of steps by state."""
    flows = [EquippedFlow(a_flow(one, **options), "tools") for one in steps] or [EquippedFlow(a_flow(), "tools")]
    made = Worker(ledger, flows, lease_time=lease_time, writers=all_writers(), redact=redact)
    return made, flows[0]


def advance(ledger, step, *, count=1, **options):
    """Add `count` planned items and work once on them with `step`; the first item's row afterwards."""
    ids = add(ledger, count)
    made, bench = a_worker(ledger, {S.PLANNED: step}, **options)
    assert made.advance(bench) is True
    return row(ledger, ids[0])


def raising(error, *before):
    """A step that yields `before` and then raises."""

    def step(item, tools):
        yield from before
        raise error

    return step


def wait_of(after):
    return None if after.next_at is None else (after.next_at - now()).total_seconds()


# what errors do ----------------------------------------------------------------------------------

# error: state, attention, (shortest, longest wait) or None at rest, attempts left counted, what is told
UNARMED = {
    "Transient": (Transient("503"), "planned", None, (0, 2), 1, []),
    "Transient, asked to wait": (Transient("503", retry_after=MINUTE), "planned", None, (59, 60), 1, []),
    "Throttled": (Throttled("429", retry_after=MINUTE), "planned", None, (59, 61), 0, []),
    "Throttled, no word": (Throttled("429"), "planned", None, (1, 3), 0, []),
    "Unanswered": (Unanswered("cut off"), "planned", None, (0, 2), 1, []),
    "Permanent": (Permanent("gone", code="404"), "failed", None, None, 0, ["moved planned→failed"]),
    "BadInput": (BadInput("no date"), "failed", None, None, 0, ["moved planned→failed"]),
    "Refused": (Refused("over the cap"), "failed", None, None, 0, ["moved planned→failed"]),
    "NeedsPerson": (NeedsPerson("log in"), "planned", "person", None, 1, ["attention"]),
    "UiChanged": (UiChanged("no button"), "planned", "person", None, 1, ["attention"]),
    "a plain WorkbenchError": (WorkbenchError("?"), "quarantined", "review", None, 0, ["moved planned→quarantined"]),
    "a surprise": (ZeroDivisionError("?"), "quarantined", "review", None, 0, ["moved planned→quarantined"]),
    "no more memory": (MemoryError(), "planned", None, (0, 33), 0, []),
    "no more threads": (RuntimeError("can't start new thread"), "planned", None, (0, 33), 0, []),
    "no more processes": (BlockingIOError(11, "Resource temporarily unavailable"), "planned", None, (0, 33), 0, []),
    "a full disk": (OSError(28, "No space left", "x.zst"), "planned", None, (0, 33), 0, []),
}


@both
@pytest.mark.parametrize("name", UNARMED)
def test_before_anything_was_sent_the_error_decides(ledger, name):
    error, state, attention, wait, attempts, told = UNARMED[name]

    after = advance(ledger, raising(error))

    assert (after.state, after.attention, after.attempts, after.armed) == (state, attention, attempts, False)
    assert (after.lease_owner, money(ledger, after.id)) == (None, [])
    assert story(ledger, after.id) == told
    assert after.reason
    if wait is None:
        assert after.next_at is None
    else:
        assert wait[0] - 10 <= wait_of(after) <= wait[1]  # ten seconds: the machine may be busy


@pytest.mark.parametrize("name", UNARMED)
def test_after_the_order_every_error_is_a_lost_answer(ledger, name):
    """The item is unsure, the money stays reserved, and nobody sends it again."""
    after = advance(ledger, raising(UNARMED[name][0], ARM))

    assert (after.state, after.attention, after.next_at, after.armed) == ("unsure", "reconcile", None, False)
    assert money(ledger, after.id) == [("reserve", 15_000)]
    assert story(ledger, after.id) == ["armed", "moved planned→unsure"]


@both
@pytest.mark.parametrize("name", UNARMED)
def test_after_proof_of_refusal_the_error_decides_again_and_the_money_is_free(ledger, name):
    error, state, attention, _, attempts, told = UNARMED[name]

    after = advance(ledger, raising(error, ARM, Revoked("429")))

    assert (after.state, after.attention, after.attempts, after.armed) == (state, attention, attempts, False)
    assert money(ledger, after.id) == [("reserve", 15_000), ("release", -15_000)]
    assert story(ledger, after.id) == ["armed", "disarmed", *told]


def test_an_error_code_is_kept(ledger):
    code = "a code of the vendor's own that is longer than anybody would think it reasonable to be"
    assert advance(ledger, raising(Permanent("gone", code=code))).error_code == code


@both
def test_words_that_a_database_would_refuse_are_kept_readable(ledger):
    after = advance(ledger, raising(Permanent("half a \ud83d pair, a \0 NUL, ünd Ümläute")))

    assert (after.state, after.reason) == ("failed", "half a ? pair, a � NUL, ünd Ümläute")


def test_misconfigured_is_raised_and_the_item_is_free(ledger):
    (item,) = add(ledger)
    made, bench = a_worker(ledger, {S.PLANNED: raising(Misconfigured("no key"))})

    with pytest.raises(Misconfigured, match="no key"):
        made.advance(bench)
    after = row(ledger, item)
    assert (after.state, after.lease_owner, after.attempts, story(ledger, item)) == ("planned", None, 0, [])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, Misconfigured])
def test_stopped_after_the_order_is_unsure(ledger, stop):
    (item,) = add(ledger)
    made, bench = a_worker(ledger, {S.PLANNED: raising(stop(), ARM)})

    with pytest.raises(stop):
        made.advance(bench)
    assert (row(ledger, item).state, money(ledger, item)) == ("unsure", [("reserve", 15_000)])


@pytest.mark.parametrize("before", [[], [ARM, Revoked("no")], [Progress(1)]], ids=["at once", "refused", "at work"])
def test_ctrl_c_lets_go_of_what_was_not_sent(ledger, open_another, before):
    (item,) = add(ledger)
    made, bench = a_worker(ledger, {S.PLANNED: raising(KeyboardInterrupt(), *before)})

    with pytest.raises(KeyboardInterrupt):
        made.advance(bench)
    assert (row(ledger, item).attempts, row(ledger, item).crashes) == (0, 0)
    assert leases_of(open_another()).take(a_flow()) is not None


def test_a_surprise_keeps_its_story_without_secrets(ledger, caplog):
    def step(item, tools):
        def deeper():
            raise LookupError("key=hunter2")

        deeper()

    after = advance(ledger, step, redact=lambda text: text.replace("hunter2", "***"))

    assert "in deeper" in after.reason
    assert "LookupError: key=***" in after.reason
    assert "hunter2" not in after.reason + caplog.text + str(events(ledger))


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(raising(Permanent("hunter2")), id="an error"),
        pytest.param(raising(OSError(1, "hunter2")), id="the system"),
        pytest.param(lambda item, tools: Move(to=S.FAILED, reason="hunter2"), id="a move"),
        pytest.param(lambda item, tools: [ARM, Revoked("hunter2"), Move(to=S.FAILED, reason="no")], id="a refusal"),
        pytest.param(raising(Unanswered("hunter2"), ARM), id="a lost answer"),
    ],
)
def test_no_reason_tells_a_secret(ledger, step):
    after = advance(ledger, step, redact=lambda text: text.replace("hunter2", "***"))

    assert "hunter2" not in str(after) + str(events(ledger))


# what steps yield --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda item, tools: Move(to=S.TRIGGERED), id="returns a move"),
        pytest.param(lambda item, tools: [ARM, Move(to=S.TRIGGERED)], id="returns a list"),
        pytest.param(lambda item, tools: iter([Progress(1), Move(to=S.TRIGGERED)]), id="returns an iterator"),
    ],
)
def test_a_step_may_return_or_yield(ledger, step):
    assert advance(ledger, step).state == "triggered"


def test_a_step_gets_its_item_and_its_tools(ledger):
    got = []
    advance(ledger, lambda item, tools: got.append((item.state, item.inputs, tools)))

    assert got == [(S.PLANNED, ({"url": "https://i.example/acme"},), "tools")]


@pytest.mark.parametrize(
    ("step", "wait"),
    [
        pytest.param(lambda item, tools: None, 30, id="nothing to say"),
        pytest.param(lambda item, tools: Stay(), 30, id="as often as the step looks"),
        pytest.param(
            lambda item, tools: Stay(after=DAY, values={"vendor_status": "running"}), 86_400, id="when it says"
        ),
    ],
)
def test_who_stays_is_looked_at_later_without_event_or_attempt(ledger, step, wait):
    after = advance(ledger, step)

    assert (after.state, after.attempts, after.lease_owner) == ("planned", 0, None)
    assert wait_of(after) == pytest.approx(wait, abs=2)
    assert story(ledger, after.id) == []


@pytest.mark.parametrize(
    "said",
    [pytest.param([], id="nothing"), pytest.param([Stay()], id="stay"), pytest.param([Progress(1)], id="progress")],
)
def test_an_order_without_an_answer_is_unsure(ledger, said):
    """An armed item that is let go would be taken and sent again."""
    after = advance(ledger, lambda item, tools: [ARM, *said])

    assert (after.state, after.armed) == ("unsure", False)


def test_the_order_is_committed_before_the_act(ledger, open_another):
    other = open_another()
    seen = []

    def step(item, tools):
        yield ARM
        seen.append((row(other, item.id).armed, row(other, item.id).intent_id, money(other, item.id)))
        yield Move(to=S.TRIGGERED)

    assert advance(ledger, step).armed is False
    assert seen == [(True, "i", [("reserve", 15_000)])]


def test_a_state_without_a_way_to_unsure_gives_no_orders(ledger):
    """Refused before the act: a lost answer would have nowhere to go."""
    acted = []
    (item,) = add(ledger)
    change(ledger, item, state="ready")

    def step(item, tools):
        yield ARM
        acted.append(item)

    made, bench = a_worker(ledger, {S.READY: step})
    made.advance(bench)

    assert (row(ledger, item).state, acted, money(ledger, item)) == ("quarantined", [], [])


@pytest.mark.parametrize("before", [[], [ARM]], ids=["before the order", "after it"])
def test_a_move_that_is_not_legal_ends_with_a_person(ledger, before):
    after = advance(ledger, lambda item, tools: [*before, Move(to=S.PUBLISHED)])

    assert after.state == ("unsure" if before else "quarantined")
    assert "cannot move from planned to published" in after.reason


def test_a_step_is_closed_when_its_item_is_lost(ledger):
    """It stops where it is: its next line never runs."""
    said = []
    (item,) = add(ledger)

    def step(item_, tools):
        try:
            change(ledger, item, lease_token=99, lease_owner="another:1:boot:x")
            yield Progress(1)
            said.append("went on")
        finally:
            said.append("closed")

    made, bench = a_worker(ledger, {S.PLANNED: step})
    assert made.advance(bench) is True

    assert said == ["closed"]
    assert (row(ledger, item).lease_owner, story(ledger, item)) == ("another:1:boot:x", [])


@pytest.mark.parametrize("error", [Permanent("x"), ZeroDivisionError("x"), KeyboardInterrupt(), Fenced()])
def test_who_lost_the_item_writes_nothing_whatever_the_step_says(ledger, error):
    (item,) = add(ledger)

    def step(item_, tools):
        change(ledger, item, lease_token=99)
        raise error

    made, bench = a_worker(ledger, {S.PLANNED: step})
    with contextlib.suppress(KeyboardInterrupt):
        made.advance(bench)
    assert (row(ledger, item).state, row(ledger, item).lease_token, story(ledger, item)) == ("planned", 99, [])


def test_progress_is_committed_once_a_second_and_is_no_event(ledger, monkeypatch):
    clock, seen = [100.0], []
    monkeypatch.setattr(transitions.time, "monotonic", lambda: clock[0])

    def step(item, tools):
        for n, at in enumerate((0, 0.5, 0.9, 1.1, 1.2, 2.2)):
            clock[0] = 100 + at
            yield Progress(n, 6)
            seen.append(row(ledger, item.id).progress_done)
        yield Move(to=S.TRIGGERED)

    after = advance(ledger, step)

    assert seen == [0, 0, 0, 3, 3, 5]
    assert (after.progress_done, story(ledger, after.id)) == (None, ["moved planned→triggered"])


# groups ------------------------------------------------------------------------------------------


def test_a_group_is_one_act_and_each_item_its_own_answer(ledger):
    def step(items, tools):
        yield ARM
        yield Move(item_id=items[1].id, to=S.TRIGGERED)
        yield Move(item_id=items[0].id, to=S.FAILED)
        raise Unanswered("the third was not heard of")

    first = advance(ledger, step, count=3, max_items=3)

    assert [row(ledger, first.id + n).state for n in range(3)] == ["failed", "triggered", "unsure"]
    assert len({row(ledger, first.id + n).intent_id for n in range(3)}) == 1


def test_a_move_in_a_group_says_which_item(ledger):
    """Else the wrong one might move."""
    first = advance(ledger, lambda items, tools: Move(to=S.TRIGGERED), count=2, max_items=2)

    assert [row(ledger, first.id + n).state for n in range(2)] == ["quarantined", "quarantined"]


def test_only_the_exhausted_of_a_group_are_quarantined(ledger):
    first, second = add(ledger, 2)
    change(ledger, first, attempts=12, reason="503")
    got = []
    made, bench = a_worker(ledger, {S.PLANNED: lambda items, tools: got.extend(items)}, max_items=2)
    made.advance(bench)

    assert [item.id for item in got] == [second]
    assert (row(ledger, first).state, row(ledger, first).reason) == ("quarantined", "after 12 attempts: 503")


# attempts and waits ------------------------------------------------------------------------------


def test_attempts_end_in_quarantine_and_the_step_ran_that_often(ledger):
    (item,) = add(ledger)
    ran = []

    def step(item, tools):
        ran.append(item.attempts)
        raise Transient("503")

    made, bench = a_worker(ledger, {S.PLANNED: a_step(step, attempts=3, first=timedelta())})
    while made.advance(bench):
        pass

    assert (ran, row(ledger, item).state) == ([1, 2, 3], "quarantined")
    assert row(ledger, item).reason == "after 3 attempts: 503"


@pytest.mark.parametrize("counts", [True, False], ids=["a step that counts", "a poll"])
@pytest.mark.parametrize(
    "error",
    [Throttled("429", retry_after=timedelta(microseconds=1)), OSError(28, "No space left on device", "x.zst")],
    ids=["throttled", "a full disk"],
)
def test_what_is_no_fault_of_the_item_never_counts(ledger, error, counts):
    (item,) = add(ledger)
    made, bench = a_worker(ledger, {S.PLANNED: a_step(raising(error), attempts=1, counts=counts, first=timedelta())})
    for _ in range(5):
        change(ledger, item, next_at=now())
        made.advance(bench)

    assert (row(ledger, item).state, row(ledger, item).attempts) == ("planned", 0)


def test_polls_never_count_and_wait_their_turn(ledger):
    (item,) = add(ledger)
    step = a_step(raising(Transient("503")), attempts=1, counts=False, every=MINUTE)
    made, bench = a_worker(ledger, {S.PLANNED: step})
    for _ in range(5):
        change(ledger, item, next_at=now())
        made.advance(bench)

    assert (row(ledger, item).state, row(ledger, item).attempts) == ("planned", 0)
    assert wait_of(row(ledger, item)) == pytest.approx(60, abs=2)


def test_who_says_look_now_while_a_step_looks_is_heard_after_it(ledger):
    (item,) = add(ledger)

    def step(item, tools):
        ledger.write(lambda connection: look_now(connection, item.id))
        return Stay(after=DAY)

    made, bench = a_worker(ledger, {S.PLANNED: a_step(step, counts=False)})
    assert made.advance(bench)

    assert wait_of(row(ledger, item)) <= 0


# the loop ----------------------------------------------------------------------------------------


@both
def test_work_until_everything_rests(ledger):
    ids = add(ledger, 10)
    made, _ = a_worker(ledger)

    worked = made.work(until_idle=True, limit=MINUTE)

    assert (worked.idle, worked.steps) == (True, 50)
    assert {row(ledger, item).state for item in ids} == {"published"}


def test_what_is_due_later_is_waited_for(ledger):
    add(ledger)
    made, _ = a_worker(
        ledger,
        {
            S.PLANNED: lambda item, tools: Move(to=S.TRIGGERED, after=0.4 * SECOND),
            S.TRIGGERED: lambda i, t: Move(to=S.READY),
        },
    )

    assert made.work(until_idle=True, limit=MINUTE).steps == 2


def test_work_ends_at_its_limit(ledger):
    add(ledger)
    made, _ = a_worker(ledger, {S.PLANNED: lambda item, tools: Stay(after=DAY)})
    began = time.monotonic()

    worked = made.work(until_idle=True, limit=0.5 * SECOND)

    assert (worked.idle, worked.steps) == (False, 1)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("how", ["stop", "until"])
def test_work_ends_when_told(ledger, how):
    made, _ = a_worker(ledger)
    stop = threading.Event()
    stop.set()

    worked = made.work(**({"stop": stop} if how == "stop" else {"until": lambda: True}))

    assert worked.idle is True


@pytest.mark.parametrize("error", [Misconfigured("no key"), SystemExit(3)])
def test_an_error_of_the_crew_surfaces(ledger, error):
    add(ledger)
    made, _ = a_worker(ledger, {S.PLANNED: raising(error)})

    with pytest.raises(type(error)):
        made.work(until_idle=True, limit=MINUTE)


def test_meanwhile_is_called_by_the_one_who_asked(ledger):
    callers = set()
    made, _ = a_worker(ledger)
    made.work(limit=0.5 * SECOND, meanwhile=lambda: callers.add(threading.current_thread()))

    assert callers == {threading.current_thread()}


def test_a_worker_is_seen_while_it_works(ledger):
    made, _ = a_worker(ledger)
    seen = []
    made.work(limit=0.3 * SECOND, meanwhile=lambda: seen.append(len(made.locks.living("worker"))))

    assert set(seen) == {1}
    assert made.locks.living("worker") == []


def test_the_heart_beats_as_long_as_a_step_runs(ledger, open_another):
    """Also while `work` waits for its last step: a lease that ended then would be taken over."""
    (item,) = add(ledger)
    other = leases_of(open_another())
    stolen = []

    def step(item, tools):
        end = time.monotonic() + 1.6
        while time.monotonic() < end:
            stolen.append(other.take(a_flow()))
            time.sleep(0.05)
        return Move(to=S.TRIGGERED)

    made, _ = a_worker(ledger, {S.PLANNED: step}, lease_time=0.6 * SECOND)
    made.work(threads=1, limit=0.3 * SECOND)

    assert set(stolen) == {None}
    assert row(ledger, item).state == "triggered"


def test_no_kind_of_work_starves_another(ledger):
    """The bench whose oldest item waits longest comes first; items that are being worked on do not count."""
    busy, *many = add(ledger, 6)
    (old,) = add(ledger)
    order = []
    for n, item in enumerate(many):
        change(ledger, item, next_at=now() - timedelta(minutes=10 - n))
    change(ledger, old, state="ready", next_at=now() - timedelta(minutes=8, seconds=30))
    change(ledger, busy, next_at=now() - DAY)
    assert leases_of(ledger).take(a_flow()).items[0].id == busy

    def step(to):
        return lambda item, tools: (order.append(item.id), Move(to=to))[1]

    made, _ = a_worker(ledger, {S.PLANNED: step(S.TRIGGERED)}, {S.READY: step(S.DOWNLOADED)})
    made.work(threads=1, limit=MINUTE, until=lambda: len(order) == 6)

    assert order == [many[0], many[1], old, *many[2:]]


# suspended ---------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("where", ["before the order", "after the order"])
def test_a_process_that_slept_past_its_lease_does_not_act(ledger, url, tmp_path, where):
    """Fencing cannot stop an act outside; the check of the own lease, after the order and before the act, does."""
    (item,) = add(ledger)
    acts = tmp_path / "acts"
    acts.touch()

    def act(item, tools):
        yield Intent(intent_id="second")
        with acts.open("a") as file:
            file.write("second\n")
        yield Move(to=S.TRIGGERED)

    steps = {S.PLANNED: act, S.UNSURE: lambda item, tools: Move(to=S.PLANNED, reason="nothing is there")}
    made, _ = a_worker(ledger, steps)
    with children(1, "paused", url, tmp_path / "locks", 0.4, where, acts) as (child,):
        child.tell()
        assert child.hear() == "suspended"
        os.waitid(os.P_PID, child.process.pid, os.WSTOPPED | os.WNOWAIT)
        time.sleep(0.5)
        made.work(threads=1, until=lambda: row(ledger, item).state == "triggered", limit=10 * SECOND)
        os.kill(child.process.pid, signal.SIGCONT)
        assert child.hear() == "over"

    assert acts.read_text() == "second\n"
    assert row(ledger, item).state == "triggered"


def test_a_process_that_slept_and_lost_nothing_lets_go(ledger, monkeypatch):
    """Nobody took the item meanwhile: it is free again, the money too, and the step did not act."""
    acted = []
    real = worker_module.Leases.remaining
    monkeypatch.setattr(worker_module.Leases, "remaining", lambda self, lease: real(self, lease) - 31)

    def step(item, tools):
        yield ARM
        acted.append(item)

    after = advance(ledger, step)

    assert (after.state, after.armed, after.attempts, after.lease_owner, acted) == ("planned", False, 0, None, [])
    assert money(ledger, after.id) == [("reserve", 15_000), ("release", -15_000)]
