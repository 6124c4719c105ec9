"""Secrets that lie in files of their own, one a line, readable by their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from workbench.errors import Misconfigured
from workbench.secret import Secret

_SHORTEST: Final = 8
_MOST: Final = 2  # the new one and the old one, while they are changed


def read_secrets(path: Path | None, setting: str) -> list[Secret]:
    """The lines of a file that only its owner may read; what is wrong is said, never what is in it."""
    if path is None:
        raise Misconfigured(f"{setting} is not set. Put 32 random signs into a file (chmod 600) and name it.")
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(1 << 16).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{setting}: {path} cannot be read as text: {_why(error)}.") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise Misconfigured(f"{setting}: others may read {path}. Run: chmod 600 {path}")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise Misconfigured(f"{setting}: {path} is empty. Put one secret on a line of its own.")
    if len(lines) > _MOST:
        raise Misconfigured(f"{setting}: {path} has {len(lines)} lines; two secrets may be valid at once, no more.")
    if any(len(line) < _SHORTEST for line in lines):
        raise Misconfigured(f"{setting}: {path} has a secret of fewer than {_SHORTEST} signs; make it 32.")
    return [Secret(line) for line in lines]


def long_enough(secret: Secret, setting: str) -> Secret:
    """A secret that is given as a setting itself; one that is guessed at once is refused."""
    if len(secret.reveal()) < _SHORTEST:
        raise Misconfigured(f"{setting} has fewer than {_SHORTEST} signs, which anybody guesses; make it 32.")
    return secret


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is no UTF-8"
