"""A command of a schedule as a process of its own, its output kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from workbench import processes
from workbench.errors import BadInput
from workbench.files import make_folder, write_bytes
from workbench.schedule.model import OF_EXIT, TickEnd, TickOutcome

_GRACE: Final = 20.0  # seconds between asking it to stop and killing it
_LOOK: Final = 0.1
_KEPT: Final = 200  # outputs of one schedule
_LARGEST: Final = 16 << 20  # bytes of an output that are looked through for secrets; of a longer one, its end
_SAID: Final = 300  # signs of its last line that a person is told


def run_command(
    words: Sequence[str],
    *,
    log: Path,
    home: Path,
    env: Mapping[str, str],
    limit: timedelta,
    cancel: threading.Event,
    redact: Callable[[str], str],
) -> TickEnd:
    """Run a command of ours to its end; `cancel` and `limit` ask it to stop, as Ctrl-C would, and then kill it."""
    make_folder(log.parent, mode=0o700)
    try:
        process = processes.start(processes.CLI, words, log=log, cwd=home, env=env)
    except OSError as error:
        raise BadInput(f"the command could not be started: {error.strerror}.") from error
    deadline, why = time.monotonic() + limit.total_seconds(), None
    while why is None and process.poll() is None:
        if cancel.wait(_LOOK):
            why = TickOutcome.CANCELLED
        elif time.monotonic() > deadline:
            why = TickOutcome.TIMED_OUT
    if why is not None:
        _stop(process)
    said = _redacted(log, redact)
    if why is TickOutcome.TIMED_OUT:
        return TickEnd(why, f"it was still at work after {limit}")
    if why is TickOutcome.CANCELLED:
        return TickEnd(why, "whoever ran the schedules was asked to stop")
    if process.returncode < 0:
        return TickEnd(TickOutcome.CRASHED, f"it was ended by {signal.Signals(-process.returncode).name}")
    outcome = OF_EXIT.get(process.returncode, TickOutcome.FAILED)
    return TickEnd(outcome, None if outcome is TickOutcome.SUCCEEDED else f"exit code {process.returncode}: {said}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # in a session of its own
    process.wait()


def _redacted(log: Path, redact: Callable[[str], str]) -> str:
    """Keep the output without secrets; its last line."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LARGEST))
        said = file.read().decode(errors="replace")
    clean = redact(said)
    if clean != said or size > _LARGEST:
        write_bytes(log, clean.encode(), mode=0o600)
    log.chmod(0o600)
    lines = clean.strip().splitlines()
    return lines[-1].strip()[:_SAID] if lines else "it said nothing"


def forget_old(folder: Path) -> None:
    """Keep the outputs of the newest ticks of a schedule; their names sort by time."""
    for path in sorted(folder.glob("*.log"))[:-_KEPT]:
        path.unlink(missing_ok=True)
