"""The start page: the numbers of `status` and `todo`; an empty home begins with clicks, and mistakes stay in sight."""

from __future__ import annotations

import pytest

from tests.panels.conftest import at_the_page, displayed, leave_pages, nobody_there
from workbench import open_workbench
from workbench.home import start_panel
from workbench.home.start_panel import BeginPanel, Glance, GlancePanel, NewestRuns
from workbench.panels.markup import plain

PASTED = """\
https://www.instagram.com/natgeo/
nonsense

www.facebook.com/nasa?ref=x
https://www.instagram.com/NatGeo?hl=de
"""


@pytest.fixture
def wb(tmp_path, monkeypatch):
    at_the_page(monkeypatch)
    with open_workbench(tmp_path, mode="practice") as wb:
        yield wb
        leave_pages()


@pytest.fixture
def glance(wb):
    for name in ("runs", "recovery", "errors"):
        (wb.settings.home / "notebooks").mkdir(exist_ok=True)
        (wb.settings.home / "notebooks" / f"{name}.ipynb").touch()
    return Glance(wb, 10)


def submit(panel, action: str, text: str, eventually) -> None:
    panel.form.fill({"addresses": text})
    panel.form.submit(action)
    eventually(lambda: not panel.form.blank.is_busy)


def test_an_empty_home_is_begun_with_made_up_sources(wb, glance, eventually):
    panel = BeginPanel(glance)
    eventually(lambda: "First keep some sources" in panel.last.html)
    panel.made_up.click()
    eventually(lambda: "12 made-up sources kept" in panel.said.html)

    assert len(wb.collect.sources()) == 12
    eventually(lambda: "12 sources are kept." in plain(panel.last.html))
    assert 'href="runs.ipynb"' in panel.last.html
    panel.made_up.click()  # once more changes nothing
    eventually(lambda: "12 made-up sources kept" in panel.said.html)
    assert len(wb.collect.sources()) == 12


def test_pasted_addresses_are_recognised_and_kept_and_mistakes_stay(wb, glance, eventually):
    panel = BeginPanel(glance)
    submit(panel, "look", PASTED, eventually)
    eventually(lambda: panel.lines.sheet.page["total"] == 4)

    shown = [[cell if isinstance(cell, str) else cell["words"] for cell in cells]
             for _, cells in panel.lines.sheet.page["rows"]]  # fmt: skip
    assert [one[:4] for one in shown] == [
        ["1", "instagram.com/natgeo/", "instagram", "posts"],
        ["2", "nonsense", "", ""],
        ["4", "facebook.com/nasa", "facebook", "posts"],
        ["5", "instagram.com/NatGeo?hl=de", "", ""],
    ]
    assert [bool(one[4]) for one in shown] == [False, True, False, True]
    assert "the same as line 1" in shown[3][4]
    assert wb.collect.sources() == []

    submit(panel, "keep", PASTED, eventually)
    assert sorted(one.url for one in wb.collect.sources()) == [
        "https://www.facebook.com/nasa", "https://www.instagram.com/natgeo/",
    ]  # fmt: skip
    assert "2 sources kept" in panel.kept.html
    assert panel.form.values()["addresses"] == "nonsense"  # what is wrong stays, to be put right


def test_nothing_pasted_is_a_mistake_of_the_field(glance, eventually):
    panel = BeginPanel(glance)
    submit(panel, "keep", " \n", eventually)

    assert list(panel.form.blank.wrong) == ["addresses"]


def test_live_offers_no_made_up_sources(tmp_path, monkeypatch):
    at_the_page(monkeypatch)
    with open_workbench(tmp_path, mode="live") as wb:
        assert BeginPanel(Glance(wb, 10)).made_up.layout.display == "none"
        leave_pages()


def test_what_runs_is_there_with_its_numbers(wb, glance, eventually):
    (source,) = wb.collect.add_source("instagram", "posts", "https://www.instagram.com/natgeo/").source_ids
    panel, runs, begin = GlancePanel(glance), NewestRuns(glance), BeginPanel(glance)
    eventually(lambda: "nothing is at work" in panel.tiles.html)
    wb.start(wb.plan([source], name="Tea <b>").hash)

    eventually(lambda: "1 running now" in plain(panel.tiles.html))
    assert "Tea &lt;b&gt;" in panel.running.html
    eventually(lambda: runs.table.sheet.page["total"] == 1)
    ((_, cells),) = runs.table.sheet.page["rows"]
    assert cells[0] == {"words": "Tea <b>", "page": "runs"}
    assert cells[3] == {"words": "0 %", "bar": 0}
    eventually(lambda: begin.layout.display == "none")


def test_what_waits_says_why_and_where_it_is_settled(glance):
    entries = [
        {"kind": "snapshot", "id": "s1", "why": "<script>", "command": "workbench recover resolve 1"},
        {"kind": "listing", "id": "7", "why": "look", "command": "workbench post resolve 7"},
    ]
    shown = start_panel.waiting(entries, glance)

    assert 'href="recovery.ipynb"' in shown
    assert "<script" not in shown
    assert "postings.ipynb" not in shown  # no such page in this home: its command alone
    assert "workbench post resolve 7" in shown


def test_it_says_the_same_without_a_person(wb, monkeypatch):
    nobody_there(monkeypatch)
    (source,) = wb.collect.add_source("instagram", "posts", "https://www.instagram.com/natgeo/").source_ids
    wb.start(wb.plan([source], name="Tea").hash)
    shown = displayed(monkeypatch)
    start_panel.page(wb, last_runs=3)
    words = shown[0]["text/plain"]

    assert "1 running now" in words
    assert "Tea: 0 of 1 over" in words
    assert "The last 3 runs" in words
    assert wb.overview.at_a_glance()["running"] == [
        {"kind": "run", "id": wb.status()["runs"][0]["run_id"], "name": "Tea", "finished": 0, "total": 1}
    ]
