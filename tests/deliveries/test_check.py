"""`workbench deliveries check`: a test delivery through the public address, and what failed on the way, in words."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.deliveries.conftest import REFUSED, Desk, secret_file
from workbench.errors import BadInput, Misconfigured


def test_it_arrives(desk: Desk) -> None:
    found = desk.workbench.deliveries.check_address(desk.url)
    row = desk.row()

    assert (found["outcome"], found["url"]) == ("arrived", f"{desk.url}/api/brightdata/webhook/")
    assert (row["status"], row["snapshot"]) == ("test_processed", None)


def test_a_receiver_with_another_secret(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other", webhook_secret_file=secret_file(tmp_path / "mine", "quite another secret"))
    with other:
        assert other.workbench.deliveries.check_address(desk.url)["outcome"] == "wrong_secret"
    assert desk.rows() == []


def test_a_receiver_of_another_home(desk: Desk, tmp_path: Path) -> None:
    with Desk(tmp_path / "other") as other:
        found = desk.workbench.deliveries.check_address(other.url, patience=0.2)
    assert found["outcome"] == "other_server"
    assert "not by a receiver of this ledger" in found["said"]


def test_a_receiver_that_cannot_store(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.workbench.deliveries, "intake", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    assert desk.workbench.deliveries.check_address(desk.url)["outcome"] == "unable"


@pytest.fixture
def stranger() -> Iterator[Callable[..., str]]:
    """A web server that is not ours: its address, given what it answers."""
    running: list[HTTPServer] = []

    def make(status: int, body: bytes = b"hello", context: ssl.SSLContext | None = None, **headers: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"

    yield make
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"hello", "not by a receiver of this ledger"), (401, b"login", "another server"),
        (404, b"", "another server"), (405, REFUSED, "could not take it"), (502, b"<html>", "a proxy answers 502"),
        (503, b"", "a proxy answers 503"), (301, b"", "redirects"),
    ],
)  # fmt: skip
def test_another_server(desk: Desk, stranger: Callable[..., str], status: int, body: bytes, words: str) -> None:
    url = stranger(status, body, Location="https://elsewhere.example/")
    assert words in desk.workbench.deliveries.check_address(url, patience=0.1)["said"]
    assert desk.rows() == []


def test_nobody_listens_and_no_such_name(desk: Desk) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert desk.workbench.deliveries.check_address(closed)["outcome"] == "refused"
    assert desk.workbench.deliveries.check_address("https://no-such-name.invalid")["outcome"] == "dns"


def test_a_certificate_that_nobody_vouches_for(desk: Desk, stranger: Callable[..., str], tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
         "-subj", "/CN=hooks.example.com", "-days", "1"], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    found = desk.workbench.deliveries.check_address(stranger(200, context=context))

    assert found["outcome"] == "tls"
    assert "certificate" in found["said"]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="WORKBENCH_WEBHOOK_URL"):
        Desk(tmp_path / "home").workbench.deliveries.check_address()
    with pytest.raises(BadInput, match="no address"):
        Desk(tmp_path / "home").workbench.deliveries.check_address("hooks.example.com")
    with pytest.raises(Misconfigured, match="WORKBENCH_WEBHOOK_SECRET_FILE"):
        Desk(tmp_path / "home", webhook_secret_file=None).workbench.deliveries.check_address(
            "https://hooks.example.com"
        )
