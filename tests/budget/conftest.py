"""The desk and the house of the other tests, with caps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.collect.conftest import Desk, desk, house, make_desk, planned, sandbox, triggered, vendor
from tests.engine.world import all_writers
from workbench.budget.caps import Caps
from workbench.engine.worker import Worker

__all__ = ["desk", "house", "make_desk", "planned", "sandbox", "triggered", "vendor"]

COST = 6000  # micro-dollars that the desk's one source is expected to cost
POSTS = "gd_lk5ns7kz21pck8jpis"


def capped(desk: Desk, **caps: Any) -> Desk:
    """The desk with a worker that keeps these caps."""
    desk.worker = Worker(
        desk.ledger, [desk.bench], lease_time=timedelta(seconds=60), writers=all_writers(Caps(**caps)),
    )  # fmt: skip
    return desk
