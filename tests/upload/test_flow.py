"""The whole flow against the site, for every fault that it can be made to have."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.upload.studio import LABEL, Studio, check_truth, leftovers, picture_id, statuses, upload
from workbench.errors import AccountStops
from workbench.upload import samples
from workbench.upload.service import UploadOrder

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_batch_of_every_group_ends_with_its_own_ids_in_the_archive(studio: Studio) -> None:
    names = [*studio.pictures(2), *studio.pair(), studio.film(0xB0000001)]
    with studio.open() as wb:
        items = upload(wb, campaign="1234567890")
        check_truth(studio, wb)
        folder = wb.uploads.batch()["archive"]
        view = wb.sql("SELECT file_name, tj_creative_id, status, campaign_id FROM uploads ORDER BY 1").fetchall()

    assert statuses(items) == dict.fromkeys(names, "success")
    assert {one["state"] for one in items.values()} == {"archived"}
    assert all(one["screenshot"] for one in items.values())
    assert {path.relative_to(folder).parts[:-1] for path in studio.home.rglob("archive/batch_*/**/*.*")} == {
        (), ("Image",), ("Video",), ("Native", "Image"), ("Native", "Video"),
    }  # fmt: skip
    assert [row[0] for row in view] == sorted(names)
    assert {row[3] for row in view} == {"1234567890"}
    assert leftovers(studio) == []


def test_files_that_were_named_by_hand_are_not_sent_again_by_the_inventory(studio: Studio) -> None:
    """Their ids differ: by hand there is only the name, and the sheet may write the part into the id."""
    names, kept = [*studio.pair(), *studio.pictures(1)], studio.home / "kept"
    shutil.copytree(studio.root / "uploaded", kept)
    for sheet in ("creative_inventory.csv", "creative_inventory_session.csv"):
        (studio.root / "tracking" / sheet).unlink()
    with studio.open() as wb:
        first = upload(wb, files=names)
        shutil.copytree(kept, studio.root / "uploaded", dirs_exist_ok=True)
        wb.uploads.scan()
        again = upload(wb, source="inventory")

    assert statuses(first) == dict.fromkeys(names, "success")
    assert statuses(again) == dict.fromkeys(names, "skipped")
    assert len(studio.count()["files"]) == len(names)


def test_two_batches_of_one_second_have_reports_of_their_own(studio: Studio) -> None:
    one, other = studio.pictures(2)
    with studio.open() as wb:
        batches = [wb.uploads.start(UploadOrder(files=(name,))) for name in (one, other)]
        files = {wb.uploads.batch(batch)["status_csv"] for batch in batches}

    assert len(files) == 2


def test_one_of_three_is_refused_and_the_others_keep_their_own_ids(studio: Studio) -> None:
    first, second, third = studio.pictures(3)
    studio.switch(reject={"file": second, "message": "Brand is not allowed"})
    with studio.open() as wb:
        items = upload(wb)
        check_truth(studio, wb)

    assert statuses(items) == {first: "success", second: "failed", third: "success"}
    assert "Brand is not allowed" in items[second]["error_message"]
    assert items[second]["error_type"] == "validation_error"
    assert (studio.root / "uploaded" / second).exists()


@pytest.mark.parametrize(
    "switch",
    [
        pytest.param({"commit_then_drop": {"times": 1}}, id="taken, and the answer lost"),
        pytest.param({"commit_then_500": {"times": 1}}, id="taken, and answered with a failure"),
        pytest.param({"answer_without_id": True}, id="answers have no ids"),
        pytest.param({"id_after_reload": True}, marks=pytest.mark.soak, id="the id is shown after a reload only"),
        pytest.param({"slow": {"seconds": 1.0, "on": "upload"}}, marks=pytest.mark.soak, id="slow uploads"),
        pytest.param({"control_renamed": "ids"}, id="controls have other ids"),
    ],
)
def test_ends_well_without_a_person(studio: Studio, switch: dict[str, Any]) -> None:
    names = studio.pictures(3)
    studio.switch(**switch)
    with studio.open() as wb:
        items = upload(wb)
        check_truth(studio, wb)

    assert statuses(items) == dict.fromkeys(names, "success")
    assert all(len(ids) == 1 for ids in studio.stored().values())


@pytest.mark.long
def test_dropped_before_it_arrived_waits_for_a_person_and_is_sent_once_more_by_one(studio: Studio) -> None:
    first, second = studio.pictures(2)
    studio.switch(drop_before={"times": 1, "file": second})
    with studio.open() as wb:
        items = upload(wb)
        assert statuses(items) == {first: "success", second: "pending"}
        assert (items[second]["state"], items[second]["attention"]) == ("unsure", "person")
        (todo,) = [one for one in wb.todo() if one["kind"] == "upload"]
        assert todo["command"] == f"workbench upload resolve {items[second]['upload_id']}"
        with pytest.raises(Exception, match="while that is open"):
            wb.uploads.start(UploadOrder(files=(second,), force=True, reason="again"))

        wb.uploads.resolve(todo["id"], absent=True, reason="looked")
        done = wb.uploads.work_on(items[second]["batch_id"])
        check_truth(studio, wb)
        told = [one["facts"].get("reason") for one in wb.overview.story("upload", items[second]["upload_id"])]

    assert done["totals"]["uploaded"] == 2
    assert "not in the library, by hand; sent once more: looked" in told


def test_what_is_there_already_is_adopted(studio: Studio) -> None:
    first, second = studio.pictures(2)
    (there,) = studio.ask("seed", account=LABEL, tab="static", names=[first.removesuffix(".png")])["ids"]
    with studio.open() as wb:
        items = upload(wb)

    assert items[first]["tj_creative_id"] == str(there)
    assert items[second]["status"] == "success"
    assert list(studio.stored()) == [second]


def test_the_same_name_in_another_tab_is_not_the_file(studio: Studio) -> None:
    (name,) = studio.pictures(1)
    studio.ask("seed", account=LABEL, tab="native_static", names=[name.removesuffix(".png")])
    with studio.open() as wb:
        items = upload(wb)
        check_truth(studio, wb)

    assert items[name]["status"] == "success"


def test_the_same_name_twice_in_the_tab_is_for_a_person(studio: Studio) -> None:
    first, second = studio.pictures(2)
    stem = first.removesuffix(".png")
    studio.ask("seed", account=LABEL, tab="static", names=[stem, stem])
    with studio.open() as wb:
        items = upload(wb)
        assert statuses(items) == {first: "unknown_id", second: "success"}
        ids = studio.ask("seed", account=LABEL, tab="static", names=["other"])["ids"]
        wb.uploads.resolve(str(items[first]["upload_id"]), remote_id=str(ids[0]))
        done = wb.uploads.work_on(items[first]["batch_id"])

    assert {one["file_name"]: one["tj_creative_id"] for one in done["items"]}[first] == str(ids[0])


@pytest.mark.long
def test_the_session_ends_in_mid_batch_and_goes_on_after_a_login(studio: Studio) -> None:
    names = studio.pictures(4)
    studio.switch(session_expires_after={"requests": 2, "on": "upload"})
    with studio.open() as wb:
        items = upload(wb)
        account = wb.accounts.all("trafficjunky")[0]
        assert account["paused_kind"] == "session_expired"
        assert {one["attention"] for one in items.values()} == {"person"}
        assert any(one["kind"] == "account" for one in wb.todo())

        wb.accounts.login(account["account_id"])
        done = wb.uploads.work_on(items[names[0]]["batch_id"])
        check_truth(studio, wb)

    assert done["totals"]["uploaded"] == 4
    assert all(len(ids) == 1 for ids in studio.stored().values())


@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        pytest.param({"control_renamed": "all"}, "ui_changed", id="controls that nobody knows"),
        pytest.param({"language": "de"}, "ui_changed", id="a page in another language"),
        pytest.param({"shell_without_login": True}, "session_expired", id="a shell without a login"),
        pytest.param({"captcha": {"on": "upload", "times": 1}}, "captcha", id="a challenge while uploading"),
    ],
)
def test_stops_the_account_before_anything_is_lost(studio: Studio, switch: dict[str, Any], kind: str) -> None:
    studio.pictures(2)
    studio.switch(**switch)
    with studio.open() as wb:
        if kind == "session_expired":
            studio.ask("end_sessions", account=LABEL)
        items = upload(wb)
        account = wb.accounts.all("trafficjunky")[0]

    assert account["paused_kind"] == kind
    assert {one["status"] for one in items.values()} == {"pending"}
    assert {one["attention"] for one in items.values()} == {"person"}
    assert all(one["error_message"] for one in items.values())
    assert all(len(ids) == 1 for ids in studio.stored().values())


def test_a_silent_duplicate_is_taken_under_its_old_id(studio: Studio) -> None:
    (name,) = studio.pictures(1)
    with studio.open() as wb:
        items = upload(wb)
        known = items[name]["tj_creative_id"]
        archived = wb.settings.archive / items[name]["archive_path"]
        archived.replace(studio.root / "uploaded" / name)
        with pytest.raises(Exception, match="--reason"):
            wb.uploads.start(UploadOrder(files=(name,), force=True))
        again = upload(wb, files=(name,), force=True, reason="new bytes were asked for")

    assert again[name]["tj_creative_id"] == known
    assert again[name]["generation"] == 2


@pytest.mark.long
def test_an_old_card_of_another_creative_is_never_adopted(studio: Studio) -> None:
    """The site makes nothing new of a name that it knows; what it knows under it is another creative's."""
    name, path = "EN_Promo.png", studio.root / "uploaded" / "EN_Promo.png"
    found = []
    with studio.open() as wb:
        for number in (1, 2):
            samples.picture(path, label=f"bytes {number}")
            studio.rows = []
            studio.row(picture_id(number), name, "image")
            found.append(upload(wb)[name])
    first, second = found

    assert first["tj_creative_id"]
    assert (second["unique_id"], second["state"], second["tj_creative_id"]) == (picture_id(2), "unknown_id", None)
    assert second["attention"] == "person"


