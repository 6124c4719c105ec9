"""What sheets, scripts and schedulers read: one spelling of times, one zone, the old words, views that exist."""

from __future__ import annotations

import csv
import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from workbench.accounts import store as accounts
from workbench.db.schema import upload
from workbench.errors import BadInput, Misconfigured
from workbench.post import store as posting
from workbench.post.model import NewListing
from workbench.upload import queries as upload_queries
from workbench.upload.model import as_in_sheet
from workbench.upload.record import write_inventory
from workbench.upload.service import UploadOrder
from workbench.workbench import Workbench, open_workbench

NOBODY = "http://127.0.0.1:9"  # nothing listens: whoever asks a site would be told
URLS = {"WORKBENCH_MARKETPLACE_URL": NOBODY, "WORKBENCH_TRAFFICJUNKY_URL": NOBODY, "WORKBENCH_BRIGHTDATA_URL": NOBODY}
NOT_ISO = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def _opened(home, **settings: object) -> Workbench:
    urls = {name.removeprefix("WORKBENCH_").lower(): url for name, url in URLS.items()}
    return open_workbench(home.folder, **urls, **settings)


@pytest.fixture
def busy(home):
    """A home with a run, a posting job, an account of each channel and a batch, of which nothing was done."""
    home.settings |= URLS
    home.sources("tea.club")
    assert home.here("collect", "run", "--sources", "sources.csv", "--name", "Tea", "--yes").code == 0
    with _opened(home) as wb:
        seller = accounts.add(wb.parts.ledger, "marketplace", "north")
        accounts.add(wb.parts.ledger, "trafficjunky", "ads")
        content = {"title": "Table", "price": 5, "photos": []}
        new = NewListing(account_id=seller, content=content, sha="a", sku=None)
        posting.make_job(wb.parts.ledger, posting.add_listings(wb.parts.ledger, [new]).listing_ids)
        home.write(
            "data/creatives/tracking/creative_inventory.csv",
            "unique_id,new_filename,file_path\nID-AAAAAAA1,EN_a_ID-AAAAAAA1.png,uploaded/Banners/EN_a_ID-AAAAAAA1.png\n",
        )
        wb.uploads.start(UploadOrder(source="inventory", account=2))
    return home


def test_json_times_have_a_t_everywhere(busy):
    words = [
        ("status",), ("accounts", "list"), ("listings", "list"), ("post", "status"), ("upload", "status"),
        ("creatives", "list"), ("todo",), ("sources", "list"), ("spend", "show"), ("accounts", "health", "--offline"),
        ("sql", "SELECT created_at FROM runs"), ("sql", "FROM accounts"), ("sql", "FROM posting_jobs"),
    ]  # fmt: skip

    found = {one: busy.here(*one, "--json") for one in words}

    assert [one for one, done in found.items() if NOT_ISO.search(done.out) or done.code not in (0, 3)] == []
    created = found["post", "status"].json[0]["created_at"]
    assert datetime.fromisoformat(created).tzinfo is not None
    assert "T" in created


def test_the_views_that_outside_scripts_ask_exist_with_their_columns(busy):
    def ask(query: str):
        done = busy.here("sql", query, "--json")
        assert done.code == 0, done.err
        return done.json

    assert ask("SELECT name, status FROM runs") == [{"name": "Tea", "status": "pending"}]
    assert ask("SELECT platform, status FROM jobs") == [{"platform": "instagram", "status": "pending"}]
    columns = "status, total_posts, started_at, completed_at, current_post_id, error_message, progress_percentage"
    assert ask(f"SELECT {columns} FROM posting_jobs") == [
        {"status": "queued", "total_posts": 1, "started_at": None, "completed_at": None, "current_post_id": None,
         "error_message": None, "progress_percentage": 0}
    ]  # fmt: skip
    assert ask("SELECT account_id, channel, label, enabled, total FROM accounts ORDER BY ALL") == [
        {"account_id": 1, "channel": "marketplace", "label": "north", "enabled": True, "total": 1},
        {"account_id": 2, "channel": "trafficjunky", "label": "ads", "enabled": True, "total": 1},
    ]


