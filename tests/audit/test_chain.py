"""audit/chain.py and verify_archive.py: what is sealed is chained, and what became of it is found."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from workbench.audit import store, verify_archive
from workbench.audit.chain import Chain
from workbench.audit.seal import manifest_of
from workbench.audit.verify_archive import GENESIS, UnreadableArchive, events_of_file, read_anchor, verify
from workbench.db.ledger import open_ledger
from workbench.engine.locks import Locks
from workbench.errors import BadInput
from workbench.settings import Settings

LEASE = Settings(home=Path()).lease_seconds


def chain_of(ledger, root) -> Chain:
    return Chain(ledger, Locks(ledger, lease_time=LEASE), root)


def seal(chain: Chain, number: int, day: str = "2026/11/30", **record) -> Path:
    """One report of two small files; its execution is in the ledger, as a run would have it."""
    execution_id = f"20261130-{number:06d}-runs"
    ledger = chain._ledger
    store.begin_execution(
        ledger, execution_id, notebook="runs", params={"n": number}, folder=f"archive/reports/{day}/{execution_id}"
    )
    record = {
        "execution_id": execution_id,
        "parameters": {"n": number},
        "outcome": "succeeded",
        "effects": [],
        **record,
    }
    files = {"output.ipynb": b'{"cells": []}', "report.html": f"<p>{number}</p>".encode()}
    return chain.seal(chain.root / day / execution_id, files, record).parent


def anchor_of(ledger) -> dict:
    last = next((one for one in reversed(store.seals(ledger)) if one["sealed_at"]), None)
    seq, digest = ledger.head()
    return {
        "sequence": last["sequence"] if last else 0, "manifest": last["manifest"] if last else GENESIS,
        "ledger_id": ledger.ledger_id, "events": {"seq": seq, "hash": digest}, "at": "2026-11-30T12:00:00+00:00",
    }  # fmt: skip


def asked(chain: Chain, anchor: dict | None = None) -> dict:
    return verify(str(chain.root), anchor, store.events(chain._ledger))


@pytest.fixture
def chain(ledger, tmp_path) -> Chain:
    (tmp_path / "reports").mkdir()
    return chain_of(ledger, tmp_path / "reports")


def test_manifests_name_each_other_and_the_log_of_events_names_them(chain, ledger):
    first, second = seal(chain, 1), seal(chain, 2)

    one, two = (json.loads((folder / "manifest.json").read_bytes()) for folder in (first, second))
    assert (one["sequence"], one["previous"], two["sequence"]) == (1, GENESIS, 2)
    assert two["previous"] == store.seals(ledger)[0]["manifest"]
    assert {one["place"], two["place"]} == {"2026/11/30/20261130-000001-runs", "2026/11/30/20261130-000002-runs"}
    assert store.has_event(ledger, two["ledger"]["seq"], two["ledger"]["hash"])
    said = asked(chain)
    assert (said["verdict"], said["reports"], said["anchored_until"]) == ("unproved", 2, None)
    assert "cut off" in said["cannot_prove"][0]
    said = asked(chain, anchor_of(ledger))
    assert (said["verdict"], said["cannot_prove"]) == ("intact", [])


def test_two_sealers_at_once_make_one_chain(chain, open_another):
    chains = [chain_of(open_another(), chain.root) for _ in range(3)]
    threads = [
        threading.Thread(target=lambda c=c, n=n: [seal(c, 10 * n + k) for k in range(3)]) for n, c in enumerate(chains)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [one["sequence"] for one in store.seals(chain._ledger)] == list(range(1, 10))
    assert asked(chain, anchor_of(chain._ledger))["verdict"] == "intact"


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", ["write_sealed", "finish_seal"])
def test_a_kill_in_the_middle_is_no_alarm_and_the_next_sealer_mends_it(chain, monkeypatch, at):
    """Before the folder has its name, and before the ledger says that it has."""
    seal(chain, 1)

    def kill(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"workbench.audit.{'store' if at == 'finish_seal' else 'chain'}.{at}", kill)
        patch.setattr(store, "drop_seal", kill)  # who is killed tidies nothing up
        with pytest.raises(Killed):
            seal(chain, 2)
    assert asked(chain)["verdict"] == "unproved"
    seal(chain, 3)

    said = asked(chain, anchor_of(chain._ledger))
    assert (said["verdict"], said["cannot_prove"]) == ("intact", [])
    assert said["reports"] == (3 if at == "finish_seal" else 2)


def test_a_removal_leaves_a_tombstone_and_a_kill_within_it_is_mended(chain, ledger, monkeypatch):
    seal(chain, 1)
    gone = seal(chain, 2)
    seal(chain, 3)
    anchor = anchor_of(ledger)

    with monkeypatch.context() as patch:
        patch.setattr("workbench.audit.chain.remove_sealed", lambda _: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            chain.remove(gone.name, "as the law asks", "2026/12/01")
    said = asked(chain, anchor)
    assert (said["verdict"], gone.exists()) == ("intact", True)
    assert "still there" in said["cannot_prove"][0]
    chain.mend()

    said = asked(chain, anchor)
    assert (said["verdict"], said["reports"], said["removed"], gone.exists()) == ("intact", 2, 1, False)
    (tombstone,) = (json.loads(one.read_bytes()) for one in chain.root.glob("2026/12/01/*/manifest.json"))
    assert tombstone["reason"] == "as the law asks"
    assert tombstone["removes"]["execution_id"] == gone.name
    assert len(store.find(ledger, "20261130-000002")) == 1  # what ran is known, and nothing of what it said
    assert [len(store.find(ledger, parameters={"n": one})) for one in ("1", "2", "none")] == [1, 0, 0]
    with pytest.raises(BadInput, match="not in the archive any more"):
        chain.remove(gone.name, "again", "2026/12/01")


def test_reports_of_before_are_taken_in_as_they_are_and_verify_says_so(chain, ledger):
    before = chain.root / "2026/11/29/20261129-000001-runs"
    before.mkdir(parents=True)
    manifest = json.loads(manifest_of({}, {"execution_id": before.name, "parameters": {"n": 7}}, {}))
    (before / "manifest.json").write_text(json.dumps({**manifest, "format": 1, "previous": None}))
    said = asked(chain)
    assert (said["verdict"], said["reports"]) == ("unproved", 1)
    assert any("before there was a chain" in one for one in said["cannot_prove"])

    seal(chain, 1)
    anchor = anchor_of(ledger)

    said = asked(chain, anchor)
    assert (said["verdict"], said["reports"], said["links"]) == ("intact", 2, 2)
    assert any("took them in as they were" in one for one in said["cannot_prove"])
    shutil.rmtree(before)
    assert [one["path"] for one in asked(chain, anchor)["missing"]] == ["2026/11/29/20261129-000001-runs"]


def test_what_is_no_archive_or_no_anchor_is_wrong_use(tmp_path):
    (tmp_path / "no.json").write_text('{"sequence": 1}')
    for ask in (lambda: verify(str(tmp_path / "nowhere")), lambda: read_anchor(str(tmp_path / "no.json")),
                lambda: events_of_file(str(tmp_path / "no.json"))):  # fmt: skip
        with pytest.raises(UnreadableArchive):
            ask()


# --- mutations


class World:
    """An archive of some reports with all its history, copied for each mutation; its anchor stays as it is."""

    def __init__(self, folder: Path, migrated: Path, reports: int, seed: int) -> None:
        self.folder, self.root, self.file = folder, folder / "reports", folder / "ledger.db"
        self.root.mkdir(parents=True)
        shutil.copy(migrated, self.file)
        self.chosen = random.Random(seed)
        ledger = open_ledger(f"sqlite:///{self.file}", mode="practice", locks=folder / "locks", actor="tester")
        chain = chain_of(ledger, self.root)
        for number in range(1, reports + 1):
            seal(chain, number, day=f"2026/11/{1 + number * 28 // (reports + 1):02d}")
            if number == reports // 2:
                self._copy(folder / "older")
            if number % 20 == 10:
                chain.remove(f"20261130-{number - 3:06d}-runs", "too old", "2026/11/30")
        self.anchor = anchor_of(ledger)
        ledger.close()
        self.events = events_of_file(str(self.file))
        self.places = sorted(one.parent.relative_to(self.root) for one in self.root.glob("*/*/*/*/manifest.json"))

    def _copy(self, target: Path) -> None:
        linked(self.root, target / "reports")
        with sqlite3.connect(self.file) as source, sqlite3.connect(target / "ledger.db") as copy:
            source.backup(copy)
        source.close()
        copy.close()

    def mutated(self, kind: str) -> tuple[Path, Path | None]:
        """The archive with one change of that kind, and its ledger where that is changed too."""
        root, ledger = self.folder / "now" / "reports", self.folder / "now" / "ledger.db"
        shutil.rmtree(root.parent, ignore_errors=True)
        linked(self.root, root)
        if kind.endswith("ledger"):
            shutil.copy(self.file, ledger)
        while not getattr(self, kind.replace(" ", "_"))(root, ledger):
            pass  # what was chosen could not be changed so
        return root, ledger if ledger.exists() else None

    def _folder(self, root: Path, *, of_reports: bool = False) -> Path:
        while True:
            found = root / self.chosen.choice(self.places)
            if not of_reports or (found / "report.html").exists():
                return found

    def flip_a_byte(self, root, _):
        file = self.chosen.choice(sorted(self._folder(root).iterdir()))
        data = bytearray(file.read_bytes())
        data[self.chosen.randrange(len(data))] ^= 1 << self.chosen.randrange(8)
        return write(file, bytes(data))

    def truncate_a_file(self, root, _):
        file = self.chosen.choice(sorted(self._folder(root).iterdir()))
        return write(file, file.read_bytes()[:-1])

    def delete_a_file(self, root, _):
        self.chosen.choice(sorted(self._folder(root).iterdir())).unlink()
        return True

    def delete_a_report(self, root, _):
        shutil.rmtree(self._folder(root))
        return True

    def add_a_file(self, root, _):
        folder = self.chosen.choice([self._folder(root), self._folder(root).parent, root])
        return write(folder / self.chosen.choice(["x", ".x", "report.html.bak", "manifest.json.old"]), b"x")

    def add_a_link(self, root, _):
        folder = self._folder(root, of_reports=True)
        (folder / "report.html").unlink()
        (folder / "report.html").symlink_to("/dev/null")
        return True

    def swap_two_files(self, root, _):
        one, two = (self._folder(root, of_reports=True) / "report.html" for _ in range(2))
        if one == two:
            return False
        first, second = one.read_bytes(), two.read_bytes()
        return write(one, second) and write(two, first)

    def swap_two_reports(self, root, _):
        one, two, beside = self._folder(root), self._folder(root), root / "beside"
        if one == two:
            return False
        one.rename(beside)
        two.rename(one)
        beside.rename(two)
        return True

    def insert_a_copy(self, root, _):
        folder = self._folder(root)
        shutil.copytree(folder, folder.with_name(f"{folder.name}-2"))
        return True

    def insert_a_forged_one(self, root, _):
        folder = self._folder(root)
        other = folder.with_name(f"{folder.name[:-1]}x")
        shutil.copytree(folder, other)
        return mended(other, execution_id=other.name, place=other.relative_to(root).as_posix())

    def redate_the_folder(self, root, _):
        folder = self._folder(root)
        (root / "2025/01/01").mkdir(parents=True)
        folder.rename(root / "2025/01/01" / folder.name)
        return True

    def redate_the_manifest(self, root, _):
        return mended(self._folder(root), started_at="2020-01-01T00:00:00+00:00")

    def cut_off_the_end(self, root, _):
        by_number = sorted(
            self.places, key=lambda one: json.loads((root / one / "manifest.json").read_bytes())["sequence"]
        )
        for place in by_number[-self.chosen.randint(1, 5) :]:
            shutil.rmtree(root / place)
        return True

    def mend_its_own_hash(self, root, _):
        folder = self._folder(root, of_reports=True)
        write(folder / "report.html", b"<p>forged</p>")
        return mended(folder)

    def rebuild_all_after_it(self, root, _):
        """Everything follows from everything again: only who knows the old head sees it."""
        folder = self._folder(root, of_reports=True)
        write(folder / "report.html", b"<p>forged</p>")
        mended(folder)
        rechain(root)
        return True

    def rebuild_without_it(self, root, _):
        shutil.rmtree(self._folder(root, of_reports=True))
        rechain(root, renumber=True)
        return True

    def put_an_older_archive_there(self, root, _):
        shutil.rmtree(root)
        linked(self.folder / "older" / "reports", root)
        return True

    def older_ledger(self, root, ledger):
        shutil.copy(self.folder / "older" / "ledger.db", ledger)
        return True

    def older_archive_and_ledger(self, root, ledger):
        return self.put_an_older_archive_there(root, ledger) and self.older_ledger(root, ledger)

    def edited_ledger(self, root, ledger):
        seq = self.chosen.randint(1, self.events.last)
        with sqlite3.connect(ledger) as connection:
            connection.execute("UPDATE event SET actor = 'nobody' WHERE seq = ?", (seq,))
        connection.close()
        return True

    def cut_off_ledger(self, root, ledger):
        seq = self.events.last - self.chosen.randint(1, 20)
        with sqlite3.connect(ledger) as connection:
            connection.execute("DELETE FROM event WHERE seq > ?", (seq,))
            connection.execute("UPDATE chain_head SET seq = ?, hash = ?", (seq, self.events.hashes[seq]))
        connection.close()
        return True


OF_ARCHIVE = (
    "flip a byte", "truncate a file", "delete a file", "delete a report", "add a file", "add a link", "swap two files",
    "swap two reports", "insert a copy", "insert a forged one", "redate the folder", "redate the manifest",
    "cut off the end", "mend its own hash", "rebuild all after it", "rebuild without it", "put an older archive there",
)  # fmt: skip
OF_LEDGER = ("older ledger", "older archive and ledger", "edited ledger", "cut off ledger")


def linked(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=os.link)
    for folder in [target, *(one for one in target.rglob("*") if one.is_dir())]:
        folder.chmod(0o755)


def write(file: Path, data: bytes) -> bool:
    """Whether that is a change; in the place of the file, which other archives share."""
    is_new = not file.exists() or file.read_bytes() != data
    file.unlink(missing_ok=True)
    file.write_bytes(data)
    return is_new


def mended(folder: Path, **changes) -> bool:
    """Make the manifest fit what lies in the folder."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    files = {one.name: one.read_bytes() for one in folder.iterdir() if one.name != "manifest.json"}
    return write(folder / "manifest.json", manifest_of(files, {**manifest, **changes}, {}))


