"""Your listings, page by page, and the page of one listing."""

from __future__ import annotations

import time
from typing import Any, Final

from workbench.sandbox.marketplace import pages
from workbench.sandbox.marketplace.store import Listing
from workbench.sandbox.marketplace.texts import Texts
from workbench.sandbox.marketplace.world import Visit
from workbench.sandbox.web import Answer, as_json, redirect

_UNITS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"))


def selling(visit: Visit) -> Answer:
    say, _ = visit.drawn_texts()
    config = {"feed": _feed(visit, 0), "has_links": not visit.strike("cards_without_links")}
    return pages.page(visit, "selling", texts=say, config=config)


def more(visit: Visit) -> Answer:
    if visit.strike("incomplete_listings"):
        return as_json({"data": None, "errors": [{"code": "server", "text": "Something went wrong"}]}, 500)
    cursor = visit.variables().get("cursor")
    return as_json({"data": {"feed": _feed(visit, cursor if isinstance(cursor, int) else 0)}})


def _feed(visit: Visit, start: int) -> dict[str, Any]:
    """Drafts and listings, newest first; a new listing shows itself when its time has come."""
    until = time.time() - float(visit.setting("listing_appears_after"))
    found = [each for each in visit.world.store.listings(visit.label) if each.created <= until or each.state == "draft"]
    size = max(1, int(visit.setting("cards_per_page")))
    end = start + size
    return {
        "edges": [{"node": _node(each, visit.texts())} for each in found[start:end]],
        "page_info": {"has_next_page": end < len(found), "end_cursor": end},
    }


def _node(listing: Listing, say: Texts) -> dict[str, Any]:
    content = listing.content
    status = {"live": "Active", "review": "In review", "draft": "Draft"}[listing.state]
    return {
        "id": listing.id,
        "title": content["title"],
        "price": money(content["price"]),
        "creation_time": int(listing.created),
        "age": age(listing.created),
        "status": say(status),
        "path": listing.path,
        "is_draft": listing.state == "draft",
    }


def item(visit: Visit, number: int) -> Answer:
    """While a listing is in review, its only address is the review's."""
    listing = visit.world.store.listing(str(number))
    if listing is None or listing.state == "draft":
        return pages.stopped(visit, "gone")
    if visit.request.path.rstrip("/") != listing.path.rstrip("/"):
        return redirect(listing.path)
    is_seller = listing.label == visit.label
    if listing.state == "review" and not is_seller:
        return pages.stopped(visit, "gone")
    return _drawn(visit, listing, is_seller=is_seller)


def _drawn(visit: Visit, listing: Listing, *, is_seller: bool) -> Answer:
    say, content = visit.texts(), listing.content
    facts = [("Condition", say(content["condition"]))]
    if is_seller and content["sku"]:
        facts.append(("SKU", content["sku"]))
    facts += [(name.capitalize(), content[name]) for name in ("brand", "color", "material") if content[name]]
    return pages.page(
        visit,
        "item",
        listing=listing,
        content=content,
        price=money(content["price"]),
        age=age(listing.created),
        facts=facts,
        is_seller=is_seller,
    )


def money(price: int | None) -> str:
    return "" if price is None else "Free" if price == 0 else f"${price:,}"


def age(created: float) -> str:
    passed = time.time() - created
    for seconds, unit in _UNITS:
        if passed >= seconds:
            count = int(passed // seconds)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
