"""Whoever is tracked, forgotten: rows, bodies as received, inputs, and the source itself.

A body is stored anew without the person's lines, and its tables are made anew from it by the steps that made them; then
what they were made of before is removed. Whatever is killed in between is brought to its end by the same order.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.collect import forget_store as store
from workbench.collect import recovery_store as recovering
from workbench.collect import store as collecting
from workbench.collect.bodies import lines_of
from workbench.collect.model import Snapshot, SnapshotState, Source
from workbench.collect.sources import key_of
from workbench.engine.item import Attention
from workbench.errors import Refused, Transient
from workbench.feature import Feature
from workbench.files import make_folder, move_into_place, remove_tree
from workbench.lake import forgetting as lake
from workbench.lake.schema import TRANSFORM_VERSION
from workbench.person import GONE, Person, gone_address, keys_of

_WORK: Final = "forgetting"  # below .staging of the lake: whatever was left there is of one that was killed
_READ: Final = (SnapshotState.PUBLISHED, SnapshotState.EMPTY)
_NEAR: Final = 5


@dataclass(frozen=True)
class Tracked:
    """A person, and the sources by which they are tracked."""

    person: Person
    sources: tuple[Source, ...]

    @property
    def source_ids(self) -> frozenset[int]:
        return frozenset(one.id for one in self.sources)


@dataclass(frozen=True)
class FoundBody:
    """What a body as received has of the person."""

    snapshot: Snapshot
    rows: int  # lines that are the person's
    named: int  # other lines that name the person
    numbers: frozenset[int]  # of the lines that are the person's, by the tables


class ForgetCollected(Feature):
    """What a person's forgetting takes out of what was collected."""

    def whose(self, text: str) -> Tracked:
        """Who is called so, or has that address; BadInput with the nearest names where nobody is."""
        wanted, every = text.strip(), store.all_sources(self.ledger)
        known = [one for one in every if not one.url.startswith(GONE)]
        found = [one for one in known if _same(one.creator, wanted)] or [
            one for one in known if _same(one.url, wanted) or self._is_address(one, wanted)
        ]
        if not found:
            names = {name for one in known for name in (one.creator, one.url) if name}
            raise store.refuse_unknown(wanted, difflib.get_close_matches(wanted, sorted(names), n=_NEAR, cutoff=0.4))
        ids = {one.id for one in found}
        while more := [one for one in known if one.id not in ids and _is_of_same(one, found)]:
            found, ids = [*found, *more], ids | {one.id for one in more}
        called = [name for name in (wanted, *(one.creator for one in found)) if name and "/" not in name]
        accounts = frozenset((one.platform, key_of(one, self._parts.datasets)) for one in found)
        person = Person(tuple(dict.fromkeys(called)), tuple(dict.fromkeys(one.url for one in found)), accounts)
        person = person.beside(self._names(one for one in known if one.id not in ids))
        return Tracked(person, tuple(sorted(found, key=lambda one: one.id)))

    @staticmethod
    def _names(others: Iterable[Source]) -> set[str | None]:
        return {text for one in others for text in (one.creator, one.name, one.url)}

    def known_again(self, text: str) -> Tracked:
        """Somebody who was forgotten, by a name or an address that is said once more; no sources are theirs."""
        wanted, gone = text.strip(), collecting.forgotten(self.ledger)
        platforms = sorted({one.platform for one in self._parts.datasets})
        accounts = {(platform, key) for platform in platforms for key in keys_of(platform, wanted)}
        mine = frozenset(one for one in accounts if gone_address(self.ledger.ledger_id, *one) in gone)
        is_address = "/" in wanted
        others = self._names(one for one in store.all_sources(self.ledger) if not one.url.startswith(GONE))
        person = Person((wanted,) * (not is_address), (wanted,) * is_address, mine)
        return Tracked(person.beside(others), ())

    def _is_address(self, one: Source, text: str) -> bool:
        person = Person((), (), frozenset({(one.platform, key_of(one, self._parts.datasets))}))
        return person.is_account(one.platform, text)

    def refuse_at_work(self, tracked: Tracked) -> None:
        """Refused while something that asks for the person goes on or waits: it would bring rows afterwards."""
        if lost := self._parts.lost_files.listed():
            raise Refused(
                f"{lost[0]['path']} is gone from the lake, so nobody can say whose rows it had. Mend it first, as "
                "workbench todo says. Nothing was done."
            )
        rows = [
            one for one in store.at_work(self.ledger, tracked.source_ids) if not (one["raw"] or {}).get("forgotten")
        ]
        if rows:
            one = rows[0]
            name = one["provider_id"] or one["id"]
            cure = f"workbench recover resolve {name}" if one["attention"] == Attention.RECONCILE else "workbench todo"
            raise Refused(
                f"{len(rows)} snapshots that ask for it, or are being read, are not over: {name} is {one['state']}. "
                "Let them end with: workbench work --until-idle; or end them with: workbench collect cancel "
                f"{one['run_id']}; what waits for a person is told by: {cure}. Nothing was done."
            )

    def bodies(self, tracked: Tracked) -> list[FoundBody]:
        """Every body as received that has something of the person, and how much."""
        with self._workspace() as work:
            numbers = lake.rows_of(self._parts.lake.sql, tracked.source_ids, tracked.person)
            found = []
            for one in store.with_bodies(self.ledger):
                if (lines := self._lines(one, work)) is None:
                    continue
                mine = frozenset(numbers.get(str(one.provider_id), ()))
                rows, named = lake.look_through(lines, self._drop(one, tracked, mine), tracked.person)
                found += [FoundBody(one, rows, named, mine)] if rows or named else []
            return found

    def forget_rows(self, tracked: Tracked, bodies: Sequence[FoundBody]) -> None:
        """Take the person out of these bodies and of the tables made of them, and remove what they were before."""
        with self._workspace() as work:
            for one in bodies:
                self._rewrite(one.snapshot, self._drop(one.snapshot, tracked, one.numbers), tracked.person, work)
        self.finish()

    def finish(self) -> None:
        """Bring to an end what was begun: tables are made anew, and files that nothing names any more are removed."""
        while waiting := store.being_read(self.ledger):
            if not self._parts.read_one():
                first = waiting[0]
                raise Transient(
                    f"the tables of {first['provider_id']} are not made anew yet: {first['reason'] or first['state']}. "
                    "Say the same order again, or: workbench work --until-idle"
                )
        root, listed = self.settings.lake, store.listed_files(self.ledger)
        for one in store.with_bodies(self.ledger):
            if not (one.raw or {}).get("forgotten") or one.provider_id is None:
                continue
            folder = (root / str((one.raw or {})["path"])).parent
            for path in folder.glob(f"{_literal(one.provider_id)}__v*"):
                if path.relative_to(root).as_posix() not in listed:
                    path.unlink(missing_ok=True)
        remove_tree(root / ".staging" / _WORK)

    def gone(self, tracked: Tracked) -> dict[int, str]:
        """Source → what stands in the place of its address, by which the same is refused when it comes again."""
        mine = self.ledger.ledger_id
        found = {one.id: gone_address(mine, one.platform, key_of(one, self._parts.datasets)) for one in tracked.sources}
        return {number: f"{address}:{number}" for number, address in found.items()}

    def _rewrite(self, one: Snapshot, drop: Callable[[int, bytes], bool], person: Person, work: Path) -> None:
        lines, old = self._lines(one, work), dict(one.raw or {})
        if lines is None:
            return
        root = self.settings.lake
        stored = lake.without(lines, drop, person, work, work / "raw.ndjson.zst")
        name = f"{one.provider_id}__v{TRANSFORM_VERSION}_{stored.sha256[:8]}.raw.ndjson.zst"
        target = root / Path(str(old["path"])).parent / name
        move_into_place(stored.path, target)
        said = f"decided by {self.ledger.actor}: a person was forgotten"
        raw = {**old, **stored.facts(target.relative_to(root).as_posix()), "forgotten": True}
        for name in ("shape", "again", "corrects"):  # of the body of before
            raw.pop(name, None)
        is_read = one.state in _READ
        if is_read or "accepted" in old:  # fewer lines than Bright Data counts, and a person's word that it is so
            raw |= {"accepted": stored.sha256, "accepted_by": old.get("accepted_by", said)}
        if is_read:
            recovering.decide(self.ledger, one.id, SnapshotState.DOWNLOADED, said, values={"raw": raw})
        else:
            store.replace_body(self.ledger, one.id, raw, said)

    def _lines(self, one: Snapshot, work: Path) -> Path | None:
        """The body as lines; None where it is gone, so that nothing can be taken out of it."""
        raw = one.raw or {}
        path = self.settings.lake / str(raw.get("path"))
        if not path.is_file():
            return None
        return lines_of(path, str(raw.get("shape")), work / "lines.ndjson") or path

    def _drop(self, one: Snapshot, tracked: Tracked, numbers: frozenset[int]) -> Callable[[int, bytes], bool]:
        """Whether a line is the person's: by the tables; of a body without, by what was asked."""
        if one.state in _READ:
            return lambda number, _: number in numbers
        if one.source_ids and set(one.source_ids) <= tracked.source_ids:
            return lambda *_: True
        return lambda _, line: answers(line, tracked.person)

    @contextlib.contextmanager
    def _workspace(self) -> Iterator[Path]:
        work = self.settings.lake / ".staging" / _WORK
        remove_tree(work)
        make_folder(work)
        try:
            yield work
        finally:
            remove_tree(work)


def answers(line: bytes, person: Person) -> bool:
    """Whether a line says itself that it answers what was asked of the person."""
    try:
        row = json.loads(line)
    except ValueError:
        return False
    platforms = {platform for platform, _ in person.accounts}
    return isinstance(row, dict) and any(person.owns(one, row) for one in sorted(platforms))


def _same(one: str | None, other: str) -> bool:
    return one is not None and _folded(one) == _folded(other)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _is_of_same(one: Source, found: Sequence[Source]) -> bool:
    """Whether `one` is of who `found` is of: it was merged with one of them, or its creator is called the same."""
    return any(
        one.merged_into == each.id
        or each.merged_into == one.id
        or (each.creator is not None and _same(one.creator, each.creator))
        for each in found
    )


def _literal(text: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)
