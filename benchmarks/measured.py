"""Contenders as processes of their own, in turns; medians of what the system says they took."""

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"  # `bootstrap.py bench` makes it


@dataclass(frozen=True)
class Cost:
    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak_mb: float

    def values(self, rows: float | None = None) -> dict[str, float]:
        """The columns of a figure; with `rows` also what one of them took."""
        a_row = {} if rows is None else {"CPU µs a row": self.cpu / rows * 1e6}
        return {"wall s": self.wall, "CPU s": self.cpu, "peak MB": self.peak_mb, **a_row}


def once(command: list[str], env: dict[str, str] | None = None) -> Cost:
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=env)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = said.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)} failed with {process.returncode}\n{words}")
    return Cost(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def in_turns(contenders: dict[str, list[str]], rounds: int, env: dict[str, str] | None = None) -> dict[str, Cost]:
    """Every contender once a round, so that a machine that slows down slows all of them."""
    seen: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, command in contenders.items():
            seen[name].append(once(command, env))
    return {name: median(costs) for name, costs in seen.items()}


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "peak_mb")))
