"""A house with two published runs of the five datasets: made once, and a copy of it for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.house import House
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

READY = {"ready_after_seconds": 0}


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a home and of its vendor, at rest."""
    folder = tmp_path_factory.mktemp("published")
    with Sandbox(folder / "sandbox", seed=7, switches=READY) as sandbox:
        house = House(folder / "home", sandbox)
        for names in (["tea"], ["rain"]):
            house.start(names)
        with house.open() as workbench:
            workbench.work()
    return folder


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """With the two runs where the test asks for `workbench`, else new."""
    if "workbench" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("published"), tmp_path, dirs_exist_ok=True)
    with Sandbox(tmp_path / "sandbox", seed=7, switches=READY) as sandbox:
        yield House(tmp_path / "home", sandbox)


@pytest.fixture
def workbench(house: House) -> Iterator[Workbench]:
    with house.open() as workbench:
        workbench.sql("SELECT count(*) FROM runs")  # its tables are open, as they were for whoever published them
        yield workbench
