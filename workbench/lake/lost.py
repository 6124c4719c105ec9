"""What the manifest names and the lake no longer has, and what an older transform made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from workbench.feature import Feature
from workbench.lake import store as lakes
from workbench.lake.schema import TRANSFORM_VERSION

if TYPE_CHECKING:
    from workbench.container import Container

_LOOK_EVERY: Final = 2.0  # seconds until lost files are looked for again, at least
_REST: Final = 20  # times as long as a look takes


class LostFiles(Feature):
    """What of the lake is missing; asked by every status, so without the libraries that read tables."""

    def __init__(self, parts: Container) -> None:
        super().__init__(parts)
        self._found: tuple[object, float, list[dict[str, Any]]] | None = None

    def look_again(self) -> None:
        """The next question looks at the disk, though it was looked at a moment ago."""
        self._found = None

    @property
    def known(self) -> list[dict[str, Any]]:
        """As of the last look, without another."""
        return self._found[2] if self._found else []

    def listed(self) -> list[dict[str, Any]]:
        """What the manifest names and the disk lacks: path, kind, whose. Looked for again after a few seconds."""
        with self._parts.opening:
            head, at = self.ledger.head(), time.monotonic()
            if self._found is None or self._found[0] != head or at > self._found[1]:
                lake = self.settings.lake
                found = [one for one in lakes.all_files(self.ledger) if not (lake / one["path"]).is_file()]
                took = time.monotonic() - at
                self._found = (head, at + max(_LOOK_EVERY, _REST * took), found)
            return self._found[2]

    def todo(self) -> list[dict[str, Any]]:
        """Files that somebody has to bring back; what a command has sent back to work already is on its way."""
        lost = self.listed()
        moving = {one["provider_id"] for one in lost if one["is_moving"]}
        return _missing([one for one in lost if one["provider_id"] not in moving])

    def made_before(self) -> list[dict[str, Any]]:
        """Published snapshots whose tables an older transform made than the present one: snapshot_id, version, raw."""
        return lakes.made_before(self.ledger, TRANSFORM_VERSION)


def _missing(files: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the manifest names and the lake has no longer, by whose it is, as entries of `todo`."""
    by_owner: dict[str | None, list[Mapping[str, Any]]] = {}
    for one in files:
        by_owner.setdefault(one["provider_id"], []).append(one)
    found = []
    for name, gone in by_owner.items():
        what = f"{gone[0]['path']} is" if len(gone) == 1 else f"{gone[0]['path']} and {len(gone) - 1} more are"
        if name is None:
            why, command = "the small files are read in its place, which is slower", "workbench compact"
        else:
            are_read = all(one["compacted_into"] or one["kind"] in ("raw", "lines") for one in gone)
            why = "its rows are still in the tables" if are_read else "its rows are missing in the tables"
            command = f"workbench recover reprocess {name}"
        entry = {"kind": "lake", "id": name or "compacted", "why": f"{what} gone from the lake; {why}"}
        found.append({**entry, "command": command})
    return found
