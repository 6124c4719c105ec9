"""collect/form_panel.py, runs_board_panel.py: a run by form, all mistakes at once, and what can be done with runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collect.panels.conftest import PLAN
from workbench.collect.form_panel import RunFormPanel
from workbench.collect.order import Order
from workbench.collect.panel import StartPanel
from workbench.collect.runs_board_panel import BoardPanel
from workbench.collect.watch_panel import WatchPanel
from workbench.errors import BadInput, Refused
from workbench.panels.markup import plain
from workbench.secret import Secret

TEA = "https://www.instagram.com/tea.club/"
BIKE = "https://www.instagram.com/bike.lane/"


@pytest.fixture
def order(wb) -> Order:
    return Order(wb, PLAN)


@pytest.fixture
def form(wb, order) -> RunFormPanel:
    return RunFormPanel(wb, order)


def submitted(form: RunFormPanel, eventually) -> dict[str, str]:
    """What is wrong after a press on Plan."""
    form.what.submit("plan")
    eventually(lambda: not form.what.blank.is_busy)
    return {**form.where.blank.wrong, **form.paste.blank.wrong, **form.what.blank.wrong}


def test_the_form_has_what_was_asked(form):
    assert form.where.values()["which"] == "sheet"
    assert {name: form.what.values()[name] for name in ("num_posts", "name", "auto_create_folders")} == {
        "num_posts": 5, "name": "Tuesday", "auto_create_folders": True,
    }  # fmt: skip
    assert "instagram posts" in plain(form.plan.html)


def test_every_mistake_is_told_at_once_and_nothing_is_planned(wb, form, order, eventually):
    before = order.plan.hash
    form.where.fill({"which": "pasted"})
    form.what.fill({"start": "yesterday", "end": "2026-02-30", "num_posts": "many", "cap_usd": "-1"})

    wrong = submitted(form, eventually)

    assert set(wrong) == {"addresses", "start", "end", "num_posts", "cap_usd"}
    form.where.fill({"which": "sheet"})
    assert "today-7d" in wrong["start"]
    form.what.fill({"start": "today", "end": "today-7d", "num_posts": "5", "cap_usd": ""})
    assert set(submitted(form, eventually)) == {"end"}
    assert order.plan.hash == before


def test_pasted_addresses_are_planned_and_become_sources_with_the_start(wb, form, order, eventually):
    form.where.fill({"which": "pasted"})
    assert form.pasting.layout.display is None
    assert submitted(form, eventually) == {"addresses": "no address is there yet."}
    form.paste.fill({"addresses": f"{TEA}\nnonsense\n{BIKE}"})
    assert "line 2 (nonsense)" in submitted(form, eventually)["addresses"]
    assert "2 of 3 lines" in plain(form.found.html)

    form.paste.fill({"addresses": f"{TEA}\n{BIKE}\n{BIKE}"})
    form.what.fill({"start": "today-30d", "num_posts": "3", "name": "Pasted", "cap_usd": "1.5"})
    form.what.fill({"auto_create_folders": False})
    assert submitted(form, eventually) == {}

    assert order.plan.params["cap_usd"] == 1.5
    assert order.plan.params["auto_create_folders"] is False
    assert order.plan.estimate.records == 6
    assert wb.collect.sources() == []
    order.start()
    assert [one.url for one in wb.collect.sources()] == [TEA, BIKE]


def test_ticked_sources_of_a_thousand(wb, form, order, eventually):
    for n in range(3):
        wb.collect.add_source("instagram", "posts", f"https://www.instagram.com/c{n}/", project="spring")
    form.where.fill({"which": "ticked"})
    assert submitted(form, eventually) == {"which": "no source is ticked yet."}
    eventually(lambda: form.sources.sheet.page["total"] == 3)
    form.sources.chosen = ["1", "3"]

    assert submitted(form, eventually) == {}
    assert order.plan.params["sources"] == [1, 3]


def test_a_plan_that_cannot_be_made_is_told_in_the_page(wb, eventually):
    order = Order(wb, {"sources": "data/inputs/nothing.csv"}, may_wait=True)
    form, start = RunFormPanel(wb, order), StartPanel(wb, order)

    assert "there is no file" in plain(form.alert.html)
    assert "Nothing is planned yet" in plain(form.plan.html)
    assert (start.first.layout.display, start.anew.layout.display) == ("none", "none")
    form.where.fill({"which": "pasted"})
    form.paste.fill({"addresses": TEA})
    assert submitted(form, eventually) == {}
    assert (start.first.layout.display, form.alert.html) == (None, "")


def test_what_was_agreed_to_is_started_and_nothing_else(wb, form, order, eventually):
    """The question is open while somebody plans something dearer: the yes is no yes to that."""
    wb.is_idle = True
    wb.parts.settings = wb.settings.model_copy(
        update={"mode": "live", "brightdata_api_key": Secret("a-key-of-sixteen-signs")}
    )
    start = StartPanel(wb, order)
    start.first.click()
    assert "ESTIMATED $0.0300" in plain(start.start.asked.html)
    asked = order.plan.hash
    form.what.fill({"num_posts": "500"})
    assert submitted(form, eventually) == {}

    start.start.sure.click()

    assert order.plan.hash != asked
    assert wb.status()["runs"] == []
    assert start.start.sure.layout.display == "none"


def test_something_else_planned_leaves_the_run_that_is(wb, form, order, eventually):
    watch = WatchPanel(wb, order)
    order.start()
    wb.work()
    eventually(lambda: watch.bar.percent == 100)
    form.what.fill({"name": "Another"})

    assert submitted(form, eventually) == {}

    assert order.run_id is None
    assert "Nothing runs yet" in plain(watch.body.html)
    assert watch.bar.layout.display == "none"


# the board ----------------------------------------------------------------------------------------


def rows(table) -> list[list]:
    return [cells for _, cells in table.sheet.page["rows"]]


def test_the_board_follows_the_ledger(wb, order, eventually):
    board = BoardPanel(wb, order)
    assert "No run was started yet." in plain(board.markup())
    order.start()
    eventually(lambda: rows(board.runs))

    wb.work()

    eventually(lambda: rows(board.runs)[0][2]["words"] == "completed")
    board.tabs.chosen = "jobs"
    board.jobs.refresh()
    eventually(lambda: len(rows(board.jobs)) == 2)
    board.close()


def opened(board: BoardPanel, run_id: str):
    board._open(run_id)
    return board.opened.children[0]


def test_a_run_is_opened_with_its_story_and_planned_again(wb, form, order, eventually):
    first = order.start()
    wb.work()
    board = BoardPanel(wb, order)
    run = opened(board, first)
    eventually(lambda: run.story.sheet.page["total"] > 5)
    assert run.retry.layout.display == "none"
    eventually(lambda: run.watched.cancel.layout.display == "none")

    for _ in range(3):
        run.again.click()

    eventually(lambda: "Planned once more" in plain(run.done.html))
    assert form.where.values()["which"] == "ticked"
    assert order.plan.params["sources"] == [1, 2, 3]
    assert len(wb.status()["runs"]) == 1, "to plan starts nothing"
    board.close()


def test_a_run_is_cancelled_from_the_board(wb, order, sandbox, eventually):
    sandbox.switch(never_ready=1)
    run_id = order.start()
    board = BoardPanel(wb, order)
    run = opened(board, run_id)
    eventually(lambda: run.watched.cancel.layout.display is None)
    run.watched.cancel.first.click()
    assert wb.status(run_id)["runs"][0]["cancelled_at"] is None
    run.watched.cancel.sure.click()

    eventually(lambda: wb.status(run_id)["runs"][0]["cancelled_at"])
    eventually(lambda: run.watched.cancel.layout.display == "none")
    board.close()


def test_what_failed_is_retried_with_the_sum_and_once(wb, order, sandbox, eventually):
    sandbox.switch(snapshot_failed=1)
    first = order.start()
    wb.work()
    assert wb.status(first)["runs"][0]["status"] == "partial"
    wb.is_idle = True
    board = BoardPanel(wb, order)
    run = opened(board, first)
    run.retry.first.click()
    asked = plain(run.retry.asked.html)
    assert "2 sources are asked once more, ESTIMATED $0.0200" in asked
    assert "what Bright Data has charged for the first try is paid as well" in asked
    assert len(wb.status()["runs"]) == 1

    for _ in range(3):
        run.retry.sure.click()

    eventually(lambda: len(wb.status()["runs"]) == 2)
    eventually(lambda: board.opened.children[0] is not run)
    assert len(wb.status()["runs"]) == 2
    board.close()


def test_folders_come_at_once_or_with_the_rows(wb):
    """The team's word `auto_create_folders`: whether every job has its folder before it has rows."""
    for is_on, there in ((True, 2), (False, 0)):
        plan = wb.plan(**{**PLAN, "name": f"folders {is_on}"}, auto_create_folders=is_on)
        run_id = wb.start(plan.hash, fresh=True)
        jobs = wb.status(run_id)["runs"][0]["jobs"]
        assert sum(Path(job["folder"]).is_dir() for job in jobs) == there

    wb.work()

    assert all(Path(job["folder"]).is_dir() for job in jobs)


def test_a_run_has_a_cap_of_its_own(wb):
    with pytest.raises(Refused, match=r"\$0\.0300 for this run; the cap is \$0\.0200"):
        wb.start(wb.plan(**PLAN, cap_usd=0.02).hash)
    assert wb.status()["runs"] == []

    assert wb.start(wb.plan(**PLAN, cap_usd="0.03").hash)
    wb.work()
    assert wb.status()["runs"][0]["status"] == "completed"
    with pytest.raises(BadInput, match="an amount of dollars"):
        wb.plan(**PLAN, cap_usd="much")
