"""A home with its own sandbox, and what the sandbox knows set against what the tables hold. Faults use it too."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.cli.conftest import Done, Home
from workbench.db.connect import open_engine
from workbench.db.migrate import bring_up_to_date
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench, open_workbench

REPO = Path(__file__).parents[1]
HEAD = "name,platform,service,url,creator,project,options\n"
DATES = {"start": "2025-09-01", "end": "2025-10-01"}
FAST = {
    "poll_seconds": 0.05, "backoff_seconds": 0.05, "lease_seconds": 60, "stall_seconds": 60, "trigger_seconds": 2,
    "look_gaps": "0.2,0.2",
}  # fmt: skip
KINDS = ("posts", "comments", "profiles")
MINUTE = timedelta(minutes=1)
# One for all: making a client reads all certificates anew. It keeps no connection, which a sandbox's end would break.
CLIENT = httpx.Client(timeout=30, verify=False, limits=httpx.Limits(max_keepalive_connections=0))

# One source of each of the five datasets, and the two ways of LinkedIn.
FIVE = (
    ("instagram", "posts", "https://www.instagram.com/{}/"),
    ("instagram", "profiles", "https://www.instagram.com/{}/"),
    ("instagram", "comments", "https://www.instagram.com/p/{}/"),
    ("facebook", "posts", "https://www.facebook.com/{}"),
    ("linkedin", "posts", "https://www.linkedin.com/in/{}"),
)


def sources_csv(path: Path, names: Iterable[str], datasets: Iterable[tuple[str, str, str]] = FIVE) -> Path:
    lines = [
        f"{name} {platform},{platform},{service},{url.format(name)},{name},spring,"
        for platform, service, url in datasets
        for name in names
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


@functools.cache
def new_ledger() -> bytes:
    """A ledger of no mode yet: whoever opens a copy need not migrate it, which takes longer than most of a test."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/ledger.db")
        bring_up_to_date(engine)
        engine.dispose()
        return Path(folder, "ledger.db").read_bytes()


def new_home(home: Path) -> Path:
    """The folder of a home in which nothing happened yet, its ledger migrated."""
    if not (home / "data").exists():
        (home / "data").mkdir(parents=True)
        (home / "data" / "ledger.db").write_bytes(new_ledger())
    return home


