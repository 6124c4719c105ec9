"""Logs of our own processes: one JSON line an event, redacted, readable by the owner alone."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from workbench.files import make_folder

_OURS: Final = "workbench"


class _Lines(logging.Formatter):
    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

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
            said["trace"] = self.formatException(record.exc_info)
        # Redacted after JSON has escaped it, and control characters are escapes by then: one event is one line.
        return self._redact(json.dumps(said))


def log_to_folder(folder: Path, redact: Callable[[str], str]) -> Path:
    """Append what this process logs to the file of the day; several processes may share it."""
    path = make_folder(folder, mode=0o700) / f"workbench-{datetime.now(UTC):%Y-%m-%d}.log"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(_Lines(redact))
    ours = logging.getLogger(_OURS)
    ours.setLevel(logging.INFO)
    if not any(isinstance(one, logging.FileHandler) for one in ours.handlers):
        ours.addHandler(handler)
    return path
