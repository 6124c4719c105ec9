"""A ledger that is older than the media library uploads nothing twice."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.upload.studio import Studio
from workbench.app import open_workbench
from workbench.app.uploading import Ask


def test_a_restored_ledger_adopts_what_was_uploaded_since(studio: Studio, tmp_path: Path) -> None:
    (name,) = studio.pictures(1)
    with studio.open() as wb:
        batch = wb.start_upload(Ask())
        wb.backup(tmp_path / "backup")
        shutil.copytree(studio.root, tmp_path / "kept")
        (done,) = wb.work_on_upload(batch)["items"]
        assert done["status"] == "success"
    with open_workbench(tmp_path / "elsewhere", **studio.settings()) as other:
        other.restore(tmp_path / "backup")
        # Logins are in no backup: this one is brought along.
        shutil.copytree(studio.home / "data" / "sessions", other.settings.data / "sessions", dirs_exist_ok=True)
        shutil.copytree(tmp_path / "kept", other.settings.creatives, dirs_exist_ok=True)
        (again,) = other.work_on_upload(batch)["items"]
        assert (again["status"], again["tj_creative_id"]) == ("success", done["tj_creative_id"])
    assert studio.stored() == {name: [done["tj_creative_id"]]}
