"""The worker: take the oldest due item, run its step, record what the step yields.

Every face, schedule, webhook and recovery ends in this one `advance`. Errors decide by their type (`errors.py`); after
an `Intent` an answer that is lost makes the item `unsure`, and nothing is sent twice.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from workbench.db.clock import now
from workbench.db.journal import Entry, Journal
from workbench.db.ledger import Ledger
from workbench.engine.behind import mind_journal
from workbench.engine.flow import Flow, Intent, Move, Progress, Revoked, Stay, Step, Yielded
from workbench.engine.item import Attention, Lease
from workbench.engine.leases import LeasedItems, Leases
from workbench.engine.locks import Locks
from workbench.engine.transitions import IllegalMove, Recorder, Writers, check_legal
from workbench.errors import (
    AccountStops,
    AccountWaits,
    BadInput,
    Fault,
    Fenced,
    Misconfigured,
    NeedsPerson,
    Permanent,
    Throttled,
    Transient,
    UiChanged,
    Unanswered,
    WorkbenchError,
    shortage_of,
)

log = logging.getLogger(__name__)

_LONGEST_NAP: Final = 0.5  # seconds: how late an idle worker may notice new work
_STORY_LINES: Final = 12
# What an error of a page's step is called where the page itself said nothing.
_KINDS: Final[tuple[tuple[type[WorkbenchError] | tuple[type[WorkbenchError], ...], str], ...]] = (
    (UiChanged, "ui_changed"),
    (AccountWaits, "rate_limit"),
    (Unanswered, "uncertain_submit"),
    (Transient, "network_error"),
    ((BadInput, Permanent), "validation_error"),
)
_NO_ANSWER: Final = "the step ended without saying how its act went"


@dataclass(frozen=True)
class EquippedFlow:
    """A flow with the tools of its steps."""

    flow: Flow
    tools: Any


@dataclass
class Worked:
    """What a stretch of work came to."""

    steps: int = 0
    idle: bool = False  # everything rests
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self) -> None:
        with self._lock:
            self.steps += 1


class _Overslept(Exception):
    """The lease does not outlast the act that was about to begin."""


InThread = Callable[[], contextlib.AbstractContextManager[Callable[[], None]]]


@contextlib.contextmanager
def _nothing_kept() -> Iterator[Callable[[], None]]:
    yield lambda: None


class Worker:
    def __init__(
        self,
        ledger: Ledger,
        flows: Sequence[EquippedFlow],
        *,
        lease_time: timedelta,
        writers: Writers = MappingProxyType({}),
        redact: Callable[[str], str] = str,
        in_thread: InThread = _nothing_kept,
        journal: Journal | None = None,
    ) -> None:
        """`in_thread` is entered by every thread that works; what it yields is called while the thread rests.

        `writers`: how the features' parts of intents and moves are written.
        `journal`: where every act is written down a second time, before it is done.
        """
        self._ledger = ledger
        self._journal = journal
        self._flows = flows
        self.leases = Leases(ledger, lease_time=lease_time)
        self.locks = Locks(ledger, lease_time=lease_time)
        self._recorder = Recorder(ledger, self.leases, writers)
        self._redact = redact
        self._in_thread = in_thread
        self._held: set[Lease] = set()
        self._held_lock = threading.Lock()

    # one step -----------------------------------------------------------------------------------

    def advance(self, equipped: EquippedFlow) -> bool:
        """Run one step of one item (or group); False when nothing is due. Raises Misconfigured, else nothing."""
        leased = self.leases.take(equipped.flow)
        if leased is None:
            return False
        try:
            with self._holding(leased.leases):
                _StepRun(self, equipped, leased).run()
        finally:
            self.leases.leave_page(leased.leases)
        return True

    @contextlib.contextmanager
    def _holding(self, leases: Iterable[Lease]) -> Iterator[None]:
        with self._held_lock:
            self._held.update(leases)
        try:
            yield
        finally:
            with self._held_lock:
                self._held.difference_update(leases)

    # the loop -----------------------------------------------------------------------------------

    def work(
        self,
        *,
        threads: int = 4,
        until_idle: bool = False,
        until: Callable[[], bool] = lambda: False,
        limit: timedelta | None = None,
        meanwhile: Callable[[], None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> Worked:
        """Work until `stop`, `until()`, the time `limit`, or (with `until_idle`) until every item rests.

        `meanwhile` is called five times a second in the calling thread: progress, projections. The first error that
        is the owner's to mend (Misconfigured) ends the work and is raised.
        """
        stop = stop or threading.Event()
        done, over, worked, errors = threading.Event(), threading.Event(), Worked(), list[BaseException]()
        lookout = threading.Lock()
        announced = self.locks.announce("worker")
        crew = [
            threading.Thread(target=self._crew, args=(done, lookout, worked, errors), name=f"worker-{n}", daemon=True)
            for n in range(threads)
        ]
        heart = threading.Thread(target=self._heartbeat, args=(over,), name="heartbeat", daemon=True)
        deadline = None if limit is None else time.monotonic() + limit.total_seconds()
        try:
            for thread in (heart, *crew):
                thread.start()
            while not stop.wait(0.2) and not errors:
                meanwhile()
                if until() or (deadline is not None and time.monotonic() > deadline):
                    break
                if until_idle and self._all_rest():
                    worked.idle = True
                    break
        finally:
            done.set()
            for thread in crew:
                if thread.ident is not None:
                    thread.join()
            over.set()  # the heart beats until the last step is over
            if heart.ident is not None:
                heart.join()
            self.locks.withdraw(announced)
        if errors:
            raise errors[0]
        worked.idle = worked.idle or self._all_rest()
        return worked

    def is_idle(self) -> bool:
        """Nothing is due this moment, and nobody is at work on anything."""
        due = (self.leases.next_due(equipped.flow) for equipped in self._flows)
        return all(one is None or one > 0 for one in due)

    def _all_rest(self) -> bool:
        return all(self.leases.next_due(equipped.flow) is None for equipped in self._flows)

    def _crew(
        self, done: threading.Event, lookout: threading.Lock, worked: Worked, errors: list[BaseException]
    ) -> None:
        try:
            with self._in_thread() as rest:
                self._take_turns(done, lookout, worked, rest)
        except BaseException as error:  # noqa: BLE001 - a thread's boundary: raised by work(), never lost
            errors.append(error)

    def _take_turns(
        self, done: threading.Event, lookout: threading.Lock, worked: Worked, rest: Callable[[], None]
    ) -> None:
        nap = 0.02
        while not done.is_set():
            # One asks what is due, the others rest here: nobody asks four times for nothing.
            if not lookout.acquire(timeout=_LONGEST_NAP):
                rest()
                continue
            try:
                flows = self._look_out(done, rest)
            finally:
                lookout.release()
            if any(self.advance(equipped) for equipped in flows):
                worked.count()
                nap = 0.02
                continue
            done.wait(nap)
            nap = min(nap * 2, _LONGEST_NAP)
            rest()

    def _look_out(self, done: threading.Event, rest: Callable[[], None]) -> list[EquippedFlow]:
        """The flows with work, as soon as there are any; none when the work is `done`."""
        nap = 0.02
        while not (done.is_set() or (flows := self._oldest_first())):
            done.wait(nap)
            nap = min(nap * 2, _LONGEST_NAP)
            rest()
        return [] if done.is_set() else flows

    def _oldest_first(self) -> list[EquippedFlow]:
        """The flows with work, fair between kinds: the one whose oldest item waits longest comes first."""
        if len(self._flows) == 1:
            return list(self._flows)
        waiting = [(self.leases.oldest_free(equipped.flow), n, equipped) for n, equipped in enumerate(self._flows)]
        return [
            equipped
            for _, _, equipped in sorted((since, n, equipped) for since, n, equipped in waiting if since is not None)
        ]

    def _heartbeat(self, over: threading.Event) -> None:
        every = self.leases.lease_time.total_seconds() / 4
        while not over.wait(every):
            with self._held_lock:
                held = tuple(self._held)
            try:
                self.leases.renew(held)
            except Exception as error:  # noqa: BLE001 - a thread's boundary: the next beat may come through
                log.warning("the heartbeat could not be written: %s", error)

    @property
    def recorder(self) -> Recorder:
        return self._recorder

    def redact(self, text: str) -> str:
        return self._redact(text)

    # the second witness -------------------------------------------------------------------------

    def journal_acts(self, entries: Sequence[Entry]) -> None:
        """Write acts into the journal. Raises Transient when it tells that the ledger is older than the world.

        Then, and when the disk does not take it (OSError), the act must not be done.
        """
        if self._journal is None:
            return
        if mind_journal(self._ledger, self._journal):
            raise Transient("the journal has acts that this ledger does not know; what is there is looked for first")
        self._journal.append(entries)

    def journal_revoked(self, entries: Sequence[Entry]) -> None:
        """Write down that they did not happen. Without it a ledger that is put back asks about them once more."""
        try:
            if self._journal is not None:
                self._journal.append(entries)
        except OSError as error:
            log.warning("%s could not be written: %s", self._journal and self._journal.path, error)


def _each(result: Iterable[Yielded] | Yielded | None) -> Iterable[Yielded]:
    if result is None:
        return ()
    return (result,) if isinstance(result, Intent | Revoked | Progress | Stay | Move) else result


class _StepRun:
    """One run of one step: what it yields is recorded, what it raises decides."""

    def __init__(self, worker: Worker, equipped: EquippedFlow, leased: LeasedItems) -> None:
        self._worker = worker
        self._record = worker.recorder
        self._flow = equipped.flow
        self._tools = equipped.tools
        self._step: Step = equipped.flow.steps[leased.state]
        self._items = leased.items
        self._open = {lease.item_id: lease for lease in leased.leases}
        self._armed = False
        self._intent: Intent | None = None

    def run(self) -> None:
        self._unless_fenced(self._quarantine_exhausted)
        if not self._open:
            return
        try:
            self._go()
        except _Overslept:
            self._unless_fenced(self._nothing_was_sent)
        except Fenced as error:
            log.warning("%s", error.message)
        except Misconfigured:
            self._stand_down()
            raise
        except WorkbenchError as error:
            self._unless_fenced(partial(self._failed, error))
        except OSError as error:  # a full disk, a folder that may not be written: passes when somebody mends it
            told = f"{error.strerror or error}: {error.filename or 'no file named'}"
            # Never in quarantine for it: it is no fault of the item, and may last longer than its attempts.
            mended = Throttled(told, retry_after=self._step.retry.after_mishap())
            self._unless_fenced(partial(self._failed, mended))
        except Exception as error:  # noqa: BLE001 - a surprise is kept with its story, it never stops the others
            short = shortage_of(error)  # of threads, of memory: it passes, and is no fault of the item
            if short is None:
                self._unless_fenced(partial(self._surprised, error))
                return
            self._unless_fenced(partial(self._failed, Throttled(short, retry_after=self._step.retry.after_mishap())))
        except BaseException:
            # Ctrl-C or the end of the process: what was not sent is free for others at once.
            self._stand_down()
            raise

    def _quarantine_exhausted(self) -> None:
        for item in self._items:
            if item.attempts > self._step.retry.attempts:
                reason = f"after {self._step.retry.attempts} attempts: {item.reason or 'no reason was recorded'}"
                self._quarantine(self._open[item.id], reason)
        self._items = tuple(item for item in self._items if item.id in self._open)

    def _go(self) -> None:
        args = (self._items if self._step.is_group else self._items[0], self._tools)
        result = self._step.run(*args)
        iterator = iter(_each(result))
        try:
            for one in iterator:
                self._write(one)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
        if self._armed and self._open:
            raise Unanswered(_NO_ANSWER)
        for lease in list(self._open.values()):
            self._end(lease, lambda lease: self._stay(lease, Stay()))

    def _write(self, one: Yielded) -> None:
        leases = tuple(self._open.values())
        if not leases:
            raise IllegalMove(f"a step went on after its last item was written: {type(one).__name__}")
        if isinstance(one, Intent):
            self._commit_intent(leases, one)
        elif isinstance(one, Revoked):
            self._revoke(leases, self._worker.redact(one.reason))
        elif isinstance(one, Progress):
            self._record.progress(leases, one)
        elif isinstance(one, Stay):
            if self._armed:
                raise Unanswered(_NO_ANSWER)
            for lease in leases:
                self._end(lease, lambda lease: self._stay(lease, one))
        else:
            self._move(leases, one)

    def _commit_intent(self, leases: Sequence[Lease], order: Intent) -> None:
        # Refused before anything happens: an act whose answer could be lost needs a place to go then.
        check_legal(self._flow.kind, self._items[0].state, self._flow.unsure)
        entries = self._record.armed(leases, order)
        self._armed, self._intent = True, order
        try:
            self._worker.journal_acts(entries)
        except (OSError, WorkbenchError) as error:
            self._revoke(leases, f"not done: it could not be written down a second time ({error})")
            raise
        # The act must not begin unless the lease outlasts it: a process that was suspended right here would
        # otherwise act beside the owner that took over. Half a lease: the heartbeat renews every quarter.
        whole = self._worker.leases.lease_time.total_seconds()
        if min(self._worker.leases.remaining(lease) for lease in leases) < whole / 2:
            raise _Overslept

    def _revoke(self, leases: Sequence[Lease], reason: str) -> None:
        writes = () if self._intent is None else self._intent.undone
        self._worker.journal_revoked(self._record.disarmed(leases, Revoked(reason), writes))
        self._armed, self._intent = False, None

    def _move(self, leases: Sequence[Lease], move: Move) -> None:
        if move.item_id is None and len(self._items) > 1:
            raise IllegalMove(f"a step of a group moved to {move.to} without saying which item")
        lease = leases[0] if move.item_id is None else self._open[move.item_id]
        told = replace(move, reason=None if move.reason is None else self._worker.redact(move.reason))
        refused = self._record.undone(lease) if self._armed and move.to == self._flow.failed else []
        self._end(lease, lambda lease: self._record.move(lease, told, due=move.to in self._flow.steps))
        if refused:
            self._worker.journal_revoked(refused)

    def _stay(self, lease: Lease, stay: Stay) -> None:
        due = next(item.next_at for item in self._items if item.id == lease.item_id)
        self._record.stay(lease, stay, self._step, due=due)

    def _end(self, lease: Lease, write: Callable[[Lease], None]) -> None:
        write(lease)
        del self._open[lease.item_id]

    # when a step raises -------------------------------------------------------------------------

    def _failed(self, error: WorkbenchError) -> None:
        reason = self._worker.redact(error.message)
        fault = self._fault(error)
        leases = tuple(self._open.values())
        if self._armed:
            self._give_up_act(
                reason, fault, now() + self._cool_down(error) if isinstance(error, AccountWaits) else None
            )
        elif fault is not None and isinstance(error, AccountStops | UiChanged) and self._step.on_page:
            self._end_all(lambda: self._record.stop_account(leases, fault, reason))
        elif isinstance(error, AccountWaits) and self._step.on_page:
            until = now() + self._cool_down(error)
            # Pace is no trouble of a page.
            self._end_all(lambda: self._record.hold_account(leases, until, reason, fault if error.fault else None))
        else:
            for lease in leases:
                self._end(lease, lambda lease: self._failed_one(lease, error, reason, fault))

    def _cool_down(self, error: AccountWaits) -> timedelta:
        return self._step.retry.cool_down if error.retry_after is None else error.retry_after

    def _end_all(self, write: Callable[[], None]) -> None:
        write()
        self._open.clear()

    def _fault(self, error: WorkbenchError | None) -> Fault | None:
        """What the page kept of it; in flows of pages, something is always kept."""
        found = error.fault if error else None
        if found is None and self._step.on_page:
            kind = next((word for kinds, word in _KINDS if isinstance(error, kinds)), "unknown")
            found = Fault(kind=kind)
        if found is None:
            return None
        if error is not None and not found.story:
            found = replace(found, story="".join(traceback.format_exception(error)[-_STORY_LINES:]))
        return replace(found, story=self._worker.redact(found.story), certain=found.certain and not self._armed)

    def _failed_one(self, lease: Lease, error: WorkbenchError, reason: str, fault: Fault | None) -> None:
        item = next(item for item in self._items if item.id == lease.item_id)
        if isinstance(error, Transient | Unanswered):
            policy = self._step.retry
            # A throttle is no fault of the item: the attempt that was counted when it was leased is taken back.
            uncount = isinstance(error, Throttled) and policy.counts
            self._record.retry(lease, policy.after(error, item.attempts), reason, uncount=uncount, fault=fault)
        elif isinstance(error, NeedsPerson | UiChanged):
            self._record.rest(lease, Attention.PERSON, reason, fault=fault)
        elif isinstance(error, Permanent | BadInput):
            values = {"error_code": error.code} if error.code else {}
            move = Move(
                to=self._flow.failed, reason=reason, values=values, writes=self._flow.writes_on_failure, fault=fault
            )
            self._record.move(lease, move, due=self._flow.failed in self._flow.steps)
        else:
            move = Move(to=self._flow.quarantined, reason=reason, attention=Attention.REVIEW, fault=fault)
            self._record.move(lease, move, due=move.to in self._flow.steps)

    def _surprised(self, error: Exception) -> None:
        lines = traceback.format_exception(error)[-_STORY_LINES:]
        story = self._worker.redact("".join(lines))
        log.error("a step of %s surprised us:\n%s", self._flow.kind, story)
        fault = Fault(kind="unknown", story=story, certain=not self._armed) if self._step.on_page else None
        if self._armed:
            self._give_up_act(story, fault)
            return
        for lease in tuple(self._open.values()):
            self._quarantine(lease, story, fault)

    def _give_up_act(self, reason: str, fault: Fault | None = None, until: datetime | None = None) -> None:
        leases = tuple(self._open.values())
        self._end_all(lambda: self._record.give_up_act(leases, self._flow, reason, fault=fault, until=until))

    def _quarantine(self, lease: Lease, reason: str, fault: Fault | None = None) -> None:
        move = Move(to=self._flow.quarantined, reason=reason, attention=Attention.REVIEW, fault=fault)
        self._end(lease, lambda lease: self._record.move(lease, move, due=move.to in self._flow.steps))

    def _nothing_was_sent(self) -> None:
        leases = tuple(self._open.values())
        self._revoke(leases, "the lease was too short to act; nothing was sent")
        self._worker.leases.release(leases, uncount=self._step.retry.counts)

    def _stand_down(self) -> None:
        """We stop here: what was sent without an answer is unsure, the rest is free for others at once."""
        try:
            if self._armed:
                self._unless_fenced(
                    lambda: self._give_up_act("the worker was stopped between the order and its answer")
                )
            else:
                self._worker.leases.release(tuple(self._open.values()), uncount=self._step.retry.counts)
        except Exception as error:  # noqa: BLE001 - the stop itself matters more; the next owner finds it so
            log.warning("an item could not be let go: %s", error)

    @staticmethod
    def _unless_fenced(write: Callable[[], None]) -> None:
        try:
            write()
        except Fenced as error:
            log.warning("%s", error.message)
