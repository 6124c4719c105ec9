"""sources + dates → a plan: what would be triggered, what it may cost, and the hash that names exactly this.

What is paid is what was shown: a run starts only by the hash of a kept plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final

from workbench.brightdata import datasets
from workbench.collect.folders import job_folder
from workbench.collect.model import NewSource, Plan, PlannedJob, PlannedSnapshot, Source
from workbench.collect.sources import key_of
from workbench.errors import BadInput
from workbench.files import canonical

_MICRO: Final = 1_000_000
DEFAULT_LIMIT: Final = 10  # posts per source, when nobody says how many
GUESS: Final = {"comments": 20}  # rows per input of a collection that is sent no limit, while nothing better is known
# What a person has to say yes to, who set a cap.
OPEN_END: Final = "part of this plan is sent no limit, so it may cost more than its estimate and pass a cap"
_ONE_ROW: Final = ("profiles", "companies")
_LIMITS: Final = ("num_of_posts", "num_of_comments", "max_number_of_posts", "limit_records", "limit")


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What a person asks for."""

    name: str = ""
    project: str | None = None
    start: date | None = None
    end: date | None = None
    starts: Mapping[int, date] = field(default_factory=dict)  # of a source, instead of `start`
    num_posts: int | None = None
    auto_create_folders: bool | None = None  # None: as the setting says when the work is done
    cap_usd: float | None = None  # the most that the run may cost, beside the owner's caps
    day: date  # of the folders
    batch_size: int = 20
    price_usd_per_record: float | None = None  # instead of each dataset's own
    most_rows: Mapping[str, int] = field(default_factory=dict)  # dataset → the most that one input has brought so far


def make_plan(
    sources: Sequence[Source],
    ask: PlanRequest,
    *,
    among: Sequence[datasets.Dataset] = datasets.DATASETS,
    new_sources: Sequence[NewSource] = (),
) -> Plan:
    """Raises BadInput, naming the source, when it does not fit the dates or its dataset.

    `new_sources` are what a start is to bring in before; a source of them that is not there yet has an id below 0.
    """
    if not sources:
        raise BadInput("there is no enabled source to collect; workbench sources import FILE brings some in.")
    if ask.start and ask.end and ask.start > ask.end:
        raise BadInput(f"the start {ask.start} is after the end {ask.end}; swap them.")
    if ask.num_posts is not None and ask.num_posts < 1:
        raise BadInput(f"num-posts is {ask.num_posts}; give 1 or more.")
    asked, merged = _once(sorted((_asked(source, ask, among) for source in sources), key=lambda one: one.order))
    jobs = tuple(_jobs(asked, ask))
    params = {"start": ask.start, "end": ask.end, "num_posts": ask.num_posts, "sources": [one.id for one in sources]}
    # Only where somebody said so: a plan that says nothing of them is the same plan as ever.
    params |= {name: value for name in ("auto_create_folders", "cap_usd") if (value := getattr(ask, name)) is not None}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in params.items()}
    # A source that is not there yet has no id that could be hashed; of the same file, the same plan.
    names = {one.id: f"{one.platform} {one.service} {one.url}" for one in sources} if new_sources else {}
    content = {
        "name": ask.name, "project": ask.project, "day": ask.day.isoformat(),
        "params": {**plain, "sources": [names.get(one.id, one.id) for one in sources]},
        "jobs": [_by_name(asdict(job), names) for job in jobs],
    }  # fmt: skip
    digest = hashlib.sha256(canonical(content).encode()).hexdigest()
    kept = tuple(asdict(one) for one in new_sources)
    return Plan(
        name=ask.name or "Run", project=ask.project, params=plain, jobs=jobs, hash=digest, new_sources=kept,
        merged=merged,
    )  # fmt: skip


