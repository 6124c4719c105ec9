"""Processes of ours that outlive us: started in a session of their own, their words in a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# Kept, since a process object that is thrown away while its process runs is taken for a mistake by Python.
_STARTED: Final[list[subprocess.Popen[bytes]]] = []


def start(
    module: str, arguments: Sequence[str], *, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """``python -m module arguments``, detached; what it prints is appended to `log`."""
    with log.open("ab") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
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
