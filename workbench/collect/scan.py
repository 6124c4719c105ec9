"""What exists at Bright Data against what we have: scan, and what it takes to bring a stranger in."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from workbench import addresses
from workbench.brightdata.contents import Listed
from workbench.brightdata.datasets import Dataset
from workbench.brightdata.responses import Meaning, meaning_of_status
from workbench.collect.model import SnapshotState, Source, same_inputs
from workbench.collect.poll import state_of
from workbench.collect.reconcile import EARLIER
from workbench.errors import Permanent, Transient

if TYPE_CHECKING:  # httpx costs every command a tenth of a second
    from workbench.brightdata.client import BrightData

PAUSES: Final = (timedelta(seconds=0.5), timedelta(seconds=2), timedelta(seconds=8))  # between tries to ask
EXPIRING: Final = 0.25  # of the vendor's retention left: time to hurry


_NAMES_OF_ACCOUNTS: Final = {"user_name", "username", "handle"}  # inputs that say whose page is meant


class VendorStanding(StrEnum):
    """How a snapshot at the vendor stands to us."""

    KNOWN = "known"  # ours, and on its way or done
    UNKNOWN = "unknown"  # nobody's: another tool's, or of before our time
    UNSURE = "unsure"  # perhaps ours: a trigger of that time lost its answer and is looked for
    STALLED = "stalled"  # ours, over its deadline, or given up here while the vendor has it; recover requeue ID
    SHORT = "short"  # ours, and Bright Data counts more rows than came; recover adopt fetches it once more
    EXPIRING = "expiring"  # not brought in yet, and soon gone
    EXPIRED = "expired"  # not brought in, and gone by the vendor's retention


# What somebody should look at first comes first.
_URGENT: Final = (
    VendorStanding.EXPIRING,
    VendorStanding.UNSURE,
    VendorStanding.UNKNOWN,
    VendorStanding.SHORT,
    VendorStanding.STALLED,
    VendorStanding.EXPIRED,
    VendorStanding.KNOWN,
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One snapshot at the vendor."""

    snapshot_id: str
    dataset_id: str
    platform: str
    service: str
    status: str  # the vendor's word
    created_at: datetime | None
    rows: int | None
    state: str | None  # ours
    standing: VendorStanding
    days_left: float | None
    error: str | None = None  # the vendor's words, of one that failed
    error_code: str | None = None

    @property
    def order(self) -> tuple[int, float, str]:
        """What to look at first: by standing, then what is gone soonest."""
        return _URGENT.index(self.standing), self.days_left or 0, self.snapshot_id


def scan(
    brightdata: BrightData,
    datasets: Iterable[Dataset],
    states_of: Callable[[Sequence[str]], Mapping[str, str]],
    *,
    short_of: Callable[[Mapping[str, int]], Collection[str]] = lambda _: (),
    lost_since: Mapping[str, datetime] = MappingProxyType({}),
    now: datetime,
    retention: timedelta,
    since: date | None = None,
    on_dataset: Callable[[str, int], None] = lambda *_: None,
) -> Iterator[Found]:
    """All pages of every dataset; `states_of` tells our states of the ids that we know.

    `short_of`: of ids with the rows that the vendor lists, those that brought us fewer.
    `lost_since`: dataset → when the first of its triggers was sent whose answer is still looked for.
    """
    for dataset in datasets:
        listed = _listed(brightdata, dataset.dataset_id, since)
        ours = states_of([one.snapshot_id for one in listed])
        short = short_of({one.snapshot_id: one.row_count for one in listed if one.row_count is not None})
        on_dataset(dataset.name, len(listed))
        for one in listed:
            found = _found(one, dataset, ours.get(one.snapshot_id), now, retention)
            if (
                one.snapshot_id in short
                and found.standing is VendorStanding.KNOWN
                and _is_ready(one.status, found.days_left)
            ):
                found = replace(found, standing=VendorStanding.SHORT)
            yield _perhaps_ours(found, lost_since.get(dataset.dataset_id))


def _is_ready(status: str, days_left: float | None) -> bool:
    return meaning_of_status(status) is Meaning.READY and (days_left is None or days_left > 0)


def _listed(brightdata: BrightData, dataset_id: str, since: date | None) -> list[Listed]:
    """The whole list; a hiccup in one of many calls is no reason to ask a person to begin anew."""
    for pause in PAUSES:
        try:
            return list(brightdata.list_snapshots(dataset_id, from_date=since))
        except Transient as error:
            asked = error.retry_after or timedelta()
            if asked > PAUSES[-1]:
                raise
            time.sleep(max(asked, pause).total_seconds())
    return list(brightdata.list_snapshots(dataset_id, from_date=since))


def _perhaps_ours(found: Found, lost_since: datetime | None) -> Found:
    if found.state is not None or lost_since is None:
        return found
    is_older = found.created_at is not None and found.created_at < lost_since - EARLIER
    return found if is_older else replace(found, standing=VendorStanding.UNSURE)


