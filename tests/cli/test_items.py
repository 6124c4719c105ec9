"""cli/items.py: what is shown of a job at a terminal."""

from __future__ import annotations

import io
from datetime import UTC
from types import SimpleNamespace

from rich.console import Console

from workbench.cli import items


def test_a_title_of_outside_is_never_markup(monkeypatch):
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=100)
    monkeypatch.setattr(items, "err", lambda: terminal)
    job = {"completed_posts": 1, "failed_posts": 0, "total_posts": 2, "current_post_title": "Chair [/b] [red]"}
    postings = SimpleNamespace(job=lambda job_id: job)
    workbench = SimpleNamespace(postings=postings, settings=SimpleNamespace(zone=UTC))

    with items.following_job(workbench, "job") as watch:
        watch()

    assert "1 of 2 · Chair [/b] [red]" in shown.getvalue()