def rechain(root: Path, *, renumber: bool = False) -> None:
    previous, number = GENESIS, 0
    links = [
        verify_archive.Link(str(one.parent), one.read_bytes(), set()) for one in root.glob("*/*/*/*/manifest.json")
    ]
    removed = {
        one.facts["removes"]["sequence"]: one.facts["removes"]["manifest"] for one in links if one.kind == "tombstone"
    }
    for link in sorted(links, key=lambda one: one.facts["sequence"]):
        number = number + 1 if renumber else link.facts["sequence"]
        previous = removed.get(number - 1, previous)
        mended(Path(link.place), previous=previous, sequence=number)
        previous = verify_archive.hash_of_file(f"{link.place}/manifest.json")


def found_all(world: World, each: int) -> int:
    told = 0
    for kind in (*OF_ARCHIVE, *OF_LEDGER):
        for _ in range(each):
            root, ledger = world.mutated(kind)
            said = verify(str(root), world.anchor, events_of_file(str(ledger)) if ledger else world.events)
            assert said["verdict"] == "changed", kind
            assert said["changed"] or said["missing"] or said["added"]
            if kind in OF_ARCHIVE:  # by who has nothing but the archive and the anchor
                assert verify(str(root), world.anchor)["verdict"] == "changed", kind
            told += 1
    return told


