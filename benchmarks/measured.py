"""Contenders as processes of their own, in turns; medians of what the system says they took."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak_mb: float


def once(command: list[str], env: dict[str, str] | None = None) -> Cost:
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
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


def show(title: str, found: dict[str, Cost]) -> None:
    load = os.getloadavg()[0]
    print(f"\n{title} (load {load:.1f} on {os.cpu_count()} cores)")
    print(f"{'':44} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for name, cost in found.items():
        print(f"{name:44} {cost.wall:8.2f} {cost.cpu:8.2f} {cost.peak_mb:8.0f}")
