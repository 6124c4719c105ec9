"""sandbox/brightdata/deliver: endpoints and notify addresses are really called, with the documented headers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from workbench.sandbox.web import Answer, Request, WebServer


class Receiver:
    def __init__(self) -> None:
        self.got: list[Request] = []
        self.codes: list[int] = []
        self.web = WebServer(self.receive)

    def receive(self, request: Request) -> Answer:
        request.get_data()  # it is looked at later, when the wire is gone
        self.got.append(request)
        return Answer(status=self.codes.pop(0) if self.codes else 200)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.web.start()
    yield receiver
    receiver.web.stop()


def test_a_finished_snapshot_calls_its_endpoint_and_its_notify(
    caller: Any, page: Any, receiver: Receiver, eventually: Any
) -> None:
    url = receiver.web.url
    snapshot_id = caller.triggered(page(), endpoint=f"{url}/hook?t=1", notify=f"{url}/bell", auth_header="Bearer mine")
    assert eventually(lambda: len(receiver.got) == 2)
    data, bell = sorted(receiver.got, key=lambda request: request.path, reverse=True)

    assert json.loads(gzip.decompress(data.body)) == caller.download(snapshot_id, format="json").json()
    assert (data.path, data.query, data.headers["authorization"]) == ("/hook", {"t": "1"}, "Bearer mine")
    assert data.headers["snapshot-id"] == data.headers["dca-collection-id"] == snapshot_id
    assert (data.headers["content-encoding"], data.headers["dca-filename"]) == ("gzip", f"{snapshot_id}.json.gz")
    assert bell.read_json() == {"snapshot_id": snapshot_id, "status": "ready"}


def test_a_receiver_that_fails_is_called_again(caller: Any, page: Any, receiver: Receiver, eventually: Any) -> None:
    receiver.codes = [500, 503]
    caller.switch(delivery_gap_seconds=0.02)
    caller.triggered(page(), endpoint=receiver.web.url, uncompressed_webhook="true", format="ndjson")
    assert eventually(lambda: caller.count()["deliveries"][0]["status"] == "done")

    assert [request.body.count(b"\n") for request in receiver.got] == [3, 3, 3]
    assert caller.count()["deliveries"][0]["tries"] == 3


def test_nobody_outside_is_called(caller: Any, page: Any, receiver: Receiver, eventually: Any) -> None:
    """Nor does an address that cannot be read keep the others from being called."""
    for url in ("https://receiver.example/hook", "http://[tea", "http://127.0.0.1:tea/"):
        caller.switch(delivery_gap_seconds=0)
        caller.triggered(page(), endpoint=url)
    caller.triggered(page(), endpoint=receiver.web.url)
    assert eventually(lambda: len(receiver.got) == 1)

    deliveries = caller.count()["deliveries"]
    assert "not a loopback" in deliveries[0]["error"]
    assert eventually(lambda: [each["status"] for each in caller.count()["deliveries"][:3]] == ["failed"] * 3)


def test_an_old_snapshot_is_delivered_again(caller: Any, page: Any, receiver: Receiver, eventually: Any) -> None:
    snapshot_id = caller.triggered(page())
    options = {"type": "webhook", "endpoint": receiver.web.url, "filename": {"template": "x", "extension": "jsonl"}}
    body = {"deliver": options, "compress": False}
    delivery_id = caller.http.post(f"/datasets/v3/deliver/{snapshot_id}", json=body).json()["id"]

    def delivered() -> Any:
        return caller.http.get(f"/datasets/v3/delivery/{delivery_id}").json()["status"] == "done"

    assert eventually(delivered)
    assert receiver.got[0].body == caller.download(snapshot_id).content
    assert caller.http.post(f"/datasets/v3/deliver/{snapshot_id}", json={}).text == "Deliver options are missing"
    assert (
        caller.http.post(f"/datasets/v3/deliver/{snapshot_id}", json={"deliver": {"type": "webhook"}}).status_code
        == 400
    )
