"""Form and edit page: one JSON says which variant it is, and the script draws it as the site's own would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.sandbox.marketplace import pages
from workbench.sandbox.marketplace.store import Listing
from workbench.sandbox.marketplace.texts import CATEGORIES, CONDITIONS, DAILY_LIMIT, GROUPS, MEETUPS, SUGGESTED
from workbench.sandbox.marketplace.world import Visit
from workbench.sandbox.web import Answer

PHOTOS: Final = 10
TITLE_LENGTH: Final = 100


def create(visit: Visit) -> Answer:
    return _drawn(visit, None)


def edit(visit: Visit) -> Answer:
    """Only the seller sees it; a draft is published from here."""
    listing = visit.world.store.listing(visit.request.args.get("listing_id", ""))
    if listing is None or listing.label != visit.label:
        return pages.not_found(visit)
    return _drawn(visit, listing)


def _drawn(visit: Visit, listing: Listing | None) -> Answer:
    say, renamed = visit.drawn_texts()
    heading = "Edit listing" if listing and listing.state != "draft" else "Item for sale"
    config = {
        "markup": visit.setting("markup"),
        "pages": int(visit.setting("pages")),
        "options": visit.setting("options"),
        "tree": visit.setting("categories") == "tree",
        "pills": visit.has("pills"),
        "description_later": visit.setting("description") == "more_details",
        "sku": visit.setting("sku_offered"),
        "badge": visit.has("badge"),
        "loads": visit.setting("after_publish") == "load",
        "accept": None if renamed == "Photos" else "image/*,image/heif,image/heic",
        "daily_limit": say(DAILY_LIMIT) if visit.strike("daily_limit") else "",
        "challenge": visit.world.store.account(visit.label).gate == "captcha",
        "heading": say(heading),
        "categories": CATEGORIES,
        "conditions": CONDITIONS,
        "suggested": SUGGESTED,
        "groups": GROUPS,
        "meetups": MEETUPS,
        "most_photos": PHOTOS,
        "title_length": TITLE_LENGTH,
        "listing": _known(listing, visit.seller.kept),
    }
    return pages.page(visit, "form", texts=say, config=config)


def _known(listing: Listing | None, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the form begins with: the listing, or what the site remembers of the last one."""
    if listing is None:
        return {"id": "", "state": "", "content": dict(kept), "photos": []}
    return {"id": listing.id, "state": listing.state, "content": dict(listing.content), "photos": list(listing.photos)}