def test_every_kind_of_change_is_found_with_the_anchor(tmp_path, migrated):
    world = World(tmp_path, migrated, 12, seed=1)
    assert verify(str(world.root), world.anchor, world.events)["verdict"] == "intact"

    assert found_all(world, 2) == 2 * len(OF_ARCHIVE + OF_LEDGER)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_thousand_changes_of_an_archive_of_fifty_are_found(tmp_path, migrated):
    world = World(tmp_path, migrated, 50, seed=2)

    found = found_all(world, 48)
    print(f"{found} of {found} changes found, of {len(OF_ARCHIVE + OF_LEDGER)} kinds, in an archive of 50 reports")
    assert found > 1_000


def clean_histories(folder: Path, migrated: Path, count: int) -> None:
    for number in range(count):
        chosen = random.Random(number)
        at = folder / str(number)
        (at / "reports").mkdir(parents=True)
        shutil.copy(migrated, at / "ledger.db")
        ledger = open_ledger(f"sqlite:///{at / 'ledger.db'}", mode="practice", locks=at / "locks", actor="tester")
        chain = chain_of(ledger, at / "reports")
        with pytest.MonkeyPatch.context() as patch:
            killed = chosen.choice(["none", "store.finish_seal", "chain.write_sealed", "chain.remove_sealed"])
            for report in range(1, chosen.randint(2, 7)):
                seal(chain, report, day=f"2026/11/{chosen.randint(1, 3):02d}")  # clocks and zones go back
            if killed != "none":
                patch.setattr(f"workbench.audit.{killed}", lambda *_, **__: (_ for _ in ()).throw(Killed))
                patch.setattr(store, "drop_seal", lambda *_: None)
            with pytest.raises(Killed) if killed != "none" else pytest.MonkeyPatch.context():
                chain.remove("20261130-000001-runs", "too old", "2026/11/30")
        if chosen.random() < 0.5:
            seal(chain, 90)
        (at / "reports" / ".20261130-000091-runs.work").mkdir()
        said = asked(chain, anchor_of(ledger))
        assert said["verdict"] == "intact", (number, said)
        ledger.close()


