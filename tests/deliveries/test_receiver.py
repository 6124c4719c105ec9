"""deliveries/receiver.py: who gets in, what is kept before 200, and what nobody learns."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import gzip
import json
import os
import socket
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.deliveries.conftest import (
    BEARER,
    CLIENT,
    CRON,
    CRON_SECRET,
    HOOK,
    OLD_SECRET,
    REFUSED,
    SECRET,
    Desk,
    secret_file,
)
from workbench.db.ledger import Ledger
from workbench.deliveries.receiver import Receiver
from workbench.errors import BadInput, Misconfigured, Transient

MB = 1 << 20


def head(*lines: str | bytes, path: str = HOOK, method: str = "POST") -> bytes:
    raw = [line if isinstance(line, bytes) else line.encode("utf-8") for line in lines]
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode(), b"Host: x", *raw, b"", b""])


# ---- who gets in

GOOD = [
    pytest.param(f"Bearer {SECRET}", id="bearer"),
    pytest.param(f"bearer   {SECRET}", id="bearer, spelled otherwise"),
    pytest.param(f"Bearer {OLD_SECRET}", id="the second secret, while they are changed"),
    pytest.param(SECRET, id="raw, as it was configured at Bright Data"),
    pytest.param(f"Basic {SECRET}", id="basic with the secret itself"),
    pytest.param(
        "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode(), id="basic with the secret as password"
    ),
]


@pytest.mark.parametrize("authorization", GOOD)
def test_a_live_secret_gets_in(desk: Desk, authorization: str) -> None:
    assert desk.post(Authorization=authorization).status_code == 200
    assert len(desk.rows()) == 1


FORGED = [
    pytest.param((), id="missing"),
    pytest.param(("Authorization: ",), id="empty"),
    pytest.param(("Authorization: Bearer",), id="scheme alone"),
    pytest.param(("Authorization: Bearer wrong",), id="forged"),
    pytest.param((f"Authorization: Bearer {SECRET[:-1]}",), id="prefix"),
    pytest.param((f"Authorization: Bearer {SECRET}x",), id="longer"),
    pytest.param((f"Authorization: Bearer {SECRET.upper()}",), id="other case"),
    pytest.param(("Authorization: Bearer šíŋ☃",), id="unicode"),
    pytest.param((b"Authorization: Bearer \xff\xfe",), id="no UTF-8"),
    pytest.param((b"Authorization: Bearer a\0b",), id="NUL"),
    pytest.param(("Authorization: Bearer " + "x" * 12_000,), id="12 kB"),
    pytest.param(("Authorization: Bearer " + "x" * 200_000,), id="200 kB"),
    pytest.param(("Authorization: Basic !!!!",), id="basic, not base64"),
    pytest.param((f"Authorization: Bearer {CRON_SECRET}",), id="the secret of the other address"),
    pytest.param((f"X-Authorization: Bearer {SECRET}",), id="in another header"),
    pytest.param(("Content-Length: x",), id="no request at all"),
    pytest.param((f"Authorization: Bearer {SECRET}", "Content-Length: 2", "Transfer-Encoding: chunked, x"), id="both"),
]  # fmt: skip


def test_every_stranger_gets_the_same_answer_and_nothing_is_kept(desk: Desk) -> None:
    answers = {tuple(param.values[0]): desk.raw(head(*param.values[0])) for param in FORGED}
    answers["other path"] = desk.raw(head(path="/etc/passwd"))
    answers["other method"] = desk.raw(head(method="GET"))
    answers["cron"] = desk.raw(head(path=CRON, method="GET"))
    answers["garbage"] = desk.raw(b"\x16\x03\x01 hello\r\n\r\n")
    answers["secret in the query"] = desk.raw(head(path=f"{HOOK}?secret={SECRET.replace(' ', '+')}"))
    (same,) = set(answers.values())

    assert same.startswith(b"HTTP/1.1 401 ")
    assert same.endswith(b"\r\n\r\n" + REFUSED)
    assert not [word for word in (b"erver:", b"ython", b"orkbench") if word in same]
    assert desk.rows() == []
    assert desk.files() == []


def test_a_secret_is_changed_without_a_restart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.deliveries.receiver._REREAD", 0.0)
    secret_file(desk.secrets, "a new secret of 32 random signs!", SECRET)

    assert desk.post(Authorization="Bearer a new secret of 32 random signs!").status_code == 200
    assert desk.post(b"[1]", Authorization=f"Bearer {OLD_SECRET}").status_code == 401
    desk.secrets.chmod(0o644)  # others may read it: nobody gets in
    assert desk.post(b"[2]").status_code == 401


@pytest.mark.parametrize(
    ("lines", "mode", "words"),
    [
        pytest.param((), 0o600, "is empty", id="no secret"),
        pytest.param((SECRET,), 0o644, "chmod 600", id="others may read it"),
        pytest.param((SECRET,), 0o640, "chmod 600", id="the group may read it"),
        pytest.param(("short",), 0o600, "fewer than", id="too short"),
        pytest.param((SECRET, OLD_SECRET, "a third one that is too many"), 0o600, "two secrets", id="three"),
    ],
)
def test_it_does_not_start_without_a_secret_that_is_one(
    tmp_path: Path, lines: tuple[str, ...], mode: int, words: str
) -> None:
    desk = Desk(tmp_path / "home")
    secret_file(desk.secrets, *lines, mode=mode)
    with pytest.raises(Misconfigured, match=words) as caught:
        Receiver(desk.workbench, "127.0.0.1", 0)
    assert not any(line in caught.value.message for line in lines)


def test_it_does_not_start_without_a_file_or_on_a_taken_port(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--port"):
        Receiver(desk.workbench, "127.0.0.1", int(desk.url.rsplit(":", 1)[1])).start()
    desk.secrets.unlink()
    with pytest.raises(Misconfigured, match="No such file"):
        Receiver(desk.workbench, "127.0.0.1", 0)


def test_it_answers_to_its_own_names_only_where_they_are_set(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(webhook_hosts="hooks.example.com, other.example")

    assert desk.post(Host="hooks.example.com").status_code == 200
    assert desk.post(b"[1]", Host="HOOKS.example.com:443").status_code == 200
    assert desk.post(b"[2]", Host="evil.example").status_code == 403
    assert len(desk.rows()) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", HOOK, 405), ("DELETE", HOOK, 405), ("POST", HOOK + "a/b", 404), ("POST", HOOK + "x" * 65, 404),
        ("POST", "/", 404), ("POST", HOOK.rstrip("/"), 200), ("POST", HOOK + "token-1/", 200),
        ("POST", HOOK + "..%2f..%2fetc", 404),
    ],
)  # fmt: skip
def test_routes(desk: Desk, method: str, path: str, status: int) -> None:
    answer = CLIENT.request(method, desk.url + path, headers=BEARER)

    assert answer.status_code == status
    assert answer.content == (b'{"status":"received"}' if status == 200 else REFUSED)


# ---- what is kept


def test_the_bytes_are_kept_as_they_came(desk: Desk) -> None:
    body = gzip.compress(b'[{"url": "https://www.instagram.com/p/1/"}]')
    assert desk.post(body, "token-1", Content_Encoding="gzip", Snapshot_Id="sd_9").status_code == 200
    row = desk.row()
    (file,) = desk.files()

    assert file.read_bytes() == body
    assert file.stat().st_mode & 0o777 == 0o600
    assert (row["bytes"], row["unpacked_bytes"], row["intent_id"]) == (len(body), 43, "token-1")
    assert row["sent"]["headers"]["snapshot-id"] == "sd_9"
    assert SECRET not in json.dumps(row, default=str)


def test_the_same_body_again_is_counted_and_changes_nothing_else(desk: Desk) -> None:
    for body in (b"[1]", gzip.compress(b"[1]"), gzip.compress(b"[1]", 1)) * 3:
        assert desk.post(body, "token-1").status_code == 200
    desk.workbench.deliveries.match()
    head_before = desk.workbench.parts.ledger.head()
    desk.post(b"[1]", "token-1")

    assert desk.row()["copies"] == 10
    assert desk.workbench.parts.ledger.head() == head_before
    assert len(desk.files()) == 1
    desk.post(b"[1]", "token-2")
    assert len(desk.rows()) == 2


def test_chunks_and_a_caller_that_asks_first(desk: Desk) -> None:
    assert CLIENT.post(desk.url + HOOK, content=iter([b"[", b"1]"]), headers=BEARER).status_code == 200
    asked = head(f"Authorization: Bearer {SECRET}", "Expect: 100-continue", "Content-Length: 2") + b"[]"
    answer = desk.raw(asked)

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert len(desk.rows()) == 2


def test_a_body_that_breaks_off_is_not_kept(desk: Desk) -> None:
    with socket.create_connection(("127.0.0.1", int(desk.url.rsplit(":", 1)[1]))) as line:
        line.sendall(head(f"Authorization: Bearer {SECRET}", "Content-Length: 1000") + b"[1, 2")
    assert eventually(lambda: not desk.files())
    assert desk.rows() == []


def eventually(is_true: Callable[[], bool], seconds: float = 60) -> bool:
    last = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > last:
            return False
        time.sleep(0.02)
    return True


def test_what_cannot_be_stored_is_answered_503_and_can_come_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise Transient("the ledger is busy: /secret/path")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "write", busy)
        answer = desk.post(b"[1]")
    assert (answer.status_code, answer.content) == (503, REFUSED)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        assert desk.post(b"[1]").status_code == 503

    assert desk.rows() == []
    assert desk.post(b"[1]").status_code == 200
    assert len(desk.rows()) == 1


def test_a_surprise_of_ours_says_nothing_about_us(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.workbench.deliveries, "intake", lambda *_: 1 // 0)
    answer = desk.post()

    assert (answer.status_code, answer.content) == (500, REFUSED)


# ---- bounds


def test_a_gzip_bomb_is_stopped_in_little_memory(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(webhook_largest_unpacked_mb=256)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MB)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(1024)), packer.flush()])
    before = peak_rss()
    answer = desk.post(bomb)

    assert (answer.status_code, answer.content) == (413, REFUSED)
    assert peak_rss() - before < 30 * MB
    (row,) = desk.rows()
    assert (row["status"], row["file"]) == ("error", None)
    assert "256 MB" in row["error_message"]
    assert eventually(lambda: not desk.files())


def peak_rss() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    return 0


@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "in chunks"])
def test_a_body_over_the_limit_is_not_read_to_its_end(make_desk: Callable[..., Desk], is_announced: bool) -> None:
    desk = make_desk(webhook_largest_mb=1)
    sent = []

    def pieces():
        for _ in range(64):
            sent.append(1)
            yield os.urandom(MB // 4)

    headers = {**BEARER, "Content-Length": str(16 * MB)} if is_announced else BEARER
    answer = None
    with contextlib.suppress(httpx.NetworkError):  # the connection may close while we still send
        answer = CLIENT.post(desk.url + HOOK, content=pieces(), headers=headers)
    assert answer is None or (answer.status_code, answer.content) == (413, REFUSED)
    assert eventually(lambda: bool(desk.rows()))
    assert desk.rows()[0]["status"] == "error"


def test_slow_callers_do_not_keep_the_others_out(make_desk: Callable[..., Desk]) -> None:
    """A thousand connections that send a byte now and then: the strangers among them make room."""
    desk = make_desk(webhook_connections=64, webhook_idle_seconds=2)
    port = int(desk.url.rsplit(":", 1)[1])
    lines = []
    for number in range(400):
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(b"POST / HTTP/1.1\r\nX: "[: 5 + number % 15])
        lines.append(line)
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: desk.post(f"[{n}]".encode()).status_code, range(40)))

    assert codes == [200] * 40
    assert time.monotonic() - started < 20
    for line in lines:
        line.close()


def test_a_stalled_body_ends(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(webhook_idle_seconds=0.3, webhook_total_seconds=1)
    start = head(f"Authorization: Bearer {SECRET}", "Content-Length: 1000")
    assert desk.raw(start + b"[") == b""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", int(desk.url.rsplit(":", 1)[1]))) as line, pytest.raises(OSError):  # noqa: PT012
        line.sendall(start)
        while time.monotonic() - begun < 30:
            line.sendall(b"1")
            time.sleep(0.05)

    assert eventually(lambda: not desk.files())
    assert desk.rows() == []


# ---- cron


def test_the_scheduler_queues_what_is_unfinished_and_starts_a_worker(desk: Desk) -> None:
    desk.triggered("sd_1")
    answer = CLIENT.get(desk.url + CRON, headers={"Authorization": f"Bearer {CRON_SECRET}"})

    assert answer.json() == {"queued": 1, "snapshot_ids": ["sd_1"]}
    assert desk.workers == 1


def test_the_scheduler_shows_its_own_secret(desk: Desk) -> None:
    for authorization in (SECRET, "x"):
        answer = CLIENT.get(desk.url + CRON, headers={"Authorization": f"Bearer {authorization}"})
        assert (answer.status_code, answer.content) == (401, REFUSED)
    wrong = CLIENT.post(desk.url + CRON, headers={"Authorization": f"Bearer {CRON_SECRET}"})
    assert wrong.status_code == 405


def test_without_a_secret_of_its_own_there_is_no_cron_address(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(cron_secret_file=None)
    assert CLIENT.get(desk.url + CRON, headers={"Authorization": "Bearer x"}).status_code == 401


def test_what_ended_is_not_written_on_by_a_thread_that_comes_late(desk: Desk) -> None:
    intake = desk.workbench.deliveries.intake(None, {}, {})
    intake.feed(b"[")
    intake.abandon()
    intake.feed(b"1]")
    with pytest.raises(Transient):
        intake.keep()

    assert desk.files() == []
    assert desk.rows() == []
