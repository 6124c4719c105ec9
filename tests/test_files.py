"""files.py: a file is whole or absent, and a name is one harmless name."""

import errno
import itertools
import os
import random
import stat
import subprocess
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench import files
from workbench.errors import BadInput
from workbench.files import (
    inside,
    make_folder,
    move_into_place,
    safe_name,
    sha256_of,
    write_bytes,
    write_text,
    written_beside,
)

# written whole ---------------------------------------------------------------------------------


def test_a_file_is_written_with_its_mode(tmp_path):
    os.umask(0o022)
    write_bytes(tmp_path / "public", b"1")
    write_text(tmp_path / "private", "ü", mode=0o600)

    assert (tmp_path / "private").read_text() == "ü"
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("public", "private")] == [0o644, 0o600]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, OSError(errno.ENOSPC, "full")])
def test_what_ends_badly_leaves_the_old_file_and_nothing_else(tmp_path, error):
    target = tmp_path / "file"
    write_bytes(target, b"old")

    with pytest.raises(error if isinstance(error, type) else type(error)), written_beside(target) as file:  # noqa: PT012
        file.write(b"new")
        raise error
    assert (target.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (b"old", ["file"])


def test_a_reader_never_sees_half(tmp_path):
    target = tmp_path / "file"
    write_bytes(target, b"old")
    with written_beside(target) as file:
        file.write(b"ne")
        file.flush()
        assert target.read_bytes() == b"old"
        file.write(b"w")
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("write", [write_bytes, None], ids=["write", "move"])
def test_power_may_fail_after_every_line(tmp_path, monkeypatch, write):
    """The bytes are on disk before the name is, and the name is on disk before we go on."""
    done = []
    real_fsync, real_replace = os.fsync, os.replace
    paths = lambda fd: Path(f"/proc/self/fd/{fd}").resolve()
    monkeypatch.setattr(
        files.os, "fsync", lambda fd: (done.append("folder" if paths(fd).is_dir() else "file"), real_fsync(fd))
    )
    monkeypatch.setattr(files.os, "replace", lambda a, b: (done.append("name"), real_replace(a, b)))
    if write:
        write(tmp_path / "file", b"x")
    else:
        (tmp_path / "source").write_bytes(b"x")
        move_into_place(tmp_path / "source", tmp_path / "file")

    assert done == ["file", "name", "folder"]
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_failed_fsync_is_not_taken_for_success(tmp_path, monkeypatch):
    def fsync(fd):
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(files.os, "fsync", fsync)
    with pytest.raises(OSError, match="broken disk"):
        write_bytes(tmp_path / "file", b"x")

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        write_bytes(disk / "file", b"old")
        with pytest.raises(OSError, match="No space left"):
            write_bytes(disk / "file", bytes(100_000))
        assert ((disk / "file").read_bytes(), len(list(disk.iterdir()))) == (b"old", 1)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_name_that_just_fits_can_be_written(tmp_path):
    for name in ("x" * 255, "ü" * 127, "👍" * 63):
        write_bytes(tmp_path / name, b"x")

    assert len(list(tmp_path.iterdir())) == 3


def test_what_killed_processes_left_goes_once_it_is_old(tmp_path):
    target, other = tmp_path / "a[1].csv", tmp_path / ".b.csv.0123456789ab.tmp"
    old, young = (tmp_path / f".a[1].csv.{n * 12}.tmp" for n in "12")
    for path in (old, young, other):
        path.write_text("half")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    files.forget_leftovers(target, older=timedelta(hours=1))

    assert set(tmp_path.iterdir()) == {young, other}


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "secret").write_text("keep")
    (tmp_path / "file").symlink_to(tmp_path / "secret")
    write_text(tmp_path / "file", "new")

    assert ((tmp_path / "secret").read_text(), (tmp_path / "file").is_symlink()) == ("keep", False)


def test_a_folder_that_cannot_be_made_is_said_with_its_cure(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"cannot create the folder .*file/folder: Not a directory\..*WORKBENCH_HOME"):
        make_folder(tmp_path / "file" / "folder")


def test_a_hash_is_of_the_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")

    assert sha256_of(tmp_path / "file").startswith("ba7816bf")


