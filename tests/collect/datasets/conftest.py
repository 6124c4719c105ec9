"""A home without a vendor that is asked for anything, the samples of real rows, and a reader of what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house import new_home
from workbench.workbench import Workbench, open_workbench

FAST = {"poll_seconds": 0.05, "backoff_seconds": 0.05, "lease_seconds": 60, "stall_seconds": 60}


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    # An address that nobody listens at: importing asks the vendor for nothing.
    with open_workbench(new_home(tmp_path / "home"), brightdata_url="http://127.0.0.1:9", **FAST) as workbench:
        yield workbench


def rows_of(workbench: Workbench, table: str, columns: str = "*") -> list[dict[str, Any]]:
    found = workbench.sql(f"SELECT {columns} FROM {table} ORDER BY row_no")
    rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
    return rows


def records(workbench: Workbench) -> dict[int, Any]:
    found = workbench.sql("SELECT row_no, record::VARCHAR FROM records").fetchall()
    return {number: json.loads(text) for number, text in found}
