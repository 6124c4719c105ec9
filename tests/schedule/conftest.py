"""A home with schedules, whose ledger exists; and ticks that are due at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Home
from workbench import open_workbench
from workbench.db.clock import now
from workbench.schedule import store
from workbench.workbench import Workbench


def entry(name: str, **values: object) -> str:
    """The lines of one schedule; its command is a quick one where nothing else is given."""
    if "notebook" not in values:
        values.setdefault("command", ["sources", "list"])
    values = {"name": name, "cron": "0 * * * *", **values}
    return "".join(["[[schedules]]\n", *(f"{key} = {_spelt(value)}\n" for key, value in values.items())])


def _spelt(value: object) -> str:
    """JSON's scalars and lists are TOML's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {json.dumps(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture
def home(migrated: Path, tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "data").mkdir()
    shutil.copy(migrated, tmp_path / "data" / "ledger.db")
    made = Home(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def workbench(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Workbench]]:
    """The workbench of the home, by code; given `toml`, that is written first."""
    opened: list[Workbench] = []

    def opens(toml: str | None = None, **settings: object) -> Workbench:
        if toml is not None:
            home.write("workbench.toml", toml)
        opened.append(open_workbench(home.folder, **settings))
        return opened[-1]

    for name, value in home.settings.items():
        monkeypatch.setenv(name, value)
    yield opens
    for one in opened:
        one.close()


@pytest.fixture
def due(workbench: Callable[..., Workbench]) -> Callable[[Workbench], None]:
    """Make every entry one that somebody last looked at two hours ago."""

    def make(wb: Workbench) -> None:
        right, wrong = wb.schedule.entries()
        assert wrong == []
        for one in right:
            store.look(wb.parts.ledger, one, now() - timedelta(hours=2))

    return make
