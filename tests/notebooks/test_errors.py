"""notebooks/errors.ipynb and deliveries.ipynb without a person: the same tables, nothing done."""

from __future__ import annotations

import pytest

from tests.notebooks.conftest import Home
from tests.notebooks.here import run_here
from workbench import open_workbench
from workbench.errors import BadInput


def test_errors_leave_the_accounts_and_what_went_wrong(home: Home) -> None:
    with open_workbench(home.path) as wb:
        wb.accounts.add("marketplace", "north")
    first, second = run_here("errors"), run_here("errors", channel="marketplace", since_days=7)

    for words in (first["errors"], second["errors"]):
        assert "PRACTICE" in words
        assert "north" in words
        assert "What went wrong: Nothing went wrong." in words


def test_deliveries_leave_their_table_and_fail_where_a_check_is_asked_for_in_vain(home: Home) -> None:
    assert "What came: Nothing came yet." in run_here("deliveries")["deliveries"]
    with pytest.raises(BadInput, match="WORKBENCH_WEBHOOK_URL is not set"):
        run_here("deliveries", check=True)
