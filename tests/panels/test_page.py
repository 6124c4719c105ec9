"""panels/page.py and widgets.py: nothing that goes wrong is lost, and every widget has a still face."""

from __future__ import annotations

import pytest

from workbench.errors import Refused
from workbench.panels.page import handled
from workbench.panels.widgets import Bar, LiveRegion, Panel, Region


def broken(error: Exception):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(Refused("over the cap; raise it."), "Error: over the cap; raise it.", id="ours: its words"),
        pytest.param(KeyError("x"), "Error: KeyError: &#x27;x&#x27;", id="a surprise: named"),
        pytest.param(ValueError("<img onerror=x>"), "Error: ValueError: &lt;img onerror=x&gt;", id="hostile: escaped"),
    ],
)
def test_an_error_of_a_handler_is_shown_and_announced(error, words):
    shown: list[str] = []

    went_well = handled(broken(error), shown.append)

    assert not went_well
    assert words in shown[0]
    assert 'role="alert"' in shown[0]


def test_a_secret_in_an_error_is_masked():
    shown: list[str] = []

    handled(broken(ValueError("key abc")), shown.append, lambda text: text.replace("abc", "***"))

    assert "abc" not in shown[0]


def test_a_panel_can_be_read_where_widgets_cannot_be_drawn():
    class Words(Panel):
        def markup(self):
            return "<p>100 %</p>"

    data = Words([Region()])._repr_mimebundle_()

    assert data["text/plain"] == "100 %"
    assert data["text/html"] == "<p>100 %</p>"
    assert "application/vnd.jupyter.widget-view+json" in data


@pytest.mark.parametrize("widget", [Bar, LiveRegion])
def test_widgets_ask_nothing_of_the_network(widget):
    assert "//" not in str(widget._esm).replace("    // ", "")
    assert "import" not in str(widget._esm)
