"""Where an execution comes from: code version, environment, person and machine, as facts for the manifest."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import workbench
from workbench.files import sha256_of

ROOT: Final = Path(workbench.__file__).parent.parent  # the checkout, or site-packages


def code_version() -> dict[str, Any]:
    """Commit and dirty flag of the checkout we run from; an installed package has its version alone."""
    facts: dict[str, Any] = {"version": _version("workbench"), "commit": None, "is_dirty": None}
    if (ROOT / ".git").exists() and (commit := _git("rev-parse", "--verify", "HEAD")):
        changes = _git("status", "--porcelain")
        facts |= {"commit": commit, "is_dirty": None if changes is None else bool(changes)}
    return facts


def _git(*words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "--no-optional-locks", "-C", str(ROOT), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def lock_hash() -> str | None:
    lock = ROOT / "requirements.lock"
    return sha256_of(lock) if lock.is_file() else None


def kernel() -> dict[str, Any]:
    packages = ("ipykernel", "nbclient", "papermill")
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        **{package: _version(package) for package in packages},
    }


def actor() -> dict[str, Any]:
    return {"user": _user(), "pid": os.getpid(), "host": socket.gethostname()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return str(os.getuid())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
