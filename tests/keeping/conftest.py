"""A house with two published runs of the five datasets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.house import House
from workbench.app import Workbench
from workbench.sandbox.serve import Sandbox


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sandbox(tmp_path / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield House(tmp_path / "home", sandbox)


@pytest.fixture
def workbench(house: House) -> Iterator[Workbench]:
    for names in (["tea"], ["rain"]):
        house.start(names)
    with house.open() as workbench:
        workbench.work()
        yield workbench