def test_a_clean_archive_is_no_alarm_whatever_was_killed(tmp_path, migrated):
    clean_histories(tmp_path, migrated, 8)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_clean_archives_are_no_alarm(tmp_path, migrated):
    clean_histories(tmp_path, migrated, 200)
    print("0 alarms of 200 clean archives")


def test_the_verifier_needs_nothing_but_python(tmp_path, migrated):
    """Copied to where nothing of ours is, without site-packages: the same answers and exits."""
    world = World(tmp_path / "home", migrated, 6, seed=3)
    anchor, alone = tmp_path / "anchor.json", tmp_path / "verify_archive.py"
    anchor.write_text(json.dumps(world.anchor))
    shutil.copy(verify_archive.__file__, alone)

    def run(*words):
        command = [sys.executable, "-I", "-S", str(alone), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={})

    whole = run(world.root, "--anchor", anchor, "--ledger", world.file, "--json")
    assert (whole.returncode, json.loads(whole.stdout)) == (0, verify(str(world.root), world.anchor, world.events))
    assert run(world.root).returncode == 4
    root, _ = world.mutated("mend its own hash")
    done = run(root, "--anchor", anchor)
    assert (done.returncode, done.stdout.splitlines()[0].split(":")[0]) == (1, "CHANGED")
    nowhere = run(tmp_path / "nowhere")
    assert (nowhere.returncode, "there is no folder" in nowhere.stderr) == (2, True)


