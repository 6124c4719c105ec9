"""What the steps of collect work with, and where a snapshot's files lie."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from workbench.brightdata.datasets import DATASETS, Dataset
from workbench.brightdata.delivery import Webhook
from workbench.collect.model import AtVendor, LedgerView, Snapshot
from workbench.collect.rowcounts import RowCounts
from workbench.engine.behind import LostAct
from workbench.errors import Permanent
from workbench.files import is_running, remove_tree

if TYPE_CHECKING:  # httpx costs every command a tenth of a second
    from workbench.brightdata.client import BrightData


class Doubt(Protocol):
    """Why the ledger may not know what is at the other side."""

    @property
    def why(self) -> str: ...
    @property
    def words(self) -> str: ...


class VendorListsView(Protocol):
    """What the ledger remembers of the vendor's lists, for all who look."""

    def turn(self, dataset_id: str, since: date) -> Literal["fresh", "ask", "wait"]: ...
    def keep(self, dataset_id: str, listed: Sequence[AtVendor]) -> None: ...
    def listed(self, dataset_id: str, since: date) -> None: ...
    def refuse(self, dataset_id: str, why: str) -> None: ...
    def leave(self, dataset_id: str) -> None: ...
    def refused(self, dataset_id: str) -> str | None: ...
    def unknown(self, dataset_id: str, since: datetime) -> list[AtVendor]: ...
    def told(
        self, provider_id: str, inputs: Sequence[Mapping[str, Any]] | None, query: Mapping[str, Any] | None = None
    ) -> None: ...
    def behind(self, scope: str) -> Doubt | None: ...
    def compared(self, scope: str) -> None: ...
    def wait_for_person(self, scope: str, why: str) -> None: ...
    def lost(self, scope: str, key: str) -> list[LostAct]: ...
    def is_fresh(self, item: Snapshot) -> bool: ...
    def in_flight(self, item: Snapshot) -> list[int]: ...
    def oldest_plan(self, dataset_id: str) -> datetime: ...


@dataclass(frozen=True, kw_only=True)
class CollectTools:
    brightdata: BrightData
    lake: Path
    view: LedgerView
    now: Callable[[], datetime]
    poll: timedelta
    stall: timedelta  # the shortest deadline of a collection
    retention: timedelta  # how long the vendor keeps a snapshot
    look_gaps: tuple[timedelta, ...]  # between looks for a trigger whose answer was lost
    part_rows: int  # rows a part, once a download had to be resumed
    datasets: tuple[Dataset, ...] = DATASETS  # with the user's own
    row_counts: RowCounts = field(default_factory=RowCounts)
    webhook: Webhook | None = None  # where the vendor may deliver; without, it is only asked
    vendor_lists: VendorListsView | None = None  # without it nobody looks before a trigger
    reuse: timedelta = timedelta()  # how long a younger snapshot answers
    look_inputs: int = 100  # snapshots of unknown inputs that are asked about after one list


def provider_id(snapshot: Snapshot) -> str:
    if snapshot.provider_id is None:
        raise Permanent(f"snapshot {snapshot.id} has no id at Bright Data, though it is {snapshot.state}")
    return snapshot.provider_id


def staging(snapshot: Snapshot, tools: CollectTools) -> Path:
    """The snapshot's own corner, on the lake's file system, so that a rename publishes."""
    return _made(tools.lake / ".staging" / provider_id(snapshot))


def workspace(snapshot: Snapshot, tools: CollectTools) -> Path:
    """A folder of this thread alone: an owner that was taken over may still be writing into its own."""
    return _made(staging(snapshot, tools) / f"work-{os.getpid()}-{threading.get_ident()}")


def clear(snapshot: Snapshot, tools: CollectTools) -> None:
    """Remove what our step and dead ones left in the corner; a living process keeps its folder there.

    An owner that slept past its lease wakes up beside the one that took over.
    """
    corner = staging(snapshot, tools)
    remove_tree(workspace(snapshot, tools))
    for path in corner.iterdir():
        if not path.is_dir():
            path.unlink(missing_ok=True)
        elif (found := re.fullmatch(r"work-(\d+)-\d+", path.name)) and not is_running(int(found[1])):
            remove_tree(path)
    with contextlib.suppress(OSError):  # somebody else's folder is in it
        corner.rmdir()


def job_folder(snapshot: Snapshot, tools: CollectTools) -> Path:
    return _made(tools.lake / tools.view.job(snapshot.job_id).folder)


def _made(folder: Path) -> Path:
    # Not `make_folder`: a disk that is full or read-only passes (OSError); it must not fail what was paid (BadInput).
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def in_lake(path: Path, tools: CollectTools) -> str:
    """The path as the ledger keeps it: relative to the lake, with forward slashes."""
    return path.relative_to(tools.lake).as_posix()
