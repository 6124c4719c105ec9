"""A kept body takes the place of rows that Bright Data no longer has; and the commands that people use for it."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Home
from tests.deliveries.conftest import BEARER, HOOK, SECRET, secret_file
from tests.house import DATES, MINUTE, House, content, snapshots, sources_csv, states
from workbench.deliveries.receiver import Receiver
from workbench.errors import BadInput, NeedsPerson
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

READY = {"ready_after_seconds": 0}
POSTS = [("instagram", "posts", "https://www.instagram.com/{}/")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches=READY) as sandbox:
        yield House(tmp_path / "home", sandbox)


def order(house: House, workbench: Workbench) -> None:
    sources = sources_csv(house.home / "sources.csv", ["tea"], POSTS)
    workbench.start(workbench.plan(sources, num_posts=3, **DATES).hash)


def started(house: House, workbench: Workbench) -> str:
    """A run whose only snapshot expired at Bright Data before it was fetched; its id there."""
    order(house, workbench)
    house.sandbox.switch(expired=1)
    workbench.work(limit=MINUTE)
    assert states(workbench) == {"expired": 1}
    (one,) = snapshots(workbench)
    return str(one["snapshot_id"])


def deliver(workbench: Workbench, key: str, body: bytes) -> int:
    with Receiver(workbench, "127.0.0.1", 0) as receiver:
        headers = {**BEARER, "Snapshot-Id": key}
        assert httpx.post(f"{receiver.url}{HOOK}", content=body, headers=headers, verify=False).status_code == 200
    workbench.deliveries.match()
    (one,) = workbench.deliveries.all()
    return int(one["delivery_id"])


def rows_of(house: House, key: str) -> list[Any]:
    return [json.loads(row["line"]) for row in house.ask(f"rows/{key}")]


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many posts the same order brings where nothing expired."""
    folder = tmp_path_factory.mktemp("downloaded")
    with Sandbox(folder / "sandbox", seed=7, switches=READY) as sandbox:
        house = House(folder / "home", sandbox)
        with house.open() as workbench:
            order(house, workbench)
            workbench.work(limit=MINUTE)
            return len(content(workbench)["posts"])


FORMS = {
    "array": lambda rows: json.dumps(rows, indent=1).encode(),
    "gzip": lambda rows: gzip.compress(json.dumps(rows).encode()),
    "ndjson": lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_kept_body_is_staged_like_a_download(house: House, downloaded: int, form: str) -> None:
    secret_file(house.home / "secret", SECRET)
    with house.open(webhook_secret_file="secret") as workbench:
        key = started(house, workbench)
        number = deliver(workbench, key, FORMS[form](rows_of(house, key)))
        (waiting,) = workbench.deliveries.in_review()
        assert f"workbench deliveries replay {number}" in waiting["error_message"]

        assert workbench.deliveries.replay(number)["status"] == "processed"
        workbench.work(limit=MINUTE)
        rows = content(workbench)["posts"]
        assert states(workbench) == {"published": 1}

        assert len(rows) == downloaded > 0
        assert workbench.deliveries.in_review() == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"<html>", "no rows", id="a page"),
        pytest.param(gzip.compress(b'[{"a": 1}, {"b": 2}]')[:-9], "rows are missing", id="cut"),
    ],
)
def test_a_body_without_all_rows_is_not_staged(house: House, body: bytes, words: str) -> None:
    secret_file(house.home / "secret", SECRET)
    with house.open(webhook_secret_file="secret") as workbench:
        number = deliver(workbench, started(house, workbench), body)
        with pytest.raises(NeedsPerson, match=words):
            workbench.deliveries.replay(number)

        told = workbench.deliveries.one(number)
        assert (told["status"], told["attention"]) == ("processing_error", "review")
        assert states(workbench) == {"expired": 1}


def test_there_is_nothing_to_replay(house: House) -> None:
    with house.open() as workbench, pytest.raises(BadInput, match="no delivery 7"):
        workbench.deliveries.replay(7)


# ---- the commands


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    secret_file(tmp_path / "secret", SECRET)
    made = Home(tmp_path, WORKBENCH_WEBHOOK_SECRET_FILE=str(tmp_path / "secret"))
    yield made
    made.stop()


def test_serve_check_list_show(home: Home) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = home.start("deliveries", "serve", "--port", str(port), "--no-worker")
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"receiver http://127.0.0.1:{port}\n"
        checked = home.here("deliveries", "check", f"http://127.0.0.1:{port}", "--json")
        assert (checked.code, checked.json["outcome"]) == (0, "arrived")
        httpx.post(f"http://127.0.0.1:{port}{HOOK}", content=b"[]", headers={**BEARER, "Snapshot-Id": "sd_7"})
        last = time.monotonic() + 60
        while (found := home.here("deliveries", "list", "--json").json)[0]["status"] != "unmatched":
            assert time.monotonic() < last
        assert [(one["snapshot_id"], one["status"]) for one in found] == [
            ("sd_7", "unmatched"),
            (None, "test_processed"),
        ]
        shown = home.here("deliveries", "show", str(found[0]["delivery_id"]), "--json")
        assert shown.json["named"] == {"header snapshot-id": "sd_7"}
        assert Path(shown.json["file"]).read_bytes() == b"[]"
        assert home.here("deliveries", "replay", str(found[0]["delivery_id"])).code == 4
    finally:
        process.terminate()
        assert process.wait(60) == 0
    process.communicate()
    assert home.here("deliveries", "check", f"http://127.0.0.1:{port}").code == 1


def test_serve_refuses_without_a_secret(home: Home) -> None:
    done = home.here("deliveries", "serve", WORKBENCH_WEBHOOK_SECRET_FILE="")
    assert done.code == 2
    assert "WORKBENCH_WEBHOOK_SECRET_FILE is not set" in done.err
    done = home.here("deliveries", "serve", WORKBENCH_CRON_SECRET_FILE="/nowhere")
    assert (done.code, "WORKBENCH_CRON_SECRET_FILE" in done.err) == (2, True)


def test_no_address_in_the_settings_that_shows_the_secret_to_others(home: Home) -> None:
    done = home.here("doctor", WORKBENCH_WEBHOOK_URL="http://hooks.example.com")
    assert done.code == 2
    assert "use https" in done.err
