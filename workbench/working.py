"""The worker, and what is derived from the truth while it works: folders with their notes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from workbench import processes
from workbench.collect import folders, queries
from workbench.collect import recovery_store as recovering
from workbench.db.clock import now
from workbench.engine.locks import lock_of_account
from workbench.engine.transitions import GAP
from workbench.engine.worker import Worked
from workbench.feature import EXECUTION_ID, Feature
from workbench.files import make_folder
from workbench.settings import as_environment

log = logging.getLogger(__name__)

_NOTIFY_SECONDS: Final = 30.0  # that the owner's command may take for one entry
_PROJECT_EVERY: Final = 5.0  # seconds between rebuilds of what is derived, while work goes on, at least
_REST: Final = 10  # they may take a tenth of the time: of a large ledger they come less often
# What somebody who started work still waits for: the owner's gap between two acts, and looks that come soon.
_LONGEST_PACE: Final = timedelta(hours=1)
_LONGEST_LOOK: Final = timedelta(minutes=5)
_LONGEST_LOOKING: Final = timedelta(minutes=30)  # for what was sent, at a site whose pages cannot be read


class Working(Feature):
    """The work of this process, and of one beside it."""

    def work(
        self,
        *,
        run: str | None = None,
        over: Callable[[], bool] | None = None,
        until_idle: bool = True,
        limit: timedelta | None = None,
        threads: int | None = None,
        watch: Callable[[], None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> Worked:
        """Work here until everything rests (or until `run` is finished, or `over()`, or the time `limit`).

        Raises Misconfigured as soon as a setting keeps the work from going on. `watch` is called twice a second.
        """
        run_id = queries.find_run(self.ledger, run) if run else None
        self.log_here()
        if run_id is not None:
            over = lambda: self._is_over(run_id)  # noqa: E731 - one more reason to end
        last, every = time.monotonic(), _PROJECT_EVERY

        def meanwhile() -> None:
            nonlocal last, every
            if (begun := time.monotonic()) - last > every:
                self.project(run_id)
                self._notify()
                self._parts.deliveries.match()
                self._parts.tending.tend()
                last = time.monotonic()
                every = max(_PROJECT_EVERY, _REST * (last - begun))
            watch()

        self._parts.deliveries.match()
        self._wipe_leftover_logins()
        try:
            worked = self._parts.worker.work(
                threads=threads or self.settings.threads,
                until_idle=until_idle and over is None,
                until=over or (lambda: False),
                limit=limit,
                meanwhile=meanwhile,
                stop=stop,
            )
        finally:
            self.project(run_id)
            self._notify()
            watch()
        self._parts.tending.finish_tending(has_worked=worked.steps > 0)
        return worked

    def work_on(self, items: Callable[[], Iterable[Mapping[str, Any]]], *, acts_in: StrEnum, **more: Any) -> None:
        """Work here until nothing of `items` is left that moves soon by itself."""
        self.work(over=lambda: is_settled(items(), now(), acts_in=acts_in), **more)

    def log_here(self) -> None:
        """What this process logs goes to the file of the day."""
        self._parts.logs.begin()

    def _wipe_leftover_logins(self) -> None:
        for account_id in self._parts.sessions.leftovers():
            with self._parts.locks.holding(lock_of_account(account_id), "sessions") as is_ours:
                if is_ours:
                    self._parts.sessions.wipe_leftovers(account_id)

    def _is_over(self, run_id: str) -> bool:
        """Nothing is due in the run any more: finished, or waiting for a person."""
        return not queries.is_anything_due(self.ledger, run_id)

    def start_worker(self) -> bool:
        """Start a detached worker unless one is at work; returns at once. False when one was there already."""
        if self.is_worked():
            return False
        log = make_folder(self.settings.data / "logs", mode=0o700) / "worker.log"
        environment = {**os.environ, **as_environment(self.settings)}
        environment.pop(EXECUTION_ID, None)  # it works for everybody, also when the notebook is over
        processes.start(processes.CLI, ["work", "--until-idle"], log=log, cwd=self.settings.home, env=environment)
        return True

    def is_worked(self) -> bool:
        """Whether a living worker is at work on this ledger."""
        return bool(self._parts.locks.living("worker"))

    def project(self, run_id: str | None = None) -> None:
        """Bring what is derived up to date: folders with their notes."""
        runs = [one for one in queries.runs(self.ledger, run_id) if self._makes_folders(one["params"])]
        if jobs := [job for run in runs for job in run["jobs"]]:
            folders.write_notes(make_folder(self.settings.lake), jobs)
        self._parts.uploads.project()

    def _makes_folders(self, params: Mapping[str, Any]) -> bool:
        """As whoever ordered the run said, or the setting."""
        return bool(params.get("auto_create_folders", self.settings.auto_create_folders))

    def _notify(self) -> None:
        """Tell the owner's command of what waits for a person since the last time; once each, whoever works."""
        command = self.settings.notify_command
        if not command:
            return
        # Of a schedule that fails the owner is told by whoever ran it, and of its recovery too.
        entries = [one for one in self._parts.overview.todo() if one["kind"] != "schedule"]
        waiting = {f"{one['kind']} {one['id']} {one['command']}": one for one in entries}
        for name in sorted(recovering.newly_waiting(self.ledger, waiting)):
            _tell(command, waiting[name])


def is_settled(items: Iterable[Mapping[str, Any]], at: datetime, *, acts_in: StrEnum) -> bool:
    """Whether whoever started these need not wait: all is over, or only a person or a long time moves the rest.

    `acts_in`: the state from which they act, at the pace of their account.
    """
    return not any(_is_soon(one, at, acts=one["state"] == acts_in) for one in items)


def _is_soon(one: Mapping[str, Any], at: datetime, *, acts: bool) -> bool:
    if one["is_worked"] or not one["is_due"]:
        return bool(one["is_worked"])
    not_before = one["not_before"] if acts else None
    if not_before and not_before > at and one["wait_reason"] not in (None, GAP):
        return False  # the site, or the owner's day, says when it goes on
    if not acts and at - one["state_at"] > _LONGEST_LOOKING:
        return False
    is_paced = acts and one.get("error_class") is None  # a listing in trouble waits for another try, not for its turn
    longest = _LONGEST_PACE if is_paced else _LONGEST_LOOK
    return max((each for each in (one["next_at"], not_before) if each), default=at) - at <= longest


def _tell(command: Sequence[str], entry: Mapping[str, Any]) -> None:
    """The entry as JSON on the command's stdin. What goes wrong is logged: the entry stays in todo all the same."""
    try:
        subprocess.run(
            command, input=json.dumps(entry).encode(), timeout=_NOTIFY_SECONDS, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("WORKBENCH_NOTIFY_COMMAND was not told of %s %s: %s", entry["kind"], entry["id"], error)
