"""What is kept in order beside the work, in the worker's idle moments: compaction, and the serving copy."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.db.clock import now
from workbench.db.ledger import read_meta, set_meta
from workbench.errors import WorkbenchError
from workbench.feature import Feature
from workbench.files import make_folder, remove_tree
from workbench.lake import compacted
from workbench.lake.catalog import Catalog
from workbench.lake.serving import about, build

if TYPE_CHECKING:
    from workbench.container import Container

log = logging.getLogger(__name__)

_BUSY: Final = 4  # times as many small files: then it is done beside the work, idle or not
_AGAIN: Final = 60.0  # seconds until a compaction that came to nothing is tried again, at least
_REST: Final = 10  # making the serving copy may take a tenth of the time
_QUICK: Final = timedelta(seconds=10)  # a copy that is made so soon is always of this moment when the work ends
_SERVED: Final = "serving_copy"
_MEMORY: Final = "512MB"


class Tending(Feature):
    """What a worker does for the lake."""

    def __init__(self, parts: Container) -> None:
        super().__init__(parts)
        self._beside: threading.Thread | None = None
        self._not_before = 0.0  # on the monotonic clock: no compaction sooner

    def tend(self) -> None:
        """Begin what is due in a thread of its own, unless a step waits for the machine; returns at once."""
        if self._beside is not None and self._beside.is_alive():
            return
        is_idle = self._parts.worker.is_idle()
        if self._is_compaction_due(times=1 if is_idle else _BUSY):
            self._begin("compact", self._compact_or_say)
        elif is_idle and self._is_copy_due():
            self._begin("serve", self._serve_or_say)

    def finish_tending(self, *, has_worked: bool) -> None:
        """At the end of the work: wait for what was begun, then do here what is due."""
        if self._beside is not None:
            self._beside.join()
        if has_worked and self._is_compaction_due():
            self._compact_or_say()
        if has_worked and self._is_copy_due(is_end=True):
            self._serve_or_say()

    def _begin(self, name: str, chore: Callable[[], None]) -> None:
        self._beside = threading.Thread(target=chore, name=name, daemon=True)
        self._beside.start()

    def _is_compaction_due(self, *, times: int = 1) -> bool:
        every = self.settings.compact_after_snapshots * times
        return bool(every) and time.monotonic() >= self._not_before and compacted.small_files(self.ledger) >= every

    def _compact_or_say(self) -> None:
        """A trouble is logged: the small files are read as before, and the next time comes."""
        begun = time.monotonic()
        try:
            done = self._parts.keeping.compact()
        except WorkbenchError as error:
            log.warning("%s", error.message)
        else:
            for one in done:
                log.info("compacted %s: %s files into %s", one["kind"], one["files"], one["path"])
        self._not_before = time.monotonic() + max(_AGAIN, _REST * (time.monotonic() - begun))

    def _is_copy_due(self, *, is_end: bool = False) -> bool:
        """Whether the truth moved since the copy was made, and making it again is worth its time."""
        if not self._copy.exists():
            return True
        made = json.loads(read_meta(self.ledger, _SERVED) or "{}")
        if not made:
            return True
        took = timedelta(seconds=made["seconds"])
        is_rested = now() - datetime.fromisoformat(made["at"]) >= _REST * took
        return made["head"] != list(self.ledger.head()) and (is_rested or (is_end and took <= _QUICK))

    def _serve_or_say(self) -> None:
        """A trouble is logged: the copy is derived, the truth is published, and the next time comes."""
        try:
            self.serve_copy()
        except WorkbenchError as error:
            log.warning("%s", error.message)

    @property
    def _copy(self) -> Path:
        return self.settings.data / "workbench.duckdb"

    def copy_standing(self) -> dict[str, Any]:
        """{made_at, is_old, said, cure}: how old the serving copy is, by what it says itself."""
        if not self._copy.exists():
            said = "none yet: the first work makes it"
            return {"made_at": None, "is_old": False, "said": said, "cure": ""}
        found, (events, head) = about(self._copy), self.ledger.head()
        if found is None:
            said, is_old, made_at = "of before copies said when they were made", True, ""
        else:
            made_at, is_old = found.made_at.isoformat(), found.head != head or found.missing_files > 0
            said = f"made {found.made_at:%Y-%m-%d %H:%M} UTC"
            said += f", {events - found.events:,} events ago" if found.head != head else ", as new as the ledger"
            said += f"; {found.missing_files} files were missing then" if found.missing_files else ""
        cure = "Make it anew: workbench compact" if is_old else ""
        return {"made_at": made_at, "is_old": is_old, "said": f"{self._copy}: {said}", "cure": cure}

    def serve_copy(self) -> Path | None:
        """Make data/workbench.duckdb of everything as it is now; one process at a time, the others leave it be."""
        with self._parts.locks.holding("serve") as is_ours:
            if not is_ours:
                return None
            begun, head = time.monotonic(), self.ledger.head()
            # A catalog of its own, within its own bounds: the one of this process answers questions meanwhile.
            spill = self.settings.data / ".serving"
            catalog = Catalog(make_folder(self.settings.lake), memory=_MEMORY, spill=spill)
            try:
                self._parts.lake.refresh(catalog)
                build(self._copy, catalog, head)
            finally:
                catalog.close()
                remove_tree(spill)
            made = {"head": head, "at": now().isoformat(), "seconds": round(time.monotonic() - begun, 1)}
            self.ledger.write(lambda connection: set_meta(connection, _SERVED, json.dumps(made)))
        return self._copy
