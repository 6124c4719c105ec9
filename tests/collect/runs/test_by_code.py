"""What a notebook's own code asks of a workbench, wherever its kernel happens to stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import House, sources_csv
from workbench.errors import BadInput


def test_a_relative_path_is_below_the_home(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources_csv(house.home / "sources.csv", ["tea"])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with house.open() as workbench:
        assert len(workbench.plan("sources.csv", num_posts=1).jobs) == 5
        assert len(workbench.collect.import_sources("sources.csv").source_ids) == 5


@pytest.mark.parametrize("query", ["SELECT nope FROM posts", "SELECT * FROM nothing", "SELEKT"])
def test_a_query_that_cannot_be_answered_is_bad_input(house: House, query: str) -> None:
    with house.open() as workbench, pytest.raises(BadInput, match=r"cannot be answered|syntax error"):
        workbench.lake.select(query)
