"""forgetting.py: a person goes out of everything that is kept, nobody else does, and what is left proves itself."""

from __future__ import annotations

import gzip
import importlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import zstandard

from tests.house import DATES, House, sources_csv, states
from workbench import addresses
from workbench.audit import store as audits
from workbench.collect.forgetting import ForgetCollected
from workbench.db import event_log
from workbench.errors import BadInput, Refused
from workbench.person import MASK, Person
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench

TEA = b"tea.club"
THREE = (
    ("instagram", "posts", "https://www.instagram.com/{}/"),
    ("instagram", "profiles", "https://www.instagram.com/{}/"),
)
DATASET = "instagram/posts"
EXECUTION = "20261130-000001-runs-abcdef"


def row(handle: str, number: int, text: str) -> dict[str, Any]:
    return {
        "url": f"https://www.instagram.com/p/{handle[:3]}{number}/", "user_posted": handle,
        "post_id": f"{handle}{number}", "description": text, "likes": 2.5e3,
        "input": {"url": f"https://www.instagram.com/{handle}/"},
    }  # fmt: skip


MIXED = [row("bob", 1, "with @tea.club at www.instagram.com/tea.club/"), row("tea.club", 2, "ours"), row("bob", 3, "x")]


def kept_of(workbench: Workbench) -> Counter[str]:
    """How many rows each creator has, in whatever table."""
    every = " UNION ALL ".join(f"SELECT creator FROM {one}" for one in ("posts", "comments", "profiles"))
    return Counter(dict(workbench.sql(f"SELECT creator, count(*) FROM ({every}) GROUP BY 1").fetchall()))


def others(workbench: Workbench) -> list[str]:
    """Every row of the others, to the letter, but for the one that names the person."""
    mine = "creator = 'bob' AND text NOT LIKE 'with %'"
    tables = ("posts", "profiles")
    return sorted(repr(row) for one in tables for row in workbench.sql(f"SELECT * FROM {one} WHERE {mine}").fetchall())


def delivered(workbench: Workbench) -> list[bytes]:
    return sorted(path.read_bytes() for path in (workbench.settings.data / "deliveries").glob("??/*.body"))


def seal_report(workbench: Workbench, execution_id: str, said: str) -> Path:
    audits.begin_execution(
        workbench.parts.ledger, execution_id, notebook="runs", params={"name": said},
        folder=f"archive/reports/2026/11/30/{execution_id}",
    )  # fmt: skip
    audits.end_execution(workbench.parts.ledger, execution_id, outcome="succeeded", error=None, facts={})
    book = {"cells": [{"outputs": [{"text": f"{said}: 4 rows"}]}]}
    files = {"output.ipynb": json.dumps(book).encode(), "report.html": f"<p>{said}</p>".encode()}
    record = {"execution_id": execution_id, "parameters": {"name": said}, "outcome": "succeeded", "effects": []}
    return workbench.audit.chain.seal(workbench.audit.reports / "2026/11/30" / execution_id, files, record).parent


