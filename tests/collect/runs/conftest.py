"""A vendor that takes a moment, so that a house has to poll."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.sandbox.serve import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0.1}) as sandbox:
        yield sandbox
