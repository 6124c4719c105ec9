"""A home with creatives and its own TrafficJunky, and what that was made to do set against what the ledger says."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from workbench.sandbox.serve import Sandbox
from workbench.upload import samples
from workbench.upload.service import UploadOrder
from workbench.workbench import Workbench, open_workbench

FAST = {
    "page_seconds": 8, "look_gaps": "0.3,0.3", "backoff_seconds": 0.2, "poll_seconds": 0.2, "lease_seconds": 60,
    "file_seconds": 8, "threads": 1, "brightdata_api_key": "practice-key-of-no-value",
}  # fmt: skip
HEAD = ("unique_id", "original_filename", "new_filename", "creative_type", "notes", "native_pair_id")
LABEL = "studio"


def picture_id(number: int) -> str:
    return f"ID-{number:08X}"


class Studio:
    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.home, self.sandbox = folder / "home", sandbox
        self.root = self.home / "data" / "creatives"
        self.rows: list[dict[str, str]] = []

    # files ----------------------------------------------------------------------------------------

    def pictures(self, number: int, *, first: int = 1) -> list[str]:
        """Banners with ids of their own; their names."""
        names = []
        for each in range(first, first + number):
            name = f"EN_Promo_SFW_{picture_id(each)}.png"
            samples.picture(self.root / "uploaded" / name)
            self.row(picture_id(each), name, "image")
            names.append(name)
        return names

    def pair(self, number: int = 0xF0000001) -> list[str]:
        """A native pair; the names of video and image."""
        base = picture_id(number)
        names = [f"VID_EN_Promo_4sec_{base}-VID.mp4", f"IMG_EN_Promo_{base}-IMG.png"]
        samples.film(self.root / "uploaded" / "Native" / "Video" / names[0])
        samples.picture(self.root / "uploaded" / "Native" / "Image" / names[1], (640, 360))
        for part, name in zip(("VID", "IMG"), names, strict=True):
            kind = "native_video" if part == "VID" else "native_image"
            self.row(f"{base}-{part}", name, kind, native_pair_id=base)
        return names

    def film(self, number: int, seconds: float = 6) -> str:
        """A film for in-stream; its name."""
        name = f"EN_Spot_{picture_id(number)}.mp4"
        samples.film(self.root / "uploaded" / name, (320, 240), seconds)
        self.row(picture_id(number), name, "video")
        return name

    def row(self, unique_id: str, name: str, kind: str, **more: str) -> None:
        self.rows.append({"unique_id": unique_id, "new_filename": name, "creative_type": kind, **more})
        self.write()

    def write(self) -> None:
        """The inventory and the session, as the processor writes them."""
        for name in ("creative_inventory.csv", "creative_inventory_session.csv"):
            path = self.root / "tracking" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, HEAD, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(self.rows)

    def inventory(self) -> dict[str, dict[str, str]]:
        with (self.root / "tracking" / "creative_inventory.csv").open(encoding="utf-8", newline="") as file:
            return {row["unique_id"]: row for row in csv.DictReader(file)}

    # the workbench ---------------------------------------------------------------------------------

    def open(self, **settings: Any) -> Workbench:
        wb = open_workbench(self.home, **self.settings(**settings))
        if not wb.accounts.all("trafficjunky"):
            wb.accounts.add("trafficjunky", LABEL)
        return wb

    def settings(self, **settings: Any) -> dict[str, Any]:
        urls = {"trafficjunky_url": self.sandbox.trafficjunky.url, "brightdata_url": self.sandbox.url}
        return {**FAST, **urls, **settings}

    # the site -------------------------------------------------------------------------------------

    def switch(self, **switches: Any) -> None:
        self.sandbox.trafficjunky.switch(**switches)

    def ask(self, path: str, **said: Any) -> Any:
        url = f"{self.sandbox.trafficjunky.url}/sandbox/{path}"
        return httpx.post(url, content=json.dumps(said), timeout=30).json()

    def count(self) -> dict[str, Any]:
        return httpx.get(f"{self.sandbox.trafficjunky.url}/sandbox/count", timeout=30).json()  # type: ignore[no-any-return]

    def stored(self) -> dict[str, list[str]]:
        """File name → ids that the site gave it."""
        found: dict[str, list[str]] = {}
        for one in self.count()["files"]:
            if one["id"] and one["outcome"] in ("stored", "dropped"):
                found.setdefault(one["file"], []).append(str(one["id"]))
        return found


def upload(wb: Workbench, **ask: Any) -> dict[str, dict[str, Any]]:
    """Order and wait; the items by file name."""
    done = wb.uploads.work_on(wb.uploads.start(UploadOrder(**ask)))
    return {one["file_name"]: one for one in done["items"]}


def statuses(items: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: one["status"] for name, one in items.items()}


def check_truth(studio: Studio, wb: Workbench) -> None:
    """Nothing was received twice, every id is that of its own file, and files, CSVs and ledger say the same."""
    stored = studio.stored()
    twice = {name: ids for name, ids in stored.items() if len(ids) > 1}
    assert not twice, twice
    batches = wb.uploads.batches()
    inventory = studio.inventory()
    for batch in batches:
        with Path(batch["status_csv"]).open(encoding="utf-8", newline="") as file:
            rows = {row["file_name"]: row for row in csv.DictReader(file)}
        for one in batch["items"]:
            assert rows[one["file_name"]]["status"] == one["status"], one["file_name"]
            assert rows[one["file_name"]]["tj_creative_id"] == (one["tj_creative_id"] or "")
            if one["status"] == "success":
                assert stored[one["file_name"]] == [one["tj_creative_id"]], one["file_name"]
                assert inventory[one["unique_id"]]["tj_creative_id"] == one["tj_creative_id"]
                assert inventory[one["unique_id"]]["upload_status"] == "uploaded"
            if one["state"] == "archived":
                copy = wb.settings.archive / one["archive_path"]
                assert hashlib.sha256(copy.read_bytes()).hexdigest() == one["sha256"]
                assert not (studio.root / one["file_path"]).exists()
            elif one["file_path"] and one["status"] != "file_not_found":
                assert os.path.lexists(studio.root / one["file_path"]), one["file_name"]


def leftovers(studio: Studio) -> Sequence[Path]:
    """What no worker may leave behind once everything rests.

    Evidence goes with its folder, at its age; the next serving copy removes what lies beside it, and the next report
    too, after an hour.
    """
    sending = studio.home / "data" / "sending"
    later = (".upload_", ".workbench.duckdb.")
    beside = [
        path
        for path in studio.home.rglob("*.tmp")
        if not path.name.startswith(later) and "evidence" not in path.relative_to(studio.home).parts
    ]
    return [*beside, *(sending.iterdir() if sending.is_dir() else ())]
