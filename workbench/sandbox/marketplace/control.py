"""/sandbox/…: what the site was made to do, the failures it shall show, sessions, and the person's part."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from workbench.sandbox.marketplace.publish import content_of
from workbench.sandbox.marketplace.signin import storage_state
from workbench.sandbox.marketplace.store import Listing
from workbench.sandbox.marketplace.world import World
from workbench.sandbox.switches import BadSwitch
from workbench.sandbox.web import Answer, Request, as_json

_KEPT_SECONDS: Final = 90 * 86_400


class Refused(Exception):
    """The call says nothing that can be done."""


def about(world: World, _request: Request) -> Answer:
    return as_json({"service": "marketplace", "pid": os.getpid(), "seed": world.store.notes.seed})


def switches(world: World, _request: Request) -> Answer:
    return as_json(world.switches.shown())


def set_switches(world: World, request: Request) -> Answer:
    try:
        world.switches.set(_read(request))
    except BadSwitch as error:
        raise Refused(str(error)) from None
    return as_json(world.switches.shown())


def session(world: World, request: Request) -> Answer:
    """`{"account": LABEL}`, with `"expires_in": seconds` for a cookie that ends then, or ended already."""
    said = _read(request)
    seconds = said.get("expires_in", _KEPT_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Refused("expires_in is a number of seconds")
    return as_json(storage_state(world, _label(said), seconds))


def solve(world: World, request: Request) -> Answer:
    """The person's part: sign in where a login page or a second factor waits, else lift what stands before them."""
    label = _label(_read(request))
    account = world.store.account(label)
    if world.store.solve_signin(label):
        return as_json({"account": label, "solved": "sign_in"})
    if not account.gate:
        return as_json({"error": f"nothing waits for the person of {label}"}, 409)
    world.store.set_gate(label, "")
    return as_json({"account": label, "solved": account.gate})


def end_sessions(world: World, request: Request) -> Answer:
    """Every session of the account is over at the site; the cookies do not know it."""
    label = _label(_read(request))
    ended = world.store.db.run("UPDATE marketplace_session SET ended = 1 WHERE label = ? AND NOT ended", (label,))
    return as_json({"account": label, "ended": ended})


def seed(world: World, request: Request) -> Answer:
    """`{"account": LABEL, "listings": [{"title": …, …}]}`: what the account had put there before anybody looked.

    The ids are answered in the order of the listings: the newest last.
    """
    said = _read(request)
    label, listings = _label(said), said.get("listings")
    if not isinstance(listings, list) or not all(isinstance(one, dict) and one.get("title") for one in listings):
        raise Refused("listings is a list of objects with a title")
    world.store.account(label)
    made = [world.store.add_listing(label, "live", content_of(one), []) for one in listings]
    return as_json({"ids": [one.id for one in made]})


def count(world: World, _request: Request) -> Answer:
    notes = world.store.notes
    listings = world.store.listings()
    public = [each for each in listings if each.state != "draft"]
    return as_json(
        {
            "listings": [_told(world, each) for each in reversed(public)],
            "drafts": [_told(world, each) for each in reversed(listings) if each.state == "draft"],
            "listings_created": dict(Counter(each.label for each in public)),
            "publish_clicks": notes.tallies("publish:"),
            "greyed_clicks": notes.tallies("greyed:"),
            "sign_ins": {each.label: each.sign_ins for each in world.store.accounts()},
            "gates": {each.label: each.gate for each in world.store.accounts() if each.gate},
            "requests": notes.tallies("route:"),
            "answers": notes.tallies("answer:"),
            "struck": world.switches.used(),
        }
    )


def _told(world: World, listing: Listing) -> dict[str, Any]:
    return {
        "listing_id": listing.id,
        "account": listing.label,
        "state": listing.state,
        **listing.content,
        "photos": {"count": len(listing.photos), "sha256": world.store.photo_hashes(listing.photos)},
        "created_at": datetime.fromtimestamp(listing.created, UTC).isoformat(),
    }


def reset(world: World, _request: Request) -> Answer:
    with world.store.db.writing():
        world.store.reset()
        world.switches.set(world.initial)
    return as_json({"ok": True})


def _read(request: Request) -> dict[str, Any]:
    try:
        said = request.json()
    except orjson.JSONDecodeError as error:
        raise Refused(f"the body is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise Refused('send a JSON object, e.g. {"account": "anna"}')
    return said


def _label(said: dict[str, Any]) -> str:
    label = said.get("account")
    if not isinstance(label, str) or not label.strip() or "@" in label:
        raise Refused('account is the label of an account, a text without "@"')
    return label.strip()
