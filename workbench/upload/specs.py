"""What each slot of each platform takes, as far as it is known: facts of people who uploaded there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workbench.errors import BadInput
from workbench.upload.model import PLATFORMS

SLOTS: Final = ("static", "video", "in_stream", "native")
NATIVE_SIZE: Final = (640, 360)
BANNERS: Final = frozenset(
    {(300, 250), (950, 250), (468, 60), (305, 99), (300, 100), (970, 90), (320, 480)}
)  # of static and video banners at TrafficJunky

_KB: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Of one kind of file in one slot. None: no limit is known."""

    kind: str
    containers: tuple[str, ...]
    sizes: frozenset[tuple[int, int]] | None = None
    shortest: float | None = None  # seconds
    longest: float | None = None
    most_bytes: int | None = None  # not a byte more
    video_codecs: tuple[str, ...] = ()
    audio_codecs: tuple[str, ...] = ()


_NATIVE: Final = frozenset({NATIVE_SIZE})
_STILL: Final = ("png", "jpeg", "gif")

SPECS: Final[dict[str, dict[tuple[str, str], Spec]]] = {
    "tj": {
        ("static", "image"): Spec(kind="image", containers=_STILL, sizes=BANNERS | _NATIVE),
        ("video", "video"): Spec(kind="video", containers=("mp4",), sizes=BANNERS | _NATIVE),
        ("in_stream", "video"): Spec(kind="video", containers=("mp4",), shortest=5.0, longest=31.0),
        ("native", "video"): Spec(
            kind="video", containers=("mp4",), sizes=_NATIVE, longest=4.0, video_codecs=("h264",),
            audio_codecs=("aac",),
        ),
        ("native", "image"): Spec(
            kind="image", containers=("png", "jpeg"), sizes=_NATIVE, most_bytes=300 * _KB - 1
        ),
    },
    "exo": {
        ("static", "image"): Spec(kind="image", containers=_STILL, most_bytes=_KB * _KB),
        ("in_stream", "video"): Spec(
            kind="video", containers=("mp4",), shortest=15.0, most_bytes=50 * _KB * _KB, video_codecs=("h264",),
            audio_codecs=("aac",),
        ),
    },
}  # fmt: skip

# Where a file of a slot goes in the media library: (slot, kind) → tab.
TABS: Final = {
    ("static", "image"): "static",
    ("video", "video"): "video",
    ("in_stream", "video"): "in_stream",
    ("native", "video"): "native_rollover",
    ("native", "image"): "native_static",
}


def check_platform(platform: str) -> str:
    if platform not in PLATFORMS:
        raise BadInput(f"there is no platform {platform!r}; give one of {', '.join(PLATFORMS)}.")
    return platform


def check_slot(slot: str | None) -> str | None:
    if slot is not None and slot not in SLOTS:
        raise BadInput(f"there is no slot {slot!r}; give one of {', '.join(SLOTS)}.")
    return slot
