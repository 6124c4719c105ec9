"""The app behind the sign-in: the shell, who is there, and the cards of a tab."""

from __future__ import annotations

import time
from typing import Any

from workbench.sandbox.dice import share
from workbench.sandbox.trafficjunky import seeds
from workbench.sandbox.trafficjunky.pages import shell
from workbench.sandbox.trafficjunky.rules import TABS
from workbench.sandbox.trafficjunky.store import Creative
from workbench.sandbox.trafficjunky.world import Session, TrafficJunkyWorld
from workbench.sandbox.web import Answer, Request, as_json, as_text

_NATIVE = {"0": "native_static", "1": "native_rollover"}


def show(world: TrafficJunkyWorld, request: Request, session: Session | None) -> Answer:
    """200 for everybody. The library loaded anew shows what was kept back until then."""
    if session is not None and request.path.startswith("/media-library"):
        world.store.reveal(session.account)
    return shell(world)


def who(world: TrafficJunkyWorld, _request: Request, session: Session) -> Answer:
    alert = world.switches.strikes("alert", account=session.account)
    cents = int(share(world.store.seed, session.account) * 1_000_000)
    return as_json(
        {
            "account": session.account,
            "balance": f"${cents / 100:,.2f}",
            "alert": alert["text"] if alert else None,
        }
    )


def slot(kind: str, native: str) -> str:
    """The library of its own that a tab with its radios means; "" if there is none."""
    name = _NATIVE.get(native, "") if kind == "native" else kind
    return name if name in TABS else ""


def creatives(world: TrafficJunkyWorld, request: Request, session: Session) -> Answer:
    tab = slot(request.args.get("type", ""), request.args.get("native_type", "0"))
    number = request.args.get("page", "1")
    if not tab or not number.isdecimal() or int(number) < 1:
        return as_json({"message": "The given data was invalid."}, 422)
    failure = world.switches.strikes("page_fails", page=int(number), tab=tab, account=session.account)
    how = failure["how"] if failure else ""
    if how == "error":
        return as_text("Server Error", 500)
    if moved := world.switches.strikes("library_moves", page=int(number), tab=tab, account=session.account):
        _move(world, session.account, tab, moved["how"])
    review(world)
    found, has_next = world.store.page(session.account, tab, int(number))
    if how:
        found = [] if how == "empty" else found[: len(found) // 2]
    answer = {"creatives": [_card(world, creative) for creative in found], "has_next": has_next}
    if world.switches.choice("shows_total") == "yes":
        answer["total"] = world.store.count(session.account, tab)
    return as_json(answer)


def _move(world: TrafficJunkyWorld, account: str, tab: str, how: str) -> None:
    if how == "added":
        seeds.plant(world, account, {"creatives": 1, "tab": tab})
    else:
        world.store.remove_newest(account, tab)


def _card(world: TrafficJunkyWorld, creative: Creative) -> dict[str, Any]:
    length = int(world.switches.number("name_truncated"))
    return {
        "id": creative.id,
        "name": creative.name[:length] if length else creative.name,
        "review": creative.review,
        "dimensions": None if creative.is_terse else creative.dimensions,
        "file_type": None if creative.is_terse else creative.kind,
    }


def review(world: TrafficJunkyWorld) -> None:
    """Decide what has waited long enough."""
    seconds = world.switches.number("review_after_seconds")
    if not seconds:
        return
    for creative in world.store.undecided(time.time() - seconds):
        about = {"file": creative.name, "tab": creative.tab, "account": creative.account}
        refused = world.switches.strikes("review_rejects", subject=creative.id, **about)
        world.store.decide(creative.id, "rejected" if refused else "approved")