def test_the_log_of_a_batch_is_swept_once_nothing_waits_in_it(studio: Studio) -> None:
    name, other = studio.pictures(2)
    studio.switch(reject={"file": other, "message": "no"})
    with studio.open() as wb:
        upload(wb)
        log = Path(wb.uploads.batch()["log"])
        text = log.read_text()
        os.utime(log, (time.time() - 40 * 86_400,) * 2)

        assert name in text
        assert wb.keeping.sweep_evidence() == [str(log)]
        assert wb.keeping.sweep_evidence(dry=False) == [str(log)]
        assert not log.exists()
        wb.uploads.retry([other])  # it goes on, and its log is there again
        os.utime(log, (time.time() - 40 * 86_400,) * 2)
        assert wb.keeping.sweep_evidence(dry=False) == []


def test_what_a_killed_process_left_of_a_login_goes_with_the_next_work(studio: Studio) -> None:
    with studio.open() as wb:
        left = wb.parts.sessions.path(1).with_name(".1.json.0123456789ab.tmp")
        left.write_text("a login")
        with wb.accounts.lock(1):
            wb.work()
        assert left.exists()  # whoever has the account may be saving
        wb.work()

    assert not left.exists()


def test_a_file_that_is_changed_after_the_check_is_not_sent(studio: Studio) -> None:
    first, second = studio.pictures(2)
    with studio.open() as wb:
        batch = wb.uploads.start(UploadOrder())
        path = studio.root / "uploaded" / second
        path.unlink()
        path.symlink_to("/etc/passwd")
        done = {one["file_name"]: one for one in wb.uploads.work_on(batch)["items"]}

    assert statuses(done) == {first: "success", second: "failed"}
    assert done[second]["error_type"] == "file_changed"
    assert list(studio.stored()) == [first]


