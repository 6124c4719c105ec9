"""collect/panel.py by hand: a click starts one run, the page follows it, and everything is rebuilt from the ledger."""

from __future__ import annotations

import threading
import time

import pytest

from tests.collect.panels.conftest import SOURCES
from tests.panels.conftest import nobody_there, place
from workbench.budget.caps import Caps
from workbench.collect import panel as runs
from workbench.collect.order import Order
from workbench.collect.panel import LivePanel, StartPanel
from workbench.collect.watch_panel import WatchPanel
from workbench.errors import BadInput, Refused
from workbench.panels.markup import esc, plain
from workbench.panels.widgets import AskTwice
from workbench.secret import Secret


@pytest.fixture
def displayed(monkeypatch) -> list:
    """What the calls put into the page, in order."""
    found: list = []
    monkeypatch.setattr(runs, "display", found.append)
    monkeypatch.setattr(runs, "still", found.append)
    monkeypatch.setattr(runs, "page", lambda wb, *panels: found.extend(panel().markup() for panel in panels))
    return found


@pytest.fixture
def order(wb, plan, displayed) -> Order:
    return runs.plan(wb, **plan)


def started(order: Order) -> bool:
    return order.run_id is not None


def test_the_plan_says_what_it_would_cost_and_starts_nothing(wb, order, displayed):
    words = plain(displayed[0])

    assert "PRACTICE" in words
    assert "instagram posts  2  1  10  $0.0020  $0.0200" in words
    assert "Together  3  2  15    $0.0300" in words
    assert order.plan.hash[:12] in words
    assert wb.status()["runs"] == []


def test_a_click_gives_the_kernel_back_at_once(wb, order):
    panel = StartPanel(wb, order)
    began = time.monotonic()

    panel.first.click()

    assert time.monotonic() - began < 0.5


