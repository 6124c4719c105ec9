"""Campaign CSVs of what is uploaded, within TrafficJunky's limits. Whatever a URL holds is passed on untouched."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workbench.errors import BadInput
from workbench.upload.names import id_in_name, stem

NATIVE: Final = ("Ad Name", "Target URL", "Video Creative ID", "Thumbnail Creative ID", "Headline", "Brand Name")
PREROLL: Final = (
    "Ad Name", "Target URL", "Creative ID", "Custom CTA Text", "Custom CTA URL", "Banner CTA Creative ID",
    "Banner CTA Title", "Banner CTA Subtitle", "Banner CTA URL", "Tracking Pixel",
)  # fmt: skip
LIMITS: Final = {
    "Ad Name": 64, "Headline": 87, "Brand Name": 25, "Custom CTA Text": 25, "Banner CTA Title": 25,
    "Banner CTA Subtitle": 30,
}  # fmt: skip
MOST_ADS: Final = 50
MOST_BYTES: Final = 500_000


@dataclass(frozen=True)
class Export:
    """The texts of the files by kind, and the files that no ad could be made of, each with why."""

    native: tuple[str, ...]
    preroll: tuple[str, ...]
    orphans: tuple[tuple[str, str], ...]


def export(rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> Export:
    """Ads of rows of the view `uploads`. `texts`: column → what every ad has there, Target URL at least."""
    _check(texts)
    natives, prerolls, orphans = _ads(rows, texts)
    return Export(_files(NATIVE, natives), _files(PREROLL, prerolls), tuple(orphans))


def mistakes(texts: Mapping[str, str]) -> dict[str, str]:
    """All that is wrong with the texts of a campaign CSV: column → what is wrong and the cure."""
    wrong = {
        name: f"a campaign CSV has no column {name}; it has {', '.join((*NATIVE, *PREROLL))}."
        for name in sorted(texts.keys() - {*NATIVE, *PREROLL})
    }
    if not texts.get("Target URL", "").startswith(("https://", "http://")):
        wrong["Target URL"] = "an ad leads somewhere: give the target URL, with its macros as they are."
    for name, text in texts.items():
        if len(text) > LIMITS.get(name, len(text)):
            wrong[name] = f"{name} has {len(text)} characters and may have {LIMITS[name]}: {text!r}"
        elif any(sign in text for sign in "\r\n\x00"):
            wrong[name] = f"{name} is of more than one line; ads are lines of a CSV."
    return wrong


def _check(texts: Mapping[str, str]) -> None:
    if wrong := mistakes(texts):
        raise BadInput(wrong.get("Target URL") or next(iter(wrong.values())))


def _ads(
    rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str]
) -> tuple[list[dict[str, str]], list[dict[str, str]], list[tuple[str, str]]]:
    pairs: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    prerolls, orphans = list[dict[str, str]](), list[tuple[str, str]]()
    for row in rows:
        name, found = str(row["file_name"]), str(row["tj_creative_id"] or "")
        if not found:
            orphans.append((name, f"no id yet: {row['status']}"))
        elif row["review_status"] == "rejected":
            orphans.append((name, "rejected in review"))
        elif row["slot"] == "in_stream":
            prerolls.append({**texts, "Ad Name": ad_name(name), "Creative ID": found})
        elif row["slot"] == "native" and row["native_pair_id"]:
            pairs[str(row["native_pair_id"])][str(row["tab"])] = row
        else:
            orphans.append((name, f"no campaign CSV is known for {row['slot']} banners or for natives without a pair"))
    natives = []
    for pair in pairs.values():
        film, picture = pair.get("native_rollover"), pair.get("native_static")
        if film is None or picture is None:
            orphans += [(str(one["file_name"]), "its other half has no id") for one in pair.values()]
            continue
        ids = {"Video Creative ID": film["tj_creative_id"], "Thumbnail Creative ID": picture["tj_creative_id"]}
        natives.append({**texts, "Ad Name": ad_name(str(film["file_name"])), **ids})
    return natives, prerolls, orphans


def ad_name(name: str) -> str:
    """The file's name, shortened in front of its id where it is too long: the id is how it is found again."""
    text, most = stem(name), LIMITS["Ad Name"]
    if len(text) <= most:
        return text
    found = id_in_name(name)
    tail = f"_{'-'.join(filter(None, found))}" if found else ""
    return text[: most - len(tail)].rstrip("_- ") + tail


def _files(columns: Sequence[str], ads: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    head, files = _line(columns), list[str]()
    current, number = head, 0
    for ad in ads:
        line = _line([ad.get(name, "") for name in columns])
        if number == MOST_ADS or len((current + line).encode()) > MOST_BYTES:
            files.append(current)
            current, number = head, 0
        current, number = current + line, number + 1
    return (*files, current) if number else tuple(files)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
