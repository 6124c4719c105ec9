"""Creatives made here, and a home with its own TrafficJunky."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.little_site import _answer, browsing, chromium, cookie, kept, logged_in, noise, site, stranger, web  # noqa: F401 - fixtures
from workbench.sandbox.serve import Sandbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty creatives' root."""
    root = tmp_path / "creatives"
    (root / "tracking").mkdir(parents=True)
    (root / "uploaded").mkdir()
    return root


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7) as sandbox:
        yield sandbox


@pytest.fixture
def studio(tmp_path: Path, sandbox: Sandbox) -> Any:
    from tests.upload.studio import Studio

    return Studio(tmp_path, sandbox)
