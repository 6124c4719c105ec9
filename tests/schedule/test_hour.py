"""Real time, real processes, real kills: three `schedule run` on one home, and every minute is run once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from tests.cli.conftest import Home
from tests.schedule.conftest import entry
from workbench import open_workbench
from workbench.db import history

MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
EACH = {"cron": "* * * * *", "catch_up": "all", "within_hours": 24}
COUNT = "import os\nwith open('ran', 'a') as file:\n    file.write(os.environ['WORKBENCH_EXECUTION_ID'] + '\\n')"


def started(home: Home) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "workbench.cli", "schedule", "run"]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        command, stdin=nothing, stdout=nothing, stderr=nothing, env=home.environment(), cwd=home.folder
    )


def kept_running(home: Home, minutes: float) -> int:
    """Three schedulers, one of them killed and begun anew every few seconds; how many were killed."""
    chance, kills = random.Random(14), 0
    crew = [started(home) for _ in range(3)]
    try:
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            to_tick = 60 - time.time() % 60
            # Often in the seconds in which ticks begin.
            time.sleep(to_tick + chance.uniform(0, 5) if to_tick < 12 else chance.uniform(5, 25))
            one = chance.randrange(3)
            crew[one].kill()
            crew[one].wait()
            crew[one] = started(home)
            kills += 1
        for process in crew:
            process.send_signal(signal.SIGTERM)
        for process in crew:
            assert process.wait(120) in {0, -signal.SIGTERM}  # the one that has just begun may not listen yet
    finally:
        for process in crew:
            process.kill()
            process.wait()
    return kills


@pytest.mark.soak
@pytest.mark.timeout(int(60 * MINUTES) + 600)
def test_every_minute_of_an_hour_is_run_once_whoever_is_killed(home: Home) -> None:
    """SOAK_MINUTES is the length, to try it out."""
    home.write("count.ipynb", writes(new_notebook(cells=[new_code_cell(COUNT)])))
    names = {"command": {}, "other": {"command": ["status"]}, "notebook": {"notebook": "count.ipynb"}}
    home.write("workbench.toml", "".join(entry(name, **EACH, **more) for name, more in names.items()))
    home.write("ran", "")
    kills = kept_running(home, MINUTES)

    succeeded, ran = 0, (home.folder / "ran").read_text().split()
    with open_workbench(home.folder) as wb:
        wb.audit.close_killed()
        for name in names:
            rows = wb.schedule.history(name)
            ticks = sorted(row["tick"] for row in rows)
            assert ticks == [ticks[0] + timedelta(minutes=n) for n in range(len(ticks))]
            assert len(ticks) >= int(MINUTES) - 1
            outcomes = Counter(str(row["outcome"]) for row in rows)
            print(f"{name}: {len(ticks)} ticks, {kills} kills, {dict(outcomes)}")
            succeeded += outcomes["succeeded"]
            assert outcomes.keys() <= {"succeeded", "crashed", "missed"}
            begun = Counter(
                one["facts"]["tick"]
                for one in history.story(wb.parts.ledger, "schedule", name)
                if one["what"] == "started"
            )
            assert set(begun.values()) == {1}
            assert len(begun) == len(ticks) - outcomes["missed"]
        assert succeeded > 0
        executions = [row["execution_id"] for row in rows if row["execution_id"]]
        done = {row["execution_id"] for row in rows if row["outcome"] == "succeeded"}
        assert (len(set(executions)), len(set(ran))) == (len(executions), len(ran))
        assert done <= set(ran)
        assert len(ran) <= len(begun)
        assert history.broken_at(wb.parts.ledger) is None
