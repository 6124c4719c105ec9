"""notebooks/runs.ipynb in a real JupyterLab, as a person uses it: open, run all, click, watch, read."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.notebooks.conftest import Home
from workbench import open_workbench
from workbench.browser.launch import launch

PATIENCE = 60.0  # seconds for a server on a busy machine
IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


@dataclass
class Lab:
    home: Home
    port: int
    token: str

    @property
    def url(self) -> str:
        # A workspace of its own: no tabs of earlier visits.
        place = f"lab/workspaces/t{secrets.token_hex(3)}/tree/notebooks/runs.ipynb"
        return f"http://127.0.0.1:{self.port}/{place}?token={self.token}&reset"

    def answers(self) -> bool:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/status", headers={"Authorization": f"token {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture
def lab(home: Home, tmp_path: Path) -> Iterator[Lab]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        lab = Lab(home, probe.getsockname()[1], secrets.token_hex(8))
    config = tmp_path / "config"
    config.mkdir()
    (config / "jupyter_lab_config.py").write_text("c.LabApp.expose_app_in_browser = True\n")
    env = {**home.env, "JUPYTER_TOKEN": lab.token, "JUPYTER_CONFIG_PATH": str(config)}
    command = [sys.executable, "-m", "workbench.cli", "lab", "--no-browser", "--port", str(lab.port)]
    log = tmp_path / "lab.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        last = time.monotonic() + PATIENCE
        while not lab.answers():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.1)
        yield lab
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.fixture
def page(lab: Lab, tmp_path: Path) -> Iterator[Page]:
    expect.set_options(timeout=40_000)
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.set_default_timeout(40_000)
        yield page
        page.screenshot(path=tmp_path / "last.png")  # what a failed test saw


def open_notebook(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.wait_for_function(IDLE)  # what is run before the kernel is there is silently lost


def choose(page: Page, menu: str, item: str) -> None:
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu:visible .lm-Menu-item", has_text=item).first.click()


def wait_for_panels(page: Page) -> None:
    expect(page.locator(".wb-live-panel")).to_have_count(3)
    page.wait_for_function(IDLE)


@pytest.mark.slow
@pytest.mark.browser
def test_a_person_starts_a_run_and_sees_it_to_its_end(page: Page, lab: Lab, tmp_path: Path) -> None:
    wrong: list[str] = []
    outside: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: outside.append(request.url) if is_outside(request.url) else None)
    open_notebook(page, lab)
    choose(page, "Run", "Run All Cells")
    wait_for_panels(page)
    expect(page.get_by_text("Nothing runs yet")).to_be_visible()
    assert lab.home.triggers_accepted() == 0

    page.get_by_role("button", name="Start the run (practice: free)").click()
    bar = page.locator(".wb-watch-panel [role=progressbar]")
    seen = percents(bar)
    page.screenshot(path=tmp_path / "finished.png")

    assert len(seen) >= 3, "the bar moved"
    assert seen == sorted(seen)
    assert bar.get_attribute("aria-valuetext") == "100 %, 3 of 3 snapshots"
    expect(page.locator(".wb-watch-panel [role=status]")).to_have_text("The run is complete: 40 rows.")
    for name in ("Posts by source and day (the first 20 rows)", "Most liked posts"):
        expect(page.get_by_role("table", name=name)).to_be_visible()
    expect(page.get_by_role("table", name="Folders below")).to_be_visible()
    expect(page.get_by_role("img", name="Bar chart, Posts by week and platform")).to_be_visible()
    assert (wrong, outside) == ([], [])

    # A person presses Run All again, with another kernel: the run is shown, nothing is sent.
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    choose(page, "Kernel", "Restart Kernel and Run All Cells")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    wait_for_panels(page)
    expect(page.locator(".wb-watch-panel [role=status]")).to_have_text("The run is complete: 40 rows.")
    expect(page.get_by_role("button", name="Start the run")).to_be_hidden()
    expect(page.get_by_role("button", name="Collect the same anew")).to_be_visible()
    expect(page.get_by_role("img", name="Bar chart, Posts by week and platform")).to_be_visible()
    page.screenshot(path=tmp_path / "again.png")
    assert lab.home.triggers_accepted() == 3
    with open_workbench(lab.home.path) as wb:
        assert len(wb.status()["runs"]) == 1


def is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "data:", "blob:"))


def percents(bar) -> list[int]:
    """What the bar said, until it was full."""
    bar.wait_for()
    seen: list[int] = []
    last = time.monotonic() + 60
    while time.monotonic() < last and seen[-1:] != [100]:
        now = int(bar.get_attribute("aria-valuenow"))
        if now not in seen[-1:]:
            seen.append(now)
        time.sleep(0.05)
    return seen
