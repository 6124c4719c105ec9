"""Python processes of ours that do the same at the same moment on one ledger; they speak in lines of JSON."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Child:
    """One process that runs `tests/engine/child.py`."""

    def __init__(self, verb: str, *args: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.engine.child", verb, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def hear(self) -> Any:
        """The next line it says."""
        line = self.process.stdout.readline()
        assert line, f"the child ended with {self.process.wait()} without a word"
        return json.loads(line)

    def tell(self, what: Any = None) -> None:
        """Say something to it, or just let it go on from where it waits."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()

    def end(self) -> Any:
        """Its last word; it ended well."""
        said, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        return json.loads(said.splitlines()[-1]) if said.strip() else None


@contextmanager
def children(count: int, verb: str, *args: object) -> Iterator[list[Child]]:
    """`count` processes that have started and wait for `tell`."""
    crew = [Child(verb, *args) for _ in range(count)]
    try:
        for child in crew:
            assert child.hear() == "ready"
        yield crew
    finally:
        for child in crew:
            child.close()


def soon(look: Callable[[], Any]) -> Any:
    """What `look` finds: PostgreSQL notices the death of a client a moment later."""
    end = time.monotonic() + 30
    while (found := look()) is None and time.monotonic() < end:
        time.sleep(0.02)
    return found


_crew: list[Child] = []  # kept between tests: starting a process costs more than most of what it is asked


def all_at_once(count: int, verb: str, *args: object) -> list[Any]:
    """What `count` processes say that do the same thing at the same moment."""
    while len(_crew) < count:
        _crew.append(Child("serve"))
    busy = _crew[:count]
    try:
        for child in busy:
            child.tell([verb, *map(str, args)])
        for child in busy:
            assert child.hear() == "ready"
        for child in busy:
            child.tell()
        return [child.hear() for child in busy]
    except BaseException:
        dismiss_the_crew()  # one of them may still be at it
        raise


def dismiss_the_crew() -> None:
    while _crew:
        _crew.pop().close()
