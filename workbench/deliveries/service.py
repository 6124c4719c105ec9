"""Deliveries: taken in for the receiver, matched with snapshots, listed, replayed, checked, retired."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.brightdata.delivery import (
    WHOLE,
    Content,
    Unpacking,
    Unreadable,
    address_of,
    facts_in,
    judge,
    lines_of,
    vouched_in,
)
from workbench.collect.tools import in_lake, job_folder, staging
from workbench.db.clock import now
from workbench.deliveries import matching
from workbench.deliveries import store as delivering
from workbench.deliveries.intake import SPOOL, Intake, digest_for
from workbench.errors import BadInput, NeedsPerson
from workbench.feature import Feature
from workbench.files import make_folder, move_into_place, remove_tree, write_bytes
from workbench.lake.schema import TRANSFORM_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from workbench.brightdata.webhook_probe import ProbeResult
    from workbench.container import Container
    from workbench.lake.raw import RawFile
    from workbench.person import Person
    from workbench.secret import Secret

    StoreRaw = Callable[[Sequence[Path], Path], RawFile]
    ProbeWebhook = Callable[[str, Secret, bytes], ProbeResult]
    from workbench.brightdata.delivery import Content

_LAST_WEEK: Final = timedelta(days=7)  # in which it is said that a body is about to be removed
_FORGOTTEN: Final = timedelta(hours=1)  # a spool file that old belongs to a receiver that was killed
_CHUNK: Final = 256 << 10
SHOWN_BYTES: Final = 64 << 10  # of a body that a person looks at
_SHOWN: Final = ("snapshot_id", "status", "attention", "error_message", "copies", "bytes", "unpacked_bytes", "hint")


@dataclass(frozen=True, kw_only=True)
class KeptBody:
    """What can be shown of a kept body."""

    text: str
    whole: int  # bytes of all of it, unpacked
    is_cut: bool
    damage: str | None = None
    gone: str | None = None  # why nothing of it can be shown


class Deliveries(Feature):
    """What the receiver and people do with deliveries."""

    def __init__(self, parts: Container, *, store_raw: StoreRaw, probe_webhook: ProbeWebhook) -> None:
        """Both come from edges that are slow to load, and are needed by a person's order alone."""
        super().__init__(parts)
        self._store_raw = store_raw
        self._probe_webhook = probe_webhook

    @property
    def folder(self) -> Path:
        return make_folder(self.settings.data / "deliveries", mode=0o700)

    def intake(self, token: str | None, headers: Mapping[str, str], query: Mapping[str, str]) -> Intake:
        """Take one delivery in; header names are in lower case."""
        largest = self.settings.webhook_largest_unpacked_mb << 20
        return Intake(self.ledger, self.folder, token, facts_in(headers, query), largest)

    def queue_unfinished(self) -> dict[str, Any]:
        """{queued, snapshot_ids}: what a worker that starts now goes on with; all else rests."""
        found = delivering.unfinished(self.ledger)
        return {"queued": len(found), "snapshot_ids": found}

    def has_work(self) -> bool:
        return delivering.has_work(self.ledger)

    def match(self) -> Counter[str]:
        """Judge and match what came and is due; how many became what. Any process may do it, again and again."""
        became: Counter[str] = Counter()
        while found := delivering.due(self.ledger):
            became.update(self._match(row) for row in found)
        return became

    def _match(self, row: Mapping[str, Any]) -> str:
        is_test = row["status"] == "test_webhook"
        content = Content(kind="test") if is_test else self._content(row)
        verdicts: dict[str, matching.Verdict] = {
            "rows": "processed", "test": "test_processed", "broken": "json_error", "file_url": "file_url_error"
        }  # fmt: skip
        error = content.error
        if content.kind == "file_url":
            error = "its file_url is never followed; the rows are fetched from Bright Data with our key"
        reading = matching.Reading(
            verdict=verdicts[content.kind], error_message=error, named=content.named,
            vouched=tuple(dict.fromkeys((*vouched_in(row["sent"]), *content.vouched))), hint=content.hint,
        )  # fmt: skip
        return matching.match(self.ledger, row["id"], reading)

    def _content(self, row: Mapping[str, Any]) -> Content:
        """The kept body as it judges itself; of one that is gone nothing is known."""
        if row["file"] is None:
            return Content(kind="rows")
        try:
            with _unpacked(self.folder / row["file"]) as (pieces, unpacking):
                head = b""
                for piece in pieces:
                    head += piece
                    if len(head) > WHOLE:
                        return judge(head[:WHOLE], is_whole=False)
        except OSError as error:
            return Content(kind="broken", error=f"its kept body cannot be read: {error.strerror}")
        content = judge(head, is_whole=unpacking.damage is None)
        return replace(content, kind="broken", error=unpacking.damage) if unpacking.damage else content

    def all(self, *, status: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
        """Newest first."""
        return [_shown(row) for row in delivering.deliveries(self.ledger, status=status, limit=limit)]

    def one(self, delivery_id: int) -> dict[str, Any]:
        row = delivering.one_delivery(self.ledger, delivery_id)
        return _shown(row) | {
            "intent_token": bool(row["intent_id"]), "named": row["named"], "sent": row["sent"],
            "last_at": row["last_at"].isoformat(), "digest": row["digest"],
            "file": row["file"] and str(self.folder / row["file"]),
        }  # fmt: skip

    def page(
        self,
        *,
        status: str | None = None,
        text: str = "",
        sort: str = "delivery_id",
        descending: bool = True,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[dict[str, Any]], int]:
        """A part of what came, newest first where nothing else is said, and how many there are of it."""
        if sort not in delivering.SORTS:
            raise BadInput(f"deliveries are not sorted by {sort!r}; give one of {', '.join(delivering.SORTS)}.")
        rows, total = delivering.page(
            self.ledger, status=status, text=text, sort=sort, descending=descending, limit=limit, offset=offset
        )
        return [_shown(row) for row in rows], total

    def counts(self) -> dict[str, int]:
        """How many came to each status."""
        return delivering.counts(self.ledger)

    def mark(self) -> object:
        """Changes whenever the list may."""
        return delivering.mark(self.ledger)

    def body(self, delivery_id: int, *, most: int = SHOWN_BYTES) -> KeptBody:
        """The beginning of a kept body, unpacked, as text; what is no UTF-8 in it is marked."""
        row = delivering.one_delivery(self.ledger, delivery_id)
        if row["file"] is None:
            return KeptBody(text="", whole=row["unpacked_bytes"], is_cut=False, gone="it is no longer kept")
        head = b""
        try:
            with _unpacked(self.folder / row["file"]) as (pieces, unpacking):
                for piece in pieces:
                    head += piece
                    if len(head) > most:
                        break
        except OSError as error:
            return KeptBody(
                text="", whole=row["unpacked_bytes"], is_cut=False, gone=f"it cannot be read: {error.strerror}"
            )
        text = self._parts.redactor(head[:most].decode("utf-8", errors="replace"))
        return KeptBody(text=text, whole=row["unpacked_bytes"], is_cut=len(head) > most, damage=unpacking.damage)

    def address(self) -> str | None:
        """The public address that Bright Data is told, without its secret part; None where none is set."""
        return address_of(self.settings.webhook_url) if self.settings.webhook_url else None

    def in_review(self) -> list[dict[str, Any]]:
        """Those that wait for a person."""
        return [
            _shown(row) | {"body_until": row["file"] and row["last_at"] + self._kept_unclaimed}
            for row in delivering.in_review(self.ledger)
        ]

    def todo(self) -> list[dict[str, Any]]:
        """Deliveries that wait for a person."""
        return [_for_review(one) for one in self.in_review()]

    def replay(self, delivery_id: int) -> dict[str, Any]:
        """Judge and match it once more; where Bright Data no longer has the rows, take them from the kept body."""
        self._rematch(delivery_id)
        row = delivering.one_delivery(self.ledger, delivery_id)
        if row["snapshot_state"] == "expired":
            self._stage(row)
        elif row["status"] == "processed":
            delivering.wake(self.ledger, delivery_id)
        return self.one(delivery_id)

    def _rematch(self, delivery_id: int) -> None:
        delivering.reopen(self.ledger, delivery_id)
        row = delivering.one_delivery(self.ledger, delivery_id)
        if row["status"] in matching.OPEN:
            self._match(row)

    def _stage(self, row: Mapping[str, Any]) -> None:
        """The kept body as the raw rows of its snapshot: the worker goes on from there as after a download."""
        if row["file"] is None:
            raise BadInput(f"the body of delivery {row['id']} is no longer kept; nothing was changed.")
        tools, item = self._parts.collect_tools, delivering.snapshot_of(self.ledger, row["id"])
        work = make_folder(staging(item, tools) / f"delivery-{row['id']}-{os.getpid()}")
        try:
            lines = self._lines(row, work / "part.ndjson")
            raw = self._store_raw([lines], work / "raw.ndjson.zst")
            name = f"{item.provider_id}__v{TRANSFORM_VERSION}_{raw.sha256[:8]}.raw.ndjson.zst"
            target = job_folder(item, tools) / name
            move_into_place(raw.path, target)
        except Unreadable as error:
            delivering.refuse_body(self.ledger, row["id"], error.message)
            raise NeedsPerson(f"delivery {row['id']} cannot be staged: {error.message}.") from error
        finally:
            remove_tree(work)
        delivering.take_body(self.ledger, row["id"], raw.facts(in_lake(target, tools)))

    def _lines(self, row: Mapping[str, Any], target: Path) -> Path:
        """The body unpacked, one row a line, with every line that is broken: staging tells rows from rejects."""
        with _unpacked(self.folder / row["file"]) as (pieces, unpacking), target.open("wb") as file:
            file.writelines(lines_of(pieces))
        if unpacking.damage:
            raise Unreadable(f"{unpacking.damage}, so rows are missing")
        return target

    def check_address(self, url: str | None = None, *, patience: float = 5.0) -> dict[str, Any]:
        """{url, outcome, said}: a test delivery through the public address, looked for in our own ledger."""
        where = url or self.settings.webhook_url
        if not where:
            raise BadInput("no address is given, and WORKBENCH_WEBHOOK_URL is not set; give the public address.")
        if not where.startswith(("https://", "http://")):
            raise BadInput(f"{where!r} is no address; give one like https://hooks.example.com")
        secret = self._parts.webhook_secrets()[0]
        body = json.dumps({"test": secrets.token_hex(16)}).encode()
        done = self._probe_webhook(where, secret, body)
        outcome, said = str(done.outcome), done.said
        if outcome == "answered":
            outcome, said = "arrived", "the test delivery arrived in this ledger"
            if not self._arrived(digest_for(None, body).hexdigest(), patience):
                outcome, said = "other_server", "it was taken, but not by a receiver of this ledger: another server."
        return {"url": address_of(where), "outcome": outcome, "said": said}

    def _arrived(self, digest: str, patience: float) -> bool:
        """A receiver answers after it has stored, so that this needs hardly any patience."""
        last = time.monotonic() + patience
        while delivering.by_digest(self.ledger, digest) is None:
            if time.monotonic() > last:
                return False
            time.sleep(0.1)
        return True

    def retire(self) -> int:
        """Remove the bodies whose time is over, and what killed receivers left; how many bodies."""
        chosen = self.settings
        found = delivering.retirable(self.ledger, now() - timedelta(days=chosen.delivery_retention_days))
        # The ledger first: a file without a row is removed next time, a row without its file would be a lie.
        delivering.retire(self.ledger, [delivery_id for delivery_id, _ in found])
        late = delivering.unclaimed(self.ledger, now() - self._kept_unclaimed)
        why = f"nobody claimed it in {self._kept_unclaimed.days} days; its body was removed"
        delivering.retire(self.ledger, [delivery_id for delivery_id, _ in late], why=why)
        kept = {row["file"] for row in delivering.deliveries(self.ledger)}
        for path in self.folder.glob("??/*.body"):
            is_old = time.time() - path.stat().st_mtime > _FORGOTTEN.total_seconds()
            if is_old and path.relative_to(self.folder).as_posix() not in kept:
                path.unlink(missing_ok=True)
        self.sweep_spool()
        return len(found) + len(late)

    @property
    def _kept_unclaimed(self) -> timedelta:
        """Never shorter than what was processed is kept."""
        return timedelta(days=max(self.settings.unmatched_retention_days, self.settings.delivery_retention_days))

    def forget(
        self, person: Person, source_ids: Collection[int], *, answers: Callable[[bytes], bool], dry: bool
    ) -> list[dict[str, Any]]:
        """Take a person out of the kept bodies; {delivery_id, rows, named} of each that has something of them.

        The rows of others stay where they were. A body that cannot be read goes whole. `answers`: whether a line says
        that it is the person's.
        """
        found = []
        for row in delivering.kept_bodies(self.ledger):
            path = self.folder / row["file"]
            if not path.is_file():
                continue
            is_all = bool(row["source_ids"]) and set(row["source_ids"]) <= set(source_ids)
            kept, rows, named = list[bytes](), 0, 0
            for line in self._body(path, person):
                if is_all or answers(line):
                    rows += 1
                    continue
                kept.append(person.masked_line(line))
                named += kept[-1] != line
            if rows or named:
                found.append({"delivery_id": row["id"], "rows": rows, "named": named})
            if (rows or named) and not dry:
                rest = path.with_name(f"{path.name.partition('.')[0]}{delivering.REST}")
                write_bytes(rest, b"".join(one + b"\n" for one in kept), mode=0o600)
                delivering.keep_rest(self.ledger, row["id"], rest.relative_to(self.folder).as_posix())
        return found

    def drop_whole_bodies(self) -> None:
        """Remove the bodies of which only the rest is kept, also when they came once more."""
        for row in delivering.kept_bodies(self.ledger):
            if row["file"].endswith(delivering.REST):
                (self.folder / f"{row['file'].removesuffix(delivering.REST)}.body").unlink(missing_ok=True)

    @staticmethod
    def _body(path: Path, person: Person) -> list[bytes]:
        """The lines of a kept body; of one that is damaged, what names the person: it can never be staged anyway."""
        read: list[bytes] = []
        try:
            with _unpacked(path) as (pieces, unpacking):
                read.extend(lines_of(pieces))
        except Unreadable:
            return path.read_bytes().splitlines()
        lines = b"".join(read).split(b"\n")
        found = lines[:-1] if lines and not lines[-1] else lines
        if unpacking.damage is None:
            return found
        return [one for one in found if person.may_be_in(one)]

    def sweep_spool(self) -> None:
        for path in (self.folder / SPOOL).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _FORGOTTEN.total_seconds():
                    path.unlink()


@contextlib.contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Iterator[bytes], Any]]:
    """The pieces of a kept body, and the unpacking that knows at their end whether it was whole."""
    unpacking = Unpacking(1 << 62)  # its size was checked when it came
    with path.open("rb") as file:

        def pieces() -> Iterator[bytes]:
            while chunk := file.read(_CHUNK):
                yield from unpacking.feed(chunk)
            yield from unpacking.end()

        yield pieces(), unpacking


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: row[name] and row[name].isoformat() for name in ("received_at", "processed_at")}
    return {"delivery_id": row["id"], **{name: row[name] for name in _SHOWN}, **times}


def _for_review(one: Mapping[str, Any]) -> dict[str, Any]:
    """Shown anew, so told anew, when its body is about to be removed."""
    why = f"{one['status']}: {one['error_message'] or 'nobody knows its snapshot'}"
    command = f"workbench deliveries show {one['delivery_id']}"
    if one["body_until"] and one["body_until"] - now() < _LAST_WEEK:
        why = f"{why}. Its body is removed after {one['body_until']:%Y-%m-%d}"
        command = f"workbench deliveries replay {one['delivery_id']}"
    return {"kind": "delivery", "id": str(one["delivery_id"]), "why": why, "command": command}
