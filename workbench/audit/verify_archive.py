"""Say whether an archive of reports is what was sealed: ``python3 verify_archive.py FOLDER [--anchor FILE]``.

This one file needs Python alone (3.9 or newer, its standard library), so that it can travel with an export and be
read before it is believed. Workbench itself verifies with it. Every report is a folder with ``manifest.json``: the hash
of each of its files, its number in the chain, and the hash of the manifest sealed before it. Exit 0: intact;
1: changed; 4: nothing is found changed, and it is not proved either; 2: wrong use.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sqlite3
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional
from urllib.parse import quote

GENESIS = "0" * 64
MANIFEST = "manifest.json"
EXPORT = "export.json"
OWN_FILES = (EXPORT, "verify_archive.py", "README.txt", "anchor.json")  # what an export has besides its reports
EVIDENCE = "evidence"
FORGOTTEN = ("person", "forgotten")  # kind and word of an event that vouches for others that were redacted
MASK = "[forgotten]"  # what stands in those in the place of a person
UNFINISHED = (".work", ".sealing", ".removing")  # of a folder whose name begins with a dot
EXITS = {"intact": 0, "changed": 1, "unproved": 4}
_CHUNK = 1 << 20
_ALL_EVENTS = """
    SELECT seq, at, item_kind, item_id, what, from_state, to_state, facts, actor, prev_hash, hash
    FROM event ORDER BY seq
