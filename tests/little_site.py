"""A little site of our own, and visits to it: pages are functions of the test, the browser and the wire are real."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from workbench.browser import launch
from workbench.browser.account_page import Browsing
from workbench.browser.artifacts import Evidence
from workbench.browser.session import Sessions
from workbench.browser.shared_browser import sharing_browser
from workbench.browser.sites import MARKETPLACE, TRAFFICJUNKY, Site
from workbench.sandbox.serve import Sandbox

SIDEBAR = '<nav><a href="/campaigns">Campaigns</a></nav>'
LIBRARY = f"""<html lang="en"><title>Media library</title><body>{SIDEBAR}<h1>Media Library</h1>
<a id="newImage" role="button">Upload New Creatives</a><p>{"Creatives that you uploaded are listed here. " * 6}</p>"""
SIGN_IN = """<html lang="en"><title>Sign in</title><h1>We missed you</h1>
<form><input placeholder="USERNAME"><input type="password" name="password">
<input id="submitBtn" type="submit"></form>"""


@dataclass
class Answer:
    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    more: Iterable[str] = ()  # what follows the body in pieces of its own, at the pace of who yields them


@dataclass
class Web:
    """`web.pages["/path"] = Answer(...)` or a function of the request's headers; `web.seen` lists what was asked."""

    url: str
    pages: dict[str, Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def as_it_should_be(self) -> None:
        self.seen.clear()
        self.pages.clear()
        self.pages |= {"/media-library": Answer(LIBRARY), "/sign-in": Answer(SIGN_IN)}

    def answer(self, method: str, path: str, headers: Any) -> Answer:
        bare = path.partition("?")[0]
        self.seen.append((method, path))
        found = self.pages.get(bare, Answer("nothing here", 404))
        return found if isinstance(found, Answer) else found(headers)


def _chunks(answer: Answer) -> Iterator[bytes]:
    for piece in itertools.chain([answer.body], answer.more):
        yield f"{len(piece.encode()):x}\r\n{piece}\r\n".encode() if piece else b""
    yield b"0\r\n\r\n"


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = web.answer(self.command, self.path, self.headers)
            body = found.body.encode()
            self.send_response(found.status)
            size = {"Transfer-Encoding": "chunked"} if found.more else {"Content-Length": str(len(body))}
            for name, value in {"Content-Type": "text/html; charset=utf-8", **size, **found.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.writelines(_chunks(found) if found.more else [body])

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            left = int(self.headers["Content-Length"])
            while left:
                left -= len(self.rfile.read(min(left, 65536)))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the browser was closed
                super().handle()

    return Handler


@contextlib.contextmanager
def served() -> Iterator[Web]:
    made = Web("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    made.as_it_should_be()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    with served() as made:
        yield made


@pytest.fixture(scope="session")
def serve() -> Callable[[], contextlib.AbstractContextManager[Web]]:
    return served


@pytest.fixture
def stranger() -> Iterator[Web]:
    """A site at another address, which looks just the same."""
    with served() as made:
        yield made


@pytest.fixture(name="answer")
def _answer() -> type[Answer]:
    return Answer


@pytest.fixture
def library() -> str:
    return LIBRARY


@pytest.fixture
def sign_in() -> str:
    return SIGN_IN


@pytest.fixture(scope="session")
def chromium() -> str | None:
    try:
        found = launch.find(os.environ.get("WORKBENCH_BROWSER"))
    except launch.NoBrowser as missing:
        pytest.skip(missing.message)
    return found.executable_path or found.channel


@pytest.fixture
def site(web: Web) -> Site:
    return TRAFFICJUNKY.at(web.url)


@pytest.fixture
def marketplace(web: Web) -> Site:
    return MARKETPLACE.at(web.url)


@pytest.fixture(scope="module")
def kept() -> Iterator[None]:
    """One Chromium for the visits of a module, as a worker's thread has it. Overridden where a test starts its own."""
    with sharing_browser():
        yield


@pytest.fixture
def browsing(tmp_path: Path, chromium: str | None, kept: None) -> Browsing:
    return Browsing(
        sessions=Sessions(tmp_path / "sessions"),
        evidence=Evidence(tmp_path / "evidence"),
        browser=chromium,
        page_seconds=timedelta(seconds=15),
        settle=timedelta(seconds=3),
    )


@pytest.fixture
def cookie() -> Callable[..., dict[str, Any]]:
    def made(name: str = "session", value: str = "seeded-cookie-value", **more: Any) -> dict[str, Any]:
        return {"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "expires": -1, **more}

    return made


@pytest.fixture
def logged_in(browsing: Browsing, cookie: Callable[..., dict[str, Any]]) -> int:
    """An account whose login was imported; its id."""
    browsing.sessions.imported(7, json.dumps({"cookies": [cookie()], "origins": []}))
    return 7


@pytest.fixture
def seller(browsing: Browsing, cookie: Callable[..., dict[str, Any]]) -> int:
    """An account of Marketplace whose login was imported; its id."""
    cookies = [cookie(name, f"seeded-{name}", expires=9_999_999_999) for name in ("c_user", "xs")]
    browsing.sessions.imported(3, json.dumps({"cookies": cookies, "origins": []}))
    return 3


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7) as made:
        yield made


@pytest.fixture
def noise(web: Web, stranger: Web) -> Iterator[str]:
    """What a page may do beside its work: a counter whose answer nobody reads, one that is down, a chat that waits."""
    is_over = threading.Event()
    web.pages["/counter"] = Answer("")
    stranger.pages["/chat"] = lambda _: Answer(str(is_over.wait(120)))
    yield f"""<script>
fetch('/counter');
fetch('http://127.0.0.1:9/counter').catch(() => 0);
fetch('{stranger.url}/chat').catch(() => 0);
</script>"""
    is_over.set()
    assert ("GET", "/counter") in web.seen
    assert ("GET", "/chat") in stranger.seen