def test_ordered_twice_it_is_uploaded_once(studio: Studio) -> None:
    names = studio.pictures(2)
    with studio.open() as wb:
        batch = wb.uploads.start(UploadOrder())
        assert wb.uploads.start(UploadOrder()) == batch
        wb.uploads.work_on(batch)
        studio.write()  # the processor writes its inventory anew, without our columns
        again = upload(wb)

    assert statuses(again) == dict.fromkeys(names, "skipped")
    assert all(len(ids) == 1 for ids in studio.stored().values())


def test_a_rehearsal_sends_and_keeps_nothing(studio: Studio) -> None:
    studio.pictures(2)
    studio.pair()
    with studio.open() as wb:
        done = wb.uploads.rehearse(UploadOrder())

    assert {one["state"] for one in done["items"]} == {"rehearsed"}
    assert done["batch_id"] is None
    assert studio.stored() == {}
    assert json.dumps(done, default=str).count("screen.png") == 4


@pytest.mark.soak
def test_300_creatives_over_25_pages_are_read_whole_or_not_at_all(studio: Studio) -> None:
    (name,) = studio.pictures(1)
    studio.ask("seed", account=LABEL, tab="static", creatives=299, status="approved")
    stem = name.removesuffix(".png")
    (there,) = studio.ask("seed", account=LABEL, tab="static", names=[stem])["ids"]
    studio.switch(page_fails={"page": 13, "tab": "static", "how": "short", "times": 1})
    with studio.open(page_seconds=20) as wb:
        items = upload(wb)
        reasons = [one["facts"].get("reason") or "" for one in wb.overview.story("upload", items[name]["upload_id"])]
        refreshed = wb.uploads.refresh()

    assert items[name]["tj_creative_id"] == str(there)
    assert studio.stored() == {}
    assert refreshed == {"account_id": 1, "seen": 300, "changed": 0, "gaps": []}
    assert reasons


