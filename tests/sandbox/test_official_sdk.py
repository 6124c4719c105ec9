"""The official brightdata-sdk triggers, waits and fetches against the sandbox; only its addresses are changed."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.sandbox.serve import Sandbox

api = pytest.importorskip("brightdata.scrapers.api_client")


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, path in (("TRIGGER_URL", "trigger"), ("STATUS_URL", "progress"), ("RESULT_URL", "snapshot")):
        monkeypatch.setattr(api.DatasetAPIClient, name, f"{sandbox.url}/datasets/v3/{path}")
    monkeypatch.setattr("brightdata.core.engine.AsyncEngine.BASE_URL", sandbox.url)
    import brightdata

    with brightdata.SyncBrightDataClient(token="practice-key-of-the-sdk", auto_create_zones=False) as client:
        yield client


@pytest.mark.parametrize(
    ("platform", "url", "column"),
    [
        ("instagram", "https://www.instagram.com/p/DTeaAndCake1", "shortcode"),
        ("linkedin", "https://www.linkedin.com/posts/tea-tester_kettles-activity-7300000000000000001-Ab1c", "use_url"),
    ],
)
def test_posts_by_url_step_by_step(client: Any, platform: str, url: str, column: str) -> None:
    scraper = getattr(client.scrape, platform)
    job = scraper.posts_trigger(url)
    client._loop.run_until_complete(job.wait(timeout=5, poll_interval=1))
    rows = scraper.posts_fetch(job.snapshot_id)

    assert scraper.posts_status(job.snapshot_id) == "ready"
    assert [row["input"]["url"] for row in rows] == [url]
    assert rows[0][column]


def test_posts_of_a_profile_in_one_call(client: Any, caller: Any) -> None:
    instagram = client._loop.run_until_complete(
        client._async_client.search.instagram.posts(
            url="https://www.instagram.com/tea.club", num_of_posts=4, start_date="09-01-2025", end_date="10-12-2025"
        )
    )
    linkedin = client._loop.run_until_complete(
        client._async_client.search.linkedin.posts(
            url="https://www.linkedin.com/in/tea-tester", start_date="2025-01-01", end_date="2025-06-30"
        )
    )

    assert (instagram.success, len(instagram.data)) == (True, 4)
    assert (linkedin.success, len(linkedin.data)) == (True, 10)
    assert caller.count()["triggers_accepted"] == 2