def _found(one: Listed, dataset: Dataset, state: str | None, now: datetime, retention: timedelta) -> Found:
    left = None if one.created_at is None else one.created_at + retention - now
    return Found(
        snapshot_id=one.snapshot_id,
        dataset_id=dataset.dataset_id,
        platform=dataset.platform,
        service=dataset.service,
        status=one.status,
        created_at=one.created_at,
        rows=one.row_count,
        state=state,
        standing=_standing(state, one.status, left, retention),
        days_left=None if left is None else round(left / timedelta(days=1), 1),
        error=one.error,
        error_code=one.error_code,
    )


_BROUGHT_IN: Final = {
    SnapshotState.DOWNLOADED,
    SnapshotState.STAGED,
    SnapshotState.PUBLISHED,
    SnapshotState.EMPTY,
    SnapshotState.FAILED,
    SnapshotState.CANCELED,
    SnapshotState.EXPIRED,
}


def _standing(state: str | None, status: str, left: timedelta | None, retention: timedelta) -> VendorStanding:
    is_there = meaning_of_status(status) is Meaning.READY and (left is None or left > timedelta())
    if is_there and state in (SnapshotState.FAILED, SnapshotState.EXPIRED):
        return VendorStanding.STALLED
    if state is not None and SnapshotState(state) in _BROUGHT_IN:
        return VendorStanding.KNOWN
    if left is not None and left <= timedelta():
        return VendorStanding.EXPIRED
    if state in (SnapshotState.STALLED, SnapshotState.QUARANTINED):
        return VendorStanding.STALLED
    if left is not None and left <= retention * EXPIRING:
        return VendorStanding.EXPIRING
    return VendorStanding.UNKNOWN if state is None else VendorStanding.KNOWN


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """A snapshot of the vendor's as it enters the ledger."""

    provider_id: str
    dataset_id: str
    platform: str
    service: str
    kind: str
    state: SnapshotState
    vendor_status: str
    created_at: datetime | None
    inputs: tuple[Mapping[str, Any], ...]
    source_ids: tuple[int | None, ...]  # beside `inputs`
    reason: str | None = None  # why there is nothing to bring in
    error_code: str | None = None


def stranger(brightdata: BrightData, found: Found, kind: str, sources: Sequence[Source]) -> Stranger:
    """What the ledger needs to bring `found` in by the ordinary steps. Inputs that the vendor forgot are none."""
    try:
        inputs = tuple(brightdata.inputs(found.snapshot_id))
    except Permanent:  # expired, or "Snapshot input does not exist": rows can still be had, without their sources
        inputs = ()
    known = by_key(sources, found.platform, found.service)
    state = state_of(found.status) or SnapshotState.TRIGGERED
    is_over = state not in (SnapshotState.TRIGGERED, SnapshotState.READY)
    return Stranger(
        provider_id=found.snapshot_id,
        dataset_id=found.dataset_id,
        platform=found.platform,
        service=found.service,
        kind=kind,
        state=state,
        vendor_status=found.status,
        created_at=found.created_at,
        inputs=inputs,
        source_ids=tuple(_source_of(found.platform, one, known) for one in inputs),
        reason=_why_over(brightdata, found) if is_over else None,
        error_code=(found.error_code or str(state)) if is_over else None,
    )


def _why_over(brightdata: BrightData, found: Found) -> str:
    """The vendor's own words for a snapshot that failed; its list has them at times, its progress mostly."""
    said = found.error
    if not said:
        try:
            said = brightdata.progress(found.snapshot_id).error_message
        except Permanent:  # no longer known there: the list alone speaks of it
            said = None
    return said or f"{found.status} at Bright Data"


def may_be(new: Stranger, lost: Mapping[str, Any]) -> bool:
    """Whether `new` is perhaps what a trigger of ours that lost its answer has started: then only it may adopt it."""
    is_older = (
        lost["acts"] == 1
        and new.created_at is not None
        and lost["armed_at"] is not None
        and new.created_at < lost["armed_at"] - EARLIER
    )
    return not is_older and (not new.inputs or same_inputs(lost["inputs"], new.inputs))


def by_key(sources: Iterable[Source], platform: str, service: str) -> dict[str, int]:
    """Normalised address or handle → the source with the lowest id; never a part of one."""
    mine = [one for one in sources if (one.platform, one.service) == (platform, service)]
    return {
        addresses.key(platform, one.url): one.id if one.merged_into is None else one.merged_into
        for one in sorted(mine, key=lambda one: one.id, reverse=True)
    }


def _source_of(platform: str, inputs: Mapping[str, Any], known: Mapping[str, int]) -> int | None:
    keys = [one for name, value in inputs.items() if isinstance(value, str) for one in _keys_of(platform, name, value)]
    return next((known[key] for key in keys if key in known), None)


def _keys_of(platform: str, name: str, value: str) -> Iterator[str]:
    yield addresses.key(platform, value)
    if name.casefold() in _NAMES_OF_ACCOUNTS:
        yield addresses.key(platform, addresses.of_handle(platform, f"@{addresses.handle(value)}"))
