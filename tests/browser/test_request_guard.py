"""browser/account_page.py: what a page sends is received once, also when the connection breaks before the answer."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workbench.browser.launch import launch

pytestmark = pytest.mark.browser

CLICKS = 5
PAGE = b'<html lang="en"><body><a href="/campaigns">Campaigns</a><h1>Media Library</h1>'
POST = """async () => {
    const body = new FormData();
    body.append('file', new File([new Uint8Array(200000)], 'a.mp4'));
    try { await fetch('/post', {method: 'POST', body}) } catch (error) { return 'lost' }
}"""


class _Breaking(ThreadingHTTPServer):
    """Answers GET and keeps the connection; takes a POST whole and resets the connection."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = 0

    def shutdown_request(self, request: socket.socket) -> None:
        request.close()  # without a FIN first, so that SO_LINGER makes it a reset

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that was reset."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Breaking

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self.server.received += 1
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def kept() -> None:
    """Nothing: one test here starts a Chromium without our care."""


@pytest.fixture
def breaking() -> Iterator[_Breaking]:
    server = _Breaking()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_visit_sends_a_file_once_though_the_connection_breaks(browsing, site, logged_in, breaking):
    there = site.at(f"http://127.0.0.1:{breaking.server_port}")
    with browsing.visit(logged_in, there) as visit:
        visit.open("/media-library")
        said = [visit.page.evaluate(POST) for _ in range(CLICKS)]

    assert said == ["lost"] * CLICKS
    assert breaking.received == CLICKS


def test_without_that_care_chromium_sends_it_again(breaking):
    """What the care is for; when this fails, Chromium has changed and visits may keep connections again."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, launch(playwright) as chromium:
        page = chromium.new_page()
        for _ in range(CLICKS):
            page.goto(f"http://127.0.0.1:{breaking.server_port}/media-library")
            page.evaluate("() => fetch('/media-library').then(answer => answer.text())")
            page.evaluate(POST)

    assert breaking.received > CLICKS
