"""How late a second process sees what the first one posts: from the moment the site stored a listing."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx

from benchmarks.results import Contender, Figure, Ratio
from workbench.post.samples import write_samples
from workbench.sandbox.serve import Sandbox
from workbench.workbench import open_workbench

ACCOUNT = "practice-north"
AIM_SECONDS = 1.0
_LOOK_SECONDS = 0.05
_ROUNDS = {"small": 1, "usual": 4, "full": 10}  # of the three sample listings


def run(size: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with Sandbox(Path(folder) / "sandbox", seed=7) as sandbox:
            settings = {"marketplace_url": sandbox.marketplace.url, "brightdata_url": sandbox.url}
            lags = [lag for number in range(_ROUNDS[size]) for lag in _watched(home, settings, number)]
    lags.sort()
    values = {"listings": len(lags), "median s": lags[len(lags) // 2], "longest s": lags[-1]}
    yield Figure(
        name="progress",
        title=f"Progress of a posting job, seen by a second process: {len(lags)} listings",
        contenders=(Contender("a process that asks twenty times a second", values),),
        ratios=(Ratio("longest lag behind the site, s", lags[-1], AIM_SECONDS),),
        words="A worker posts to the sandbox through Chromium; another process asks the ledger for the job. The lag is "
        "from the moment the site stored a listing to the moment the other process saw it taken.",
    )


def _watched(home: Path, settings: dict[str, str], number: int) -> list[float]:
    with open_workbench(home, **settings) as wb:
        if not wb.accounts.all("marketplace"):
            wb.accounts.add("marketplace", ACCOUNT)
        file = write_samples(home / "data" / "inputs", [ACCOUNT])
        anew = file.with_name(f"listings-{number}.csv")
        text = file.read_text().replace("SAMPLE", f"ROUND{number}")
        anew.write_text(text.replace(", practice", f", practice {number}"))
        made = wb.postings.start(anew)
        environment = {f"WORKBENCH_{name.upper()}": value for name, value in settings.items()}
        worker = subprocess.Popen(
            [sys.executable, "-m", "workbench.cli", "work", "--until-idle", "--json"],
            env={**os.environ, **environment, "WORKBENCH_HOME": str(home)}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        seen: dict[str, float] = {}
        while worker.poll() is None:
            for one in wb.postings.listings(job=made.job_id):
                if one["remote_id"]:
                    seen.setdefault(one["remote_id"], time.time())
            time.sleep(_LOOK_SECONDS)
    listed = httpx.get(f"{settings['marketplace_url']}/sandbox/count", timeout=30).json()["listings"]
    stored = {one["listing_id"]: datetime.fromisoformat(one["created_at"]).timestamp() for one in listed}
    return [at - stored[remote_id] for remote_id, at in seen.items()]
