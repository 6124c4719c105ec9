"""A sandbox of its own for every test, and a caller that speaks to it over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from workbench.sandbox.serve import Sandbox

INSTAGRAM = "gd_lk5ns7kz21pck8jpis"
FACEBOOK = "gd_lkaxegm826bjpoo9m5"
LINKEDIN = "gd_lyy3tktm25m4avu764"
DATES = {"start_date": "09-01-2025", "end_date": "10-12-2025"}


class Caller:
    """The few calls that most tests make; anything else goes through `http`."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self.http = http

    def trigger(self, *inputs: dict[str, Any], dataset: str = INSTAGRAM, **query: Any) -> httpx.Response:
        if dataset == INSTAGRAM and "discover_by" not in query:
            query |= {"type": "discover_new", "discover_by": "url"}
        return self.http.post("/datasets/v3/trigger", params={"dataset_id": dataset, **query}, json=list(inputs))

    def triggered(self, *inputs: dict[str, Any], **query: Any) -> str:
        answer = self.trigger(*inputs, **query)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["snapshot_id"])

    def status(self, snapshot_id: str) -> str:
        return str(self.http.get(f"/datasets/v3/progress/{snapshot_id}").json()["status"])

    def download(self, snapshot_id: str, **query: Any) -> httpx.Response:
        return self.http.get(f"/datasets/v3/snapshot/{snapshot_id}", params=query)

    def rows(self, *inputs: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.download(self.triggered(*inputs, **query), format="json").json()
        return rows

    def switch(self, **values: Any) -> None:
        assert self.http.post("/sandbox/switches", json=values).status_code == 200

    def count(self) -> dict[str, Any]:
        counts: dict[str, Any] = self.http.get("/sandbox/count").json()
        return counts


def page(name: str = "tea.club", count: int = 3, **more: Any) -> dict[str, Any]:
    return {"url": f"https://www.instagram.com/{name}/", "num_of_posts": count, **DATES, **more}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "home", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield sandbox


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    key = {"Authorization": "Bearer practice-key-0001"}
    with httpx.Client(base_url=sandbox.url, headers=key, timeout=60, verify=False) as http:
        yield Caller(sandbox.url, http)


@pytest.fixture(name="page")
def _page() -> Any:
    """`page("name", 3)`: an Instagram input with dates."""
    return page


@pytest.fixture
def eventually() -> Any:
    def wait(check: Any, seconds: float = 60.0) -> Any:
        last = time.monotonic() + seconds
        while not (found := check()) and time.monotonic() < last:
            time.sleep(0.02)
        return found

    return wait
