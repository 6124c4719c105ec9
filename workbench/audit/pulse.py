"""The ledger and an execution while it runs: how it comes along goes there, and that it is to stop comes from there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from workbench.audit.watch import CellProgress
from workbench.errors import WorkbenchError

log = logging.getLogger(__name__)

TICK: Final = 0.5  # seconds between two looks, and at least between two entries
HEARTBEAT: Final = 5.0  # seconds between two signs of life of a cell that takes long


class Pulse:
    """Beats in a thread of its own as long as the context lasts; sets `stop` when the execution is to end.

    `beat` enters a sign of life and what was seen, `is_to_stop` asks the ledger. `asked` is the caller's own wish,
    and may be about more than this execution: it is only read.
    """

    def __init__(
        self,
        beat: Callable[[Mapping[str, Any]], None],
        is_to_stop: Callable[[], bool],
        asked: threading.Event | None,
    ) -> None:
        self._tell, self._is_to_stop, self._asked = beat, is_to_stop, asked
        self.stop = threading.Event()
        self._over = threading.Event()
        self._seen: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def see(self, progress: CellProgress, title: str) -> None:
        self._seen = {"cells_run": progress.number, "cells_total": progress.total, "cell": title}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        told, told_at = self._seen, time.monotonic()
        while not self._over.wait(TICK):
            seen = self._seen
            if self._asked is not None and self._asked.is_set():
                self.stop.set()
            try:
                if seen != told or time.monotonic() - told_at >= HEARTBEAT:
                    self._tell(seen)
                    told, told_at = seen, time.monotonic()
                if self._is_to_stop():
                    self.stop.set()
            except WorkbenchError as error:  # a ledger that is busy or away; the work goes on
                log.warning("an execution could not give a sign of life: %s", error.message)
