"""What the ledger says, as a page says it: without the commands of a terminal, for there the buttons stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from workbench.engine.item import FOR_A_PERSON

_SENTENCES: Final = re.compile(r"(?<=[.;!?])\s+")


def without_commands(text: str | None) -> str:
    """The sentences that name no command."""
    kept = [one for one in _SENTENCES.split(text or "") if "workbench " not in one and "--" not in one]
    return " ".join(kept).rstrip(" ;")


def badge_of(one: Mapping[str, Any]) -> tuple[str, str]:
    """How one file or listing stands, as a word with a tone: what works now, what waits for somebody, or its status."""
    if one.get("is_worked"):
        return "at work", "moving"
    if one.get("attention") in FOR_A_PERSON:
        return "waits for you", "waits"
    if one.get("attention"):
        return "being looked for", "waits"
    word = str(one["status"]).replace("_", " ")
    if one.get("state") == "canceled":
        return "cancelled", "plain"
    return word, _TONES.get(word, "plain")


_TONES: Final = {
    "success": "good", "posted": "good", "rehearsed": "good", "failed": "bad", "file not found": "bad",
    "unknown id": "waits", "pending": "moving", "posting": "moving",
}  # fmt: skip
