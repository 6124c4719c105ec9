"""Processes of ours: what can be run by `python -m`, and how one is started that outlives us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# Every module that is a process by itself: nobody else spells these names.
CLI: Final = "workbench.cli"
RECEIVER: Final = "workbench.home.receiver"
LAB_SERVER: Final = "workbench.home.labserver"
SANDBOX: Final = "workbench.sandbox"
NOTEBOOK_RUNNER: Final = "workbench.audit.runner"
MEDIA_PROBE: Final = "workbench.upload.media"
CHROMIUM: Final = "workbench.browser.launch"  # which one there is; bootstrap.py asks

# Kept, since a process object that is thrown away while its process runs is taken for a mistake by Python.
_STARTED: Final[list[subprocess.Popen[bytes]]] = []


def command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def start(
    module: str, arguments: Sequence[str], *, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """``python -m module arguments``, in a session of its own; what it prints is appended to `log`."""
    with log.open("ab") as words:
        process = subprocess.Popen(
            command(module, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
            cwd=cwd,
            env=env,
        )
    _STARTED[:] = [one for one in _STARTED if one.poll() is None]
    _STARTED.append(process)
    return process
