"""What is kept of a page when something fails, or is proved: a masked picture, bounded facts, the story. 0600.

No Playwright trace, HAR or video is ever made: they hold what was filled in, and cookies, in clear.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench.files import make_folder, safe_name, write_bytes, write_text

PICTURE: Final = "screen.png"
PAGE: Final = "page.json"
STORY: Final = "story.txt"
_SUCCESS: Final = 3  # times as long as trouble


@dataclass(frozen=True)
class KeptEvidence:
    """One piece of evidence, relative to data/."""

    folder: str
    picture: str | None

    @property
    def shown(self) -> str:
        """What a person opens first."""
        return self.picture or f"{self.folder}/{PAGE}"


class Evidence:
    """The folder of evidence; paths are told relative to the one above it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder.parent

    def keep(
        self, what: str, account_id: int, *, page: dict[str, Any], picture: bytes | None, story: str, now: datetime
    ) -> KeptEvidence:
        """Write one piece; `page` and `story` are redacted by whoever calls."""
        at = now.astimezone(UTC)
        day = self._folder / f"{at:%Y-%m-%d}"
        name = f"{at:%H%M%S}-{account_id}-{safe_name(what, fallback='page')[:40]}-{secrets.token_hex(3)}"
        for each in (self._folder, day, day / name):
            make_folder(each, mode=0o700)
        folder = day / name
        write_text(folder / PAGE, json.dumps(page, indent=2, ensure_ascii=False), mode=0o600)
        if story:
            write_text(folder / STORY, story, mode=0o600)
        if picture is not None:
            write_bytes(folder / PICTURE, picture, mode=0o600)
        relative = folder.relative_to(self._data).as_posix()
        return KeptEvidence(relative, f"{relative}/{PICTURE}" if picture is not None else None)

    def of_account(self, account_id: int) -> list[Path]:
        """The folders of all that was kept of an account's pages."""
        return sorted(self._folder.glob(f"????-??-??/??????-{account_id}-*/"))

    def forget(self, account_id: int) -> None:
        for folder in self.of_account(account_id):
            shutil.rmtree(folder)
            _forget_day(folder.parent)

    # the sweep ------------------------------------------------------------------------------------

    def sweep(self, *, days: int, megabytes: int, keep: Collection[str], now: datetime, dry: bool = False) -> list[str]:
        """Remove trouble older than `days` and successes older than three times as many, then the oldest beyond
        `megabytes`; never what `keep` names: paths relative to data/, of folders or of files in them.

        Returns the folders that went.
        """
        wanted = {path.rpartition("/")[0] if path.endswith((PICTURE, PAGE, STORY)) else path for path in keep}
        pieces = sorted(self._pieces(), key=lambda one: one.at)
        room = megabytes * (1 << 20)
        size = sum(one.bytes for one in pieces)
        gone = []
        for one in pieces:
            limit = timedelta(days=days if one.is_trouble else days * _SUCCESS)
            if one.folder in wanted or (now - one.at <= limit and size <= room):
                continue
            size -= one.bytes
            gone.append(one.folder)
        for folder in gone if not dry else ():
            shutil.rmtree(self._data / folder, ignore_errors=True)
            _forget_day((self._data / folder).parent)
        return gone

    def _pieces(self) -> Iterator[_Piece]:
        for folder in self._folder.glob("????-??-??/*/"):
            if folder.is_symlink():
                continue
            files = {path.name: path.stat() for path in folder.iterdir() if path.is_file()}
            newest = max((one.st_mtime for one in files.values()), default=folder.stat().st_mtime)
            yield _Piece(
                folder=folder.relative_to(self._data).as_posix(),
                at=datetime.fromtimestamp(newest, UTC),
                bytes=sum(one.st_size for one in files.values()),
                is_trouble=STORY in files,
            )


def _forget_day(day: Path) -> None:
    if day.is_dir() and not any(day.iterdir()):
        day.rmdir()


@dataclass(frozen=True)
class _Piece:
    folder: str
    at: datetime
    bytes: int
    is_trouble: bool
