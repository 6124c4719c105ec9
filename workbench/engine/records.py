"""Frozen rows of the ledger, and the few things a step may yield.

A step is ``run(item, tools)`` (``run(items, tools)`` when it works on a group). It returns or yields what is to be
written; each is one transaction that checks the item's fencing token before the step's next line runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from workbench.engine.states import Attention, PostingState, SnapshotState, UploadState
from workbench.errors import Fault
from workbench.files import canonical


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
class Item:
    """What every kind of item has: its state, and who works on it."""

    id: int
    state: StrEnum
    attention: Attention | None = None
    reason: str | None = None
    state_at: datetime | None = None
    next_at: datetime | None = None  # due then; None = resting
    attempts: int = 0
    crashes: int = 0
    armed: bool = False
    intent_id: str | None = None
    act_id: str | None = None  # of the act whose answer is awaited, or was lost
    armed_at: datetime | None = None  # of the latest act
    acts: int = 0  # that were begun and not proved undone
    looks: int = 0  # at the other side, since it became unsure
    cancel_requested: bool = False
    created_at: datetime | None = None

    def next_look(self, began: datetime, gaps: Sequence[timedelta], now: datetime) -> Stay | None:
        """When to look again for an answer that was lost; None: of that many spaced looks absence is concluded."""
        early = began + sum(gaps[: self.looks], timedelta()) - now
        if early > timedelta():  # looked for by hand, before its time: looks in a row prove no more than one
            return Stay(after=early)
        if self.looks < len(gaps):
            return Stay(after=gaps[self.looks], values={"looks": self.looks + 1})
        return None


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


GAP: Final = "the gap between two acts"  # why an account waits, when it is its owner's own pace


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who posts or uploads: one login of one channel."""

    id: int
    channel: str  # marketplace | trafficjunky
    label: str
    enabled: bool = True  # the owner's switch
    paused_kind: str | None = None  # a class of trouble that waits for a person
    paused_reason: str | None = None
    paused_at: datetime | None = None
    not_before: datetime | None = None  # acts are due then: pace, or a cool-down
    wait_reason: str | None = None
    gap_seconds: float = 0.0  # between two acts
    daily_cap: int | None = None  # acts a day, in the owner's time zone
    quiet_from: str | None = None  # HH:MM, as quiet_to: no acts between the two
    quiet_to: str | None = None
    last_act_at: datetime | None = None
    proved_at: datetime | None = None
    proof: str | None = None  # what was last proved at the site: ok, logged_out, checkpoint, ...
    proof_reason: str | None = None
    created_at: datetime | None = None
    removed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Upload(Item):
    """One creative on its way to one account of a platform."""

    state: UploadState
    batch_id: str
    account_id: int
    creative_id: int
    unique_id: str
    part: str  # "", VID or IMG
    native_pair_id: str | None
    path: str  # relative to the creatives' root
    name: str
    platform: str
    slot: str  # static | video | in_stream | native
    tab: str  # of the media library
    generation: int  # above 1: sent again on purpose
    force_reason: str | None = None
    campaign_id: str | None = None
    sha256: str | None = None
    media: Mapping[str, Any] | None = None  # what the check found: kind, container, bytes, width, height, seconds
    remote_id: str | None = None
    uploaded_at: datetime | None = None
    review_status: str | None = None
    review_history: tuple[Any, ...] | None = None
    recorded_at: datetime | None = None
    archived_at: datetime | None = None
    archive_path: str | None = None
    screenshot: str | None = None
    retries: int = 0
    error_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Posting(Item):
    """One listing on its way to one account; the content is as it was when the job was made."""

    state: PostingState
    job_id: str
    listing_id: int
    account_id: int
    content: Mapping[str, Any]
    content_sha: str
    token: str  # ours, for the seller's SKU field
    end: str = "publish"  # or draft
    remote_id: str | None = None
    remote_url: str | None = None
    remote_state: str | None = None  # live | under_review | draft
    posted_at: datetime | None = None
    screenshot: str | None = None
    retries: int = 0
    error_type: str | None = None


# How the reason begins of what waits because the ledger may be older than the world.
WAITS: Final = "nothing was sent: this ledger may not know all that was done"


@dataclass(frozen=True, kw_only=True)
class LostAct:
    """An act that the journal knows and the ledger does not."""

    intent_id: str
    at: datetime
    mark: str | None = None  # by which the other side shows it as ours


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


@dataclass(frozen=True)
class Money:
    """Micro-dollars and the records they stand for."""

    micro_usd: int
    records: int


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
class NewListing:
    """What to post; `sha` names the content, whoever posts it."""

    account_id: int | None
    content: Mapping[str, Any]  # title, price, category, condition, description, location, sku, photos (path, sha256)
    sha: str
    sku: str | None = None


