"""Advertisers who speak to TrafficJunky's stand-in by plain HTTP, with files: small, but what they say."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any, Self

import httpx


def png(width: int = 300, height: int = 250, *, salt: bytes = b"") -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    lines = zlib.compress(b"".join(b"\0" + b"\x55" * width for _ in range(height)))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"tEXt", b"salt\0" + salt), chunk(b"IDAT", lines), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(seconds: float, width: int = 640, height: int = 360, *, salt: bytes = b"", version: int = 0) -> bytes:
    """The headers of a film whose samples are of no interest, with what players expect around them."""
    times = struct.pack(">IIII", 0, 0, 1000, round(seconds * 1000))
    if version:
        times = struct.pack(">QQIQ", 0, 0, 1000, round(seconds * 1000))
    mvhd = box(b"mvhd", struct.pack(">I", version << 24) + times + bytes(80))
    sound = box(b"trak", box(b"tkhd", bytes(84)))
    picture = box(b"trak", box(b"tkhd", bytes(76) + struct.pack(">II", width << 16, height << 16)))
    film = box(b"mdat", b"\0" * 5000 + salt)
    return box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41") + film + box(b"moov", mvhd + sound + picture)


class Advertiser:
    """One account, signed in through the back door unless `is_stranger`."""

    def __init__(self, url: str, account: str = "main", *, is_stranger: bool = False) -> None:
        self.account = account
        self.http = httpx.Client(base_url=url, timeout=60, verify=False)
        if not is_stranger:
            for cookie in self.control("session", account=account)["cookies"]:
                self.http.cookies.set(cookie["name"], cookie["value"], domain=cookie["domain"], path=cookie["path"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def control(self, path: str, **values: Any) -> Any:
        answer = self.http.post(f"/sandbox/{path}", json=values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def count(self) -> dict[str, Any]:
        counts: dict[str, Any] = self.http.get("/sandbox/count").json()
        return counts

    def send(self, name: str, content: bytes | None = None, tab: str = "static", native: int = 0) -> httpx.Response:
        data = {"type": tab, "native_type": str(native)}
        content = png(salt=name.encode("utf-8", "replace")) if content is None else content
        return self.http.post("/media-library/upload", data=data, files={"file": (name, content)})

    def page(self, number: int = 1, tab: str = "static", native: int = 0) -> httpx.Response:
        query = {"type": tab, "native_type": native, "page": number}
        return self.http.get("/media-library/creatives", params=query)

    def names(self, tab: str = "static", native: int = 0) -> list[str]:
        """What the first page shows, newest first."""
        return [card["name"] for card in self.page(1, tab, native).json()["creatives"]]

    def outcomes(self) -> list[tuple[str, str]]:
        return [(file["file"], file["outcome"]) for file in self.count()["files"]]

    def sign_in(self, password: str = "long enough") -> httpx.Response:
        """As a browser and its person do it, by hand."""
        challenge = re.search(r'name="g-recaptcha-response" value="(\w+)"', self.http.get("/sign-in").text)
        assert challenge is not None
        self.http.get("/recaptcha/status", params={"c": challenge[1], "typed": self.account})
        assert self.control("solve", account=self.account) == {"solved": 1}
        form = {"username": self.account, "password": password, "g-recaptcha-response": challenge[1]}
        return self.http.post("/sign-in", data=form)
