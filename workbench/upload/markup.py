"""What is shown of creatives and batches, as markup: the same for both faces."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from workbench.panels.facts import facts, mode_note
from workbench.panels.markup import Html, badge, join, note, progress_bar, table, tag
from workbench.panels.pictures import pictures
from workbench.panels.words import badge_of, without_commands
from workbench.upload.batches import how_far, next_step

if TYPE_CHECKING:
    from workbench.workbench import Workbench

Row = Mapping[str, Any]

_ITEMS: Final = ("unique_id", "file_name", "slot", "status", "tj_creative_id", "review_status", "error_message")
_FILES: Final = (("Status CSV", "status_csv"), ("Report", "report"), ("Archive", "archive"))
_HEADS: Final = ("Id", "File", "Slot", "Status", "At TrafficJunky", "Review", "What was said")
_KB, _MB = 1_000, 1_000_000
LARGE: Final = 480  # pixels of the picture of one file
# What becomes of a file that was looked at, as a word with its tone.
VERDICTS: Final = {
    "pending": ("will be uploaded", "moving"), "failed": ("refused", "bad"), "file_not_found": ("not found", "bad"),
    "skipped": ("left alone", "plain"),
}  # fmt: skip


def plan_view(wb: Workbench, done: Row) -> Html:
    rows = [
        (one["unique_id"], one["file_name"], one["slot"], one["status"], one["error_message"], one["cure"])
        for one in done["items"]
    ]
    heads = ("Id", "File", "Slot", "Status", "What is said about it", "What to do")
    parts = [mode_note(wb.settings.mode), table("What would be uploaded", heads, rows), facts(counts(done))]
    return join([*parts, refused_note(done)])


def refused_note(done: Row) -> Html:
    number = done["totals"]["failed"]
    if not number:
        return Html()
    words = (
        "1 file would be refused; the others go" if number == 1 else f"{number} files would be refused; the others go"
    )
    return note("error", f"{words} on without {'it' if number == 1 else 'them'}. Beside each stands what to do.")


def counts(done: Row) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), number) for name, number in done["totals"].items()]


def looked_row(one: Row) -> dict[str, Any]:
    """A file that was looked at, as a row of the live table."""
    what = " · ".join(filter(None, (_slot(one["slot"]), measures(one["media"]))))
    return {
        "key": one["path"] or one["file_name"], "file_name": one["file_name"], "what": what,
        "verdict": VERDICTS[one["status"]], "said": without_commands(one["error_message"]), "cure": one["cure"],
    }  # fmt: skip


def _slot(name: str | None) -> str:
    return (name or "").replace("_", " ")


def measures(media: Row | None) -> str:
    """Width, height, length and size of a file, as far as they are known."""
    if not media or "bytes" not in media:
        return ""
    size = f"{media['width']} × {media['height']}" if media.get("width") else ""
    seconds = f"{media['seconds']:g} s" if media.get("seconds") else ""
    number = media["bytes"]
    kept = (
        f"{number / _MB:.1f} MB" if number >= _MB else f"{number / _KB:.0f} kB" if number >= _KB else f"{number} bytes"
    )
    return " · ".join(filter(None, (size, seconds, kept)))


def gallery(items: Sequence[Row], shown: Mapping[str, bytes]) -> Html:
    """Small pictures of files, each with its name and what becomes of it."""
    tiles = [_tile(one, shown[one["file_name"]]) for one in items if one["file_name"] in shown]
    return tag("div", *tiles, style="display: flex; flex-wrap: wrap; gap: 10px; padding: 6px 0;") if tiles else Html()


def _tile(one: Row, png: bytes) -> Html:
    name = one["file_name"]
    verdict = badge(*VERDICTS[one["status"]]) if one["status"] in VERDICTS and not one.get("upload_id") else ""
    style = "margin: 0; width: 130px; font-size: 12px; line-height: 1.3; overflow-wrap: anywhere;"
    return tag("figure", thumbnail(png, name), tag("figcaption", name, " ", verdict), style=style)


def thumbnail(png: bytes, name: str, *, most: int = 120) -> Html:
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    style = f"max-width: {most}px; max-height: {most}px; height: auto; display: block; border: 1px solid #8888;"
    return Html(tag("img", src=address, alt=f"Picture of {name}", style=style).replace("></img>", ">"))


def looked_view(one: Row, png: bytes | None, word: tuple[str, str], *, side: int) -> Html:
    """One file: its picture, what it is, every finding with its cure. `word`: how it stands, with a tone."""
    findings = [
        tag("li", each["words"], ". ", tag("strong", "What to do: "), each["cure"]) for each in one.get("findings", ())
    ]
    said = without_commands(one["error_message"]) if not findings else ""
    about = facts([("Slot", _slot(one["slot"])), ("It is", measures(one["media"])), ("Lies in", one["file_path"])])
    return join(
        [
            tag("div", tag("strong", one["file_name"]), " ", badge(*word)),
            thumbnail(png, one["file_name"], most=side) if png else "",
            about,
            said,
            tag("ul", *findings) if findings else "",
        ]
    )


def progress(done: Row) -> tuple[int, str, str]:
    """Percent of the whole way, how many are over, and what is at work this moment."""
    over, total, now = how_far(done)
    moving = [one for one in done["items"] if one["is_due"] or one["is_worked"]]
    whole = over + sum(_WAY.get(one["state"], 0.0) for one in moving)
    return int(100 * whole / total) if total else 0, f"{over} of {total} files", now


_WAY: Final = {"sent": 0.5, "identified": 0.7, "recorded": 0.8}  # of one file that is not over yet


def progress_view(done: Row) -> Html:
    percent, words, now = progress(done)
    said = facts([("Batch", done["batch_id"]), ("Now", now), *counts(done)])
    return join([progress_bar("Uploading", percent, words), said])


def results_view(wb: Workbench, done: Row) -> Html:
    what = str(done["batch_id"] or "Rehearsed, nothing was uploaded")
    rows = [[one.get(name) for name in _ITEMS] for one in done["items"]]
    shown = {one["screenshot"]: {**one, "title": one["file_name"]} for one in done["items"] if one.get("screenshot")}
    # Below the home, as the file browser beside the notebook shows them.
    files = [facts([(name, done[key].removeprefix(f"{wb.settings.home}/"))]) for name, key in _FILES if done[key]]
    return join([table(what, _HEADS, rows), facts(counts(done)), *files,
                 *pictures(wb.settings.data, list(shown.values()))])  # fmt: skip


def item_row(one: Row) -> dict[str, Any]:
    """A file of a batch, as a row of the live table."""
    told = {name: one[name] for name in ("upload_id", "unique_id", "file_name", "tj_creative_id", "review_status")}
    return {
        **told, "slot": _slot(one["slot"]), "badge": badge_of(one), "native_pair_id": one["native_pair_id"],
        "said": without_commands(one["error_message"]) or one["doing"] or "", "next": next_step(one),
        "archive_path": one["archive_path"] if one["archived_at"] else None,
    }  # fmt: skip


def pairs_view(pairs: Sequence[Row]) -> Html:
    """Native pairs: both halves beside each other, and whether an ad can be made of them."""
    if not pairs:
        return Html()
    rows = [
        (one["native_pair_id"], _half(one["video"]), _half(one["image"]),
         badge("whole", "good") if one["is_whole"] else badge("half", "waits"))
        for one in pairs
    ]  # fmt: skip
    return table("Native pairs", ("Pair", "Film", "Picture", "Together"), rows)


def _half(one: Row | None) -> Html:
    if one is None:
        return tag("span", "not in this batch")
    return join([one["file_name"], " ", badge(*badge_of(one)), " ", one["tj_creative_id"] or ""])


def archive_view(items: Sequence[Row]) -> Html:
    """What lies in the archive by now, and where each came from."""
    rows = [(one["file_name"], one["archive_path"], one["file_path"]) for one in items if one["archived_at"]]
    return table("In the archive", ("File", "Lies in archive/", "Came from"), rows) if rows else Html()
