"""What exists at Bright Data against what we have: brought in, compared, decided by hand."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from workbench.accounts import store as accounts
from workbench.brightdata.datasets import Dataset, named
from workbench.budget.model import Money
from workbench.collect import board, folders, queries, scan, vendor_lists
from workbench.collect import recovery_store as recovering
from workbench.collect import store as collecting
from workbench.collect.adopt import (
    CLOCKS,
    REFUSED,
    adoption,
    ask,
    chosen,
    same_as,
    since_then,
    unreadable,
)
from workbench.collect.board import Act, Line
from workbench.collect.model import Snapshot, is_imported, is_waiting, may_be_sent, same_inputs
from workbench.collect.model import SnapshotState as State
from workbench.collect.reconcile import cancel_extra
from workbench.collect.recovery_store import Entered
from workbench.collect.scan import Found, Stranger, VendorStanding
from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.engine import behind
from workbench.errors import BadInput, Permanent, Transient
from workbench.feature import Effect, Feature
from workbench.files import canonical
from workbench.person import gone_address, keys_of

_LOST: Final = (State.EXPIRED, State.FAILED, State.CANCELED)  # nothing came, and nothing will
_MOST_PATIENCE: Final = timedelta(minutes=1)  # with a vendor who asks to wait, while a person does
_BECAME: Final = "; "  # goes before what became of a double
_RESTING: Final = (State.STALLED, State.QUARANTINED)
_MAY_BE_SENT: Final = (State.UNSURE, State.QUARANTINED, State.FAILED)
_READ: Final = (State.PUBLISHED, State.EMPTY)
_NAMED: Final = 3
_GRAVE: Final = frozenset({Act.ABSENT, Act.ABANDON, Act.DROP, Act.PUBLISH})  # nobody can take it back
_ASKED: Final = {
    Act.ADOPT: "bring in {}",
    Act.PROCESS: "look after {} now",
    Act.REPROCESS: "make the tables of {} anew",
    Act.REQUEUE: "take up {} once more",
    Act.ABSENT: "say that {} never began at Bright Data, and send it once more",
    Act.ABANDON: "forget {}; nothing of it will come",
    Act.PUBLISH: "publish what came of {} as it is",
    Act.DROP: "leave out what came of {}",
    Act.FIND: "say which snapshot of Bright Data {} is",
}
_DONE: Final = {
    Act.ADOPT: "brought in",
    Act.PROCESS: "looked after now",
    Act.REPROCESS: "made anew from their raw bytes",
    Act.REQUEUE: "taken up once more",
    Act.ABSENT: "to be sent once more",
    Act.ABANDON: "forgotten",
    Act.PUBLISH: "published as they are",
    Act.DROP: "left out",
    Act.FIND: "found at Bright Data",
}
# How the reasons begin that the verbs below write down.
_BY_REASON: Final = (
    ("requeued", "taken up once more"),
    ("fetched once more", "fetched once more"),
    ("reprocessed", "made anew"),
    ("dropped", "left out"),
)
_BY_WHAT: Final = {"adopted": "brought in", "woken": "let go on", "told": "noted"}


@dataclass(frozen=True, kw_only=True)
class AskedAct:
    """What a person is asked to agree to."""

    words: str
    names: tuple[str, ...]  # of the snapshots that are meant
    micro_usd: int  # that it may cost at most
    is_grave: bool  # it costs, or cannot be taken back


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of an act."""

    act: Act
    words: str
    done: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()  # name and why


