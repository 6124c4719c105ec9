"""Three clocks: wall time for people, boot time for leases, and which boot this is.

A wall clock that jumps may delay work; it never lets two owners hold one item.
"""

from __future__ import annotations

import functools
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path


def now() -> datetime:
    return datetime.now(UTC)


def boot_time() -> float:
    """Seconds since boot, sleep included where the system can tell: it goes on while we are suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@functools.cache
def boot_id() -> str:
    """Names this boot of this host; no two hosts share one."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    answer = subprocess.run(
        ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or f"{platform.node()}-unknown-boot"
