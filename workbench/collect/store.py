"""The verbs of collect: sources come and go, a plan is kept, a run is started or cancelled."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, case, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.budget.caps import NO_CAPS, Caps, check_start, own_cap, will_wait
from workbench.budget.model import Money
from workbench.collect.model import (
    SNAPSHOT_UNFINISHED,
    NewSource,
    Plan,
    PlannedJob,
    PlannedSnapshot,
    SnapshotState,
    Source,
    SourceResult,
    fingerprint,
)
from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger, number_of
from workbench.db.schema import (
    chain_head,
    event,
    job,
    plan,
    run,
    snapshot,
    snapshot_input,
    snapshot_use,
    source,
    source_result,
)
from workbench.engine.item import Lease
from workbench.engine.transitions import Writers
from workbench.errors import BadInput
from workbench.person import GONE, gone_address

_STOPPABLE: Final = (SnapshotState.PLANNED, SnapshotState.TRIGGERED)
_MAY_COME_BACK: Final = (SnapshotState.UNSURE, SnapshotState.STALLED)
_MAY_BE_PAID: Final = tuple(map(str, (SnapshotState.UNSURE, SnapshotState.QUARANTINED)))
_EDITABLE: Final = frozenset({"name", "creator", "project", "options", "enabled"})


@dataclass(frozen=True)
class Imported:
    """Ids of the sources in the order given, how many of them were new or changed, and in words what was merged."""

    source_ids: tuple[int, ...]
    added: int
    changed: int
    merged: tuple[str, ...] = ()


KeyOf = Callable[[NewSource | Source], str]  # equal for what is one source, however its address is written


def _as_written(one: NewSource | Source) -> str:
    return one.url


def add_sources(ledger: Ledger, new: Sequence[NewSource], key_of: KeyOf = _as_written) -> Imported:
    """Add `new`; one that is known, in whatever spelling, gets the given name, creator, project, options."""

    def add(connection: Connection) -> Imported:
        return _add_sources(ledger, connection, new, key_of)

    try:
        done = ledger.write(add)
    except IntegrityError:  # another process added one of them at the same moment: now it is known
        done = ledger.write(add)
    return replace(done, source_ids=tuple(dict.fromkeys(done.source_ids)))


def _add_sources(ledger: Ledger, connection: Connection, new: Sequence[NewSource], key_of: KeyOf) -> Imported:
    """The ids are one for each of `new`, also where two of them are one source."""
    events, merged, ids, added, changed = list[Event](), list[str](), list[int](), 0, 0
    known = _Known(connection, new, key_of, ledger.ledger_id)
    for one in new:
        merged += one.also
        there = known.find(one)
        if there is None:
            values = _values(one)
            key = connection.execute(insert(source).values(**values, created_at=now())).inserted_primary_key
            source_id = number_of(key)
            added += 1
            events.append(Event("source", str(source_id), "added", facts=values))
            known.add(Source(id=source_id, enabled=True, **values))
        else:
            source_id = there.id
            merged += _merged(one, there)
            values = _values(one, there)
            if any(getattr(there, name) != value for name, value in values.items()):
                connection.execute(update(source).where(source.c.id == source_id).values(**values))
                changed += 1
                events.append(Event("source", str(source_id), "edited", facts=values))
        ids.append(source_id)
    ledger.append(connection, *events)
    return Imported(tuple(ids), added, changed, tuple(merged))


def _values(one: NewSource, there: Source | None = None) -> dict[str, Any]:
    """What is kept of `one`; where it is the source `there`, what it changes of it: never its address."""
    values = {name: value for name, value in asdict(one).items() if name not in {"also", "written"}}
    if there is not None:
        if one.name == one.url != there.url:
            values["name"] = there.name
        del values["url"]
    return values


def _merged(one: NewSource, there: Source) -> list[str]:
    written = one.written or one.url
    return [] if there.url == written else [f"{written} is source {there.id}, {there.url}, written differently."]


class _Known:
    """The sources of the platforms and services of `new`, found by what they are."""

    def __init__(self, connection: Connection, new: Sequence[NewSource], key_of: KeyOf, ledger_id: str) -> None:
        self._key_of = key_of
        self._gone = _forgotten(connection)
        self._ledger_id = ledger_id
        self._by_url: dict[tuple[str, str, str], Source] = {}
        self._by_key: dict[tuple[str, str, str], list[Source]] = {}
        self._by_id: dict[int, Source] = {}
        for platform, service in sorted({(one.platform, one.service) for one in new}):
            same = select(source).where(source.c.platform == platform, source.c.service == service)
            for row in connection.execute(same.order_by(source.c.id)).mappings():
                self.add(Source(**{each.name: row[each.name] for each in fields(Source)}))

    def add(self, one: Source) -> None:
        self._by_id[one.id] = one
        self._by_url[one.platform, one.service, one.url] = one
        self._by_key.setdefault((one.platform, one.service, self._key_of(one)), []).append(one)

    def find(self, new: NewSource) -> Source | None:
        """The source that `new` is; of several of an old ledger that with the same spelling, in use, the first.

        BadInput for somebody who was forgotten.
        """
        gone = self._gone.get(gone_address(self._ledger_id, new.platform, self._key_of(new))) if self._gone else None
        if gone is not None:
            raise BadInput(
                f"{new.written or new.url} is of somebody who was forgotten (source {gone}), and is not collected "
                "again; take it out of what you gave."
            )
        found = self._by_key.get((new.platform, new.service, self._key_of(new)), [])
        alike = [one for one in found if one.merged_into is None and one.options == new.options]
        exact = self._by_url.get((new.platform, new.service, new.url))
        one = (
            exact if exact is not None else min(alike or found, key=lambda one: (not one.enabled, one.id), default=None)
        )
        while one is not None and one.merged_into is not None:
            one = self._by_id[one.merged_into]
        return one


def _forgotten(connection: Connection) -> dict[str, int]:
    """What stands in the place of the addresses of people who were forgotten, without its end → the source."""
    query = select(source.c.id, source.c.url).where(source.c.url.startswith(GONE, autoescape=True))
    return {row.url.rpartition(":")[0]: row.id for row in connection.execute(query)}


def forgotten(ledger: Ledger) -> dict[str, int]:
    """The same, for whoever compares addresses with it."""
    with ledger.read() as connection:
        return _forgotten(connection)


def merge_sources(ledger: Ledger, into: int, others: Sequence[int]) -> None:
    """Make `others` spellings of source `into`: they are asked no more; their rows, results and events stay theirs."""

    def change(connection: Connection) -> None:
        found = {int(row["id"]): row for row in
                 connection.execute(select(source).where(source.c.id.in_([into, *others]))).mappings()}  # fmt: skip
        for one in (into, *others):
            if one not in found:
                raise BadInput(f"there is no source {one}; workbench sources list shows the ids.")
        kept = found[into]
        if kept["merged_into"] is not None:
            raise BadInput(f"source {into} was itself merged into source {kept['merged_into']}; merge into that one.")
        for one in dict.fromkeys(others):
            other = found[one]
            if one == into or (other["platform"], other["service"]) != (kept["platform"], kept["service"]):
                raise BadInput(f"source {one} is no other {kept['platform']} {kept['service']} than source {into}.")
            connection.execute(update(source).where(source.c.merged_into == one).values(merged_into=into))
            connection.execute(update(source).where(source.c.id == one).values(merged_into=into, enabled=False))
            ledger.append(connection, Event("source", str(one), "merged", facts={"into": into, "url": other["url"]}))

    ledger.write(change)


def known_sources(
    ledger: Ledger, new: Sequence[NewSource], key_of: KeyOf = _as_written
) -> tuple[list[Source], tuple[str, ...]]:
    """What `add_sources` would make of `new`, each once, and what it would say; nothing is kept.

    One that is not there yet has its place in `new` as its id: -1, -2, ...
    """
    found, merged = dict[int, Source](), list[str]()
    with ledger.read() as connection:
        known = _Known(connection, new, key_of, ledger.ledger_id)
    for place, one in enumerate(new, 1):
        merged += one.also
        there = known.find(one)
        if there is None:
            found[-place] = Source(id=-place, enabled=True, **_values(one))
        else:
            merged += _merged(one, there)
            found[there.id] = replace(there, **_values(one, there))
    return list(found.values()), tuple(merged)


def edit_source(ledger: Ledger, source_id: int, **values: Any) -> None:
    """Set name, creator, project, options or enabled of one source; BadInput when there is none."""
    if not values or (unknown := values.keys() - _EDITABLE):
        what = f"a source has no {min(unknown)} that could be edited" if values else "nothing to edit was given"
        raise BadInput(f"{what}; give one of {', '.join(sorted(_EDITABLE))}.")

    def change(connection: Connection) -> None:
        mine = select(source.c.merged_into, source.c.url).where(source.c.id == source_id)
        known = connection.execute(mine).first()
        if known is None:
            raise BadInput(f"there is no source {source_id}; workbench sources list shows the ids.")
        if known.url.startswith(GONE):
            raise BadInput(f"source {source_id} is of somebody who was forgotten, and stays as it is.")
        if known.merged_into is not None and values.get("enabled"):
            raise BadInput(f"source {source_id} is source {known.merged_into}, written differently; that one is asked.")
        connection.execute(update(source).where(source.c.id == source_id).values(**values))
        ledger.append(connection, Event("source", str(source_id), "edited", facts=values))

    ledger.write(change)


def save_plan(ledger: Ledger, new: Plan) -> None:
    """Keep a plan under its hash, so that what is started is exactly what was shown."""

    def change(connection: Connection) -> None:
        body = asdict(new)
        body.pop("hash")
        if connection.execute(select(plan.c.hash).where(plan.c.hash == new.hash)).first() is None:
            connection.execute(insert(plan).values(hash=new.hash, body=body, created_at=now()))
        else:  # shown again: may be started again, unless what it became is still at work
            again = update(plan).where(plan.c.hash == new.hash)
            connection.execute(again.where(plan.c.run_id.not_in(_at_work())).values(run_id=None))
            connection.execute(again.values(created_at=now()))

    try:
        ledger.write(change)
    except IntegrityError:  # another process kept the same plan at the same moment
        ledger.write(change)


def _at_work() -> Select[tuple[str]]:
    """Ids of the runs in which something is due, or may be running and paid until a person says more of it."""
    may_be_paid = (snapshot.c.acts > 0) & snapshot.c.provider_id.is_(None) & snapshot.c.state.in_(_MAY_BE_PAID)
    return (
        select(snapshot_use.c.run_id)
        .join(snapshot, snapshot.c.id == snapshot_use.c.snapshot)
        .join(run, run.c.id == snapshot_use.c.run_id)
        .where(snapshot.c.next_at.is_not(None) | may_be_paid, run.c.cancelled_at.is_(None))
    )


def run_of(ledger: Ledger, plan_hash: str) -> str | None:
    """The run that the kept plan has become, as long as a start answers it."""
    wanted = load_plan(ledger, plan_hash).hash
    with ledger.read() as connection:
        found: str | None = connection.execute(select(plan.c.run_id).where(plan.c.hash == wanted)).scalar_one()
    return found


def load_plan(ledger: Ledger, plan_hash: str) -> Plan:
    """The plan of `plan_hash` (a unique beginning is enough)."""
    with ledger.read() as connection:
        query = select(plan).where(plan.c.hash.startswith(plan_hash, autoescape=True)).limit(2)
        found = connection.execute(query).mappings().all()
    if len(found) != 1 or not plan_hash:
        raise BadInput(f"there is no single plan {plan_hash!r}; make one with workbench collect plan.")
    body = found[0]["body"]
    jobs = [
        PlannedJob(**{**one, "snapshots": tuple(_planned_snapshot(each) for each in one["snapshots"])})
        for one in body["jobs"]
    ]
    told = {
        "jobs": tuple(jobs),
        "new_sources": tuple(body.get("new_sources", ())),
        "merged": tuple(body.get("merged", ())),
    }
    return Plan(**{**body, **told}, hash=found[0]["hash"])


def _planned_snapshot(body: Mapping[str, Any]) -> PlannedSnapshot:
    listed = {name: tuple(body[name]) for name in ("inputs", "source_ids", "records")}
    return PlannedSnapshot(**{**body, **listed})


@dataclass(frozen=True)
class Started:
    """`reused` and `saved_micro_usd`: what younger snapshots answer, so that it is not paid again."""

    run_id: str
    is_new: bool
    reused: int = 0
    saved_micro_usd: int = 0
    waits_for_cap: str | None = None  # why part of it will not be sent by itself
    sources_added: int = 0
    sources_changed: int = 0


def start_run(
    ledger: Ledger,
    plan_hash: str,
    *,
    folder: str,
    caps: Caps = NO_CAPS,
    reuse: timedelta | None = None,
    after: str | None = None,
    key_of: KeyOf = _as_written,
) -> Started:
    """Start the kept plan once; a second call answers the same run. `folder` has ``{id6}`` for the run's id.

    Inputs that a snapshot younger than `reuse` was asked are answered by it, and those that one was asked whose order
    lost its answer wait for that one; without `reuse` all is asked anew. Raises Refused above a cap. `after`: the
    run that it has become already and that one more is wanted beside; whoever names it second gets the first's.
    """
    chosen = load_plan(ledger, plan_hash)
    since = None if reuse is None else now() - reuse

    def change(connection: Connection) -> Started:
        return _start_run(ledger, connection, chosen, folder=folder, caps=caps, since=since, after=after, key_of=key_of)

    return ledger.write(change)


def _start_run(
    ledger: Ledger,
    connection: Connection,
    chosen: Plan,
    *,
    folder: str,
    caps: Caps,
    since: datetime | None,
    after: str | None,
    key_of: KeyOf,
) -> Started:
    # One start at a time: two at once would both find nothing to reuse, and both pay.
    connection.execute(select(chain_head.c.id).with_for_update())
    started = connection.execute(select(plan.c.run_id).where(plan.c.hash == chosen.hash)).scalar_one()
    if started is not None and started != after and (since is not None or _was_fresh(connection, started)):
        return Started(str(started), is_new=False)
    brought = _bring_in(ledger, connection, chosen, key_of)
    chosen = _with_ids(chosen, brought)
    run_id = uuid.uuid4().hex[:12]
    run_folder = folder.replace("{id6}", run_id[:6])
    connection.execute(
        insert(run),
        {
            "id": run_id, "name": chosen.name, "project": chosen.project, "params": dict(chosen.params),
            "plan_hash": chosen.hash, "folder": run_folder, "created_at": now(),
            "execution_id": ledger.execution_id,
        },
    )  # fmt: skip
    connection.execute(update(plan).where(plan.c.hash == chosen.hash).values(run_id=run_id))
    wanted: list[tuple[str, int]] = []
    rests: list[tuple[str, str, PlannedSnapshot]] = []
    reused: set[int] = set()
    for number, one in enumerate(chosen.jobs, 1):
        answers, rest = answered(connection, one, since)
        job_id = f"{run_id}-{number}"
        _add_job(connection, run_id, job_id, run_folder, one)
        for snapshot_id in sorted(answers):
            connection.execute(insert(snapshot_use), {"snapshot": snapshot_id, "job_id": job_id, "run_id": run_id})
        rests += [(job_id, one.dataset_id, planned) for planned in rest]
        reused |= answers
        wanted += [(one.dataset_id, each.estimate_records * each.price_micro_usd) for each in rest]
    check_start(connection, replace(caps, own=own_cap(chosen.params)), wanted)
    waits = will_wait(connection, caps, wanted)
    for job_id, dataset_id, planned in rests:
        _add_snapshot(connection, run_id, job_id, dataset_id, planned)
    estimate = sum(micro_usd for _, micro_usd in wanted)
    saved = chosen.estimate.micro_usd - estimate
    facts = {
        "plan_hash": chosen.hash, "estimate_micro_usd": estimate, "saved_micro_usd": saved, "name": chosen.name,
        "is_fresh": since is None, "reused_snapshots": len(reused),
    }  # fmt: skip
    ledger.append(connection, Event("run", run_id, "started", facts=facts))
    return Started(
        run_id,
        is_new=True,
        reused=len(reused),
        saved_micro_usd=saved,
        waits_for_cap=waits,
        sources_added=brought.added,
        sources_changed=brought.changed,
    )


def _bring_in(ledger: Ledger, connection: Connection, chosen: Plan, key_of: KeyOf) -> Imported:
    """The lines of the file that was planned become sources, now that it is started."""
    new = [NewSource(**{**one, "also": tuple(one.get("also", ()))}) for one in chosen.new_sources]
    return _add_sources(ledger, connection, new, key_of) if new else Imported((), 0, 0)


def _with_ids(chosen: Plan, brought: Imported) -> Plan:
    """The plan with the ids of sources that were not there when it was made: the line -n of its file."""

    def of(source_id: int) -> int:
        return source_id if source_id > 0 else brought.source_ids[-source_id - 1]

    jobs = tuple(
        replace(
            one,
            snapshots=tuple(replace(each, source_ids=tuple(map(of, each.source_ids))) for each in one.snapshots),
        )
        for one in chosen.jobs
    )
    params = {**chosen.params, "sources": [of(one) for one in chosen.params.get("sources", ())]}
    return replace(chosen, jobs=jobs, params=params)


def _was_fresh(connection: Connection, run_id: str) -> bool:
    """Whether the run was to ask for everything anew: who wants that too means the same."""
    begun = (event.c.item_kind == "run") & (event.c.item_id == run_id) & (event.c.what == "started")
    facts = connection.execute(select(event.c.facts).where(begun)).scalar_one()
    return bool(facts["is_fresh"])


def answered(connection: Connection, one: PlannedJob, since: datetime | None) -> tuple[set[int], list[PlannedSnapshot]]:
    """Which younger snapshots answer inputs of the job, and what is left to be triggered."""
    if since is None:
        return set(), list(one.snapshots)
    answers: set[int] = set()
    rest = []
    for planned in one.snapshots:
        missing = []
        for position, inputs in enumerate(planned.inputs):
            found = _younger(connection, fingerprint(one.dataset_id, planned.query, inputs), since)
            if found is None:
                missing.append(position)
            else:
                answers.add(found)
        if missing:
            rest.append(planned.only(missing))
    return answers, rest


# What has rows, or will have them without anybody's doing.
_ANSWERS: Final = tuple(map(str, (SNAPSHOT_UNFINISHED - {SnapshotState.UNSURE}) | {SnapshotState.PUBLISHED}))


def _younger(connection: Connection, wanted: str, since: datetime) -> int | None:
    """A snapshot that answers the question; or the one whose order lost its answer, however old it is.

    Such a one may be running and paid: to ask beside it would be to pay twice.
    """
    answers = (snapshot.c.created_at >= since) & snapshot.c.state.in_(_ANSWERS) & snapshot.c.attention.is_(None)
    may_be_paid = (snapshot.c.acts > 0) & snapshot.c.provider_id.is_(None) & snapshot.c.state.in_(_MAY_BE_PAID)
    query = (
        select(snapshot.c.id)
        .join(snapshot_input, snapshot_input.c.snapshot == snapshot.c.id)
        .where(
            snapshot_input.c.fingerprint == wanted, answers | may_be_paid, snapshot.c.cancel_requested.is_(False)
        )
        .order_by(case((answers, 0), else_=1), snapshot.c.id.desc())
        .limit(1)
    )  # fmt: skip
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def would_reuse(ledger: Ledger, chosen: Plan, reuse: timedelta | None) -> Money:
    """What of the plan's estimate younger snapshots would save, were it started now."""
    since = None if reuse is None else now() - reuse
    with ledger.read() as connection:
        rest = [each for one in chosen.jobs for each in answered(connection, one, since)[1]]
    micro_usd = sum(each.estimate_records * each.price_micro_usd for each in rest)
    records = sum(each.estimate_records for each in rest)
    return Money(chosen.estimate.micro_usd - micro_usd, chosen.estimate.records - records)


