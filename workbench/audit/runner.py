"""The process that runs one notebook: ``python -m workbench.audit.runner``, started by `execute` alone.

The order comes through standard input, so nothing of it is in an argument list or a file; that pipe stays
open, and its end means that whoever gave the order is gone. Standard output carries one JSON line per cell.
The notebook is redacted before each save: no secret reaches the disk, whenever this process is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pickle
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final

from workbench.audit.notebook import Notebook, dump
from workbench.audit.redact import Redaction
from workbench.audit.values import Value
from workbench.files import write_bytes
from workbench.secret import Redactor

OUTPUT: Final = "output.ipynb"
# Optional to jsonschema and to papermill, of no use here, and more than half of a start-up: grammars of international
# addresses and of durations (with a library of dates), and Hadoop's files (with Arrow and NumPy).
UNUSED: Final = ("rfc3987_syntax", "isoduration", "pyarrow")


@dataclass(frozen=True)
class RunnerOrder:
    execution_id: str
    title: str  # of the notebook, for a reader
    notebook: str  # its JSON
    values: dict[str, Value]
    home: str
    work: str
    sockets: str  # a folder of the kernel's, with a short path: that of a socket has 103 signs at most
    limit: timedelta
    cell_limit: timedelta | None
    grace: timedelta
    redactor: Redactor


class Channel:
    """One JSON line per piece of news, for the process that gave the order."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __call__(self, **news: Any) -> None:
        # When nobody listens any more, standard input says so too, and stops the execution.
        with contextlib.suppress(BrokenPipeError):
            self._file.write(json.dumps(news) + "\n")
            self._file.flush()


def _own_stdout() -> IO[str]:
    """Keep standard output for the news: the kernel inherits number 1, and may print anything there."""
    ours = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(ours, "w")


def _saver(order: RunnerOrder) -> Any:
    def save(nb: Notebook) -> None:
        redaction = Redaction(order.redactor)
        clean = redaction(nb)
        clean["metadata"].setdefault("workbench", {}).update(
            execution_id=order.execution_id, redactions=redaction.count
        )
        write_bytes(Path(order.work) / OUTPUT, dump(clean), mode=0o600)

    return save


def main() -> None:
    channel = Channel(_own_stdout())
    order: RunnerOrder = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from our parent, through a pipe without a name
    _be_at_work(order.work)
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    import nbformat

    from workbench.audit import engine

    stop = engine.Stop(order.limit, order.cell_limit)
    signal.signal(signal.SIGTERM, lambda *_: stop.ask("somebody cancelled the execution"))
    threading.Thread(target=_watch_parent, args=(stop,), daemon=True).start()
    engine.run(
        nbformat.reads(order.notebook, as_version=4),  # type: ignore[no-untyped-call]
        order.values,
        title=order.title,
        home=order.home,
        sockets=order.sockets,
        stop=stop,
        grace=order.grace,
        save_as=_saver(order),
        tell=channel,
    )


def _watch_parent(stop: Any) -> None:
    os.read(0, 1)  # returns at the pipe's end; unlike sys.stdin it holds no lock that would hinder our own exit
    stop.ask("the process that started the execution is gone", is_killed=True)


def _be_at_work(work: str) -> None:
    """Until the end of this process, which may outlive its parent by seconds."""
    fd = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    with contextlib.suppress(OSError):  # a file system without such locks: then nobody waits for our end
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_at_work(work: Path) -> bool:
    """Whether a runner of that directory is alive."""
    try:
        fd = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    finally:
        os.close(fd)
    return False


if __name__ == "__main__":
    main()
