"""A real JupyterLab on a home, and what a person does in it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Locator, Page, expect

from tests.accessibility import serious

PATIENCE = 60.0  # seconds for a server on a busy machine
# What anywidget says after two seconds, which a page of some forty widgets takes on a busy machine. A widget that stood
# still by it is found by what a visit expects to see.
SLOW = "[anywidget] Failed to initialize model."
_IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
_UNLABELLED = """() => [...document.querySelectorAll(".jp-OutputArea :is(input, textarea, select)")]
    .filter((one) => !one.ariaLabel && ![...one.labels].some((label) => label.textContent.trim())).length"""
_FOCUSED = """() => { const one = document.activeElement;
    return one.labels?.[0]?.textContent || one.getAttribute("aria-label") || one.textContent || ""; }"""


@dataclass
class Lab:
    home: Path
    said: str  # the address that is told to people: where it begins, with its token
    base: str
    token: str
    wrong: list[str] = field(default_factory=list)  # errors of the page
    outside: list[str] = field(default_factory=list)  # addresses that are not on this machine

    def url(self, notebook: str) -> str:
        # A workspace of its own: no tabs of earlier visits.
        place = f"lab/workspaces/t{secrets.token_hex(3)}/tree/notebooks/{notebook}.ipynb"
        return f"{self.base}/{place}?token={self.token}&reset"

    def ask(self, path: str, *, method: str = "GET", token: str | None = None) -> Any:
        """What the server answers; without its token it refuses."""
        head = {"Authorization": f"token {self.token if token is None else token}"}
        request = urllib.request.Request(f"{self.base}/{path}", headers=head, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def open(self, page: Page, notebook: str) -> None:
        page.on("pageerror", lambda error: self.wrong.append(str(error)) if SLOW not in str(error) else None)
        page.on("request", lambda request: self.outside.append(request.url) if is_outside(request.url) else None)
        page.goto(self.url(notebook))
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        wait_for_kernel(page)  # what is run before the kernel is there is silently lost

    def end_kernels(self) -> None:
        """Of the notebooks of one test; the next one begins with its own."""
        for session in self.ask("api/sessions"):
            self.ask(f"api/sessions/{session['id']}", method="DELETE")
        self.wrong.clear()
        self.outside.clear()


@contextlib.contextmanager
def serving(home: Path, folder: Path, env: Mapping[str, str]) -> Iterator[Lab]:
    """`workbench lab` on a home, as a person starts it: its address and its token are what it prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "config"
    config.mkdir()
    (config / "jupyter_lab_config.py").write_text("c.LabApp.expose_app_in_browser = True\n")
    command = [sys.executable, "-m", "workbench.cli", "lab", "--no-browser", "--port", str(port)]
    log = folder / "lab.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, env={**env, "JUPYTER_CONFIG_PATH": str(config)}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        last = time.monotonic() + PATIENCE
        # Told twice: when it is ready, and for people to copy.
        while not (
            found := re.search(r"^ +(http://127\.0\.0\.1:\d+)(/\S*\?token=(\w+))", log.read_text(), re.MULTILINE)
        ):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.1)
        lab = Lab(home, found[2], found[1], found[3])
        while not _answers(lab):  # it says so a moment before it listens
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.1)
        yield lab
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _answers(lab: Lab) -> bool:
    try:
        lab.ask("api/status")
    except (urllib.error.URLError, OSError):
        return False
    return True


def wait_for_kernel(page: Page) -> None:
    page.wait_for_function(_IDLE)


def choose(page: Page, menu: str, item: str) -> None:
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu:visible .lm-Menu-item", has_text=item).first.click()


def run_all(page: Page, last_words: str) -> None:
    """Run every cell, and wait for what the last one says."""
    choose(page, "Run", "Run All Cells")
    expect(page.locator(".jp-OutputArea-output").get_by_text(last_words)).to_be_visible()
    wait_for_kernel(page)


def tabbed(page: Page, number: int) -> list[str]:
    """What the keyboard comes to, from where it is."""
    found = []
    for _ in range(number):
        page.keyboard.press("Tab")
        found.append(page.evaluate(_FOCUSED).strip())
    return found


def unlabelled(page: Page) -> int:
    """Inputs below the cells that nothing names."""
    return int(page.evaluate(_UNLABELLED))


def in_front(page: Page) -> Locator:
    """The notebook whose tab is in front."""
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def serious_in_cells(page: Page, axe: str) -> list[str]:
    """What axe calls serious in the cells, which are ours; JupyterLab around them is not."""
    return serious(page, axe, ".jp-OutputArea")


def keep_picture(page: Page, name: str) -> None:
    """A picture of the page for docs/images, where WORKBENCH_PICTURES names a folder to keep it in."""
    if folder := os.environ.get("WORKBENCH_PICTURES"):
        shot = in_front(page).screenshot(animations="disabled")
        with Image.open(io.BytesIO(shot)) as picture:
            seen = picture.convert("RGB").crop((2, 0, picture.width - 2, picture.height - 2))  # without its frame
        ground = Image.new("RGB", seen.size, seen.getpixel((0, seen.height - 1)))
        _, _, _, bottom = ImageChops.difference(seen, ground).getbbox() or (0, 0, 0, seen.height)
        few = seen.crop((0, 0, seen.width, min(bottom + 16, seen.height))).quantize(64)
        few.save(Path(folder) / f"{name}.png", optimize=True)


def is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "data:", "blob:"))
