"""Deliveries by hand: what came with its counts, a body as it came, once more, and the check of the address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.deliveries.conftest import Desk
from tests.panels.conftest import at_the_page, eventually, leave_pages, nobody_there
from workbench.deliveries import panel as deliveries
from workbench.deliveries.panel import AddressPanel, DeliveriesPanel
from workbench.errors import Permanent
from workbench.panels import page
from workbench.panels.markup import plain


@pytest.fixture
def desk(make_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    at_the_page(monkeypatch)
    monkeypatch.setattr("workbench.working.Working.start_worker", lambda _: True)
    yield make_desk()
    leave_pages()


def rows(panel: DeliveriesPanel) -> list[str]:
    return [cells[2]["words"] for _, cells in panel.table.sheet.page["rows"]]


def test_what_came_is_listed_counted_and_filtered(desk: Desk) -> None:
    desk.post({"test": "x"})
    desk.post([{"id": 1}], Snapshot_Id="sd_unknown")
    desk.post(b"[{", Snapshot_Id="sd_unknown")
    desk.workbench.deliveries.match()
    panel = DeliveriesPanel(desk.workbench)

    eventually(lambda: rows(panel) == ["not readable", "unmatched", "test"])
    choices = dict(eventually(lambda: panel._choices))
    assert choices == {"json_error": "not readable (1)", "test_processed": "test (1)", "unmatched": "unmatched (1)"}
    panel.filters.blank.typed = {"status": "unmatched"}
    eventually(lambda: rows(panel) == ["unmatched"])
    desk.post([{"id": 2}], Snapshot_Id="sd_unknown")
    desk.workbench.deliveries.match()
    eventually(lambda: rows(panel) == ["unmatched", "unmatched"])


def test_a_body_is_shown_as_it_came_bounded_and_as_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.deliveries.service.SHOWN_BYTES", 40)
    desk.post(b'[{"text": "<script>alert(1)</script> \xff and more and more and more"}]', Snapshot_Id="<b>sd</b>")
    panel = DeliveriesPanel(desk.workbench)
    panel._open("1")
    ((label, text),) = panel.body.folded
    body = desk.workbench.deliveries.body(1, most=40)

    assert text.startswith('[{"text": "<script>')
    assert "\N{REPLACEMENT CHARACTER}" in text
    assert "bytes" in label
    assert (len(body.text), body.is_cut, body.whole) == (40, True, 68)
    assert "<b>sd</b>" not in panel.words.html
    assert "<b>sd</b>" in plain(panel.words.html)


def test_it_is_looked_at_once_more_when_its_snapshot_is_known(desk: Desk) -> None:
    desk.post([{"id": 1}], Snapshot_Id="sd_late")
    desk.workbench.deliveries.match()
    panel = DeliveriesPanel(desk.workbench)
    panel._open("1")
    assert "unmatched" in plain(panel.words.html)
    desk.triggered("sd_late", token=None)
    panel.replay.click()

    eventually(lambda: "looked at once more" in plain(panel.words.html))
    assert "processed" in plain(panel.words.html)
    assert desk.row()["status"] == "processed"
    assert not panel.replay.disabled


def test_the_address_is_checked_by_a_click_and_told_in_words(desk: Desk) -> None:
    panel = AddressPanel(desk.workbench)
    assert "No address is set" in plain(panel.said.html)
    panel.form.blank.typed = {"url": "hooks"}
    panel.form.submit("check")
    assert eventually(lambda: panel.form.blank.wrong)["url"].startswith("Give an address like")

    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.blank.typed = {"url": desk.url}
    panel.form.submit("check")
    eventually(lambda: "It is reachable" in plain(panel.said.html))
    eventually(lambda: not panel.form.blank.is_busy)
    panel.form.blank.typed = {"url": "http://127.0.0.1:9"}
    panel.form.submit("check")
    eventually(lambda: "It is not reached" in plain(panel.said.html))


def test_without_a_person_it_leaves_the_table_and_fails_where_the_address_is_not_reached(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_there(monkeypatch)
    shown: list[Any] = []
    monkeypatch.setattr(page, "still", shown.append)
    monkeypatch.setattr(deliveries, "still", shown.append)
    desk.post({"test": "x"})
    deliveries.board(desk.workbench)

    assert "What came" in plain(shown[0])
    monkeypatch.setattr(type(desk.workbench.deliveries), "check_address", lambda _: FAILED)
    with pytest.raises(Permanent, match="is not reached: nobody listens"):
        deliveries.board(desk.workbench, check=True)
    assert "It is not reached" in plain(shown[-1])


FAILED = {"url": "https://hooks.example.com/", "outcome": "refused", "said": "nobody listens there"}
