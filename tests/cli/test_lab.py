"""`workbench lab`: JupyterLab for this machine alone, and notebooks that are never overwritten."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from workbench.cli import lab


def test_shipped_notebooks_are_copied_once_and_a_changed_one_is_its_owners(tmp_path, monkeypatch):
    shipped, folder = tmp_path / "shipped", tmp_path / "notebooks"
    shipped.mkdir()
    for name in ("runs.ipynb", "more.ipynb"):
        (shipped / name).write_text("as shipped")
    monkeypatch.setattr(lab, "SHIPPED", shipped)
    lab.bring_notebooks(folder)
    (folder / "runs.ipynb").write_text("mine")
    (folder / "more.ipynb").unlink()

    lab.bring_notebooks(folder)

    assert (folder / "runs.ipynb").read_text() == "mine"
    assert (folder / "more.ipynb").read_text() == "as shipped"


def test_a_home_that_is_the_checkout_uses_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "SHIPPED", tmp_path)
    (tmp_path / "runs.ipynb").write_text("as shipped")

    lab.bring_notebooks(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["runs.ipynb"]


@pytest.mark.slow
def test_jupyterlab_wants_its_token_and_takes_our_settings(home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = home.start("lab", "--no-browser", "--port", str(port))
    try:
        line = process.stderr.readline()
        # Told twice: when it is ready, and for people to copy.
        while line and not (found := re.match(r" +(http://127\.0\.0\.1:\d+)/lab\S*\?token=(\w+)", line)):
            line = process.stderr.readline()
        base, token = found[1], found[2]

        _wait_for(f"{base}/api")  # it says so a moment before it listens
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _get(f"{base}/api/contents")
        names = [one["name"] for one in _get(f"{base}/api/contents/notebooks?token={token}")["content"]]
        news = _get(f"{base}/lab/api/settings/@jupyterlab/apputils-extension:notification?token={token}")

        assert "/notebooks/runs.ipynb" in found[0]
        assert "runs.ipynb" in names
        assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _wait_for(address):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError, urllib.error.URLError):
            return _get(address)
        time.sleep(0.1)
    return None


def _get(address):
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)
