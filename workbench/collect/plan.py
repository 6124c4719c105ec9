"""sources + dates → a plan: what would be triggered, what it may cost, and the hash that names exactly this.

What is paid is what was shown: a run starts only by the hash of a kept plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final

from workbench.brightdata import datasets
from workbench.collect.folders import job_folder
from workbench.collect.sources import key_of
from workbench.errors import BadInput
from workbench.files import canonical
from workbench.ledger.records import Plan, PlannedJob, PlannedSnapshot, Source

_MICRO: Final = 1_000_000
DEFAULT_LIMIT: Final = 10  # posts per source, when nobody says how many
GUESS: Final = {"comments": 20}  # rows per input of a collection that takes no limit


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a person asks for."""

    name: str = ""
    project: str | None = None
    start: date | None = None
    end: date | None = None
    starts: Mapping[int, date] = field(default_factory=dict)  # of a source, instead of `start`
    num_posts: int | None = None
    day: date  # of the folders
    batch_size: int = 20
    price_usd_per_record: float | None = None  # instead of each dataset's own


def make_plan(sources: Sequence[Source], ask: Ask, *, among: Sequence[datasets.Dataset] = datasets.DATASETS) -> Plan:
    """Raises BadInput, naming the source, when it does not fit the dates or its dataset."""
    if not sources:
        raise BadInput("there is no enabled source to collect; workbench sources import FILE brings some in.")
    if ask.start and ask.end and ask.start > ask.end:
        raise BadInput(f"the start {ask.start} is after the end {ask.end}; swap them.")
    if ask.num_posts is not None and ask.num_posts < 1:
        raise BadInput(f"num-posts is {ask.num_posts}; give 1 or more.")
    asked, merged = _once(sorted((_asked(source, ask, among) for source in sources), key=lambda one: one.order))
    jobs = tuple(_jobs(asked, ask))
    params = {"start": ask.start, "end": ask.end, "num_posts": ask.num_posts, "sources": [one.id for one in sources]}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in params.items()}
    content = {
        "name": ask.name, "project": ask.project, "day": ask.day.isoformat(), "params": plain,
        "jobs": [asdict(job) for job in jobs],
    }  # fmt: skip
    digest = hashlib.sha256(canonical(content).encode()).hexdigest()
    return Plan(name=ask.name or "Run", project=ask.project, params=plain, jobs=jobs, hash=digest, merged=merged)


@dataclass(frozen=True)
class _Asked:
    """One source, as its dataset is to be asked for it."""

    source: Source
    dataset: datasets.Dataset
    inputs: Mapping[str, Any]
    query: Mapping[str, Any]
    key: str  # what tells the source from others, however it is written

    @property
    def order(self) -> tuple[str, str, str, int]:
        return (self.source.platform, self.source.service, canonical(self.query), self.source.id)


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


def _asked(source: Source, ask: Ask, among: Sequence[datasets.Dataset]) -> _Asked:
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
        raise BadInput(f"source {source.id} ({source.name}): {error.message}", code=error.code) from error
    query: dict[str, Any] = {}
    if way.discover_by:
        limit = inputs.get("num_of_posts") or ask.num_posts or DEFAULT_LIMIT
        query = {"discover_by": way.discover_by, "limit_per_input": int(limit)}
    return _Asked(source, dataset, inputs, query, key_of(source, among))


def _jobs(asked: Sequence[_Asked], ask: Ask) -> Iterator[PlannedJob]:
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


def _snapshots(members: Sequence[_Asked], ask: Ask) -> Iterator[PlannedSnapshot]:
    for _, group in groupby(members, key=lambda one: one.order[2]):
        alike = list(group)
        for first in range(0, len(alike), ask.batch_size):
            yield _snapshot(alike[first : first + ask.batch_size], ask)


def _snapshot(batch: Sequence[_Asked], ask: Ask) -> PlannedSnapshot:
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


def _expected(one: _Asked, ask: Ask) -> int:
    """Rows that one input may bring, at most where a limit is sent; otherwise a guess, as the whole is an ESTIMATE."""
    if one.dataset.kind in ("profiles", "companies"):
        return 1
    limit = one.query.get("limit_per_input") or one.inputs.get("num_of_posts") or ask.num_posts
    return int(limit or GUESS.get(one.dataset.kind, DEFAULT_LIMIT))


def dollars(micro_usd: int) -> float:
    return micro_usd / _MICRO


def total_inputs(jobs: Iterable[PlannedJob]) -> int:
    return sum(len(snapshot.inputs) for job in jobs for snapshot in job.snapshots)