def test_an_upload_has_one_day_everywhere_its_path_and_the_inventorys_word(busy):
    """Half past eleven in the evening, UTC, is the next day where these people live."""
    at, zone = datetime(2026, 11, 20, 23, 30, tzinfo=UTC), "Europe/Riga"
    with _opened(busy, tz=zone) as wb:
        row = {"state": "archived", "uploaded_at": at, "remote_id": "1032500001", "error_type": None}
        wb.parts.ledger.write(lambda connection: connection.execute(update(upload).values(**row)))
        told = wb.uploads.batch()
        wb.uploads.write_files()
        changed = write_inventory(wb.settings.creatives, upload_queries.inventory_rows(wb.parts.ledger), ZoneInfo(zone))
    (item,) = told["items"]
    (status,) = _csv(Path(told["status_csv"]))
    (inventory,) = _csv(busy.folder / "data/creatives/tracking/creative_inventory.csv")
    (view,) = busy.here("sql", "FROM uploads", "--json", WORKBENCH_TZ=zone).json

    day = [(one["upload_date"], one["upload_time"]) for one in (item, status, view)]
    assert day == [("2026-11-21", "01:30:00")] * 3
    assert inventory["tj_upload_date"] == "2026-11-21"
    assert (item["status"], inventory["upload_status"], changed) == ("success", "uploaded", {})
    path = "uploaded/Banners/EN_a_ID-AAAAAAA1.png"  # of the inventory, though there is no such file
    assert [one["file_path"] for one in (item, status, view)] == [path] * 3


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_status_that_we_wrote_in_older_words_is_ours_still(busy):
    """An inventory that says `success` was written by us, before the word became `uploaded`: no hand changed it."""
    with _opened(busy) as wb:
        root = wb.settings.creatives
        row = {"unique_id": "ID-AAAAAAA1", "part": "", "remote_id": "1032500001", "uploaded_at": None,
               "campaign_id": None, "known": {"1032500001"}}  # fmt: skip
        sheet = root / "tracking/creative_inventory.csv"
        sheet.write_text("unique_id,new_filename,tj_creative_id,upload_status\nID-AAAAAAA1,a.png,1032500001,success\n")
        time.sleep(0.3)  # a file that was written this moment is perhaps not whole
        changed = write_inventory(root, [{**row, "status": "success"}], UTC)

    assert changed == {}
    assert _csv(sheet)[0]["upload_status"] == "uploaded"


@pytest.mark.parametrize(
    ("said", "path", "shown"),
    [
        ("/home/team/creatives/uploaded/a.png", "uploaded/a.png", "/home/team/creatives/uploaded/a.png"),
        ("uploaded\\a.png", "uploaded/a.png", "uploaded\\a.png"),
        ("old/a.png", "uploaded/a.png", "uploaded/a.png"),
        ("", "uploaded/a.png", "uploaded/a.png"),
    ],
)
def test_a_path_is_spelt_as_in_the_sheet_unless_the_file_lies_elsewhere(said, path, shown):
    assert as_in_sheet({"file_path": said}, path) == shown


def test_health_after_a_logout_says_so(busy):
    """And a login after it is forgotten no less than one before it."""
    state = {"cookies": [{"name": "c_user", "value": "1", "domain": "127.0.0.1", "path": "/", "expires": -1}]}
    state["cookies"].append({**state["cookies"][0], "name": "xs"})
    file = busy.write("state.json", json.dumps({**state, "origins": []}))

    def reason() -> str:
        (one,) = busy.here("accounts", "health", "1", "--offline", "--json").json["accounts"]
        return str(one["reason"])

    before = reason()
    busy.here("accounts", "logout", "1")  # there was none
    assert before == reason() == "no session: nobody has logged in yet"
    assert busy.here("accounts", "import-session", "1", file).code == 0
    assert busy.here("accounts", "logout", "1").code == 0
    assert re.fullmatch(r"no session: logged out here at \d{4}-\d\d-\d\d \d\d:\d\d UTC", reason())
    assert "logged out here" in busy.here("accounts", "validate", "1", "--offline").out


def test_the_old_cron_secret_is_honoured(home):
    home.write(".env", "CRON_SECRET=an-old-secret-of-the-team\n")
    (home.folder / ".env").chmod(0o600)

    with _opened(home) as wb:
        assert [one.reveal() for one in wb.parts.cron_secrets()] == ["an-old-secret-of-the-team"]
        assert "an-old-secret" not in wb.parts.redactor("Bearer an-old-secret-of-the-team")
        assert ("CRON_SECRET", "***", ".env") in [(one.name, one.value, one.source) for one in wb.parts.origins]
    home.write(".env", "CRON_SECRET=short\n")
    with _opened(home) as wb, pytest.raises(Misconfigured, match="CRON_SECRET has fewer than 8 signs"):
        wb.parts.cron_secrets()
    home.write("workbench.toml", "cron_secret = 'an-old-secret-of-the-team'\n")
    refused = home.here("status")
    assert refused.code == 2
    assert "put CRON_SECRET into .env" in refused.err
    assert "an-old-secret" not in refused.err


def test_a_dataset_that_does_not_exist_is_refused_and_not_nothing_to_do(home):
    home.settings |= URLS

    done = [home.here("recover", "reprocess", "--dataset", one) for one in ("instagram/post", "gd_nobody")]

    assert [one.code for one in done] == [2, 2], done