# names -----------------------------------------------------------------------------------------

PARTS = [
    "",
    "a",
    "Ü",
    "日本",
    "👩‍👩‍👧",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "e\u0301",
    "\u0301",
    "\u202e",
    "\u200f",
    "\ufeff",
    "\u2028",
    "\0",
    "\n",
    "\t",
    "\x7f",
    "\x85",
    "\ud83d",
    ".",
    "..",
    " ",
    "/",
    "\\",
    ":",
    "*",
    "?",
    '"',
    "<",
    ">",
    "|",
    "~",
    "-",
    "$HOME",
    "`id`",
    "%2e%2e",
    "con",
    "NUL",
    "com1",
    "COM¹",
    "x" * 300,
    "ü" * 200,
    "👍" * 80,
]
KNOWN = [
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "C:\\Windows",
    "con",
    "CON.txt",
    "NUL .tar.gz",
    "aux",
    "lpt9.log",
    "...",
    ". .",
    "  ",
    "a/../b",
    "~root",
    "-rf",
    "\ud800\udfff",
    "file\0.txt",
    "a" * 255,
    "a" * 256,
    "ﬁle",
    "ＣＯＮ",
    ".hidden",
    "name.",
    "name ",
    "a\u202egpj.exe",
]
dice = random.Random(7)
HOSTILE = [
    *KNOWN,
    *("".join(pair) for pair in itertools.islice(itertools.product(PARTS, PARTS), 0, None, 5)),
    *("".join(dice.sample(PARTS, 3)) for _ in range(200)),
]


def assert_harmless(name, folder):
    assert name
    assert len(name.encode()) <= 255
    assert name not in {".", ".."}
    assert name == Path(name).name == name.strip(" .")
    assert not any(unicodedata.category(one) in {"Cc", "Cs"} or one in '/\\:*?"<>|' for one in name)
    assert not any(
        unicodedata.bidirectional(one) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        for one in name
    )
    assert name.split(".")[0].strip().lower() not in {"con", "prn", "aux", "nul", "com1", "com¹", "lpt9"}
    assert inside(folder, name).parent == folder.resolve()


def test_five_hundred_hostile_names(tmp_path):
    """Each is one component, can be written here, and names nothing else on Windows."""
    assert len(HOSTILE) >= 500
    for text in HOSTILE:
        name = safe_name(text)
        assert_harmless(name, tmp_path)
        (tmp_path / name).touch()
        assert safe_name(name) == name


@given(st.text(st.characters(codec=None)))
@example("con \u00a0.x")
def test_any_text_makes_a_harmless_name(text):
    name = safe_name(text)

    assert_harmless(name, Path("/nowhere"))
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Batch Job - instagram - posts", "Batch Job - instagram - posts"),
        ("Ärzte e\u0301té 日本", "Ärzte été 日本"),
        ("50% off: a/b", "50% off_ a_b"),
        ("family 👩‍👩‍👧", "family 👩‍👩‍👧"),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("Con.txt", "_Con.txt"),
        ("a\u202egpj.exe", "agpj.exe"),
        (" a \n b. ", "a b"),
    ],
)
def test_names_stay_readable(text, name):
    assert safe_name(text) == name


def test_a_very_long_name_takes_no_time():
    assert len(safe_name("ü" * 1_000_000).encode()) == 120


# paths -----------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to(root / "folder")
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.mark.parametrize("path", ["a", "folder/a", "in/a", "folder/../a", "a/./b", "", "nowhere/at/all"])
def test_a_path_below_is_followed(root, path):
    assert inside(root, path) == (root / path).resolve()


@pytest.mark.parametrize(
    "path", ["..", "../root2", "folder/../../a", "/etc/passwd", "out/a", "out", "in/../../outside", "a\0b", "loop/a"]
)
def test_a_path_that_leaves_is_refused(root, path):
    with pytest.raises(BadInput, match=r"leaves|cannot be followed"):
        inside(root, path)


def test_a_root_that_is_itself_a_link_is_followed(root, tmp_path):
    (tmp_path / "link").symlink_to(root)

    assert inside(tmp_path / "link", "a") == root / "a"
