"""Executed notebooks, kept as reports whatever their outcome."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.audit.execute import Execution, checked, execute, seal_left
from workbench.audit.notebook import Outcome
from workbench.audit.pulse import Pulse
from workbench.audit.seal import canonical
from workbench.audit.store import (
    RUNNING,
    UNSEALED,
    ask_to_stop,
    beat,
    begin_execution,
    end_execution,
    executed_under,
    find_execution,
    is_to_stop,
    left_behind,
)
from workbench.db.clock import now
from workbench.errors import BadInput, Refused, Transient, WorkbenchError
from workbench.feature import Feature
from workbench.files import SHIPPED_NOTEBOOKS
from workbench.secret import MASK

if TYPE_CHECKING:
    from sqlalchemy import Row

    from workbench.audit.watch import CellProgress

log = logging.getLogger(__name__)

_NOT_KEPT: Final = "[refused, not kept]"


class Audit(Feature):
    """What a person asks of notebooks."""

    def run(
        self,
        notebook: str | Path,
        params: Mapping[str, object] | None = None,
        *,
        limit: timedelta = timedelta(hours=6),
        cell_limit: timedelta | None = None,
        key: str | None = None,
        cancel: threading.Event | None = None,
        on_progress: Callable[[CellProgress], None] = lambda _: None,
    ) -> Execution:
        """Execute a notebook and keep what came of it in archive/reports/, whatever its outcome.

        One notebook is executed once at a time for each `key`, which is its parameters where none is given; Refused
        names who does it. Setting `cancel` ends it as cancelled.
        """
        path = self._notebook(notebook)
        at = now().astimezone(self.settings.zone)
        execution_id = f"{at:%Y%m%d-%H%M%S}-{path.stem[:17]}-{secrets.token_hex(3)}"
        folder = self.settings.archive / "reports" / f"{at:%Y}" / f"{at:%m}" / f"{at:%d}" / execution_id
        given, key = dict(params or {}), None if key is None else self._parts.redactor(key)
        begun = partial(
            begin_execution, self.ledger, execution_id, notebook=str(notebook),
            folder=folder.relative_to(self.settings.home).as_posix(),
        )  # fmt: skip
        try:
            values = checked(path, given, self._parts.redactor)
        except WorkbenchError as refusal:
            # What was refused is kept by name alone: one of the values may be a secret that nobody here knows.
            begun(params=dict.fromkeys(given, _NOT_KEPT))
            said = self._parts.redactor(_without(refusal.message, given.values()))
            end_execution(self.ledger, execution_id, outcome="refused", error=said, facts={})
            refusal.args = (self._parts.redactor(refusal.message), *refusal.args[1:])
            raise
        self.close_killed()
        name = _lock_name(path, canonical(values).decode() if key is None else f"key {key}")
        with self._parts.locks.holding(name, execution_id, is_passing=True) as is_ours:
            if not is_ours:
                said = self._taken(path, name, key)
                begun(params=values, key=key)
                end_execution(self.ledger, execution_id, outcome="refused", error=said, facts={})
                raise Refused(said)
            begun(params=values, key=key)
            with Pulse(
                partial(beat, self.ledger, execution_id), partial(is_to_stop, self.ledger, execution_id), cancel
            ) as pulse:

                def progress(seen: CellProgress) -> None:
                    pulse.see(seen, self._parts.redactor(seen.title))
                    on_progress(seen)

                return self._ended(
                    execution_id,
                    lambda: execute(
                        path, given, folder=folder, home=self.settings.home, redactor=self._parts.redactor,
                        limit=limit, cell_limit=cell_limit, env=self._notebook_env(), on_progress=progress,
                        cancel=pulse.stop,
                    ),
                )  # fmt: skip

    def _ended(self, execution_id: str, work: Callable[[], Execution]) -> Execution:
        """What `work` answers; the ledger knows the end of it, whatever it is."""
        outcome, facts = "refused", dict[str, Any]()
        error: str | None = "it did not begin"
        try:
            done = work()
            outcome, error, facts = str(done.outcome), done.error_value, _cells(done)
        except WorkbenchError as refusal:
            error = self._parts.redactor(refusal.message)
            raise
        except OSError as short:
            outcome, error = UNSEALED, _not_written(short)
            raise Transient(error) from short
        finally:
            end_execution(self.ledger, execution_id, outcome=outcome, error=error, facts=facts)
        return done

    def cancel(self, execution_id: str, *, wait: timedelta = timedelta(seconds=30)) -> str:
        """Ask for the end of an execution and wait for it; its outcome, which is `running` where it goes on."""
        self.close_killed()
        if find_execution(self.ledger, execution_id) is None:
            raise BadInput(f"there is no execution {execution_id}; see: workbench audit list")
        ask_to_stop(self.ledger, execution_id)
        deadline = time.monotonic() + wait.total_seconds()
        while True:
            row = find_execution(self.ledger, execution_id)
            outcome = RUNNING if row is None else str(row.outcome)
            if outcome != RUNNING or time.monotonic() >= deadline:
                return outcome
            time.sleep(0.1)

    def close_killed(self) -> list[str]:
        """Close what is called running and whose process is gone, sealed as far as it came; the ids.

        Whoever executes, lists, finds or verifies executions calls this first.
        """
        return [row.id for row in left_behind(self.ledger) if self._closed(row)]

    def _closed(self, row: Row[Any]) -> bool:
        with self._parts.locks.holding(f"closing:{row.id}", is_passing=True) as is_ours:
            found = find_execution(self.ledger, row.id)
            if not is_ours or found is None or found.outcome != row.outcome:
                return False  # somebody else closes it, or has
            redactor = self._parts.redactor
            try:
                done = seal_left(self.settings.home / row.folder, redactor)
            except (OSError, WorkbenchError) as short:
                log.warning("the execution %s could not be sealed: %s", row.id, short)
                if row.outcome == RUNNING and not isinstance(short, Transient):
                    said = redactor(f"its process was killed, and {_not_written(short)}")
                    end_execution(self.ledger, row.id, outcome=UNSEALED, error=said, facts={})
                return False
            if done is None:
                if row.outcome == UNSEALED and _host(row.owner) != _host(self.ledger.liveness.me):
                    return False  # what there is of it lies on its own machine
                said = "the process that executed it was killed, and nothing of it is left on this machine"
                outcome = Outcome.KILLED if row.outcome == RUNNING else Outcome.CRASHED
                end_execution(self.ledger, row.id, outcome=str(outcome), error=said, facts={})
            else:
                error = None if done.error_value is None else redactor(done.error_value)
                end_execution(self.ledger, row.id, outcome=str(done.outcome), error=error, facts=_cells(done))
            return True

    def _taken(self, path: Path, lock: str, key: str | None) -> str:
        """Who executes it already, since when, and what can be done."""
        asked = f"{path.name} with {'these parameters' if key is None else f'the key {key}'}"
        row = executed_under(self.ledger, lock)
        if row is None or row.owner is None:
            return f"{asked} is being executed this moment; try again, or give another --key."
        pid = row.owner.split(":")[1]
        zone = self.settings.zone
        ago = max(0.0, (now() - (row.heartbeat_at or row.started_at)).total_seconds())
        at = f", at cell {row.cells_run} of {row.cells_total}" if row.cells_total else ""
        return (
            f"{asked} is being executed already: {row.id} by {row.actor} (process {pid} on {_host(row.owner)}), since "
            f"{row.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}, last heartbeat {ago:.0f} s ago{at}. Wait for it, "
            f"stop it with: workbench audit cancel {row.id}; another --key runs beside it."
        )

    def _notebook(self, notebook: str | Path) -> Path:
        """A path, or the name of a notebook that ships with Workbench."""
        path = Path(notebook)
        shipped = SHIPPED_NOTEBOOKS / f"{path.stem}.ipynb"
        found = next((one for one in (path, self.home / path, shipped) if one.is_file()), None)
        if found is None:
            raise BadInput(f"there is no notebook {notebook}; give the path of an .ipynb file, or for example: runs")
        return found.resolve()

    def _notebook_env(self) -> dict[str, str]:
        return {**os.environ, "WORKBENCH_HOME": str(self.settings.home), "WORKBENCH_MODE": self.settings.mode}


def _lock_name(path: Path, key: str) -> str:
    digest = hashlib.sha256(f"{path}\0{key}".encode()).hexdigest()
    return f"notebook:{path.stem[:60]}:{digest[:24]}"


def _host(owner: str) -> str:
    """Of a place among the living: host:process:boot:name."""
    return owner.split(":", maxsplit=1)[0]


def _cells(done: Execution) -> dict[str, Any]:
    return {"cells_run": done.cells_run, "cells_total": done.cells_total}


def _not_written(short: Exception) -> str:
    words = short.message if isinstance(short, WorkbenchError) else str(short)
    return (
        f"its report could not be written: {words.rstrip('.')}. Make room in archive/, or make it writable; what "
        "there is, is then sealed by: workbench audit list"
    )


def _without(text: str, values: Iterable[object]) -> str:
    """`text` without any of the values that it may quote, plain or as Python spells them."""
    spelt = {form for one in values for form in (str(one), repr(one)[1:-1], json.dumps(str(one))[1:-1]) if form}
    for form in sorted(spelt, key=len, reverse=True):
        text = text.replace(form, MASK) if len(form) > 2 else text  # noqa: PLR2004 - shorter, it is no secret
    return text