@dataclass(frozen=True)
class ListingField:
    """One thing that a listing says. Sheet, form, command line, JSON, page and identity take it from here."""

    name: str
    is_needed: bool = True
    is_content: bool = True  # what is posted, whoever posts it
    since: int = 1  # the version of the identity that it came with; a new field takes the next number


LISTING_FIELDS: Final = (
    ListingField("title"),
    ListingField("price"),
    ListingField("category"),
    ListingField("condition"),
    ListingField("description"),
    ListingField("location"),
    ListingField("photos"),
    ListingField("account", is_needed=False, is_content=False),
    ListingField("sku", is_needed=False),
)
LISTING_CONTENT: Final = tuple(one.name for one in LISTING_FIELDS if one.is_content)


def listing_identity(said: Mapping[str, Any]) -> str:
    """Names what a listing says; a photo is its bytes, so the same one in another folder is no other listing.

    The fields of the first version always count. A later one counts where it says something: a listing that does not
    use it is the listing that it was, and is not posted again.
    """
    photos = [one["sha256"] for one in said["photos"]]
    counted = {
        one.name: said.get(one.name)
        for one in LISTING_FIELDS
        if one.is_content and (one.since == 1 or said.get(one.name) not in (None, "", [], (), {}, False))
    }
    return hashlib.sha256(canonical({**counted, "photos": photos}).encode()).hexdigest()


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


# What a move may carry besides the new state -----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LakeFile:
    """A row of the manifest: a file that tables are made of."""

    kind: str  # posts, comments, ..., rejects, raw
    path: str  # relative to the lake
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SourceResult:
    """What one source gave in one snapshot."""

    source_id: int
    row_count: int
    warning_count: int
    error_count: int
    reason: str | None = None
    misfits: Mapping[str, int] = field(default_factory=dict)  # our column → values that did not fit and are NULL


# What a step yields ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Armed:
    """About to act outside, once. Only what follows this is not repeatable."""

    intent_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    reserve: Money | None = None
    baseline: Mapping[str, Any] | None = None  # the other side before the act; `LedgerView.baseline` gives it back


@dataclass(frozen=True)
class Disarmed:
    """The other side proved that the act did not happen; the reserve is released."""

    reason: str


@dataclass(frozen=True)
class Progress:
    done: int
    total: int | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Nothing to move yet: look again later. No event, no attempt."""

    after: timedelta | None = None  # None: as often as the step looks by itself
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Move:
    """One state to the next, with its facts."""

    to: StrEnum
    item_id: int | None = None  # needed where a step works on a group
    reason: str | None = None
    attention: Attention | None = None
    after: timedelta | None = None  # the next step is due then instead of now
    values: Mapping[str, Any] = field(default_factory=dict)  # columns to set
    files: tuple[LakeFile, ...] | None = None  # replaces the item's rows in the manifest
    results: tuple[SourceResult, ...] = ()
    settle: Money | None = None
    corrects: bool = False  # what was settled: the vendor was asked for the rows once more
    release: bool = False  # gives the reserve back
    adopts: Money | None = None  # what was paid for it already, by an order that this ledger does not know
    fault: Fault | None = None  # trouble on a page that this move is the end of


Yielded = Armed | Disarmed | Progress | Stay | Move


@dataclass(frozen=True)
class Step:
    """How one state is worked on."""

    run: Callable[..., Iterable[Yielded] | Yielded | None]
    together: int = 1
    by: tuple[str, ...] = ()
    counts: bool = True  # attempts are counted at the claim; polls are not
    attempts: int = 12  # then quarantined
    every: timedelta = timedelta(seconds=30)  # between looks of a step that stays
    in_lane: bool = False  # opens a page of the item's account: one at a time, none while the account is paused
    is_act: bool = False  # acts in public there: waits for the account's pace too

    @property
    def is_group(self) -> bool:
        return self.together > 1


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A kind of item, the step of each state, and where its items end when a step gives up."""

    kind: str
    steps: Mapping[StrEnum, Step]
    failed: StrEnum
    unsure: StrEnum
    quarantined: StrEnum
    # A suspended owner may still be inside its act: looks at the other side begin after the longest one.
    longest_act: timedelta = timedelta(minutes=2)

    @property
    def lane_states(self) -> tuple[StrEnum, ...]:
        return tuple(state for state, step in self.steps.items() if step.in_lane)

    @property
    def act_states(self) -> tuple[StrEnum, ...]:
        return tuple(state for state, step in self.steps.items() if step.in_lane and step.is_act)


@dataclass(frozen=True)
class Claim:
    """Our right to write an item, until a newer token exists."""

    kind: str
    item_id: int
    token: int
    until_boot: float  # seconds of the boot-time clock
    account_id: int | None = None  # whose lane we hold with it
    lane_token: int = 0


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
    def baseline(self, item: Item) -> Mapping[str, Any] | None: ...
    def remote_ids(self, account_id: int) -> set[str]: ...
    def account(self, account_id: int) -> Account: ...
