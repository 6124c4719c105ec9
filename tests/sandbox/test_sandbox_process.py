"""sandbox/serve: one process per home, whose world outlives it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from workbench.sandbox.serve import HomeInUse, Sandbox, living_address

Serve = Callable[..., tuple[subprocess.Popen[str], str]]
KEY = {"Authorization": "Bearer practice-key-0003"}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "workbench.sandbox", "serve", "--home", str(tmp_path), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _trigger(url: str) -> Any:
    query = {"dataset_id": "gd_lk5ns7kz21pck8jpis"}
    inputs = [{"url": "https://www.instagram.com/p/TEA"}]
    return httpx.post(f"{url}/datasets/v3/trigger", params=query, json=inputs, headers=KEY).json()["snapshot_id"]


def test_what_was_accepted_survives_kill_9_at_the_same_address(serve: Serve) -> None:
    process, line = serve("--seed", "3", "--switch", "ready_after_seconds=0.2", "--switch", 'expired={"times": 0}')
    url = line.removeprefix("brightdata ")
    snapshot_id = _trigger(url)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, again = serve()
    rows = httpx.get(f"{url}/sandbox/rows/{snapshot_id}").json()

    assert again == line
    assert len(rows) == 1
    assert httpx.get(f"{url}/sandbox").json()["seed"] == 3
    assert httpx.get(f"{url}/sandbox/switches").json()["ready_after_seconds"] == 0.2
    assert httpx.get(f"{url}/sandbox/count").json()["triggers_accepted"] == 1


def test_a_second_one_names_the_first_and_leaves(serve: Serve, tmp_path: Path) -> None:
    first, line = serve()
    second, same = serve()
    address = json.loads((tmp_path / "address.json").read_text())

    assert (same, second.wait(60), first.poll()) == (line, 0, None)
    assert address == living_address(tmp_path)
    assert (address["pid"], f"brightdata {address['brightdata_url']}") == (first.pid, line)
    assert stat.S_IMODE((tmp_path / "address.json").stat().st_mode) == 0o600
    with pytest.raises(HomeInUse):
        Sandbox(tmp_path).start()


def test_it_stops_when_told_and_when_idle(serve: Serve, tmp_path: Path) -> None:
    told, _ = serve()
    told.send_signal(signal.SIGTERM)
    assert (told.wait(60), living_address(tmp_path)) == (0, None)
    idle, _ = serve("--idle-minutes", "0.005")

    assert idle.wait(60) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "sandbox.db"]


def test_a_wrong_switch_on_the_command_line_is_told(serve: Serve) -> None:
    process, line = serve("--switch", "surprise=1")

    assert (process.wait(60), line.startswith("sandbox: unknown switch 'surprise'")) == (2, True)


def test_a_home_of_before_goes_on(tmp_path: Path) -> None:
    """Bright Data once kept its seed, counts and switches in tables of its own."""
    with contextlib.closing(sqlite3.connect(tmp_path / "sandbox.db")) as old, old:
        old.executescript(
            """CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE switch (name TEXT PRIMARY KEY, value TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0);
            CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
            INSERT INTO meta VALUES ('seed', '12');
            INSERT INTO switch VALUES ('expired', '{"times": 3}', 2), ('ready_after_seconds', '0.5', 0);
            INSERT INTO counter VALUES ('ids:snapshot', 4), ('route:trigger', 4);"""
        )
    for _ in range(2):
        with Sandbox(tmp_path) as sandbox:
            shown = httpx.get(f"{sandbox.url}/sandbox/switches").json()
            assert (sandbox.brightdata.world.store.seed, shown["expired"]) == (12, {"times": 3})
            assert shown["ready_after_seconds"] == 0.5
            assert httpx.get(f"{sandbox.url}/sandbox/count").json()["trigger_requests"] == 4
            assert sandbox.brightdata.world.notes.tallies()["ids:snapshot"] == 4


def test_the_wire_keeps_connections_and_takes_chunked_bodies(sandbox: Sandbox) -> None:
    """Real clients reuse a connection and send a body of unknown length in chunks."""
    with httpx.Client(base_url=sandbox.url, headers=KEY, limits=httpx.Limits(max_connections=1), verify=False) as http:
        body = iter([b'[{"url": "https://www.insta', b'gram.com/p/TEA"}]'])
        answer = http.post("/datasets/v3/trigger", params={"dataset_id": "gd_lk5ns7kz21pck8jpis"}, content=body)
        taken = [http.get("/status").raise_for_status().elapsed for _ in range(50)]

    assert answer.json()["snapshot_id"].startswith("s")
    assert min(taken) < timedelta(seconds=0.03)  # a connection that waits for acknowledgements takes 0.04
    assert os.getpid() == httpx.get(f"{sandbox.url}/sandbox").json()["pid"]
