"""Which cards of a tab may be a file of ours: by name, by size and type where those are shown; never by place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from workbench.upload.model import Upload
from workbench.upload.names import stem, suffix
from workbench.upload.site_answers import CreativeCard

_SIZE: Final = re.compile(r"(\d{2,5})\s*[x×]\s*(\d{2,5})", re.IGNORECASE)
_SAME: Final = {"jpeg": "jpg", "jpe": "jpg", "m4v": "mp4"}
_ELLIPSIS: Final = ("…", "...")
_SHORTEST: Final = 8  # signs of a name cut short that still say something


def matching(upload: Upload, cards: Iterable[CreativeCard]) -> list[CreativeCard]:
    """Cards that bear the file's whole name and contradict nothing else of it."""
    return [card for card in cards if _plain(card.name) == _plain(stem(upload.name)) and _agrees(upload, card)]


def cut_short(upload: Upload, cards: Iterable[CreativeCard]) -> list[CreativeCard]:
    """Cards whose name is the file's, cut short: a hint, no proof."""
    mine = _plain(stem(upload.name))
    return [card for card in cards if _is_cut(mine, _plain(card.name)) and _agrees(upload, card)]


def by_id(remote_id: str, cards: Iterable[CreativeCard]) -> CreativeCard | None:
    return next((card for card in cards if card.id == remote_id), None)


def bears(upload: Upload, card: CreativeCard) -> bool:
    """Whether a card that has the id we were told may be this file."""
    return bool(matching(upload, [card]) or cut_short(upload, [card]))


def without(cards: Iterable[CreativeCard], ids: Collection[str]) -> list[CreativeCard]:
    return [card for card in cards if card.id not in ids]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _is_cut(whole: str, shown: str) -> bool:
    for sign in _ELLIPSIS:
        shown = shown.removesuffix(sign)
    shown = shown.rstrip()
    return _SHORTEST <= len(shown) < len(whole) and whole.startswith(shown)


def _agrees(upload: Upload, card: CreativeCard) -> bool:
    media = upload.media or {}
    size = _SIZE.search(card.dimensions)
    if size and media.get("width") and (int(size[1]), int(size[2])) != (media["width"], media["height"]):
        return False
    shown = card.file_type.lower().rsplit("/", 1)[-1].lstrip(".").strip()
    mine = suffix(upload.name).lstrip(".")
    known = {"png", "jpg", "jpeg", "gif", "mp4", "webp", "webm", "mov"}
    return shown not in known or _SAME.get(shown, shown) == _SAME.get(mine, mine)
