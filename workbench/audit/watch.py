"""The runner from outside: start it, pass on its progress, stop it, say what happened when it cannot."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import site
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import IO, Any, Final, Self, cast

from workbench import processes
from workbench.audit.notebook import CellState, Outcome
from workbench.audit.origin import ROOT
from workbench.audit.runner import RunnerOrder
from workbench.feature import EXECUTION_ID

SLACK: Final = timedelta(seconds=15)  # what the runner has for its own ending before it is killed
TICK: Final = 0.2


@dataclass(frozen=True)
class CellProgress:
    """A cell began or ended; `number` counts the cells that run, from 1."""

    number: int
    total: int
    state: CellState
    title: str = ""


OnProgress = Callable[[CellProgress], None]


@dataclass(frozen=True)
class RunnerVerdict:
    """What to believe when the notebook does not name its outcome."""

    outcome: Outcome
    error_name: str
    error_value: str


def watched(
    order: RunnerOrder, env: Mapping[str, str], on_progress: OnProgress, cancel: threading.Event
) -> RunnerVerdict:
    """Run the order to its end; Ctrl-C counts as setting `cancel`."""
    with _Runner(order, env) as runner:
        is_asked = is_late = False
        deadline = time.monotonic() + (order.limit + order.grace + SLACK).total_seconds()
        while not runner.is_over:
            try:
                if progress := runner.next_progress():
                    on_progress(progress)
                if cancel.is_set() and not is_asked:
                    is_asked = True
                    deadline = min(deadline, time.monotonic() + (order.grace + SLACK).total_seconds())
                    runner.send(signal.SIGTERM)
                if time.monotonic() > deadline and not is_late:
                    is_late = True
                    runner.send(signal.SIGKILL)
            except KeyboardInterrupt:
                cancel.set()
    if is_asked:
        return RunnerVerdict(Outcome.CANCELLED, "Cancelled", "the runner was stopped before it finished its file")
    if is_late:
        return RunnerVerdict(Outcome.TIMED_OUT, "TimedOut", f"the execution's limit of {order.limit} was reached")
    return RunnerVerdict(Outcome.CRASHED, "RunnerCrashed", runner.cause_of_death())


class _Runner:
    """The process; leaving the context ends it and its kernel, whatever happened."""

    def __init__(self, order: RunnerOrder, env: Mapping[str, str]) -> None:
        self._order = order
        self._news: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._kernel: int | None = None
        self._cells: list[int] = []
        self._titles: list[str] = []
        self.is_over = False
        self._last_words = ""
        # A file without a name: the kernel writes here too, and what it writes is not redacted.
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            processes.command(processes.NOTEBOOK_RUNNER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=order.work,
            env=_environment(order, env),
            start_new_session=True,  # Ctrl-C in a terminal is for us; we end it in good order
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        with contextlib.suppress(BrokenPipeError):  # it died already; the reader finds out
            self._stdin.write(pickle.dumps(self._order))
            self._stdin.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(SLACK.total_seconds())  # it has closed its output, and is on its way out
        self._process.kill()
        self._process.wait()
        if self._kernel is not None and self._process.returncode != 0:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._kernel, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        self._reader.join()
        self._stdout.close()
        self._last_words = self._stderr_tail()
        self._stderr.close()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def next_progress(self) -> CellProgress | None:
        """Wait a tick for news; None when there is none, or none about a cell."""
        try:
            news = self._news.get(timeout=TICK)
        except queue.Empty:
            return None
        if news is None:
            self.is_over = True
        elif "kernel" in news:
            self._kernel, self._cells, self._titles = news["kernel"], news["cells"], news["titles"]
        else:
            number = self._cells.index(news["cell"]) + 1
            return CellProgress(number, len(self._cells), CellState(news["state"]), self._titles[number - 1])
        return None

    def cause_of_death(self) -> str:
        code = self._process.returncode
        cause = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}{self._last_words}"
        return f"the process that ran the notebook ended with {cause}"

    def _stderr_tail(self) -> str:
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - 4096))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def _read(self) -> None:
        for line in self._stdout:
            with contextlib.suppress(ValueError):  # half a line of a killed runner
                self._news.put(json.loads(line))
        self._news.put(None)


def _environment(order: RunnerOrder, env: Mapping[str, str]) -> dict[str, str]:
    """The caller's, without settings or start-up files of whoever is logged in: no report would show them."""
    own = {
        EXECUTION_ID: order.execution_id,
        "IPYTHONDIR": f"{order.work}/ipython",
        "JUPYTER_CONFIG_DIR": f"{order.work}/jupyter",
        "JUPYTER_RUNTIME_DIR": f"{order.work}/jupyter",
        "JUPYTER_NO_CONFIG": "1",
    }
    if str(ROOT) not in site.getsitepackages():
        # Run from a checkout, the notebook must import the very same code.
        own["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))
    return {**env, **own}