def _by_name(job: dict[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    for snapshot in job["snapshots"]:
        snapshot["source_ids"] = [names.get(one, one) for one in snapshot["source_ids"]]
    return job


@dataclass(frozen=True)
class _Asked:
    """One source, as its dataset is to be asked for it."""

    source: Source
    dataset: datasets.Dataset
    inputs: Mapping[str, Any]
    query: Mapping[str, Any]
    key: str  # what tells the source from others, however it is written

    @property
    def order(self) -> tuple[str, str, str, bool, int]:
        """Alike beside each other; within that by age, and new ones (-1, -2, ...) behind as their file has them."""
        number = self.source.id
        return (self.source.platform, self.source.service, canonical(self.query), number < 0, abs(number))


def _once(asked: Sequence[_Asked]) -> tuple[list[_Asked], tuple[str, ...]]:
    """Each question once, though an older ledger has its source in several spellings; in words, what was left out."""
    first: dict[str, _Asked] = {}
    merged = []
    for one in asked:
        options = {name: value for name, value in one.inputs.items() if value != one.source.url}
        question = canonical([one.dataset.dataset_id, one.key, one.query, options])
        kept = first.setdefault(question, one)
        if kept is not one:
            merged.append(
                f"source {one.source.id} ({one.source.url}) is source {kept.source.id} ({kept.source.url}), written "
                f"differently, and is not asked again; workbench sources merge {kept.source.id} {one.source.id} makes "
                "them one."
            )
    return list(first.values()), tuple(merged)


def _asked(source: Source, ask: PlanRequest, among: Sequence[datasets.Dataset]) -> _Asked:
    try:
        dataset = datasets.find(source.platform, source.service, among=among)
        inputs = datasets.inputs_for(
            dataset,
            source.url,
            source.options,
            start=ask.starts.get(source.id, ask.start),
            end=ask.end,
            # Without a limit there is no worst case, so neither an estimate nor a cap would hold.
            num_posts=ask.num_posts or DEFAULT_LIMIT,
        )
        way = datasets.way_for(dataset, source.url, source.options)
    except BadInput as error:
        name = f"source {source.id} ({source.name})" if source.id > 0 else f"source {source.name!r}"
        raise BadInput(f"{name}: {error.message}", code=error.code) from error
    query: dict[str, Any] = {}
    if way.discover_by:
        limit = inputs.get("num_of_posts") or ask.num_posts or DEFAULT_LIMIT
        query = {"discover_by": way.discover_by, "limit_per_input": int(limit)}
    return _Asked(source, dataset, inputs, query, key_of(source, among))


def _jobs(asked: Sequence[_Asked], ask: PlanRequest) -> Iterator[PlannedJob]:
    for (platform, service), group in groupby(asked, key=lambda one: one.order[:2]):
        members = list(group)
        dataset = members[0].dataset
        name = f"{ask.name or 'Batch Job'} - {platform} - {service}"
        yield PlannedJob(
            name=name,
            platform=platform,
            service=service,
            kind=dataset.kind,
            dataset_id=dataset.dataset_id,
            folder=job_folder(platform, service, ask.day, name),
            snapshots=tuple(_snapshots(members, ask)),
        )


def _snapshots(members: Sequence[_Asked], ask: PlanRequest) -> Iterator[PlannedSnapshot]:
    for _, group in groupby(members, key=lambda one: one.order[2]):
        alike = list(group)
        for first in range(0, len(alike), ask.batch_size):
            yield _snapshot(alike[first : first + ask.batch_size], ask)


def _snapshot(batch: Sequence[_Asked], ask: PlanRequest) -> PlannedSnapshot:
    inputs = tuple(one.inputs for one in batch)
    dataset, query = batch[0].dataset, batch[0].query
    own = ask.price_usd_per_record
    return PlannedSnapshot(
        inputs=inputs,
        source_ids=tuple(one.source.id for one in batch),
        query=query,
        records=tuple(_expected(one, ask) for one in batch),
        price_micro_usd=dataset.price_micro_usd if own is None else round(own * _MICRO),
    )


def _expected(one: _Asked, ask: PlanRequest) -> int:
    """The most rows that one input may bring where a limit is sent; without one, what the dataset brought so far."""
    kind = one.dataset.kind
    if kind in _ONE_ROW:
        return 1
    sent = limit_sent(one.query, one.inputs)
    if sent is not None:
        return sent
    if kind in GUESS:  # a number of posts says nothing of how many comments they have
        return max(GUESS[kind], ask.most_rows.get(one.dataset.dataset_id, 0))
    return ask.num_posts or DEFAULT_LIMIT


def limit_sent(query: Mapping[str, Any], inputs: Mapping[str, Any]) -> int | None:
    """How many rows the vendor is told to stop at for one input; None when it is told nothing."""
    found = [query.get("limit_per_input"), *(inputs.get(name) for name in _LIMITS)]
    said = [int(one) for one in found if one]
    return min(said) if said else None


def is_open_ended(job: PlannedJob) -> bool:
    """Whether the vendor is told no limit, so that the estimate is not the most that it can cost."""
    return job.kind in GUESS and any(
        limit_sent(snapshot.query, one) is None for snapshot in job.snapshots for one in snapshot.inputs
    )


def open_ended(plan: Plan) -> tuple[str, ...]:
    """The jobs of a plan whose part of the estimate is by experience, not the most."""
    return tuple(f"{job.platform} {job.service}" for job in plan.jobs if is_open_ended(job))


def open_end_words(plan: Plan) -> str:
    """What a person is told of them wherever the estimate is; empty where there are none."""
    jobs = open_ended(plan)
    return (
        ""
        if not jobs
        else f"OPEN-ENDED: {', '.join(jobs)} cannot be told a limit; that part is by experience, not the most."
    )


def how_much(plan: Plan) -> tuple[int, int]:
    """How many collections a run begins at Bright Data, and of how many inputs."""
    snapshots = [one for job in plan.jobs for one in job.snapshots]
    return len(snapshots), sum(len(one.inputs) for one in snapshots)
