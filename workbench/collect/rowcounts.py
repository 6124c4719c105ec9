"""What the vendor lists, remembered: one list answers for every snapshot that was finished by then."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from workbench.brightdata.responses import Meaning, meaning_of_status
from workbench.collect.model import Snapshot
from workbench.errors import Throttled

if TYPE_CHECKING:  # httpx costs every command a tenth of a second
    from workbench.brightdata.client import BrightData

_MOST_KEPT: Final = 50_000  # counts of a dataset
_DAY: Final = timedelta(days=1)
_REST: Final = 10  # times as long as a list took, until the next one


@dataclass
class _Listed:
    rows: dict[str, int] = field(default_factory=dict)
    began: datetime | None = None
    took: timedelta = timedelta()


class RowCounts:
    """How many rows the vendor lists for finished snapshots, dataset by dataset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listed: dict[str, _Listed] = {}

    def rows_of(self, snapshot: Snapshot, vendor_id: str, brightdata: BrightData, gap: timedelta) -> int | None:
        """None where it is not listed with a number. Throttled where the last list is older, but only by a moment.

        A list of thousands for each of thousands would be millions of lines.
        """
        with self._lock:
            known = self._listed.setdefault(snapshot.dataset_id, _Listed())
            if vendor_id in known.rows:
                return known.rows[vendor_id]
            at = datetime.now(UTC)
            if known.began is not None:
                if snapshot.ready_at is not None and snapshot.ready_at < known.began:
                    return None
                wait = known.began + max(gap, _REST * known.took) - at
                if wait > timedelta():
                    raise Throttled(f"the list with {vendor_id} is read again in a moment", retry_after=wait)
            began = snapshot.armed_at or snapshot.created_at
            listed = brightdata.list_snapshots(snapshot.dataset_id, from_date=(began - _DAY).date() if began else None)
            rows = {
                one.snapshot_id: one.row_count
                for one in listed
                if one.row_count is not None and meaning_of_status(one.status) is Meaning.READY
            }
            kept = known.rows if len(known.rows) < _MOST_KEPT else {}
            self._listed[snapshot.dataset_id] = _Listed({**kept, **rows}, at, datetime.now(UTC) - at)
            return rows.get(vendor_id)

    def forget(self, snapshot: Snapshot) -> None:
        """A count that does not agree is asked for anew: it may have been made before the last rows were."""
        with self._lock:
            self._listed.pop(snapshot.dataset_id, None)