def test_clicks_of_an_impatient_person_start_one_run(wb, order, eventually):
    panel = StartPanel(wb, order)

    clicks = [threading.Thread(target=panel.first.click) for _ in range(5)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    eventually(lambda: started(order) and not panel.first.disabled)
    assert len(wb.status()["runs"]) == 1


def test_two_windows_of_the_same_plan_start_one_run(wb, plan, displayed, eventually):
    first, second = runs.plan(wb, **plan), runs.plan(wb, **plan)
    for one in (first, second):
        StartPanel(wb, one).first.click()

    eventually(lambda: started(first) and started(second))
    assert first.run_id == second.run_id
    assert len(wb.status()["runs"]) == 1


def test_running_the_cells_again_shows_the_run_that_is(wb, plan, order, displayed, eventually):
    StartPanel(wb, order).first.click()
    eventually(lambda: started(order))

    again = runs.plan(wb, **plan)
    panel = StartPanel(wb, again)

    assert again.run_id == order.run_id
    assert panel.first.layout.display == "none"
    assert f"as run {order.run_id}" in plain(panel.markup())


def test_collecting_the_same_anew_is_a_button_of_its_own(wb, order, sandbox, eventually):
    panel = StartPanel(wb, order)
    panel.first.click()
    first = eventually(lambda: not panel.first.disabled and order.run_id)

    panel.again.click()  # by the hand that clicks on: it rests
    assert panel.again.disabled
    assert panel.anew.sure.layout.display == "none"
    eventually(lambda: not panel.again.disabled)
    panel.again.click()
    assert order.run_id == first
    assert "PRACTICE: once more, and paid once more: 2 collections of 3 inputs" in plain(panel.anew.asked.html)
    panel.anew.sure.click()

    eventually(lambda: order.run_id != first)
    assert {run["run_id"] for run in wb.status()["runs"]} == {first, order.run_id}
    eventually(lambda: all(run["status"] == "completed" for run in wb.status()["runs"]))
    assert {run["jobs"][0]["snapshots"][0]["reused"] for run in wb.status()["runs"]} == {False}


def test_what_has_changed_since_it_was_shown_is_not_started_once_more(wb, order, eventually):
    panel = StartPanel(wb, order)
    panel.first.click()
    eventually(lambda: not panel.first.disabled and order.run_id)
    sources = wb.settings.home / "data" / "inputs" / "sources.csv"
    sources.write_text(sources.read_text().replace("tea.club", "coffee.club"))

    eventually(lambda: not panel.again.disabled)
    panel.again.click()
    panel.anew.sure.click()

    eventually(lambda: "have changed since this plan was shown" in panel.alert.html)
    assert len(wb.status()["runs"]) == 1


def test_a_refusal_is_shown_in_the_page_and_the_button_comes_back(wb, order, monkeypatch, eventually):
    monkeypatch.setattr(
        wb.collect, "start", lambda plan_hash, **given: (_ for _ in ()).throw(Refused("above the cap of a day"))
    )
    panel = StartPanel(wb, order)

    panel.first.click()

    eventually(lambda: "above the cap of a day" in panel.alert.html and not panel.first.disabled)
    assert 'role="alert"' in panel.alert.html
    assert "Not started" in panel.said.html


def test_the_page_follows_the_run_to_its_end(wb, order, eventually):
    watch = WatchPanel(wb, order)
    tables = LivePanel(wb, order, lambda run_id: esc(wb.sql("FROM posts").shape[0]), "The tables")
    assert "Nothing runs yet" in watch.markup()

    StartPanel(wb, order).first.click()

    eventually(lambda: watch.bar.percent == 100)
    eventually(lambda: tables.body.html == "15")
    assert watch.bar.text == "100 %, 2 of 2 snapshots"
    assert watch.bar.news == "The run is complete: 15 rows."
    eventually(lambda: watch.cancel.layout.display == "none")
    assert "Tuesday - instagram - posts  ✓ completed  1 of 1  10  0  1 published" in plain(watch.body.html)
    assert 'aria-valuetext="100 %, 2 of 2 snapshots"' in watch.markup()


def test_a_view_made_after_the_end_still_finds_it(worked, plan, displayed, eventually):
    watch = WatchPanel(worked, runs.plan(worked, **plan).run_id)

    eventually(lambda: watch.bar.text == "100 %, 2 of 2 snapshots")


def test_cancelling_asks_once_more(wb, order, sandbox, eventually):
    sandbox.switch(never_ready=1)
    watch = WatchPanel(wb, order)
    StartPanel(wb, order).first.click()
    eventually(lambda: watch.cancel.layout.display is None and watch.bar.percent)

    watch.cancel.first.click()
    assert wb.status(order.run_id)["runs"][0]["cancelled_at"] is None
    watch.cancel.sure.click()

    eventually(lambda: watch.bar.news.startswith("The run was cancelled"))
    assert watch.cancel.layout.display == "none"


def test_a_run_that_nobody_works_on_says_so_and_offers_a_worker(wb, order, monkeypatch, eventually):
    monkeypatch.setattr("workbench.collect.watch_panel._ALONE_SECONDS", 0.2)
    wb.is_idle = True
    watch = WatchPanel(wb, order)
    order.start()
    eventually(lambda: watch.resume.layout.display is None)

    wb.is_idle = False
    watch.resume.click()

    eventually(lambda: watch.bar.percent == 100)


def test_a_look_that_fails_is_shown_and_forgotten_when_it_is_well_again(wb, order, monkeypatch, eventually):
    wb.is_idle = True
    watch = WatchPanel(wb, order)
    order.start()
    eventually(lambda: watch.bar.text)

    with monkeypatch.context() as broken:
        broken.setattr(wb, "status", lambda run=None: (_ for _ in ()).throw(OSError("the disk is gone")))
        eventually(lambda: "the disk is gone" in watch.alert.html)

    eventually(lambda: not watch.alert.html)


def test_a_view_that_failed_at_the_end_is_drawn_again(wb, order, eventually):
    tries: list[str] = []

    def draw(run_id: str):
        tries.append(run_id)
        if len(tries) < 3:
            raise OSError("somebody else is at it")
        return esc("drawn")

    order.start()
    wb.work()
    view = LivePanel(wb, order, draw, "The tables")

    eventually(lambda: view.body.html == "drawn" and not view.alert.html)


def test_views_are_written_only_when_something_changed(wb, order, eventually):
    wb.is_idle = True
    watch = WatchPanel(wb, order)
    order.start()
    eventually(lambda: watch.bar.text)
    written: list = []
    watch.body.observe(written.append, "html")
    watch.bar.observe(written.append)

    time.sleep(1.2)

    assert written == []


def test_hostile_names_stay_text(wb, plan, displayed, eventually):
    hostile = "<img src=x onerror=alert(1)>"
    order = runs.plan(wb, **{**plan, "name": hostile})
    watch = WatchPanel(wb, order)
    folders = LivePanel(
        wb, order, lambda run_id: runs.markup.folders_view(wb.collect.folders(run_id), "lake"), "The folders"
    )
    start = StartPanel(wb, order)

    start.first.click()

    eventually(lambda: watch.bar.percent == 100 and "parquet" in folders.body.html)
    pages = [displayed[0], start.said.html, watch.body.html, watch.markup(), folders.body.html]
    assert not [page for page in pages if "<img" in page]


@pytest.fixture
def seen(worked, plan, displayed, monkeypatch) -> Order:
    """The run Tuesday of a bench whose runs are over, as it is found again without a person."""
    nobody_there(monkeypatch)
    order = runs.plan(worked, **plan)
    displayed.clear()
    return order


def test_without_a_person_a_run_is_started_once_and_says_so(wb, plan, displayed, monkeypatch):
    nobody_there(monkeypatch)
    order = runs.start(wb, runs.plan(wb, **plan))
    again = runs.start(wb, runs.plan(wb, **plan))

    assert [plain(each) for each in displayed[1::2]] == [
        f"Started: run {order.run_id}.",
        plain(displayed[3]),
    ]
    assert f"as run {order.run_id}. Running these cells again only shows it." in plain(displayed[3])
    assert again.run_id == order.run_id
    assert len(wb.status()["runs"]) == 1


def test_tables_show_the_rows_of_this_run_alone(worked, plan, displayed, seen):
    second = runs.plan(worked, **{**plan, "name": "Wednesday", "num_posts": 4})
    displayed.clear()

    for order in (seen, second):
        runs.tables(
            worked, order, {"Rows": "SELECT run_id, count(*) AS posts FROM posts WHERE run_id = $run GROUP BY ALL"}
        )

    assert [plain(each) for each in displayed] == [
        f"Rows\nrun id  posts\n{seen.run_id}  15",
        f"Rows\nrun id  posts\n{second.run_id}  12",
    ]
    assert seen.run_id != second.run_id


def test_the_plan_says_what_is_here_already(worked, plan, displayed, seen):
    runs.plan(worked, **{**plan, "name": "Thursday"})

    assert "15 of these records ($0.0300) were asked for lately" in plain(displayed[0])


def test_a_query_without_the_run_is_taken_as_it_is(worked, displayed, seen):
    runs.tables(worked, seen, {"Numbers": "SELECT range AS number FROM range(100)"}, rows=2)

    assert plain(displayed[0]) == "Numbers (the first 2 rows)\nnumber\n0\n1"


def test_a_chart_has_words_for_who_cannot_see_it(worked, displayed, seen):
    query = "SELECT platform, count(*) AS posts FROM posts WHERE run_id = $run GROUP BY ALL ORDER BY ALL"
    runs.chart(worked, seen, "Posts", query)

    assert (
        'alt="Bar chart, Posts: 2 bars from instagram to linkedin. 15 posts in all; most at instagram: 10."'
        in displayed[0]
    )
    assert "<figcaption" in displayed[0]


def test_a_chart_of_nothing_says_so(worked, displayed, seen):
    runs.chart(worked, seen, "Posts", "SELECT 1 AS a, 2 AS b WHERE false")

    assert plain(displayed[0]) == "Posts: nothing to draw."


def test_without_a_person_live_mode_starts_nothing_above_what_was_approved(wb, order, monkeypatch):
    nobody_there(monkeypatch)
    live = wb.settings.model_copy(update={"mode": "live", "brightdata_api_key": Secret("a-key-of-this-test")})

    with monkeypatch.context() as in_live_mode:
        in_live_mode.setattr(wb.parts, "settings", live)
        with pytest.raises(Refused, match=r"ESTIMATED to cost \$0\.0300, and approve_usd allows \$0\.0200"):
            runs.start(wb, order, approve_usd=0.02)
        assert wb.status()["runs"] == []
        assert runs.start(wb, order, approve_usd=0.03).run_id is not None


def test_an_open_end_is_shown_and_asked_for_where_a_cap_is_set(wb, plan, displayed, monkeypatch):
    """As `workbench collect` does, in practice too: the rule is one."""
    row = "Talk,instagram,comments,https://www.instagram.com/p/Dtea123/,,,\n"
    (wb.settings.home / "data" / "inputs" / "talk.csv").write_text(SOURCES.splitlines()[0] + "\n" + row)
    order = runs.plan(wb, **{**plan, "sources": "data/inputs/talk.csv"})
    assert "OPEN-ENDED: instagram comments cannot be told a limit" in plain(displayed[0])

    monkeypatch.setattr(wb.parts, "caps", Caps(day=10_000_000))
    wb.is_idle = True
    panel = StartPanel(wb, order)
    panel.first.click()
    assert "ESTIMATED $0.0400, open-ended, for 20 records; part of this plan is sent no limit" in plain(
        panel.start.asked.html
    )
    assert wb.status()["runs"] == []

    nobody_there(monkeypatch)
    with pytest.raises(Refused, match="approve_open_ended=true"):
        runs.start(wb, order)
    with monkeypatch.context() as in_live_mode:
        in_live_mode.setattr(wb.parts, "caps", Caps())
        live = wb.settings.model_copy(update={"mode": "live", "brightdata_api_key": Secret("a-key-of-this-test")})
        in_live_mode.setattr(wb.parts, "settings", live)
        with pytest.raises(Refused, match="approve_open_ended=true"):
            runs.start(wb, order, approve_usd=5.0)
    assert runs.start(wb, order, approve_open_ended=True).run_id is not None


def test_a_run_that_does_not_exist_is_refused_with_the_cure(wb):
    with pytest.raises(BadInput, match="workbench status"):
        runs.watch(wb, "nonsense")


def test_live_money_asks_with_the_sum_and_three_clicks_are_no_run(wb, plan, eventually):
    order = Order(wb, dict(plan))
    wb.is_idle = True
    wb.parts.settings = wb.settings.model_copy(
        update={"mode": "live", "brightdata_api_key": Secret("a-key-of-sixteen-signs")}
    )
    panel = StartPanel(wb, order)

    for _ in range(3):
        panel.first.click()
    assert "LIVE: start 2 collections of 3 inputs" in plain(panel.start.asked.html)
    assert "ESTIMATED $0.0300 for 15 records" in plain(panel.start.asked.html)
    assert wb.status()["runs"] == []
    for _ in range(3):
        panel.start.sure.click()
    run_id = eventually(lambda: order.run_id and panel.first.layout.display == "none" and order.run_id)

    panel.again.click()
    panel.anew.sure.click()
    assert panel.again.disabled
    assert [run["run_id"] for run in wb.status()["runs"]] == [run_id]
    assert place(panel, panel.first)[:2] != place(panel, panel.again)[:2]  # beside it, in a column of its own


def test_a_cancel_asks(wb, plan):
    assert isinstance(WatchPanel(wb, Order(wb, dict(plan))).cancel, AskTwice)
