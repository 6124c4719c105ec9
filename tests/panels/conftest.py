"""What tests of panels share: to wait for what a click began in a thread, and where a control is."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets
import pytest

from workbench.panels import page


def eventually(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    last = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < last:
        time.sleep(0.02)
    assert found, "it did not come to be"
    return found


def at_the_page(patch: pytest.MonkeyPatch) -> None:
    """As in a kernel that a Jupyter server started for somebody's session: here we are that server."""
    patch.setenv("JPY_SESSION_NAME", "/home/somebody/runs.ipynb")
    patch.setenv("JPY_PARENT_PID", str(os.getpid()))


def nobody_there(patch: pytest.MonkeyPatch) -> None:
    """As in a kernel that papermill started."""
    patch.delenv("JPY_SESSION_NAME", raising=False)


def displayed(patch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What is displayed from now on, where there is no shell that shows it."""
    shown: list[dict[str, str]] = []
    patch.setattr(page, "display", lambda data, **_: shown.append(data))
    return shown


def leave_pages() -> None:
    """Close every widget, and wait for what watched for them: a look that comes late would open the home once more."""
    ipywidgets.Widget.close_all()
    page.WATCH.wake()
    for one in threading.enumerate():
        if one.name in {"watch", "pulse", "table", "submit", "act", "send", "open", "bring"}:
            one.join(60)


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Any]:
    return eventually


def place(panel: ipywidgets.Box, control: ipywidgets.Widget) -> list[int]:
    """The way down to a control: which child of which."""
    for number, one in enumerate(panel.children):
        if one is control:
            return [number]
        if isinstance(one, ipywidgets.Box) and (found := place(one, control)):
            return [number, *found]
    return []
