"""`forget`: a person is taken out of everything that is kept; each feature takes them out of its own.

The order is such that whatever is killed in between is found again by the same order: what a ledger says of a person
goes last, in one transaction, and one event of the log says what was done, without a name.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.accounts import store as accounts
from workbench.audit import store as audits
from workbench.collect import forget_store
from workbench.collect.forgetting import answers
from workbench.db import event_log, history
from workbench.db.event_log import FORGOTTEN, PERSON, Event
from workbench.db.redaction import COMMON, Texts, mask_texts, wipe_free_pages
from workbench.deliveries import store as deliveries
from workbench.errors import BadInput, Transient
from workbench.feature import Feature
from workbench.files import CHUNK, write_bytes
from workbench.lake.raw import body_chunks
from workbench.person import Person, digest_of
from workbench.post import store as postings
from workbench.schedule import store as schedules
from workbench.upload import store as uploads

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workbench.collect.forgetting import Tracked
    from workbench.collect.model import Source

TEXTS: Final[Texts] = {
    **COMMON, **forget_store.TEXTS, **deliveries.TEXTS, **audits.TEXTS, **schedules.TEXTS, **postings.TEXTS,
    **uploads.TEXTS,
}  # fmt: skip
_GZIP: Final = b"\x1f\x8b"
_OVERLAP: Final = 4096
_NO_TEXT: Final = frozenset(
    (".parquet", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp4", ".mov", ".webm", ".avi", ".mkv", ".whl", ".zip")
)
_KEPT: Final = (
    "when things were done, and what they cost: the log of events and the spending stay, with a mask for the name",
    "what other people's sources are called, names of folders and files, and what a picture shows",
    "what Bright Data still has; backups, exports and anchors that lie elsewhere; your own files, of which texts are "
    "listed, and tables and packed ones (parquet, xlsx, zip) not read",
)
_KEPT_OF_ACCOUNT: Final = (
    "data/acts.journal, where an account is the place of its acts: it is the second witness of what was done",
    "what was posted and uploaded, which is yours, with the number of the account",
)
_COUNTED: Final = (
    "sources", "rows", "named", "bodies", "deliveries", "reports", "texts", "logs", "session", "evidence", "errors",
    "acts",
)  # fmt: skip
_PRACTICE: Final = "data/sandbox, which is the stand-in for the other side"
# Of a home: what is taken care of above, or is not ours to read.
_OURS: Final = (
    "data/ledger.db",
    "data/lake",
    "data/deliveries",
    "data/logs",
    "data/workbench.duckdb",
    "archive/reports",
)
_ELSEWHERE: Final = ("data/sandbox", "data/locks")


class Forgetting(Feature):
    """What a person asks for somebody who is to be forgotten."""

    def creator(self, name: str, *, dry: bool = True) -> dict[str, Any]:
        """Forget whoever is tracked by that name or address; `dry`: only say what would be removed.

        {forgotten, looked_for, not_looked_for, sources, rows, named, bodies, deliveries, reports, texts, logs, keeps,
        left}. BadInput where nobody is called so, Refused while something for them is at work.
        """
        with self._alone():
            collected = self._parts.forget_collected
            if not dry:
                collected.finish()
            try:
                tracked = collected.whose(name)
            except BadInput:
                tracked = collected.known_again(name)  # what came since may name them
                if not tracked.person.accounts and not self._was_forgotten(name):
                    raise
            collected.refuse_at_work(tracked)
            person, bodies = tracked.person, collected.bodies(tracked)
            found = {
                "creator": name,
                "sources": [{"source_id": one.id, **_told(one)} for one in tracked.sources],
                "rows": sum(one.rows for one in bodies),
                "named": sum(one.named for one in bodies),
                "bodies": [
                    {"snapshot_id": one.snapshot.provider_id, "rows": one.rows, "named": one.named} for one in bodies
                ],
                "deliveries": self._delivered(tracked, dry=True),
                **self._said(person),
            }
            if dry:
                is_over = not _counts(found)
                return {**found, "forgotten": is_over, "keeps": self._keeps(), "left": self._left(person, but=_OURS)}
            self._forget_files(person)
            self._delivered(tracked, dry=False)
            collected.forget_rows(tracked, bodies)
            self._parts.keeping.drop_superseded()
            gone = collected.gone(tracked)
            if _counts(found):  # else forgotten before, and nothing came since
                self._forget_in_ledger(
                    person, found,
                    lambda connection: forget_store.forget_sources(connection, tracked.sources, gone, person),
                )  # fmt: skip
            return {**found, **self._ended(person, dry=False)}

    def account(self, account: str, *, dry: bool = True) -> dict[str, Any]:
        """Forget the account of that number or label; `dry`: only say what would be removed.

        {forgotten, looked_for, not_looked_for, account, session, evidence, errors, acts, reports, texts, logs, keeps,
        left}. BadInput where there is none, Refused while its items are not over.
        """
        with self._alone():
            features = self._parts.accounts
            try:
                mine = features.whose(account)
            except BadInput:
                if not self._was_forgotten(account):
                    raise
                return {"account": None, **self._ended(None, dry=dry)}
            if mine.label == f"{accounts.FORGOTTEN} {mine.id}":
                return {"account": None, **self._ended(None, dry=dry)}
            person = Person((mine.label,), (), frozenset())
            person = person.beside(one.label for one in accounts.all_accounts(self.ledger) if one.id != mine.id)
            found = {
                "account": {"account_id": mine.id, "channel": mine.channel, "label": mine.label},
                **features.kept_of(mine.id),
                **self._said(person),
            }
            if dry:
                keeps = [*self._keeps(), *_KEPT_OF_ACCOUNT]
                return {**found, "forgotten": False, "keeps": keeps, "left": self._left(person, but=_OURS)}

            def forget(connection: Connection) -> None:
                accounts.forget(connection, mine)
                postings.forget_account(connection, mine.id)
                uploads.forget_account(connection, mine.id)

            with features.lock(mine.id):
                self._forget_files(person)
                features.forget_files(mine.id)
                self._forget_in_ledger(person, found, forget)
            ended = self._ended(person, dry=False)
            return {**found, **ended, "keeps": [*ended["keeps"], *_KEPT_OF_ACCOUNT]}

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with self._parts.locks.holding("forget", "forget") as is_ours:
            if not is_ours:
                raise Transient("somebody else is being forgotten at this moment; say the same order again.")
            yield

    def _delivered(self, tracked: Tracked, *, dry: bool) -> list[dict[str, Any]]:
        person = tracked.person
        return self._parts.deliveries.forget(
            person, tracked.source_ids, answers=lambda line: answers(line, person), dry=dry
        )

    def _said(self, person: Person) -> dict[str, Any]:
        """Where the person is named besides what is theirs."""
        with self.ledger.read() as connection:
            texts = mask_texts(connection, TEXTS, person.masked, dry=True)
        return {
            "looked_for": list(person.spellings),
            "not_looked_for": list(person.too_short),
            "reports": self._parts.audit.forget(person, dry=True),
            "texts": texts,
            "logs": self._mask_logs(person, dry=True),
        }

    def _forget_files(self, person: Person) -> None:
        self._parts.audit.forget(person, dry=False)
        self._mask_logs(person, dry=False)

    def _forget_in_ledger(
        self, person: Person, found: Mapping[str, Any], forget: Callable[[Connection], object]
    ) -> None:
        """All that the ledger says of the person, and the event that says what was done, at once."""
        facts = _counts(found)
        names = sorted({self._digest(one) for one in (*person.names, *person.urls)})

        def change(connection: Connection) -> None:
            mask_texts(connection, TEXTS, person.masked, dry=False)
            forget(connection)
            said: list[dict[str, Any]] = [{**facts, "events": event_log.redact(connection, person.masked)}]
            # One event for each name, so that any of them is known again; the first has what was done.
            said += [{"events": {}} for _ in names[1:]]
            events = (Event(PERSON, one, FORGOTTEN, facts=each) for one, each in zip(names, said, strict=True))
            self.ledger.append(connection, *events)

        self.ledger.write(change)

    def _ended(self, person: Person | None, *, dry: bool) -> dict[str, Any]:
        """The last of it, which may be done any number of times: nothing of what was deleted is left in files."""
        is_wiped = True
        if not dry:
            self._parts.deliveries.drop_whole_bodies()
            self._parts.keeping.drop_superseded()
            self._parts.tending.serve_copy()
            is_wiped = wipe_free_pages(self.ledger)
        keeps = self._keeps()
        if not is_wiped:
            keeps.append("free pages of the ledger, while other processes have it open; close them, and say this again")
        return {"forgotten": True, "keeps": keeps, "left": [] if person is None else self._left(person, but=())}

    def _keeps(self) -> list[str]:
        return [*_KEPT, *([_PRACTICE] if self.settings.mode == "practice" else [])]

    def _was_forgotten(self, name: str) -> bool:
        return history.has_happened(self.ledger, PERSON, self._digest(name), FORGOTTEN)

    def _digest(self, name: str) -> str:
        return digest_of(self.ledger.ledger_id, name.strip())

    # files of no feature -------------------------------------------------------------------------

    def _mask_logs(self, person: Person, *, dry: bool) -> int:
        """Lines of our processes' logs that name the person; each is written down anew with a mask."""
        found = 0
        for path in sorted((self.settings.data / "logs").rglob("*")):
            lines = path.read_bytes().split(b"\n") if path.is_file() else []
            clean = [person.masked_line(one) for one in lines]
            changed = sum(one != other for one, other in zip(clean, lines, strict=True))
            found += changed
            if changed and not dry:
                write_bytes(path, b"\n".join(clean), mode=0o600)
        return found

    def _left(self, person: Person, *, but: Sequence[str]) -> list[str]:
        """Files of the home that name the person; not tables, which are asked, nor what the stand-ins keep."""
        home, found = self.settings.home, list[str]()
        for folder, folders, names in os.walk(home):
            here = Path(folder).relative_to(home).as_posix()
            is_top = here == "."  # where a checkout has its history and its environment
            folders[:] = [
                one
                for one in folders
                if _below(here, one) not in (*but, *_ELSEWHERE) and not (is_top and one.startswith("."))
            ]
            for name in names:
                path, place = Path(folder, name), _below(here, name)
                is_read = path.suffix.lower() not in _NO_TEXT and not path.is_symlink() and path.is_file()
                if is_read and not place.startswith(tuple(but)) and any(map(person.is_in_file, _pieces(path))):
                    found.append(place)
        return sorted(found)


def _counts(found: Mapping[str, Any]) -> dict[str, int]:
    """What there is of a person, in numbers that name nobody; none where there is nothing."""
    numbers = {name: len(one) if isinstance(one, list | dict) else one for name, one in found.items()}
    return {name: numbers[name] for name in _COUNTED if numbers.get(name)}


def _told(one: Source) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("platform", "service", "url", "creator")}


def _below(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def _pieces(path: Path) -> Iterator[bytes]:
    """What a file holds, unpacked, each piece with the end of the one before."""
    end = b""
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    for chunk in _unpacked(path) if is_packed else body_chunks(path):
        yield end + chunk
        end = chunk[-_OVERLAP:]


def _unpacked(path: Path) -> Iterator[bytes]:
    """As far as it can be: what is damaged ends there."""
    with gzip.open(path) as file, contextlib.suppress(OSError, EOFError, zlib.error):
        while chunk := file.read(CHUNK):
            yield chunk