def test_reviews_are_asked_for_and_kept_with_their_history(studio: Studio) -> None:
    first, second = studio.pictures(2)
    with studio.open() as wb:
        items = upload(wb)
        studio.ask("review", account=LABEL, status="rejected", ids=[items[first]["tj_creative_id"]])
        told = wb.uploads.refresh()
        now = {one["file_name"]: one for one in wb.uploads.batch()["items"]}

    assert told["changed"] == 1
    assert now[first]["review_status"] == "rejected"
    assert [word for _, word in now[first]["review_history"]] == ["pending", "rejected"]
    assert now[second]["review_status"] == "pending"
    assert picture_id(1) in first


def test_a_seeded_password_and_cookie_are_nowhere(studio: Studio) -> None:
    """Whatever goes wrong: the session stands in its own file alone, and a password of an old .env nowhere."""
    names = studio.pictures(3)
    (studio.home / ".env").write_text("TJ_USERNAME=somebody\nTJ_PASSWORD=hunter2-seeded-word\n")
    (studio.home / ".env").chmod(0o600)
    studio.switch(reject={"file": names[0]}, commit_then_drop={"file": names[1], "times": 1})
    with studio.open() as wb:
        state = json.loads(next((studio.home / "data" / "sessions").glob("*.json")).read_text())
        upload(wb)
        studio.ask("end_sessions", account=LABEL)
        with contextlib.suppress(AccountStops):
            wb.uploads.refresh()
    wanted = [b"hunter2-seeded-word", *(one["value"].encode() for one in state["cookies"] if len(one["value"]) > 6)]
    own = {studio.home / ".env", *(studio.home / "data" / "sessions").iterdir()}
    found = [
        path
        for path in studio.home.rglob("*")
        if path.is_file() and path not in own and any(each in path.read_bytes() for each in wanted)
    ]

    assert len(wanted) > 1
    assert found == []
    assert list((studio.home / "data" / "evidence").rglob("screen.png"))
