"""What is to be posted, and what came of it as markup: the same for both faces."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from workbench.panels.facts import facts, mode_note
from workbench.panels.markup import Html, join, link, note, progress_bar, table, tag
from workbench.panels.pictures import pictures
from workbench.panels.words import badge_of, without_commands
from workbench.post.jobs import how_far, next_step
from workbench.post.order import Desk

if TYPE_CHECKING:
    from workbench.workbench import Workbench

Row = Mapping[str, Any]

_ITEMS: Final = ("listing_id", "title", "price", "account", "status", "at", "error_class", "error_message")
_HEADS: Final = ("Listing", "Title", "Price", "Account", "Status", "At the site", "Error", "What was said")
# What becomes of a listing that was looked at, as a word with its tone.
TODO: Final = {"post": ("will be posted", "moving"), "refused": ("refused", "bad"), "nothing": ("left alone", "plain")}


def plan_view(desk: Desk) -> Html:
    names = labels(desk.wb)
    rows = [
        (one.get("line") or one.get("listing_id"), one["title"], one.get("price"),
         names.get(one.get("account_id") or 0), one["todo"], one["why"])
        for one in desk.plan()
    ]  # fmt: skip
    first = "Listing" if desk.file is None else "Line"
    parts = [
        mode_note(desk.wb.settings.mode),
        table("What would be posted", (first, "Title", "Price", "Account", "To do", "Why"), rows),
    ]
    return join([*parts, plan_facts(desk)])


def plan_facts(desk: Desk) -> Html:
    number = {word: sum(one["todo"] == word for one in desk.planned) for word in TODO}
    said = facts([("To post", number["post"]), ("Refused", number["refused"]), ("Left alone", number["nothing"])])
    if not number["refused"]:
        return said
    mended = "its refused lines are mended" if desk.file else "the refused ones are edited, or left out"
    where = "this file" if desk.file else "these"
    return join([said, note("error", f"Nothing of {where} is posted before {mended}.")])


def labels(wb: Workbench) -> dict[int, str]:
    return {one["account_id"]: one["label"] for one in wb.accounts.all("marketplace")}


def planned_row(desk: Desk, one: Row, names: Mapping[int, str]) -> dict[str, Any]:
    """A listing that was looked at, as a row of the live table."""
    cure = ""
    if one["todo"] == "refused":
        cure = "Mend this line of the file, save it, and look again." if desk.file else "Choose an account for it."
        if desk.file and one.get("listing_id"):
            cure = "Fill its cell in the file, or choose an account above."
    number = one.get("line") if desk.file else one.get("listing_id")
    return {
        "number": number, "title": one["title"], "price": one.get("price"),
        "account": names.get(one.get("account_id") or 0), "todo": TODO[one["todo"]],
        "why": without_commands(one["why"]), "cure": cure,
    }  # fmt: skip


def progress(job: Row) -> tuple[int, str]:
    """Percent, and how many are over in which way."""
    over, total, _ = how_far(job)
    words = f"{over} of {total} listings: {job['completed_posts']} posted, {job['failed_posts']} failed"
    return round(100 * over / total) if total else 0, words


def progress_view(job: Row) -> Html:
    now, waits = job["current_post_title"], job["attention"]
    said = facts([("Job", job["job_id"][:8]), ("State", job["status"]), ("Now", now), ("Waits for", waits)])
    return join([progress_bar("Posting", *progress(job)), said])


def results_view(wb: Workbench, done: Row) -> Html:
    names = labels(wb)
    # An address is cut where it is long, and its end is the id.
    items = [
        {
            **one,
            "account": names.get(one["account_id"]),
            "at": link(one.get("remote_url") or "", one.get("remote_id") or ""),
        }
        for one in done["items"]
    ]
    what = "Rehearsed, nothing was sent" if done["job_id"] is None else f"Posting job {done['job_id']}"
    rows = [[one.get(name) for name in _ITEMS] for one in items]
    return join([table(f"{what}: {done['status']}", _HEADS, rows), *pictures(wb.settings.data, items)])


def listing_row(one: Row) -> dict[str, Any]:
    """A listing with how its newest posting stands, as a row of a live table."""
    said = without_commands(one["error_message"]) or (one["doing"] if one["is_worked"] else "") or ""
    at = (one["remote_url"] or "", one["remote_id"]) if one["remote_id"] else None
    word = badge_of(one) if one["state"] else ("not ordered", "plain")
    return {
        "listing_id": one["listing_id"], "title": one["title"], "price": one["price"], "account": one["account"],
        "badge": word, "at": at, "said": said, "next": next_step(one), "changed_at": one["changed_at"],
    }  # fmt: skip


def photos_view(photos: Sequence[tuple[str, bytes]]) -> Html:
    """Small pictures of a listing's photos, each with its name."""
    style = "margin: 0; width: 110px; font-size: 12px; line-height: 1.3; overflow-wrap: anywhere;"
    tiles = [tag("figure", _photo(name, png), tag("figcaption", name), style=style) for name, png in photos]
    return tag("div", *tiles, style="display: flex; flex-wrap: wrap; gap: 10px; padding: 6px 0;") if tiles else Html()


def _photo(name: str, png: bytes) -> Html:
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    style = "max-width: 100px; max-height: 100px; height: auto; display: block; border: 1px solid #8888;"
    return Html(tag("img", src=address, alt=f"Photo {name}", style=style).replace("></img>", ">"))
