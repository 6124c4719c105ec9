"""One delivery on its way to the disk: streamed, unpacked within bounds, hashed, and only then in the ledger."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from workbench.brightdata.delivery import Unpacking, is_test, named_in, vouched_in
from workbench.db.ledger import Ledger
from workbench.deliveries.store import Arrival, receive
from workbench.errors import Transient
from workbench.files import canonical, fsync_dir, make_folder

SPOOL: Final = ".spool"


class Intake:
    """Fed by one request; `keep` makes it durable, `abandon` leaves no trace. Any thread, one call at a time."""

    def __init__(self, ledger: Ledger, folder: Path, token: str | None, sent: Mapping[str, Any], largest: int) -> None:
        self._ledger = ledger
        self._folder = folder
        self._token = token
        self._sent = sent
        self._turn = threading.Lock()
        self._unpacking = Unpacking(largest)
        self._unpacked, self._received = digest_for(token), digest_for(token)
        self._bytes = 0
        self._spool = folder / SPOOL / uuid.uuid4().hex
        self._file: IO[bytes] | None = None
        self._is_over = False

    def _opened(self) -> IO[bytes]:
        """Only when there is something to write: a request that ends before leaves nothing open."""
        if self._file is None:
            make_folder(self._spool.parent, mode=0o700)
            fd = os.open(self._spool, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            self._file = os.fdopen(fd, "wb")
        return self._file

    def feed(self, chunk: bytes) -> None:
        """Raises TooLarge once the body unpacks to more than a delivery may hold."""
        with self._turn:
            if self._is_over:
                return
            self._bytes += len(chunk)
            self._received.update(chunk)
            self._opened().write(chunk)
            for piece in self._unpacking.feed(chunk):
                self._unpacked.update(piece)

    def keep(self) -> int:
        """The delivery's id; when this returns, neither a kill nor a power cut takes it back."""
        with self._turn:
            if self._is_over:
                raise Transient("the request ended while it was stored")
            for piece in self._unpacking.end():
                self._unpacked.update(piece)
            # What cannot be unpacked is the same again only when its own bytes are.
            digest = (self._received if self._unpacking.damage else self._unpacked).hexdigest()
            return receive(self._ledger, self._arrival(digest, self._placed(digest)))

    def _placed(self, digest: str) -> str:
        relative = f"{digest[:2]}/{digest}.body"
        target = self._folder / relative
        with self._opened() as file:
            file.flush()
            os.fsync(file.fileno())
        if not target.parent.is_dir():
            make_folder(target.parent, mode=0o700)
            fsync_dir(self._folder)
        os.replace(self._spool, target)
        fsync_dir(target.parent)
        return relative

    def refuse(self, why: str) -> int:
        """Only that it came is kept: of a body beyond the limits nobody knows the end."""
        with self._turn:
            digest = digest_for(self._token, f"too large: {canonical(self._sent)}".encode()).hexdigest()
            return receive(self._ledger, self._arrival(digest, None, why))

    def _arrival(self, digest: str, file: str | None, error: str | None = None) -> Arrival:
        vouched = vouched_in(self._sent)
        return Arrival(
            digest=digest,
            intent_id=self._token,
            provider_id=vouched[0] if len(vouched) == 1 else None,
            sent=self._sent,
            named=named_in(self._sent),
            status="error" if error else "test_webhook" if is_test(self._sent) else "received",
            error_message=error,
            file=file,
            bytes=self._bytes,
            unpacked_bytes=self._unpacking.size,
        )

    def abandon(self) -> None:
        """Nothing when it was kept; else its beginning goes."""
        with self._turn:
            self._is_over = True
            if self._file is not None:
                self._file.close()
            with contextlib.suppress(OSError):
                self._spool.unlink(missing_ok=True)


def digest_for(token: str | None, body: bytes = b"") -> Any:
    """What two equal deliveries share: the token of their path, and their unpacked body."""
    return hashlib.sha256(f"{token or ''}\n".encode() + body)
