"""Files between a person's machine, the home and JupyterLab: brought in pieces, told as links; and words of a page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from workbench.errors import BadInput
from workbench.panels import bring as bringing
from workbench.panels.bring import Bring
from workbench.panels.file_links import FileLinks
from workbench.panels.markup import plain
from workbench.panels.words import badge_of, without_commands


def _send(panel: Bring, key: str, name: str, *pieces: bytes) -> None:
    for number, piece in enumerate(pieces, 1):
        panel._heard(None, {"key": key, "name": name, "last": number == len(pieces)}, [memoryview(piece)])


def test_files_come_in_pieces_also_two_at_once(eventually):
    kept = {}
    panel = Bring("Bring", [".csv"], lambda name, data: kept.setdefault(name, data) and f"{name} is there.")
    panel._heard(None, {"key": "a", "name": "a.csv", "last": False}, [memoryview(b"one,")])
    _send(panel, "b", "b.csv", b"other")
    panel._heard(None, {"key": "a", "name": "a.csv", "last": True}, [memoryview(b"two")])

    eventually(lambda: len(kept) == 2)
    assert kept == {"a.csv": b"one,two", "b.csv": b"other"}
    eventually(lambda: panel.door.said)


def test_what_is_too_large_or_refused_is_told(eventually, monkeypatch):
    def refused(name: str, data: bytes) -> str:
        raise BadInput("that is no table.")

    panel = Bring("Bring", [], refused)
    _send(panel, "a", "a.csv", b"1")
    eventually(lambda: "that is no table." in panel.alert.html)
    monkeypatch.setattr(bringing, "_MOST", 3)
    _send(panel, "b", "b.csv", b"12", b"34")
    eventually(lambda: "has more than" in panel.alert.html)


def test_a_link_leads_to_what_lies_below_the_home_alone(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    links = FileLinks("Reports", tmp_path)
    links.show([("Status CSV", tmp_path / "data" / "a b.csv"), ("Archive", folder), ("Log", Path("/elsewhere/l.txt"))])

    assert links.files == [
        ["Status CSV", "data/a b.csv", "a b.csv", False], ["Archive", "archive", "archive", True],
        ["Log", "", "/elsewhere/l.txt", False],
    ]  # fmt: skip
    assert "Status CSV: data/a b.csv" in plain(links.markup())


def test_a_page_names_no_command_and_no_option():
    said = (
        "the site did not answer the click, and 3 looks did not find it. Look into Your listings by hand, then: "
        "workbench post resolve 5 --adopt ID, --absent or --abandon"
    )
    assert without_commands(said) == "the site did not answer the click, and 3 looks did not find it."
    assert without_commands("it names no account; choose with --account ID") == "it names no account"
    assert without_commands(None) == ""


def test_a_state_is_told_by_a_word_and_a_tone():
    one = SimpleNamespace(status="file_not_found", state="failed", attention=None, is_worked=False)
    assert badge_of(vars(one)) == ("file not found", "bad")
    assert badge_of({**vars(one), "is_worked": True}) == ("at work", "moving")
    assert badge_of({**vars(one), "attention": "person"}) == ("waits for you", "waits")
    assert badge_of({**vars(one), "state": "canceled"}) == ("cancelled", "plain")
