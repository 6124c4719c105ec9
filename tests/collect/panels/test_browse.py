"""collect/browse_panel.py: the tree, the tabs, what is taken away; and the same tables without a person."""

from __future__ import annotations

import pytest

from tests.panels.conftest import at_the_page, nobody_there
from workbench.collect import browse_panel
from workbench.collect.browse_panel import BrowsePanel
from workbench.collect.order import Order
from workbench.panels.markup import plain
from workbench.panels.paged import PagedTable


@pytest.fixture
def panel(worked, monkeypatch, eventually):
    at_the_page(monkeypatch)
    panel = BrowsePanel(worked)
    eventually(lambda: panel.body.children and panel.tree.lines)
    yield panel
    panel.close()


def labels(panel) -> list[str]:
    return [one["label"].partition(" · ")[0] for one in panel.tree.lines]


def send(panel, **content) -> None:
    panel._heard(None, content, None)


def shown(panel) -> list[PagedTable]:
    def within(one):
        yield one
        for each in getattr(one, "children", ()):
            yield from within(each)

    return [one for one in within(panel.body) if isinstance(one, PagedTable) and one.layout.display != "none"]


def test_the_tree_opens_level_by_level(panel, eventually):
    assert labels(panel) == ["All runs", "Wednesday", "Instagram", "LinkedIn", "Tuesday"]
    line = panel.tree.lines[1]
    assert (line["word"], line["counts"], line["open"], line["level"]) == ("completed", "12 rows", True, 1)
    for name in ("Instagram", "posts", "Wednesday - instagram - posts"):
        send(panel, open=next(one["id"] for one in panel.tree.lines if one["label"] == name))
        eventually(lambda name=name: any(one["label"] == name and one["open"] for one in panel.tree.lines))
    content = panel.tree.lines[5]
    assert (content["level"], content["open"], content["counts"]) == (5, None, "8 rows")
    assert content["label"].endswith(": published")

    send(panel, close=panel.tree.lines[1]["id"])
    eventually(lambda: labels(panel) == ["All runs", "Wednesday", "Tuesday"])


def test_the_tree_is_filtered(panel, eventually):
    send(panel, find="tues", only=False)
    eventually(lambda: labels(panel) == ["All runs", "Tuesday"])
    send(panel, find="", only=True)
    eventually(lambda: panel.tree.lines == [])
    send(panel, find="", only=False)
    eventually(lambda: len(panel.tree.lines) == 5)


def test_rows_of_a_folder_and_the_whole_row_of_one(panel, worked, eventually):
    (table,) = shown(panel)
    eventually(lambda: table.sheet.page["total"] == 12)
    instagram = next(one["id"] for one in panel.tree.lines if one["label"] == "Instagram")
    send(panel, choose=instagram)
    eventually(lambda: panel.tree.chosen == instagram and shown(panel)[0] is not table)
    (table,) = shown(panel)
    eventually(lambda: table.sheet.page["total"] == 8)

    key = table.sheet.page["rows"][0][0]
    table._heard(None, {"open": key}, None)

    tab = panel.body.children[0]
    eventually(lambda: "as Bright Data sent it" in plain(tab.record.html))
    assert "user_posted" in tab.record.html
    assert "<img" not in tab.record.html


def test_what_is_shown_is_taken_away(panel, worked, eventually):
    tab = panel.body.children[0]
    (table,) = shown(panel)
    table.sheet.ask = {**table.sheet.ask, "sort": "like_count", "descending": True, "text": "e", "serial": 5}
    eventually(lambda: 'ORDER BY "like_count" DESC' in tab.handout.texts.get("sql", ""))
    assert "contains(lower" in tab.handout.texts["sql"]
    assert 'wb.sql("""' in tab.handout.texts["pandas"]

    for _ in range(3):
        tab.handout._heard(None, {"take": "xlsx"}, None)

    eventually(lambda: tab.handout.said.startswith("Written"))
    files = list((worked.settings.data / "exports").glob("*.xlsx"))
    assert [f"data/exports/{file.name}" for file in files] == [tab.handout.path], "three clicks are one file"
    tab.handout._heard(None, {"take": "nonsense"}, None)
    eventually(lambda: "not as" in plain(tab.alert.html))


def test_every_tab_of_a_folder(panel, eventually):
    for name, words in (("rejects", "None: every row became data."), ("files", "as Bright Data delivered it"),
                        ("story", "was published")):  # fmt: skip
        panel.tabs.chosen = name
        eventually(lambda name=name: f"wb-{name}-tab" in panel.body.children[0]._dom_classes)
        (table,) = shown(panel)
        eventually(lambda table=table, words=words: words in plain(table.markup()))
    send(panel, choose="")
    eventually(lambda: "told run by run" in getattr(panel.body.children[0].children[0], "html", ""))


def test_rejects_by_reason_and_their_rows(wb, plan, sandbox, eventually):
    sandbox.switch(broken_lines=1)
    Order(wb, plan).start()
    wb.work()
    panel = BrowsePanel(wb)
    eventually(lambda: panel.tree.lines)
    send(panel, find="", only=True)
    panel.tabs.chosen = "rejects"
    eventually(lambda: panel.body.children and "wb-rejects-tab" in panel.body.children[0]._dom_classes)
    tab = panel.body.children[0]
    eventually(lambda: tab.reasons.sheet.page["rows"])
    count = int(tab.reasons.sheet.page["rows"][0][1][1])

    tab._open_reason("0")

    (rows,) = tab.rows.children
    eventually(lambda: rows.sheet.page["total"] == count)
    tab._open_row(rows.sheet.page["rows"][0][0])
    assert "as Bright Data sent it" in plain(tab.record.html)
    panel.close()


def test_a_page_that_is_open_follows_the_run(wb, plan, eventually):
    panel = BrowsePanel(wb)
    assert "Nothing was collected yet" in plain(panel.title.html)
    run_id = Order(wb, plan).start()
    eventually(lambda: [one["word"] for one in panel.tree.lines[1:]] in (["pending"], ["processing"]))
    send(panel, choose=run_id)
    eventually(lambda: panel.body.children and "No rows came yet" in plain(_html(panel)))

    wb.work()

    eventually(lambda: panel.tree.lines[1]["counts"] == "15 rows")
    eventually(lambda: shown(panel) and shown(panel)[0].sheet.page["total"] == 15)
    panel.close()


def _html(panel) -> str:
    return "".join(getattr(one, "html", "") for one in panel.body.children[0].table.children)


def test_without_a_person_the_same_tables(worked, monkeypatch, eventually, panel):
    (table,) = shown(panel)
    eventually(lambda: table.sheet.page["total"] == 12)
    by_hand = plain(table.markup())
    still: list[str] = []
    monkeypatch.setattr(browse_panel, "still", still.append)
    nobody_there(monkeypatch)

    browse_panel.browse(worked)
    browse_panel.browse(worked, "Tuesday", rows=2)

    assert by_hand in plain(still[0])
    assert "· posts  completed  8" in plain(still[0])
    assert "Posts of Tuesday (1 to 2 of 15)" in plain(still[1])
    assert "What happened: Tuesday" in plain(still[1])


def test_hostile_names_and_rows_stay_text(wb, plan, eventually, monkeypatch):
    hostile = "<img src=x onerror=alert(1)>"
    Order(wb, {**plan, "name": hostile}).start()
    wb.work()
    panel = BrowsePanel(wb)
    eventually(lambda: panel.body.children)
    nobody_there(monkeypatch)
    pages = [panel.title.html, browse_panel.still_view(wb, "", 50)]

    assert not [one for one in pages if "<img" in one]
    panel.close()