def _add_job(connection: Connection, run_id: str, job_id: str, run_folder: str, one: PlannedJob) -> None:
    connection.execute(
        insert(job),
        {
            "id": job_id, "run_id": run_id, "name": one.name, "platform": one.platform, "service": one.service,
            "kind": one.kind, "dataset_id": one.dataset_id, "folder": f"{run_folder}/{one.folder}",
        },
    )  # fmt: skip


def _add_snapshot(connection: Connection, run_id: str, job_id: str, dataset_id: str, planned: PlannedSnapshot) -> None:
    at = now()
    key = connection.execute(
        insert(snapshot).values(
            state=str(SnapshotState.PLANNED), state_at=at, next_at=at, created_at=at, run_id=run_id, job_id=job_id,
            dataset_id=dataset_id, inputs=planned.inputs, query=dict(planned.query), source_ids=planned.source_ids,
            input_hash=fingerprint(dataset_id, planned.query, *planned.inputs),
            estimate_records=planned.estimate_records, price_micro_usd=planned.price_micro_usd,
        )
    ).inserted_primary_key  # fmt: skip
    snapshot_id = number_of(key)
    connection.execute(insert(snapshot_use), {"snapshot": snapshot_id, "job_id": job_id, "run_id": run_id})
    asked = [
        {"snapshot": snapshot_id, "position": n, "fingerprint": fingerprint(dataset_id, planned.query, each)}
        for n, each in enumerate(planned.inputs)
    ]
    connection.execute(insert(snapshot_input), asked)
    results = [{"snapshot": snapshot_id, "source_id": each} for each in dict.fromkeys(planned.source_ids)]
    if results:
        connection.execute(insert(source_result), results)


