"""browser/launch.py: which Chromium is taken, and what is said when there is none."""

import os
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright

from workbench.browser import launch
from workbench.errors import BadInput

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def here():
    try:
        return launch.find(os.environ.get("WORKBENCH_BROWSER"))
    except launch.NoBrowser as missing:
        pytest.skip(missing.message)


@pytest.fixture
def executable(here):
    with sync_playwright() as playwright:
        return here.executable_path or playwright.chromium.executable_path


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any Chromium; returns the only folder on its PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    # Nothing listens there, so that a download fails at once.
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    # Channels are looked for at fixed places, which no variable moves.
    monkeypatch.setattr(launch, "CHANNELS", ())
    return programs


def script(path, body):
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_page_opens(here):
    with sync_playwright() as playwright, launch.launch(playwright, browser=here.executable_path) as browser:
        page = browser.new_page()
        page.set_content("<title>here</title>")

        assert page.title() == "here"


def test_what_is_found_says_its_version_and_place(here):
    assert here.version.split(".")[0].isdigit()
    assert here.version in str(here)


def test_options_reach_playwright(here):
    with (
        sync_playwright() as playwright,
        launch.launch(playwright, browser=here.executable_path, args=["--user-agent=ours"]) as browser,
    ):
        assert browser.new_page().evaluate("navigator.userAgent") == "ours"


@pytest.mark.parametrize("chosen", ["/no/such/chromium", "no-such-channel"])
def test_a_choice_that_does_not_start_never_becomes_another_browser(here, chosen):
    with pytest.raises(launch.NoBrowser, match=f"WORKBENCH_BROWSER={chosen}: .*\n.*Correct WORKBENCH_BROWSER"):
        launch.ensure(chosen)


def test_a_command_may_be_chosen(bare, executable):
    command = script(bare / "my-chromium", f'exec "{executable}" "$@"')

    assert launch.find("my-chromium").executable_path == str(command)


def test_the_systems_chromium_is_found_on_the_path(bare, executable):
    script(bare / "chromium", f'exec "{executable}" "$@"')

    assert launch.find().label == "system:chromium"


def test_without_a_window_the_headless_shell_comes_first(bare, executable):
    script(bare / "chromium", "exit 1")
    script(bare / "chromium-headless-shell", f'exec "{executable}" "$@"')

    assert launch.find().label == "system:chromium-headless-shell"
    assert "system:chromium-headless-shell" not in [one.label for one in launch.candidates(None, headless=False)]


@pytest.mark.skipif(sys.platform != "linux", reason="apt-get is Linux's")
def test_a_distribution_without_a_headless_shell_gives_its_chromium(bare, executable, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    script(bare / "ready", f'exec "{executable}" "$@"')
    copy = shutil.which("cp", path="/usr/bin:/bin")
    give = f'{copy} -p "{bare}/ready" "{bare}/chromium"'
    script(bare / "apt-get", f'case "$*" in update*) ;; *headless-shell*) exit 100;; *) {give};; esac')

    assert launch.ensure().label == "system:chromium"


def test_one_that_does_not_start_is_passed_over(bare, executable):
    script(bare / "chromium", "echo 'error while loading shared libraries: libnss3.so'; exit 127")
    script(bare / "google-chrome", f'exec "{executable}" "$@"')

    assert launch.find().label == "system:google-chrome"


def test_none_names_every_try_and_the_cure(bare):
    script(bare / "chromium", "echo 'error while loading shared libraries: libnss3.so' >&2; exit 127")

    with pytest.raises(BadInput) as refusal:
        launch.find()

    assert "playwright: Executable doesn't exist" in refusal.value.message
    assert "system:chromium: " in refusal.value.message
    assert "libnss3.so" in refusal.value.message
    assert "python3 bootstrap.py setup" in refusal.value.message


@pytest.mark.skipif(sys.platform != "linux", reason="apt-get is Linux's")
def test_the_distributions_chromium_is_installed_when_playwrights_cannot_be_had(bare, executable, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    script(bare / "ready", f'exec "{executable}" "$@"')
    copy = shutil.which("cp", path="/usr/bin:/bin")
    script(bare / "apt-get", f'[ "$1" = update ] || {copy} -p "{bare}/ready" "{bare}/chromium"')
    said = []

    found = launch.ensure(say=said.append)

    assert found.label == "system:chromium"
    assert said == ["no Chromium yet: downloading Playwright's", "installing the distribution's Chromium"]


def test_what_cannot_be_installed_says_why(bare, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    script(bare / "apt-get", "exit 1")

    with pytest.raises(launch.NoBrowser, match="playwright install: ") as refusal:
        launch.ensure()

    if sys.platform == "linux":
        assert "apt-get install chromium: needs root" in refusal.value.message


def test_an_ordinary_user_gets_the_sandbox_unless_the_system_gives_none(bare, executable, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    refuse = "echo 'No usable sandbox!' >&2; exit 1"
    script(bare / "chromium", f'case "$*" in *--no-sandbox*) exec "{executable}" "$@";; esac; {refuse}')

    found = launch.find()

    assert not found.is_sandboxed
    assert "without its sandbox" in str(found)


@pytest.mark.parametrize(("chosen", "code"), [("", 0), ("/no/such/chromium", 2)], ids=["any", "a wrong choice"])
def test_set_up_asks_on_the_command_line(here, chosen, code):
    done = subprocess.run(
        [sys.executable, "-m", "workbench.browser.launch"],
        env={**os.environ, "WORKBENCH_BROWSER": chosen},
        capture_output=True,
        text=True,
    )

    assert done.returncode == code, done.stderr
    assert ("Chromium " in done.stdout) is (code == 0)
