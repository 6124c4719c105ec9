"""What another process does in the tests of the ledger: ``python -m tests.engine.child VERB …``."""

import json
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from tests.engine.world import RESERVE, S, a_flow, a_source, all_writers, events, leases_of, recorder
from workbench.budget.caps import Caps
from workbench.budget.model import Reserve
from workbench.collect import store as collecting
from workbench.db.ledger import Ledger, open_ledger
from workbench.engine import rate_limit
from workbench.engine.flow import Intent, Move
from workbench.engine.rate_limit import Breaker
from workbench.engine.transitions import Recorder
from workbench.engine.worker import EquippedFlow, Worker
from workbench.errors import BadInput, Fenced, Throttled

HOUR = timedelta(hours=1)


def say(what):
    print(json.dumps(what), flush=True)


def wait():
    say("ready")
    sys.stdin.readline()


def opened(url: str, locks: str) -> Ledger:
    return open_ledger(url, mode="practice", locks=Path(locks), actor="child")


def open_it(url, locks):
    wait()
    ledger = opened(url, locks)
    say({"head": ledger.head(), "alembic": "alembic" in sys.modules})
    ledger.close()


def open_as_nobody(url, locks):
    if os.geteuid() == 0:
        os.setgroups([])
        os.setuid(65534)
    try:
        opened(url, locks)
    except BadInput as error:
        say(error.message)


def hold(url, locks, how):
    """Lease all due items, one by one or as a group, arm them if asked, and hold them until killed."""
    ledger = opened(url, locks)
    flow = a_flow({S.PLANNED: lambda items, tools: None}, max_items=10 if how == "act" else 1)
    leases = leases_of(ledger, HOUR)
    while (taken := leases.take(flow)) is not None:
        if how != "unarmed":
            recorder(ledger, leases).armed(
                taken.leases, Intent(intent_id=f"i{taken.items[0].id}", writes=(Reserve(RESERVE),))
            )
    wait()


def fork(url, locks, how):
    """Lease an item, leave a forked child behind that does nothing, and hold on until killed."""
    ledger = opened(url, locks)
    leases_of(ledger, HOUR).take(a_flow())
    if os.fork() == 0:
        say("ready")  # by now what a fork does is done
        for end in (0, 1):
            os.close(end)
        time.sleep(60)
        os._exit(0)
    time.sleep(60)


def fork_and_work(url, locks):
    """Parent and forked child both go on with the ledger they had open."""
    ledger = opened(url, locks)
    leases = leases_of(ledger, HOUR)
    taken = leases.take(a_flow())
    mine = ledger.liveness.me
    pid = os.fork()
    if pid == 0:
        other = leases.take(a_flow())
        try:
            recorder(ledger, leases).move(taken.leases[0], Move(to=S.TRIGGERED), due=False)
            stolen = True
        except Fenced:
            stolen = False
        ok = other.items[0].id != taken.items[0].id and ledger.liveness.me != mine and not stolen
        os._exit(0 if ok and len(events(ledger)) == 1 else 1)
    _, status = os.waitpid(pid, 0)
    recorder(ledger, leases).move(taken.leases[0], Move(to=S.TRIGGERED), due=False)
    say({"child": status, "parent": len(events(ledger)), "alive": ledger.is_still_alive()})
    ledger.close()


def work(url, locks):
    """Move items until none is due; the ids that this process moved."""
    ledger = opened(url, locks)
    moved = []

    def step(item, tools):
        moved.append(item.id)
        return Move(to=S.TRIGGERED)

    worker = Worker(ledger, [bench := EquippedFlow(a_flow({S.PLANNED: step}), None)], lease_time=HOUR)
    wait()
    while worker.advance(bench):
        pass
    say(moved)
    ledger.close()


def paused(url, locks, lease_seconds, where, acts):
    """Work with an act outside, and suspend ourselves right before it is ordered, or right after."""
    ledger = opened(url, locks)

    beating = threading.Lock()

    def stop():
        # Not while the heartbeat is writing: the other writers would wait for us to wake up.
        with beating, ledger._turn:
            say("suspended")
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # this thread goes not one line further

    def act(item, tools):
        if where == "before the order":
            stop()
        yield Intent(intent_id="paused")
        with Path(acts).open("a") as file:
            file.write("paused\n")
        yield Move(to=S.TRIGGERED)

    class Suspended(Recorder):
        def armed(self, leases, order):
            super().armed(leases, order)
            if where == "after the order":
                stop()

    worker = Worker(
        ledger,
        [EquippedFlow(a_flow({S.PLANNED: act}), None)],
        lease_time=timedelta(seconds=float(lease_seconds)),
    )
    worker._recorder = Suspended(ledger, worker.leases, all_writers())
    renew = worker.leases.renew

    def beat(held):
        with beating:
            renew(held)

    worker.leases.renew = beat
    wait()
    worker.work(threads=1, limit=timedelta(seconds=0.5))
    say("over")
    ledger.close()


def start(url, locks, plan_hash):
    ledger = opened(url, locks)
    wait()
    started = collecting.start_run(ledger, plan_hash, folder="daily_{id6}")
    say([started.run_id, started.is_new])
    ledger.close()


def spend(url, locks, cap):
    """Order whatever is due, each for a cent and a half, within a cap for the day."""
    ledger = opened(url, locks)

    def step(item, tools):
        yield Intent(intent_id=f"i{item.id}", writes=(Reserve(RESERVE),))
        yield Move(to=S.TRIGGERED)

    bench = EquippedFlow(a_flow({S.PLANNED: step}), None)
    worker = Worker(ledger, [bench], lease_time=HOUR, writers=all_writers(Caps(day=int(cap))))
    wait()
    while worker.advance(bench):
        pass
    say("over")
    ledger.close()


def add(url, locks):
    ledger = opened(url, locks)
    wait()
    imported = collecting.add_sources(ledger, [a_source(url=f"https://i.example/{n}") for n in range(20)])
    say([imported.source_ids, imported.added])
    ledger.close()


def call(url, locks, seconds, window, refusals):
    """Call a vendor that always refuses; every call is a line of `refusals`."""
    rate_limit.WINDOW = timedelta(seconds=float(window))
    rate_limit._FIRST_PAUSE = rate_limit._LONGEST_PAUSE = timedelta(milliseconds=1)
    ledger = opened(url, locks)
    gate = Breaker(ledger, "vendor")
    wait()
    end = time.monotonic() + float(seconds)

    def calls():
        while time.monotonic() < end:
            try:
                ticket = gate.enter(HOUR)
            except Throttled as error:
                time.sleep(min(error.retry_after.total_seconds(), 0.05))
                continue
            with Path(refusals).open("a") as file:
                file.write(f"{time.time()}\n")
            gate.leave(ticket, refused=True)

    crew = [threading.Thread(target=calls) for _ in range(3)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    say("over")
    ledger.close()


def serve():
    """One order a line, in a process that is kept."""
    for line in sys.stdin:
        verb, *args = json.loads(line)
        VERBS[verb](*args)


VERBS = {
    verb.__name__: verb
    for verb in (open_it, open_as_nobody, hold, fork, fork_and_work, work, paused, start, spend, add, call, serve)
}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
