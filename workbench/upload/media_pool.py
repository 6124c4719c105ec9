"""The processes that look into files: a few at once, each watched and replaced when it dies or hangs."""

from __future__ import annotations

import base64
import json
import os
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from workbench import processes

PATIENCE: Final = timedelta(seconds=30)  # for one file
_MOST_PROCESSES: Final = 4
_ALONE: Final = 8  # so few files are not worth a second process


def probe_all(root: Path, paths: Sequence[str], *, patience: timedelta = PATIENCE) -> dict[str, Mapping[str, Any]]:
    """What `media.look` finds of every path below `root`, however bad one of them is."""
    return _asked_all(root, {path: path for path in paths}, patience)


def small_pictures(root: Path, paths: Sequence[str], *, side: int, patience: timedelta = PATIENCE) -> dict[str, bytes]:
    """A PNG of each path below `root` that can be shown, at most `side` pixels wide and high."""
    found = _asked_all(root, {path: {"path": path, "side": side} for path in paths}, patience)
    return {path: base64.b64decode(one["png"]) for path, one in found.items() if "png" in one}


def _asked_all(root: Path, asked: Mapping[str, Any], patience: timedelta) -> dict[str, Mapping[str, Any]]:
    wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
    for path in asked:
        wanted.put(path)
    found: dict[str, Mapping[str, Any]] = {}
    number = 1 if len(asked) <= _ALONE else min(os.cpu_count() or 1, _MOST_PROCESSES)
    errors: list[BaseException] = []

    def crew() -> None:
        try:
            with _Prober(root, patience) as prober:
                while True:
                    path = wanted.get_nowait()
                    found[path] = prober.ask(asked[path])
        except queue.Empty:
            return
        except BaseException as error:  # noqa: BLE001 - a thread's boundary: raised below
            errors.append(error)

    threads = [threading.Thread(target=crew, name=f"probe-{n}") for n in range(number if asked else 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return found


class _Prober:
    def __init__(self, root: Path, patience: timedelta) -> None:
        self._root, self._patience = root, patience
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: Any) -> Mapping[str, Any]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._died()
        ready, _, _ = select.select([process.stdout], [], [], self._patience.total_seconds())
        if not ready:
            self._end()
            took = f"{self._patience.total_seconds():g} s"
            return {"problem": "unreadable", "words": f"nobody could read it within {took}; it may be made to stall"}
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            return self._died()
        answer: Mapping[str, Any] = json.loads(line)
        return answer

    def _died(self) -> Mapping[str, Any]:
        self._end()
        return {"problem": "unreadable", "words": "whoever reads it dies of it: too big inside, or made to do harm"}

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                processes.command(processes.MEDIA_PROBE, str(self._root)),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