"""
_HASH = re.compile("[0-9a-f]{64}")
# Made once: `json.dumps` makes one for every call that wishes more than it does by itself.
_AS_UNICODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_AS_ASCII = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


_WRONG = (ValueError, RecursionError, KeyError, TypeError, AttributeError)  # what reading JSON of anybody may raise


class UnreadableArchive(Exception):
    """What was given to look at cannot be looked at: wrong use, not a finding."""


# --- what is there


class Link:
    """One manifest as it lies on the disk."""

    def __init__(self, place: str, data: bytes, names: set[str]) -> None:
        self.place = place  # of its folder, below the root
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.names = names  # of all that lies in the folder, but the manifest
        self.why = ""  # it cannot be read as a manifest
        self.facts: dict[str, Any] = {}
        try:
            facts = json.loads(data)
            _look_at(facts)
            self.facts = facts
        except _WRONG as error:
            self.why = f"its manifest cannot be read as one ({str(error) or type(error).__name__})"

    @property
    def sequence(self) -> Optional[int]:
        return self.facts.get("sequence")

    @property
    def kind(self) -> str:
        return str(self.facts.get("kind", "report"))


def _look_at(facts: Any) -> None:
    """Raise ValueError for a manifest that is not of our making: it may have been written by anybody."""
    if not isinstance(facts, dict) or facts.get("format") not in (1, 2):
        raise ValueError("format is neither 1 nor 2")
    for name, one in facts["files"].items():
        is_name = "/" not in name and "\0" not in name and name not in ("", ".", "..", MANIFEST)
        if not (is_name and _is_hash(one["sha256"]) and _is_number(one["size"])):
            raise ValueError("files is wrong")
    if facts["format"] != 1:
        _look_at_link(facts)


def _look_at_link(facts: dict[str, Any]) -> None:
    number = facts["sequence"]
    if not _is_number(number) or number < 1:
        raise ValueError("sequence is no number")
    if not _is_hash(facts["previous"]) or not isinstance(facts["place"], str):
        raise ValueError("previous or place is wrong")
    events = facts["ledger"]
    if not _is_number(events["seq"]) or not _is_hash(events["hash"]) or not isinstance(events["id"], str):
        raise ValueError("ledger is wrong")
    named = (
        [facts["removes"]] if facts["kind"] == "tombstone" else facts["reports"] if facts["kind"] == "earlier" else []
    )
    for one in named:
        if not _is_hash(one["manifest"]) or not isinstance(one["place"], str):
            raise ValueError("reports or removes is wrong")
        before = one.get("sequence")  # none of what was made before there was a chain
        if before is not None and not (_is_number(before) and 0 < before < number and _is_hash(one["previous"])):
            raise ValueError("removes is wrong")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_hash(text: Any) -> bool:
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def hash_of_file(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(_CHUNK):
            found.update(part)
    return found.hexdigest()


# A link is not followed and a pipe not waited for; names that a system lacks are nothing there.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _is_sealed_so(path: str, sealed: Mapping[str, Any]) -> bool:
    """Whether the file is the one that was sealed. Without the layers of `open`, which cost more than the hash."""
    number = os.open(path, _FLAGS)
    try:
        at, found = os.fstat(number), hashlib.sha256()
        if not stat.S_ISREG(at.st_mode) or at.st_size != sealed["size"]:
            return False
        for part in _parts(number, at.st_size):
            found.update(part)
        return found.hexdigest() == str(sealed["sha256"])
    finally:
        os.close(number)


def _read(path: str) -> bytes:
    number = os.open(path, _FLAGS)
    try:
        return b"".join(_parts(number, os.fstat(number).st_size))
    finally:
        os.close(number)


def _parts(number: int, size: int) -> Iterator[bytes]:
    """No more room is made than it takes: that is most of what a small file costs."""
    while size > 0 and (part := os.read(number, min(size, _CHUNK))):
        size -= len(part)
        yield part


class Archive:
    """Everything below a folder, looked at once."""

    def __init__(self, root: str, *, may_be_export: bool = False) -> None:
        self.root = root
        self._may_be_export = may_be_export
        self.links: list[Link] = []
        self.strangers: list[str] = []  # files that belong to no report
        self.unfinished: list[str] = []
        self.evidence: dict[str, str] = {}  # of an export: name → path
        self.export: Optional[dict[str, Any]] = None
        if not os.path.isdir(root):
            raise UnreadableArchive(f"there is no folder {root}.")
        try:
            self._walk("")
        except OSError as error:
            raise UnreadableArchive(f"{error.filename} cannot be read: {error.strerror}.") from error

    def _walk(self, place: str) -> None:
        folders: list[str] = []
        names: set[str] = set()
        is_report = False
        folder = os.path.join(self.root, place) if place else self.root
        with os.scandir(folder) as found:
            for one in found:
                name = one.name
                if not one.is_dir(follow_symlinks=False):
                    names.add(name)
                    is_report = is_report or (name == MANIFEST and one.is_file(follow_symlinks=False))
                elif name.startswith(".") and name.endswith(UNFINISHED):
                    self.unfinished.append(_below(place, name))
                else:
                    folders.append(name)
        if is_report:
            names.remove(MANIFEST)
            names.update(folders)
            self.links.append(Link(place, _read(os.path.join(folder, MANIFEST)), names))
            return
        if not place and EXPORT in names and self._may_be_export:
            self._read_export(names)
            if EVIDENCE in folders:
                folders.remove(EVIDENCE)
                self._walk_evidence("")
        else:
            self.strangers += [_below(place, name) for name in sorted(names)]
        for name in sorted(folders):
            self._walk(_below(place, name))

    def _read_export(self, names: set[str]) -> None:
        with open(os.path.join(self.root, EXPORT), "rb") as file:
            try:
                said = json.loads(file.read())
                self.export = {"places": [str(one) for one in said["places"]]}
            except _WRONG:
                self.strangers.append(EXPORT)
        self.strangers += sorted(names - set(OWN_FILES))

    def _walk_evidence(self, place: str) -> None:
        with os.scandir(os.path.join(self.root, EVIDENCE, place)) as found:
            for one in found:
                name = _below(place, one.name)
                if one.is_dir(follow_symlinks=False):
                    self._walk_evidence(name)
                elif one.is_file(follow_symlinks=False):
                    self.evidence[name] = one.path
                else:
                    self.strangers.append(_below(EVIDENCE, name))


def _below(place: str, name: str) -> str:
    return place + "/" + name if place else name


# --- what the ledger knows


class Events:
    """The events of a ledger, each with the hash of the one before; `rows` as they are stored, in their order."""

    def __init__(
        self, ledger_id: str, rows: Iterable[Mapping[str, Any]], head: tuple[int, str], open_seals: Mapping[int, str]
    ) -> None:
        self.ledger_id = ledger_id
        self.broken_at: Optional[int] = None
        self.hashes = [GENESIS]
        self.seals: dict[int, dict[str, Any]] = {}  # sequence → what was sealed as that
        self.open_seals = dict(open_seals)  # sequence → manifest of one whose sealer did not come to its end
        self.redacted = 0  # events out of which a person was taken; a later one vouches for each
        self._changed: dict[int, tuple[str, str]] = {}  # number → the hash it bears, and that of what it says
        wrong = self._walk(rows, head)
        if wrong is not None or self._changed:
            self.broken_at = min([*self._changed, *([] if wrong is None else [wrong])])

    def _walk(self, rows: Iterable[Mapping[str, Any]], head: tuple[int, str]) -> Optional[int]:
        """The first event that does not stand where it should, or says of a seal what is none."""
        previous = GENESIS
        for row in rows:
            number = len(self.hashes)
            if row["seq"] != number or row["prev_hash"] != previous:
                return number
            previous = row["hash"]
            self.hashes.append(previous)
            found = hash_of_event(row)
            if found != previous:
                may_be = row["item_kind"] not in ("seal", FORGOTTEN[0]) and MASK in row["facts"]
                self._changed[number] = (previous, found if may_be else "")
            elif (row["item_kind"], row["what"]) == FORGOTTEN:
                self._vouch(json.loads(row["facts"]))
            elif row["item_kind"] == "seal" and not self._note(row):
                return number
        return None if head == (len(self.hashes) - 1, previous) else len(self.hashes)

    def _vouch(self, facts: Any) -> None:
        """Of events out of which a person was taken: what each was, and what it is now."""
        events = facts.get("events") if isinstance(facts, dict) else None
        if not isinstance(events, dict):
            return
        for number in list(self._changed):
            one = events.get(str(number))
            is_told = isinstance(one, dict) and self._changed[number] == (one.get("was"), one.get("is"))
            if is_told and self._changed[number][1]:
                del self._changed[number]
                self.redacted += 1

    def _note(self, row: Mapping[str, Any]) -> bool:
        """Whether the event says what was sealed."""
        facts = json.loads(row["facts"])
        if not (isinstance(facts, dict) and _is_number(facts.get("sequence")) and _is_hash(facts.get("manifest"))):
            return False
        self.seals[facts["sequence"]] = facts
        return True

    @property
    def last(self) -> int:
        return len(self.hashes) - 1

    def holds(self, seq: int, digest: str) -> bool:
        return 0 <= seq <= self.last and self.hashes[seq] == digest


def hash_of_event(row: Mapping[str, Any]) -> str:
    """The hash of an event by its row as it is stored: facts are text there, and hashed as JSON."""
    try:
        facts = json.loads(row["facts"])
    except (ValueError, RecursionError):
        return ""
    values = {**row, "facts": facts}
    values.pop("hash")
    try:
        text = _AS_UNICODE.encode(values).encode()
    except UnicodeEncodeError:  # half a surrogate pair, escaped it comes back as it was
        text = _AS_ASCII.encode(values).encode()
    return hashlib.sha256(b"\0" + text).hexdigest()


def events_of_file(path: str) -> Events:
    """The events of a ledger that is a SQLite file; it is only read."""
    if not os.path.isfile(path):
        raise UnreadableArchive(f"there is no ledger {path}.")
    try:
        connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            rows = map(dict, connection.execute(_ALL_EVENTS))
            head = connection.execute("SELECT seq, hash FROM chain_head").fetchone()
            known = connection.execute("SELECT value FROM meta WHERE key = 'ledger_id'").fetchone()
            waiting = connection.execute("SELECT sequence, manifest FROM seal WHERE sealed_at IS NULL")
            return Events(known[0], rows, (head[0], head[1]), {one[0]: one[1] for one in waiting})
        finally:
            connection.close()
    except (sqlite3.Error, TypeError, ValueError, KeyError) as error:
        raise UnreadableArchive(f"{path} is not a ledger that can be read: {error}.") from error


# --- what is found


class Findings:
    """Findings by where they are; one place and reason is told once."""

    def __init__(self) -> None:
        self.changed: list[dict[str, str]] = []
        self.missing: list[dict[str, str]] = []
        self.added: list[dict[str, str]] = []
        self.cannot_prove: list[str] = []

    @staticmethod
    def _tell(among: list[dict[str, str]], path: str, why: str) -> None:
        if {"path": path, "why": why} not in among[-50:]:
            among.append({"path": path, "why": why})

    def change(self, path: str, why: str) -> None:
        self._tell(self.changed, path, why)

    def miss(self, path: str, why: str) -> None:
        self._tell(self.missing, path, why)

    def add(self, path: str, why: str) -> None:
        self._tell(self.added, path, why)


def verify(
    root: str,
    anchor: Optional[Mapping[str, Any]] = None,
    events: Optional[Events] = None,
    *,
    may_be_export: bool = False,
) -> dict[str, Any]:
    """What became of the archive at `root` since it was sealed.

    {verdict: intact | changed | unproved, reports, changed, missing, added, anchored_until, cannot_prove}; an export
    needs to have of all that was sealed no more than it says.
    """
    archive = Archive(root, may_be_export=may_be_export)
    found = Findings()
    chain = _Chain(archive, found)
    chain.check_files()
    chain.check_links()
    chain.check_earlier()
    if archive.export is not None:
        chain.check_evidence()
    if events is not None:
        chain.check_events(events)
    if anchor is not None:
        chain.check_anchor(anchor, events)
    chain.say_what_is_open(anchor, events)
    is_changed = bool(found.changed or found.missing or found.added)
    is_proved = anchor is not None and not chain.is_beyond_anchor
    return {
        "verdict": "changed" if is_changed else "intact" if is_proved else "unproved",
        "reports": chain.reports,
        "is_export": archive.export is not None,
        "links": len(chain.by_sequence),
        "removed": len(chain.removed),
        "changed": found.changed,
        "missing": found.missing,
        "added": found.added,
        "anchored_until": None if anchor is None else anchor["at"],
        "cannot_prove": found.cannot_prove,
    }


class _Chain:
    """The manifests of an archive by their numbers, compared with each other and with whoever else knows them."""

    def __init__(self, archive: Archive, found: Findings) -> None:
        self.archive, self.found = archive, found
        self.by_sequence: dict[int, Link] = {}
        self.removed: dict[int, tuple[Link, Mapping[str, Any]]] = {}  # sequence → its tombstone, and what that says
        self.removed_earlier: dict[str, str] = {}  # manifest → place, of reports made before there was a chain
        self.is_beyond_anchor = False
        self._after_anchor = 0
        rivals: dict[int, list[Link]] = {}
        for link in archive.links:
            if link.sequence is not None:
                rivals.setdefault(link.sequence, []).append(link)
        named = {link.facts["sequence"] - 1: link.facts["previous"] for link in archive.links if link.sequence}
        for number, links in rivals.items():
            # The one that the next names is the one that was sealed; the others came later.
            links.sort(key=lambda one: (one.sha256 != named.get(number), one.facts.get("place") != one.place))
            self.by_sequence[number] = links[0]
            for other in links[1:]:
                found.add(other.place, f"number {number} of the chain is {links[0].place}")
        for link in self.by_sequence.values():
            if link.kind == "tombstone":
                removes = link.facts["removes"]
                if removes.get("sequence") is None:
                    self.removed_earlier[removes["manifest"]] = removes["place"]
                else:
                    self.removed[removes["sequence"]] = (link, removes)
        kept = [one for one in archive.links if one.kind == "report"]
        whole = archive.export["places"] if archive.export is not None else None
        self.reports = sum(whole is None or one.place in whole for one in kept)

    @property
    def first(self) -> int:
        return min(self.by_sequence, default=1) if self.archive.export is not None else 1

    @property
    def last(self) -> int:
        return max([*self.by_sequence, *self.removed], default=0)

    def _name(self, sequence: int) -> str:
        if sequence in self.by_sequence:
            return self.by_sequence[sequence].place
        return str(self.removed[sequence][1]["place"]) if sequence in self.removed else f"number {sequence}"

    def _sha256(self, sequence: int) -> Optional[str]:
        if sequence in self.by_sequence:
            return self.by_sequence[sequence].sha256
        return str(self.removed[sequence][1]["manifest"]) if sequence in self.removed else None

    # files ----------------------------------------------------------------------------------------

    def check_files(self) -> None:
        for name in self.archive.strangers:
            self.found.add(name, "it belongs to no report")
        if self.archive.export is not None and not self.reports:
            self.found.miss(EXPORT, "no report is whole in this export")
        whole = self.archive.export["places"] if self.archive.export is not None else None
        for link in self.archive.links:
            if link.why:
                self.found.change(_below(link.place, MANIFEST), link.why)
                continue
            place = link.facts.get("place") or link.facts.get("execution_id")
            is_there = link.place == place if "place" in link.facts else link.place.rpartition("/")[2] == place
            if not is_there:
                self.found.change(link.place, f"it was sealed as {place}")
            if whole is None or link.place in whole:
                self._check_folder(link)
            else:
                for name in sorted(link.names):
                    self.found.add(_below(link.place, name), "an export has of this report its manifest alone")

    def _check_folder(self, link: Link) -> None:
        files = link.facts["files"]
        for name in sorted(link.names.difference(files)):
            self.found.add(_below(link.place, name), "the manifest does not name it")
        folder = os.path.join(self.archive.root, link.place)
        for name, sealed in files.items():
            path = os.path.join(folder, name)
            try:
                if not _is_sealed_so(path, sealed):
                    self.found.change(_below(link.place, name), "it is not what was sealed")
            except (FileNotFoundError, ValueError):  # or a name that no file can have
                self.found.miss(_below(link.place, name), "it was sealed with the report")
            except OSError as error:
                if os.path.islink(path):
                    self.found.change(_below(link.place, name), "it is no file any more")
                    continue
                raise UnreadableArchive(f"{path} cannot be read: {error.strerror}.") from error

    # the chain ------------------------------------------------------------------------------------

    def check_links(self) -> None:
        expected = self.first
        for number in sorted({*self.by_sequence, *self.removed}):
            link = self.by_sequence.get(number)
            if number < self.first:
                continue  # a tombstone within an export, of what was sealed before it
            if number > expected:
                gone = f"number {expected}" if number == expected + 1 else f"numbers {expected} to {number - 1}"
                self.found.miss(gone, "of the chain: no tombstone says why it is gone")
            expected = number + 1
            if link is not None and number in self.removed:
                self._check_removed(number, link)
            if number == self.first and self.archive.export is not None:
                continue  # what was sealed before it is not part of an export
            previous = link.facts["previous"] if link is not None else self.removed[number][1]["previous"]
            before = GENESIS if number == 1 else self._sha256(number - 1)
            if before is not None and previous != before:
                if number == 1:
                    self.found.change(self._name(1), "it is the first of the chain, and names one before it")
                else:
                    self.found.change(
                        self._name(number - 1), f"its manifest is not the one that {self._name(number)} names"
                    )

    def _check_removed(self, number: int, link: Link) -> None:
        tombstone, says = self.removed[number]
        if link.sha256 == says["manifest"]:
            self.found.cannot_prove.append(
                f"why {link.place} is still there: {tombstone.place} says that it was removed"
            )
        else:
            self.found.change(link.place, f"it is not the one that {tombstone.place} removed")

    def check_earlier(self) -> None:
        """Reports that were made before there was a chain: taken into it as they were."""
        there = {link.place: link for link in self.archive.links if link.facts.get("format") == 1}
        taken: dict[str, str] = {}
        for link in self.by_sequence.values():
            if link.kind == "earlier":
                taken.update({one["place"]: one["manifest"] for one in link.facts["reports"]})
        told = len(taken) if self.archive.export is None else sum(one in taken for one in there)
        if told:
            many = _counted(told, "report")
            self.found.cannot_prove.append(
                f"what became of {many} made before there was a chain, until it took them in as they were"
            )
        self._check_taken(taken, there)
        strangers = [link.place for link in there.values() if link.place not in taken]
        if strangers and not self.by_sequence:
            many = _counted(len(strangers), "report")
            self.found.cannot_prove.append(
                f"that {many} made before there was a chain were not rebuilt or removed; workbench audit anchor takes "
                "them into it"
            )
            return
        for place in strangers:
            self.found.add(place, "it is not part of the chain")

    def _check_taken(self, taken: Mapping[str, str], there: Mapping[str, Link]) -> None:
        unreadable = {link.place for link in self.archive.links if link.why}  # told already
        for place, sha256 in taken.items():
            link = there.get(place)
            if link is None and self.archive.export is not None:
                continue  # an export has what was asked for
            if link is not None and link.sha256 != sha256:
                self.found.change(place, "its manifest is not the one that was taken into the chain")
            if link is None and sha256 not in self.removed_earlier and place not in unreadable:
                self.found.miss(place, "it was taken into the chain, and no tombstone says why it is gone")

    def check_evidence(self) -> None:
        """Of an export: screenshots and the like that the effects of its reports name."""
        places = self.archive.export["places"] if self.archive.export is not None else ()
        named = {
            str(one["evidence"]): one.get("evidence_sha256")
            for link in self.archive.links
            if link.place in places
            for one in link.facts.get("effects", ())
            if isinstance(one, dict) and one.get("evidence")
        }
        for name, path in sorted(self.archive.evidence.items()):
            where = _below(EVIDENCE, name)
            if name not in named:
                self.found.add(where, "no effect of the report names it")
            elif named[name] and hash_of_file(path) != named[name]:
                self.found.change(where, "it is not what it was when the report was sealed")
        gone = [name for name in named if name not in self.archive.evidence]
        if gone:
            self.found.cannot_prove.append(
                f"what {', '.join(sorted(gone))} showed: it was not there any more when this was exported"
            )

    # other witnesses ------------------------------------------------------------------------------

    def check_events(self, events: Events) -> None:
        if events.broken_at is not None:
            self.found.change("ledger", f"event {events.broken_at} is not what was written")
            return
        for number, link in sorted(self.by_sequence.items()):
            self._check_sealed(number, link, events)
        if self.archive.export is not None:
            return
        for number, known in sorted(events.seals.items()):
            if number not in self.by_sequence and number not in self.removed:
                self.found.miss(str(known.get("place") or f"number {number}"), "the ledger says it was sealed")

    def _check_sealed(self, number: int, link: Link, events: Events) -> None:
        known, sealed = events.seals.get(number), link.facts["ledger"]
        if known is None and events.open_seals.get(number) != link.sha256:
            self.found.add(link.place, f"the ledger knows no number {number} of the chain")
        elif known is not None and known["manifest"] != link.sha256:
            self.found.change(link.place, "its manifest is not the one that the ledger names")
        if sealed["id"] != events.ledger_id:
            if not (known or {}).get("taken_over"):
                self.found.change("ledger", f"it is not the one by which {link.place} was sealed")
        elif not events.holds(sealed["seq"], sealed["hash"]):
            self._lacks(sealed["seq"], f"by which {link.place} was sealed")

    def _lacks(self, seq: int, whose: str) -> None:
        self.found.change("ledger", f"it lacks event {seq}, {whose}: an older ledger, or one that was rewritten")

    def check_anchor(self, anchor: Mapping[str, Any], events: Optional[Events]) -> None:
        number, head = anchor["sequence"], anchor["manifest"]
        self.is_beyond_anchor = self.archive.export is not None and number < self.first
        if self.is_beyond_anchor:
            self.found.cannot_prove.append("that this report is in the archive of the anchor, which is older than it")
        elif number > self.last:
            self.found.miss(
                f"number {self.last + 1}",
                f"the anchor of {anchor['at']} counts {number} links of the chain, and there are {self.last}",
            )
        elif number and self._sha256(number) not in (None, head):
            self.found.change(self._name(number), "its manifest is not the one of the anchor")
        self._after_anchor = max(0, self.last - number)
        if events is None or events.broken_at is not None:
            return
        said = anchor["events"]
        if anchor["ledger_id"] != events.ledger_id:
            self.found.change("ledger", "it is not the one of the anchor")
        elif not events.holds(said["seq"], said["hash"]):
            self._lacks(said["seq"], f"which the anchor of {anchor['at']} names")

    def say_what_is_open(self, anchor: Optional[Mapping[str, Any]], events: Optional[Events]) -> None:
        tell = self.found.cannot_prove.append
        if anchor is None:
            tell(
                "that nothing was cut off at the end, and that archive and ledger are not both older or rebuilt ones: "
                "only an anchor kept elsewhere shows that"
            )
        elif self._after_anchor and self.archive.export is None:
            # Of these it is known that they follow each other; the ledger, where it is asked, counts them too.
            tell(
                "that nothing is missing or rebuilt among what was sealed after the anchor: "
                + _counted(self._after_anchor, "link")
            )
        if events is None and self.archive.export is None:
            tell("what the ledger says: it was not asked")
        if events is not None and events.redacted:
            tell(
                f"what {_counted(events.redacted, 'event')} of the ledger said before a person was forgotten: a later "
                "event says which, and by whom"
            )
        if self.archive.unfinished:
            names = ", ".join(sorted(self.archive.unfinished))
            tell(f"what becomes of {names}: an execution that runs, or that was cut off")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# --- asked for


def read_anchor(path: str) -> dict[str, Any]:
    """An anchor as `workbench audit anchor` writes it."""
    try:
        with open(path, "rb") as file:
            return _anchor(json.loads(file.read()))
    except OSError as error:
        raise UnreadableArchive(f"the anchor {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise UnreadableArchive(f"{path} is no anchor; workbench audit anchor writes one.") from error


def _anchor(found: Any) -> dict[str, Any]:
    number, events = found["sequence"], found["events"]
    if not (
        _is_number(number) and _is_number(events["seq"]) and _is_hash(found["manifest"]) and _is_hash(events["hash"])
    ):
        raise ValueError("a number or a hash is wrong")
    return {
        "sequence": number,
        "manifest": found["manifest"],
        "ledger_id": str(found["ledger_id"]),
        "events": {"seq": events["seq"], "hash": events["hash"]},
        "at": str(found["at"]),
    }


def lines_of(said: Mapping[str, Any]) -> Iterator[str]:
    """The answer for a person."""
    head = {"intact": "INTACT", "changed": "CHANGED", "unproved": "UNPROVED: nothing is found changed"}[said["verdict"]]
    removed = f", {said['removed']} removed with a tombstone" if said["removed"] else ""
    until = f", anchored until {said['anchored_until']}" if said["anchored_until"] else ""
    what = "an export of " if said["is_export"] else ""
    yield f"{head}: {what}{_counted(said['reports'], 'report')}{removed}{until}"
    for kind in ("changed", "missing", "added"):
        for one in said[kind]:
            yield f"{kind}: {one['path']}: {one['why']}"
    for one in said["cannot_prove"]:
        yield f"cannot be proved: {one}"
    yield "cannot be proved by any archive: that the machine was honest when it sealed"


def main() -> int:
    parser = argparse.ArgumentParser(description="Say whether an archive of reports is what was sealed.")
    parser.add_argument("folder", help="archive/reports, or the folder of an export")
    parser.add_argument("--anchor", help="the file that workbench audit anchor wrote elsewhere")
    parser.add_argument("--ledger", help="a ledger that is a SQLite file, to be asked too")
    parser.add_argument("--json", action="store_true", help="answer with one JSON document")
    given = parser.parse_args()
    try:
        anchor = read_anchor(given.anchor) if given.anchor else None
        events = events_of_file(given.ledger) if given.ledger else None
        said = verify(given.folder, anchor, events, may_be_export=True)
    except UnreadableArchive as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = json.dumps(said, indent=2, ensure_ascii=True) if given.json else "\n".join(map(ascii_safe, lines_of(said)))
    sys.stdout.write(text + "\n")
    return EXITS[said["verdict"]]


def ascii_safe(text: str) -> str:
    """A line that no name of a file can turn into another: what a terminal obeys is spelt out."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return shown.encode("ascii", "backslashreplace").decode()


if __name__ == "__main__":
    sys.exit(main())
