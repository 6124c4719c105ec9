"""The panels of uploading by hand: what is chosen, what a person reads, and that every cell follows the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from tests.panels.conftest import at_the_page, eventually, leave_pages
from tests.upload.studio import Studio, picture_id
from workbench.accounts import store as accounts
from workbench.db.schema import upload as table
from workbench.panels.markup import plain
from workbench.upload import samples
from workbench.upload.check_panel import UploadCheckPanel
from workbench.upload.inventory_panel import InventoryPanel
from workbench.upload.load import Load
from workbench.upload.panel import BatchPanel, UploadOutcomePanel, UploadPanel
from workbench.upload.results_panel import UploadResultsPanel
from workbench.workbench import Workbench

NOTHING = {"source": "", "files": (), "campaign": None, "account": None}


@pytest.fixture
def wb(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    at_the_page(monkeypatch)
    with studio.open() as wb:
        accounts.pause(wb.parts.ledger, 1, "captcha", "so that the worker that is started finds nothing to do")
        yield wb
        leave_pages()
        last = time.monotonic() + 60
        while wb.working.is_worked() and time.monotonic() < last:
            time.sleep(0.05)


def wait_for(word: str, text: Callable[[], str]) -> str:
    eventually(lambda: word in plain(text()))
    return plain(text())


def now(wb: Workbench, upload_id: int, **values: Any) -> None:
    """Let an upload stand like this, as a worker would have left it."""
    wb.parts.ledger.write(
        lambda connection: connection.execute(update(table).where(table.c.id == upload_id).values(**values))
    )


def cells(panel: Any) -> dict[str, list[str]]:
    """What the rows of a live table show, by the first cell."""
    rows = [[one if isinstance(one, str) else one["words"] for one in row] for _, row in panel.table.sheet.page["rows"]]
    return {row[0]: row[1:] for row in rows}


def test_what_is_refused_stands_there_with_what_to_do_and_pictures(studio: Studio, wb: Workbench) -> None:
    (good,) = studio.pictures(1)
    odd, broken = f"EN_{picture_id(2)}.png", f"EN_{picture_id(3)}.mp4"
    samples.picture(studio.root / "uploaded" / odd, (200, 200))
    (studio.root / "uploaded" / broken).write_bytes(b"just words " * 99)
    studio.row(picture_id(2), odd, "image")
    studio.row(picture_id(3), broken, "video")
    studio.row(picture_id(4), "gone.png", "image")
    panel = UploadCheckPanel(Load(wb, NOTHING))
    said = wait_for("To upload: 1", lambda: panel.said.html)

    assert "3 files would be refused; the others go on without them. Beside each stands what to do." in said
    eventually(lambda: len(cells(panel)) == 4)
    found = cells(panel)
    assert found[good][:2] == ["static · 300 × 250 · 2 kB", "will be uploaded"]
    assert found[odd][1:] == [
        "refused", "200x200 is none of the sizes taken here: 300x100, 300x250, 305x99, 320x480, 468x60, 640x360, "
        "950x250, 970x90", "Crop or resize it to one of the sizes named here, or choose another slot.",
    ]  # fmt: skip
    assert found[broken][2].startswith("the film cannot be read: it is damaged")
    assert found["gone.png"][1] == "not found"
    assert found["gone.png"][3].startswith("Put the file back where its sheet says")
    eventually(lambda: panel.tiles.html.count("<img") == 2)  # what can be shown
    panel._open(next(key for key, row in panel.table.sheet.page["rows"] if row[0] == odd))
    assert "What to do: Crop or resize it" in plain(panel.detail.html)
    assert "<img" in panel.detail.html


def test_files_are_chosen_by_ticks_by_folder_and_all_mistakes_are_told(studio: Studio, wb: Workbench) -> None:
    names = studio.pictures(3)
    wb.accounts.add("trafficjunky", "second")
    load = Load(wb, NOTHING)
    panel = UploadCheckPanel(load)
    assert panel.ticks.layout.display == "none"
    eventually(lambda: panel.form.blank.wrong == {"account": "Choose the account."})
    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.fill({"source": "ticked", "campaign": "spring", "account": "1"})
    assert panel.ticks.layout.display is None
    panel.form.submit("look")
    eventually(lambda: "campaign" in panel.form.blank.wrong)
    panel.form.fill({"campaign": "12345", "slot": "native"})
    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.submit("look")
    eventually(lambda: "source" in panel.form.blank.wrong)

    panel.ticks.chosen = [f"uploaded/{name}" for name in names[:2]]
    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.submit("look")
    wait_for("Refused: 2", lambda: panel.said.html)  # no natives: another size
    panel.form.fill({"slot": "", "source": "folder", "folder": "uploaded"})
    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.submit("look")
    wait_for("To upload: 3", lambda: panel.said.html)
    assert (load.ask.source, load.ask.campaign, load.ask.account) == ("uploaded", "12345", 1)


def test_every_cell_follows_the_work_and_a_person_decides_beside_each_file(  # noqa: PLR0915 - one story
    studio: Studio, wb: Workbench
) -> None:
    names = studio.pictures(4)
    load = Load(wb, NOTHING)
    check = UploadCheckPanel(load)
    send, batch, results, outcome = (
        UploadPanel(load),
        BatchPanel(load),
        UploadResultsPanel(load),
        UploadOutcomePanel(load),
    )
    load.faces += [send, batch, results, outcome]
    assert "still being looked at" in load.said() or check.said.html
    wait_for("To upload: 4", lambda: check.said.html)
    assert plain(outcome.said.html) == "Nothing was uploaded or rehearsed."

    for _ in range(5):
        send.twice.first.click()
    asked = plain(send.twice.asked.html)
    assert asked == (
        f"PRACTICE: upload 4 files to TrafficJunky as studio (account 1): {', '.join(names[:3])} and 1 more. "
        "Nothing of it is real."
    )
    assert wb.uploads.batches() == []
    for _ in range(5):
        send.twice.sure.click()
    wait_for("Started: batch_001", lambda: send.said.html)
    assert len(wb.uploads.batches()) == 1
    eventually(lambda: len(cells(results)) == 4)
    assert {row[0] for row in cells(results).values()} == {"waits for you"}  # the account is paused

    accounts.resume(wb.parts.ledger, 1, now_too=True)
    accounts.switch(wb.parts.ledger, 1, enabled=False)
    kept = {"next_at": None, "attention": None}
    there = {"archive_path": "batch_001-x/Image/a.png", "archived_at": datetime.now(UTC)}
    now(wb, 1, state="archived", remote_id="10325001", **there, **kept)
    now(wb, 2, state="failed", reason="the site refused it: <i>blurred</i>", error_type="validation_error", **kept)
    lost = "the answer was lost: it may be there. Look there, then: workbench upload resolve 3 --absent"
    now(wb, 3, state="unsure", reason=lost, next_at=None, attention="person", acts=1)
    now(wb, 4, state="unknown_id", reason="nobody could read its id", next_at=None, attention="person", acts=1)
    load.look_soon()
    said = wait_for("3 wait for you: see above what to do.", lambda: outcome.said.html)
    assert said.startswith("Done: 1 uploaded, 1 failed, 0 skipped, 1 unknown id, 1 pending.")
    states = ["success", "failed", "waits for you", "waits for you"]
    eventually(lambda: [one[0] for one in cells(results).values()] == states)
    eventually(lambda: batch.bar.text == "4 of 4 files")
    wait_for("In the archive", lambda: results.pairs.html)
    assert [one[0] for one in results.files.files] == ["Summary", "Status CSV", "Errors", "Manifest", "Log"]
    eventually(lambda: len(results.cases.cases) == 3)
    failed, unsure, unknown = results.cases.cases.values()
    assert "&lt;i&gt;blurred" in failed.body.value
    assert "Mend what was said, then try again." in plain(failed.body.value)
    assert "workbench" not in plain(unsure.body.value)
    assert unknown.retry.layout.display == "none"

    unknown.remote_id.value = "abc"
    unknown.found.click()
    wait_for("is no id of a creative", lambda: unknown.alert.html)
    unknown.remote_id.value = "1032599999"
    unknown.found.click()
    eventually(lambda: wb.uploads.batch()["items"][3]["tj_creative_id"] == "1032599999")
    unsure.absent.first.click()
    assert f"upload {names[2]} once more to TrafficJunky as studio (account 1)" in plain(unsure.absent.asked.html)
    for _ in range(4):
        unsure.absent.sure.click()
        unsure.absent.first.click()
    eventually(lambda: wb.uploads.batch()["items"][2]["state"] == "checked")
    failed.retry.first.click()
    for _ in range(4):
        failed.retry.sure.click()
    eventually(lambda: wb.uploads.batch()["items"][1]["state"] in {"planned", "checked"})
    assert wb.uploads.batch()["items"][1]["retries"] == 1
    eventually(lambda: not results.cases.cases)
    wait_for("At work", lambda: outcome.said.html)


def test_campaign_csvs_are_written_from_a_form_and_told_as_links(studio: Studio, wb: Workbench) -> None:
    studio.pair()
    load = Load(wb, NOTHING)
    load.plan()
    load.start()
    for key, remote_id in ((1, "10325001"), (2, "10325002")):
        now(wb, key, state="recorded", remote_id=remote_id, next_at=None, attention=None)
    panel = UploadResultsPanel(load)
    eventually(lambda: "whole" in plain(panel.pairs.html))
    form = panel.campaign.form
    form.fill({"headline": "x" * 88})
    form.submit("write")
    eventually(lambda: set(form.blank.wrong) == {"target_url", "headline"})
    form.fill({"target_url": "https://example.test/?c={CampaignID}", "headline": "Tea"})
    eventually(lambda: not form.blank.is_busy)
    form.submit("write")

    wait_for("Written: batch_001_", lambda: panel.campaign.said.html)
    eventually(lambda: panel.files.files[-1][0] == "Campaign CSV")
    assert (wb.settings.home / panel.files.files[-1][1]).is_file()


def test_another_kernel_and_another_batch_are_shown_as_they_are(studio: Studio, wb: Workbench) -> None:
    """What a second tab, or a kernel that was started anew, shows comes from the ledger."""
    studio.pictures(2)
    first = Load(wb, NOTHING)
    first.plan()
    first.start()
    again = Load(wb, NOTHING)
    check, results, batch = UploadCheckPanel(again), UploadResultsPanel(again), BatchPanel(again)
    again.faces += [results, batch]
    wait_for("Left alone: 2", lambda: check.said.html)
    eventually(lambda: len(cells(results)) == 2)
    assert again.start() == "batch_001"  # ordered once more it is the same batch

    studio.rows.clear()
    studio.pictures(1, first=9)
    eventually(lambda: not check.form.blank.is_busy)
    check.form.submit("look")
    wait_for("To upload: 1", lambda: check.said.html)
    wait_for("Nothing of these files was uploaded yet.", lambda: results.said.html)
    again.start()
    again.look_soon()
    wait_for("batch_002", lambda: results.said.html)
    eventually(lambda: len(results.pick.blank.fields[0]["choices"]) == 3)
    results.pick.fill({"pick": "batch_001"})
    wait_for("batch_001", lambda: results.said.html)
    eventually(lambda: len(cells(results)) == 2)


def test_the_inventory_is_filtered_and_follows(studio: Studio, wb: Workbench) -> None:
    names = studio.pictures(60)
    panel = InventoryPanel(wb)
    eventually(lambda: panel.table.sheet.page["total"] == 60)
    assert len(panel.table.sheet.page["rows"]) == 50
    load = Load(wb, {**NOTHING, "files": names[:1]})
    load.plan()
    load.start()
    now(wb, 1, state="archived", remote_id="10325001", uploaded_at=datetime.now(UTC), next_at=None)
    panel.filters.fill({"state": "archived"})
    eventually(lambda: list(cells(panel)) == names[:1])
    (row,) = cells(panel).values()
    assert row[:2] == ["archived", "static"]
    assert "10325001" in row
    panel._open(panel.table.sheet.page["rows"][0][0])
    assert "Its uploads" in plain(panel.detail.html)
    assert "<img" in panel.detail.html
