"""Sources, runs, jobs and snapshots: their records, and the states of a snapshot with what each means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from workbench.budget.model import Money
from workbench.engine.flow import Write
from workbench.engine.item import Item, Kind, State, StateInfo, register
from workbench.files import canonical


class SnapshotState(State):
    """Named for the step that reached it: `triggered` was last touched by ``collect/trigger.py``."""

    PLANNED = "planned", StateInfo(
        means="It waits for a worker.", word="pending", goes_on=True, exit=4,
        to="triggered unsure failed canceled reused quarantined",
    )  # fmt: skip
    TRIGGERED = "triggered", StateInfo(
        means="Bright Data is collecting.", word="pending", goes_on=True, exit=4,
        # published: it was before, was asked for once more, and the vendor has it no longer.
        to="ready published empty failed canceled expired stalled quarantined",
    )  # fmt: skip
    READY = "ready", StateInfo(
        means="It waits to be downloaded.", word="ready", goes_on=True, exit=4,
        to="downloaded triggered published empty failed canceled expired quarantined",  # triggered: "building" again
    )  # fmt: skip
    DOWNLOADED = "downloaded", StateInfo(
        means="It waits to be read.", word="processing", goes_on=True, exit=4,
        to="staged ready failed quarantined",
    )  # fmt: skip
    STAGED = "staged", StateInfo(
        means="It waits to be published.", word="processing", goes_on=True, exit=4,
        to="published empty downloaded failed quarantined",
    )  # fmt: skip
    PUBLISHED = "published", StateInfo(
        means="Its rows are in every table.", word="processed", is_good=True, is_over=True,
        to="downloaded ready",  # reprocess; fetch again
    )  # fmt: skip
    EMPTY = "empty", StateInfo(
        means="Bright Data delivered no data rows; table rejects has its warnings and errors.", word="processed",
        is_good=True, is_over=True, to="downloaded ready",
    )  # fmt: skip
    FAILED = "failed", StateInfo(
        means="It was refused, or failed at Bright Data.", word="failed", is_bad=True, is_over=True, exit=1,
        to="planned triggered downloaded",  # the last where the raw bytes are ours
    )  # fmt: skip
    CANCELED = "canceled", StateInfo(means="A person cancelled it.", word="failed", is_bad=True, is_over=True, exit=1)
    EXPIRED = "expired", StateInfo(
        means="Bright Data has it no longer.", word="failed", is_bad=True, is_over=True, exit=1,
        to="triggered downloaded",  # found again; or staged from a kept delivery
    )  # fmt: skip
    STALLED = "stalled", StateInfo(
        means="Bright Data did not finish it by our deadline.", word="failed", is_bad=True, exit=3,
        to="triggered failed canceled expired quarantined",
    )  # fmt: skip
    UNSURE = "unsure", StateInfo(
        means="The answer to the trigger was lost: it may be running at Bright Data.", word="pending", goes_on=True,
        exit=4, to="triggered planned failed canceled quarantined",
    )  # fmt: skip
    QUARANTINED = "quarantined", StateInfo(
        means="It crashed or surprised us; a person looks at its story.", word="failed", is_bad=True, exit=3,
        to="planned triggered ready downloaded staged failed canceled",
    )  # fmt: skip
    REUSED = "reused", StateInfo(
        means="An older snapshot answered; nothing was paid.", word="processed", is_good=True, is_over=True,
    )  # fmt: skip


IMPORTED: Final = "file_"  # how the ids of snapshots begin that were files on a disk
SNAPSHOT_UNFINISHED: Final = SnapshotState.having("goes_on")
SNAPSHOT_GOOD: Final = SnapshotState.having("is_good")


class Status(StrEnum):
    """Of a job and of a run."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


def roll_up(states: Iterable[SnapshotState]) -> Status:
    """The status of a job (or run) from its snapshots' states; their order does not matter."""
    seen = set(states)
    if not seen or seen <= {SnapshotState.PLANNED}:
        return Status.PENDING
    if seen & SNAPSHOT_UNFINISHED:
        return Status.PROCESSING
    if seen <= SNAPSHOT_GOOD:
        return Status.COMPLETED
    if seen == {SnapshotState.CANCELED}:
        return Status.CANCELLED
    return Status.PARTIAL if seen & SNAPSHOT_GOOD else Status.FAILED


@dataclass(frozen=True, kw_only=True)
class Source:
    """One account, page or query that is tracked."""

    id: int
    name: str
    platform: str
    service: str
    url: str
    creator: str | None
    project: str | None
    options: Mapping[str, Any]
    enabled: bool
    merged_into: int | None = None  # the source that it was found to be, written differently


@dataclass(frozen=True, kw_only=True)
class NewSource:
    name: str
    platform: str
    service: str
    url: str
    creator: str | None = None
    project: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    written: str = ""  # the address as it was given
    also: tuple[str, ...] = ()  # other spellings of the same address that were given, each with its place


@dataclass(frozen=True, kw_only=True)
class Run:
    id: str
    name: str
    project: str | None
    params: Mapping[str, Any]
    plan_hash: str
    folder: str  # relative to the lake
    created_at: datetime
    cancelled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Job:
    id: str
    run_id: str
    name: str
    platform: str
    service: str
    kind: str  # of rows: posts, comments, profiles, ...
    dataset_id: str
    folder: str  # relative to the lake