class House:
    """`home` of a workbench, and the vendor that it talks to."""

    def __init__(self, home: Path, sandbox: Sandbox) -> None:
        self.home, self.sandbox = new_home(home), sandbox

    def open(self, **settings: Any) -> Workbench:
        return open_workbench(self.home, **{"brightdata_url": self.sandbox.url, **FAST, **settings})

    def environment(self, **settings: Any) -> dict[str, str]:
        """The same settings for another process."""
        chosen = {"home": self.home, "brightdata_url": self.sandbox.url, **FAST, **settings}
        ours = {f"WORKBENCH_{name.upper()}": str(value) for name, value in chosen.items()}
        if "brightdata_api_key" in settings:
            ours["BRIGHTDATA_API_KEY"] = ours.pop("WORKBENCH_BRIGHTDATA_API_KEY")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WORKBENCH_", "BRIGHTDATA_"))}
        return kept | ours | {"PYTHONPATH": str(REPO)}

    def command(self, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        """`workbench …` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "workbench.cli", *arguments],
            env=self.environment(**settings), cwd=self.home, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def here(self, *arguments: str, **settings: Any) -> Done:
        """The same through the same door, where nothing of a process is meant: to import all costs a second."""
        names = ("WORKBENCH_", "BRIGHTDATA_")
        ours = {name: value for name, value in self.environment(**settings).items() if name.startswith(names)}
        return Home(self.home, **ours).here(*arguments)

    def start(self, names: Iterable[str] = ("tea",), *, num_posts: int = 4, **settings: Any) -> str:
        """Plan and start a run of the five datasets; its id."""
        with self.open(**settings) as workbench:
            plan = workbench.plan(sources_csv(self.home / "sources.csv", names), num_posts=num_posts, **DATES)
            return workbench.start(plan.hash)

    def ask(self, path: str) -> Any:
        return CLIENT.get(f"{self.sandbox.url}/sandbox/{path}").json()


def snapshots(workbench: Workbench) -> list[dict[str, Any]]:
    return [one for run in workbench.status()["runs"] for job in run["jobs"] for one in job["snapshots"]]


def states(workbench: Workbench) -> Counter[str]:
    return Counter(str(one["state"]) for one in snapshots(workbench))


def kept_rows(workbench: Workbench) -> Counter[tuple[str, int]]:
    """Every (snapshot_id, row_no) of all tables and rejects, and how often it is there."""
    parts = [f"SELECT snapshot_id, row_no FROM {table}" for table in (*KINDS, "rejects")]
    return Counter(workbench.sql(" UNION ALL ".join(parts)).fetchall())


def delivered_rows(house: House) -> dict[tuple[str, int], str]:
    """Every row of every snapshot that the sandbox delivered whole at least once: its exact line."""
    whole = [key for key, rows in house.ask("count")["rows_delivered"].items() if rows]
    return {(key, number): row["line"] for key in whole for number, row in enumerate(house.ask(f"rows/{key}"), start=1)}


def check_every_row_once(house: House, workbench: Workbench) -> int:
    """Each delivered row is in a table or in rejects exactly once, word for word; how many there are."""
    delivered, kept = delivered_rows(house), kept_rows(workbench)
    missing, more = Counter(delivered.keys()) - kept, kept - Counter(delivered.keys())
    assert not missing + more, (f"missing {sorted(missing)[:9]}", f"twice or never delivered {sorted(more)[:9]}")
    records = {(key, number): json.loads(text) for key, number, text in
               workbench.sql("SELECT snapshot_id, row_no, record::VARCHAR FROM records").fetchall()}  # fmt: skip
    query = "SELECT snapshot_id, row_no, raw FROM rejects WHERE kind = 'malformed'"
    malformed = {(key, number): raw for key, number, raw in workbench.sql(query).fetchall()}
    for place, line in delivered.items():
        sent = line.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        if place in malformed:
            assert malformed[place] == sent
        else:
            assert records[place] == json.loads(sent)
    return len(delivered)


def check_triggers(house: House, workbench: Workbench) -> None:
    """No planned snapshot was accepted twice, and every accepted one that was answered is known by its id."""
    accepted = house.ask("triggers")
    asked = Counter(json.dumps([one["dataset_id"], one["method"], one["inputs"]], sort_keys=True) for one in accepted)
    planned = workbench.sql("SELECT count(*) FROM brightdata_snapshots").fetchone()[0]
    runs = workbench.sql("SELECT count(*) FROM runs").fetchone()[0]
    known = {one["snapshot_id"] for one in snapshots(workbench)}
    assert max(asked.values(), default=0) <= runs, asked.most_common(3)
    assert len(accepted) <= planned
    unsure = states(workbench)["unsure"]
    lost = [one["snapshot_id"] for one in accepted if one["snapshot_id"] not in known]
    assert len(lost) <= unsure, (lost, unsure)


def content(workbench: Workbench, *, without: str = "scraped_at") -> dict[str, list[tuple[Any, ...]]]:
    """What analysts see, apart from when and under which id the vendor collected it."""
    hidden = f"{without}, snapshot_id"
    found = {}
    for table in KINDS:
        query = f"SELECT COLUMNS(* EXCLUDE ({hidden}))::VARCHAR FROM {table} ORDER BY ALL"
        found[table] = workbench.sql(query).fetchall()
    query = "SELECT row_no, kind, code, reason, source_id, source_url FROM rejects ORDER BY ALL"
    found["rejects"] = workbench.sql(query).fetchall()
    return found
