"""The worker, and what is derived from the truth while it works: folders with their notes, the serving copy."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from workbench import detached
from workbench.app.asking import Asking
from workbench.app.delivering import Delivering
from workbench.collect import folders
from workbench.errors import Transient
from workbench.files import make_folder
from workbench.ledger import queries, recovering
from workbench.logs import log_to_folder
from workbench.settings import as_environment
from workbench.worker import Worked

log = logging.getLogger(__name__)

_NOTIFY_SECONDS: Final = 30.0  # that the owner's command may take for one entry
_PROJECT_EVERY: Final = 5.0  # seconds between rebuilds of what is derived, while work goes on


class Working(Asking, Delivering):
    def todo(self) -> list[dict[str, Any]]:
        """Everything that waits for a person, deliveries in review too: {kind, id, why, command}."""
        deliveries = [
            {
                "kind": "delivery",
                "id": str(one["delivery_id"]),
                "why": f"{one['status']}: {one['error_message'] or 'nobody knows its snapshot'}",
                "command": f"workbench deliveries show {one['delivery_id']}",
            }
            for one in self.deliveries_in_review()
        ]
        return super().todo() + deliveries

    _served: object = None  # the chain's head of our last serving copy

    def work(
        self,
        *,
        run: str | None = None,
        until_idle: bool = True,
        limit: timedelta | None = None,
        threads: int | None = None,
        watch: Callable[[], None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> Worked:
        """Work here until everything rests (or until `run` is finished, or the time `limit`).

        Raises Misconfigured as soon as a setting keeps the work from going on. `watch` is called twice a second.
        """
        run_id = queries.find_run(self.ledger, run) if run else None
        self.log_here()
        last = time.monotonic()

        def meanwhile() -> None:
            nonlocal last
            if time.monotonic() - last > _PROJECT_EVERY:
                last = time.monotonic()
                self._project(run_id)
                self._notify()
                self.match_deliveries()
            watch()

        self.match_deliveries()
        try:
            worked = self.worker.work(
                threads=threads or self.settings.threads,
                until_idle=until_idle and run_id is None,
                until=(lambda: self._is_over(run_id)) if run_id else (lambda: False),
                limit=limit,
                meanwhile=meanwhile,
                stop=stop,
            )
        finally:
            self._project(run_id)
            self._notify()
            watch()
        if worked.steps:
            try:
                self.serve_copy()
            except Transient as error:  # derived: the truth is published, and the next work makes it again
                log.warning("%s", error.message)
        return worked

    def log_here(self) -> None:
        """What this process logs goes to the file of the day."""
        log_to_folder(self.settings.data / "logs", self.redactor)

    def _is_over(self, run_id: str) -> bool:
        """Nothing is due in the run any more: finished, or waiting for a person."""
        run = queries.runs(self.ledger, run_id)[0]
        return all(one["next_at"] is None for job in run["jobs"] for one in job["snapshots"])

    def start_worker(self) -> bool:
        """Start a detached worker unless one is at work; returns at once. False when one was there already."""
        if self.is_worked():
            return False
        log = make_folder(self.settings.data / "logs", mode=0o700) / "worker.log"
        environment = {**os.environ, **as_environment(self.settings)}
        detached.start("workbench.cli", ["work", "--until-idle"], log=log, cwd=self.settings.home, env=environment)
        return True

    def is_worked(self) -> bool:
        """Whether a living worker is at work on this ledger."""
        return bool(self.lanes.living("worker"))

    def _project(self, run_id: str | None = None) -> None:
        """Bring what is derived up to date: folders with their notes, and the serving copy."""
        if self.settings.auto_create_folders:
            jobs = [job for run in queries.runs(self.ledger, run_id) for job in run["jobs"]]
            folders.write_notes(make_folder(self.settings.lake), jobs)

    def _notify(self) -> None:
        """Tell the owner's command of what waits for a person since the last time; once each, whoever works."""
        command = self.settings.notify_command
        if not command:
            return
        waiting = {f"{one['kind']} {one['id']} {one['command']}": one for one in self.todo()}
        for name in sorted(recovering.newly_waiting(self.ledger, waiting)):
            _tell(command, waiting[name])

    def serve_copy(self) -> Path | None:
        """Build data/workbench.duckdb anew when the truth moved; one process at a time, the others leave it be."""
        from workbench.tables.serve import build

        target = self.settings.data / "workbench.duckdb"
        head = self.ledger.head()
        if head == self._served and target.exists():
            return target
        token = self.lanes.take("serve")
        if token is None:
            return None
        try:
            build(target, self.refreshed())
            self._served = head
        finally:
            self.lanes.release("serve", token)
        return target


def _tell(command: Sequence[str], entry: Mapping[str, Any]) -> None:
    """The entry as JSON on the command's stdin. What goes wrong is logged: the entry stays in todo all the same."""
    try:
        subprocess.run(
            command, input=json.dumps(entry).encode(), timeout=_NOTIFY_SECONDS, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("WORKBENCH_NOTIFY_COMMAND was not told of %s %s: %s", entry["kind"], entry["id"], error)