@dataclass(frozen=True, kw_only=True)
class Snapshot(Item):
    """One collection at Bright Data: one trigger of up to the batch limit of inputs."""

    state: SnapshotState
    run_id: str
    job_id: str
    dataset_id: str
    inputs: tuple[Mapping[str, Any], ...]
    input_hash: str
    query: Mapping[str, Any]  # discover_by, limit_per_input
    source_ids: tuple[int | None, ...]  # beside `inputs`, one each; None: of no source of ours
    estimate_records: int
    price_micro_usd: int  # per record
    provider_id: str | None = None
    vendor_status: str | None = None
    triggered_at: datetime | None = None
    ready_at: datetime | None = None
    last_checked_at: datetime | None = None
    processed_at: datetime | None = None
    expires_at: datetime | None = None
    raw: Mapping[str, Any] | None = None  # path, sha256, bytes, ... of the raw body
    staged: Mapping[str, Any] | None = None  # files, counts, results: what publish will make visible
    row_count: int | None = None
    warning_count: int | None = None
    error_count: int | None = None
    malformed_count: int | None = None
    error_code: str | None = None

    @property
    def act_key(self) -> str:
        return self.input_hash

    @property
    def act_scope(self) -> str:
        return self.dataset_id


register(
    Kind(
        name="snapshot",
        record=Snapshot,
        states=SnapshotState,
        sent=SnapshotState.PLANNED,
        facts=("provider_id", "vendor_status", "row_count", "warning_count", "error_count", "malformed_count"),
        tuples=frozenset({"inputs", "source_ids"}),
    )
)


def may_be_sent(row: Mapping[Any, Any]) -> bool:
    """Whether a trigger was sent and its answer never came. A planned one is one that was proved absent."""
    return row["acts"] > 0 and row["provider_id"] is None and row["state"] != SnapshotState.PLANNED


def is_waiting(row: Mapping[Any, Any]) -> bool:
    """Whether only a person moves it on."""
    return row["attention"] is not None and row["next_at"] is None


def is_imported(provider_id: str) -> bool:
    """Whether it was a file on a disk, and Bright Data never had it."""
    return provider_id.startswith(IMPORTED)


@dataclass(frozen=True, kw_only=True)
class AtVendor:
    """A snapshot that Bright Data lists and the ledger does not have."""

    provider_id: str
    created_at: datetime | None
    status: str
    row_count: int | None
    is_asked: bool = False
    inputs: tuple[Mapping[str, Any], ...] | None = None  # None though asked: the vendor does not tell
    query: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedSnapshot:
    inputs: tuple[Mapping[str, Any], ...]
    source_ids: tuple[int, ...]  # beside `inputs`, one each; so is `records`
    query: Mapping[str, Any]
    records: tuple[int, ...]  # that each input may bring
    price_micro_usd: int

    @property
    def estimate_records(self) -> int:
        return sum(self.records)

    def only(self, positions: Sequence[int]) -> PlannedSnapshot:
        """The same for some of the inputs."""
        return replace(
            self,
            inputs=tuple(self.inputs[n] for n in positions),
            source_ids=tuple(self.source_ids[n] for n in positions),
            records=tuple(self.records[n] for n in positions),
        )


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    name: str
    platform: str
    service: str
    kind: str
    dataset_id: str
    folder: str  # below the run's
    snapshots: tuple[PlannedSnapshot, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would do and cost; `hash` names exactly this content."""

    name: str
    project: str | None
    params: Mapping[str, Any]
    jobs: tuple[PlannedJob, ...]
    hash: str
    # Lines of a file: a start brings them in. Until then the plan calls those that are not there yet -1, -2, ...
    new_sources: tuple[Mapping[str, Any], ...] = ()
    merged: tuple[str, ...] = ()  # which addresses are asked once although they were given twice, in words

    @property
    def estimate(self) -> Money:
        snapshots = [snapshot for job in self.jobs for snapshot in job.snapshots]
        return Money(
            sum(snapshot.estimate_records * snapshot.price_micro_usd for snapshot in snapshots),
            sum(snapshot.estimate_records for snapshot in snapshots),
        )


def fingerprint(dataset_id: str, query: Mapping[str, Any], *inputs: Mapping[str, Any]) -> str:
    """Names what is asked, in whatever order: equal fingerprints bring the same rows."""
    content = {"dataset_id": dataset_id, "query": dict(query), "inputs": sorted(map(canonical, inputs))}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def same_inputs(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> bool:
    """Equal as multisets, compared by our own keys: the vendor adds keys and turns values into text."""
    keys = {key for one in ours for key in one}
    return sorted(_plain(one, keys) for one in ours) == sorted(_plain(one, keys) for one in theirs)


def _plain(one: Mapping[str, Any], keys: set[str]) -> str:
    said = {key: str(value).lower() if isinstance(value, bool) else value for key, value in one.items()}
    values = {key: said[key] for key in keys if said.get(key) not in (None, "", [])}
    return canonical({key: value if isinstance(value, list) else str(value) for key, value in values.items()})


@dataclass(frozen=True, kw_only=True)
class SourceResult(Write):
    """What one source gave in one snapshot."""

    source_id: int
    row_count: int
    warning_count: int
    error_count: int
    reason: str | None = None
    misfits: Mapping[str, int] = field(default_factory=dict)  # our column → values that did not fit and are NULL


class LedgerView(Protocol):
    """What a step may ask the ledger."""

    def job(self, job_id: str) -> Job: ...
    def run(self, run_id: str) -> Run: ...
    def sources(self, source_ids: Iterable[int]) -> list[Source]: ...
    def sources_of(self, platform: str, service: str) -> list[Source]: ...
    def collection_seconds(self, dataset_id: str) -> list[float]: ...
    def known_ids(self, provider_ids: Iterable[str]) -> set[str]: ...
    def is_being_triggered(self, snapshot: Snapshot) -> bool: ...
    def asked_elsewhere(self, snapshot: Snapshot) -> Iterable[tuple[str, list[Mapping[str, Any]]]]: ...
    def unsure_alike(self, snapshot: Snapshot) -> list[list[Mapping[str, Any]]]: ...
