"""The whole edge against the stand-in, run as the process that practice mode runs."""

import importlib.util
import json
import subprocess
import sys
import time
from datetime import timedelta

import httpx
import pytest

from workbench.brightdata.client import BrightData
from workbench.brightdata.datasets import DATASETS, find, inputs_for, way_for
from workbench.brightdata.responses import NotFound, NotReady, SnapshotExpired
from workbench.brightdata.rows import kind_of_row
from workbench.errors import BadInput, Misconfigured, Throttled, Transient, Unanswered
from workbench.secret import Secret

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("workbench.sandbox") is None, reason="the sandbox is not in this checkout"
)

FACEBOOK = find("facebook", "posts")
SOURCES = {
    "instagram posts": "https://www.instagram.com/some.one/",
    "instagram profiles": "https://www.instagram.com/some.one/",
    "instagram comments": "https://www.instagram.com/p/Cabc123/",
    "facebook posts": "https://www.facebook.com/someone",
    "instagram reels": "https://www.instagram.com/some.one/",
    "facebook group_posts": "https://www.facebook.com/groups/someone",
    "facebook posts_by_url": "https://www.facebook.com/someone/posts/123",
    "facebook reels": "https://www.facebook.com/someone",
    "facebook comments": "https://www.facebook.com/someone/posts/123",
    "tiktok profiles": "https://www.tiktok.com/@someone",
    "tiktok posts": "https://www.tiktok.com/@someone",
    "tiktok posts_by_profile_fast": "https://www.tiktok.com/@someone",
    "tiktok posts_by_url_fast": "https://www.tiktok.com/tag/tea",
    "tiktok posts_by_search_fast": "https://www.tiktok.com/search?q=tea",
    "tiktok comments": "https://www.tiktok.com/@someone/video/7123",
    "linkedin posts": "https://www.linkedin.com/in/some-one",
    "linkedin profiles": "https://www.linkedin.com/in/some-one",
    "linkedin companies": "https://www.linkedin.com/company/some-firm",
    "linkedin jobs": "https://www.linkedin.com/jobs/view/tester-4123",
    "youtube videos": "https://www.youtube.com/@someone",
    "youtube channels": "https://www.youtube.com/@someone",
    "youtube comments": "https://www.youtube.com/watch?v=abcdefghijk",
    "x posts": "https://x.com/someone",
    "x profiles": "https://x.com/someone",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    home = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "workbench.sandbox", "serve", "--home", str(home)]
    with subprocess.Popen(
        [*command, "--switch", "ready_after_seconds=0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
        process.terminate()


@pytest.fixture
def client(url):
    with BrightData(url, Secret("practice-key-0123456789")) as client:
        yield client


@pytest.fixture
def switch(url):
    """Turn failures on; off again after the test."""
    used = []

    def turn(**values):
        used.extend(values)
        httpx.post(f"{url}/sandbox/switches", json=values).raise_for_status()

    yield turn
    httpx.post(f"{url}/sandbox/switches", json=dict.fromkeys(used, 0)).raise_for_status()


def collect(client, dataset, **given):
    source = SOURCES[dataset.name]
    way = way_for(dataset, source)
    limit = 3 if way.discover_by else None
    inputs = [inputs_for(dataset, source, **given)]
    return inputs, client.trigger(dataset.dataset_id, inputs, discover_by=way.discover_by, limit_per_input=limit)


def wait(client, snapshot_id):
    end = time.monotonic() + 60
    while client.progress(snapshot_id).status != "ready":
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda each: each.name)
def test_from_trigger_to_rows(client, tmp_path, dataset):
    inputs, snapshot_id = collect(client, dataset, start="2025-09-01", end="2025-10-12")
    wait(client, snapshot_id)

    body = client.download(snapshot_id, tmp_path)

    rows = [json.loads(line) for path in body.parts for line in path.read_bytes().splitlines()]
    assert rows
    assert {kind_of_row(row) for row in rows} <= {"data", "warning"}
    assert {"timestamp", "input"} <= rows[0].keys()
    assert client.inputs(snapshot_id) == inputs
    assert client.log(snapshot_id)["dataset_id"] == dataset.dataset_id
    [listed] = [
        each for each in client.list_snapshots(dataset.dataset_id, page_size=1) if each.snapshot_id == snapshot_id
    ]
    assert (listed.status, listed.row_count) == ("ready", len(rows))


def test_in_parts(client, tmp_path):
    _, snapshot_id = collect(client, DATASETS[0])
    wait(client, snapshot_id)

    whole = client.download(snapshot_id, tmp_path / "whole")
    parts = client.download(snapshot_id, tmp_path / "parts", batch_size=1000)

    assert (parts.sha256, parts.bytes) == (whole.sha256, whole.bytes)


def test_a_lost_trigger_is_there_to_be_found(client, switch):
    switch(drop_after_trigger={"times": 1})
    before = {each.snapshot_id for each in client.list_snapshots(FACEBOOK.dataset_id)}

    with pytest.raises(Unanswered):
        collect(client, FACEBOOK)

    [found] = {each.snapshot_id for each in client.list_snapshots(FACEBOOK.dataset_id)} - before
    assert client.inputs(found) == [inputs_for(FACEBOOK, SOURCES["facebook posts"])]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        pytest.param({"building_after_ready": {"times": 1}}, NotReady, id="building after ready"),
        pytest.param({"ready_then_409": {"times": 1}}, NotReady, id="409 after ready"),
        pytest.param({"truncated_body": {"times": 1}}, Transient, id="truncated"),
        pytest.param({"html_body": {"times": 1}}, Transient, id="a web page"),
        pytest.param({"expired": 1}, SnapshotExpired, id="expired"),
        pytest.param({"server_error_500": {"times": 1}}, Transient, id="500"),
        pytest.param({"reset": {"times": 1}}, Transient, id="reset"),
        pytest.param({"too_many_429": {"times": 1}}, Throttled, id="429"),
    ],
)
def test_a_failing_download(client, switch, tmp_path, switches, expected):
    _, snapshot_id = collect(client, DATASETS[1])
    wait(client, snapshot_id)
    switch(**switches)

    with pytest.raises(expected):
        client.download(snapshot_id, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_is_refused(client, url):
    with pytest.raises(BadInput, match="valid url"):
        client.trigger(DATASETS[0].dataset_id, [{"url": "no url"}])
    with pytest.raises(NotFound):
        client.trigger("gd_none", [{"url": "https://x.test"}])
    with pytest.raises(NotFound):
        client.progress("s_none")
    with BrightData(url, Secret("short")) as stranger, pytest.raises(Misconfigured):
        stranger.status()


def test_the_wait_of_a_429_is_heard(client, switch):
    switch(too_many_429={"times": 1}, retry_after_seconds=7)

    with pytest.raises(Throttled) as caught:
        client.status()

    assert caught.value.retry_after == timedelta(seconds=7)
    switch(retry_after_seconds=1)


def test_cancel_delivery_and_account(client):
    _, snapshot_id = collect(client, DATASETS[1])
    wait(client, snapshot_id)

    assert client.cancel(snapshot_id) is False
    assert client.balance().available_micro_usd >= 0
    assert DATASETS[0].dataset_id in {each["id"] for each in client.datasets()}
    assert client.metadata(DATASETS[0].dataset_id)["id"] == DATASETS[0].dataset_id
    assert client.status()