class Recovery(Feature):
    """What a person does about snapshots that are lost, stuck or in doubt."""

    def scan(
        self,
        datasets: Sequence[str] = (),
        *,
        since: date | None = None,
        on_dataset: Callable[[str, int], None] = lambda *_: None,
    ) -> list[Found]:
        """Every snapshot that Bright Data lists for the datasets (default: all), beside ours; urgent first."""
        return sorted(
            scan.scan(
                self._parts.brightdata,
                self._chosen(datasets),
                lambda ids: queries.states_of(self.ledger, ids),
                short_of=lambda listed: queries.short_of(self.ledger, listed),
                lost_since=recovering.lost_since(self.ledger),
                now=now(),
                retention=timedelta(days=self.settings.retention_days),
                since=since,
                on_dataset=on_dataset,
            ),
            key=lambda one: one.order,
        )

    def adopt(
        self,
        snapshots: Sequence[str] = (),
        *,
        everything: bool = False,
        datasets: Sequence[str] = (),
        since: date | None = None,
        work: bool = True,
        watch: Callable[[], None] = lambda: None,
    ) -> dict[str, Any]:
        """Bring strangers in by the ordinary steps: {adopted, already_known, expired, failed, unmatched_rows, ...}.

        Each is entered in a transaction of its own: killed on the way, or run from two places, the rest goes on. What
        may be a lost trigger's is left to the look for it, what a network has doubled is cancelled and told. What is
        ours and brought fewer rows than Bright Data counts is fetched once more.
        """
        if not snapshots and not everything:
            raise BadInput("say which snapshots to adopt, or all of them with --all.")
        found = {one.snapshot_id: one for one in self.scan(datasets, since=since)}
        if unknown := [one for one in snapshots if one not in found]:
            raise BadInput(f"Bright Data lists no snapshot {unknown[0]} in the datasets that were looked at.")
        wanted = [one for one in found.values() if (everything or one.snapshot_id in snapshots)]
        # What is soonest gone comes first.
        wanted.sort(key=lambda one: (one.days_left is None, one.days_left or 0))
        strangers = [one for one in wanted if one.state is None]
        short = [one.snapshot_id for one in wanted if one.standing is VendorStanding.SHORT]
        if short:
            self.requeue(short)
        done, unasked = dict[str, Entered](), dict[Found, Transient]()
        for pause in (timedelta(), *scan.PAUSES):
            self._wait_as_asked(pause, unasked.values())
            more, unasked = self._enter_each(list(unasked) or strangers, found)
            done |= more
            if Entered.CLAIMED in more.values():
                self.reconcile()
            if work:
                self._parts.working.work(watch=watch)
            if not unasked:
                break
        self._cancel_doubles(list(found))
        if unasked:
            one, error = next(iter(unasked.items()))
            raise Transient(
                f"{len(unasked)} of {len(strangers)} snapshots were not brought in, {one.snapshot_id} first: "
                f"{error.message} The others are; run it again for the rest."
            ) from error
        return self._told(wanted, done) | {"fetched_again": short}

    @staticmethod
    def _wait_as_asked(pause: timedelta, errors: Iterable[Transient]) -> None:
        asked = max((error.retry_after or timedelta() for error in errors), default=timedelta())
        time.sleep(max(pause, min(asked, _MOST_PATIENCE)).total_seconds())

    def _enter_each(
        self, strangers: Sequence[Found], found: Mapping[str, Found]
    ) -> tuple[dict[str, Entered], dict[Found, Transient]]:
        """What became of each, and those that the vendor could not be asked about just now."""
        done, unasked = dict[str, Entered](), dict[Found, Transient]()
        for one in strangers:
            try:
                done[one.snapshot_id] = self._enter(one, found)
            except Transient as error:
                unasked[one] = error
        return done, unasked

    def _enter(self, one: Found, found: Mapping[str, Found]) -> Entered:
        dataset = next(each for each in self._chosen(()) if each.dataset_id == one.dataset_id)
        new = scan.stranger(self._parts.brightdata, one, dataset.kind, queries.list_sources(self.ledger))
        row = self._row(new, one, dataset)
        if self._is_of_forgotten(dataset.platform, new.inputs):
            new = replace(new, inputs=(), source_ids=())
            said = "it asks for somebody who was forgotten, so it is not brought in"
            row |= {"inputs": [], "state": State.CANCELED, "reason": said, "error_code": "forgotten"}
        elif double := self._double_of(one, new, found):
            said = f"DUPLICATE SPEND: the same as {double}, asked once"
            row |= {"state": State.CANCELED, "reason": said, "error_code": "duplicate"}
        job_id, run_id = self._recovered_job(one, dataset)
        row |= {"run_id": run_id, "job_id": job_id}
        return recovering.adopt(self.ledger, row, new.source_ids, lambda lost: scan.may_be(new, lost))

    def _is_of_forgotten(self, platform: str, inputs: Sequence[Mapping[str, Any]]) -> bool:
        gone = collecting.forgotten(self.ledger)
        texts = (text for one in inputs for text in one.values() if isinstance(text, str)) if gone else ()
        keys = (key for text in texts for key in keys_of(platform, text))
        return any(gone_address(self.ledger.ledger_id, platform, key) in gone for key in keys)

    def _double_of(self, one: Found, new: Stranger, found: Mapping[str, Found]) -> str | None:
        """The snapshot of ours whose one request reached the vendor twice: a proxy on the way may send it again."""
        longest = self.settings.trigger_seconds
        near = [
            other.snapshot_id
            for other in found.values()
            if other.state is not None and other.dataset_id == one.dataset_id and one.created_at and other.created_at
            and abs(other.created_at - one.created_at) <= longest
        ]  # fmt: skip
        ours = recovering.own_inputs(self.ledger, near) if new.inputs and near else {}
        return next((name for name, inputs in ours.items() if same_inputs(inputs, new.inputs)), None)

    def _cancel_doubles(self, wanted: Sequence[str]) -> None:
        """At the vendor, once they are entered as such: one that a trigger on its way may own never is."""
        for name, said in recovering.doubles_among(self.ledger, wanted).items():
            if _BECAME in said:
                continue
            done = cancel_extra(self._parts.brightdata, name)
            recovering.say(self.ledger, name, f"{said}{_BECAME}{done}")

    def _recovered_job(self, one: Found, dataset: Dataset) -> tuple[str, str]:
        """Ids of the job, and of the run, that gather what is adopted today."""
        day = self._parts.today()
        run_id = _recovered_id(day)
        run_folder = folders.run_folder("Recovered", day).replace("{id6}", run_id[:6])
        name = f"Recovered - {one.platform} - {one.service}"
        job_id = f"{run_id}-{dataset.dataset_id}"
        recovering.ensure_job(
            self.ledger,
            {
                "id": run_id, "name": "Recovered", "project": None, "params": {}, "plan_hash": "",
                "folder": run_folder,
            },
            {
                "id": job_id, "run_id": run_id, "name": name, "platform": one.platform, "service": one.service,
                "kind": dataset.kind, "dataset_id": dataset.dataset_id,
                "folder": f"{run_folder}/{folders.job_folder(one.platform, one.service, day, name)}",
            },
        )  # fmt: skip
        return job_id, run_id

    def _row(self, new: Stranger, one: Found, dataset: Dataset) -> dict[str, Any]:
        at = new.created_at or now()
        return {
            "dataset_id": dataset.dataset_id,
            "state": new.state,
            "provider_id": new.provider_id,
            "vendor_status": new.vendor_status[:60],
            "inputs": list(new.inputs),
            "input_hash": hashlib.sha256(canonical(list(new.inputs)).encode()).hexdigest(),
            "query": {},
            "estimate_records": one.rows or 0,
            "price_micro_usd": dataset.price_micro_usd,
            "created_at": at,
            "triggered_at": now(),  # as far as its deadline goes: an old one may have to be built again at the vendor
            "ready_at": at if new.state is State.READY else None,
            "expires_at": at + timedelta(days=self.settings.retention_days),
            "reason": new.reason and storable(self._parts.redactor(new.reason)),
            "error_code": new.error_code and storable(new.error_code),
        }

    def _told(self, found: Sequence[Found], done: Mapping[str, Entered]) -> dict[str, Any]:
        wanted = [one.snapshot_id for one in found]
        states = queries.states_of(self.ledger, wanted)
        entered = [one for one in wanted if done.get(one) is Entered.ENTERED]
        leased = [one for one in wanted if done.get(one) is Entered.CLAIMED]
        held = {one["provider_id"] for one in queries.waiting_for_person(self.ledger)}
        waiting = [one for one in wanted if one not in states or states[one] in _RESTING or one in held]
        doubles = recovering.doubles_among(self.ledger, wanted)
        ids = {state: [one for one in wanted if states.get(one) == state] for state in (State.EXPIRED, State.FAILED)}
        rows = queries.unmatched_rows(self.ledger, wanted)
        return {
            "adopted": len([one for one in entered if states.get(one) not in _LOST]),
            "already_known": len(wanted) - len(entered) - len(leased),
            "expired": len(ids[State.EXPIRED]),
            "failed": len(ids[State.FAILED]),
            "unmatched_rows": sum(rows.values()),
            "snapshots": [{"snapshot_id": one, "state": states.get(one)} for one in wanted],
            "waiting": [{"snapshot_id": one, "state": states.get(one)} for one in waiting],
            "newly_lost": [
                one.snapshot_id for one in found if one.state not in _LOST and states.get(one.snapshot_id) in _LOST
            ],
            "duplicates": [{"snapshot_id": one, "said": said} for one, said in doubles.items()],
            "unmatched": [{"snapshot_id": one, "rows": count} for one, count in rows.items() if count],
        }

    # the board ------------------------------------------------------------------------------------

    def board(self, found: Sequence[Found], *, looked_at: datetime, datasets: Sequence[str] = ()) -> list[Line]:
        """What Bright Data listed at `looked_at` and what the ledger has now, as one; what needs somebody first."""
        ids = [one.dataset_id for one in self._chosen(datasets)] if datasets else None
        listed = {one.snapshot_id: one.rows for one in found if one.rows is not None and not _is_gone(one)}
        retention = timedelta(days=self.settings.retention_days)
        return board.lines_of(
            found,
            queries.on_board(self.ledger, ids),
            queries.short_of(self.ledger, listed),
            at=now(),
            looked_at=looked_at,
            soon=retention * scan.EXPIRING,
        )

    def asking(self, act: Act, lines: Sequence[Line]) -> AskedAct:
        """What an act on these would do, for a person to agree to; those that it does not fit are left out."""
        meant = [one for one in lines if act in one.acts]
        cost = sum(one.may_cost for one in meant) if act in (Act.REQUEUE, Act.ABSENT) else 0
        names = ", ".join(one.name for one in meant[:_NAMED])
        more = f" and {len(meant) - _NAMED} more" if len(meant) > _NAMED else ""
        number = f"{len(meant)} snapshot{'' if len(meant) == 1 else 's'} ({names}{more})"
        return AskedAct(
            words=_ASKED[act].format(number),
            names=tuple(one.name for one in meant),
            micro_usd=cost,
            is_grave=cost > 0 or act in _GRAVE,
        )

    def do(
        self,
        act: Act,
        lines: Sequence[Line],
        *,
        datasets: Sequence[str] = (),
        since: date | None = None,
        found_as: str = "",
        reason: str = "",
    ) -> Done:
        """Do one thing about each of these that it fits; one that refuses keeps no other from it.

        `found_as`: the id at Bright Data of the one snapshot that was found there. Somebody must `work` afterwards.
        """
        meant = [one for one in lines if act in one.acts]
        if not meant:
            raise BadInput(f"none of the chosen snapshots can be {_DONE[act]}: they went on since; look at the table.")
        if act is Act.ADOPT:
            told = self.adopt([one.name for one in meant], datasets=datasets, since=since, work=False)
            return Done(act=act, done=tuple(one.name for one in meant), words=_adopted(told))
        if act is Act.PROCESS:
            number = recovering.make_due(self.ledger, [one.key for one in meant if one.key is not None])
            return Done(act=act, done=tuple(one.name for one in meant), words=f"{number} {_DONE[act]}")
        if act is Act.FIND and len(meant) > 1:
            raise BadInput("an id is of one snapshot; choose the one that it is of.")
        done, refused = list[str](), list[tuple[str, str]]()
        for one in meant:
            try:
                self._do(act, str(one.key), found_as.strip(), reason)
            except (BadInput, Transient, Permanent) as error:
                refused.append((one.name, error.message))
            else:
                done.append(one.name)
        return Done(act=act, done=tuple(done), refused=tuple(refused), words=f"{len(done)} {_DONE[act]}")

    def _do(self, act: Act, key: str, found_as: str, reason: str) -> None:
        if act is Act.REQUEUE:
            self.requeue([key])
        elif act is Act.REPROCESS:
            left = list[str]()
            self.reprocess([key], on_left=left.append)
            if left:
                raise BadInput(left[0])
        elif act is Act.FIND:
            if not found_as:
                raise BadInput("give the id that it has at Bright Data.")
            self.resolve(key, adopt=found_as, reason=reason)
        else:
            self.resolve(
                key,
                absent=act is Act.ABSENT,
                abandon=act is Act.ABANDON,
                publish=act is Act.PUBLISH,
                drop=act is Act.DROP,
                reason=reason,
            )

    def mark(self) -> int:
        """The last recorded event: changes whenever the board may."""
        return self.ledger.head()[0]

    def acts_by_people(
        self, *, after: int = 0, limit: int | None = 50, offset: int = 0
    ) -> tuple[list[dict[str, Any]], int]:
        """What people and schedules did about snapshots since event `after`, newest first, and how many acts."""
        rows, total = recovering.acts(self.ledger, after=after, limit=limit, offset=offset)
        return [
            {
                "seq": row["seq"],
                "at": row["at"],
                "what": _act_words(row),
                "name": row["provider_id"] or f"#{row['item_id']}",
                "who": _who(row["actor"]),
                "why": row["facts"].get("reason") or "",
                "state": row["state"],
                "rows": row["row_count"],
            }
            for row in rows
        ], total

    def states_of(self, snapshots: Sequence[str]) -> dict[str, str]:
        """Our states of those of `snapshots` that are known here."""
        return queries.states_of(self.ledger, snapshots)

    def keys_of(self, snapshots: Sequence[str]) -> list[int]:
        """The ledger's own numbers of snapshots that people name."""
        return [row["id"] for row in recovering.find_snapshots(self.ledger, names=snapshots)]

    def recovered_run(self) -> str | None:
        """The run that gathers what was adopted today; None before the first."""
        run_id = _recovered_id(self._parts.today())
        return run_id if queries.runs(self.ledger, run_id) else None

    def reconcile(self, snapshots: Sequence[str] = ()) -> int:
        """Look now for triggers whose answer was lost, instead of at their time; how many are looked for."""
        chosen = recovering.find_snapshots(self.ledger, names=snapshots, states=[State.UNSURE]) if snapshots else None
        return recovering.look_now(self.ledger, None if chosen is None else [row["id"] for row in chosen])

    def resolve(
        self,
        snapshot: str,
        *,
        adopt: str | None = None,
        absent: bool = False,
        abandon: bool = False,
        publish: bool = False,
        drop: bool = False,
        reason: str = "",
    ) -> State:
        """Decide by hand what no step may.

        An unsure trigger is `adopt` at Bright Data, or was never started (`absent`), or is forgotten (`abandon`). A
        body that is not whole, not ours, or there twice is taken as it is (`publish`), or left (`drop`).
        """
        if sum((adopt is not None, absent, abandon, publish, drop)) != 1:
            raise BadInput(
                "say one of: adopt an id, absent (send it again), abandon (forget it); of a body that waits: publish "
                "(as it is), or drop."
            )
        if publish or drop:
            return self._resolve_body(snapshot, reason, publish=publish)
        row = recovering.find_snapshots(self.ledger, names=[snapshot], states=_MAY_BE_SENT)[0]
        if row["provider_id"] is not None or not row["acts"]:
            raise BadInput(f"snapshot {snapshot} lost no answer; what is stuck goes on with: workbench recover requeue")
        said = f"decided by {self.ledger.actor}" + (f": {reason}" if reason else "")
        if adopt is not None:
            found = self._parts.brightdata.progress(adopt)  # an id that Bright Data does not know is refused here
            if found.dataset_id not in (None, row["dataset_id"]):
                raise BadInput(
                    f"{adopt} is of dataset {found.dataset_id}, snapshot {snapshot} is not; nothing was done."
                )
            at = row["armed_at"] or now()
            values = {"provider_id": adopt, "triggered_at": at, "vendor_status": found.status[:60]}
            recovering.decide(self.ledger, row["id"], State.TRIGGERED, said, values=values)
            return State.TRIGGERED
        to = State.PLANNED if absent else State.FAILED
        recovering.decide(self.ledger, row["id"], to, said, release=True)
        return to

    def _resolve_body(self, snapshot: str, reason: str, *, publish: bool) -> State:
        row = recovering.find_snapshots(self.ledger, names=[snapshot], states=[State.DOWNLOADED])[0]
        if not is_waiting(row):
            raise BadInput(f"snapshot {snapshot} waits for nobody; a worker reads it: workbench work")
        said = f"decided by {self.ledger.actor}" + (f": {reason}" if reason else "")
        raw, before = row["raw"], (row["staged"] or {}).get("raw")
        if not publish and row["processed_at"] is not None and before:
            # It had been published, and was asked for once more: what was read then stays.
            raw, publish = before, True
        if publish:
            taken = {**raw, "accepted": raw["sha256"], "accepted_by": said}
            recovering.go_on(self.ledger, row["id"], said, raw=taken)
            return State.DOWNLOADED
        rows = raw["lines"] - (raw.get("counted") or {}).get("blank", 0)
        paid = Money(rows * row["price_micro_usd"], rows)
        recovering.decide(self.ledger, row["id"], State.FAILED, f"dropped, {said}: {row['reason']}", paid=paid)
        return State.FAILED

    def requeue(self, snapshots: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Send what is stuck back to work: all that wait over a cap or with a body in doubt, are stalled or
        quarantined, or those named.

        Each goes back to the last state that its facts prove, so nothing is triggered that may have been. One that
        was read, well or not, is fetched from Bright Data once more.
        """
        states = [
            State.PLANNED,
            State.DOWNLOADED,
            State.STALLED,
            State.QUARANTINED,
            *([State.EXPIRED, State.FAILED, *_READ] if snapshots else []),
        ]
        rows = recovering.find_snapshots(self.ledger, names=snapshots, states=states)
        chosen = rows if snapshots else [row for row in rows if _is_stuck(row) and not may_be_sent(row)]
        done = []
        for row in chosen:
            if may_be_sent(row):
                raise BadInput(
                    f"snapshot {row['id']} may have been sent, and would be paid twice. Look at Bright Data, then: "
                    f"workbench recover resolve {row['id']} --adopt ID, or --absent"
                )
            if row["state"] in (State.DOWNLOADED, *_READ):
                self._fetch_again(row)
                done.append(_requeued(row, State.READY))
                continue
            to = _back_to(row)
            if to is State.PLANNED and row["state"] == to:
                recovering.wake(self.ledger, row["id"])
                done.append(_requeued(row, to))
                continue
            extra: dict[str, Any] = {"triggered_at": now()} if to is State.TRIGGERED else {}  # a new deadline
            if to is State.DOWNLOADED:
                extra["raw"] = _begun_anew(row["raw"])
            recovering.decide(self.ledger, row["id"], to, f"requeued by {self.ledger.actor}", values=extra)
            done.append(_requeued(row, to))
        return done

    def _fetch_again(self, row: Mapping[str, Any]) -> None:
        if (row["raw"] or {}).get("forgotten"):
            raise BadInput(
                f"snapshot {row['provider_id']} had rows of somebody who was forgotten, and Bright Data would bring "
                "them back. Its tables are made anew from what is here by: workbench recover reprocess "
                f"{row['provider_id']}"
            )
        if row["provider_id"] is not None and is_imported(row["provider_id"]):
            raise BadInput(
                f"snapshot {row['provider_id']} was a file, so Bright Data has nothing of it. Bring the file in again: "
                f"workbench import FILE; or make its tables anew: workbench recover reprocess {row['provider_id']}"
            )
        if row["state"] == State.DOWNLOADED and not is_waiting(row):
            raise BadInput(f"snapshot {row['id']} waits for nobody; a worker reads it: workbench work")
        raw = {**_begun_anew(row["raw"]), "corrects": True} if row["raw"] else None
        # Until it is ready once more its time begins anew; what the vendor keeps it for does not.
        values = {"raw": raw, "ready_at": None}
        recovering.decide(
            self.ledger, row["id"], State.READY, f"fetched once more, asked by {self.ledger.actor}", values=values
        )

    def reprocess(
        self,
        snapshots: Sequence[str] = (),
        *,
        run: str | None = None,
        dataset: str | None = None,
        below_version: int | None = None,
        on_left: Callable[[str], None] = lambda _: None,
    ) -> list[str]:
        """Make the tables of published snapshots anew from their raw bytes; nothing is paid.

        Raw bytes that are gone are fetched once more; `on_left` is told of what stays as it is because nobody has them.
        """
        if not snapshots and run is None and dataset is None and below_version is None:
            raise BadInput("say what to reprocess: snapshots, a run, a dataset, or below a transform version.")
        run_id = queries.find_run(self.ledger, run) if run else None
        dataset_id = self._dataset_id(dataset) if dataset else None
        states = [*_READ, State.DOWNLOADED] if snapshots else _READ
        rows = recovering.find_snapshots(
            self.ledger, names=snapshots, states=states, run_id=run_id, dataset_id=dataset_id
        )
        chosen = [row for row in rows if (row["raw"] or snapshots) and _is_below(row, below_version)]
        said = f"reprocessed by {self.ledger.actor}"
        left = [row for row in chosen if self._is_lost_file(row)]
        for row in left:
            on_left(
                f"{row['provider_id']} stays as it is: its raw file {row['raw']['path']} is gone, and it was a file of "
                f"yours. Bring it in again: workbench import FILE --dataset {row['dataset_id']}"
            )
        chosen = [row for row in chosen if row not in left]
        for row in chosen:
            if not row["raw"]:  # Bright Data had said that it is empty: there is nothing to read but what it says now
                self._fetch_again(row)
            elif row["state"] == State.DOWNLOADED:
                recovering.go_on(self.ledger, row["id"], said, raw=_begun_anew(row["raw"]))
            else:
                values = {"raw": _begun_anew(row["raw"])}
                recovering.decide(self.ledger, row["id"], State.DOWNLOADED, said, values=values)
        return [row["provider_id"] for row in chosen]

    def _dataset_id(self, name: str) -> str:
        """Of a dataset by its id or ``platform/service``; one that the ledger alone still knows is as good."""
        if recovering.knows_dataset(self.ledger, name):
            return name
        return self._chosen([name])[0].dataset_id

    def _is_lost_file(self, row: Mapping[str, Any]) -> bool:
        return (
            bool(row["raw"])
            and is_imported(row["provider_id"] or "")
            and not (self.settings.lake / row["raw"]["path"]).is_file()
        )

    def _chosen(self, wanted: Iterable[str]) -> list[Dataset]:
        """Datasets by id or ``platform/service``; all that we know without any."""
        table = self._parts.datasets
        return [named(one, among=table) for one in wanted] or list(table)

    def compare(
        self, datasets: Sequence[str] = (), *, foreign: Sequence[str] = (), settled: Sequence[str] = ()
    ) -> dict[str, dict[str, Any]]:
        """{dataset_id | account: {here, there, adopted, ambiguous}}: what both sides have, and what came of it.

        Adopts what planned snapshots were to ask and somebody asked already; pays nothing. `foreign`: ids at Bright
        Data that are not ours. `settled`: datasets and accounts (channel:label) that a person has looked through.
        """
        for scope in settled:
            self._settle(scope)
        if foreign and self._parts.vendor_lists.say_foreign(foreign) < len(set(foreign)):
            listed = "list them first: workbench recover compare"
            raise BadInput(f"not all of {', '.join(foreign)} are known as strangers; {listed}. The others are noted.")
        found = {one: self._compare_dataset(one) for one in self._to_compare(datasets)}
        for dataset_id in found:
            if (doubt := self._parts.vendor_lists.behind(dataset_id)) is None or not doubt.waits:
                vendor_lists.let_go_on_in(self.ledger, dataset_id)
        if not datasets and all(one["there"] is not None for one in found.values()):
            behind.compared(self.ledger, behind.ALL)
        return found

    def behind(self) -> list[dict[str, Any]]:
        """{scope, why, since, waits}: where this ledger may not know what happened; `*` stands for all others."""
        return [
            {"scope": one.scope, "why": one.words, "since": one.since.isoformat(), "waits": one.waits}
            for one in behind.scopes(self.ledger)
        ]

    def todo(self) -> list[dict[str, Any]]:
        """Datasets and accounts of which only a person can say what is there."""
        return [
            {"kind": "ledger", "id": one.scope, "why": one.waits, "command": "workbench recover compare"}
            for one in behind.scopes(self.ledger)
            if one.waits
        ]

    def effects_of(self, execution_id: str) -> list[Effect]:
        """What the execution adopted, sent back to work or decided."""
        return recovering.effects_of(self.ledger, execution_id)

    def unlisted(self) -> dict[str, str]:
        """Dataset → why Bright Data gives no list of what was started, so that nobody can look before a trigger."""
        return vendor_lists.refusals(self.ledger)

    def list_refusal(self) -> str | None:
        """Why Bright Data lists nothing for this key; None where it does. Asks it, with one request."""
        dataset_id = min(vendor_lists.datasets_in_use(self.ledger), default=self._parts.datasets[0].dataset_id)
        try:
            next(self._parts.brightdata.list_snapshots(dataset_id, from_date=now().date(), page_size=1), None)
        except REFUSED as error:
            self._parts.vendor_lists.refuse(dataset_id, error.message)
            return error.message
        return None

    def _settle(self, scope: str) -> None:
        known = {one.dataset_id for one in self._parts.datasets} | {
            behind.scope_of(one) for one in accounts.all_accounts(self.ledger) if one.removed_at is None
        }
        if scope not in known and scope not in vendor_lists.datasets_in_use(self.ledger):
            raise BadInput(
                f"there is no dataset and no account {scope!r}; accounts are written channel:label. "
                "workbench doctor shows what is behind."
            )
        behind.compared(self.ledger, scope)

    def _to_compare(self, datasets: Sequence[str]) -> list[str]:
        """Those that are named, or that the ledger or the journal knows, or (an empty ledger) all."""
        table = self._parts.datasets
        if datasets:
            return [named(one, among=table).dataset_id for one in datasets]
        ids = {one.dataset_id for one in table}
        used = vendor_lists.datasets_in_use(self.ledger) | (behind.lost_scopes(self.ledger) & ids)
        return sorted(used or ids)

    def _compare_dataset(self, dataset_id: str) -> dict[str, Any]:
        tools, at = self._parts.collect_tools, now()
        waiting = [one for one in vendor_lists.planned(self.ledger, dataset_id) if not one.cancel_requested]
        since = min([at - timedelta(days=self.settings.retention_days), *(_planned_at(one) for one in waiting)])
        there = ask(dataset_id, since, tools, self._parts.vendor_lists)
        here = vendor_lists.counts(self.ledger, dataset_id)
        refused = self._parts.vendor_lists.refused(dataset_id)
        if there is None or refused is not None:
            return {"here": here, "there": None, "adopted": 0, "ambiguous": [], "refused": refused}
        adopted, unread = 0, set[str]()
        for one in waiting:
            began = _planned_at(one) - CLOCKS
            window = began if self._parts.vendor_lists.is_fresh(one) else min(began, at - tools.reuse)
            listed = self._parts.vendor_lists.unknown(dataset_id, window)
            own = since_then(began, listed)
            mine = chosen(same_as(one, listed, tools, self._parts.vendor_lists), own)
            if mine is None or self._parts.vendor_lists.in_flight(one):
                unread.update(unreadable(own))
            else:
                adopted += vendor_lists.adopt_planned(self.ledger, one, adoption(one, mine, tools))
        doubt = self._parts.vendor_lists.behind(dataset_id)
        ambiguous = sorted(unread) if doubt is not None and doubt.why != "moved" else []
        if not ambiguous:
            self._parts.vendor_lists.compared(dataset_id)
        return {"here": here + adopted, "there": there, "adopted": adopted, "ambiguous": ambiguous}


def _recovered_id(day: date) -> str:
    """One run a day gathers what is adopted, whoever adopts it: its id follows from the day."""
    return hashlib.sha256(f"recovered {day}".encode()).hexdigest()[:12]


def _is_gone(one: Found) -> bool:
    return one.days_left is not None and one.days_left <= 0


def _adopted(told: Mapping[str, Any]) -> str:
    """What came of bringing in, as far as it is known now; the rest is in the table."""
    parts = [f"{told['adopted']} brought in"]
    if told["fetched_again"]:
        parts.append(f"{len(told['fetched_again'])} fetched once more, as rows were missing")
    if told["already_known"] > len(told["fetched_again"]):
        parts.append(f"{told['already_known'] - len(told['fetched_again'])} were here already")
    if told["duplicates"]:
        parts.append(f"{len(told['duplicates'])} found to be paid twice")
    if lost := told["newly_lost"]:
        parts.append(f"not to be had: {', '.join(lost)}")
    return "; ".join(parts)


def _act_words(row: Mapping[str, Any]) -> str:
    if row["what"] in _BY_WHAT:
        return _BY_WHAT[row["what"]]
    reason = row["facts"].get("reason") or ""
    return next((words for begin, words in _BY_REASON if reason.startswith(begin)), f"decided: {row['to_state']}")


def _who(actor: str) -> str:
    """The person, and which execution it was for them."""
    name, _, more = actor.partition(":")
    execution = more.partition(":")[2]
    return f"{name}, by execution {execution}" if execution else name


def _is_stuck(row: Mapping[str, Any]) -> bool:
    if row["state"] == State.DOWNLOADED:
        return is_waiting(row) and row["vendor_status"] != "file"
    return row["state"] != State.PLANNED or is_waiting(row)


def _begun_anew(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a body whose judgement begins anew; that a person took it as it is stays."""
    return {name: value for name, value in raw.items() if name != "again"}


def _requeued(row: Mapping[str, Any], to: State) -> dict[str, Any]:
    return {"snapshot_id": row["provider_id"], "key": row["id"], "from": row["state"], "to": str(to)}


def _back_to(row: dict[str, Any]) -> State:
    if row["raw"] and row["state"] != State.EXPIRED:
        return State.DOWNLOADED
    return State.TRIGGERED if row["provider_id"] else State.PLANNED


def _is_below(row: dict[str, Any], version: int | None) -> bool:
    return version is None or (row["staged"] or {}).get("version", 0) < version


def _planned_at(one: Snapshot) -> Any:
    return one.created_at or now()