def test_what_anybody_may_have_written_is_an_answer_and_no_crash(tmp_path, migrated):
    world = World(tmp_path, migrated, 2, seed=4)
    whole = json.loads((world.root / world.places[0] / "manifest.json").read_bytes())
    hostile = [
        {**whole, "sequence": 10**18},
        {**whole, "sequence": True},
        {**whole, "files": {"a\0b": {"sha256": GENESIS, "size": 1}}},
        {**whole, "files": {"../../ledger.db": {"sha256": GENESIS, "size": 1}}},
        {**whole, "files": []},
        {**whole, "kind": "tombstone"},
        {**whole, "kind": "tombstone", "removes": {"sequence": 10**9, "manifest": GENESIS, "place": "x"}},
        {**whole, "kind": "earlier", "reports": [1]},
        {**whole, "ledger": None},
        [],
    ]
    for number, manifest in enumerate(hostile):
        (tmp_path / "now").mkdir(exist_ok=True)
        linked(world.root, root := tmp_path / "now" / str(number))
        (root / "2026/11/30/x").mkdir(parents=True)
        (root / "2026/11/30/x/manifest.json").write_text(json.dumps(manifest))

        said = verify(str(root), world.anchor, world.events)

        assert said["verdict"] == "changed", manifest
        assert "x" in str(said["changed"] + said["added"])


def test_an_archive_cannot_be_passed_off_as_an_export(tmp_path, migrated):
    """An export has less than all, so only who asks for one believes it; and one without a whole report is none."""
    world = World(tmp_path, migrated, 3, seed=5)
    (world.root / "export.json").write_text(json.dumps({"format": 1, "places": []}))
    shutil.rmtree(world.root / world.places[0])

    assert verify(str(world.root), world.anchor, world.events)["verdict"] == "changed"
    said = verify(str(world.root), world.anchor, may_be_export=True)
    assert (said["verdict"], said["is_export"], said["reports"]) == ("changed", True, 0)
