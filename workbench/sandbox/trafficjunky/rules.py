"""Which files each tab takes, and what the site says to the others (its real words are not known)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workbench.sandbox.trafficjunky.media import Media

_PICTURES: Final = frozenset({"png", "jpg"})
_NATIVE: Final = "640x360"
_BANNERS: Final = frozenset({"300x250", "950x250", "468x60", "305x99", "300x100", "970x90", "320x480", _NATIVE})
# A film's clock counts in whole ticks; its last one may lie beyond the limit.
_TICK: Final = 0.001


@dataclass(frozen=True)
class Tab:
    """A library of its own: names are known, and ids are given, per tab."""

    name: str
    kinds: frozenset[str]
    sizes: frozenset[str] = frozenset()
    least_seconds: float = 0.0
    most_seconds: float = 0.0
    most_bytes: int = 0
    # Some cards of these tabs lack size and kind.
    is_terse: bool = False


TABS: Final = {
    tab.name: tab
    for tab in (
        Tab("static", _PICTURES | {"gif"}, _BANNERS),
        Tab("video", frozenset({"mp4"}), _BANNERS, is_terse=True),
        Tab("in_stream", frozenset({"mp4"}), least_seconds=5, most_seconds=31, is_terse=True),
        Tab("native_static", _PICTURES, frozenset({_NATIVE}), most_bytes=299_999),
        Tab("native_rollover", frozenset({"mp4"}), frozenset({_NATIVE}), most_seconds=4),
    )
}


def complaint(tab: Tab, media: Media, size: int) -> str:
    """Why the site does not take this file; "" if it does."""
    if media.kind not in tab.kinds:
        return f"Invalid file type. Allowed: {', '.join(sorted(tab.kinds))}."
    if tab.sizes and media.dimensions not in tab.sizes:
        return f"Invalid dimensions: {media.dimensions or 'unreadable'}. Allowed: {', '.join(sorted(tab.sizes))}."
    if tab.most_bytes and size > tab.most_bytes:
        return f"The file is too large: it must be smaller than {(tab.most_bytes + 1) // 1000} KB."
    return _complaint_of_time(tab, media.seconds)


def _complaint_of_time(tab: Tab, seconds: float) -> str:
    if tab.least_seconds and not tab.least_seconds - _TICK <= seconds <= tab.most_seconds + _TICK:
        return f"The duration must be between {tab.least_seconds:g} and {tab.most_seconds:g} seconds."
    if tab.most_seconds and seconds > tab.most_seconds + _TICK:
        return f"The duration must not exceed {tab.most_seconds:g} seconds."
    return ""
