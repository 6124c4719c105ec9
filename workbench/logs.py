"""Logs of our own processes: one JSON line an event, redacted, readable by the owner alone."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from workbench.errors import BadInput
from workbench.files import make_folder

_OURS: Final = logging.getLogger("workbench")


class LogFolder(logging.Handler):
    """A home's logs: a file a day (UTC), which several processes may share.

    From `begin` to `close`, all that this process logs goes there, without the secrets of any home that is open in it.
    """

    def __init__(self, folder: Path, redact: Callable[[str], str]) -> None:
        super().__init__()
        self.folder, self.redact = folder, redact

    def begin(self) -> None:
        _OURS.setLevel(logging.INFO)
        _OURS.addHandler(self)

    def close(self) -> None:
        _OURS.removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        every = [one for one in _OURS.handlers if isinstance(one, LogFolder)]
        if next((one for one in every if one.folder == self.folder), self) is not self:
            return  # the home is open twice, and the first one writes
        try:
            line = self.format(record)
            for one in every:
                line = one.redact(line)
            self._append(line)
        except (BadInput, OSError, TypeError, ValueError) as error:  # a full disk must not end the work
            # Not logging's own words, which show the message as it was before anything was taken out.
            sys.stderr.write(f"A line from {record.pathname}:{record.lineno} could not be logged: {error}\n")

    def _append(self, line: str) -> None:
        # Opened for each line: the day changes while a worker works.
        path = make_folder(self.folder, mode=0o700) / f"workbench-{datetime.now(UTC):%Y-%m-%d}.log"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "pid": record.process,
            "thread": record.threadName,
            "name": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["trace"] = _TRACES.formatException(record.exc_info)
        # Redacted after JSON has escaped it, and control characters are escapes by then: one event is one line.
        return json.dumps(said)


_TRACES: Final = logging.Formatter()