def test_a_refused_parameter_leaves_its_value_nowhere(home):
    """Whether we know it as a secret or not: the name of a parameter that is none, a value that does not fit."""
    known, unknown = "a-very-secret-key-0001", "hunter2-is-nobodys-business"
    words = [("start", known), ("password", unknown), ("num_posts", unknown), ("wait_minutes", unknown)]
    home.settings |= {**URLS, "BRIGHTDATA_API_KEY": known}

    done = [home.here("audit", "run", "runs", "-p", f"{name}={value}", "--json") for name, value in words]
    listed = home.here("audit", "list", "--json").json

    assert [one.code for one in done] == [2] * 4
    assert not [one for one in done if known in one.out + one.err]
    assert [one["outcome"] for one in listed] == ["refused"] * 4
    assert {name for one in listed for name in one["params"]} == {"start", "password", "num_posts", "wait_minutes"}
    with _opened(home) as wb:  # what lies in the log of the ledger beside its file
        wb.parts.ledger.close()
    kept = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    assert [str(path) for path, data in kept.items() if any(one.encode() in data for one in (known, unknown))] == []


def test_a_person_agrees_to_what_how_many_and_as_whom(busy):
    with _opened(busy) as wb:
        ask = UploadOrder(source="inventory", account=2)
        rows = [{"todo": "post", "account_id": 1, "title": f"Chair {n}"} for n in range(5)] + [{"todo": "refused"}]

        assert wb.uploads.words_of(wb.uploads.plan(ask), ask) == "upload 0 files to TrafficJunky as ads (account 2)"
        said = "publish 5 listings on Marketplace as north (account 1): Chair 0, Chair 1, Chair 2 and 2 more"
        assert wb.postings.words_of(rows) == said


def test_a_home_may_be_called_as_it_likes(home, tmp_path):
    """Signs that an address, a pattern, a shell or DuckDB would read otherwise."""
    odd = tmp_path / "odd" / "a?b#c%41 d'e\"f[1]*{x};$y&z é"
    shutil.copytree(home.folder, odd)
    here = type(home)(odd, **URLS)
    here.sources("tea.club")

    assert here.here("collect", "run", "--sources", "sources.csv", "--yes", "--name", "Odd").code == 0
    assert here.here("sql", "SELECT name FROM runs", "--json").json == [{"name": "Odd"}]
    done = here.here("compact")
    assert done.code == 0, done.err
    assert (odd / "data" / "workbench.duckdb").stat().st_size > 0
    assert [path.name for path in (odd / "data").glob(".workbench*")] == []
    copy = here.here("backup", str(tmp_path / "a?copy#"))
    assert copy.code == 0, copy.err


@pytest.mark.parametrize("words", [
    ("upload", "plan", "--source", "FOLDER"), ("upload", "run", "--source", "FOLDER"),
    ("collect", "plan", "--sources", "FOLDER"), ("sources", "import", "FOLDER"), ("listings", "import", "FOLDER"),
    ("post", "plan", "--listings", "FOLDER"), ("import", "FOLDER", "--dataset", "instagram/posts"),
    ("audit", "run", "FOLDER"), ("accounts", "import-session", "1", "FOLDER"),
    ("sql", "SELECT 1", "--output", "FOLDER"),
], ids=" ".join)  # fmt: skip
def test_a_folder_where_a_file_is_meant_is_no_bug(busy, tmp_path, words):
    folder = tmp_path / "somewhere"
    folder.mkdir(exist_ok=True)

    done = busy.here(*(str(folder) if one == "FOLDER" else one for one in words))

    assert done.code in (1, 2), done.err
    assert "bug of ours" not in done.err
    assert "somewhere" in done.err


def test_a_folder_of_the_creatives_root_may_be_named_from_the_home(busy):
    busy.write("data/creatives/uploaded/Banners/.keep", "")

    done = [busy.here("upload", "plan", "--source", one, "--json") for one in
            ("uploaded", "data/creatives/uploaded", str(busy.folder / "data/creatives/uploaded"))]  # fmt: skip

    assert [(one.code, one.json["items"]) for one in done] == [(0, [])] * 3


def test_numbers_by_hand_are_checked_like_those_of_a_form(busy):
    with _opened(busy) as wb:
        for value in ("ten", "1.5", 1.5, True, 0, -3, float("nan"), [3]):
            with pytest.raises(BadInput, match=r"num-posts is .*give a whole number, 1 or more"):
                wb.plan(num_posts=value)
        with pytest.raises(BadInput, match="start is 20261001; give a day"):
            wb.plan(start=20261001)
        assert wb.plan(num_posts="3").params["num_posts"] == wb.plan(num_posts=3.0).params["num_posts"] == 3
