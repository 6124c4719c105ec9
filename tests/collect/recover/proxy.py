"""A network that misbehaves: every trigger that passes has a fate, the same for the same seed, inputs and try."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

# What becomes of a request, and of how many in a thousand; all others pass.
FATES: Final = {
    "drop before": 15,  # it never arrives
    "500 before": 15,  # a gateway answers; it never arrives
    "drop after": 60,  # it arrives, its answer does not
    "500 after": 30,  # it arrives, a gateway answers
    "half": 40,  # half of the answer comes
    "late": 15,  # the answer comes when nobody waits for it any more
    "slow": 60,
    "double": 20,  # it arrives twice; the first answer comes
    "double, drop": 15,  # it arrives twice; no answer comes
    "429": 20,
}
QUESTIONS: Final = {"drop before": 10, "drop after": 10, "half": 10, "500 before": 10}  # of everything else
ANSWERS: Final = {
    "429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0.2\r\nContent-Length: 9\r\n\r\nSlow down",
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\noops!",
}


@dataclass
class Log:
    """What the proxy did, by the body of a trigger."""

    arrived: Counter[bytes] = field(default_factory=Counter)  # once for each request of ours that got through
    doubled: Counter[bytes] = field(default_factory=Counter)  # what the proxy added
    fates: Counter[str] = field(default_factory=Counter)
    tries: Counter[bytes] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Proxy:
    """`with Proxy(upstream, seed) as proxy: use(proxy.url)`; `late` seconds are more than a trigger waits."""

    def __init__(self, upstream: str, seed: int, *, late: float) -> None:
        self.log = Log()
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._seed, self._late = seed, late
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    proxy._serve(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address, request_queue_size, block_on_close = True, True, 128, False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, caller: socketserver.StreamRequestHandler) -> None:
        method, path, _ = caller.rfile.readline().decode().split(" ", 2)
        headers = http.client.parse_headers(caller.rfile)
        body = caller.rfile.read(int(headers.get("Content-Length", 0)))
        is_trigger = path.startswith("/datasets/v3/trigger")
        fate = self._fate(body if is_trigger else path.encode(), FATES if is_trigger else QUESTIONS)
        if fate in ("drop before", "429") or fate == "500 before":
            self._end(caller, ANSWERS.get(fate.split()[0]))
            return
        answer = self._forward(method, path, headers, body)
        if is_trigger:
            with self.log.lock:
                self.log.arrived[body] += 1
        if fate.startswith("double"):
            self._forward(method, path, headers, body)
            with self.log.lock:
                self.log.doubled[body] += 1
        time.sleep({"slow": 0.2, "late": self._late}.get(fate, 0))
        cut = {
            "drop after": None,
            "double, drop": None,
            "500 after": ANSWERS["500"],
            "half": answer[: len(answer) // 2],
        }
        self._end(caller, cut.get(fate, answer))

    def _fate(self, what: bytes, shares: dict[str, int]) -> str:
        with self.log.lock:
            self.log.tries[what] += 1
            turn = self.log.tries[what]
        digest = hashlib.sha256(b"%d %d " % (self._seed, turn) + what).digest()
        throw = int.from_bytes(digest[:4], "big") % 1000
        for fate, share in shares.items():
            if throw < share:
                with self.log.lock:
                    self.log.fates.update([fate] if shares is FATES else [])
                return fate
            throw -= share
        return "pass"

    def _forward(self, method: str, path: str, headers: Any, body: bytes) -> bytes:
        connection = http.client.HTTPConnection(*self._upstream, timeout=60)
        try:
            connection.request(method, path, body=body or None, headers=dict(headers.items()))
            found = connection.getresponse()
            content = found.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in found.getheaders()
                if name.lower() not in ("content-length", "transfer-encoding", "connection")]  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in [*kept, ("Content-Length", len(content))])
        return f"HTTP/1.1 {found.status} {found.reason}\r\n{head}Connection: close\r\n\r\n".encode() + content

    @staticmethod
    def _end(caller: socketserver.StreamRequestHandler, answer: bytes | None) -> None:
        if answer is None:  # a reset, not an orderly end
            caller.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            caller.connection.close()
            return
        caller.wfile.write(answer)
