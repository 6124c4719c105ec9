"""Old snapshots that somebody else once asked for, so that recovery can be practised where nothing was lost yet."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any, Final

from workbench.sandbox.brightdata.plan import Options, Terms
from workbench.sandbox.brightdata.world import BrightDataWorld, planned_sizes
from workbench.sandbox.dice import Dice

_DAY: Final = 86_400.0
_TOOK: Final = 40.0  # seconds, each
_OPTIONS: Final = Options(include_errors=True)
_QUERY: Final = {"format": "json", "include_errors": "true"}
_MADE: Final = "strangers"
# Days ago, dataset, discovery, inputs: of platforms that the demo leaves alone; one is nearly gone, one has errors.
_ASKED: Final[tuple[tuple[float, str, str, tuple[dict[str, Any], ...]], ...]] = (
    (
        13.2, "gd_lk56epmy2i5g7lzu0k", "url",
        ({"url": "https://www.youtube.com/@kites.of.before", "num_of_posts": 6},),
    ),
    (
        6.4, "gd_lu702nij2f790tmv9h", "profile_url",
        (
            {"url": "https://www.tiktok.com/@kites.of.before", "num_of_posts": 8},
            {"url": "https://www.tiktok.com/@patchy.kites", "num_of_posts": 4},
        ),
    ),
    (2.1, "gd_lwxmeb2u1cniijd7t4", "", ({"url": "https://x.com/kites_of_before", "max_number_of_posts": 3},)),
)  # fmt: skip


def ship(world: BrightDataWorld) -> None:
    """Once in the life of a home: what a reset or a caller did to them is not undone by the next start.

    Their numbers are 0 and below, those of accepted triggers above: the list has them at its end, our counts leave
    them out.
    """
    store = world.store
    with store.db.writing():
        if store.notes.recall(_MADE):
            return
        for number, (days, dataset_id, method, inputs) in enumerate(_ASKED, start=1 - len(_ASKED)):
            began = time.time() - days * _DAY
            sizes = planned_sizes(Terms(store.seed, dataset_id, method, _OPTIONS, began), inputs)
            discovery = {"type": "discover_new", "discover_by": method} if method else {}
            fields = {
                "id": f"sd_{Dice(store.seed, _MADE, number).base36(18)}",
                "number": number,
                "dataset_id": dataset_id,
                "method": method,
                "query": json.dumps({"dataset_id": dataset_id, **_QUERY, **discovery}),
                "options": json.dumps(asdict(_OPTIONS)),
                "caller": "192.0.2.7",
                "created": began,
                "begins": began,
                "ends": began + _TOOK,
                "inputs": len(inputs),
                "data": sizes["data"],
                "warnings": sizes["warning"],
                "errors": sizes["error"],
            }
            store.put_snapshot(fields, inputs)
        store.notes.remember(_MADE, len(_ASKED))
