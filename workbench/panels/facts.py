"""Names and values in a line, and the note that says whether anything is real."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.panels.markup import Html, join, note, tag

_SMALL = "font-size: 13px; padding: 2px 0; line-height: 1.5;"


def mode_note(mode: str) -> Html:
    """Practice says so wherever a person looks."""
    if mode != "practice":
        return Html()
    return note(
        "practice", tag("strong", "PRACTICE"), ": against stand-ins on this machine. Nothing real is asked or paid."
    )


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """One line of small facts; empty ones are left out."""
    said = [join([f"{name}: ", tag("strong", value)]) for name, value in pairs if value not in (None, "")]
    return tag("div", join(said, " · "), style=_SMALL)
