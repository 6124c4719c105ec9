"""cli/items.py: what is shown of work at a terminal."""

from __future__ import annotations

import io
from datetime import UTC

from rich.console import Console

from workbench.cli import items


def test_a_title_of_outside_is_never_markup(monkeypatch):
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=100)
    monkeypatch.setattr(items, "err", lambda: terminal)

    with items.following("posting", lambda: (1, 2, "Chair [/b] [red]"), list, UTC) as watch:
        watch()

    assert "1 of 2 · Chair [/b] [red]" in shown.getvalue()
