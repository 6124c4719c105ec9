"""/sandbox/…: what the site was made to do, sessions, a past, and the person's part."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from workbench.sandbox.control import COMMON, BadCall, account_of, given, seconds_of
from workbench.sandbox.marketplace.publish import content_of
from workbench.sandbox.marketplace.signin import KEPT_SECONDS, cookies_of
from workbench.sandbox.marketplace.store import Listing
from workbench.sandbox.marketplace.world import MarketplaceWorld
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.signin import storage_state
from workbench.sandbox.web import Answer, Request, as_json


def session(world: MarketplaceWorld, request: Request) -> Answer:
    """`{"account": LABEL}`, with `"expires_in": seconds` for a cookie that ends then, or ended already."""
    said = given(request)
    cookies = cookies_of(world, _label(said))
    return as_json(
        storage_state(request, seconds_of(said, "expires_in", KEPT_SECONDS), cookies, open_to_scripts="c_user")
    )


def solve(world: MarketplaceWorld, request: Request) -> Answer:
    """The person's part: sign in where a login page or a second factor waits, else lift what stands before them."""
    label = _label(given(request))
    account = world.store.account(label)
    if world.store.solve_signin(label):
        return as_json({"account": label, "solved": "sign_in"})
    if not account.gate:
        return as_json({"error": f"nothing waits for the person of {label}"}, 409)
    world.store.set_gate(label, "")
    return as_json({"account": label, "solved": account.gate})


def end_sessions(world: MarketplaceWorld, request: Request) -> Answer:
    """Every session of the account is over at the site; the cookies do not know it."""
    label = _label(given(request))
    ended = world.store.db.run("UPDATE marketplace_session SET ended = 1 WHERE label = ? AND NOT ended", (label,))
    return as_json({"account": label, "ended": ended})


def seed(world: MarketplaceWorld, request: Request) -> Answer:
    """`{"account": LABEL, "listings": [{"title": …, …}]}`: what the account had put there before anybody looked.

    The ids are answered in the order of the listings: the newest last.
    """
    said = given(request)
    label, listings = _label(said), said.get("listings")
    if not isinstance(listings, list) or not all(isinstance(one, dict) and one.get("title") for one in listings):
        raise BadCall("listings is a list of objects with a title")
    world.store.account(label)
    made = [world.store.add_listing(label, "live", content_of(one), []) for one in listings]
    return as_json({"ids": [one.id for one in made]})


def count(world: MarketplaceWorld, _request: Request) -> Answer:
    notes = world.notes
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


def _told(world: MarketplaceWorld, listing: Listing) -> dict[str, Any]:
    return {
        "listing_id": listing.id,
        "account": listing.label,
        "state": listing.state,
        **listing.content,
        "photos": {"count": len(listing.photos), "sha256": world.store.photo_hashes(listing.photos)},
        "created_at": datetime.fromtimestamp(listing.created, UTC).isoformat(),
    }


def _label(said: dict[str, Any]) -> str:
    label = account_of(said)
    if "@" in label:
        raise BadCall('account is the label of an account, a text without "@"')
    return label


CONTROLS: Final = Routes(
    *COMMON,
    Route("GET", "/sandbox/count", count),
    Route("POST", "/sandbox/session", session),
    Route("POST", "/sandbox/solve", solve),
    Route("POST", "/sandbox/seed", seed),
    Route("POST", "/sandbox/end_sessions", end_sessions),
)
