"""collect/retrying.py: what goes on at no cost, what is paid anew, what a person has to say first."""

from __future__ import annotations

import pytest

from workbench.collect.retrying import retry_of


def snapshot(state: str, **more) -> dict:
    return {
        "id": 1, "state": state, "attention": None, "next_at": None, "provider_id": None, "acts": 0, "raw": None,
        "estimate_records": 10, "price_micro_usd": 2_000, "source_ids": [4, None], **more,
    }  # fmt: skip


SENT = {"provider_id": "s_1", "acts": 1}


@pytest.mark.parametrize(
    ("one", "goes_on", "unsent", "sources", "undecided"),
    [
        pytest.param(snapshot("published", **SENT), (), 0, (), 0, id="what went well"),
        pytest.param(snapshot("empty", **SENT), (), 0, (), 0, id="nothing was there"),
        pytest.param(snapshot("canceled"), (), 0, (), 0, id="a person wanted it so"),
        pytest.param(snapshot("triggered", **SENT), (), 0, (), 0, id="at work"),
        pytest.param(snapshot("planned", attention="person"), (1,), 20_000, (), 0, id="over a cap: paid once"),
        pytest.param(snapshot("failed"), (1,), 20_000, (), 0, id="refused before it was sent"),
        pytest.param(snapshot("failed", **SENT, raw={"path": "x"}), (1,), 0, (), 0, id="ours to read: free"),
        pytest.param(snapshot("stalled", **SENT), (1,), 0, (), 0, id="looked at once more: free"),
        pytest.param(snapshot("quarantined", **SENT), (1,), 0, (), 0, id="goes on: free"),
        pytest.param(snapshot("failed", **SENT), (), 0, (4,), 0, id="failed at the vendor: asked anew"),
        pytest.param(snapshot("expired", **SENT), (), 0, (4,), 0, id="gone at the vendor: asked anew"),
        pytest.param(snapshot("failed", acts=1), (), 0, (), 1, id="may have been sent"),
        pytest.param(snapshot("unsure", acts=1, attention="reconcile"), (), 0, (), 1, id="nobody knows"),
        pytest.param(snapshot("downloaded", **SENT, attention="review"), (), 0, (), 1, id="a body in doubt"),
    ],
)
def test_what_a_retry_does_and_costs(one, goes_on, unsent, sources, undecided):
    found = retry_of("r", [one])

    assert (found.goes_on, found.unsent_micro_usd, found.source_ids, found.undecided) == (
        goes_on, unsent, sources, undecided,
    )  # fmt: skip
