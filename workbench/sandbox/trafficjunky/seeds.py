"""Libraries with a past: creatives that were uploaded before anybody looked."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from workbench.sandbox.dice import Dice, share
from workbench.sandbox.trafficjunky.rules import TABS
from workbench.sandbox.trafficjunky.world import TrafficJunkyWorld

_MOST: Final = 5_000
_FIRST: Final = 86_400.0 * 30
_WORDS: Final = ("Beach", "Garden", "Winter", "Studio", "Coast", "Market", "Lantern", "Harbour", "Meadow", "River")


def plant(world: TrafficJunkyWorld, account: str, given: dict[str, Any]) -> list[str]:
    """`creatives`: how many, or `names`: which; all in `tab`. `same_stem`: so many of them again, some in the same tab.

    The ids are returned in the order of planting: the newest last.
    """
    tab = str(given.get("tab", "in_stream"))
    if tab not in TABS:
        raise ValueError(f"tab is one of {', '.join(TABS)}; not {json.dumps(tab)}")
    names = _names(world, given)
    status = str(given.get("status", "approved"))
    twins = _twins(tab, names[: _count(given, "same_stem")])
    began = time.time() - _FIRST
    with world.store.db.writing():
        return [
            world.store.add_creative(_row(world, account, where, name, status) | {"created": began + number})
            for number, (where, name) in enumerate([*((tab, name) for name in names), *twins])
        ]


def _names(world: TrafficJunkyWorld, given: dict[str, Any]) -> list[str]:
    names = given.get("names")
    if names is None:
        first = world.store.notes.bump("planted", _count(given, "creatives"))
        return [_name(world, number) for number in range(first - _count(given, "creatives"), first)]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("names is a list of texts")
    return names


def _name(world: TrafficJunkyWorld, number: int) -> str:
    dice = Dice(world.store.seed, "planted", number)
    return f"{dice.choice(_WORDS)}_{dice.choice(_WORDS)}_{number:04d}_ID-{dice.base36(8).upper()}"


def _count(given: dict[str, Any], key: str) -> int:
    number = given.get(key, 0)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MOST:
        raise ValueError(f"{key} is a whole number from 0 to {_MOST:,}; not {json.dumps(number)}")
    return number


def _twins(tab: str, names: list[str]) -> list[tuple[str, str]]:
    """Every other one in the same tab again, as seen in real libraries, the rest in another."""
    other = {"native_static": "native_rollover", "native_rollover": "native_static", "video": "in_stream"}
    return [(tab if number % 2 else other.get(tab, "video"), name) for number, name in enumerate(names)]


def _row(world: TrafficJunkyWorld, account: str, tab: str, name: str, status: str) -> dict[str, Any]:
    rules = TABS[tab]
    dice = Dice(world.store.seed, tab, name)
    return {
        "account": account,
        "tab": tab,
        "name": name,
        "kind": dice.choice(sorted(rules.kinds)),
        "dimensions": dice.choice(sorted(rules.sizes)) if rules.sizes else "1920x1080",
        "review": status,
        "decided": 1,
        "is_terse": rules.is_terse and share(world.store.seed, "terse", name) < 0.5,
    }
