"""upload/commands.py and creatives.py: what they answer, and with which code; none of this needs a network."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Done, Home
from workbench import open_workbench
from workbench.settings import load
from workbench.upload import samples
from workbench.upload.reports import COLUMNS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home" / "data" / "creatives" / "uploaded").mkdir(parents=True)
    return Home(tmp_path / "home", WORKBENCH_TRAFFICJUNKY_URL="http://127.0.0.1:9", BRIGHTDATA_API_KEY="x" * 20)


@pytest.fixture
def uploaded(home: Home) -> Path:
    return home.folder / "data" / "creatives" / "uploaded"


def plan(home: Home, *words: str) -> tuple[Done, dict[str, Any]]:
    done = home.here("upload", "plan", *words, "--json")
    return done, {one["file_name"]: one for one in done.json["items"]}


def test_a_folder_is_scanned_into_the_inventory_and_planned(home: Home, uploaded: Path) -> None:
    samples.picture(uploaded / "EN_ID-AAAAAAA1.png")
    samples.picture(uploaded / "no id.png", (468, 60))
    samples.film(uploaded / "Native" / "V_ID-AAAAAAA2-VID.mp4")
    scanned = home.here("creatives", "scan", "--json")
    again = home.here("creatives", "scan", "--json")
    done, items = plan(home, "--session")
    inventory = home.folder / "data" / "creatives" / "tracking" / "creative_inventory.csv"
    rows = list(csv.DictReader(io.StringIO(inventory.read_text("utf-8"))))

    assert (scanned.code, again.code) == (0, 0)
    assert len(scanned.json) == 3
    assert again.json == []
    assert {row["creative_type"] for row in rows} == {"image", "native_video"}
    assert {row["width_px"] for row in rows} == {"300", "468", "640"}
    assert done.code == 1
    assert done.json["depth"] == "plan"
    assert {name: one["status"] for name, one in items.items()} == {
        "EN_ID-AAAAAAA1.png": "pending", "no id.png": "pending", "V_ID-AAAAAAA2-VID.mp4": "failed",
    }  # fmt: skip
    assert set(COLUMNS) <= items["no id.png"].keys()
    assert "half of a pair" in items["V_ID-AAAAAAA2-VID.mp4"]["error_message"]


def test_files_by_name_go_where_they_are_told(home: Home, uploaded: Path) -> None:
    samples.film(uploaded / "V_ID-AAAAAAA2.mp4", seconds=4.3)
    samples.picture(uploaded / "P_ID-AAAAAAA1.png")
    done, items = plan(home, "--files", "P_ID-AAAAAAA1.png,V_ID-AAAAAAA2.mp4,gone.png", "--slot", "native")

    assert done.json["totals"] == {"uploaded": 0, "failed": 3, "skipped": 0, "unknown_id": 0, "pending": 0}
    assert items["gone.png"]["status"] == "file_not_found"
    assert [one["code"] for one in items["V_ID-AAAAAAA2.mp4"]["findings"] if one["level"] == "block"] == ["too_long"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("run", "--files", "../../etc/passwd"), "leaves the creatives' folder", id="a path that leaves"),
        pytest.param(("run", "--files", "a.png", "--session"), "one of --session", id="two sources"),
        pytest.param(("run", "--files", "a.png", "--live", "--dry-run"), "opposites", id="live and dry"),
        pytest.param(("run", "--files", "a.png", "--force"), "--reason", id="force without a reason"),
        pytest.param(("run", "--files", "a.png", "--slot", "banner"), "no slot", id="no such slot"),
        pytest.param(("run", "--files", "a.png", "--campaign", "spring"), "no number", id="no such campaign"),
        pytest.param(("run", "--files", "a.png", "--platform", "exo", "--live"), "TrafficJunky", id="another platform"),
        pytest.param(("run", "--source", "gone.csv"), "there is no", id="no such inventory"),
        pytest.param(("status", "99"), "there is no batch", id="no such batch"),
        pytest.param(("status",), None, id="no batch yet"),
        pytest.param(("resolve", "7", "--absent"), "no upload", id="no such upload"),
        pytest.param(("resolve", "7"), "exactly one", id="nothing decided"),
        pytest.param(("campaign-csv",), "nothing was uploaded", id="no batch for ads"),
    ],
)
def test_wrong_use_is_refused_in_words(home: Home, words: tuple[str, ...], said: str | None) -> None:
    done = home.here("upload", *words)

    assert done.code == (0 if said is None else 2), done.err
    assert (said or "") in done.err + done.out
    assert "Traceback" not in done.err


def test_an_inventory_without_ids_names_the_column(home: Home) -> None:
    home.write("data/creatives/tracking/creative_inventory_session.csv", "new_filename\na.png\n")
    done = home.here("upload", "plan", "--session")

    assert done.code == 2
    assert "no column unique_id" in done.err


def test_the_old_words_of_env_mean_what_they_meant(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TJ_USERNAME=somebody\nHEADLESS_MODE=False\nDRY_RUN=False\n")
    (tmp_path / ".env").chmod(0o600)
    settings, _ = load(tmp_path, environ={})
    ours, _ = load(tmp_path, environ={"WORKBENCH_DRY_RUN": "true"})

    assert (settings.headless, settings.dry_run) == (False, False)
    assert ours.dry_run
    assert "somebody" not in json.dumps([vars(one) for one in load(tmp_path, environ={})[1]], default=str)


def test_what_the_demo_makes_is_in_a_sheet_so_that_uploads_go_on_after_it(home: Home, uploaded: Path) -> None:
    samples.picture(uploaded / "mine.png")
    with open_workbench(home.folder) as workbench:
        names = workbench.uploads.write_samples()
    _, items = plan(home)
    assert {name: one["status"] for name, one in items.items()} == dict.fromkeys(names, "pending")

    sheet = home.folder / "data" / "creatives" / "tracking" / "creative_inventory.csv"
    assert len(home.here("creatives", "scan", "--json").json) == 1, "what lay there already is entered when it is asked"
    before = sheet.read_bytes()
    with open_workbench(home.folder) as workbench:
        workbench.uploads.write_samples()
    assert sheet.read_bytes() == before