def cancel_run(ledger: Ledger, run_id: str) -> None:
    """Ask for the end of a run: what was not sent is cancelled here, what runs is cancelled at the vendor by its step.

    Each snapshot ends after its current atomic step; what was already collected is paid and still brought in. One that
    another run waits for too goes on, until that is cancelled as well.
    """

    def change(connection: Connection) -> None:
        at = now()
        asked = update(run).where(run.c.id == run_id, run.c.cancelled_at.is_(None)).values(cancelled_at=at)
        if connection.execute(asked).rowcount == 0:
            if connection.execute(select(run.c.id).where(run.c.id == run_id)).first() is None:
                raise BadInput(f"there is no run {run_id}; workbench status shows the runs.")
            return
        used = select(snapshot_use.c.snapshot).where(snapshot_use.c.run_id == run_id)
        live = (snapshot_use.c.run_id == run.c.id) & run.c.cancelled_at.is_(None)
        wanted = select(snapshot_use.c.snapshot).join(run, live)
        mark = update(snapshot).where(snapshot.c.id.in_(used), snapshot.c.id.not_in(wanted))
        due = mark.where(snapshot.c.state.in_([str(state) for state in _STOPPABLE]))
        connection.execute(due.values(cancel_requested=True, next_at=at))
        # Not due now, but should it come back to an earlier state, it ends there instead of being sent again.
        later = mark.where(snapshot.c.state.in_([str(state) for state in _MAY_COME_BACK]))
        connection.execute(later.values(cancel_requested=True))
        ledger.append(connection, Event("run", run_id, "cancel_asked"))

    ledger.write(change)


def enabled_sources(ledger: Ledger, *, ids: Iterable[int] | None = None, project: str | None = None) -> list[int]:
    """Ids of the enabled sources among `ids` (default: all), of `project` when given."""
    query = select(source.c.id).where(source.c.enabled.is_(True)).order_by(source.c.id)
    if ids is not None:
        query = query.where(source.c.id.in_(list(ids)))
    if project is not None:
        query = query.where(source.c.project == project)
    with ledger.read() as connection:
        return [int(one) for one in connection.execute(query).scalars()]


def write_result(connection: Connection, lease: Lease, result: SourceResult) -> None:
    values = {
        "row_count": result.row_count, "warning_count": result.warning_count, "error_count": result.error_count,
        "reason": result.reason, "misfits": dict(result.misfits),
    }  # fmt: skip
    known = (source_result.c.snapshot == lease.item_id) & (source_result.c.source_id == result.source_id)
    if connection.execute(update(source_result).where(known).values(values)).rowcount == 0:
        # Nobody knew that the source was in it: rows of an adopted snapshot tell.
        whose = {"snapshot": lease.item_id, "source_id": result.source_id}
        connection.execute(insert(source_result).values(**whose, **values))


WRITERS: Final[Writers] = {SourceResult: write_result}
