"""A ledger that is older than the account's listings posts nothing twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.post.desk import Desk, post
from workbench.app import open_workbench


def test_restored_and_removed_ledgers_adopt_what_is_there(desk: Desk, tmp_path: Path) -> None:
    sheet = desk.csv(*desk.rows(1))
    with desk.open("north") as wb:
        job = wb.start_posting(sheet).job_id
        wb.backup(tmp_path / "backup")
        (first,) = wb.work_on_posting(job)["items"]
        assert first["state"] == "posted"

    with open_workbench(tmp_path / "elsewhere", **desk.settings()) as other:
        other.restore(tmp_path / "backup")
        # Logins are in no backup: this one is brought along.
        shutil.copytree(desk.home / "data" / "sessions", other.settings.data / "sessions", dirs_exist_ok=True)
        photos = tmp_path / "elsewhere" / "data" / "inputs"
        assert photos.is_dir()
        wb_items: list[dict[str, Any]] = other.work_on_posting(job)["items"]
        assert [(one["state"], one["remote_id"]) for one in wb_items] == [("posted", first["remote_id"])]

    for path in (desk.home / "data").glob("ledger.db*"):
        path.unlink()
    with desk.open("north") as wb:
        (again,) = post(wb, sheet)
        assert (again["state"], again["remote_id"]) == ("posted", first["remote_id"])
        assert wb.behind() == []
    assert list(desk.there().values()) == [1]
