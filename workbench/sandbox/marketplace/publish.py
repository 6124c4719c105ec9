"""What the form sends: photos, steps, the listing itself, drafts."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from workbench.sandbox.marketplace.form import PHOTOS, TITLE_LENGTH
from workbench.sandbox.marketplace.gates import error
from workbench.sandbox.marketplace.store import Listing
from workbench.sandbox.marketplace.texts import CATEGORIES, CONDITIONS, GROUPS, MEETUPS, towns_like
from workbench.sandbox.marketplace.world import Visit
from workbench.sandbox.web import Answer, HangUp, as_json

_IMAGES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")
_MOST_BYTES: Final = 30_000_000
_ALL: Final = frozenset(name for names in CATEGORIES.values() for name in names)
# Field → what its message says.
_MISSING: Final = {
    "photos": "Please add at least one photo.",
    "title": "Please enter a title.",
    "price": "Please enter a valid price.",
    "category": "Please select a category.",
    "condition": "Please select a condition.",
    "location": "Please select a location from the list.",
}


def photo(visit: Visit) -> Answer:
    data = visit.request.body
    is_image = data.startswith(_IMAGES) or data[4:12] in {b"ftypheic", b"ftypheif", b"ftypmif1"}
    if not is_image or len(data) > _MOST_BYTES:
        return error("photo_refused", text=visit.texts()("Your photo couldn't be uploaded."))
    photo_id = visit.world.store.add_photo(visit.label, len(data), sha256(data).hexdigest())
    return as_json({"data": {"photo": {"id": photo_id}}})


def location(visit: Visit) -> Answer:
    """The typeahead of places."""
    found = towns_like(str(visit.variables().get("query", "")))
    return as_json({"data": {"places": [{"name": name} for name in found]}})


def step(_visit: Visit) -> Answer:
    """One page of the form is left for the next."""
    return as_json({"data": {"step": {"ok": True}}})


def publish(visit: Visit) -> Answer:
    """The one call that makes a listing public. What is stored is stored before anything breaks."""
    said = visit.variables()
    content, photos = content_of(said), _photos(visit, said)
    if refused := visit.strike("field_error"):
        return _refused_field(visit, refused["field"])
    if missing := next((name for name in _MISSING if not _is_filled(name, content, photos)), ""):
        return _refused_field(visit, missing)
    failed = visit.strike("query_error")
    if failed and failed["stored"] == "no":
        return error("query_error", text="query error")
    listing = _stored(visit, str(said.get("listing_id", "")), content, photos)
    if visit.strike("commit_then_drop"):
        raise HangUp
    if failed:
        return error("query_error", text="query error")
    return _created(visit, listing)


def _created(visit: Visit, listing: Listing) -> Answer:
    told: dict[str, Any] = {"__typename": "GroupCommerceProductItem", "id": listing.id}
    if visit.strike("answer_without_id"):
        del told["id"]
    return as_json({"data": {"marketplace_listing_create": {"listing": told, "onward": "/marketplace/you/selling"}}})


def _stored(visit: Visit, listing_id: str, content: dict[str, Any], photos: list[str]) -> Listing:
    store = visit.world.store
    state = "review" if visit.strike("under_review") else "live"
    with store.db.writing():
        store.keep(visit.label, {name: content[name] for name in ("hide_from_friends", "groups")})
        draft = _own(visit, listing_id)
        if draft is None or draft.state != "draft":
            return store.add_listing(visit.label, state, content, photos)
        store.change_listing(draft.id, state, content, photos)
    return store.listing(draft.id) or draft


def draft(visit: Visit) -> Answer:
    """Nothing is asked of a draft, not even a title."""
    said = visit.variables()
    content, photos = content_of(said), _photos(visit, said)
    store = visit.world.store
    known = _own(visit, str(said.get("listing_id", "")))
    if known is not None and known.state != "draft":
        return error("not_found", text="This listing isn't a draft.")
    with store.db.writing():
        if known is None:
            known = store.add_listing(visit.label, "draft", content, photos)
        else:
            store.change_listing(known.id, "draft", content, photos)
    listing = {"id": known.id}
    return as_json({"data": {"marketplace_draft_save": {"listing": listing, "onward": "/marketplace/you/selling"}}})


def update(visit: Visit) -> Answer:
    said = visit.variables()
    content, photos = content_of(said), _photos(visit, said)
    known = _own(visit, str(said.get("listing_id", "")))
    if known is None or known.state == "draft":
        return error("not_found", text="This listing isn't available anymore.")
    if missing := next((name for name in _MISSING if not _is_filled(name, content, photos)), ""):
        return _refused_field(visit, missing)
    visit.world.store.change_listing(known.id, known.state, content, photos)
    return as_json({"data": {"marketplace_listing_edit": {"listing": {"id": known.id}, "onward": known.path}}})


def greyed(visit: Visit) -> Answer:
    """Somebody clicked a Publish that cannot be clicked."""
    visit.world.notes.bump(f"greyed:{visit.label}")
    return Answer(status=204)


def _own(visit: Visit, listing_id: str) -> Listing | None:
    known = visit.world.store.listing(listing_id)
    return known if known and known.label == visit.label else None


def _refused_field(visit: Visit, name: str) -> Answer:
    return error("field_error", field=name, text=visit.texts()(_MISSING.get(name, "Please check this field.")))


def content_of(said: dict[str, Any]) -> dict[str, Any]:
    """The fields of a listing, whatever the caller sent."""
    digits = "".join(each for each in str(said.get("price", "")) if each.isdecimal())
    texts = {name: str(said.get(name, "")) for name in ("title", "category", "condition", "description", "location")}
    more = {name: str(said.get(name, "")) for name in ("sku", "brand", "color", "material", "tags", "availability")}
    chosen = {"groups": GROUPS, "meetups": MEETUPS}
    lists = {name: [each for each in known if each in _list(said.get(name))] for name, known in chosen.items()}
    hidden = {"hide_from_friends": said.get("hide_from_friends") is True}
    return {**texts, "price": int(digits) if digits else None, **more, **lists, **hidden}


def _photos(visit: Visit, said: dict[str, Any]) -> list[str]:
    store = visit.world.store
    given = [str(each) for each in _list(said.get("photo_ids"))]
    return [each for each in dict.fromkeys(given) if store.photo(each, visit.label)][:PHOTOS]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_filled(name: str, content: dict[str, Any], photos: list[str]) -> bool:
    match name:
        case "photos":
            return bool(photos)
        case "title":
            return 0 < len(content["title"].strip()) <= TITLE_LENGTH
        case "price":
            return content["price"] is not None
        case "category":
            return content["category"] in _ALL
        case "condition":
            return content["condition"] in CONDITIONS
        case _:
            return bool(towns_like(content["location"]))
