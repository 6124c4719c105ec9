"""A home with a receiver that listens on a real socket, and snapshots in whatever state a test needs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from sqlalchemy import select, update

from tests.house import DATES, FAST, new_home, sources_csv
from workbench.db.clock import now
from workbench.db.schema import delivery, snapshot
from workbench.deliveries.receiver import Receiver
from workbench.workbench import Workbench, open_workbench

SECRET = "a secret of the webhook, 32 signs"
OLD_SECRET = "the secret that was valid before"
CRON_SECRET = "the secret of the scheduler"
HOOK = "/api/brightdata/webhook/"
CRON = "/api/cron/process-brightdata-snapshots"
BEARER = {"Authorization": f"Bearer {SECRET}"}
# One for all: making a client reads all certificates anew.
CLIENT = httpx.Client(timeout=30, verify=False)
REFUSED = b'{"status":"refused"}'


def secret_file(path: Path, *lines: str, mode: int = 0o600) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(mode)
    return path


class Desk:
    """One home, its receiver, and what the ledger and the disk hold."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.home = new_home(home)
        self.secrets = secret_file(home / "webhook.secret", SECRET, OLD_SECRET)
        self.settings = {
            **FAST, "brightdata_url": "http://127.0.0.1:9", "webhook_secret_file": self.secrets,
            "cron_secret_file": secret_file(home / "cron.secret", CRON_SECRET), **settings,
        }  # fmt: skip
        self.workers = 0
        self._made = 0
        self.workbench: Workbench = open_workbench(home, **self.settings)
        self.receiver = Receiver(self.workbench, "127.0.0.1", 0, start_worker=self._count)

    def _count(self) -> None:
        self.workers += 1

    def __enter__(self) -> Self:
        self.receiver.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.receiver.stop()
        self.workbench.close()

    # calling ------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self.receiver.url

    def post(self, body: Any = b"[]", token: str = "", **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else httpx.Request("POST", "http://x", json=body).content
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return CLIENT.post(f"{self.url}{HOOK}{token}", content=content, headers={**BEARER, **named})

    def raw(self, data: bytes, *, wait: float = 10) -> bytes:
        """What comes back for these very bytes."""
        with socket.create_connection(("127.0.0.1", int(self.url.rsplit(":", 1)[1])), timeout=wait) as line:
            line.sendall(data)
            answer = b""
            while chunk := line.recv(65536):
                answer += chunk
        return answer

    # what is kept -------------------------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        with self.workbench.parts.ledger.read() as connection:
            found = connection.execute(select(delivery).order_by(delivery.c.id)).mappings()
            return [dict(row) for row in found]

    def row(self) -> dict[str, Any]:
        """The one delivery, matched."""
        self.workbench.deliveries.match()
        (found,) = self.rows()
        return found

    def files(self) -> list[Path]:
        return [path for path in (self.home / "data" / "deliveries").rglob("*") if path.is_file()]

    # snapshots ----------------------------------------------------------------------------------

    def snapshot(self, **values: Any) -> int:
        """A snapshot of ours, set to `values`; its number."""
        self._made += 1
        names = [f"tea{self._made}"]  # of its own: the same inputs would be answered by the first one
        posts = [("instagram", "posts", "https://www.instagram.com/{}/")]
        sources = sources_csv(self.home / "sources.csv", names, posts)
        run = self.workbench.start(self.workbench.plan(sources, num_posts=3, **DATES).hash)
        with self.workbench.parts.ledger.read() as connection:
            number = connection.execute(select(snapshot.c.id).where(snapshot.c.run_id == run)).scalar_one()
        self.set(number, **values)
        return int(number)

    def set(self, number: int, **values: Any) -> None:
        change = update(snapshot).where(snapshot.c.id == number).values(**values)
        self.workbench.parts.ledger.write(lambda connection: connection.execute(change))

    def state(self, number: int) -> dict[str, Any]:
        with self.workbench.parts.ledger.read() as connection:
            return dict(connection.execute(select(snapshot).where(snapshot.c.id == number)).mappings().one())

    def triggered(self, provider_id: str = "sd_1", token: str | None = "token-one", **values: Any) -> int:
        later = now().replace(year=now().year + 1)
        return self.snapshot(
            **{"state": "triggered", "provider_id": provider_id, "intent_id": token, "next_at": later, **values}
        )


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    with ExitStack() as ending:
        yield lambda **settings: ending.enter_context(Desk(tmp_path / "home", **settings))


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