def deliver(workbench: Workbench, rows: list[dict[str, Any]]) -> int:
    intake = workbench.deliveries.intake(None, {}, {})
    intake.feed(gzip.compress(json.dumps(rows).encode()))
    return intake.keep()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two creators in everything that is kept: runs, an import, a delivery, reports, a log. To be copied."""
    folder = tmp_path_factory.mktemp("forgetting")
    with Sandbox(folder / "sandbox") as sandbox:
        house = House(folder / "home", sandbox)
        with house.open() as workbench:
            file = sources_csv(house.home / "data" / "sources.csv", ["tea.club", "bob"], THREE)
            plan = workbench.plan(file, num_posts=2, name="Morning", **DATES)
            file.unlink()
            workbench.start(plan.hash)
            workbench.work()
            mixed = house.home.parent / "mixed.json"
            mixed.write_text(json.dumps(MIXED))
            workbench.imports.import_file(mixed, DATASET)
            workbench.keeping.compact()
            deliver(workbench, MIXED)
            seal_report(workbench, EXECUTION, "tea.club")
            seal_report(workbench, f"{EXECUTION}2", "bob")
            (house.home / "data" / "logs").mkdir(exist_ok=True)
            (house.home / "data" / "logs" / "workbench-2026-11-30.log").write_text('{"message": "tea.club came"}\n{}\n')
            assert {"tea.club", "bob"} <= kept_of(workbench).keys()
        yield house


@pytest.fixture
def home(world: House, tmp_path: Path) -> House:
    shutil.copytree(world.home, tmp_path / "home", symlinks=True)
    found = House.__new__(House)
    found.home, found.sandbox = tmp_path / "home", world.sandbox
    return found


def named_in(home: Path) -> list[str]:
    """Every file of a home that has the name, unpacked."""
    files = (path for path in home.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(home)) for path in files if TEA in _read(path).lower())


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if path.suffix == ".parquet":
        return repr(pq.read_table(path).to_pylist()).encode()
    return data


def test_a_creator_goes_from_everywhere_and_nobody_else_does(home: House) -> None:
    with home.open() as workbench:
        before, bob, anchor = kept_of(workbench), others(workbench), home.home.parent / "anchor.json"
        workbench.audit.anchor(anchor)
        spent = workbench.sql("SELECT sum(micro_usd) FROM spend").fetchall()
    shown = home.here("forget", "--creator", "Tea.Club", "--json")
    assert (shown.code, shown.json["forgotten"]) == (2, False)
    assert shown.json["rows"] == before["tea.club"], "a look changes nothing, and counts what would go"
    assert [one["rows"] for one in shown.json["deliveries"]] == [1]
    with home.open() as workbench:
        assert kept_of(workbench) == before

    done = home.here("forget", "--creator", "tea.club", "--yes", "--json")

    assert done.code == 0, done.err
    assert (done.json["reports"], done.json["logs"], done.json["left"]) == ([EXECUTION], 1, [])
    assert named_in(home.home) == []
    with home.open() as workbench:
        assert kept_of(workbench) == Counter({"bob": before["bob"]})
        assert others(workbench) == bob, "to the letter, under the same numbers"
        [(said,)] = workbench.sql("SELECT text FROM posts WHERE text LIKE 'with%'").fetchall()
        assert said == f"with @{MASK} at www.instagram.com/{MASK}/"
        assert workbench.sql("SELECT count(*) FROM records").fetchone()[0] == sum(kept_of(workbench).values())
        assert workbench.sql("SELECT sum(micro_usd) FROM spend").fetchall() == spent
        assert workbench.overview.broken_at() is None
        verdict = workbench.audit.verify(anchor)
        assert (verdict["verdict"], verdict["reports"], verdict["removed"]) == ("intact", 1, 1), verdict
        assert any("before a person was forgotten" in one for one in verdict["cannot_prove"])
        assert (states(workbench), workbench.todo()) == (Counter({"published": 3}), [])
        assert workbench.keeping.backup(home.home.parent / "copy")["lost"] == []


def test_what_was_forgotten_does_not_come_back(home: House) -> None:
    with home.open() as workbench:
        workbench.forgetting.creator("https://www.instagram.com/tea.club", dry=False)
        bob, names = others(workbench), kept_of(workbench)
        paid = len(home.ask("triggers"))

        ids = [one for (one,) in workbench.sql("SELECT snapshot_id FROM brightdata_snapshots").fetchall()]
        for each in ids:
            if not each.startswith("file"):
                with pytest.raises(BadInput, match="would bring them back"):
                    workbench.recover.requeue([each])
        workbench.recover.reprocess(ids)
        workbench.work()
        workbench.recover.adopt(everything=True)
        assert (kept_of(workbench), others(workbench), len(home.ask("triggers"))) == (names, bob, paid)
        assert workbench.lost_files.listed() == []

        (rest,) = delivered(workbench)
        assert (rest.count(b"\n"), b"bob" in rest) == (2, True)
        deliver(workbench, MIXED)
        assert [one["copies"] for one in workbench.deliveries.all()] == [2]
        assert workbench.deliveries.one(1)["file"].endswith(".rest.body")
        workbench.forgetting.creator("tea.club", dry=False)
        for service in ("posts", "comments"):
            with pytest.raises(BadInput, match="was forgotten"):
                workbench.collect.add_source("instagram", service, "instagram.com/tea.club/?igsh=1")
        with pytest.raises(BadInput, match="stays as it is"):
            workbench.collect.edit_source(1, enabled=True)
        head = workbench.parts.ledger.head()
        again = workbench.forgetting.creator("tea.club", dry=False)
        assert (again["forgotten"], again["rows"], again["bodies"]) == (True, 0, [])
        assert workbench.parts.ledger.head() == head
        late = home.home.parent / "late.json"
        late.write_text(json.dumps([row("tea.club", 7, "late"), row("bob", 8, "with tea.club")]))
        workbench.imports.import_file(late, DATASET)
        again = workbench.forgetting.creator("instagram.com/tea.club", dry=False)
        assert (again["rows"], again["named"], again["left"]) == (1, 1, [])
    assert named_in(home.home) == []


class Killed(BaseException):
    """As the end of the process: nobody catches it."""


def killed_after(patch: pytest.MonkeyPatch, owner: Any, name: str, *, times: int = 1) -> None:
    """Let it be done so many times, and then die."""
    real, left = getattr(owner, name), [times]

    def die(*args: Any, **more: Any) -> Any:
        done = real(*args, **more)
        left[0] -= 1
        if left[0] <= 0:
            raise Killed
        return done

    patch.setattr(owner, name, die)


# In the order in which they come.
DEATHS = (
    ("workbench.audit.service.Audit", "remove", 1),
    ("workbench.deliveries.service", "write_bytes", 1),
    ("workbench.collect.recovery_store", "decide", 1),
    ("workbench.collect.recovery_store", "decide", 3),
    ("workbench.container.Container", "read_one", 1),
    ("workbench.container.Container", "read_one", 2),
    ("workbench.lake.keeping.Keeping", "drop_superseded", 1),
    ("workbench.db.event_log", "redact", 1),
    ("workbench.forgetting", "wipe_free_pages", 1),
)


def kill_and_go_on(home: House, monkeypatch: pytest.MonkeyPatch, *deaths: tuple[str, str, int]) -> None:
    with home.open() as workbench:
        bob, before = others(workbench), kept_of(workbench)["bob"]
    for owner, name, times in deaths:
        with monkeypatch.context() as patch, home.open() as workbench:
            killed_after(patch, _resolved(owner), name, times=times)
            with pytest.raises(Killed):
                workbench.forgetting.creator("tea.club", dry=False)
        with home.open() as workbench:
            assert workbench.overview.broken_at() is None, (owner, name)
            assert workbench.audit.verify()["verdict"] == "unproved", (owner, name)
    with home.open() as workbench:
        assert workbench.forgetting.creator("tea.club", dry=False)["forgotten"]
        assert (kept_of(workbench), others(workbench)) == (Counter({"bob": before}), bob)
    assert named_in(home.home) == []


def test_killed_again_and_again_the_same_order_comes_to_its_end(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of each step once, so that each begins where the one before left off.
    kill_and_go_on(home, monkeypatch, *(one for one in DEATHS if one[2] == 1))


@pytest.mark.soak
@pytest.mark.parametrize("death", DEATHS)
def test_killed_at_any_step(home: House, monkeypatch: pytest.MonkeyPatch, death: tuple[str, str, int]) -> None:
    kill_and_go_on(home, monkeypatch, death)


def _resolved(owner: str) -> Any:
    try:
        return importlib.import_module(owner)
    except ModuleNotFoundError:
        module, _, name = owner.rpartition(".")
        return getattr(importlib.import_module(module), name)


def test_who_is_not_tracked_or_is_at_work_is_refused(home: House) -> None:
    with home.open() as workbench:
        with pytest.raises(BadInput, match="Like it: bob"):
            workbench.forgetting.creator("bobb")
        workbench.start(workbench.plan([1, 2], num_posts=1, **DATES).hash)
        with pytest.raises(Refused, match="workbench collect cancel"):
            workbench.forgetting.creator("tea.club", dry=False)
        assert kept_of(workbench)["tea.club"]
    assert home.here("forget").code == 2


def test_a_run_that_begins_meanwhile_is_no_way_back(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.open() as workbench, monkeypatch.context() as patch:
        real = ForgetCollected.gone

        def gone(self: ForgetCollected, tracked: Any) -> dict[int, str]:
            workbench.start(workbench.plan([1, 2], num_posts=1, **DATES).hash)
            return real(self, tracked)

        patch.setattr(ForgetCollected, "gone", gone)
        with pytest.raises(Refused, match="began to ask for it meanwhile"):
            workbench.forgetting.creator("tea.club", dry=False)
        patch.undo()
        workbench.work()
        assert workbench.forgetting.creator("tea.club", dry=False)["forgotten"]
    assert named_in(home.home) == []


def test_an_account_goes_with_its_session_and_what_was_seen(home: House) -> None:
    with home.open(marketplace_url="http://127.0.0.1:9") as workbench:
        account_id = workbench.accounts.add("marketplace", "anna@example.com")
        other = workbench.accounts.add("marketplace", "boris@example.com")
        for one in (account_id, other):
            workbench.parts.sessions.save(one, {"cookies": [], "origins": []})
            workbench.parts.evidence.keep(
                "page", one, page={"title": f"of {one}"}, picture=None, story="trouble",
                now=workbench.parts.collect_tools.now(),
            )  # fmt: skip
        seal_report(workbench, f"{EXECUTION}3", "as anna@example.com")
    shown = home.here("forget", "--account", "anna@example.com", "--json")
    assert (shown.code, shown.json["session"], shown.json["evidence"]) == (2, 1, 1)

    done = home.here("forget", "--account", str(account_id), "--yes", "--json")

    assert (done.code, done.json["reports"], done.json["left"]) == (0, [f"{EXECUTION}3"], []), done.err
    with home.open() as workbench:
        assert [one["label"] for one in workbench.accounts.all()] == ["boris@example.com"]
        assert workbench.parts.sessions.saved() == [other]
        assert [len(workbench.parts.evidence.of_account(one)) for one in (account_id, other)] == [0, 1]
        assert workbench.overview.broken_at() is None
        assert workbench.audit.verify()["verdict"] == "unproved"
        for again in ("anna@example.com", str(account_id)):
            assert workbench.forgetting.account(again, dry=False)["forgotten"]
        with pytest.raises(BadInput, match=r"Like it: boris@example\.com"):
            workbench.forgetting.account("boris@example.org")
    assert [path for path in home.home.rglob("*") if path.is_file() and b"anna@" in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Tea Club, TEA CLUB", f"{MASK}, {MASK}"),
        ("https://www.instagram.com/tea.club/?hl=en", f"{MASK}?hl=en"),
        ("@tea.club. And tea.club!", f"@{MASK}. And {MASK}!"),
        ("https%3A%2F%2Finstagram.com%2Ftea.club%2F", f"https%3A%2F%2F{MASK}%2F"),
        ("tea.club_fans, tea.clubs, my-tea.club, tea.club.fans, Tea Clubs", None),
    ],
)
def test_a_name_is_a_word_of_its_own(said: str, left: str | None) -> None:
    tea = Person(
        ("Tea Club",), ("https://www.instagram.com/tea.club/",), frozenset({("instagram", "instagram tea.club")})
    )
    assert tea.masked({"a": [said]}) == {"a": [left or said]}
    line = json.dumps({"n": 1, "a": said}).replace("/", "\\/").replace('"n": 1', '"n":  2.98e33').encode()
    masked = tea.masked_line(line)
    assert json.loads(masked)["a"] == (left or said)
    assert masked.startswith(b'{"n":  2.98e33'), "what is no text stays as it was"


def test_a_report_is_not_removed_for_a_word_of_its_own(home: House) -> None:
    with home.open() as workbench:
        folder = seal_report(workbench, f"{EXECUTION}4", "bob")
        person = Person(("span", "default", "name"), (), frozenset())
        (folder / "report.html").chmod(0o600)
        (folder / "report.html").write_text("<span>default</span>")
        assert workbench.audit.forget(person, dry=True) == []


def test_names_with_other_letters_are_found_however_they_are_written() -> None:
    person = Person(("Café Ötzi & Co",), (), frozenset())
    for form in ("Café Ötzi & Co", "Caf\\u00e9 \\u00d6tzi & Co", "Café Ötzi &amp; Co", "Caf%C3%A9+%C3%96tzi+%26+Co"):
        assert person.is_in_file(f"so {form}.".encode()), form
    assert not person.is_in_file(b"Cafe Otzi")
    assert json.loads(person.masked_line(b'{"a": "caf\\u00c9 \\u00f6tzi \\u0026 co"}')) == {"a": MASK}


def person_of(platform: str, *urls: str, names: tuple[str, ...] = ()) -> Person:
    return Person(names, urls, frozenset((platform, addresses.key(platform, one)) for one in urls))


def test_a_line_of_somebody_else_stays_a_line() -> None:
    by_number = person_of("facebook", "https://www.facebook.com/profile.php?id=61551234567890")
    masked = by_number.masked_line(b'{"user_id": 61551234567890, "likes": 615512345678901, "text": "x"}')
    assert json.loads(masked) == {"user_id": MASK, "likes": 615512345678901, "text": "x"}
    fields = person_of("instagram", "https://www.instagram.com/description/", names=("Input", "true"))
    line = b'{"description": "hello", "input": {"url": "u"}, "is": true}'
    assert fields.masked_line(line) == line, "a field may be called as somebody is"
    assert fields.masked({"input": "by Input"}) == {"input": f"by {MASK}"}


def test_whose_name_has_theirs_within_keeps_it() -> None:
    tea = person_of("instagram", "https://www.instagram.com/tea.club/", names=("Tea",))
    tea = tea.beside(["Tea Time", "https://x.com/tea", "Coffee", None, "tea"])
    assert tea.masked("Tea, Tea Time and https://x.com/tea/status/1; TEA") == (
        f"{MASK}, Tea Time and https://x.com/tea/status/1; {MASK}"
    )
    assert not tea.is_in_file(b"Tea Time alone")


@pytest.mark.parametrize(
    ("platform", "url"),
    [
        ("tiktok", "https://www.tiktok.com/tag/dance"),
        ("instagram", "https://www.instagram.com/explore/tags/dance/"),
        ("x", "https://x.com/hashtag/dance"),
        ("facebook", "https://www.facebook.com/groups/dance"),
        ("youtube", "https://www.youtube.com/@bob/dance"),
    ],
)
def test_a_word_of_everybody_is_nobodys_name(platform: str, url: str) -> None:
    one = person_of(platform, url)
    assert one.masked(f"they dance, as in {url}") == f"they dance, as in {MASK}"
    assert not one.is_account(platform, "dance")


def test_dots_and_writing_without_spaces() -> None:
    dotted = person_of("facebook", "https://www.facebook.com/tea.club")
    assert dotted.masked("tea.club and teaclub") == f"{MASK} and {MASK}"
    assert dotted.is_account("facebook", "Tea.Club")
    other = person_of("instagram", "https://www.instagram.com/tea.club/", names=("王小明工作室",))
    assert other.masked("今天王小明工作室的视频 @tea.clubさんの投稿") == f"今天{MASK}的视频 @{MASK}さんの投稿"
    spaced = person_of("instagram", names=("Ötzi & Co",))
    assert spaced.masked("Ötzi &amp; Co, %C3%96tzi%20%26+Co") == f"{MASK}, {MASK}"


def test_what_a_page_of_theirs_is_called_elsewhere_goes_too(home: House) -> None:
    """By an address all of whose creator are meant; a row of theirs is found however its author is spelt."""
    with home.open() as workbench:
        workbench.collect.add_source("facebook", "posts", "https://www.facebook.com/tea.club", creator="tea.club")
        late = home.home.parent / "late.json"
        rows = [
            {"url": f"https://www.facebook.com/p/{n}", "post_id": str(n), "content": "x", "user_url": url}
            for n, url in enumerate(("https://www.facebook.com/Tea.Club/", "https://www.facebook.com/bob"))
        ]
        late.write_text(json.dumps(rows))
        workbench.imports.import_file(late, "facebook/posts")
        done = workbench.forgetting.creator("instagram.com/tea.club", dry=False)
        assert {one["platform"] for one in done["sources"]} == {"instagram", "facebook"}
        left = workbench.sql("SELECT author_url FROM posts WHERE platform = 'facebook'").fetchall()
        assert left == [("https://www.facebook.com/bob",)]
    assert named_in(home.home) == []


def test_a_changed_event_is_vouched_for_by_a_later_one_alone(home: House) -> None:
    with home.open() as workbench:
        workbench.forgetting.creator("tea.club", dry=False)
        assert workbench.overview.broken_at() is None
        ledger = home.home / "data" / "ledger.db"
    with sqlite3.connect(ledger) as connection:
        (seq,) = connection.execute("SELECT min(seq) FROM event WHERE facts LIKE '%[forgotten]%'").fetchone()
        connection.execute("UPDATE event SET facts = replace(facts, '[forgotten]', 'somebody') WHERE seq = ?", (seq,))
    with home.open() as workbench:
        assert workbench.overview.broken_at() == seq
        assert workbench.audit.verify()["verdict"] == "changed"


def forge(ledger: Path, seq: int, facts: str) -> None:
    """Change an event, and append one that vouches for it, as somebody may who can write the file."""
    with sqlite3.connect(ledger) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("UPDATE event SET facts = ? WHERE seq = ?", (facts, seq))
        row = dict(connection.execute("SELECT * FROM event WHERE seq = ?", (seq,)).fetchone())
        now = event_log.hash_of({**row, "facts": json.loads(facts)})
        last = dict(connection.execute("SELECT * FROM event ORDER BY seq DESC LIMIT 1").fetchone())
        new = {
            **last, "seq": last["seq"] + 1, "item_kind": "person", "what": "forgotten", "prev_hash": last["hash"],
            "facts": {"events": {str(seq): {"was": row["hash"], "is": now}, "x": 1}},
        }  # fmt: skip
        new = {**new, "hash": event_log.hash_of(new), "facts": json.dumps(new["facts"])}
        connection.execute(
            f"INSERT INTO event ({', '.join(new)}) VALUES ({', '.join('?' * len(new))})", tuple(new.values())
        )
        connection.execute("UPDATE chain_head SET seq = ?, hash = ?", (new["seq"], new["hash"]))


@pytest.mark.parametrize("kind", ["run", "seal"])
def test_nobody_vouches_for_what_is_no_mask_or_is_a_seal(home: House, kind: str) -> None:
    ledger = home.home / "data" / "ledger.db"
    with sqlite3.connect(ledger) as connection:
        asked = "SELECT seq, facts FROM event WHERE item_kind = ? ORDER BY seq DESC LIMIT 1"
        seq, facts = connection.execute(asked, (kind,)).fetchone()
    said = {**json.loads(facts), "why": MASK} if kind == "seal" else {"is_fresh": "no"}
    forge(ledger, seq, json.dumps(said))
    with home.open() as workbench:
        assert workbench.overview.broken_at() == seq
        assert workbench.audit.verify()["verdict"] == "changed"


def test_what_a_home_is_stays_whatever_somebody_is_called(home: House) -> None:
    with home.open() as workbench:
        workbench.collect.add_source("instagram", "posts", "instagram.com/carl.practice", creator="practice")
        reader = sqlite3.connect(home.home / "data" / "ledger.db")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM event").fetchone()
        assert workbench.forgetting.creator("practice", dry=False)["forgotten"]
        reader.close()
    with home.open() as workbench:
        assert kept_of(workbench)["bob"]
