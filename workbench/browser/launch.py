"""Find a Chromium, install one where that is possible, and start it.

An explicit choice (``WORKBENCH_BROWSER``: a path, a command or a Playwright channel) never falls through to
another browser. Without one the order is: Playwright's own, the system's, a vendor's channel. Without a window the
headless shell comes first, as Playwright's own does: the same engine without the browser's windows, which starts with
half the work (1.4 against 2.7 s of CPU for a first page, measured on Debian's packages).
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from workbench.browser.shared_browser import of_this_thread
from workbench.errors import BadInput

HEADLESS: Final = ("chromium-headless-shell",)
SYSTEM: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
)
CHANNELS: Final = ("chrome", "msedge", "chrome-beta", "msedge-beta")

# Without these Chromium looks up its vendor's hosts at every start, which closed networks refuse one by one.
QUIET: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)

# What Chromium and Playwright say where ordinary users are given no namespaces.
NO_SANDBOX: Final = ("No usable sandbox", "SUID sandbox", "new namespace", "sandboxing failed")

DOWNLOAD_PATIENCE: Final = timedelta(minutes=10)


class NoBrowser(BadInput):
    """No usable Chromium: what was tried, and the cure."""

    def __init__(self, tries: list[str], *, is_chosen: bool) -> None:
        self.tries = tries
        cure = (
            "Correct WORKBENCH_BROWSER (a path, a command or a channel), or unset it to take any Chromium."
            if is_chosen
            else "Install Chromium, or name one in WORKBENCH_BROWSER, then: python3 bootstrap.py setup"
        )
        super().__init__("\n  ".join(["No usable Chromium.", *tries, cure]))


@dataclass(frozen=True, slots=True)
class FoundBrowser:
    """A Chromium that was started once; neither path nor channel means Playwright's own."""

    label: str
    version: str = ""
    executable_path: str | None = None
    channel: str | None = None
    is_sandboxed: bool = True

    def __str__(self) -> str:
        where = self.executable_path or self.channel or "Playwright's own"
        return f"Chromium {self.version} ({where}{'' if self.is_sandboxed else ', without its sandbox'})"


def candidates(browser: str | None, *, headless: bool = True) -> Iterator[FoundBrowser]:
    """Yield what may be a Chromium, best first."""
    if browser:
        path = Path(browser).expanduser()
        command = shutil.which(browser)
        if os.sep in browser:
            yield FoundBrowser(f"WORKBENCH_BROWSER={browser}", executable_path=str(path))
        elif command:
            yield FoundBrowser(f"WORKBENCH_BROWSER={browser}", executable_path=command)
        else:
            yield FoundBrowser(f"WORKBENCH_BROWSER={browser}", channel=browser)
        return
    yield FoundBrowser("playwright")
    for name in (*HEADLESS, *SYSTEM) if headless else SYSTEM:
        if command := shutil.which(name):
            yield FoundBrowser(f"system:{name}", executable_path=command)
    for channel in CHANNELS:
        yield FoundBrowser(f"channel:{channel}", channel=channel)


def launch(playwright: Playwright, *, browser: str | None = None, headless: bool = True, **options: Any) -> Browser:
    """Start the first Chromium that starts; `options` go to Playwright. Close it, or use it in a ``with``."""
    return _open(playwright, browser, headless=headless, **options)[0]


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Browser]:
    """Yield a Chromium started with `options` of `launch`: the one that this thread keeps, else one for this block."""
    shared = of_this_thread()
    with _started(options) if shared is None else shared.running(options, lambda: _started(options)) as browser:
        yield browser


@contextlib.contextmanager
def _started(options: dict[str, Any]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright, **options)
        try:
            yield browser
        finally:
            with contextlib.suppress(Error):  # it has ended by itself
                browser.close()


def find(browser: str | None = None) -> FoundBrowser:
    """Start each candidate until one answers: a file that exists may still lack its libraries."""
    with sync_playwright() as playwright:
        running, found = _open(playwright, browser, headless=True)
        running.close()
    return found


