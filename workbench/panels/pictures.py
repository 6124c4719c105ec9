"""Screenshots of pages, in a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.panels.markup import Html, esc, join, picture, tag

_PICTURES: Final = 12  # in the page; the table names them all


def pictures(data: Path, items: Sequence[Mapping[str, Any]]) -> list[Html]:
    """Each with what was said of it; of many the first."""
    found = []
    for one in items:
        path = data / one["screenshot"] if one.get("screenshot") else None
        if path is None or not path.is_file() or path.suffix != ".png":
            continue
        said = one.get("error_message") or one["status"]
        found.append(
            picture(path.read_bytes(), alt=f"The page of {one['title']}: {said}", caption=f"{one['title']}: {said}")
        )
    more = [esc(f"and {len(found) - _PICTURES} more pictures below data/evidence")] if len(found) > _PICTURES else []
    return found[:_PICTURES] + more


def folded(words: str, found: Sequence[Html]) -> Html:
    """Pictures beside each other, behind a line that opens them; nothing where there are none."""
    if not found:
        return Html()
    style = "display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr));"
    opened = tag("div", join(found), style=style)
    return tag("details", tag("summary", f"{words} ({len(found)})", style="cursor: pointer; padding: 4px 0;"), opened)
