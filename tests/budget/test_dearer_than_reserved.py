"""What cost more than was reserved is seen by somebody before the same dataset is paid again; and item 3's wait."""

from __future__ import annotations

import pytest

from tests.collect.conftest import Desk, Vendor, a_post, a_source, lines, reply
from workbench.budget import caps
from workbench.collect import store as collecting
from workbench.db.clock import now
from workbench.errors import Refused


def test_an_overrun_is_told_and_stops_the_next_until_it_is_accepted(triggered: Desk, vendor: Vendor) -> None:
    vendor.answers["download"] = lines(*(a_post(n) for n in range(9)))  # three were reserved
    triggered.advance(until="published")
    with triggered.ledger.read() as connection:
        (told,) = caps.overruns(connection)
    assert (told["reserved"], told["settled"]) == (6000, 18000)

    with pytest.raises(Refused, match=r"workbench spend accept 1"):
        triggered.start(a_source("https://www.instagram.com/rain/"), name="next")
    assert caps.accept_overruns(triggered.ledger) == [1]
    assert triggered.start(a_source("https://www.instagram.com/rain/"), name="next")


def test_a_question_whose_order_lost_its_answer_is_waited_for_whatever_the_run_is_called(
    planned: Desk, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.answers["trigger"] = reply(500, "Internal server error")
    first = planned.advance()
    assert first.state == "unsure"
    plan = planned.plan(name="another name")

    # The next day too: it may still be running, and paid.
    monkeypatch.setattr(collecting, "now", lambda: now() + 3 * planned.tools.retention)
    begun = collecting.start_run(planned.ledger, plan.hash, folder="R_{id6}", reuse=planned.tools.look_gaps[0])

    assert (begun.is_new, begun.reused, len(planned.snapshots())) == (True, 1, 1)
    assert len(vendor.asked("trigger")) == 1