def ensure(browser: str | None = None, say: Callable[[str], None] = lambda _: None) -> FoundBrowser:
    """Find a Chromium or install one. An explicit choice is not replaced by an installed one."""
    try:
        return find(browser)
    except NoBrowser:
        if browser:
            raise
    tried = install(say)
    try:
        return find()
    except NoBrowser as error:
        raise NoBrowser([*error.tries, *tried], is_chosen=False) from None


def install(say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Download Playwright's Chromium, else ask the distribution for its own; return what did not work."""
    say("no Chromium yet: downloading Playwright's")
    failures = _run(sys.executable, "-m", "playwright", "install", "chromium")
    if not failures and _starts():
        return []
    if platform.system() != "Linux" or not shutil.which("apt-get"):
        return failures
    if os.geteuid() != 0:
        return [*failures, "apt-get install chromium: needs root"]
    # Also after a download that does not start: the package brings the libraries that were missing.
    say("installing the distribution's Chromium")
    failures += _run("apt-get", "update", "-qq")
    # Without a font the package's pages render as empty boxes, and so do the screenshots kept as evidence.
    packages = ("chromium", "fonts-dejavu-core")
    command = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    if not _run(*command, *HEADLESS):  # not every distribution has it as a package of its own
        return failures
    return failures + _run(*command)


def _starts() -> bool:
    try:
        find()
    except NoBrowser:
        return False
    return True


def _open(playwright: Playwright, browser: str | None, **options: Any) -> tuple[Browser, FoundBrowser]:
    tries = []
    for candidate in candidates(browser, headless=options["headless"]):
        try:
            return _start(playwright, candidate, **options)
        except Error as error:
            tries.append(f"{candidate.label}: {_reason(error)}")
    raise NoBrowser(tries, is_chosen=bool(browser))


def _start(playwright: Playwright, candidate: FoundBrowser, **options: Any) -> tuple[Browser, FoundBrowser]:
    options = {"executable_path": candidate.executable_path, "channel": candidate.channel, **options}
    extra = options.pop("args", ())
    is_root = os.geteuid() == 0
    args = [
        *QUIET,
        *(["--no-sandbox"] if is_root else []),
        *(["--disable-gpu"] if options["headless"] else []),
        *extra,
    ]
    sandboxed = not is_root
    try:
        running = playwright.chromium.launch(args=args, chromium_sandbox=sandboxed, **options)
    except Error as error:
        # Containers and some distributions give ordinary users no namespaces; Chromium then refuses.
        if not sandboxed or not any(words in str(error) for words in NO_SANDBOX):
            raise
        sandboxed = False
        running = playwright.chromium.launch(args=args, chromium_sandbox=False, **options)
    return running, replace(candidate, version=running.version, is_sandboxed=sandboxed)


def _reason(error: Error) -> str:
    """The one line that helps: Playwright puts a call log and a box of advice around it."""
    lines = [line.strip() for line in str(error).splitlines()]
    own_words = [line.partition("[err] ")[2] for line in lines if "[err] " in line]
    return (own_words or lines)[0].removeprefix("BrowserType.launch: ")[:200]


def _run(*command: str) -> list[str]:
    """Run an installer; return nothing, or why it failed."""
    name = " ".join(command[:3] if command[0] == "apt-get" else ["playwright", "install"])
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DOWNLOAD_PATIENCE.total_seconds(),
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"{name}: {error}"]
    if done.returncode == 0:
        return []
    said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return [f"{name}: {next((line for line in said if 'rror' in line), said[-1] if said else 'failed')[:200]}"]


def main(words: list[str]) -> int:
    """``python -m workbench.browser.launch [--ensure]``: print the Chromium in use, or why there is none."""
    # Set-up runs this before there are settings, so this process entry alone reads the variable itself.
    chosen = os.environ.get("WORKBENCH_BROWSER") or None
    try:
        found = ensure(chosen, lambda line: print(line, file=sys.stderr, flush=True)) if words else find(chosen)
    except NoBrowser as error:
        print(error.message, file=sys.stderr)
        return 2
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
