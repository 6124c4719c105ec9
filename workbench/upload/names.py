"""Ids, parts and kinds, as file names tell them."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Final

VIDEO_SUFFIXES: Final = frozenset({".mp4", ".mov", ".avi", ".webm", ".mkv", ".flv", ".wmv", ".m4v"})
IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".avif", ".heic"})
ORIGINAL: Final = "ORG_"  # the processor keeps originals beside what it made of them; they are not uploaded
PARTS: Final = ("VID", "IMG")

_WHOLE: Final = re.compile(r"(ID-[0-9A-Za-z]{8})(?:-(VID|IMG))?")
_IN_NAME: Final = re.compile(r"(?<![0-9A-Za-z])(ID-[0-9A-Za-z]{8})(?:-(VID|IMG))?(?![0-9A-Za-z])")


def split_id(text: str) -> tuple[str, str] | None:
    """`ID-F40623FA-VID` → (`ID-F40623FA`, `VID`); None where it is no such id."""
    found = _WHOLE.fullmatch(text.strip())
    return (found[1], found[2] or "") if found else None


def id_in_name(name: str) -> tuple[str, str] | None:
    """The last id of a file name, with its part."""
    found = _IN_NAME.findall(name)
    return (found[-1][0], found[-1][1]) if found else None


def stem(name: str) -> str:
    """What the media library shows of a file: its name without the extension."""
    return PurePosixPath(name).stem


def suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def kind_by_name(name: str) -> str | None:
    if suffix(name) in VIDEO_SUFFIXES:
        return "video"
    return "image" if suffix(name) in IMAGE_SUFFIXES else None


def is_original(name: str) -> bool:
    return name.upper().startswith(ORIGINAL)


def made_id(name: str, sha256: str = "") -> str:
    """An id for a file that nobody gave one; the same each time."""
    return f"ID-{hashlib.sha256(f'{sha256}:{name}'.encode()).hexdigest()[:8].upper()}"
