"""Cancelling a run: what was not sent never is, what runs is stopped at the vendor, what is paid is brought in."""

from __future__ import annotations

import pytest

from tests.collect.conftest import Desk, Vendor, a_post, lines
from workbench.collect import queries
from workbench.collect import store as collecting
from workbench.errors import BadInput

STATES = [
    pytest.param("planned", "canceled", 0, id="planned: never sent"),
    pytest.param("triggered", "canceled", 0, id="triggered: stopped at the vendor"),
    pytest.param("ready", "published", 1, id="ready: paid, brought in"),
    pytest.param("downloaded", "published", 1, id="downloaded: brought in"),
    pytest.param("staged", "published", 1, id="staged: brought in"),
    pytest.param("published", "published", 1, id="published: stays"),
]


@pytest.mark.parametrize(("state", "end", "rows"), STATES)
def test_cancel_in_every_state(desk: Desk, vendor: Vendor, state: str, end: str, rows: int) -> None:
    vendor.answers["download"] = lines(a_post(1))
    desk.start()
    if state != "planned":
        desk.advance(until=state)
    desk.cancel()
    while desk.snapshot().next_at is not None:
        desk.advance()
    snapshot = desk.snapshot()

    assert (snapshot.state, snapshot.row_count or 0) == (end, rows)
    assert desk.money()["sum"] == rows * 2000
    assert len(vendor.asked("cancel")) == (state == "triggered")


def test_cancelling_twice_is_cancelling_once(planned: Desk) -> None:
    planned.cancel()
    head = planned.ledger.head()
    planned.cancel()

    assert planned.ledger.head() == head


def test_the_run_says_that_it_was_cancelled(planned: Desk) -> None:
    planned.cancel()
    planned.advance()
    (run,) = queries.runs(planned.ledger)

    assert run["cancelled_at"] is not None


def test_a_run_that_does_not_exist_is_named(desk: Desk) -> None:
    with pytest.raises(BadInput, match="there is no run nope"):
        collecting.cancel_run(desk.ledger, "nope")
